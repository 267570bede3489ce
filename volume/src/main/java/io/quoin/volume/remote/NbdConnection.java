package io.quoin.volume.remote;

import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.BatchEventProcessorBuilder;
import com.lmax.disruptor.RingBuffer;
import io.quoin.codec.nbd.CommandFlag;
import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ErrorCode;
import io.quoin.codec.nbd.Magic;
import io.quoin.codec.nbd.RequestHeader;
import io.quoin.codec.nbd.SimpleReply;
import io.quoin.codec.nbd.TransmissionFlag;
import io.quoin.volume.member.Doorbell;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.SegmentViews;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Consumer;
import org.agrona.concurrent.ManyToManyConcurrentArrayQueue;

/// A connection to an NBD server with many requests under way. A thread sends, a thread receives:
///
/// ```
/// submit:    flight <- copy of io, owner <- io    --> ring --> sender: header and payload, several in one write
/// receiver:  reply's cookie --> flight            owner -> null, or given up; won: copy what was read, completion
/// ```
///
/// A connection that is lost is not made anew: the server may have lost what it had not made durable, and may still carry out what it
/// was sent. Everything under way ends with an error then, as does all that is submitted later, and the member leaves its volume.
///
/// Any thread.
final class NbdConnection implements AutoCloseable {
    /// Longest read or write.
    static final int MOST_BYTES = 4 << 20;

    private static final System.Logger LOG = System.getLogger(NbdConnection.class.getName());
    private static final int FLIGHTS = 512;

    /// A flight stands in it twice at most: in the batch that is being sent, where its reply has come already, and behind it.
    private static final int RING = 2 * FLIGHTS;

    private static final int PAGE = 4096;
    private static final int STAGING_BYTES = 256 << 10;

    /// Payload up to this is copied behind its header, so that it takes no call of its own.
    private static final int SMALL_BYTES = 64 << 10;

    private static final long CLOSE_MILLIS = 2_000;

    /// An operation on its way to the server and back.
    private static final class Flight implements Io.Carrier {
        /// What to do.
        private final Io work = new Io();

        /// The operation, until its reply has come or it is given up.
        private final AtomicReference<Io> owner = new AtomicReference<>();

        /// Whether it waits for a reply, given up or not. Set behind everything else, and read before it.
        private final AtomicBoolean isOut = new AtomicBoolean();

        private final int index;
        private Consumer<Io> completions;
        private int command;
        private int flags;

        /// Counts who has it, so that a reply that comes twice is not taken for another's.
        private int turn;

        Flight(int index) {
            this.index = index;
        }

        long cookie() {
            return (long) turn << 32 | index;
        }

        @Override
        public boolean abandon(Io io) {
            return owner.compareAndSet(io, null);
        }
    }

    /// Of an operation that was never sent.
    private static final Io.Carrier NOBODY = io -> false;

    /// A place in the ring.
    private static final class Place {
        private Flight flight;
    }

    private final String name;
    private final SocketChannel channel;
    private final Negotiation.Offer offer;
    private final Flight[] flights = new Flight[FLIGHTS];
    private final ManyToManyConcurrentArrayQueue<Flight> free =
            new ManyToManyConcurrentArrayQueue<>(FLIGHTS);
    private final AtomicInteger outCount = new AtomicInteger();
    private final RingBuffer<Place> ring =
            RingBuffer.createMultiProducer(Place::new, RING, new Doorbell());
    private final BatchEventProcessor<Place> sender;
    private final Thread sending;
    private final Thread receiving;

    /// Whether the socket is closed, so that nobody's memory is sent any more.
    private volatile boolean isCut;

    /// Why it is of no more use, or null.
    private final AtomicReference<String> failure = new AtomicReference<>();

    // The sender's.
    private final MemorySegment staged = Arena.ofAuto().allocate(STAGING_BYTES, PAGE);
    private final ByteBuffer staging = staged.asByteBuffer();
    private final SegmentViews views = new SegmentViews();

    // The receiver's.
    private final MemorySegment received = Arena.ofAuto().allocate(STAGING_BYTES, PAGE);
    private final ByteBuffer receiver = received.asByteBuffer().flip();
    private MemorySegment bounce = MemorySegment.NULL;
    private ByteBuffer bounceView = ByteBuffer.allocate(0);

    /// A connection that is ready for requests.
    ///
    /// @param name what operators call the member
    /// @param channel connected, past the handshake; closed with this
    /// @param offer what the server offers
    NbdConnection(String name, SocketChannel channel, Negotiation.Offer offer) {
        this.name = name;
        this.channel = channel;
        this.offer = offer;
        for (int i = 0; i < FLIGHTS; i++) {
            flights[i] = new Flight(i);
            free.add(flights[i]);
        }
        sender = new BatchEventProcessorBuilder().build(ring, ring.newBarrier(), this::send);
        ring.addGatingSequences(sender.getSequence());
        sending = start(sender, "send");
        receiving = start(this::receive, "receive");
    }

    private Thread start(Runnable work, String what) {
        return Thread.ofPlatform().daemon().name("quoin-nbd-" + what + " " + name).start(work);
    }

    /// {@return what the server offers}
    Negotiation.Offer offer() {
        return offer;
    }

    /// {@return whether no request waits for a reply}
    boolean isQuiet() {
        return outCount.get() == 0;
    }

    /// {@return whether it has ended, by whomever}
    boolean isLost() {
        return failure.get() != null;
    }

    /// Sends an operation. Never waits for the server.
    ///
    /// @param io at most {@link #MOST_BYTES}; its memory is used by threads of the connection
    /// @param completions told when it is done, by a thread of the connection
    void submit(Io io, Consumer<Io> completions) {
        assert io.lengthBytes <= MOST_BYTES : io;
        boolean isDurable = io.kind == Io.Kind.WRITE_DURABLE;
        submit(
                io,
                completions,
                switch (io.kind) {
                    case READ -> CommandType.READ;
                    case WRITE, WRITE_DURABLE -> CommandType.WRITE;
                    case FLUSH -> CommandType.FLUSH;
                },
                isDurable && offer.has(TransmissionFlag.SEND_FUA) ? CommandFlag.FUA : 0);
    }

    /// Sends a command that has an operation's range.
    ///
    /// @param io range, and whoever is told
    /// @param completions told when it is done, by a thread of the connection
    /// @param command of {@link CommandType}
    /// @param flags of {@link CommandFlag}
    void submit(Io io, Consumer<Io> completions, int command, int flags) {
        if (isCut) {
            io.carrier = NOBODY;
            io.result = IoResult.ERROR;
            completions.accept(io);
            return;
        }
        Flight flight = free.poll();
        if (flight == null) {
            throw new IllegalStateException(
                    name + ": expected at most " + FLIGHTS + " operations under way, found more");
        }
        flight.work.setAs(io);
        flight.completions = completions;
        flight.command = command;
        flight.flags = flags;
        flight.turn++;
        flight.owner.set(io);
        io.carrier = flight;
        outCount.incrementAndGet();
        flight.isOut.set(true);
        publish(flight);
        if (isCut) {
            end(flight, IoResult.ERROR); // whoever ended all may not have seen it
        }
    }

    private void publish(Flight flight) {
        assert ring.hasAvailableCapacity(1) : "more in the ring than there are flights";
        long sequence = ring.next();
        ring.get(sequence).flight = flight;
        ring.publish(sequence);
    }

    // What follows is the sender's.

    private void send(Place place, long sequence, boolean endOfBatch) {
        Flight flight = place.flight;
        place.flight = null;
        try {
            if (failure.get() == null) {
                if (flight.owner.get() == null) {
                    release(flight); // given up before it was sent
                } else {
                    stage(flight);
                }
                if (endOfBatch) {
                    sendStaged();
                }
            }
        } catch (IOException e) {
            fail("sending failed: " + reason(e));
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "member " + name + ": a bug", e);
            fail("a bug: " + e);
        }
        if (failure.get() != null) {
            end(flight, IoResult.ERROR);
        }
    }

    private void stage(Flight flight) throws IOException {
        Io work = flight.work;
        boolean isWrite = flight.command == CommandType.WRITE;
        boolean isCopied = isWrite && work.lengthBytes <= SMALL_BYTES;
        int bytes = RequestHeader.BYTES + (isCopied ? work.lengthBytes : 0);
        if (staging.remaining() < bytes) {
            sendStaged();
        }
        boolean isFlush = flight.command == CommandType.FLUSH;
        RequestHeader.put(
                staging,
                flight.flags,
                flight.command,
                flight.cookie(),
                isFlush ? 0 : work.offsetBytes,
                isFlush ? 0 : work.lengthBytes);
        if (isCopied) {
            int at = staging.position();
            MemorySegment.copy(work.segment, work.segmentOffset, staged, at, work.lengthBytes);
            staging.position(at + work.lengthBytes);
        } else if (isWrite) {
            sendStaged();
            sendAll(views.of(work.segment, work.segmentOffset, work.lengthBytes));
        }
    }

    private void sendStaged() throws IOException {
        sendAll(staging.flip());
        staging.clear();
    }

    private void sendAll(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
    }

    // What follows is the receiver's.

    private void receive() {
        try {
            while (failure.get() == null) {
                take();
            }
        } catch (EOFException e) {
            fail("the server hung up");
        } catch (IOException e) {
            fail("receiving failed: " + reason(e));
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "member " + name + ": a bug", e);
            fail("a bug: " + e);
        }
    }

    /// Takes one reply.
    private void take() throws IOException {
        while (receiver.remaining() < SimpleReply.BYTES) {
            receiver.compact();
            int count = channel.read(receiver);
            receiver.flip();
            if (count < 0) {
                throw new EOFException();
            }
        }
        int at = receiver.position();
        int magic = SimpleReply.magic(receiver, at);
        int error = SimpleReply.error(receiver, at);
        long cookie = SimpleReply.cookie(receiver, at);
        receiver.position(at + SimpleReply.BYTES);
        Flight flight = (int) cookie >= 0 && (int) cookie < FLIGHTS ? flights[(int) cookie] : null;
        if (magic != Magic.SIMPLE_REPLY
                || flight == null
                || !flight.isOut.get()
                || flight.cookie() != cookie) {
            fail(
                    "expected the reply to a request under way, found magic "
                            + Integer.toHexString(magic)
                            + ", cookie "
                            + Long.toHexString(cookie));
            return;
        }
        answered(flight, error);
    }

    private void answered(Flight flight, int error) throws IOException {
        Io work = flight.work;
        if (error == ErrorCode.ESHUTDOWN) {
            fail("the server is shutting down");
        } else if (error != ErrorCode.OK) {
            report(flight, error);
            end(flight, error == ErrorCode.ENOSPC ? IoResult.NO_SPACE : IoResult.ERROR);
        } else if (flight.command == CommandType.READ) {
            MemorySegment data = receiveData(work.lengthBytes);
            Io io = flight.owner.getAndSet(null);
            IoResult result = IoResult.ERROR;
            try {
                if (io != null) {
                    work.deliver(data);
                }
                result = IoResult.OK;
            } finally {
                end(flight, io, result);
            }
        } else if (flight.command == CommandType.WRITE
                && work.kind == Io.Kind.WRITE_DURABLE
                && flight.flags == 0) {
            flight.command = CommandType.FLUSH; // a server without FUA
            publish(flight);
        } else {
            end(flight, IoResult.OK);
        }
    }

    private MemorySegment receiveData(int length) throws IOException {
        if (bounce.byteSize() < length) {
            bounce = Arena.ofAuto().allocate((length + PAGE - 1L) / PAGE * PAGE, PAGE);
            bounceView = bounce.asByteBuffer();
        }
        int here = Math.min(receiver.remaining(), length);
        MemorySegment.copy(received, receiver.position(), bounce, 0, here);
        receiver.position(receiver.position() + here);
        bounceView.limit(length).position(here);
        while (bounceView.hasRemaining()) {
            if (channel.read(bounceView) < 0) {
                throw new EOFException();
            }
        }
        return bounce;
    }

    private void report(Flight flight, int error) {
        LOG.log(
                System.Logger.Level.WARNING,
                "member {0}: {1} of {2} bytes at offset {3} failed: the server says error {4}",
                name,
                CommandType.toText(flight.command),
                Integer.toString(flight.work.lengthBytes),
                Long.toString(flight.work.offsetBytes),
                Integer.toString(error));
    }

    // What follows is anybody's.

    private void end(Flight flight, IoResult result) {
        end(flight, flight.owner.getAndSet(null), result);
    }

    private void end(Flight flight, Io io, IoResult result) {
        Consumer<Io> completions = flight.completions;
        release(flight);
        if (io != null) {
            io.result = result;
            completions.accept(io);
        }
    }

    private void release(Flight flight) {
        if (flight.isOut.compareAndSet(true, false)) {
            outCount.decrementAndGet();
            // Once the connection has ended several threads end what is out: nobody else may have
            // it meanwhile.
            if (failure.get() == null) {
                free.add(flight);
            }
        }
    }

    /// Ends the connection, for the server does not answer. Does not wait.
    void giveUp() {
        fail("no answer in time");
    }

    /// Ends the connection, and everything under way on it.
    private void fail(String why) {
        if (!failure.compareAndSet(null, why)) {
            return;
        }
        // First of all: memory that is handed back must not be sent any more.
        int count = outCount.get();
        closeChannel(count > 0);
        LOG.log(
                System.Logger.Level.WARNING,
                "member {0}: connection lost with {1} requests under way: {2}",
                name,
                Integer.toString(count),
                why);
        endAll(IoResult.ERROR);
    }

    /// Closes the socket; what the kernel has not sent yet is not sent any more if the server is not to get it.
    private void closeChannel(boolean isAbrupt) {
        try {
            if (isAbrupt && channel.supportedOptions().contains(StandardSocketOptions.SO_LINGER)) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, name + ": lingering: " + e.getMessage());
        }
        try {
            channel.close();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, name + ": closing: " + e.getMessage());
        }
        isCut = true;
    }

    private static String reason(IOException e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }

    /// Says goodbye if all is answered, and ends the connection.
    @Override
    public void close() {
        if (failure.compareAndSet(null, "closed")) {
            // What the sender has begun ends with it or with the channel.
            sender.halt();
            boolean isAnswered = outCount.get() == 0;
            if (joined(sending, CLOSE_MILLIS) && isAnswered) {
                sayGoodbye();
            }
            closeChannel(!isAnswered);
            endAll(IoResult.CLOSED);
        }
        sender.halt();
        joined(sending, CLOSE_MILLIS);
        joined(receiving, CLOSE_MILLIS);
    }

    private void sayGoodbye() {
        try {
            staging.clear();
            RequestHeader.put(staging, 0, CommandType.DISC, 0, 0, 0);
            sendStaged();
        } catch (IOException e) {
            LOG.log(System.Logger.Level.DEBUG, name + ": goodbye: " + e.getMessage());
        }
    }

    private void endAll(IoResult result) {
        for (Flight each : flights) {
            if (each.isOut.get()) {
                end(each, result);
            }
        }
    }

    private static boolean joined(Thread thread, long millis) {
        if (thread == Thread.currentThread()) {
            return false;
        }
        try {
            return thread.join(java.time.Duration.ofMillis(millis));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
