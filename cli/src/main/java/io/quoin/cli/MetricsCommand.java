package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import java.io.PrintWriter;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/// `quoin metrics`: what monitoring is told, for whoever collects it from files, or wants to look.
@Command(name = "metrics", description = "Prints what the daemon counts and times, as OpenMetrics.")
final class MetricsCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Override
    ExitCode run(Output output) throws Exception {
        try (ControlClient client = daemon.connect()) {
            output.print(
                    new Exposition(DaemonOption.ask(client, ControlClient.request("metrics"))));
        }
        return ExitCode.OK;
    }

    private record Exposition(JsonObject answer) implements Report {
        @Override
        public JsonObject toJson() {
            return answer;
        }

        @Override
        public void writeText(PrintWriter out) {
            out.print(answer.getString("text"));
        }
    }
}
