package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.io.PrintWriter;
import java.time.Instant;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin explain NAME BLOCK`: what is known of one block.
@Command(
        name = "explain",
        description = {
            "Says what is known of one 4 KiB block of a volume: the writes that are not home yet, what each"
                    + " slot of its row should hold and does hold, and what a read gives.",
            "The row is read from all members; nothing is changed."
        })
final class ExplainCommand extends QuoinCommand {
    private static final int BLOCK_BYTES = 4096;

    @Mixin private DaemonOption daemon;

    @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
    private String name;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "BLOCK",
            description = "Which block, from 0.")
    private Long block;

    @Option(
            names = "--offset",
            paramLabel = "BYTES",
            converter = ByteSize.class,
            description = "The block that this byte of the volume lies in, instead.")
    private Long offsetBytes;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        if ((block == null) == (offsetBytes == null)) {
            throw CommandFailure.usage(
                    "expected a BLOCK or --offset, was " + (block == null ? "neither" : "both"));
        }
        JsonObject request = DaemonOption.request("explain", name);
        request.put("block", block != null ? block : offsetBytes / BLOCK_BYTES);
        output.print(new Explained(name, daemon.ask(request)));
        return ExitCode.OK;
    }

    private record Explained(String name, JsonObject answer) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("volume", name);
            json.putAll(answer.getObject("explanation"));
            json.put("events", answer.getArray("events"));
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            JsonObject found = answer.getObject("explanation");
            long block = found.getLong("block");
            out.println(
                    "volume "
                            + name
                            + ", block "
                            + block
                            + " (bytes "
                            + block * BLOCK_BYTES
                            + " to "
                            + ((block + 1) * BLOCK_BYTES - 1)
                            + "), row "
                            + found.getLong("row"));
            out.println(found.getString("verdict"));
            for (Object each : found.getArray("versions")) {
                JsonObject version = (JsonObject) each;
                out.println(
                        version.getString("kind")
                                + " with sequence "
                                + version.getLong("sequence")
                                + (version.getBoolean("isCommitted")
                                        ? ": in journal batch " + version.getLong("batch")
                                        : ": under way, not acknowledged"));
            }
            out.println();
            Table table =
                    Table.of(
                            Table.right("slot"),
                            Table.left("holds"),
                            Table.right("block"),
                            Table.left("should be"),
                            Table.right("generation"),
                            Table.left("is"),
                            Table.left("state"),
                            Table.right("offset"),
                            Table.left("member"));
            for (Object each : found.getArray("copies")) {
                JsonObject copy = (JsonObject) each;
                table.row(
                        copy.getInt("slot"),
                        copy.getString("role"),
                        copy.has("block") ? copy.getLong("block") : null,
                        copy.getString("type"),
                        copy.getLong("generation"),
                        copy.getString("found"),
                        copy.getString("state"),
                        copy.getLong("offsetBytes"),
                        copy.getString("member"));
            }
            table.writeTo(out);
            JsonArray events = answer.getArray("events");
            if (!events.isEmpty()) {
                out.println();
            }
            for (Object each : events) {
                JsonObject event = (JsonObject) each;
                out.println(
                        Instant.ofEpochMilli(event.getLong("millis"))
                                + " "
                                + event.getString("message"));
            }
        }
    }
}
