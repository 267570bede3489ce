package io.quoin.volume.journal;

import io.quoin.volume.format.Batch;
import java.lang.foreign.MemorySegment;

/// One record on its way into the journal. Reused by whoever appends it, once it was committed.
public final class JournalOp {
    /// Told in the engine's turn.
    @FunctionalInterface
    public interface Listener {
        /// The record is durable on all copies.
        ///
        /// @param op the record
        void committed(JournalOp op);
    }

    /// Batch.WRITE to Batch.INTENT.
    public int type;

    /// Whether the transaction goes on in the next record.
    public boolean hasMore;

    /// Blocks; INTENT: parity blocks.
    public int count;

    /// Sequence.
    public long sequence;

    /// First block; INTENT: row.
    public long block;

    /// INTENT: bit for each parity position with payload.
    public int extra;

    /// Memory of the payload blocks; WRITE and INTENT.
    public MemorySegment payload;

    /// Offset of the first.
    public long payloadOffset;

    /// Bytes from one payload block to the next.
    public long payloadStride;

    /// CRC-32C of each payload block.
    public final int[] crcs = new int[Batch.MAX_PAYLOAD_BLOCKS];

    /// INTENT: generations of the data blocks.
    public long[] generations;

    /// How many, 0 for all other records.
    public int generationCount;

    /// Time of the turn in which it was appended.
    public long appendedNanos;

    /// That in which its batch began to be written.
    public long begunNanos;

    /// That in which it was committed.
    public long committedNanos;

    /// Number of the batch that holds it; valid when committed.
    public long batch;

    /// Who is told.
    public Listener listener;

    /// For the listener.
    public Object owner;

    /// For the listener.
    public int mark;

    /// {@return payload blocks}
    public int payloadBlocks() {
        return type == Batch.WRITE || type == Batch.INTENT ? count : 0;
    }

    /// {@return bytes of the record with its generations}
    public int recordBytes() {
        return Batch.RECORD_BYTES + 8 * generationCount;
    }
}
