package io.quoin.volume.journal;

import io.quoin.volume.format.BlockInfo;

/// Gives out sequences: they grow, and never repeat (invariant I14). Numbers whose low bytes would read
/// as "unwritten" or "bad" in a generation vector are left out.
///
/// In the engine's turns only.
public final class Sequencer {
    private final int dataCount;
    private long last;

    /// Continues behind a sequence.
    ///
    /// @param last highest sequence given out before
    /// @param dataCount k, for the width of vectors
    public Sequencer(long last, int dataCount) {
        this.last = last;
        this.dataCount = dataCount;
    }

    /// {@return the next sequence}
    public long next() {
        do {
            last++;
        } while (BlockInfo.truncate(last, dataCount) == 0
                || BlockInfo.truncate(last, dataCount) == BlockInfo.truncate(-1, dataCount));
        return last;
    }

    /// {@return the last sequence given out}
    public long last() {
        return last;
    }
}
