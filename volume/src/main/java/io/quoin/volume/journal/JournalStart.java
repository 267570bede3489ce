package io.quoin.volume.journal;

import java.util.List;

/// Where recovery ended and the journal goes on.
///
/// @param segments slots in use
/// @param epoch journal epoch, of which an EPOCH_START is durable
/// @param nextBatch number of the next batch
/// @param chain chain value of the last batch
/// @param commitSequence last committed sequence
/// @param tailBatch first batch that recovery would need
/// @param last the last batch and, before it, those that it stands for, as far as they were found
public record JournalStart(
        Segments segments,
        long epoch,
        long nextBatch,
        int chain,
        long commitSequence,
        long tailBatch,
        List<Held> last) {
    /// A batch, and which members have a whole copy of it.
    ///
    /// @param batch its number
    /// @param members a bit for each slot
    record Held(long batch, int members) {}
}
