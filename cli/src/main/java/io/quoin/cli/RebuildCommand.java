package io.quoin.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `quoin rebuild status|pause|resume|cancel`; `quoin member replace` starts one.
@Command(
        name = "rebuild",
        description =
                "Shows, pauses, resumes and cancels rebuilds; `quoin member replace` starts one.",
        subcommands = {
            RebuildCommand.Status.class,
            RebuildCommand.Pause.class,
            RebuildCommand.Resume.class,
            RebuildCommand.Cancel.class
        })
final class RebuildCommand extends CommandGroup {
    private static final String KIND = "rebuild";

    /// `quoin rebuild status`.
    @Command(name = "status", description = "Shows the last rebuilds.")
    static final class Status extends JobCommand {
        @Option(names = "--wait", description = "Waits until the one under way is over.")
        private boolean isWaiting;

        @Override
        ExitCode run(Output output) throws Exception {
            return show(output, KIND, isWaiting);
        }
    }

    /// `quoin rebuild pause`.
    @Command(name = "pause", description = "Stops a rebuild at its cursor.")
    static final class Pause extends JobCommand {
        @Override
        ExitCode run(Output output) throws CommandFailure {
            return change(output, KIND, "pause");
        }
    }

    /// `quoin rebuild resume`.
    @Command(name = "resume", description = "Lets a paused rebuild go on from its cursor.")
    static final class Resume extends JobCommand {
        @Override
        ExitCode run(Output output) throws CommandFailure {
            return change(output, KIND, "resume");
        }
    }

    /// `quoin rebuild cancel`.
    @Command(name = "cancel", description = "Ends a rebuild; its member can be replaced again.")
    static final class Cancel extends JobCommand {
        @Override
        ExitCode run(Output output) throws CommandFailure {
            return change(output, KIND, "cancel");
        }
    }
}
