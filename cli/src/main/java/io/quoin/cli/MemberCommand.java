package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import io.quoin.volume.remote.MemberAddress;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin member fail|replace|return`.
@Command(
        name = "member",
        description = "Drops a member of a volume, replaces one, or takes one back.",
        subcommands = {
            MemberCommand.Fail.class,
            MemberCommand.Replace.class,
            MemberCommand.Return.class
        })
final class MemberCommand extends CommandGroup {

    /// `quoin member fail NAME SLOT`: drops a member, as if it had failed.
    @Command(
            name = "fail",
            description = "Drops a member, as if it had failed: its content is stale from then on.")
    static final class Fail extends QuoinCommand {
        @Mixin private DaemonOption daemon;

        @Mixin private Confirmation confirmation;

        @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
        private String name;

        @Parameters(
                index = "1",
                paramLabel = "MEMBER",
                description = "Slot, path or URI of the member.")
        private String member;

        @Option(names = "--reason", paramLabel = "TEXT", description = "For the log (operator).")
        private String reason = "operator";

        @Override
        ExitCode run(Output output) throws Exception {
            JsonObject volume = daemon.status(name);
            JsonObject found = SlotArgument.find(volume, member);
            confirmation.require(
                    output,
                    "Member of slot "
                            + found.getInt("slot")
                            + " ("
                            + found.getString("path")
                            + ") of volume "
                            + name
                            + " will be dropped; the volume, which may lose "
                            + volume.getInt("redundancyLeft")
                            + " more members now, may lose fewer then.",
                    "volume",
                    name);
            JsonObject request = DaemonOption.request("member.fail", name);
            request.put("slot", found.getInt("slot"));
            request.put("reason", reason);
            output.print(new VolumeReport(daemon.ask(request).getObject("volume")));
            return ExitCode.OK;
        }
    }

    /// `quoin member replace NAME SLOT PATH`: a new member in place of another one.
    @Command(
            name = "replace",
            description =
                    "Puts a new member in the place of another one: rebuilds what was dropped or is missing;"
                            + " one that is in sync is copied, and serves until the new one has everything.")
    static final class Replace extends QuoinCommand {
        @Mixin private DaemonOption daemon;

        @Mixin private Confirmation confirmation;

        @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
        private String name;

        @Parameters(
                index = "1",
                paramLabel = "MEMBER",
                description = "Slot, path or URI of the old member.")
        private String member;

        @Parameters(
                index = "2",
                paramLabel = "PATH",
                description = "The new one: file, block device, or URI of an NBD export.")
        private MemberAddress address;

        @Option(
                names = "--force",
                description =
                        "Overwrites a member that holds a volume, a filesystem or anything else.")
        private boolean isForced;

        @Option(names = "--make", description = "Makes the file, as large as the members.")
        private boolean isMade;

        @Option(names = "--wait", description = "Waits until it is in sync.")
        private boolean isWaiting;

        @Override
        ExitCode run(Output output) throws Exception {
            JsonObject found = SlotArgument.find(daemon.status(name), member);
            MemberAddress absolute = address.absolute();
            if (isForced) {
                confirmation.require(
                        output, "All that " + absolute + " holds will be gone.", "volume", name);
            }
            JsonObject request = DaemonOption.request("member.replace", name);
            request.put("slot", found.getInt("slot"));
            request.put("path", absolute.toString());
            request.put("force", isForced);
            request.put("make", isMade);
            JsonObject answer = daemon.order(request);
            if (isWaiting) {
                return JobWait.until(output, daemon, name, answer.getObject("job"));
            }
            output.print(new JobReport(name, answer.getObject("job")));
            return ExitCode.OK;
        }
    }

    /// `quoin member return NAME SLOT [PATH]`: a member that was away, as it was left.
    @Command(
            name = "return",
            description =
                    "Takes a member back that was dropped or missing, as it was left: what was written"
                            + " meanwhile is copied, the rest is verified.")
    static final class Return extends QuoinCommand {
        @Mixin private DaemonOption daemon;

        @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
        private String name;

        @Parameters(
                index = "1",
                paramLabel = "MEMBER",
                description = "Slot, path or URI of the member.")
        private String member;

        @Parameters(
                index = "2",
                arity = "0..1",
                paramLabel = "PATH",
                description = "Where it is now; left out: where it was.")
        private MemberAddress address;

        @Option(names = "--wait", description = "Waits until it is in sync.")
        private boolean isWaiting;

        @Override
        ExitCode run(Output output) throws Exception {
            JsonObject found = SlotArgument.find(daemon.status(name), member);
            JsonObject request = DaemonOption.request("member.return", name);
            request.put("slot", found.getInt("slot"));
            if (address != null) {
                request.put("path", address.absolute().toString());
            }
            JsonObject answer = daemon.order(request);
            if (isWaiting) {
                return JobWait.until(output, daemon, name, answer.getObject("job"));
            }
            output.print(new JobReport(name, answer.getObject("job")));
            return ExitCode.OK;
        }
    }
}
