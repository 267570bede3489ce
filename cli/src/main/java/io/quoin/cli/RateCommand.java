package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import java.io.PrintWriter;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin rate NAME [SIZE]`: how fast scrubs and rebuilds of a volume may be.
@Command(
        name = "rate",
        description = {
            "Says or sets how fast scrubs and rebuilds of a volume may be, until the daemon is restarted.",
            "They take what clients leave: the slowest hundredth of commits and reads may take a little longer"
                    + " than without them, and no more."
        })
final class RateCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
    private String name;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            description = "Most bytes that they read in a second, for example 50M; 0: no limit.")
    private Long bytesPerSecond;

    @Option(
            names = "--floor",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            description = "Bytes in a second that they may always read, whatever clients feel.")
    private Long floorBytes;

    @Option(
            names = "--latency",
            paramLabel = "PERCENT",
            description = "How long clients may wait, of what they wait without: 130 is 1.3 times.")
    private Integer latencyPercent;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        JsonObject request = DaemonOption.request("job.rate", name);
        if (bytesPerSecond != null) {
            request.put("bytesPerSecond", bytesPerSecond);
        }
        if (floorBytes != null) {
            request.put("floorBytesPerSecond", floorBytes);
        }
        if (latencyPercent != null) {
            request.put("latencyPercent", latencyPercent);
        }
        output.print(new Rate(name, daemon.ask(request)));
        return ExitCode.OK;
    }

    private record Rate(String name, JsonObject limits) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("volume", name);
            for (String each : List.of("bytesPerSecond", "floorBytesPerSecond", "latencyPercent")) {
                json.put(each, limits.getLong(each));
            }
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            long most = limits.getLong("bytesPerSecond");
            out.println(
                    "volume "
                            + name
                            + ": jobs read "
                            + (most == 0
                                    ? "as fast as they can"
                                    : "at most " + ByteSize.format(most) + " in a second")
                            + " while clients wait no longer than "
                            + limits.getInt("latencyPercent")
                            + " % of what they do without, else at least "
                            + ByteSize.format(limits.getLong("floorBytesPerSecond")));
        }
    }
}
