package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.cli.demo.Demo;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/// `quoin demo`: an order journal on a protected volume, killed, degraded, damaged and rebuilt; ends
/// with a table of what was done and what was lost.
@Command(
        name = "demo",
        description = {
            "Writes an order journal to a raid5 volume of four files while the daemon is killed, a",
            "member is lost and rebuilt, bits flip and blocks rot; reads everything back and says what",
            "was lost. Needs 2 GiB of disk for a minute or two."
        })
final class DemoCommand extends QuoinCommand {
    @Option(
            names = "--dir",
            paramLabel = "DIRECTORY",
            description = "Where the scratch folder is made (the system's temporary folder).")
    private Path directory;

    @Option(names = "--keep", description = "Keeps the scratch folder: members, log.")
    private boolean isKept;

    @Option(
            names = "--seed",
            paramLabel = "NUMBER",
            description = "Where damage falls; drawn and printed when not given.")
    private Long seed;

    @Override
    ExitCode run(Output output) throws Exception {
        Path quoind = Path.of(System.getProperty("quoin.home", "."), "bin", "quoind");
        if (!Files.isExecutable(quoind)) {
            throw CommandFailure.environment(
                    "demo: expected the daemon at " + quoind + "; run ./quoin demo");
        }
        Path folder =
                directory == null
                        ? Files.createTempDirectory("quoin-demo-")
                        : Files.createTempDirectory(directory, "quoin-demo-");
        long drawn = seed == null ? System.nanoTime() & 0xFFFF_FFFFL : seed;
        output.note("demo in " + folder + ", seed " + drawn);
        boolean isDone = false;
        try {
            Demo.Result result = Demo.run(quoind, folder, drawn, line -> output.note("- " + line));
            isDone = true;
            output.separate();
            output.print(new Lines(result));
            return result.lost() == 0 ? ExitCode.OK : ExitCode.FAILED;
        } finally {
            if (isKept || !isDone) {
                output.note("kept: " + folder);
            } else {
                delete(folder);
            }
        }
    }

    private static void delete(Path folder) throws IOException {
        List<Path> paths;
        try (Stream<Path> walk = Files.walk(folder)) {
            paths = walk.sorted(Comparator.reverseOrder()).toList();
        }
        for (Path path : paths) {
            Files.deleteIfExists(path);
        }
    }

    private record Lines(Demo.Result result) implements Report {
        @Override
        public JsonObject toJson() {
            JsonArray lines = new JsonArray();
            for (Demo.Line line : result.lines()) {
                JsonObject each = new JsonObject();
                each.put("what", line.what());
                each.put("injected", line.injected());
                each.put("detected", line.detected() < 0 ? null : line.detected());
                each.put("repaired", line.repaired() < 0 ? null : line.repaired());
                each.put("lost", line.lost());
                lines.add(each);
            }
            JsonObject json = new JsonObject();
            json.put("lines", lines);
            json.put("acknowledgedOrders", result.acknowledged());
            json.put("blocksReadBack", result.readBack());
            json.put("lost", result.lost());
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            Table table =
                    Table.of(
                            Table.left("what befell the volume"),
                            Table.right("injected"),
                            Table.right("detected"),
                            Table.right("repaired"),
                            Table.right("lost"));
            for (Demo.Line line : result.lines()) {
                table.row(
                        line.what(),
                        line.injected(),
                        line.detected() < 0 ? "" : line.detected(),
                        line.repaired() < 0 ? "" : line.repaired(),
                        line.lost());
            }
            table.writeTo(out);
            out.println();
            out.println(
                    result.acknowledged()
                            + " orders acknowledged, "
                            + result.readBack()
                            + " blocks read back and compared, "
                            + result.lost()
                            + " lost");
        }
    }
}
