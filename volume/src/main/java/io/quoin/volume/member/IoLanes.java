package io.quoin.volume.member;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.BatchEventProcessorBuilder;
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.ExceptionHandler;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// A member's threads: lane 0 for durable writes (the journal's, superblocks), the others for reads,
/// home writes and flushes. Each lane is a Disruptor ring with one blocking thread behind it: parked
/// threads on files are as fast as anything the JDK offers (docs/decisions/io.md).
///
/// An operation may be given up while the device has it. So a lane works from its own copy of what to do,
/// reads into memory of its own, and hands over only when it wins the operation from whoever gives it up:
///
/// ```
/// submit:  event <- copy of io, owner <- io          abandon: owner io -> null, or too late
/// lane:    device; owner io -> null, or given up;    won: copy what was read, result, completion
/// ```
public final class IoLanes implements MemberIo {
    private static final System.Logger LOG = System.getLogger(IoLanes.class.getName());
    private static final int RING = 1024;
    private static final int PAGE = 4096;
    private static final int SMALL_BYTES = 32 << 10;
    private static final long CLOSE_NANOS = 2_000_000_000L;

    /// An operation in a lane's hands.
    static final class Event implements Io.Carrier {
        /// What to do, and afterwards how it ended.
        final Io work = new Io();

        /// The operation, until the lane wins it or it is given up.
        private final AtomicReference<Io> owner = new AtomicReference<>();

        void take(Io io) {
            work.setAs(io);
            owner.set(io);
            io.carrier = this;
        }

        /// The operation, null when it was given up.
        Io owner() {
            return owner.get();
        }

        /// Hands over what was read and how it ended, unless the operation was given up meanwhile.
        ///
        /// @param io the operation that was carried out
        /// @param bounce what was read
        /// @return whether it was handed over
        boolean handOver(Io io, MemorySegment bounce) {
            if (!owner.compareAndSet(io, null)) {
                return false;
            }
            if (work.kind == Io.Kind.READ && work.result.isOk()) {
                work.deliver(bounce);
            }
            io.result = work.result;
            return true;
        }

        @Override
        public boolean abandon(Io io) {
            return owner.compareAndSet(io, null);
        }
    }

    /// Small writes, one behind the other on the member, that a lane found waiting: one call of the kernel.
    private static final class Run {
        private static final int MOST = 32;
        private static final int VECTOR_BYTES = 16;

        private final Event[] events = new Event[MOST];
        private final Io[] owners = new Io[MOST];
        private final MemorySegment pieces =
                Arena.ofAuto().allocate((long) MOST * VECTOR_BYTES, VECTOR_BYTES);
        private int count;
        private int lengthBytes;

        boolean takes(Event event) {
            Io work = event.work;
            return work.kind == Io.Kind.WRITE
                    && work.lengthBytes <= SMALL_BYTES
                    && (count == 0
                            || count < MOST
                                    && work.offsetBytes
                                            == events[0].work.offsetBytes + lengthBytes);
        }

        void add(Event event, Io owner) {
            long at = (long) count * VECTOR_BYTES;
            Io work = event.work;
            pieces.set(JAVA_LONG, at, work.segment.address() + work.segmentOffset);
            pieces.set(JAVA_LONG, at + Long.BYTES, work.lengthBytes);
            events[count] = event;
            owners[count++] = owner;
            lengthBytes += work.lengthBytes;
        }

        boolean gather(BlockFile file) {
            return count > 1 && file.gather(pieces, count, lengthBytes, events[0].work.offsetBytes);
        }

        void clear() {
            Arrays.fill(events, 0, count, null);
            Arrays.fill(owners, 0, count, null);
            count = 0;
            lengthBytes = 0;
        }
    }

    private static final class Lane {
        private final Run run = new Run();
        private RingBuffer<Event> ring;
        private BatchEventProcessor<Event> processor;
        private Thread thread;
        private boolean isStarted;
        private final Sequence done = new Sequence(-1);
        private MemorySegment bounce = MemorySegment.NULL;

        long depth() {
            return ring.getCursor() - done.get();
        }

        MemorySegment bounce(int length) {
            if (bounce.byteSize() < length) {
                long bytes = Math.max(16L * PAGE, (length + PAGE - 1L) / PAGE * PAGE);
                bounce = Arena.ofAuto().allocate(bytes, PAGE);
            }
            return bounce;
        }
    }

    private final BlockFile file;
    private final int durableDescriptor;
    private final Lane[] lanes;

    // In the engine's turns only.
    private long endOfLastWrite = -1;
    private Lane lastWriter;

    /// Writes that threads do by ports of their own.
    private final AtomicInteger lent = new AtomicInteger();

    /// Lanes whose threads start with the first operation that each has.
    ///
    /// @param file the member
    /// @param name prefix of the threads' names
    /// @param laneCount lanes, from 2
    /// @param completions where done operations go; called on the lanes' threads
    public IoLanes(BlockFile file, String name, int laneCount, Consumer<Io> completions) {
        this.file = file;
        durableDescriptor = file.durableDescriptor();
        lanes = new Lane[laneCount];
        for (int i = 0; i < laneCount; i++) {
            Lane lane = new Lane();
            lanes[i] = lane;
            // One thread publishes at a time, but not always the same: the single producer's own
            // assertion knows only one.
            lane.ring = RingBuffer.createMultiProducer(Event::new, RING, new Doorbell());
            lane.processor =
                    new BatchEventProcessorBuilder()
                            .build(
                                    lane.ring,
                                    lane.ring.newBarrier(),
                                    handler(lane, file, completions));
            lane.processor.setExceptionHandler(new Report(file));
            lane.ring.addGatingSequences(lane.processor.getSequence());
            lane.thread = new Thread(lane.processor, name + "-io" + i);
            lane.thread.setDaemon(true);
        }
    }

    private static EventHandler<Event> handler(
            Lane lane, BlockFile file, Consumer<Io> completions) {
        Run run = lane.run;
        return (event, sequence, endOfBatch) -> {
            Io io = event.owner();
            if (!run.takes(event)) {
                carryOut(run, lane, file, completions);
            }
            if (io != null && run.takes(event)) {
                run.add(event, io);
            } else if (io != null) {
                carryOut(event.work, lane, file);
                end(event, io, lane, completions);
            }
            if (endOfBatch) {
                carryOut(run, lane, file, completions);
            }
            lane.done.set(sequence - run.count);
        };
    }

    private static void carryOut(Run run, Lane lane, BlockFile file, Consumer<Io> completions) {
        boolean isWritten = run.gather(file);
        try {
            for (int i = 0; i < run.count; i++) {
                Event event = run.events[i];
                if (isWritten) {
                    event.work.result = IoResult.OK;
                } else {
                    carryOut(event.work, lane, file);
                }
                end(event, run.owners[i], lane, completions);
            }
        } finally {
            run.clear();
        }
    }

    private static void end(Event event, Io io, Lane lane, Consumer<Io> completions) {
        if (event.handOver(io, lane.bounce)) {
            completions.accept(io);
        }
    }

    private static void carryOut(Io work, Lane lane, BlockFile file) {
        try {
            if (work.kind == Io.Kind.READ) {
                MemorySegment memory = lane.bounce(work.lengthBytes);
                work.result = file.read(memory, 0, work.lengthBytes, work.offsetBytes);
            } else {
                work.runOn(file);
            }
        } catch (RuntimeException | Error e) {
            // A bug of ours; whoever waits must still hear of it, and the member is not trusted.
            LOG.log(System.Logger.Level.ERROR, "member " + file.name() + ": " + work, e);
            work.result = IoResult.ERROR;
        }
    }

    /// The default handler ends the thread and lets the ring fill in silence; this one says so.
    private record Report(BlockFile file) implements ExceptionHandler<Event> {
        @Override
        public void handleEventException(Throwable ex, long sequence, Event event) {
            LOG.log(System.Logger.Level.ERROR, "member " + file.name() + ": completion lost", ex);
        }

        @Override
        public void handleOnStartException(Throwable ex) {
            handleEventException(ex, -1, null);
        }

        @Override
        public void handleOnShutdownException(Throwable ex) {
            handleEventException(ex, -1, null);
        }
    }

    /// Neighbours of small writes take the same lane, which may find them waiting together; all else takes the
    /// one with the shortest queue.
    @Override
    public void submit(Io io) {
        Lane lane = lanes[0];
        if (io.kind == Io.Kind.WRITE_DURABLE) {
            Port port = durableDescriptor < 0 ? null : Port.current();
            if (port != null && port.take(this, durableDescriptor, io)) {
                return;
            }
        } else {
            lane = laneFor(io);
        }
        // Who submits may be a lane's own thread, in the engine's turn, and must not wait for
        // itself: a
        // member set hands out few enough at a time.
        assert lane.ring.hasAvailableCapacity(1) : "lane full";
        long sequence = lane.ring.next();
        lane.ring.get(sequence).take(io);
        lane.ring.publish(sequence);
        if (!lane.isStarted) {
            lane.isStarted = true;
            lane.thread.start();
        }
    }

    private Lane laneFor(Io io) {
        Lane lane = lastWriter;
        boolean isSmall = io.kind == Io.Kind.WRITE && io.lengthBytes <= SMALL_BYTES;
        if (!isSmall || io.offsetBytes != endOfLastWrite || lane.depth() >= Run.MOST) {
            lane = lanes[1];
            for (int i = 2; i < lanes.length && lane.depth() > 0; i++) {
                if (lanes[i].depth() < lane.depth()) {
                    lane = lanes[i];
                }
            }
        }
        if (isSmall) {
            lastWriter = lane;
            endOfLastWrite = io.offsetBytes + io.lengthBytes;
        }
        return lane;
    }

    /// A port has a write of this member.
    void lent() {
        lent.incrementAndGet();
    }

    /// The kernel has let go of a port's write.
    void givenBack() {
        lent.decrementAndGet();
    }

    /// A port's write failed.
    ///
    /// @param offset where on the member
    /// @param length bytes
    /// @param result bytes taken, or the error negated
    void reportWrite(long offset, int length, int result) {
        LOG.log(
                System.Logger.Level.WARNING,
                "member {0}: write of {1} bytes at offset {2} failed: {3}",
                file.name(),
                Integer.toString(length),
                Long.toString(offset),
                result < 0 ? Descriptors.describe(-result) : result + " bytes taken");
    }

    @Override
    public boolean abandon(Io io) {
        return io.carrier.abandon(io);
    }

    @Override
    public boolean isQuiet() {
        if (lent.get() > 0) {
            return false;
        }
        for (Lane lane : lanes) {
            if (lane.depth() > 0) {
                return false;
            }
        }
        return true;
    }

    @Override
    public void close() {
        long start = System.nanoTime();
        while (!isQuiet() && System.nanoTime() - start < CLOSE_NANOS) {
            LockSupport.parkNanos(100_000);
        }
        boolean interrupted = false;
        for (Lane lane : lanes) {
            if (!lane.isStarted) {
                continue;
            }
            lane.processor.halt();
            if (lane.depth() > 0) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "{0} is stuck in the device, left behind",
                        lane.thread.getName());
                continue;
            }
            try {
                lane.thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
