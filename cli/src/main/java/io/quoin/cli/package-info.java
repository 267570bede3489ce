/// The `quoin` command: asks the daemon, opens members offline, and says what it found.
///
/// Promises: one clear line on standard error when something is refused or fails, an exit code of
/// [io.quoin.cli.ExitCode], and with `--json` one JSON document on standard output whose fields have
/// the names of the table's columns.
///
/// ```
/// arguments -> Main (picocli) -> QuoinCommand.run(Output) -> Report -> table | JSON
///                                   |-> Confirmation, Progress       (Terminal)
///                                   |-> CommandFailure               -> one line, exit code
/// ```
///
/// A new command is a class that extends [io.quoin.cli.QuoinCommand], carries picocli's `@Command`
/// and is listed in the `subcommands` of [io.quoin.cli.Main].
package io.quoin.cli;
