package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.Counted;
import io.quoin.daemon.control.api.FieldNames;
import io.quoin.daemon.control.api.RememberedVolumes;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin counters NAME`: what a volume counts, from the daemon's mapped file, without asking the daemon.
@Command(
        name = "counters",
        description = "Shows a served volume's counters; works also when the daemon hangs.")
final class CountersCommand extends QuoinCommand {
    @Parameters(paramLabel = "NAME", description = "The volume.")
    private String name;

    @Option(
            names = "--state",
            paramLabel = "DIRECTORY",
            description = "Where the daemon remembers (/var/lib/quoin).")
    private Path state;

    @Override
    ExitCode run(Output output) throws CommandFailure, IOException {
        Path directory =
                state == null ? RememberedVolumes.DEFAULT_STATE_DIRECTORY : Paths.absolute(state);
        try {
            output.print(new Counters(RememberedVolumes.counters(directory, name)));
            return ExitCode.OK;
        } catch (NoSuchFileException e) {
            throw CommandFailure.failed(
                    "volume "
                            + name
                            + ": expected its counters at "
                            + e.getFile()
                            + ", found none: not served");
        }
    }

    private record Counters(Counted found) implements Report {
        private static final double MICROS = 1e3;

        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            found.counters().forEach((label, value) -> json.put(FieldNames.of(label), value));
            JsonArray times = new JsonArray();
            for (Counted.Times each : found.times()) {
                JsonObject time = new JsonObject();
                time.put("what", each.label());
                time.put("count", each.count());
                time.put("meanNanos", each.meanNanos());
                time.put("p50Nanos", each.p50Nanos());
                time.put("p90Nanos", each.p90Nanos());
                time.put("p99Nanos", each.p99Nanos());
                time.put("p999Nanos", each.p999Nanos());
                time.put("p9999Nanos", each.p9999Nanos());
                times.add(time);
            }
            json.put("times", times);
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            Table table = Table.of(Table.left("counter"), Table.right("value"));
            found.counters().forEach((label, value) -> table.row(label, value));
            table.writeTo(out);
            if (found.times().isEmpty()) {
                return;
            }
            out.println();
            Table times =
                    Table.of(
                            Table.left("time, us"),
                            Table.right("count"),
                            Table.right("mean"),
                            Table.right("p50"),
                            Table.right("p90"),
                            Table.right("p99"),
                            Table.right("p99.9"),
                            Table.right("p99.99"));
            for (Counted.Times each : found.times()) {
                times.row(
                        each.label(),
                        each.count(),
                        micros(each.meanNanos()),
                        micros(each.p50Nanos()),
                        micros(each.p90Nanos()),
                        micros(each.p99Nanos()),
                        micros(each.p999Nanos()),
                        micros(each.p9999Nanos()));
            }
            times.writeTo(out);
        }

        private static long micros(long nanos) {
            return Math.round(nanos / MICROS);
        }
    }
}
