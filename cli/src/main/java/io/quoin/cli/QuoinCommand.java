package io.quoin.cli;

import java.util.concurrent.Callable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/// What every command has: `--help`, `--json`, and one way to print and to fail.
///
/// ```java
/// @Command(name = "list", description = "Lists the volumes that the daemon serves.")
/// final class ListCommand extends QuoinCommand {
///     @Override
///     ExitCode run(Output output) throws CommandFailure {
///         output.print(new VolumeList(...));   // a Report: table or JSON
///         return ExitCode.OK;
///     }
/// }
/// ```
abstract class QuoinCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean isHelpAsked;

    @Option(names = "--json", description = "Prints JSON, one document a line, instead of text.")
    private boolean isJson;

    @Override
    public final Integer call() throws Exception {
        Main main = (Main) spec.root().userObject();
        return run(new Output(main.terminal(), isJson)).number();
    }

    /// Does the work.
    ///
    /// @param output for results, notes, questions and progress
    /// @return what the process ends with
    /// @throws CommandFailure when refused or failed; becomes one line and its exit code
    /// @throws Exception any checked exception or `IllegalArgumentException`: one line and exit code 1;
    ///     another unchecked one is a defect
    abstract ExitCode run(Output output) throws Exception;
}
