package io.quoin.volume.member;

import io.quoin.volume.counter.Latencies;

/// What a slot's member got wrong since it took the slot, or since the volume was opened, and how long its
/// durable writes took lately: which disk to look at. In the engine's turns only.
public final class MemberHealth {
    /// Fewer writes say nothing about their slowest hundredth.
    private static final int LEAST_WRITES = 100;

    /// What was wrong with a block that was rewritten.
    public enum Finding {
        /// Its guards did not agree with it, or it could not be read.
        DAMAGED("damaged blocks"),
        /// Bits were flipped, and the Hamming code had them back.
        CORRECTED("blocks with flipped bits"),
        /// It was older than the row says.
        LOST_WRITE("lost writes");

        private final String text;

        Finding(String text) {
            this.text = text;
        }
    }

    private final Latencies writes = new Latencies();
    private final long[] findings = new long[Finding.values().length];
    private long readErrors;
    private long repairedBlocks;
    private boolean isWorn;
    private long medianNanos;
    private long slowestNanos;

    /// Windows in a row in which it was much slower than its peers.
    int slowWindows;

    /// Of a slow one, windows in a row that showed nothing, since it was left in peace.
    int windowsInPeace;

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
    ///
    /// @param finding what was wrong with it
    public void blockRepaired(Finding finding) {
        findings[finding.ordinal()]++;
        repairedBlocks++;
    }

    /// Holds what the member got wrong against a budget.
    ///
    /// @param budget how much of it is borne, 0: anything
    /// @return what it got wrong, in words, when it is more for the first time; otherwise null
    String wearsOut(long budget) {
        if (isWorn || budget == 0 || readErrors + repairedBlocks <= budget) {
            return null;
        }
        isWorn = true;
        StringBuilder text = new StringBuilder(readErrors + " reads that failed");
        for (Finding each : Finding.values()) {
            text.append(", ").append(findings[each.ordinal()]).append(' ').append(each.text);
        }
        return text + "; " + budget + " of all together are borne";
    }

    /// {@return whether it got more wrong than is borne}
    public boolean isWorn() {
        return isWorn;
    }

    /// {@return blocks that were rewritten for a reason}
    ///
    /// @param finding the reason
    public long count(Finding finding) {
        return findings[finding.ordinal()];
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
