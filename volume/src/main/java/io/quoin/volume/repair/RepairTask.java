package io.quoin.volume.repair;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.row.InfoGroup;
import io.quoin.volume.row.RowImage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// One info group on its way through the pipeline: a slot of the ring with memory for all its blocks,
/// by slot of the group. Belongs to one stage at a time; the ring's sequences hand it on.
final class RepairTask {
    static final int LANE_BYTES = ROWS_PER_INFO * BLOCK_BYTES;

    final Geometry geometry;
    final MemorySegment memory;

    /// One lane, read back.
    final MemorySegment check;

    final int[] readable = new int[ROWS_PER_INFO];
    final int[] good = new int[ROWS_PER_INFO];
    final int[] contentless = new int[ROWS_PER_INFO];
    final int[] corrected = new int[ROWS_PER_INFO];
    final int[] correctedBits = new int[ROWS_PER_INFO];
    final int[] damaged = new int[ROWS_PER_INFO];
    final int[] decoded = new int[ROWS_PER_INFO];
    final int[] lost = new int[ROWS_PER_INFO];
    final int[] suspect = new int[ROWS_PER_INFO];

    /// Rows whose slots pass their guards and yet do not fit together; position of the block that the
    /// others convict, or -1.
    final int[] convicted = new int[ROWS_PER_INFO];

    final boolean[] isInconsistent = new boolean[ROWS_PER_INFO];

    long sequence;
    long key;
    InfoGroup group;
    boolean isScrub;

    /// Rows of which the slot under rebuild has its block already, a bit for each: that is left as it is.
    int kept;

    /// Of those, rows whose block was read from the slot under rebuild and not yet held against its guards.
    int unverified;

    /// Whether the info that the slot under rebuild has must be written, and which copy is the worse, -1: neither.
    boolean isInfoStale;

    int worseCopy;

    /// Whether the slot under rebuild has all that is due: nothing else is read or written.
    boolean isLeft;

    int pending;
    int writtenLanes;
    boolean isDone;

    RepairTask(Geometry geometry) {
        this.geometry = geometry;
        memory = Arena.ofAuto().allocate((long) geometry.lanes() * LANE_BYTES, BLOCK_BYTES);
        check = Arena.ofAuto().allocate(LANE_BYTES, BLOCK_BYTES);
    }

    boolean isKept(int index) {
        return (kept >> index & 1) != 0;
    }

    long offset(int lane, int index) {
        return (long) lane * LANE_BYTES + (long) index * BLOCK_BYTES;
    }

    /// Points an image at the blocks of a row.
    void place(RowImage image, long row, int index) {
        for (int p = 0; p < geometry.at(row).width(); p++) {
            image.blocks[p] = memory;
            image.offsets[p] = offset(geometry.laneOf(geometry.slotAt(row, p)), index);
        }
    }

    void store(RowImage image, int index) {
        good[index] = image.good;
        contentless[index] = image.contentless;
        corrected[index] = image.corrected;
        correctedBits[index] = image.correctedBits;
        damaged[index] = image.damaged;
        decoded[index] = image.decoded;
        lost[index] = image.lost;
        suspect[index] = image.suspect;
    }

    void load(RowImage image, int index) {
        image.readable = readable[index];
        image.good = good[index];
        image.contentless = contentless[index];
        image.corrected = corrected[index];
        image.correctedBits = correctedBits[index];
        image.damaged = damaged[index];
        image.decoded = 0;
        image.lost = 0;
        image.suspect = 0;
    }
}
