package io.quoin.volume.row;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.MemorySegment;

/// Compares what the slots of an info group say of each other, row by row, and settles on the truth.
///
/// | data record and the newest parity's vector | verdict |
/// |---|---|
/// | agree | both stand |
/// | differ, data generation < the vector's | the data slot missed a write |
/// | differ, data generation > the vector's | the parity slots missed a write |
/// | the vector says lost, data generation <= parity's generation | the data slot missed that |
/// | parity generation below another parity's | that parity slot missed a write |
/// | mirrors: generation below another copy's | that copy missed a write |
///
/// A block whose own record is not to be had, nor a parity record that covers it, is BAD: nobody knows
/// what it holds, least of all that it was never written.
///
/// A parity record's own generation is the sequence of the home write that made it, later than every
/// data generation it covers: the latest that ends in the low bytes which a vector keeps is what it
/// covers. It does not itself say who is older: what arrived before that home write, and went home after
/// it, has a lower one and is newer than what the parity covers.
final class InfoTruth {
    private InfoTruth() {}

    /// Settles every row: marks untrusted blocks and fills in the records of slots that are absent,
    /// unreadable or behind.
    ///
    /// @param group records as read
    /// @param volume shape
    /// @param held lanes whose member holds the group
    /// @param usable of those, lanes whose info block is valid
    /// @return blocks found untrusted on held lanes
    static int settle(InfoGroup group, Geometry volume, int held, int usable) {
        Geometry geometry = volume.at(group.key());
        int count = 0;
        for (int index = 0; index < Geometry.ROWS_PER_INFO; index++) {
            int untrusted =
                    geometry.isMirror()
                            ? settleMirror(group, geometry, index, usable)
                            : settleParity(group, geometry, index, usable);
            untrusted |= held & ~usable;
            for (int lane = 0; lane < geometry.width(); lane++) {
                if (((held & untrusted) >> lane & 1) != 0) {
                    group.setUntrusted(lane, index, true);
                    count++;
                }
            }
        }
        return count;
    }

    private static int settleMirror(InfoGroup group, Geometry geometry, int index, int usable) {
        MemorySegment image = group.image();
        int best = -1;
        for (int lane = 0; lane < geometry.width(); lane++) {
            if ((usable >> lane & 1) != 0
                    && (best < 0
                            || BlockInfo.generation(image, group.record(lane, index))
                                    > BlockInfo.generation(image, group.record(best, index)))) {
                best = lane;
            }
        }
        if (best < 0) {
            long block = geometry.blockAt(geometry.rowIn(group.key(), index), 0);
            for (int lane = 0; lane < geometry.width(); lane++) {
                BlockInfo.set(image, group.record(lane, index), BlockInfo.BAD, block, -1);
            }
            return 0;
        }
        long truth = group.record(best, index);
        int behind = 0;
        for (int lane = 0; lane < geometry.width(); lane++) {
            long at = group.record(lane, index);
            boolean agrees =
                    (usable >> lane & 1) != 0
                            && BlockInfo.generation(image, at)
                                    == BlockInfo.generation(image, truth);
            if (!agrees) {
                MemorySegment.copy(image, truth, image, at, BlockInfo.BYTES);
                behind |= 1 << lane;
            }
        }
        return behind;
    }

    private static int settleParity(InfoGroup group, Geometry geometry, int index, int usable) {
        int k = geometry.dataCount();
        MemorySegment image = group.image();
        long row = geometry.rowIn(group.key(), index);
        long newest = -1;
        int source = -1;
        for (int p = k; p < geometry.width(); p++) {
            int lane = geometry.laneOf(geometry.slotAt(row, p));
            long at = group.record(lane, index);
            if ((usable >> lane & 1) != 0 && BlockInfo.generation(image, at) > newest) {
                newest = BlockInfo.generation(image, at);
                source = lane;
            }
        }
        int behind = 0;
        boolean parityBehind = source < 0;
        for (int p = 0; p < k && source >= 0; p++) {
            int lane = geometry.laneOf(geometry.slotAt(row, p));
            if ((usable >> lane & 1) != 0
                    && BlockInfo.type(image, group.record(lane, index)) != BlockInfo.BAD
                    && BlockInfo.generation(image, group.record(lane, index))
                            > covered(group, geometry, index, p, source)) {
                parityBehind = true;
            }
        }
        for (int p = 0; p < k; p++) {
            int lane = geometry.laneOf(geometry.slotAt(row, p));
            if ((usable >> lane & 1) != 0
                    && (parityBehind
                            || agrees(group, geometry, index, lane, p, source)
                            || Plant.LOST_WRITE_TRUSTED.isPlanted())) {
                continue;
            }
            behind |= 1 << lane;
            if (source < 0 && !Plant.UNKNOWN_IS_UNWRITTEN.isPlanted()) {
                long block = geometry.blockAt(row, p);
                BlockInfo.set(image, group.record(lane, index), BlockInfo.BAD, block, -1);
                continue;
            }
            implyData(group, geometry, index, lane, row, p, source);
        }
        for (int p = k; p < geometry.width(); p++) {
            int lane = geometry.laneOf(geometry.slotAt(row, p));
            long at = group.record(lane, index);
            if ((usable >> lane & 1) != 0
                    && !parityBehind
                    && BlockInfo.generation(image, at) == newest) {
                continue;
            }
            behind |= 1 << lane;
            implyParity(group, geometry, index, lane, row, Math.max(newest, 0));
        }
        return behind;
    }

    /// {@return the generation of a data block that a parity was computed over; of one that was lost, the
    /// latest it can have had}
    private static long covered(
            InfoGroup group, Geometry geometry, int index, int position, int source) {
        int k = geometry.dataCount();
        long at = group.record(source, index);
        long vector = BlockInfo.vector(group.image(), at, position, k);
        long newest = BlockInfo.generation(group.image(), at);
        if (vector == BlockInfo.truncate(-1, k) || Plant.PARITY_SEQUENCE_JUDGES.isPlanted()) {
            return newest;
        }
        int bytes = BlockInfo.vectorWidth(k);
        return bytes == 8 || vector == 0 ? vector : widen(vector, newest, 8 * bytes);
    }

    private static boolean agrees(
            InfoGroup group, Geometry geometry, int index, int lane, int position, int source) {
        int k = geometry.dataCount();
        MemorySegment image = group.image();
        long at = group.record(lane, index);
        long generation =
                BlockInfo.type(image, at) == BlockInfo.BAD ? -1 : BlockInfo.generation(image, at);
        return BlockInfo.truncate(generation, k)
                == BlockInfo.vector(image, group.record(source, index), position, k);
    }

    private static void implyData(
            InfoGroup group,
            Geometry geometry,
            int index,
            int lane,
            long row,
            int position,
            int source) {
        int type = BlockInfo.DATA;
        long generation = 0;
        if (source < 0) {
            type = BlockInfo.UNWRITTEN;
        } else {
            int k = geometry.dataCount();
            long vector = BlockInfo.vector(group.image(), group.record(source, index), position, k);
            generation = covered(group, geometry, index, position, source);
            if (vector == 0) {
                type = BlockInfo.UNWRITTEN;
            } else if (vector == BlockInfo.truncate(-1, k)) {
                type = BlockInfo.BAD;
                generation = -1;
            }
        }
        BlockInfo.set(
                group.image(),
                group.record(lane, index),
                type,
                geometry.blockAt(row, position),
                generation);
    }

    /// {@return the highest generation below the parity's that ends in the low bits kept}
    static long widen(long low, long newest, int bits) {
        long step = 1L << bits;
        long candidate = newest & -step | low;
        return candidate > newest ? Math.max(candidate - step, low) : candidate;
    }

    private static void implyParity(
            InfoGroup group, Geometry geometry, int index, int lane, long row, long newest) {
        int k = geometry.dataCount();
        MemorySegment image = group.image();
        long at = group.record(lane, index);
        boolean isWritten = false;
        boolean hasContent = false;
        // Never older than what it covers: once the block is rewritten and this record stored, a
        // data
        // slot that falls behind must not look newer than the parity.
        long generation = newest;
        for (int p = 0; p < k; p++) {
            long data = group.record(geometry.laneOf(geometry.slotAt(row, p)), index);
            generation = Math.max(generation, BlockInfo.generation(image, data));
            isWritten |= BlockInfo.type(image, data) != BlockInfo.UNWRITTEN;
            hasContent |= !BlockInfo.isContentless(image, data);
        }
        int type =
                hasContent ? BlockInfo.PARITY : isWritten ? BlockInfo.TRIMMED : BlockInfo.UNWRITTEN;
        BlockInfo.set(image, at, type, Geometry.referenceOf(row), isWritten ? generation : 0);
        for (int p = 0; p < k && isWritten; p++) {
            long data = group.record(geometry.laneOf(geometry.slotAt(row, p)), index);
            long covered =
                    BlockInfo.type(image, data) == BlockInfo.BAD
                            ? -1
                            : BlockInfo.generation(image, data);
            BlockInfo.setVector(image, at, p, k, covered);
        }
    }
}
