package io.quoin.volume.member;

import io.quoin.volume.counter.Latencies;

/// What a slot's member got wrong since it took the slot, or since the volume was opened, and how long its
/// durable writes took lately: which disk to look at. In the engine's turns only.
public final class MemberHealth {
    /// Fewer writes say nothing about their slowest hundredth.
    private static final int LEAST_WRITES = 100;

    private final Latencies writes = new Latencies();
    private long readErrors;
    private long repairedBlocks;
    private long medianNanos;
    private long slowestNanos;

    /// Windows in a row in which it was much slower than its peers.
    int slowWindows;

    /// A read failed.
    void readFailed() {
        readErrors++;
    }

    /// A durable write was done.
    ///
    /// @param nanos how long it took
    void wrote(long nanos) {
        writes.record(nanos);
    }

    /// A window is over; one with few writes leaves what the last one showed.
    ///
    /// @return whether it had writes enough to be judged by
    boolean endWindow() {
        boolean isEnough = writes.count() >= LEAST_WRITES;
        if (isEnough) {
            medianNanos = writes.quantile(0.5);
            slowestNanos = writes.quantile(0.99);
            writes.clear();
        }
        return isEnough;
    }

    /// A block on it was not what it should have been, and was rewritten.
    public void blockRepaired() {
        repairedBlocks++;
    }

    /// {@return reads that failed}
    public long readErrors() {
        return readErrors;
    }

    /// {@return blocks that were rewritten: damaged, unreadable, or left behind by a write that was lost}
    public long repairedBlocks() {
        return repairedBlocks;
    }

    /// {@return median of its durable writes in the last window that had enough, nanoseconds; 0: none yet}
    public long medianNanos() {
        return medianNanos;
    }

    /// {@return the 99th percentile of them, nanoseconds; 0: none yet}
    public long slowestNanos() {
        return slowestNanos;
    }

    /// {@return whether it has been much slower than its peers for a while}
    public boolean isSlow() {
        return slowWindows >= SlowMembers.WINDOWS;
    }
}
