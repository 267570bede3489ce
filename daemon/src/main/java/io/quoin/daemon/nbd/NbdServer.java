package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.ExportName;
import io.quoin.volume.BlockDevice;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// Serves block devices over NBD: who is listened for, what there is, and how it all ends.
///
/// Exports and listeners come and go in any order while it runs. Every method may be called by any
/// thread; those with a timeout wait, none of the others does.
public final class NbdServer implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.quoin.nbd");
    private static final Duration CLOSE_TIMEOUT = Duration.ofSeconds(10);
    private static final long POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);
    private static final long WATCH_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final long THREAD_END_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final NbdSettings settings;
    private final LogLimiter clientLog = new LogLimiter(LOG);
    private final AtomicLong nextId = new AtomicLong(1);
    private final Set<Connection> connections = ConcurrentHashMap.newKeySet();
    private final SocketBuffers.Pool buffers = new SocketBuffers.Pool();
    private final Bell watchBell = new Bell();

    // Guarded by this.
    private final Map<ExportName, Export> exportByName = new LinkedHashMap<>();
    private final Map<SocketAddress, Listener> listenerByAddress = new LinkedHashMap<>();

    private volatile boolean isStopping;
    private volatile boolean isClosed;

    private final Handshake.Exports exports =
            new Handshake.Exports() {
                @Override
                public Optional<Export> find(ExportName name) {
                    return findExport(name);
                }

                @Override
                public List<ExportName> names() {
                    return exportNames();
                }

                @Override
                public boolean isStopping() {
                    return isStopping;
                }
            };

    /// A server without exports or listeners.
    ///
    /// @param settings limits on clients
    public NbdServer(NbdSettings settings) {
        this.settings = settings;
        Thread.ofPlatform().daemon(true).name("nbd-watch").start(this::watch);
    }

    /// Offers a device to clients.
    ///
    /// @param name what they call it; the default name, if nobody registers it, means the export that
    ///     was registered first
    /// @param device what it is; its size is told to clients as it is now
    /// @throws IllegalArgumentException when the name is taken, or the device's buffer pool is smaller
    ///     than 4 MiB
    public void register(ExportName name, BlockDevice device) {
        Export export = new Export(name, device);
        synchronized (this) {
            if (exportByName.putIfAbsent(name, export) != null) {
                throw new IllegalArgumentException("export " + name + " is registered already");
            }
        }
        LOG.log(
                System.Logger.Level.INFO,
                "export " + name + " offered: " + device.sizeBytes() + " bytes");
    }

    /// Takes an export back: nobody new may enter it, its clients get answers to what is in flight and
    /// ESHUTDOWN to all else, then they are closed.
    ///
    /// @param name the export's
    /// @param timeout how long to wait for requests in flight
    /// @return whether the device is free of requests; if not, they may still complete
    public boolean unregister(ExportName name, Duration timeout) {
        Export export;
        synchronized (this) {
            export = exportByName.remove(name);
        }
        if (export == null) {
            return true;
        }
        export.closeToNewcomers();
        boolean isFree = end(export::connections, timeout, "export withdrawn");
        LOG.log(
                isFree ? System.Logger.Level.INFO : System.Logger.Level.WARNING,
                "export " + name + " withdrawn" + (isFree ? "" : ": requests are still in flight"));
        return isFree;
    }

    /// {@return names of the exports, in order of registration}
    public synchronized List<ExportName> exportNames() {
        return List.copyOf(exportByName.keySet());
    }

    private synchronized Optional<Export> findExport(ExportName name) {
        Export export = exportByName.get(name);
        if (export == null && name.isDefault()) {
            return exportByName.values().stream().findFirst();
        }
        return Optional.ofNullable(export);
    }

    /// Accepts clients at an address.
    ///
    /// @param address a Unix socket, which gets mode 0660, or a TCP address; port 0 means any
    /// @return the address with the port that was chosen
    /// @throws java.net.BindException when another server has the address
    /// @throws IOException when it cannot be bound
    public SocketAddress listen(SocketAddress address) throws IOException {
        Listener listener = Listener.open(address, clientLog, this::accepted);
        synchronized (this) {
            if (!isStopping) {
                listenerByAddress.put(listener.address(), listener);
                LOG.log(System.Logger.Level.INFO, "listening on " + listener.address());
                return listener.address();
            }
        }
        listener.close();
        throw new IOException("listening on " + address + ": the server is stopping");
    }

    /// Accepts no more clients at an address; those that are connected stay.
    ///
    /// @param address as {@link #listen} returned it
    public void closeListener(SocketAddress address) {
        Listener listener;
        synchronized (this) {
            listener = listenerByAddress.remove(address);
        }
        if (listener != null) {
            listener.close();
            LOG.log(System.Logger.Level.INFO, "no longer listening on " + address);
        }
    }

    /// {@return where clients are accepted}
    public synchronized List<SocketAddress> listenAddresses() {
        return List.copyOf(listenerByAddress.keySet());
    }

    /// {@return how many clients are connected, those that still haggle too}
    public int connectionCount() {
        return connections.size();
    }

    /// {@return every connection as it is now, oldest first}
    public List<ConnectionStatus> connections() {
        return connections.stream()
                .map(Connection::status)
                .sorted(Comparator.comparingLong(ConnectionStatus::id))
                .toList();
    }

    /// Stops for good: accepts nobody, answers what is in flight, answers ESHUTDOWN to all else, and
    /// closes each client as soon as it has its answers; the rest when time is up.
    ///
    /// @param timeout how long to wait for requests in flight
    /// @return whether every request was answered and every connection has ended
    public boolean drain(Duration timeout) {
        List<SocketAddress> addresses;
        synchronized (this) {
            isStopping = true;
            addresses = List.copyOf(listenerByAddress.keySet());
        }
        addresses.forEach(this::closeListener);
        boolean isFree = end(() -> connections, timeout, "server stopping");
        if (!isFree) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    connections.size()
                            + " clients still had requests in flight after "
                            + timeout
                            + ": closed unanswered");
        }
        return isFree;
    }

    /// Drains for at most ten seconds.
    @Override
    public void close() {
        drain(CLOSE_TIMEOUT);
        isClosed = true;
        watchBell.ring();
    }

    private interface Users {
        Collection<Connection> now();
    }

    private boolean end(Users users, Duration timeout, String why) {
        long deadline = System.nanoTime() + timeout.toNanos();
        boolean isBusy = true;
        while (isBusy && System.nanoTime() - deadline < 0) {
            isBusy = false;
            // All are refused before the first is closed: who sees one closed knows the rest.
            users.now().forEach(Connection::refuseFromNow);
            for (Connection connection : users.now()) {
                if (connection.isBusy()) {
                    isBusy = true;
                } else {
                    connection.close(why);
                }
            }
            if (isBusy) {
                LockSupport.parkNanos(POLL_NANOS);
            }
        }
        users.now().forEach(connection -> connection.close(why));
        long threadsDeadline = System.nanoTime() + THREAD_END_NANOS;
        while (!users.now().isEmpty() && System.nanoTime() - threadsDeadline < 0) {
            LockSupport.parkNanos(POLL_NANOS);
        }
        return users.now().isEmpty();
    }

    private void accepted(SocketChannel channel, String peer) throws IOException {
        if (isStopping || connections.size() >= settings.maxConnections()) {
            channel.close();
            if (!isStopping) {
                clientLog.log(
                        System.Logger.Level.WARNING,
                        "client "
                                + peer
                                + " refused: expected at most "
                                + settings.maxConnections()
                                + " connections");
            }
            return;
        }
        Connection connection =
                new Connection(this, nextId.getAndIncrement(), peer, new SocketTransport(channel));
        connections.add(connection);
        watchBell.ring();
        try {
            connection.start();
        } catch (Error e) {
            // No thread to be had.
            connections.remove(connection);
            throw e;
        }
        if (isStopping) {
            connection.refuseFromNow();
        }
    }

    private void watch() {
        while (!isClosed) {
            watchBell.prepare();
            if (connections.isEmpty() && !isClosed) {
                watchBell.sleep();
            } else {
                watchBell.cancel();
                LockSupport.parkNanos(WATCH_NANOS);
            }
            try {
                closeLate();
            } catch (RuntimeException | Error e) {
                clientLog.log(System.Logger.Level.ERROR, "watching over clients failed once", e);
            }
        }
    }

    // Closes clients that haggle for too long, and those that stand still on memory that another
    // client waits for. Sleeps while there are no clients.
    private void closeLate() {
        long deadlineNanos = settings.handshakeDeadline().toNanos();
        for (Connection connection : connections) {
            if (connection.handshakeNanos() > deadlineNanos) {
                connection.close("no export chosen within " + settings.handshakeDeadline());
            }
        }
        List<Export> all;
        synchronized (this) {
            all = new ArrayList<>(exportByName.values());
        }
        all.forEach(this::closeStalled);
    }

    private void closeStalled(Export export) {
        long limitNanos = settings.stallLimit().toNanos();
        if (export.memory().starvedNanos() < Math.min(limitNanos, TimeUnit.SECONDS.toNanos(1))) {
            return;
        }
        for (Connection connection : export.connections()) {
            if (connection.stalledNanos() > limitNanos) {
                connection.close(
                        "stood still for "
                                + settings.stallLimit()
                                + " while others wait for memory");
            }
        }
    }

    /// A connection's thread is done with it.
    void ended(Connection connection) {
        connections.remove(connection);
    }

    NbdSettings settings() {
        return settings;
    }

    SocketBuffers.Pool buffers() {
        return buffers;
    }

    LogLimiter clientLog() {
        return clientLog;
    }

    Handshake.Exports exports() {
        return exports;
    }
}
