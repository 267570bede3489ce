package io.quoin.daemon.nbd;

import io.quoin.volume.intake.BufferPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/// Payload buffers of an export, first come first served when they are short: a request for 32 MiB
/// that waits is not passed by a thousand small ones. While nobody waits it is the pool and a read of
/// one counter.
final class PayloadMemory {
    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long NOBODY = Long.MIN_VALUE;

    private final BufferPool pool;
    private final ReentrantLock line = new ReentrantLock(true);
    private final AtomicInteger waiting = new AtomicInteger();
    private volatile long firstWaitsSinceNanos = NOBODY;

    PayloadMemory(BufferPool pool) {
        this.pool = pool;
    }

    BufferPool pool() {
        return pool;
    }

    /// {@return how long the first in line has waited, 0 when nobody does}
    long starvedNanos() {
        long since = firstWaitsSinceNanos;
        return since == NOBODY ? 0 : System.nanoTime() - since;
    }

    /// Takes a buffer, waiting in line when there is none.
    ///
    /// @param bytes wanted size
    /// @param timeoutNanos how long to wait at most
    /// @param isGone whether the caller has lost interest, looked at twice a second
    /// @return its offset in the pool's region, or -1
    int allocate(long bytes, long timeoutNanos, BooleanSupplier isGone) {
        if (waiting.get() == 0) {
            int offset = pool.tryAllocate(bytes);
            if (offset >= 0) {
                return offset;
            }
        }
        waiting.incrementAndGet();
        try {
            return allocateInLine(bytes, System.nanoTime() + timeoutNanos, isGone);
        } catch (InterruptedException e) {
            // Nothing of ours interrupts these threads; whoever did wants the caller to end.
            Thread.currentThread().interrupt();
            return -1;
        } finally {
            waiting.decrementAndGet();
        }
    }

    private int allocateInLine(long bytes, long deadlineNanos, BooleanSupplier isGone)
            throws InterruptedException {
        while (!line.tryLock(LOOK_NANOS, TimeUnit.NANOSECONDS)) {
            if (isGone.getAsBoolean() || System.nanoTime() - deadlineNanos >= 0) {
                return -1;
            }
        }
        try {
            firstWaitsSinceNanos = System.nanoTime();
            int offset = pool.allocate(bytes, LOOK_NANOS);
            while (offset < 0 && !isGone.getAsBoolean() && System.nanoTime() - deadlineNanos < 0) {
                offset = pool.allocate(bytes, LOOK_NANOS);
            }
            return offset;
        } finally {
            firstWaitsSinceNanos = NOBODY;
            line.unlock();
        }
    }
}
