package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.volume.remote.MemberAddress;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin reshape start|back|pause|resume|status`.
@Command(
        name = "reshape",
        description = "Gives a volume another level, unit or number of members while it is served.",
        subcommands = {
            ReshapeCommand.Start.class,
            ReshapeCommand.Back.class,
            ReshapeCommand.Pause.class,
            ReshapeCommand.Resume.class,
            ReshapeCommand.Status.class
        })
final class ReshapeCommand extends CommandGroup {
    private static final String KIND = "reshape";

    /// `quoin reshape start NAME`.
    @Command(
            name = "start",
            description = {
                "Begins to move a volume's blocks into another shape. What is not named stays as it is.",
                "Clients wait for a moment, and go on; the volume is as safe as the less safe of the two shapes until all has moved."
            })
    static final class Start extends QuoinCommand {
        @Mixin private DaemonOption daemon;

        @Mixin private Confirmation confirmation;

        @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
        private String name;

        @Option(
                names = "--level",
                paramLabel = "LEVEL",
                description = "raid1, raid5, raid6 or k+m such as 4+2.")
        private String level;

        @Option(
                names = "--unit",
                paramLabel = "SIZE",
                converter = ByteSize.class,
                description = "Stripe unit, a power of two from 4K to 1M.")
        private Long unitBytes;

        @Option(
                names = "--add",
                paramLabel = "MEMBER",
                description =
                        "A new member: file, block device, or URI of an NBD export. Repeatable.")
        private List<MemberAddress> joining = new ArrayList<>();

        @Option(
                names = "--remove",
                paramLabel = "COUNT",
                description = "Does without so many members in the end: those of the last slots.")
        private int leaving;

        @Option(
                names = "--make",
                description = "Makes files that are not there, as large as the members.")
        private boolean isMade;

        @Option(
                names = "--force",
                description =
                        "Overwrites new members that hold a volume, a filesystem or anything else.")
        private boolean isForced;

        @Option(names = "--dry-run", description = "Says what it would be, and changes nothing.")
        private boolean isDry;

        @Option(names = "--wait", description = "Waits until all has moved.")
        private boolean isWaiting;

        @Override
        ExitCode run(Output output) throws Exception {
            if (level == null) {
                level = daemon.status(name).getString("level");
            }
            JsonObject plan = ask(true);
            if (!isDry) {
                confirmation.require(
                        output,
                        "Volume "
                                + name
                                + " will be moved from "
                                + plan.getString("formerShape")
                                + " to "
                                + plan.getString("shape")
                                + (isForced && !joining.isEmpty()
                                        ? "; all that " + joining + " hold will be gone."
                                        : "."),
                        "volume",
                        name);
                plan = ask(false);
            }
            JsonObject job = plan.getObject("job");
            if (isWaiting && job != null) {
                JobWait.until(output, daemon, name, job);
            }
            output.print(new Reshaped(name, isDry, plan));
            return ExitCode.OK;
        }

        private JsonObject ask(boolean isDryRun) throws CommandFailure {
            JsonObject request = DaemonOption.request("reshape.start", name);
            request.put("level", level);
            if (unitBytes != null) {
                request.put("unitBytes", unitBytes);
            }
            JsonArray add = new JsonArray();
            joining.forEach(each -> add.add(each.absolute().toString()));
            request.put("add", add);
            request.put("remove", leaving);
            request.put("force", isForced);
            request.put("make", isMade);
            request.put("dryRun", isDryRun);
            return isDryRun ? daemon.ask(request) : daemon.order(request);
        }
    }

    private record Reshaped(String name, boolean isDry, JsonObject plan) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("volume", name);
            json.put("isDryRun", isDry);
            json.putAll(plan);
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            out.println(
                    "volume "
                            + name
                            + ": "
                            + plan.getString("formerShape")
                            + (isDry ? " could become " : " becomes ")
                            + plan.getString("shape")
                            + ", "
                            + ByteSize.format(plan.getLong("formerBytes"))
                            + " then "
                            + ByteSize.format(plan.getLong("sizeBytes")));
        }
    }

    /// `quoin reshape back NAME`.
    @Command(
            name = "back",
            description = "Has a reshape go back from where it is, until the volume is as it was.")
    static final class Back extends JobCommand {
        @Override
        ExitCode run(Output output) throws CommandFailure {
            for (String volume : volumes()) {
                Optional<JsonObject> open = openJob(KIND, volume);
                if (open.isEmpty()) {
                    throw CommandFailure.failed("volume " + volume + ": no reshape under way");
                }
                JsonObject answer = daemon().order(DaemonOption.request("reshape.back", volume));
                JsonObject job = answer.getObject("job");
                output.print(new JobReport(volume, job == null ? open.get() : job));
            }
            return ExitCode.OK;
        }
    }

    /// `quoin reshape pause`.
    @Command(name = "pause", description = "Stops a reshape where it is; the volume is served.")
    static final class Pause extends JobCommand {
        @Override
        ExitCode run(Output output) throws CommandFailure {
            return change(output, KIND, "pause");
        }
    }

    /// `quoin reshape resume`.
    @Command(name = "resume", description = "Lets a paused reshape go on.")
    static final class Resume extends JobCommand {
        @Override
        ExitCode run(Output output) throws CommandFailure {
            return change(output, KIND, "resume");
        }
    }

    /// `quoin reshape status`.
    @Command(name = "status", description = "Shows the reshape under way.")
    static final class Status extends JobCommand {
        @Option(names = "--wait", description = "Waits until it is over.")
        private boolean isWaiting;

        @Override
        ExitCode run(Output output) throws Exception {
            return show(output, KIND, isWaiting);
        }
    }
}
