package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin spare add|remove|list|drill`.
@Command(
        name = "spare",
        description = "Members in waiting, which take the place of lost ones at once.",
        subcommands = {
            SpareCommand.Add.class,
            SpareCommand.Remove.class,
            SpareCommand.ListSpares.class,
            SpareCommand.Drill.class
        })
final class SpareCommand extends CommandGroup {
    /// Such a drill says how the spare takes writes, and nothing of what it holds.
    private static final String CACHED = "read back from the page cache: no O_DIRECT here";

    /// {@return a spare in a line}
    ///
    /// @param spare the daemon's `spare`
    static String describe(JsonObject spare) {
        boolean isReady = !spare.has("error");
        return spare.getString("path")
                + ": "
                + ByteSize.format(spare.getLong("sizeBytes"))
                + ", for "
                + (spare.getArray("volumes", new JsonArray()).isEmpty()
                        ? "any volume"
                        : users(spare))
                + ", "
                + spare.getString("state")
                + (isReady ? ", " : ": " + spare.getString("error") + "; ")
                + (spare.has("drill") ? "drilled " : "")
                + drill(spare);
    }

    private static String users(JsonObject spare) {
        return spare.getArray("volumes", new JsonArray()).stream()
                .map(Object::toString)
                .collect(Collectors.joining(","));
    }

    /// {@return when a spare was drilled last, and how it did}
    private static String drill(JsonObject spare) {
        String underWay = spare.getBoolean("isBeingDrilled") ? ", a drill is under way" : "";
        if (!spare.has("drill")) {
            return "never drilled" + underWay;
        }
        JsonObject drill = spare.getObject("drill");
        return Age.of(drill.getLong("endedMillis"), System.currentTimeMillis())
                + ": "
                + (drill.has("error")
                        ? "FAILED: " + drill.getString("error")
                        : "ok"
                                + (drill.getBoolean("isReadFromCache") ? " (" + CACHED + ")" : "")
                                + ", "
                                + drill.getLong("medianMicros")
                                + " us, "
                                + pace(drill))
                + underWay;
    }

    private static String pace(JsonObject drill) {
        return (drill.getLong("bytesPerSecond") >> 20) + " MiB/s";
    }

    /// `quoin spare add PATH`: a file or device that any volume, or some, may have.
    @Command(
            name = "add",
            description =
                    "Adds a spare: the largest that a volume may have takes the place of a member that fails, and is rebuilt.")
    static final class Add extends QuoinCommand {
        @Mixin private DaemonOption daemon;

        @Mixin private Confirmation confirmation;

        @Parameters(index = "0", paramLabel = "PATH", description = "File or block device, blank.")
        private Path path;

        @Option(
                names = "--for",
                paramLabel = "NAME",
                description = "A volume that may have it, may be repeated (any).")
        private List<String> volumes = List.of();

        @Option(
                names = "--force",
                description = "Wipes it if it holds a volume, a filesystem or anything else.")
        private boolean isForced;

        @Override
        ExitCode run(Output output) throws Exception {
            Path absolute = Paths.absolute(path);
            if (isForced) {
                confirmation.require(
                        output,
                        "All that " + absolute + " holds will be gone.",
                        "path",
                        absolute.toString());
            }
            JsonObject request = ControlClient.request("spare.add");
            request.put("path", absolute.toString());
            JsonArray names = new JsonArray();
            volumes.forEach(names::add);
            request.put("volumes", names);
            request.put("force", isForced);
            output.print(new Spares(daemon.order(request)));
            return ExitCode.OK;
        }
    }

    /// `quoin spare remove PATH`: no spare any more; its bytes are left alone.
    @Command(name = "remove", description = "Removes a spare, which is left as it is.")
    static final class Remove extends QuoinCommand {
        @Mixin private DaemonOption daemon;

        @Parameters(index = "0", paramLabel = "PATH", description = "The spare.")
        private Path path;

        @Override
        ExitCode run(Output output) throws Exception {
            JsonObject request = ControlClient.request("spare.remove");
            request.put("path", Paths.absolute(path).toString());
            output.print(new Spares(daemon.ask(request)));
            return ExitCode.OK;
        }
    }

    /// `quoin spare list`.
    @Command(name = "list", description = "Lists the spares, and what is wrong with them.")
    static final class ListSpares extends QuoinCommand {
        @Mixin private DaemonOption daemon;

        @Override
        ExitCode run(Output output) throws Exception {
            output.print(new Spares(daemon.ask(ControlClient.request("spare.list"))));
            return ExitCode.OK;
        }
    }

    private record Spares(JsonObject answer) implements Report {
        @Override
        public JsonObject toJson() {
            return answer;
        }

        @Override
        public void writeText(PrintWriter out) {
            Table table =
                    Table.of(
                            Table.left("spare"),
                            Table.right("size"),
                            Table.left("for"),
                            Table.left("state"),
                            Table.left("drilled"),
                            Table.left("note"));
            for (Object each : answer.getArray("spares", new JsonArray())) {
                JsonObject spare = (JsonObject) each;
                String names = users(spare);
                table.row(
                        spare.getString("path"),
                        ByteSize.format(spare.getLong("sizeBytes")),
                        names.isEmpty() ? "any" : names,
                        spare.getString("state"),
                        drill(spare),
                        spare.getString("error"));
            }
            table.writeTo(out);
        }
    }

    /// `quoin spare drill [PATH]`.
    @Command(
            name = "drill",
            description =
                    "Writes to a spare, reads that back and times it, so that a dead one is found before it is needed.")
    static final class Drill extends QuoinCommand {
        @Mixin private DaemonOption daemon;

        @Parameters(
                arity = "0..1",
                paramLabel = "PATH",
                description = "The spare; all of them without.")
        private Path path;

        @Override
        ExitCode run(Output output) throws Exception {
            JsonObject request = ControlClient.request("spare.drill");
            if (path != null) {
                request.put("path", Paths.absolute(path).toString());
            }
            JsonObject answer = daemon.order(request);
            output.print(new Drills(answer));
            List<JsonObject> failed =
                    answer.getArray("drills", new JsonArray()).stream()
                            .map(each -> (JsonObject) each)
                            .filter(each -> !each.getString("state").equals("ok"))
                            .toList();
            if (!failed.isEmpty()) {
                JsonObject first = failed.getFirst();
                throw CommandFailure.failed(
                        failed.size()
                                + " of "
                                + answer.getArray("drills").size()
                                + " drills not passed: "
                                + first.getString("path")
                                + " "
                                + first.getString("state")
                                + ": "
                                + first.getString("error"));
            }
            return ExitCode.OK;
        }
    }

    private record Drills(JsonObject answer) implements Report {
        @Override
        public JsonObject toJson() {
            return answer;
        }

        @Override
        public void writeText(PrintWriter out) {
            Table table =
                    Table.of(
                            Table.left("spare"),
                            Table.left("drill"),
                            Table.right("write median"),
                            Table.right("slowest"),
                            Table.right("pace"),
                            Table.left("note"));
            for (Object each : answer.getArray("drills", new JsonArray())) {
                JsonObject drill = (JsonObject) each;
                boolean isOk = drill.getString("state").equals("ok");
                table.row(
                        drill.getString("path"),
                        drill.getString("state"),
                        isOk ? drill.getLong("medianMicros") + " us" : null,
                        isOk ? drill.getLong("slowestMicros") + " us" : null,
                        isOk ? pace(drill) : null,
                        drill.getBoolean("isReadFromCache") ? CACHED : drill.getString("error"));
            }
            table.writeTo(out);
        }
    }
}
