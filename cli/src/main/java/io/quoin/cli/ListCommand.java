package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `quoin list`: a line for each volume of the daemon, those it could not open too.
@Command(name = "list", description = "Lists the volumes of the daemon.")
final class ListCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        output.print(new Volumes(daemon.ask(ControlClient.request("list"))));
        return ExitCode.OK;
    }

    private record Volumes(JsonObject answer) implements Report {
        @Override
        public JsonObject toJson() {
            return answer;
        }

        @Override
        public void writeText(PrintWriter out) {
            Table table =
                    Table.of(
                            Table.left("volume"),
                            Table.left("state"),
                            Table.left("level"),
                            Table.right("size"),
                            Table.right("members"),
                            Table.right("may lose"),
                            Table.left("note"));
            for (Object each : answer.getArray("volumes", new JsonArray())) {
                add(table, (JsonObject) each);
            }
            for (Object each : answer.getArray("unserved", new JsonArray())) {
                JsonObject volume = (JsonObject) each;
                table.row(
                        volume.getString("name"),
                        "not served",
                        null,
                        null,
                        null,
                        null,
                        volume.getString("error"));
            }
            table.writeTo(out);
        }

        private static void add(Table table, JsonObject volume) {
            if (volume.has("error")) {
                table.row(
                        volume.getString("name"),
                        volume.getString("state"),
                        null,
                        null,
                        null,
                        null,
                        volume.getString("error"));
                return;
            }
            JsonArray members = volume.getArray("members");
            long inSync =
                    members.stream()
                            .filter(each ->
                                    "in sync".equals(((JsonObject) each).getString("state")))
                            .count();
            String job =
                    volume.getArray("jobs", new JsonArray()).stream()
                            .map(each -> (JsonObject) each)
                            .filter(JobWait::isOpen)
                            .map(each ->
                                    each.getString("kind")
                                            + " "
                                            + VolumeReport.percent(
                                                    each.getLong("cursor"), each.getLong("total")))
                            .findFirst()
                            .orElse(null);
            table.row(
                    volume.getString("name"),
                    volume.getString("state"),
                    volume.getString("level"),
                    ByteSize.format(volume.getLong("sizeBytes")),
                    inSync + "/" + members.size(),
                    volume.getInt("redundancyLeft"),
                    job);
        }
    }
}
