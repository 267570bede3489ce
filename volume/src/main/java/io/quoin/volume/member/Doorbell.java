package io.quoin.volume.member;

import com.lmax.disruptor.AlertException;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.SequenceBarrier;
import com.lmax.disruptor.WaitStrategy;
import java.lang.invoke.VarHandle;
import java.util.concurrent.locks.LockSupport;

/// Wakes the one thread that consumes a ring, or several rings: it looks a few times, then parks;
/// whoever publishes rings. An idle consumer uses no processor time, and a publisher pays a fence and
/// one read while the consumer is awake.
///
/// The stock blocking strategies lock, and busy-spin on a dependent stage; this one is for stages
/// that depend on the ring alone.
public final class Doorbell implements WaitStrategy {
    private static final int SPINS = 100;

    private volatile Thread parked;

    /// The consumer's own: what it waits for on a ring.
    private final Awaited awaited = new Awaited();

    /// Changed by the consumer only, while it is awake.
    private Sleep sleep = new Parked();

    /// How the consumer sleeps, and is woken.
    interface Sleep {
        /// Called by the consumer before anybody may wake it.
        void prepare();

        /// Sleeps until woken, until time is up, or for no reason; also when woken since {@link #prepare}.
        ///
        /// @param nanos longest wait
        void sleep(long nanos);

        /// Wakes it; any thread.
        ///
        /// @param sleeper the consumer
        void wake(Thread sleeper);
    }

    private static final class Parked implements Sleep {
        @Override
        public void prepare() {}

        @Override
        public void sleep(long nanos) {
            LockSupport.parkNanos(this, nanos);
        }

        @Override
        public void wake(Thread sleeper) {
            LockSupport.unpark(sleeper);
        }
    }

    /// Something to look at before parking.
    @FunctionalInterface
    public interface Look {
        /// {@return whether there is something to do}
        boolean hasWork();
    }

    private static final class Awaited implements Look {
        private Sequence published;
        private long sequence;
        private SequenceBarrier barrier;

        @Override
        public boolean hasWork() {
            return published.get() >= sequence || barrier.isAlerted();
        }
    }

    /// Sleeps by a port from now on; the consumer's own call.
    ///
    /// @param port the consumer's, null: parks
    public void sleepBy(Port port) {
        sleep = port == null ? new Parked() : port;
    }

    /// Waits until there is work, somebody rings, or time is up. One thread only.
    ///
    /// @param look looked at before parking
    /// @param timeoutNanos longest wait
    public void await(Look look, long timeoutNanos) {
        for (int i = 0; i < SPINS; i++) {
            if (look.hasWork()) {
                return;
            }
            Thread.onSpinWait();
        }
        sleep.prepare();
        parked = Thread.currentThread();
        VarHandle.fullFence();
        if (!look.hasWork()) {
            sleep.sleep(timeoutNanos);
        }
        parked = null;
    }

    /// Wakes the consumer if it sleeps.
    public void ring() {
        VarHandle.fullFence();
        Thread thread = parked;
        if (thread != null) {
            sleep.wake(thread);
        }
    }

    @Override
    public long waitFor(
            long sequence, Sequence cursor, Sequence dependentSequence, SequenceBarrier barrier)
            throws AlertException, InterruptedException {
        awaited.published = dependentSequence;
        awaited.sequence = sequence;
        awaited.barrier = barrier;
        long available;
        while ((available = dependentSequence.get()) < sequence) {
            barrier.checkAlert();
            await(awaited, 1_000_000_000L);
        }
        return available;
    }

    @Override
    public void signalAllWhenBlocking() {
        ring();
    }
}
