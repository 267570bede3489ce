package io.quoin.volume.destage;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.MemberHealth;
import io.quoin.volume.member.MemberSet;
import java.lang.foreign.MemorySegment;

/// Records rows that are home in their info groups.
///
/// In the engine's turns only.
final class RowRecords {
    private final Geometry geometry;
    private final MemberSet members;
    private final DirtyIndex dirty;
    private final BlockGuards guards;
    private final Counters counters;

    RowRecords(
            Geometry geometry,
            MemberSet members,
            DirtyIndex dirty,
            BlockGuards guards,
            Counters counters) {
        this.geometry = geometry;
        this.members = members;
        this.dirty = dirty;
        this.guards = guards;
        this.counters = counters;
    }

    /// Records a row.
    ///
    /// @param each the row, its group locked, guards of what went home in its seals
    /// @param blocks what went home, by position
    /// @param offsets where it begins
    void record(RoundRow each, MemorySegment[] blocks, long[] offsets) {
        MemorySegment info = each.group.image();
        int k = each.shape.dataCount();
        for (int p = 0; p < k; p++) {
            int version = each.versions[p];
            long at = each.record(p);
            long block = geometry.blockAt(each.row, p);
            if (version != DirtyIndex.NONE && (each.idleMask >> p & 1) == 0) {
                byte kind = dirty.kind(version);
                int type = kind == DirtyIndex.TRIM ? BlockInfo.TRIMMED : BlockInfo.DATA;
                BlockInfo.set(info, at, type, block, dirty.sequence(version));
                if (kind != DirtyIndex.TRIM) {
                    BlockGuards.copy(each.seals, each.seal(p), info, at);
                }
            } else if ((each.lost >> p & 1) != 0) {
                BlockInfo.set(info, at, BlockInfo.BAD, block, Batch.BAD_GENERATION);
            } else if ((each.rewrite >> p & 1) != 0) {
                if (BlockInfo.guard(info, at) == 0) {
                    guards.seal(blocks[p], offsets[p], info, at);
                }
                // What a member that is away or being rebuilt has not got is not its fault.
                int slot = geometry.slotAt(each.row, p);
                if (!geometry.isCanary(each.row) && members.holds(slot, each.group.key())) {
                    counters.add(Counter.BLOCKS_REPAIRED, 1);
                    members.health(slot).blockRepaired(MemberHealth.Finding.DAMAGED);
                }
            } else {
                continue;
            }
            settled(each, p);
        }
        for (int p = k; p < each.shape.width(); p++) {
            if (each.shape.isMirror()) {
                long at = each.record(p);
                MemorySegment.copy(info, each.record(0), info, at, BlockInfo.BYTES);
            } else {
                recordParity(each, p);
            }
            settled(each, p);
        }
    }

    private void recordParity(RoundRow each, int p) {
        MemorySegment info = each.group.image();
        int k = each.shape.dataCount();
        long at = each.record(p);
        // Without a member to hold it parity was not computed for a partly dirty row. Its old guard
        // must go all the same: the rebuild would hold new parity against it.
        boolean isEncoded = each.parityHeld != 0 || each.dirtyMask == (1 << k) - 1;
        int type = each.hasContent ? BlockInfo.PARITY : BlockInfo.TRIMMED;
        BlockInfo.set(info, at, type, Geometry.referenceOf(each.row), each.generation);
        if (each.hasContent && isEncoded) {
            BlockGuards.copy(each.seals, each.seal(p), info, at);
        }
        for (int i = 0; i < k && !Plant.VECTOR_NOT_RENEWED.isPlanted(); i++) {
            long data = each.record(i);
            long generation =
                    BlockInfo.type(info, data) == BlockInfo.BAD
                            ? Batch.BAD_GENERATION
                            : BlockInfo.generation(info, data);
            BlockInfo.setVector(info, at, i, k, generation);
        }
    }

    /// The block of a position, if a member holds the row, is on it as recorded.
    private void settled(RoundRow each, int position) {
        int slot = geometry.slotAt(each.row, position);
        int lane = geometry.laneOf(slot);
        each.group.markDirty(lane);
        if (members.holds(slot, each.group.key())) {
            each.group.setUntrusted(lane, each.index, false);
        }
    }
}
