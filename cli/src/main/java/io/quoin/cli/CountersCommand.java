package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.FieldNames;
import io.quoin.daemon.control.api.RememberedVolumes;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
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

    private record Counters(Map<String, Long> values) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            values.forEach((label, value) -> json.put(FieldNames.of(label), value));
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            Table table = Table.of(Table.left("counter"), Table.right("value"));
            values.forEach((label, value) -> table.row(label, value));
            table.writeTo(out);
        }
    }
}
