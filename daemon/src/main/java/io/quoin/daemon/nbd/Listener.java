package io.quoin.daemon.nbd;

import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import jdk.net.ExtendedSocketOptions;

/// Accepts clients at one address, on a thread of its own.
///
/// The file of a Unix socket outlives its server. One that nobody answers at is replaced; one that
/// somebody answers at, or that is no socket, is refused by name.
final class Listener {
    /// Takes accepted clients over.
    interface Acceptor {
        void accepted(SocketChannel channel, String peer) throws IOException;
    }

    private static final System.Logger LOG = System.getLogger("io.quoin.nbd");
    private static final int BACKLOG = 1024;
    private static final long RETRY_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    private static final int KEEPALIVE_IDLE_SECONDS = 60;
    private static final int KEEPALIVE_INTERVAL_SECONDS = 10;
    private static final int KEEPALIVE_PROBES = 6;

    private final ServerSocketChannel channel;
    private final SocketAddress address;
    private final Object fileKey;
    private final LogLimiter log;
    private final Acceptor acceptor;
    private final Thread thread;

    private Listener(ServerSocketChannel channel, LogLimiter log, Acceptor acceptor)
            throws IOException {
        this.channel = channel;
        this.log = log;
        this.acceptor = acceptor;
        address = channel.getLocalAddress();
        fileKey = address instanceof UnixDomainSocketAddress unix ? fileKey(unix.getPath()) : null;
        thread = Thread.ofPlatform().daemon(true).name("nbd-accept").unstarted(this::run);
    }

    /// Binds an address and begins to accept.
    ///
    /// @throws BindException when the address is taken
    /// @throws IOException when it cannot be bound
    static Listener open(SocketAddress address, LogLimiter log, Acceptor acceptor)
            throws IOException {
        ServerSocketChannel channel =
                switch (address) {
                    case UnixDomainSocketAddress unix -> bindUnix(unix);
                    case InetSocketAddress inet -> bindTcp(inet);
                    default -> throw new IllegalArgumentException("no address for NBD: " + address);
                };
        try {
            Listener listener = new Listener(channel, log, acceptor);
            listener.thread.start();
            return listener;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static ServerSocketChannel bindTcp(InetSocketAddress address) throws IOException {
        ServerSocketChannel channel = ServerSocketChannel.open();
        try {
            channel.bind(address, BACKLOG);
        } catch (BindException e) {
            channel.close();
            throw named(address.toString(), e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
        if (!channel.socket().getInetAddress().isLoopbackAddress()) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "listening on "
                            + channel.getLocalAddress()
                            + " without TLS: who reaches this address reads and writes every export");
        }
        return channel;
    }

    private static ServerSocketChannel bindUnix(UnixDomainSocketAddress address)
            throws IOException {
        Path path = address.getPath();
        removeStale(address);
        ServerSocketChannel channel = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.bind(address, BACKLOG);
            // Until here the umask ruled; the usual 022 lets nobody else connect.
            Files.setPosixFilePermissions(path, PosixFilePermissions.fromString("rw-rw----"));
            return channel;
        } catch (BindException e) {
            channel.close();
            throw named(path.toString(), e);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    private static void removeStale(UnixDomainSocketAddress address) throws IOException {
        Path path = address.getPath();
        BasicFileAttributes attributes;
        try {
            attributes =
                    Files.readAttributes(
                            path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS);
        } catch (NoSuchFileException e) {
            return;
        }
        if (!attributes.isOther()) {
            throw new BindException(path + ": expected a socket or nothing, was a file");
        }
        try {
            SocketChannel.open(address).close();
            throw new BindException(path + ": another server answers at this socket");
        } catch (ConnectException e) {
            LOG.log(
                    System.Logger.Level.INFO,
                    path + ": nobody answers at this socket, replacing it");
            Files.deleteIfExists(path);
        }
    }

    private static BindException named(String what, BindException cause) {
        BindException named = new BindException(what + ": " + cause.getMessage());
        named.initCause(cause);
        return named;
    }

    private static Object fileKey(Path path) throws IOException {
        return Files.readAttributes(path, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS)
                .fileKey();
    }

    /// {@return where it listens; a port that was chosen is filled in}
    SocketAddress address() {
        return address;
    }

    private void run() {
        long count = 0;
        while (channel.isOpen()) {
            try {
                SocketChannel client = channel.accept();
                count++;
                accept(client, count);
            } catch (IOException | RuntimeException | Error e) {
                // Out of descriptors, threads or heap, mostly: clients that leave give some back,
                // and the server must be there for the next.
                if (channel.isOpen()) {
                    LockSupport.parkNanos(RETRY_NANOS);
                    log.log(
                            System.Logger.Level.WARNING,
                            "accept at " + address + " failed, trying again: " + e);
                }
            }
        }
    }

    private void accept(SocketChannel client, long count) throws IOException {
        try {
            String peer;
            if (address instanceof UnixDomainSocketAddress) {
                peer = address + "#" + count;
            } else {
                client.setOption(StandardSocketOptions.TCP_NODELAY, true);
                // A client whose host is gone sends nothing more: after two minutes we know.
                client.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
                client.setOption(ExtendedSocketOptions.TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS);
                client.setOption(
                        ExtendedSocketOptions.TCP_KEEPINTERVAL, KEEPALIVE_INTERVAL_SECONDS);
                client.setOption(ExtendedSocketOptions.TCP_KEEPCOUNT, KEEPALIVE_PROBES);
                peer = String.valueOf(client.getRemoteAddress());
            }
            acceptor.accepted(client, peer);
        } catch (IOException | RuntimeException | Error e) {
            client.close();
            log.log(
                    System.Logger.Level.WARNING,
                    "client at " + address + " closed before the greeting: " + e);
        }
    }

    /// Accepts nobody any more.
    void close() {
        try {
            channel.close();
            if (address instanceof UnixDomainSocketAddress unix
                    && fileKey.equals(fileKey(unix.getPath()))) {
                Files.deleteIfExists(unix.getPath());
            }
        } catch (IOException e) {
            LOG.log(
                    System.Logger.Level.DEBUG,
                    "closing the listener at " + address + ": " + e.getMessage());
        }
    }
}
