package io.quoin.daemon.fuzz;

import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import io.quoin.daemon.control.api.ControlException;
import io.quoin.fuzz.FuzzTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/// What the command line takes for a daemon's answer: an object, or a ControlException in one line.
public final class ControlAnswerFuzz implements FuzzTarget {
    private final Path socket = TemporaryFolder.make().resolve("control.sock");
    private volatile byte[] answer = {};

    /// A target with a server that answers whatever it is given.
    public ControlAnswerFuzz() {
        try {
            ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
            server.bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon(true).start(() -> serve(server));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void serve(ServerSocketChannel server) {
        ByteBuffer request = ByteBuffer.allocate(4096);
        while (true) {
            try (SocketChannel client = server.accept()) {
                request.clear();
                while (request.position() == 0 || request.get(request.position() - 1) != '\n') {
                    client.read(request);
                }
                ByteBuffer bytes = ByteBuffer.wrap(answer);
                while (bytes.hasRemaining()) {
                    client.write(bytes);
                }
            } catch (IOException e) {
                // The client gave up first.
            }
        }
    }

    @Override
    public String name() {
        return "control-answer";
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                "{\"ok\":true,\"version\":\"1\",\"pid\":1}\n".getBytes(StandardCharsets.UTF_8),
                "{\"ok\":false,\"error\":\"no \\u00e4\"}\n".getBytes(StandardCharsets.UTF_8),
                "{\"ok\":true,\"volumes\":[{\"a\":1.5e300,\"b\":[null,true]}]}\n"
                        .getBytes(StandardCharsets.UTF_8),
                ("{\"a\":" + "[".repeat(20_000) + "\n").getBytes(StandardCharsets.UTF_8),
                ("{\"a\":".repeat(20_000) + "\n").getBytes(StandardCharsets.UTF_8),
                "null\n".getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void run(byte[] input) {
        answer = input;
        try (ControlClient client = ControlClient.connect(socket)) {
            JsonObject got = client.call(ControlClient.request("ping"));
            if (got.has("ok")) {
                throw new AssertionError("ok is left in " + got);
            }
        } catch (ControlException e) {
            if (e.getMessage() == null) {
                throw new AssertionError("a failure without words", e);
            }
        }
    }
}
