package io.quoin.volume.counter;

import java.util.Arrays;

/// How long operations took: a histogram whose buckets are a sixteenth of their octave wide, from 1 us to
/// 68 s; what lies outside counts with the nearest. Allocates nothing once made.
///
/// One thread at a time.
public final class Latencies {
    private static final int SUB_BITS = 4;
    private static final int SUB = 1 << SUB_BITS;
    private static final int FIRST_OCTAVE = 10; // 1,024 ns
    private static final int LAST_OCTAVE = 36;
    private static final int BUCKETS = (LAST_OCTAVE - FIRST_OCTAVE) * SUB;

    private final int[] buckets = new int[BUCKETS];
    private long count;

    /// Counts an operation.
    ///
    /// @param nanos how long it took
    public void record(long nanos) {
        buckets[bucket(nanos)]++;
        count++;
    }

    private static int bucket(long nanos) {
        if (nanos < 1L << FIRST_OCTAVE) {
            return 0;
        }
        int octave = 63 - Long.numberOfLeadingZeros(nanos);
        int sub = (int) (nanos >> octave - SUB_BITS) & SUB - 1;
        return Math.min((octave - FIRST_OCTAVE) * SUB + sub, BUCKETS - 1);
    }

    /// {@return operations counted}
    public long count() {
        return count;
    }

    /// {@return the time that a share of the operations did not exceed, in nanoseconds, by at most a sixteenth
    /// too long; 0 when none was counted}
    ///
    /// @param share from 0 to 1
    public long quantile(double share) {
        if (count == 0) {
            return 0;
        }
        long wanted = Math.max(1, (long) Math.ceil(share * count));
        int at = 0;
        for (long seen = buckets[0]; seen < wanted; seen += buckets[at]) {
            at++;
        }
        long width = 1L << at / SUB + FIRST_OCTAVE - SUB_BITS;
        return (SUB + at % SUB + 1) * width;
    }

    /// Forgets everything.
    public void clear() {
        Arrays.fill(buckets, 0);
        count = 0;
    }

    /// Forgets half of what was counted.
    public void halve() {
        count = 0;
        for (int i = 0; i < BUCKETS; i++) {
            buckets[i] >>= 1;
            count += buckets[i];
        }
    }
}
