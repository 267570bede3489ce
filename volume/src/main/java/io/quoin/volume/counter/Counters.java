package io.quoin.volume.counter;

import org.agrona.concurrent.AtomicBuffer;

/// The counters of one volume: written in its engine's turns, read by anybody, also by another process
/// when the buffer lies in a mapped file. Each has a cache line of its own.
public final class Counters {
    /// What is counted.
    public enum Counter {
        /// Requests completed.
        REQUESTS("requests"),
        /// Bytes read by clients.
        READ_BYTES("read bytes"),
        /// Bytes written by clients and acknowledged.
        WRITTEN_BYTES("written bytes"),
        /// Journal batches committed.
        BATCHES("journal batches"),
        /// Journal bytes since the tail.
        JOURNAL_BYTES("journal bytes in use"),
        /// Dirty blocks.
        DIRTY_BLOCKS("dirty blocks"),
        /// Rows carried home.
        ROWS_DESTAGED("rows destaged"),
        /// Intents written.
        INTENTS("intents"),
        /// Checkpoints completed.
        CHECKPOINTS("checkpoints"),
        /// Bits corrected by the Hamming code.
        BITS_CORRECTED("bits corrected"),
        /// Blocks decoded from other slots because their own bytes were bad.
        BLOCKS_DECODED("blocks decoded"),
        /// Blocks rewritten.
        BLOCKS_REPAIRED("blocks repaired"),
        /// Blocks found lost.
        BLOCKS_LOST("blocks lost"),
        /// Rows in disagreement without a verdict.
        ROWS_SUSPECT("rows suspect"),
        /// Members dropped.
        MEMBERS_FAILED("members failed"),
        /// Read errors of members.
        READ_ERRORS("read errors"),
        /// Copies of journal batches found damaged while they counted.
        JOURNAL_DAMAGED("journal copies damaged"),
        /// Journal batches written again on other members, since a copy was late.
        BATCHES_REWRITTEN("journal batches written elsewhere"),
        /// Rows checked because damage was found near them.
        ROWS_NEAR_CHECKED("rows checked near damage");

        private final String label;

        Counter(String label) {
            this.label = label;
        }

        /// {@return name for operators}
        public String label() {
            return label;
        }

        /// {@return whether it goes down too}
        public boolean isGauge() {
            return this == JOURNAL_BYTES || this == DIRTY_BLOCKS;
        }
    }

    /// Bytes of one counter.
    public static final int STRIDE_BYTES = 64;

    /// Where the times begin, behind all counters.
    public static final int TIMINGS_AT = Counter.values().length * STRIDE_BYTES;

    /// Bytes of all counters and times.
    public static final int BYTES = TIMINGS_AT + Timings.BYTES;

    private final AtomicBuffer buffer;
    private final Timings timings;

    /// Counters in a buffer.
    ///
    /// @param buffer at least BYTES long
    public Counters(AtomicBuffer buffer) {
        this.buffer = buffer;
        timings = new Timings(buffer, TIMINGS_AT);
    }

    /// {@return how long things take}
    public Timings timings() {
        return timings;
    }

    /// Adds to a counter. One thread only.
    ///
    /// @param counter which
    /// @param amount how much
    public void add(Counter counter, long amount) {
        int at = counter.ordinal() * STRIDE_BYTES;
        buffer.putLongRelease(at, buffer.getLong(at) + amount);
    }

    /// Sets a gauge. One thread only.
    ///
    /// @param counter which
    /// @param value what
    public void set(Counter counter, long value) {
        buffer.putLongRelease(counter.ordinal() * STRIDE_BYTES, value);
    }

    /// {@return a counter's value}
    ///
    /// @param counter which
    public long get(Counter counter) {
        return buffer.getLongAcquire(counter.ordinal() * STRIDE_BYTES);
    }
}
