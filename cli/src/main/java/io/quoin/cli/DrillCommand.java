package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `quoin drill [NAME]`: damage that is done on purpose, and what came of it.
@Command(
        name = "drill",
        description = {
            "Damages blocks and their info on the members of a volume, and lets reads fail and stall, in rows that are set apart"
                    + " from clients, and says whether each was noticed, read rightly nevertheless, and repaired.",
            "Ends with 1 when anything of that was not so, or the drill ended early. The daemon does so by itself each day."
        })
final class DrillCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "The volume; all that are served without.")
    private String name;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        List<String> troubles = new ArrayList<>();
        for (String each : name != null ? List.of(name) : daemon.volumeNames()) {
            try {
                JsonObject answer = daemon.order(DaemonOption.request("drill", each));
                JsonObject drill = answer.getObject("drill");
                output.print(new Drilled(each, drill));
                if (!drill.getString("state").equals("ok")) {
                    troubles.add(each + ": " + trouble(drill));
                }
            } catch (CommandFailure e) {
                if (name != null) {
                    throw e;
                }
                troubles.add(e.getMessage());
            }
        }
        if (!troubles.isEmpty()) {
            throw CommandFailure.failed("drill: " + String.join("; ", troubles));
        }
        return ExitCode.OK;
    }

    private static String trouble(JsonObject drill) {
        return drill.has("error")
                ? drill.getString("error")
                : drill.getArray("failures").size()
                        + " of "
                        + drill.getInt("trialCount")
                        + " damages not dealt with";
    }

    /// {@return a drill in a line}
    ///
    /// @param drill the daemon's `drill`
    static String describe(JsonObject drill) {
        return Age.of(drill.getLong("endedMillis"), System.currentTimeMillis())
                + ": "
                + (drill.getString("state").equals("ok")
                        ? "ok, all "
                                + drill.getInt("trialCount")
                                + " damages noticed and dealt with"
                        : (drill.has("error") ? "ended early: " : "FAILED, ") + trouble(drill));
    }

    private record Drilled(String name, JsonObject drill) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("volume", name);
            json.putAll(drill);
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            out.println("volume " + name + ", drill " + drill.getString("state"));
            Table table =
                    Table.of(
                            Table.right("slot"),
                            Table.left("damage"),
                            Table.right("row"),
                            Table.left("read"),
                            Table.left("member"),
                            Table.left("found"),
                            Table.left("failed"));
            for (Object each : drill.getArray("trials", new JsonArray())) {
                JsonObject trial = (JsonObject) each;
                table.row(
                        trial.getInt("slot"),
                        trial.getString("damage"),
                        trial.getLong("row"),
                        trial.getBoolean("isAnswerRight") ? "right" : "not right",
                        trial.getBoolean("isMended") ? "right again" : "damaged",
                        trial.getString("finding"),
                        trial.getString("error"));
            }
            table.writeTo(out);
        }
    }
}
