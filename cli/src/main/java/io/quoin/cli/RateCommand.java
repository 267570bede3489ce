package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/// `quoin rate NAME SIZE`: how fast scrubs and rebuilds of a volume may read.
@Command(
        name = "rate",
        description = "Sets how much scrubs and rebuilds of a volume may read in a second.")
final class RateCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
    private String name;

    @Parameters(
            index = "1",
            paramLabel = "SIZE",
            converter = ByteSize.class,
            description = "Bytes in a second, for example 50M; 0: no limit.")
    private Long bytesPerSecond;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        JsonObject request = DaemonOption.request("job.rate", name);
        request.put("bytesPerSecond", bytesPerSecond);
        daemon.ask(request);
        output.print(new Rate(name, bytesPerSecond));
        return ExitCode.OK;
    }

    private record Rate(String name, long bytesPerSecond) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("volume", name);
            json.put("bytesPerSecond", bytesPerSecond);
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            out.println(
                    "volume "
                            + name
                            + ": jobs read "
                            + (bytesPerSecond == 0
                                    ? "as fast as they can"
                                    : "at most "
                                            + ByteSize.format(bytesPerSecond)
                                            + " in a second"));
        }
    }
}
