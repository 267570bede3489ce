package io.quoin.volume.journal;

import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;

/// Gives out sequences: they grow, and never repeat (invariant I14). Numbers whose low bytes would read
/// as "unwritten" or "bad" in a generation vector are left out.
///
/// In the engine's turns only.
public final class Sequencer {
    private final Geometry geometry;
    private long last;

    /// Continues behind a sequence.
    ///
    /// @param last highest sequence given out before
    /// @param geometry shape, for the width of vectors
    public Sequencer(long last, Geometry geometry) {
        this.last = last;
        this.geometry = geometry;
    }

    /// {@return the next sequence}
    public long next() {
        do {
            last++;
        } while (isSpecial(last, geometry)
                || geometry.former() != null && isSpecial(last, geometry.former()));
        return last;
    }

    private static boolean isSpecial(long sequence, Geometry shape) {
        long low = BlockInfo.truncate(sequence, shape.dataCount());
        return low == 0 || low == BlockInfo.truncate(-1, shape.dataCount());
    }

    /// {@return the last sequence given out}
    public long last() {
        return last;
    }
}
