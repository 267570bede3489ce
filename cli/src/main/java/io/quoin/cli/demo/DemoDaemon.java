package io.quoin.cli.demo;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import io.quoin.daemon.control.api.ControlException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// A quoind in a process of its own, on sockets and state in the demo's folder.
final class DemoDaemon implements AutoCloseable {
    private static final long PATIENCE_NANOS = 60_000_000_000L;

    private final Path program;
    private final Path folder;
    private Process process;

    DemoDaemon(Path program, Path folder) {
        this.program = program;
        this.folder = folder;
    }

    Path nbdSocket() {
        return folder.resolve("nbd.sock");
    }

    private Path controlSocket() {
        return folder.resolve("control.sock");
    }

    /// Starts the daemon and waits until it answers.
    ///
    /// @return milliseconds it took
    long start() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        ProcessBuilder builder =
                new ProcessBuilder(
                        program.toString(),
                        "--state=" + folder.resolve("state"),
                        "--socket=" + nbdSocket(),
                        "--control=" + controlSocket());
        builder.redirectErrorStream(true);
        builder.redirectOutput(
                ProcessBuilder.Redirect.appendTo(folder.resolve("quoind.log").toFile()));
        process = builder.start();
        while (true) {
            try (ControlClient client = ControlClient.connect(controlSocket())) {
                // Listening begins when every volume serves.
                client.call(ControlClient.request("ping"));
                connectOnce();
                return (System.nanoTime() - begin) / 1_000_000;
            } catch (ControlException | IOException e) {
                if (!process.isAlive() || System.nanoTime() - begin > PATIENCE_NANOS) {
                    throw new IOException(
                            "quoind does not answer; its log is " + folder.resolve("quoind.log"),
                            e);
                }
                Thread.sleep(20);
            }
        }
    }

    private void connectOnce() throws IOException {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(nbdSocket()));
        }
    }

    /// SIGKILL, at whatever it is doing.
    void kill() throws InterruptedException {
        process.destroyForcibly();
        process.waitFor();
    }

    JsonObject call(JsonObject request) throws IOException {
        try (ControlClient client = ControlClient.connect(controlSocket())) {
            return client.call(request, TimeUnit.SECONDS.toMillis(60));
        } catch (ControlException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    JsonObject status(String volume) throws IOException {
        JsonObject request = ControlClient.request("status");
        request.put("volume", volume);
        return call(request).getObject("volume");
    }

    long counter(String volume, String label) throws IOException {
        JsonObject counters = status(volume).getObject("counters");
        if (!counters.has(label)) {
            throw new IOException("status has no counter " + label + ": " + counters.keySet());
        }
        return counters.getLong(label);
    }

    /// Waits until the volume's status is as wished.
    JsonObject await(String volume, String what, Predicate<JsonObject> wish)
            throws IOException, InterruptedException {
        long begin = System.nanoTime();
        while (true) {
            JsonObject status = status(volume);
            if (wish.test(status)) {
                return status;
            }
            if (System.nanoTime() - begin > PATIENCE_NANOS) {
                throw new IOException("waited 60 s in vain for " + what);
            }
            Thread.sleep(50);
        }
    }

    /// {@return the newest job of a kind}
    static JsonObject job(JsonObject status, String kind) {
        JsonArray jobs = status.getArray("jobs");
        for (Object each : jobs) {
            if (each instanceof JsonObject job && kind.equals(job.getString("kind"))) {
                return job;
            }
        }
        return new JsonObject();
    }

    /// Stops in order, with force if that takes too long.
    @Override
    public void close() {
        if (process == null || !process.isAlive()) {
            return;
        }
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
