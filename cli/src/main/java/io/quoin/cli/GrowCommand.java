package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin grow NAME`: a volume on members that have become larger.
@Command(
        name = "grow",
        description = {
            "Makes a volume larger while it is served, as far as its smallest member allows.",
            "Clients that are connected go on; those that connect afterwards are told the new size. A volume never shrinks."
        })
final class GrowCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Mixin private Confirmation confirmation;

    @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
    private String name;

    @Option(
            names = "--member-size",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            description =
                    "Makes members that are files this large first, if they are smaller; disks must be.")
    private Long memberBytes;

    @Option(names = "--dry-run", description = "Says how large it would be, and changes nothing.")
    private boolean isDry;

    @Override
    ExitCode run(Output output) throws Exception {
        JsonObject plan = ask(true);
        if (!isDry) {
            confirmation.require(
                    output,
                    "Volume "
                            + name
                            + " will grow from "
                            + ByteSize.format(plan.getLong("formerBytes"))
                            + " to "
                            + ByteSize.format(plan.getLong("sizeBytes"))
                            + "; it cannot shrink again.",
                    "volume",
                    name);
            plan = ask(false);
        }
        output.print(new Grown(name, isDry, plan));
        return ExitCode.OK;
    }

    private JsonObject ask(boolean isDryRun) throws CommandFailure {
        JsonObject request = DaemonOption.request("grow", name);
        if (memberBytes != null) {
            request.put("memberBytes", memberBytes);
        }
        request.put("dryRun", isDryRun);
        return daemon.ask(request);
    }

    private record Grown(String name, boolean isDry, JsonObject plan) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("volume", name);
            json.put("isDryRun", isDry);
            for (String each : List.of("formerBytes", "sizeBytes", "memberBytes")) {
                json.put(each, plan.getLong(each));
            }
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            out.println(
                    "volume "
                            + name
                            + (isDry ? " could grow from " : " has grown from ")
                            + ByteSize.format(plan.getLong("formerBytes"))
                            + " to "
                            + ByteSize.format(plan.getLong("sizeBytes"))
                            + ", on "
                            + ByteSize.format(plan.getLong("memberBytes"))
                            + " of each member");
        }
    }
}
