package io.quoin.volume.member;

import java.util.Arrays;

/// Finds members that are much slower than their peers: each commit waits for the slowest copy, and a disk that
/// is failing is often slow for days before it fails. The slowest hundredth of a member's durable writes is
/// compared with the median of the others'.
///
/// Who is slow is left out of the journal where that is possible, and then has no such writes to be judged by; so he is tried
/// again for a window now and then.
///
/// In the engine's turns only.
final class SlowMembers {
    /// Windows in a row after which a member counts as slow.
    static final int WINDOWS = 3;

    /// Windows in which a slow member had nothing to show, after which it is tried again.
    static final int PEACE_WINDOWS = 12;

    private static final long WINDOW_NANOS = 5_000_000_000L;
    private static final int FACTOR = 4;

    /// Nobody minds less.
    private static final long LEAST_NANOS = 1_000_000L;

    /// Told of members that have become slow, or are no more.
    interface Judge {
        /// A member's state has changed.
        ///
        /// @param slot its slot
        /// @param isSlow whether it is slow now
        /// @param nanos the slowest hundredth of its writes
        /// @param peersNanos the median of that of the others
        void judged(int slot, boolean isSlow, long nanos, long peersNanos);
    }

    private final Judge judge;
    private long windowNanos;
    private boolean hasStarted;
    private int avoided;

    SlowMembers(Judge judge) {
        this.judge = judge;
    }

    /// Ends the window, if it is time.
    ///
    /// @param nowNanos monotonic clock
    /// @param health of each slot
    void look(long nowNanos, MemberHealth[] health) {
        if (!hasStarted) {
            hasStarted = true;
            windowNanos = nowNanos;
        }
        if (nowNanos - windowNanos < WINDOW_NANOS) {
            return;
        }
        windowNanos = nowNanos;
        long[] slowest = new long[health.length];
        for (int slot = 0; slot < health.length; slot++) {
            slowest[slot] = health[slot].endWindow() ? health[slot].slowestNanos() : 0;
        }
        for (int slot = 0; slot < health.length; slot++) {
            long peers = medianOfOthers(slowest, slot);
            if (slowest[slot] == 0 || peers == 0) {
                health[slot].windowsInPeace++;
                continue;
            }
            health[slot].windowsInPeace = 0;
            boolean was = health[slot].isSlow();
            boolean is = slowest[slot] > LEAST_NANOS && slowest[slot] > FACTOR * peers;
            health[slot].slowWindows = is ? Math.min(health[slot].slowWindows + 1, WINDOWS) : 0;
            if (health[slot].isSlow() != was) {
                judge.judged(slot, !was, slowest[slot], peers);
            }
        }
        avoided = 0;
        for (int slot = 0; slot < health.length; slot++) {
            boolean isOnTrial = health[slot].windowsInPeace > PEACE_WINDOWS;
            if (isOnTrial) {
                health[slot].windowsInPeace = 0;
            } else if (health[slot].isSlow()) {
                avoided |= 1 << slot;
            }
        }
    }

    /// Members that are slow and not being tried again, a bit for each slot.
    int avoided() {
        return avoided;
    }

    private static long medianOfOthers(long[] slowest, int slot) {
        long[] others = new long[slowest.length];
        int count = 0;
        for (int other = 0; other < slowest.length; other++) {
            if (other != slot && slowest[other] > 0) {
                others[count++] = slowest[other];
            }
        }
        Arrays.sort(others, 0, count);
        return count == 0 ? 0 : others[(count - 1) / 2];
    }
}
