package io.quoin.volume.member;

import com.lmax.disruptor.BatchEventProcessor;
import com.lmax.disruptor.BatchEventProcessorBuilder;
import com.lmax.disruptor.EventHandler;
import com.lmax.disruptor.ExceptionHandler;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import java.util.function.Consumer;

/// A member's threads: lane 0 for durable writes (the journal's, superblocks), the others for reads,
/// home writes and flushes. Each lane is a Disruptor ring with one blocking thread behind it: parked
/// threads on files are as fast as anything the JDK offers (docs/decisions/io.md).
public final class IoLanes implements MemberIo {
    private static final System.Logger LOG = System.getLogger(IoLanes.class.getName());
    private static final int RING = 1024;

    private static final class Event {
        private Io io;
    }

    private static final class Lane {
        private RingBuffer<Event> ring;
        private BatchEventProcessor<Event> processor;
        private Thread thread;
        private final Sequence done = new Sequence(-1);

        long depth() {
            return ring.getCursor() - done.get();
        }
    }

    private final Lane[] lanes;

    /// Starts the threads.
    ///
    /// @param file the member
    /// @param name prefix of the threads' names
    /// @param laneCount lanes, from 2
    /// @param completions where done operations go; called on the lanes' threads
    public IoLanes(BlockFile file, String name, int laneCount, Consumer<Io> completions) {
        lanes = new Lane[laneCount];
        for (int i = 0; i < laneCount; i++) {
            Lane lane = new Lane();
            lanes[i] = lane;
            // One thread publishes at a time, but the one that opens the volume comes before the
            // engine's, and the single producer's own assertion knows only one.
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
            Io io = event.io;
            event.io = null;
            try {
                io.runOn(file);
            } catch (RuntimeException | Error e) {
                // A bug of ours; whoever waits must still hear of it, and the member is not
                // trusted.
                LOG.log(System.Logger.Level.ERROR, "member " + file.name() + ": " + io, e);
                io.result = IoResult.ERROR;
            }
            lane.done.set(sequence);
            completions.accept(io);
        };
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
        if (io.kind != Io.Kind.WRITE_DURABLE) {
            lane = lanes[1];
            for (int i = 2; i < lanes.length && lane.depth() > 0; i++) {
                if (lanes[i].depth() < lane.depth()) {
                    lane = lanes[i];
                }
            }
        }
        long sequence = lane.ring.next();
        lane.ring.get(sequence).io = io;
        lane.ring.publish(sequence);
    }

    @Override
    public void close() {
        for (Lane lane : lanes) {
            while (lane.depth() > 0) {
                Thread.onSpinWait();
            }
            lane.processor.halt();
        }
        boolean interrupted = false;
        for (Lane lane : lanes) {
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
