package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `quoin scrub start|pause|resume|cancel|status`.
@Command(
        name = "scrub",
        description = "Reads all of a volume to find faults, and repairs what redundancy allows.",
        subcommands = {
            ScrubCommand.Start.class,
            ScrubCommand.Pause.class,
            ScrubCommand.Resume.class,
            ScrubCommand.Cancel.class,
            ScrubCommand.Status.class
        })
final class ScrubCommand extends CommandGroup {
    private static final String KIND = "scrub";

    /// `quoin scrub start`.
    @Command(name = "start", description = "Starts a scrub; one that is under way goes on.")
    static final class Start extends JobCommand {
        @Option(names = "--wait", description = "Waits until it is over.")
        private boolean isWaiting;

        @Override
        ExitCode run(Output output) throws Exception {
            List<String> refusals = new ArrayList<>();
            List<JobReport> started = new ArrayList<>();
            for (String volume : volumes()) {
                try {
                    Optional<JsonObject> open = openJob(KIND, volume);
                    if (open.isPresent()) {
                        output.note("volume " + volume + ": a scrub is under way already");
                        started.add(new JobReport(volume, open.get()));
                    } else {
                        JsonObject answer =
                                daemon().ask(DaemonOption.request("scrub.start", volume));
                        started.add(new JobReport(volume, answer.getObject("job")));
                    }
                } catch (CommandFailure e) {
                    refusals.add(e.getMessage());
                }
            }
            for (JobReport each : started) {
                if (isWaiting) {
                    try {
                        JobWait.until(output, daemon(), each.volume(), each.job());
                    } catch (CommandFailure e) {
                        refusals.add(e.getMessage());
                    }
                } else {
                    output.print(each);
                }
            }
            if (!refusals.isEmpty()) {
                throw CommandFailure.failed(String.join("; ", refusals));
            }
            return ExitCode.OK;
        }
    }

    /// `quoin scrub pause`.
    @Command(name = "pause", description = "Stops a scrub at its cursor.")
    static final class Pause extends JobCommand {
        @Override
        ExitCode run(Output output) throws CommandFailure {
            return change(output, KIND, "pause");
        }
    }

    /// `quoin scrub resume`.
    @Command(name = "resume", description = "Lets a paused scrub go on from its cursor.")
    static final class Resume extends JobCommand {
        @Override
        ExitCode run(Output output) throws CommandFailure {
            return change(output, KIND, "resume");
        }
    }

    /// `quoin scrub cancel`.
    @Command(name = "cancel", description = "Ends a scrub.")
    static final class Cancel extends JobCommand {
        @Override
        ExitCode run(Output output) throws CommandFailure {
            return change(output, KIND, "cancel");
        }
    }

    /// `quoin scrub status`.
    @Command(name = "status", description = "Shows the last scrubs.")
    static final class Status extends JobCommand {
        @Option(names = "--wait", description = "Waits until the one under way is over.")
        private boolean isWaiting;

        @Override
        ExitCode run(Output output) throws Exception {
            return show(output, KIND, isWaiting);
        }
    }
}
