package io.quoin.daemon.control;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonWriter;
import io.quoin.daemon.control.api.JsonLine;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import jdk.net.ExtendedSocketOptions;

/// Accepts commands on a Unix socket, mode 0660: who may open it may do everything.
///
/// A connection sends requests one after the other, each on a line; it is served by a virtual thread.
/// A line is at most 256 KiB, 64 connections are served at a time, and one that says nothing for five
/// minutes is closed.
public final class ControlServer implements AutoCloseable {
    static final int MAX_LINE_BYTES = 256 << 10;
    static final int MAX_CONNECTIONS = 64;

    private static final System.Logger LOG = System.getLogger("io.quoin.control");
    private static final long IDLE_NANOS = TimeUnit.MINUTES.toNanos(5);
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int BACKLOG = 128;

    private final ServerSocketChannel channel;
    private final Path path;
    private final Object fileKey;
    private final Commands commands;
    private final Map<SocketChannel, Waiting> connections = new ConcurrentHashMap<>();

    /// Since when a connection has been waited for.
    private static final class Waiting {
        private volatile long sinceNanos = System.nanoTime();
        private volatile boolean isBusy;
    }

    private ControlServer(ServerSocketChannel channel, Path path, Commands commands)
            throws IOException {
        this.channel = channel;
        this.path = path;
        this.commands = commands;
        fileKey = fileKey(path);
    }

    /// Binds the socket and begins to accept.
    ///
    /// @param path the socket; one that nobody answers at is replaced
    /// @param commands what can be asked
    /// @return the server
    /// @throws IOException naming the path, when another daemon answers there or it cannot be made
    public static ControlServer open(Path path, Commands commands) throws IOException {
        removeStale(path);
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(UnixDomainSocketAddress.of(path), BACKLOG);
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"));
            ControlServer server = new ControlServer(channel, path, commands);
            Thread.ofPlatform().daemon(true).name("control-accept").start(server::run);
            Thread.ofVirtual().name("control-idle").start(server::closeIdle);
            return server;
        } catch (IOException | RuntimeException e) {
            channel.close();
            BindException named =
                    new BindException("control socket " + path + ": " + e.getMessage());
            named.initCause(e);
            throw named;
        }
    }

    private static void removeStale(Path path) throws IOException {
        BasicFileAttributes attributes;
        try {
            attributes =
                    Files.readAttributes(
                            path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return;
        }
        if (!attributes.isOther()) {
            throw new BindException(
                    "control socket " + path + ": expected a socket or nothing, was a file");
        }
        try {
            SocketChannel.open(UnixDomainSocketAddress.of(path)).close();
            throw new BindException(
                    "control socket "
                            + path
                            + ": expected nobody, another daemon answers there; --control names another");
        } catch (ConnectException e) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "control socket " + path + ": nobody answers, replacing it");
            Files.deleteIfExists(path);
        }
    }

    private static Object fileKey(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }

    private void run() {
        while (channel.isOpen()) {
            try {
                SocketChannel client = channel.accept();
                connections.put(client, new Waiting());
                Thread.ofVirtual().name("control").start(() -> serve(client));
            } catch (IOException | RuntimeException | Error e) {
                if (channel.isOpen()) {
                    LockSupport.parkNanos(RETRY_NANOS);
                    LOG.log(
                            System.Logger.Level.WARNING,
                            "control socket " + path + ": accept failed, trying again: " + e);
                }
            }
        }
    }

    private void serve(SocketChannel client) {
        Waiting waiting = connections.get(client);
        try (client) {
            if (connections.size() > MAX_CONNECTIONS) {
                send(
                        client,
                        Commands.failure(
                                "expected at most "
                                        + MAX_CONNECTIONS
                                        + " connections to the control socket, try again later"));
                return;
            }
            String who = user(client);
            ByteBuffer buffer = ByteBuffer.allocate(4096);
            Optional<String> line = readLine(client, buffer);
            while (line.isPresent()) {
                waiting.isBusy = true;
                send(client, answer(line.get(), who));
                waiting.sinceNanos = System.nanoTime();
                waiting.isBusy = false;
                line = readLine(client, buffer);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "control connection ended: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "control connection ended by a bug", e);
        } finally {
            connections.remove(client);
        }
    }

    /// {@return the user at the other end as the kernel knows it, empty when it does not say}
    private static String user(SocketChannel client) {
        try {
            return client.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
        } catch (IOException | UnsupportedOperationException e) {
            return "";
        }
    }

    private JsonObject answer(String line, String who) {
        try {
            return commands.answer(JsonLine.parse(line), who);
        } catch (JsonLine.Malformed e) {
            return Commands.failure("request: expected a JSON object on a line: " + e.getMessage());
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "a command failed by a bug", e);
            return Commands.failure("a bug in the daemon, see its log: " + e);
        }
    }

    /// {@return the next line, nothing at the end or when it is too long, which is said; the buffer keeps
    /// what came after it}
    private static Optional<String> readLine(SocketChannel client, ByteBuffer buffer)
            throws IOException {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        while (true) {
            buffer.flip();
            while (buffer.hasRemaining()) {
                byte next = buffer.get();
                if (next == '\n') {
                    buffer.compact();
                    return Optional.of(line.toString(StandardCharsets.UTF_8));
                }
                if (line.size() == MAX_LINE_BYTES) {
                    send(
                            client,
                            Commands.failure(
                                    "request: expected at most "
                                            + MAX_LINE_BYTES
                                            + " bytes on a line, was more"));
                    return Optional.empty();
                }
                line.write(next);
            }
            buffer.clear();
            if (client.read(buffer) < 0) {
                return Optional.empty();
            }
        }
    }

    private static void send(SocketChannel client, JsonObject answer) throws IOException {
        ByteBuffer line =
                ByteBuffer.wrap(
                        (JsonWriter.string(answer) + "\n").getBytes(StandardCharsets.UTF_8));
        while (line.hasRemaining()) {
            client.write(line);
        }
    }

    private void closeIdle() {
        while (channel.isOpen()) {
            LockSupport.parkNanos(TimeUnit.SECONDS.toNanos(10));
            connections.forEach((client, waiting) -> {
                if (!waiting.isBusy && System.nanoTime() - waiting.sinceNanos > IDLE_NANOS) {
                    closeQuietly(client);
                }
            });
        }
    }

    /// Accepts nobody any more and closes every connection; what is being carried out goes on.
    @Override
    public void close() {
        try {
            channel.close();
            if (fileKey.equals(fileKey(path))) {
                Files.deleteIfExists(path);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "closing " + path + ": " + e.getMessage());
        }
        connections.keySet().forEach(ControlServer::closeQuietly);
    }

    private static void closeQuietly(SocketChannel client) {
        try {
            client.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, "closing a connection: " + e.getMessage());
        }
    }
}
