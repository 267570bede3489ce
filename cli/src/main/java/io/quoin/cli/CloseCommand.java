package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin close NAME`: the daemon stops serving a volume; its clients are cut off.
@Command(
        name = "close",
        description = "Has the daemon stop serving a volume, in order; nothing is lost.")
final class CloseCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Parameters(paramLabel = "NAME", description = "The volume.")
    private String name;

    @Option(names = "--forget", description = "A restart of the daemon does not serve it either.")
    private boolean isForgotten;

    @Override
    ExitCode run(Output output) throws CommandFailure {
        JsonObject request = DaemonOption.request("close", name);
        request.put("forget", isForgotten);
        JsonObject answer = daemon.order(request);
        answer.put("name", name);
        output.print(new Closed(answer));
        return ExitCode.OK;
    }

    private record Closed(JsonObject answer) implements Report {
        @Override
        public JsonObject toJson() {
            return answer;
        }

        @Override
        public void writeText(PrintWriter out) {
            out.println(
                    "volume "
                            + answer.getString("name")
                            + " closed"
                            + (answer.getBoolean("isClean")
                                    ? ""
                                    : "; its journal is replayed when it is opened"));
        }
    }
}
