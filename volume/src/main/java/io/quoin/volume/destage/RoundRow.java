package io.quoin.volume.destage;

import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.row.InfoGroup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// One row of a destage round: which versions go home, and what its clean positions hold.
final class RoundRow {
    long row;

    /// The shape that it has.
    Geometry shape;

    InfoGroup group;
    int index;

    /// Place of the row in the round's working memory.
    int place;

    /// Version for each data position, or NONE when it is clean.
    final int[] versions;

    /// Positions whose clean block was found bad and is rewritten with the row.
    int rewrite;

    /// Clean data positions whose content is lost: they become BAD.
    int lost;

    /// Data positions that are dirty.
    int dirtyMask;

    /// Dirty positions that change nothing: a trim of what reads as zeros already.
    int idleMask;

    /// Parity positions that a member of the set holds.
    int parityHeld;

    /// Whether the row needs an INTENT.
    boolean needsIntent;

    /// Whether any data position has content.
    boolean hasContent;

    /// Whether every dirty position is idle.
    boolean isIdle;

    /// Sequence of the home write.
    long generation;

    /// Reads under way.
    int pending;

    /// Positions read.
    int readMask;

    /// A record for each position, of which the guards count: those of the blocks that go home.
    final MemorySegment seals;

    private final Geometry geometry;

    RoundRow(Geometry geometry) {
        this.geometry = geometry;
        versions = new int[geometry.mostData()];
        seals = Arena.ofAuto().allocate((long) geometry.mostWidth() * BlockInfo.BYTES, Long.BYTES);
    }

    /// {@return where the info of a position's block stands in the group's image}
    long record(int position) {
        return group.record(geometry.laneOf(geometry.slotAt(row, position)), index);
    }

    /// {@return where a position's record begins in {@link #seals}}
    long seal(int position) {
        return (long) position * BlockInfo.BYTES;
    }
}
