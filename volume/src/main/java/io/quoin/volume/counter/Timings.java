package io.quoin.volume.counter;

import org.agrona.concurrent.AtomicBuffer;

/// How long what clients wait for takes, and where the time goes: a histogram for each span, since the volume was opened.
///
/// ```
/// submitted -- intake --> in the journal's queue -- queue --> batch begun -- journal --> on all copies it needs --> answered
/// |------------------------------------------------- commit ------------------------------------------------------|
/// ```
///
/// A bucket is a quarter of its octave wide, from 1 us to 68 s; what lies outside counts with the nearest. Times are those of the engine's
/// turns, so what a turn itself takes is not in them.
///
/// Recorded in the engine's turns, read by anybody, also by another process when the buffer lies in a mapped file; allocates nothing.
public final class Timings {
    /// What is timed.
    public enum Span {
        /// Writes, trims and zeroes of clients, from their arrival to their answer.
        COMMIT("commit"),
        /// Reads of clients, likewise.
        READ("read"),
        /// Of a commit: until it is in the journal's queue; room in the journal, blocks that are partly written.
        INTAKE("commit: intake"),
        /// Of a commit: until its batch begins to be written.
        QUEUE("commit: queue"),
        /// Of a commit: until its batch is durable on all copies that it needs.
        JOURNAL("commit: journal write");

        private final String label;

        Span(String label) {
            this.label = label;
        }

        /// {@return name for operators}
        public String label() {
            return label;
        }
    }

    private static final int SUB_BITS = 2;
    private static final int SUB = 1 << SUB_BITS;
    private static final int FIRST_OCTAVE = 10; // 1,024 ns
    private static final int LAST_OCTAVE = 36;
    private static final int LINE_BYTES = 64;

    /// Buckets of a span.
    public static final int BUCKETS = (LAST_OCTAVE - FIRST_OCTAVE) * SUB;

    /// Bytes of a span: u64 sum of nanoseconds, then u64 for each bucket, padded to a cache line.
    public static final int STRIDE_BYTES =
            (Long.BYTES * (1 + BUCKETS) + LINE_BYTES - 1) / LINE_BYTES * LINE_BYTES;

    /// Bytes of all spans.
    public static final int BYTES = Span.values().length * STRIDE_BYTES;

    private final AtomicBuffer buffer;
    private final int at;

    /// Timings in a buffer.
    ///
    /// @param buffer has BYTES from there on
    /// @param at offset
    Timings(AtomicBuffer buffer, int at) {
        this.buffer = buffer;
        this.at = at;
    }

    /// Counts an operation. One thread at a time.
    ///
    /// @param span which
    /// @param nanos how long it took
    public void record(Span span, long nanos) {
        int sum = at + span.ordinal() * STRIDE_BYTES;
        int count = sum + Long.BYTES * (1 + bucket(nanos));
        buffer.putLongRelease(sum, buffer.getLong(sum) + Math.max(0, nanos));
        buffer.putLongRelease(count, buffer.getLong(count) + 1);
    }

    private static int bucket(long nanos) {
        if (nanos < 1L << FIRST_OCTAVE) {
            return 0;
        }
        int octave = 63 - Long.numberOfLeadingZeros(nanos);
        int sub = (int) (nanos >> octave - SUB_BITS) & SUB - 1;
        return Math.min((octave - FIRST_OCTAVE) * SUB + sub, BUCKETS - 1);
    }

    /// {@return the nanoseconds at which a bucket ends, not of it any more}
    ///
    /// @param bucket from 0
    public static long endNanos(int bucket) {
        return (long) (SUB + bucket % SUB + 1) << bucket / SUB + FIRST_OCTAVE - SUB_BITS;
    }

    /// {@return what was counted of a span so far}
    ///
    /// @param span which
    public Histogram histogram(Span span) {
        int sum = at + span.ordinal() * STRIDE_BYTES;
        long[] counts = new long[BUCKETS];
        for (int i = 0; i < BUCKETS; i++) {
            counts[i] = buffer.getLongAcquire(sum + Long.BYTES * (1 + i));
        }
        return new Histogram(span.label(), buffer.getLongAcquire(sum), counts);
    }

    /// What was counted of a span.
    ///
    /// @param label its name
    /// @param sumNanos all its operations together
    /// @param counts operations of each bucket
    public record Histogram(String label, long sumNanos, long[] counts) {
        /// {@return operations}
        public long count() {
            long count = 0;
            for (long each : counts) {
                count += each;
            }
            return count;
        }

        /// {@return the time that a share of the operations did not exceed, in nanoseconds, by at most a quarter too long; 0 when none
        /// was counted}
        ///
        /// @param share from 0 to 1
        public long quantile(double share) {
            long wanted = Math.max(1, (long) Math.ceil(share * count()));
            long seen = 0;
            for (int i = 0; i < counts.length; i++) {
                seen += counts[i];
                if (seen >= wanted) {
                    return endNanos(i);
                }
            }
            return 0;
        }
    }
}
