package io.quoin.volume.read;

import java.util.Arrays;

/// Where the last few reads ended: who starts there reads on.
final class Streaks {
    private static final int MOST = 8;

    private final long[] ends = new long[MOST];
    private int oldest;

    Streaks() {
        Arrays.fill(ends, -1);
    }

    /// Notes a read.
    ///
    /// @param first first block
    /// @param end block behind its last
    /// @return whether it starts where one of the last ended
    boolean goesOn(long first, long end) {
        for (int i = 0; i < MOST; i++) {
            if (ends[i] == first) {
                ends[i] = end;
                return true;
            }
        }
        ends[oldest] = end;
        oldest = (oldest + 1) % MOST;
        return false;
    }
}
