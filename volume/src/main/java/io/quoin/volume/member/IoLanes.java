package io.quoin.volume.member;

import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.BatchEventProcessorBuilder;
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.ExceptionHandler;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
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
    private static final long CLOSE_NANOS = 2_000_000_000L;

    /// An operation in a lane's hands.
    static final class Event implements Io.Carrier {
        /// What to do, and afterwards how it ended.
        final Io work = new Io();

        /// The operation, until the lane wins it or it is given up.
        private final AtomicReference<Io> owner = new AtomicReference<>();

        void take(Io io) {
            work.set(io.kind, io.segment, io.segmentOffset, io.lengthBytes, io.offsetBytes);
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
                MemorySegment.copy(bounce, 0, work.segment, work.segmentOffset, work.lengthBytes);
            }
            io.result = work.result;
            return true;
        }

        @Override
        public boolean abandon() {
            return owner.getAndSet(null) != null;
        }
    }

    private static final class Lane {
        private RingBuffer<Event> ring;
        private BatchEventProcessor<Event> processor;
        private Thread thread;
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

    /// Writes that threads do by ports of their own.
    private final AtomicInteger lent = new AtomicInteger();

    /// Starts the threads.
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
            lane.thread.start();
        }
    }

    private static EventHandler<Event> handler(
            Lane lane, BlockFile file, Consumer<Io> completions) {
        return (event, sequence, endOfBatch) -> {
            Io io = event.owner();
            boolean isDone = false;
            if (io != null) {
                carryOut(event.work, lane, file);
                isDone = event.handOver(io, lane.bounce);
            }
            lane.done.set(sequence);
            if (isDone) {
                completions.accept(io);
            }
        };
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

    @Override
    public void submit(Io io) {
        Lane lane = lanes[0];
        if (io.kind == Io.Kind.WRITE_DURABLE) {
            Port port = durableDescriptor < 0 ? null : Port.current();
            if (port != null && port.take(this, durableDescriptor, io)) {
                return;
            }
        } else {
            lane = lanes[1];
            for (int i = 2; i < lanes.length && lane.depth() > 0; i++) {
                if (lanes[i].depth() < lane.depth()) {
                    lane = lanes[i];
                }
            }
        }
        // Who submits may be a lane's own thread, in the engine's turn, and must not wait for
        // itself: a
        // member set hands out few enough at a time.
        assert lane.ring.hasAvailableCapacity(1) : "lane full";
        long sequence = lane.ring.next();
        lane.ring.get(sequence).take(io);
        lane.ring.publish(sequence);
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
        return io.carrier.abandon();
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
