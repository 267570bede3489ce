package io.quoin.volume.journal;

/// Members that were late with a copy of a batch, so that it was written again elsewhere. Each is left out of the journal for a
/// while, longer each time it happens soon again: to find out costs what is left of a segment.
///
/// In the engine's turns only.
final class Laggards {
    /// How long a member is left out at first.
    static final long LEAST_OUT_NANOS = 10_000_000_000L;

    /// And at most.
    static final long MOST_OUT_NANOS = 640_000_000_000L;

    /// So much longer than others is late.
    private static final int FACTOR = 20;

    /// A step of the clock counts for this part of the limit at most: who stood still himself blames nobody.
    private static final int STEPS = 2;

    private final long limitNanos;
    private final long[] untilNanos;
    private final long[] outNanos;
    private long nowNanos;
    private boolean hasStarted;
    private long seenNanos;
    private long startedSeen;
    private int everLate;

    /// Nobody yet.
    ///
    /// @param slotCount slots of the volume
    /// @param limitNanos what is late at least; 0: nobody ever is
    Laggards(int slotCount, long limitNanos) {
        this.limitNanos = limitNanos;
        untilNanos = new long[slotCount];
        outNanos = new long[slotCount];
    }

    /// Tells the time.
    void at(long nanos) {
        if (hasStarted) {
            seenNanos += Math.clamp(nanos - nowNanos, 0, limitNanos / STEPS);
        }
        hasStarted = true;
        nowNanos = nanos;
    }

    /// Copies are on their way.
    void started() {
        startedSeen = seenNanos;
    }

    /// How long they have been.
    long underWayNanos() {
        return seenNanos - startedSeen;
    }

    /// Whether copies that have not ended are late.
    ///
    /// @param usualNanos how long a batch takes
    boolean areLate(long usualNanos) {
        return limitNanos > 0 && underWayNanos() > Math.max(limitNanos, FACTOR * usualNanos);
    }

    /// Leaves members out.
    ///
    /// @param members a bit for each slot
    void leaveOut(int members) {
        for (int slot = 0; slot < untilNanos.length; slot++) {
            if ((members >> slot & 1) != 0) {
                boolean isSoonAgain =
                        (everLate >> slot & 1) != 0
                                && nowNanos - untilNanos[slot] < 10 * outNanos[slot];
                outNanos[slot] =
                        isSoonAgain
                                ? Math.min(2 * outNanos[slot], MOST_OUT_NANOS)
                                : LEAST_OUT_NANOS;
                untilNanos[slot] = nowNanos + outNanos[slot];
            }
        }
        everLate |= members;
    }

    /// Forgets about a slot's member: another one has the slot, or none.
    void forget(int slot) {
        everLate &= ~(1 << slot);
    }

    /// Who is left out now, a bit for each slot.
    int mask() {
        int mask = 0;
        for (int slot = 0; everLate != 0 && slot < untilNanos.length; slot++) {
            boolean isOut = (everLate >> slot & 1) != 0 && nowNanos - untilNanos[slot] < 0;
            mask |= isOut ? 1 << slot : 0;
        }
        return mask;
    }
}
