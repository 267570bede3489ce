package io.quoin.volume.remote;

import io.quoin.codec.nbd.CommandFlag;
import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.TransmissionFlag;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.MemberIo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardProtocolFamily;
import java.net.StandardSocketOptions;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// A member behind an NBD server: any that knows FLUSH. The server lets every host write that reaches it; whose volume it is the hosts
/// settle among themselves by marks on the member ({@link Ownership}).
///
/// A write is durable when the server says so of one with FUA, or of a FLUSH behind it where it has no FUA. Whether that is true is the
/// server's to answer for.
public final class RemoteFile implements BlockFile {
    private static final int CONNECT_MILLIS = 5_000;
    private static final long ANSWER_MILLIS = 30_000;
    private static final long QUIET_NANOS = 2_000_000_000L;
    private static final int BLOCK = 4096;

    /// Of a WRITE_ZEROES: short enough for a server that does write them.
    private static final long CLEAR_BYTES = 64L << 20;

    /// Exports this process has open: what goes for files. One whose connection is lost may be opened again.
    private static final ConcurrentMap<String, AtomicReference<RemoteFile>> OPEN =
            new ConcurrentHashMap<>();

    private final NbdExport export;
    private final NbdConnection connection;
    private final boolean isWritable;

    /// Whether a running engine has it, which knows itself when to give it up.
    private volatile boolean isServed;

    private final AtomicReference<RemoteFile> place;
    private final AtomicBoolean isClosed = new AtomicBoolean();
    private final ThreadLocal<MemorySegment> memories =
            ThreadLocal.withInitial(() -> MemorySegment.NULL);

    private RemoteFile(
            NbdExport export,
            NbdConnection connection,
            boolean isWritable,
            AtomicReference<RemoteFile> place) {
        this.export = export;
        this.place = place;
        this.connection = connection;
        this.isWritable = isWritable;
    }

    /// Connects to a member.
    ///
    /// @param export where
    /// @param isWritable false: for examination; writes fail
    /// @return the open member
    /// @throws IOException naming the export and what is wrong: not reachable, refused, read-only, without FLUSH, plain text to
    ///     another host
    static RemoteFile open(NbdExport export, boolean isWritable) throws IOException {
        String key = export.place().toString();
        AtomicReference<RemoteFile> place = new AtomicReference<>();
        AtomicReference<RemoteFile> taken = OPEN.putIfAbsent(key, place);
        if (taken != null && !(isLost(taken.get()) && OPEN.replace(key, taken, place))) {
            throw new IOException(export + ": in use by a volume of this daemon");
        }
        RemoteFile file = null;
        try {
            file = connect(export, isWritable, place);
            place.set(file);
            return file;
        } catch (IOException e) {
            String reason = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
            throw new IOException(export + ": " + reason, e);
        } finally {
            if (file == null) {
                OPEN.remove(key, place);
            }
        }
    }

    private static boolean isLost(RemoteFile file) {
        return file != null && file.isLost();
    }

    private static RemoteFile connect(
            NbdExport export, boolean isWritable, AtomicReference<RemoteFile> place)
            throws IOException {
        SocketChannel channel =
                export.socket() != null
                        ? SocketChannel.open(StandardProtocolFamily.UNIX)
                        : SocketChannel.open();
        NbdConnection connection = null;
        CountDownLatch shaken = new CountDownLatch(1);
        try {
            // A server that says nothing is not waited for.
            Thread.ofVirtual().start(() -> closeAfter(shaken, channel));
            connect(channel, export);
            Negotiation.Offer offer = Negotiation.of(channel, export.export());
            shaken.countDown();
            check(offer, isWritable);
            connection = new NbdConnection(export.toString(), channel, offer);
            return new RemoteFile(export, connection, isWritable, place);
        } catch (java.nio.channels.ClosedChannelException e) {
            throw new IOException(
                    "expected a server that answers within "
                            + CONNECT_MILLIS / 1000
                            + " seconds, found none",
                    e);
        } finally {
            shaken.countDown();
            if (connection == null) {
                channel.close();
            }
        }
    }

    private static void closeAfter(CountDownLatch shaken, SocketChannel channel) {
        try {
            if (!shaken.await(CONNECT_MILLIS, TimeUnit.MILLISECONDS)) {
                channel.close();
            }
        } catch (InterruptedException | IOException e) {
            System.getLogger(RemoteFile.class.getName())
                    .log(System.Logger.Level.DEBUG, "a handshake's limit", e);
        }
    }

    private static void connect(SocketChannel channel, NbdExport export) throws IOException {
        if (export.socket() != null) {
            channel.connect(UnixDomainSocketAddress.of(export.socket()));
            return;
        }
        InetAddress address;
        try {
            address = InetAddress.getByName(export.host());
        } catch (UnknownHostException e) {
            throw new IOException("host " + export.host() + ": expected one with an address", e);
        }
        if (!address.isLoopbackAddress() && !export.isPlaintext()) {
            throw new IOException(
                    "expected an address of this host, was "
                            + address.getHostAddress()
                            + ": there is no TLS to members yet; ?plaintext=yes accepts that whoever is on"
                            + " the way reads and changes the member");
        }
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_KEEPALIVE, true);
        channel.connect(new InetSocketAddress(address, export.port()));
    }

    private static void check(Negotiation.Offer offer, boolean isWritable) throws IOException {
        if (offer.leastBytes() > BLOCK || offer.mostBytes() < NbdConnection.MOST_BYTES) {
            throw new IOException(
                    "expected a server that takes requests of 4096 bytes to 4 MiB, this one takes "
                            + offer.leastBytes()
                            + " to "
                            + offer.mostBytes());
        }
        if (isWritable && offer.has(TransmissionFlag.READ_ONLY)) {
            throw new IOException("read-only, a member must be writable");
        }
        if (isWritable && !offer.has(TransmissionFlag.SEND_FLUSH)) {
            throw new IOException(
                    "expected a server with FLUSH, found one without: it promises to keep nothing");
        }
    }

    /// Ends the connection: the server does not answer.
    void giveUp() {
        connection.giveUp();
    }

    /// {@return whether the connection has ended}
    boolean isLost() {
        return connection.isLost();
    }

    @Override
    public String name() {
        return export.toString();
    }

    @Override
    public long lengthBytes() {
        return connection.offer().sizeBytes();
    }

    @Override
    public String mode() {
        return connection.offer().has(TransmissionFlag.SEND_FUA)
                ? "NBD, FUA, not fenced"
                : "NBD, flushed, not fenced";
    }

    /// Whether the server reads from its page cache is not known to us.
    @Override
    public boolean isCached() {
        return true;
    }

    @Override
    public IoResult read(MemorySegment target, long targetOffset, int lengthBytes, long offset) {
        if (offset + lengthBytes > lengthBytes()) {
            return IoResult.SHORT;
        }
        IoResult result = IoResult.OK;
        for (int at = 0; at < lengthBytes && result.isOk(); at += NbdConnection.MOST_BYTES) {
            int bytes = Math.min(lengthBytes - at, NbdConnection.MOST_BYTES);
            MemorySegment memory = memory(bytes);
            result = carryOut(new Io().set(Io.Kind.READ, memory, 0, bytes, offset + at));
            if (result.isOk()) {
                MemorySegment.copy(memory, 0, target, targetOffset + at, bytes);
            }
        }
        return result;
    }

    @Override
    public IoResult write(
            MemorySegment source,
            long sourceOffset,
            int lengthBytes,
            long offset,
            boolean isDurable) {
        if (!isWritable) {
            return IoResult.CLOSED;
        }
        Io.Kind kind = isDurable ? Io.Kind.WRITE_DURABLE : Io.Kind.WRITE;
        IoResult result = IoResult.OK;
        for (int at = 0; at < lengthBytes && result.isOk(); at += NbdConnection.MOST_BYTES) {
            int bytes = Math.min(lengthBytes - at, NbdConnection.MOST_BYTES);
            MemorySegment memory = memory(bytes);
            MemorySegment.copy(source, sourceOffset + at, memory, 0, bytes);
            result = carryOut(new Io().set(kind, memory, 0, bytes, offset + at));
        }
        return result;
    }

    /// {@return memory of the calling thread that others may use too, as that of who calls may not be}
    private MemorySegment memory(int bytes) {
        MemorySegment memory = memories.get();
        if (memory.byteSize() < bytes) {
            memory = Arena.ofAuto().allocate(bytes, BLOCK);
            memories.set(memory);
        }
        return memory;
    }

    @Override
    public IoResult clear(MemorySegment zeros, long offsetBytes, long lengthBytes) {
        if (!isWritable || !connection.offer().has(TransmissionFlag.SEND_WRITE_ZEROES)) {
            return BlockFile.super.clear(zeros, offsetBytes, lengthBytes);
        }
        IoResult result = IoResult.OK;
        for (long at = 0; at < lengthBytes && result.isOk(); at += CLEAR_BYTES) {
            int bytes = (int) Math.min(lengthBytes - at, CLEAR_BYTES);
            Io io = new Io().set(Io.Kind.WRITE, zeros, 0, bytes, offsetBytes + at);
            result = carryOut(io, CommandType.WRITE_ZEROES, 0);
        }
        return result;
    }

    @Override
    public IoResult flush() {
        if (!isWritable) {
            return IoResult.CLOSED;
        }
        return carryOut(new Io().set(Io.Kind.FLUSH, MemorySegment.NULL, 0, 0, 0));
    }

    private IoResult carryOut(Io io) {
        CountDownLatch done = new CountDownLatch(1);
        connection.submit(io, each -> done.countDown());
        return await(io, done);
    }

    private IoResult carryOut(Io io, int command, int flags) {
        assert (flags & CommandFlag.FUA) == 0 : "flushed where it is to be durable";
        CountDownLatch done = new CountDownLatch(1);
        connection.submit(io, each -> done.countDown(), command, flags);
        return await(io, done);
    }

    private IoResult await(Io io, CountDownLatch done) {
        boolean isInterrupted = false;
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(ANSWER_MILLIS);
        while (true) {
            try {
                if (done.await(end - System.nanoTime(), TimeUnit.NANOSECONDS)) {
                    return io.result;
                }
                if (io.carrier.abandon(io)) {
                    memories.remove(); // it may still be sent
                    if (!isServed) {
                        giveUp(); // or each further call would wait as long
                    }
                    return IoResult.NO_ANSWER;
                }
                end = Long.MAX_VALUE; // it is being completed
            } catch (InterruptedException e) {
                isInterrupted = true; // memory of the caller's is at stake
            } finally {
                if (isInterrupted && done.getCount() == 0) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }

    /// What the server was sent it may still carry out: that is caught as a lost or stale write of any member is.
    @Override
    public boolean isClosableWhenStuck() {
        return true;
    }

    @Override
    public MemberIo newIo(String name, int laneCount, Consumer<Io> completions) {
        isServed = true;
        return new MemberIo() {
            @Override
            public void submit(Io io) {
                connection.submit(io, completions);
            }

            @Override
            public boolean abandon(Io io) {
                return io.carrier.abandon(io);
            }

            @Override
            public void giveUp() {
                RemoteFile.this.giveUp();
            }

            @Override
            public boolean isLost() {
                return RemoteFile.this.isLost();
            }

            @Override
            public boolean isQuiet() {
                return connection.isQuiet();
            }

            @Override
            public void close() {
                long start = System.nanoTime();
                while (!isQuiet() && System.nanoTime() - start < QUIET_NANOS) {
                    LockSupport.parkNanos(100_000);
                }
            }
        };
    }

    @Override
    public void close() {
        if (isClosed.compareAndSet(false, true)) {
            connection.close();
            OPEN.remove(export.place().toString(), place);
        }
    }
}
