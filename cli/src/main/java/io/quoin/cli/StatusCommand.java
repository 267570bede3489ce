package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin status [NAME] [--watch]`: all that is known of one volume, or of each.
@Command(
        name = "status",
        description = "Shows a volume: what it survives now, its members, its jobs.")
final class StatusCommand extends QuoinCommand {
    private static final String CLEAR = "\033[H\033[2J";

    @Mixin private DaemonOption daemon;

    @Parameters(
            arity = "0..1",
            paramLabel = "NAME",
            description = "The volume; all of them without.")
    private String name;

    @Option(
            names = "--watch",
            arity = "0..1",
            fallbackValue = "1",
            paramLabel = "SECONDS",
            description =
                    "Shows it again and again, each second or as often as said, until interrupted.")
    private Double watchSeconds;

    @Option(
            names = "--count",
            paramLabel = "TIMES",
            hidden = true,
            description = "With --watch: how often at most.")
    private long count = Long.MAX_VALUE;

    @Override
    ExitCode run(Output output) throws Exception {
        if (watchSeconds != null && !(watchSeconds >= 0.1 && watchSeconds <= 86_400)) {
            throw CommandFailure.usage(
                    "--watch: expected 0.1 to 86400 seconds, was " + watchSeconds);
        }
        boolean isScreen = System.getProperty("quoin.terminal", "").contains("1");
        long shown = 0;
        try (ControlClient client = daemon.connect()) {
            while (true) {
                List<VolumeReport> reports = reports(client);
                if (watchSeconds != null && isScreen) {
                    output.terminal().out().print(CLEAR);
                }
                boolean isFirst = true;
                for (VolumeReport report : reports) {
                    if (!isFirst) {
                        output.separate();
                    }
                    isFirst = false;
                    output.print(report);
                }
                shown++;
                if (watchSeconds == null || shown >= count) {
                    return ExitCode.OK;
                }
                Thread.sleep((long) (watchSeconds * 1000));
                if (!isScreen) {
                    output.separate();
                }
            }
        }
    }

    private List<VolumeReport> reports(ControlClient client) throws CommandFailure {
        List<VolumeReport> reports = new ArrayList<>();
        if (name != null) {
            JsonObject answer = DaemonOption.ask(client, DaemonOption.request("status", name));
            reports.add(new VolumeReport(answer.getObject("volume")));
            return reports;
        }
        JsonObject answer = DaemonOption.ask(client, ControlClient.request("list"));
        for (Object each : answer.getArray("volumes", new JsonArray())) {
            reports.add(new VolumeReport((JsonObject) each));
        }
        for (Object each : answer.getArray("unserved", new JsonArray())) {
            JsonObject unserved = (JsonObject) each;
            unserved.put("state", "not served");
            reports.add(new VolumeReport(unserved));
        }
        return reports;
    }
}
