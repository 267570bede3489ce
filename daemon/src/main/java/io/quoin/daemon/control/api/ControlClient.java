package io.quoin.daemon.control.api;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.SocketException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Timer;
import java.util.TimerTask;
import java.util.concurrent.atomic.AtomicBoolean;

/// Asks a daemon: one request, one answer, over its control socket. One thread at a time.
public final class ControlClient implements AutoCloseable {
    /// Where the daemon accepts commands unless told otherwise.
    public static final Path DEFAULT_SOCKET = Path.of("/run/quoin/control.sock");

    private static final int MAX_ANSWER_BYTES = 64 << 20;

    private final Path socket;
    private final SocketChannel channel;
    private final InputStream in;

    private ControlClient(Path socket, SocketChannel channel) {
        this.socket = socket;
        this.channel = channel;
        in = Channels.newInputStream(channel);
    }

    /// {@return a connection to the daemon}
    ///
    /// @param socket its control socket
    /// @throws ControlException when nobody is there, or nobody may talk to it
    public static ControlClient connect(Path socket) throws ControlException {
        try {
            if (!Files.exists(socket) && Files.isReadable(existingParent(socket))) {
                throw absent(socket, "no such socket", null);
            }
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            try {
                channel.connect(UnixDomainSocketAddress.of(socket));
                return new ControlClient(socket, channel);
            } catch (IOException | RuntimeException e) {
                channel.close();
                throw e;
            }
        } catch (ConnectException e) {
            throw absent(socket, "nobody answers", e);
        } catch (SocketException e) {
            throw unreachable(socket, e.getMessage(), e);
        } catch (IOException | IllegalArgumentException e) {
            throw unreachable(socket, e.getMessage(), e);
        }
    }

    private static Path existingParent(Path path) {
        Path parent = path.toAbsolutePath().getParent();
        while (parent != null && !Files.exists(parent)) {
            parent = parent.getParent();
        }
        return parent == null ? Path.of("/") : parent;
    }

    private static ControlException absent(Path socket, String why, Throwable cause) {
        return new ControlException(
                ControlException.Kind.ABSENT,
                "no daemon at "
                        + socket
                        + ": "
                        + why
                        + "; start one with `quoin serve`, or name its socket with --control",
                cause);
    }

    private static ControlException unreachable(Path socket, String why, Throwable cause) {
        return new ControlException(
                ControlException.Kind.UNREACHABLE, "daemon at " + socket + ": " + why, cause);
    }

    /// {@return a request}
    ///
    /// @param command its command, for example `status`
    public static JsonObject request(String command) {
        JsonObject request = new JsonObject();
        request.put("command", command);
        return request;
    }

    /// Asks, and waits for the answer however long it takes: creating and closing take their time.
    ///
    /// @param request a JSON object with `command`
    /// @return the answer, `ok` left out
    /// @throws ControlException with the daemon's own words when it refuses
    public JsonObject call(JsonObject request) throws ControlException {
        return exchange(request);
    }

    /// Asks, and gives up when the answer takes too long; the connection is closed then.
    ///
    /// @param request a JSON object with `command`
    /// @param millis how long to wait
    /// @return the answer, `ok` left out
    /// @throws ControlException with the daemon's own words when it refuses
    public JsonObject call(JsonObject request, long millis) throws ControlException {
        AtomicBoolean isLate = new AtomicBoolean();
        Timer timer = new Timer("control-timeout", true);
        timer.schedule(
                new TimerTask() {
                    @Override
                    public void run() {
                        isLate.set(true);
                        close();
                    }
                },
                millis);
        try {
            return exchange(request);
        } catch (ControlException e) {
            if (isLate.get()) {
                throw unreachable(socket, "no answer within " + millis + " ms", e);
            }
            throw e;
        } finally {
            timer.cancel();
        }
    }

    private JsonObject exchange(JsonObject request) throws ControlException {
        JsonObject answer;
        try {
            ByteBuffer line =
                    ByteBuffer.wrap(
                            (JsonWriter.string(request) + "\n").getBytes(StandardCharsets.UTF_8));
            while (line.hasRemaining()) {
                channel.write(line);
            }
            answer = JsonLine.parse(readLine());
        } catch (ClosedChannelException e) {
            throw unreachable(socket, "the connection was closed", e);
        } catch (IOException e) {
            throw unreachable(socket, String.valueOf(e.getMessage()), e);
        } catch (JsonLine.Malformed e) {
            throw unreachable(socket, "expected an answer in JSON: " + e.getMessage(), e);
        }
        if (!answer.getBoolean("ok")) {
            throw new ControlException(
                    ControlException.Kind.REFUSED,
                    answer.getString("error", "the daemon refused without a reason"),
                    null);
        }
        answer.remove("ok");
        return answer;
    }

    private String readLine() throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        byte[] piece = new byte[16 << 10];
        while (true) {
            int count = in.read(piece);
            if (count < 0) {
                throw new IOException(
                        line.size() == 0
                                ? "it closed the connection without an answer"
                                : "it closed the connection within its answer");
            }
            // One answer at a time: the end of a line is the end of what was sent.
            if (piece[count - 1] == '\n') {
                line.write(piece, 0, count - 1);
                return line.toString(StandardCharsets.UTF_8);
            }
            line.write(piece, 0, count);
            if (line.size() > MAX_ANSWER_BYTES) {
                throw new IOException("its answer is longer than " + MAX_ANSWER_BYTES + " bytes");
            }
        }
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            System.getLogger(ControlClient.class.getName())
                    .log(System.Logger.Level.DEBUG, "closing " + socket + ": " + e.getMessage());
        }
    }
}
