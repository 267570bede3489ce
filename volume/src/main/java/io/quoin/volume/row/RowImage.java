package io.quoin.volume.row;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.MemorySegment;

/// The bytes of one row, as read, and what becomes of them against the row's info: which blocks are
/// good, which were corrected, which had to be decoded from the others, which are lost.
///
/// Pure computation over memory; one instance per thread.
public final class RowImage {
    private final Geometry geometry;
    private final BlockGuards guards;

    /// Shape of the row.
    private Geometry shape;

    /// Blocks by position: segment of each.
    public final MemorySegment[] blocks;

    /// Blocks by position: offset of each.
    public final long[] offsets;

    /// Positions whose bytes were read.
    public int readable;

    /// Positions whose block matches its info, corrected ones included.
    public int good;

    /// Positions that hold nothing and count as zeros.
    public int contentless;

    /// Good positions in which the Hamming code flipped bits back.
    public int corrected;

    /// Bits flipped back.
    public int correctedBits;

    /// Positions read whose guard failed beyond correction.
    public int damaged;

    /// Positions recomputed from the others.
    public int decoded;

    /// Positions that could not be had at all.
    public int lost;

    /// Positions decoded although their recorded guard does not agree: nothing of the row is changed.
    public int suspect;

    /// Resolves rows of a volume.
    ///
    /// @param geometry shape
    /// @param guards its guards; not shared with another thread
    public RowImage(Geometry geometry, BlockGuards guards) {
        this.geometry = geometry;
        this.guards = guards;
        this.shape = geometry;
        blocks = new MemorySegment[geometry.mostWidth()];
        offsets = new long[geometry.mostWidth()];
    }

    /// {@return the guards used}
    public BlockGuards guards() {
        return guards;
    }

    /// Judges and completes the row: afterwards each block that is not lost has its content.
    ///
    /// @param group info of the row
    /// @param index the row's index in it
    /// @param row the row
    /// @param readableMask positions whose bytes were read from a member that holds the row
    public void resolve(InfoGroup group, int index, long row, int readableMask) {
        judge(group, index, row, readableMask);
        complete(group, index, row);
    }

    /// Holds each block that was read against its info, and corrects what the Hamming code can.
    ///
    /// @param group info of the row
    /// @param index the row's index in it
    /// @param row the row
    /// @param readableMask positions whose bytes were read from a member that holds the row
    public void judge(InfoGroup group, int index, long row, int readableMask) {
        shape = geometry.at(row);
        readable = readableMask;
        good = 0;
        contentless = 0;
        corrected = 0;
        correctedBits = 0;
        damaged = 0;
        decoded = 0;
        lost = 0;
        suspect = 0;
        MemorySegment info = group.image();
        for (int p = 0; p < shape.width(); p++) {
            int lane = geometry.laneOf(geometry.slotAt(row, p));
            long at = group.record(lane, index);
            if (BlockInfo.isContentless(info, at)) {
                blocks[p].asSlice(offsets[p], BLOCK_BYTES).fill((byte) 0);
                contentless |= 1 << p;
            } else if ((readable >> p & 1) != 0
                    && (!group.isUntrusted(lane, index) || Plant.DECODE_UNTRUSTED.isPlanted())) {
                judge(p, info, at);
            }
        }
    }

    /// Decodes, after {@link #judge}, what is not good from what is.
    ///
    /// @param group info of the row
    /// @param index the row's index in it
    /// @param row the row
    public void complete(InfoGroup group, int index, long row) {
        shape = geometry.at(row);
        MemorySegment info = group.image();
        int width = shape.width();
        int known = good | contentless;
        int unknown = ~known & (width == 32 ? -1 : (1 << width) - 1);
        if (unknown == 0) {
            return;
        }
        if (Integer.bitCount(known) < shape.dataCount()) {
            lost = unknown;
            return;
        }
        shape.code().reconstruct(blocks, offsets, known, unknown, BLOCK_BYTES);
        decoded = unknown;
        for (int p = 0; p < width; p++) {
            if ((unknown >> p & 1) != 0) {
                long at = group.record(geometry.laneOf(geometry.slotAt(row, p)), index);
                boolean isGuarded = BlockInfo.guard(info, at) != 0;
                if (isGuarded && !guards.matches(blocks[p], offsets[p], info, at)) {
                    suspect |= 1 << p;
                }
            }
        }
        if (suspect != 0) {
            // The sources passed their guards and yet imply another content than was recorded:
            // no block that depends on them is given out.
            lost = unknown;
            decoded = 0;
        }
    }

    private void judge(int p, MemorySegment info, long at) {
        if (BlockInfo.guard(info, at) == 0) {
            damaged |= 1 << p; // nothing recorded to hold it against
        } else if (guards.matches(blocks[p], offsets[p], info, at)) {
            good |= 1 << p;
        } else {
            int bits = guards.correct(blocks[p], offsets[p], info, at);
            if (bits > 0) {
                good |= 1 << p;
                corrected |= 1 << p;
                correctedBits += bits;
            } else {
                damaged |= 1 << p;
            }
        }
    }

    /// {@return whether parity is what the data encodes to; only when nothing is lost}
    public boolean isParityConsistent() {
        return shape.parityCount() == 0 || shape.code().verify(blocks, offsets, BLOCK_BYTES);
    }

    /// Looks for the one block whose replacement by what the others imply makes the row consistent,
    /// though its guard agrees with its bytes. Needs m >= 2: with less parity any block would do.
    ///
    /// @param scratch a block of memory
    /// @return its position, its content decoded in place; or -1 when there is none or more than one
    public int locateByErasure(MemorySegment scratch) {
        if (shape.parityCount() < 2) {
            return -1;
        }
        int width = shape.width();
        int all = width == 32 ? -1 : (1 << width) - 1;
        int found = -1;
        for (int p = 0; p < width; p++) {
            MemorySegment.copy(blocks[p], offsets[p], scratch, 0, BLOCK_BYTES);
            shape.code().reconstruct(blocks, offsets, all & ~(1 << p), 1 << p, BLOCK_BYTES);
            boolean fits = isParityConsistent();
            MemorySegment.copy(scratch, 0, blocks[p], offsets[p], BLOCK_BYTES);
            if (fits) {
                if (found >= 0) {
                    return -1;
                }
                found = p;
            }
        }
        if (found >= 0) {
            shape.code().reconstruct(blocks, offsets, all & ~(1 << found), 1 << found, BLOCK_BYTES);
        }
        return found;
    }
}
