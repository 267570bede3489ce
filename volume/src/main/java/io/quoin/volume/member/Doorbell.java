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

    /// Something to look at before parking.
    @FunctionalInterface
    public interface Look {
        /// {@return whether there is something to do}
        boolean hasWork();
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
        parked = Thread.currentThread();
        VarHandle.fullFence();
        if (!look.hasWork()) {
            LockSupport.parkNanos(this, timeoutNanos);
        }
        parked = null;
    }

    /// Wakes the consumer if it sleeps.
    public void ring() {
        VarHandle.fullFence();
        Thread thread = parked;
        if (thread != null) {
            LockSupport.unpark(thread);
        }
    }

    @Override
    public long waitFor(
            long sequence, Sequence cursor, Sequence dependentSequence, SequenceBarrier barrier)
            throws AlertException, InterruptedException {
        long available;
        while ((available = dependentSequence.get()) < sequence) {
            barrier.checkAlert();
            await(() -> dependentSequence.get() >= sequence || barrier.isAlerted(), 1_000_000_000L);
        }
        return available;
    }

    @Override
    public void signalAllWhenBlocking() {
        ring();
    }
}
