package io.quoin.daemon.nbd;

import io.quoin.volume.intake.BufferPool;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BooleanSupplier;

/// Payload buffers of an export, first come first served when they are short: a request for 32 MiB
/// that waits is not passed by a thousand small ones. While nobody waits it is the pool and a few
/// counters.
///
/// An eighth is kept for the *modest*, requests of connections that hold no more than 64 KiB with them:
/// they pass the line, and all others together get the other seven. Without it four clients that ask for a quarter
/// each and read nothing would make everybody wait until they are closed, which is half a minute.
final class PayloadMemory {
    private static final int MODEST_BYTES = 64 << 10;
    private static final int KEPT_SHARE = 8;

    private static final long LOOK_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
    private static final long NOBODY = Long.MIN_VALUE;

    private final BufferPool pool;
    private final ReentrantLock line = new ReentrantLock(true);
    private final AtomicInteger waiting = new AtomicInteger();
    private final AtomicLong modestBytes = new AtomicLong();
    private final AtomicLong otherBytes = new AtomicLong();
    private final long mostModestBytes;
    private final long mostOtherBytes;
    private volatile long firstWaitsSinceNanos = NOBODY;
    private volatile Thread firstInLine;

    PayloadMemory(BufferPool pool) {
        this.pool = pool;
        mostModestBytes = pool.capacityBytes() / KEPT_SHARE;
        mostOtherBytes = pool.capacityBytes() - mostModestBytes;
    }

    BufferPool pool() {
        return pool;
    }

    /// {@return how long the first in line has waited, 0 when nobody does}
    long starvedNanos() {
        long since = firstWaitsSinceNanos;
        return since == NOBODY ? 0 : System.nanoTime() - since;
    }

    /// Takes a buffer for a slot's request, waiting in line when there is none, and counts it against the
    /// slot until {@link #giveBack}.
    ///
    /// @param slot its `heldBytes` are what the buffer takes of the pool
    /// @param bytes wanted size
    /// @param otherBytesHeld what the connection's other requests hold
    /// @param timeoutNanos how long to wait at most
    /// @param beforeWaiting called before it waits
    /// @param isGone whether the caller has lost interest, looked at twice a second
    /// @return its offset in the pool's region, or -1
    int allocate(
            Slot slot,
            long bytes,
            long otherBytesHeld,
            long timeoutNanos,
            Runnable beforeWaiting,
            BooleanSupplier isGone) {
        if (otherBytesHeld + slot.heldBytes <= MODEST_BYTES) {
            int offset = allocateModest(slot, bytes);
            if (offset >= 0) {
                return offset;
            }
        }
        if (waiting.get() == 0 && tryCount(slot)) {
            int offset = pool.tryAllocate(bytes);
            if (offset >= 0) {
                return offset;
            }
            giveBack(slot);
        }
        beforeWaiting.run();
        waiting.incrementAndGet();
        try {
            return allocateInLine(slot, bytes, System.nanoTime() + timeoutNanos, isGone);
        } catch (InterruptedException e) {
            // Nothing of ours interrupts these threads; whoever did wants the caller to end.
            Thread.currentThread().interrupt();
            return -1;
        } finally {
            waiting.decrementAndGet();
        }
    }

    private int allocateModest(Slot slot, long bytes) {
        slot.isModest = true;
        if (modestBytes.addAndGet(slot.heldBytes) <= mostModestBytes) {
            int offset = pool.tryAllocate(bytes);
            if (offset >= 0) {
                return offset;
            }
        }
        giveBack(slot);
        return -1;
    }

    // One request alone may have more than all: it fits the pool.
    private boolean tryCount(Slot slot) {
        slot.isModest = false;
        long counted = otherBytes.addAndGet(slot.heldBytes);
        if (counted <= mostOtherBytes || counted == slot.heldBytes) {
            return true;
        }
        otherBytes.addAndGet(-slot.heldBytes);
        return false;
    }

    /// The request of a slot no longer holds what was counted: it was answered, or came to nothing.
    void giveBack(Slot slot) {
        (slot.isModest ? modestBytes : otherBytes).addAndGet(-slot.heldBytes);
        LockSupport.unpark(firstInLine);
    }

    private int allocateInLine(Slot slot, long bytes, long deadlineNanos, BooleanSupplier isGone)
            throws InterruptedException {
        while (!line.tryLock(LOOK_NANOS, TimeUnit.NANOSECONDS)) {
            if (isOver(deadlineNanos, isGone)) {
                return -1;
            }
        }
        try {
            firstWaitsSinceNanos = System.nanoTime();
            firstInLine = Thread.currentThread();
            while (!tryCount(slot)) {
                LockSupport.parkNanos(this, LOOK_NANOS);
                if (isOver(deadlineNanos, isGone)) {
                    return -1;
                }
            }
            int offset = pool.allocate(bytes, LOOK_NANOS);
            while (offset < 0 && !isOver(deadlineNanos, isGone)) {
                offset = pool.allocate(bytes, LOOK_NANOS);
            }
            if (offset < 0) {
                giveBack(slot);
            }
            return offset;
        } finally {
            firstInLine = null;
            firstWaitsSinceNanos = NOBODY;
            line.unlock();
        }
    }

    private static boolean isOver(long deadlineNanos, BooleanSupplier isGone) {
        return isGone.getAsBoolean() || System.nanoTime() - deadlineNanos >= 0;
    }
}
