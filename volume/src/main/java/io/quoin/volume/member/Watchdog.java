package io.quoin.volume.member;

import io.quoin.volume.fault.Plant;

/// Time as the engine has seen it pass: a step of the clock counts for a sixteenth of the time limit at
/// most, so that a process that was stopped for a minute (a pause of the JVM, SIGSTOP, a suspended host)
/// does not find its members guilty of the silence.
///
/// In the engine's turns only.
final class Watchdog {
    private final long limitNanos;
    private final long largestStepNanos;
    private long lastNanos;
    private boolean hasStarted;
    private long seenNanos;
    private long nextLookNanos;

    /// A watchdog.
    ///
    /// @param limitNanos how long an operation may take, at least 16; 0: for ever
    Watchdog(long limitNanos) {
        this.limitNanos = limitNanos;
        largestStepNanos = limitNanos / 16;
    }

    /// {@return time seen so far, nanoseconds}
    long tick() {
        return seenNanos;
    }

    /// {@return whether an operation is overdue}
    ///
    /// @param startedTick when it was started, in time seen
    boolean isOverdue(long startedTick) {
        return seenNanos - startedTick > limitNanos;
    }

    /// {@return whether an operation takes long enough to doubt its member: half the limit}
    ///
    /// @param startedTick when it was started, in time seen
    boolean isLate(long startedTick) {
        return seenNanos - startedTick > limitNanos / 2;
    }

    /// Lets time pass.
    ///
    /// @param nowNanos monotonic clock
    /// @return whether it is time to look at the members
    boolean pass(long nowNanos) {
        if (limitNanos == 0) {
            return false;
        }
        if (hasStarted) {
            long step = Math.max(0, nowNanos - lastNanos);
            seenNanos += Plant.PAUSE_COUNTS.isPlanted() ? step : Math.min(step, largestStepNanos);
        }
        hasStarted = true;
        lastNanos = nowNanos;
        if (seenNanos < nextLookNanos) {
            return false;
        }
        nextLookNanos = seenNanos + largestStepNanos;
        return true;
    }
}
