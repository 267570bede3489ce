package io.quoin.volume.journal;

/// Says how long the next batch should wait for those who were just answered, on members that take their
/// time.
///
/// Clients that wait for their commits come back together, soon after a batch. The first of them would have
/// the next batch alone, and all others wait for two of them; so there would be two crowds, of which one
/// waits while the other is written:
///
/// ```
/// at once:   |-- A --|-- B --|-- A --|-- B --|      each waits for two batches
/// a moment:  |-- A B --|..|-- A B --|..|-- A B --|  each waits for one, and the moment
/// ```
///
/// Of those who were just answered it expects the share that came back soon the time before. It waits for them
/// no longer than a third of what a batch takes, and not at all when more wait already than would gain by
/// it. A client alone is never kept waiting: nobody else is expected.
///
/// In the engine's turns only.
final class Gathering {
    /// A batch that takes less is over before a crowd has come together.
    static final long LEAST_NANOS = 500_000;

    /// One that took longer says nothing about the next: the process, or a member, stood still.
    static final long MOST_NANOS = 20_000_000;

    /// The moment is this share of what a batch takes.
    static final int SHARE = 3;

    private static final int SMOOTHING = 8;

    private long nowNanos;
    private long writtenNanos;
    private long usualNanos;
    private long answeredNanos;
    private int answered;
    private int expected;
    private int arrived;
    private int waitedThen;

    /// Tells the time.
    void at(long nanos) {
        nowNanos = nanos;
    }

    /// A batch is on its way.
    void written() {
        writtenNanos = nowNanos;
    }

    /// It was committed.
    ///
    /// @param count how many were answered with it
    /// @param waiting how many have come meanwhile
    void committed(int count, int waiting) {
        long nanos = Math.min(nowNanos - writtenNanos, MOST_NANOS);
        usualNanos += (nanos - usualNanos) / SMOOTHING;
        answeredNanos = nowNanos;
        expected = answered == 0 ? 0 : Math.min(count, (arrived * count + answered / 2) / answered);
        answered = count;
        arrived = 0;
        waitedThen = waiting;
    }

    /// Somebody wants to commit.
    void arrived() {
        if (leftNanos() > 0) {
            arrived++;
        }
    }

    private long leftNanos() {
        return answeredNanos + usualNanos / SHARE - nowNanos;
    }

    /// {@return how long a batch takes, in nanoseconds}
    long usualNanos() {
        return usualNanos;
    }

    /// {@return how long to wait still, in nanoseconds; 0 or less: not}
    long waitNanos() {
        boolean isWorthIt =
                usualNanos >= LEAST_NANOS
                        && arrived < expected
                        && expected * (SHARE - 1) > waitedThen;
        return isWorthIt ? leftNanos() : 0;
    }
}
