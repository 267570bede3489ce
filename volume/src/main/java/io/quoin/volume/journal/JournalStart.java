package io.quoin.volume.journal;

/// Where recovery ended and the journal goes on.
///
/// @param segments slots in use
/// @param epoch journal epoch, of which an EPOCH_START is durable
/// @param nextBatch number of the next batch
/// @param chain chain value of the last batch
/// @param commitSequence last committed sequence
/// @param tailBatch first batch that recovery would need
/// @param lastHolders of the last batch and, before it, of those that it stands for, which members have a
///     whole copy: a bit for each slot
public record JournalStart(
        Segments segments,
        long epoch,
        long nextBatch,
        int chain,
        long commitSequence,
        long tailBatch,
        int[] lastHolders) {}
