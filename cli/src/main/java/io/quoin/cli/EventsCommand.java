package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import java.io.PrintWriter;
import java.time.Instant;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin events [NAME]`: what happened to volumes since the daemon started.
@Command(name = "events", description = "Shows the last events of a volume, or of all.")
final class EventsCommand extends QuoinCommand {
    private static final long POLL_MILLIS = 500;

    @Mixin private DaemonOption daemon;

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "The volume; all without.")
    private String name;

    @Option(
            names = "--count",
            paramLabel = "COUNT",
            description = "How many at most, 1 to 1024 (20).")
    private int count = 20;

    @Option(names = "--follow", description = "Goes on with those that come, until interrupted.")
    private boolean isFollowing;

    @Override
    ExitCode run(Output output) throws Exception {
        if (count < 1 || count > 1024) {
            throw CommandFailure.usage("--count: expected 1 to 1024, was " + count);
        }
        try (ControlClient client = daemon.connect()) {
            long after = print(output, events(client, count, 0), 0);
            while (isFollowing) {
                Thread.sleep(POLL_MILLIS);
                after = print(output, events(client, 1024, after), after);
            }
        }
        return ExitCode.OK;
    }

    private List<JsonObject> events(ControlClient client, int most, long after)
            throws CommandFailure {
        JsonObject request = ControlClient.request("events");
        request.put("count", most);
        request.put("after", after);
        if (name != null) {
            request.put("volume", name);
        }
        JsonArray found = DaemonOption.ask(client, request).getArray("events", new JsonArray());
        return found.stream().map(each -> (JsonObject) each).toList();
    }

    private static long print(Output output, List<JsonObject> events, long after) {
        long last = after;
        for (JsonObject event : events) {
            output.print(new Event(event));
            last = event.getLong("id");
        }
        return last;
    }

    private record Event(JsonObject event) implements Report {
        @Override
        public JsonObject toJson() {
            return event;
        }

        @Override
        public void writeText(PrintWriter out) {
            String volume = event.getString("volume");
            out.println(
                    Instant.ofEpochMilli(event.getLong("millis"))
                            + "  "
                            + event.getString("level")
                            + "  "
                            + (volume.isEmpty() ? "" : volume + ": ")
                            + event.getString("message"));
        }
    }
}
