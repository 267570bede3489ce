package io.quoin.daemon.control;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonWriter;
import io.quoin.daemon.config.ConfigException;
import io.quoin.daemon.config.Options;
import io.quoin.daemon.config.StateDirectory;
import io.quoin.daemon.control.api.JsonLine;
import io.quoin.daemon.fuzz.TemporaryFolder;
import io.quoin.daemon.host.VolumeHost;
import io.quoin.daemon.metrics.Metrics;
import io.quoin.daemon.nbd.NbdServer;
import io.quoin.daemon.nbd.NbdSettings;
import io.quoin.daemon.observe.EventLog;
import io.quoin.fuzz.FuzzTarget;
import io.quoin.volume.EngineSettings;
import io.quoin.volume.repair.GovernorLimits;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/// A line on the control socket: an answer that can be sent, whatever the line was. Paths lead to where
/// nothing is, so that no request makes or opens anything.
public final class ControlRequestFuzz implements FuzzTarget {
    private static final String NOWHERE = "/nonexistent-quoin-fuzz";

    private final Commands commands;

    /// A target with a daemon that serves nothing.
    ///
    /// @throws ConfigException when there is no folder for its state
    public ControlRequestFuzz() throws ConfigException {
        StateDirectory state = StateDirectory.open(TemporaryFolder.make());
        EventLog events = new EventLog();
        NbdServer nbd = new NbdServer(NbdSettings.DEFAULT);
        VolumeHost host =
                new VolumeHost(
                        nbd,
                        state,
                        new EngineSettings(4 << 20, 64, 100_000_000, 2, GovernorLimits.DEFAULT, 0),
                        events);
        commands =
                new Commands(
                        host,
                        nbd,
                        events,
                        new Metrics(host, nbd, "1.2.3"),
                        Options.parse().settings(),
                        "1.2.3");
    }

    @Override
    public String name() {
        return "control-request";
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                bytes("{\"command\":\"ping\"}"),
                bytes("{\"command\":\"list\"}"),
                bytes(
                        "{\"command\":\"create\",\"name\":\"orders\",\"level\":\"raid5\",\"members\":"
                                + "[\"/a\",\"/b\",\"/c\"],\"sizeBytes\":104857600,\"copies\":0,"
                                + "\"unitBytes\":65536,\"guard\":\"crc32c\",\"force\":true}"),
                bytes("{\"command\":\"open\",\"members\":[\"/a\"],\"bufferBytes\":67108864}"),
                bytes("{\"command\":\"open\",\"volume\":\"orders\"}"),
                bytes("{\"command\":\"close\",\"volume\":\"orders\",\"forget\":true}"),
                bytes("{\"command\":\"member.fail\",\"volume\":\"v\",\"slot\":1,\"reason\":\"r\"}"),
                bytes(
                        "{\"command\":\"member.replace\",\"volume\":\"v\",\"slot\":1,\"path\":\"/x\","
                                + "\"force\":false,\"make\":true}"),
                bytes("{\"command\":\"job.rate\",\"volume\":\"v\",\"bytesPerSecond\":1e9}"),
                bytes("{\"command\":\"events\",\"count\":10,\"volume\":\"v\",\"after\":3}"),
                bytes("{\"command\":\"scrub.status\",\"volume\":\"\\u0000\"}"),
                bytes("{\"a\":" + "[".repeat(20_000)),
                bytes("{\"a\":".repeat(20_000)),
                bytes("null"));
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    @Override
    public void run(byte[] input) {
        JsonObject request;
        try {
            request = JsonLine.parse(new String(input, StandardCharsets.UTF_8));
        } catch (JsonLine.Malformed e) {
            return;
        }
        leadNowhere(request);
        JsonObject answer = commands.answer(request, "fuzz");
        if (!(answer.get("ok") instanceof Boolean isDone)
                || !isDone && !(answer.get("error") instanceof String)) {
            throw new AssertionError("answer " + answer);
        }
        if (JsonWriter.string(answer).indexOf('\n') >= 0) {
            throw new AssertionError("an answer of two lines: " + answer);
        }
    }

    private static void leadNowhere(Object value) {
        switch (value) {
            case JsonObject object -> {
                for (Map.Entry<String, Object> each : object.entrySet()) {
                    each.setValue(astray(each.getValue()));
                }
            }
            case JsonArray array -> array.replaceAll(ControlRequestFuzz::astray);
            case null, default -> {}
        }
    }

    private static Object astray(Object value) {
        leadNowhere(value);
        return value instanceof String text && text.startsWith("/") ? NOWHERE + text : value;
    }
}
