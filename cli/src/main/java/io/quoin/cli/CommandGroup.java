package io.quoin.cli;

import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// A word that only goes before other commands: `member`, `scrub`.
abstract class CommandGroup implements Runnable {
    @Spec private CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Shows this help.")
    private boolean isHelpAsked;

    /// Without a command there is nothing to do.
    @Override
    public final void run() {
        throw new ParameterException(
                spec.commandLine(),
                "expected one of "
                        + String.join(", ", spec.subcommands().keySet())
                        + ", was nothing");
    }
}
