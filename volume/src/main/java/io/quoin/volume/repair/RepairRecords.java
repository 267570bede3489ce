package io.quoin.volume.repair;

import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.Sequencer;
import io.quoin.volume.member.MemberHealth;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.row.InfoGroup;

/// Which blocks of a task are to be written, and what their info says afterwards; counts and tells what
/// was found.
///
/// In the engine's turns only.
final class RepairRecords {
    private final Geometry geometry;
    private final MemberSet members;
    private final Sequencer sequencer;
    private final BlockGuards guards;
    private final Counters counters;
    private final VolumeEvent.Sink events;

    /// Slot under rebuild, or -1.
    int rebuiltSlot = -1;

    /// Blocks read and verified.
    long checked;

    /// Blocks rewritten.
    long repaired;

    /// Blocks lost.
    long lost;

    /// Rows suspect.
    long suspect;

    RepairRecords(
            Geometry geometry,
            MemberSet members,
            Sequencer sequencer,
            BlockGuards guards,
            Counters counters,
            VolumeEvent.Sink events) {
        this.geometry = geometry;
        this.members = members;
        this.sequencer = sequencer;
        this.guards = guards;
        this.counters = counters;
        this.events = events;
    }

    /// {@return positions of a row that are to be written}
    private int targets(RepairTask task, int index) {
        if (task.isLeft) {
            return 0;
        }
        long row = geometry.rowIn(task.key, index);
        int targets = 0;
        for (int p = 0; p < geometry.at(task.key).width(); p++) {
            int slot = geometry.slotAt(row, p);
            int lane = geometry.laneOf(slot);
            boolean isTarget = isRebuilt(slot) && !task.isKept(index);
            if (!isTarget && !members.holds(slot, task.key)) {
                continue;
            }
            boolean isContentless = (task.contentless[index] >> p & 1) != 0;
            boolean isHad = (task.lost[index] >> p & 1) == 0 && !isContentless;
            boolean isBad =
                    ((task.corrected[index] | task.decoded[index]) >> p & 1) != 0
                            || task.convicted[index] == p
                            || task.group.isUntrusted(lane, index);
            if (isHad && (isTarget || isBad && !Plant.SCRUB_REPAIRS_NOTHING.isPlanted())) {
                targets |= 1 << p;
            }
        }
        return targets;
    }

    private boolean isRebuilt(int slot) {
        return slot == rebuiltSlot && members.entry(slot).state() == MemberEntry.REBUILDING;
    }

    /// {@return whether a slot's block of a row is to be written}
    boolean isTarget(RepairTask task, int slot, int index) {
        int position = geometry.positionAt(geometry.rowIn(task.key, index), slot);
        return (targets(task, index) >> position & 1) != 0;
    }

    /// {@return whether a slot's block of a row is to be copied as it is in memory: it passes its guards, or was put to rights}
    boolean isCopied(RepairTask task, int slot, int index) {
        int lane = geometry.laneOf(slot);
        if (BlockInfo.isContentless(task.group.image(), task.group.record(lane, index))) {
            return false;
        }
        if (task.isKept(index)) {
            return true;
        }
        int position = geometry.positionAt(geometry.rowIn(task.key, index), slot);
        return (task.lost[index] >> position & 1) == 0;
    }

    /// {@return whether a block in memory is what its record says}
    boolean isGood(RepairTask task, int lane, int index) {
        long at = task.group.record(lane, index);
        return BlockInfo.guard(task.group.image(), at) != 0
                && guards.matches(task.memory, task.offset(lane, index), task.group.image(), at);
    }

    /// {@return whether a slot has no member that counts}
    boolean isGone(int slot) {
        return members.entry(slot).state() == MemberEntry.FAULTY || members.file(slot) == null;
    }

    /// Has the info of a slot that was copied written once more: from here it is the same on both. Where nothing was ever written
    /// a cleared member has the same already.
    void recordCopied(RepairTask task, int slot) {
        int lane = geometry.laneOf(slot);
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            if (BlockInfo.type(task.group.image(), task.group.record(lane, index))
                    != BlockInfo.UNWRITTEN) {
                task.group.markDirty(lane);
                return;
            }
        }
    }

    /// Notes what is to become of the info blocks of the slot under rebuild.
    void recordInfo(RepairTask task) {
        int lane = geometry.laneOf(rebuiltSlot);
        if (task.worseCopy >= 0) {
            task.group.setWorse(lane, task.worseCopy);
        }
        if (task.isInfoStale) {
            task.group.markDirty(lane);
        }
    }

    /// Records a row whose blocks were written, and reports it.
    void record(RepairTask task, int index) {
        long row = geometry.rowIn(task.key, index);
        if (task.isLeft) {
            return;
        }
        InfoGroup group = task.group;
        checked += Integer.bitCount(task.readable[index]);
        int targets = targets(task, index);
        for (int p = 0; p < geometry.at(task.key).width(); p++) {
            int slot = geometry.slotAt(row, p);
            int lane = geometry.laneOf(slot);
            if (isGone(slot) || isRebuilt(slot) && task.isKept(index)) {
                continue;
            }
            boolean isContentless = (task.contentless[index] >> p & 1) != 0;
            if (isRebuilt(slot)) {
                recordRebuilt(task, index, p, isContentless, (targets >> p & 1) != 0);
            } else if ((targets >> p & 1) != 0) {
                recordRepaired(task, index, p);
            } else if (isContentless && group.isUntrusted(lane, index)) {
                group.setUntrusted(lane, index, false);
                group.markDirty(lane);
            }
        }
        reportBad(task, index, row);
    }

    private void recordRebuilt(
            RepairTask task, int index, int p, boolean isContentless, boolean isWritten) {
        long row = geometry.rowIn(task.key, index);
        int lane = geometry.laneOf(geometry.slotAt(row, p));
        InfoGroup group = task.group;
        long at = group.record(lane, index);
        if (p >= geometry.at(task.key).dataCount() && !geometry.at(task.key).isMirror()) {
            renewParity(task, index, p, isContentless);
        }
        if (isWritten) {
            guards.seal(task.memory, task.offset(lane, index), group.image(), at);
        }
        if (isWritten || isContentless) {
            group.setUntrusted(lane, index, false);
        }
        if (BlockInfo.type(group.image(), at) != BlockInfo.UNWRITTEN) {
            group.markDirty(lane);
        }
    }

    /// The record of rebuilt parity: over the data as it is now, at the generation of the row's other
    /// parity, or a new one when there is none. Parity without content stays so, whatever the data's records
    /// say: trimmed data that was rebuilt is data, and zeros.
    private void renewParity(RepairTask task, int index, int position, boolean isContentless) {
        long row = geometry.rowIn(task.key, index);
        InfoGroup group = task.group;
        int k = geometry.at(task.key).dataCount();
        long generation = 0;
        boolean hasOther = false;
        for (int p = k; p < geometry.at(task.key).width(); p++) {
            int slot = geometry.slotAt(row, p);
            if (p != position && members.holds(slot, task.key)) {
                hasOther = true;
                generation =
                        Math.max(
                                generation,
                                BlockInfo.generation(
                                        group.image(), group.record(geometry.laneOf(slot), index)));
            }
        }
        boolean isWritten = false;
        boolean hasContent = false;
        for (int p = 0; p < k; p++) {
            long data = group.record(geometry.laneOf(geometry.slotAt(row, p)), index);
            isWritten |= BlockInfo.type(group.image(), data) != BlockInfo.UNWRITTEN;
            hasContent |= !BlockInfo.isContentless(group.image(), data);
        }
        long at = group.record(geometry.laneOf(geometry.slotAt(row, position)), index);
        if (!isWritten) {
            BlockInfo.set(group.image(), at, BlockInfo.UNWRITTEN, 0, 0);
            return;
        }
        hasContent &= !isContentless || Plant.PARITY_WITHOUT_GUARD.isPlanted();
        int type = hasContent ? BlockInfo.PARITY : BlockInfo.TRIMMED;
        if (Plant.REPAIR_LOWERS_GENERATION.isPlanted()) {
            generation = 1;
            hasOther = true;
        }
        BlockInfo.set(
                group.image(),
                at,
                type,
                Geometry.referenceOf(row),
                hasOther ? generation : sequencer.next());
        for (int p = 0; p < k; p++) {
            long data = group.record(geometry.laneOf(geometry.slotAt(row, p)), index);
            boolean isBad = BlockInfo.type(group.image(), data) == BlockInfo.BAD;
            BlockInfo.setVector(
                    group.image(),
                    at,
                    p,
                    k,
                    isBad ? -1 : BlockInfo.generation(group.image(), data));
        }
    }

    private void recordRepaired(RepairTask task, int index, int p) {
        long row = geometry.rowIn(task.key, index);
        int slot = geometry.slotAt(row, p);
        int lane = geometry.laneOf(slot);
        InfoGroup group = task.group;
        long at = group.record(lane, index);
        String finding;
        MemberHealth.Finding kind = MemberHealth.Finding.DAMAGED;
        if (group.isUntrusted(lane, index)) {
            kind = MemberHealth.Finding.LOST_WRITE;
            finding = "lost write, the block or its info is older than the row says";
            group.setUntrusted(lane, index, false);
            if (!Plant.REPAIR_WITHOUT_INFO.isPlanted()) {
                group.markDirty(lane);
            }
        } else if ((task.corrected[index] >> p & 1) != 0) {
            kind = MemberHealth.Finding.CORRECTED;
            finding = "flipped bits, corrected by the Hamming code";
            count(row, Counter.BITS_CORRECTED, task.correctedBits[index]);
        } else if (task.convicted[index] == p) {
            finding = "its guards agree, yet every other block of the row speaks against it";
        } else {
            finding = "guard mismatch or unreadable";
            count(row, Counter.BLOCKS_DECODED, 1);
        }
        if (BlockInfo.guard(group.image(), at) == 0 || task.convicted[index] == p) {
            guards.seal(task.memory, task.offset(lane, index), group.image(), at);
            if (!Plant.REPAIR_WITHOUT_INFO.isPlanted()) {
                group.markDirty(lane);
            }
        }
        if (!geometry.isCanary(row)) {
            repaired++;
            members.health(slot).blockRepaired(kind);
        }
        count(row, Counter.BLOCKS_REPAIRED, 1);
        long block = p < geometry.at(task.key).dataCount() ? geometry.blockAt(row, p) : -1;
        events.accept(
                new VolumeEvent.BlockRepaired(slot, row, block, finding, "rewritten, read back"));
    }

    /// Canary rows hold nothing of clients, and a drill that was cut short leaves them damaged.
    private void count(long row, Counter counter, long amount) {
        if (!geometry.isCanary(row)) {
            counters.add(counter, amount);
        }
    }

    private void reportBad(RepairTask task, int index, long row) {
        if (task.suspect[index] != 0 || task.isInconsistent[index] && task.convicted[index] < 0) {
            suspect += geometry.isCanary(row) ? 0 : 1;
            count(row, Counter.ROWS_SUSPECT, 1);
            events.accept(
                    new VolumeEvent.RowSuspect(
                            row,
                            task.suspect[index] != 0
                                    ? "decoded content has not the recorded guard"
                                    : "guards are fine, parity does not fit the data"));
        }
        for (int p = 0; p < geometry.at(task.key).dataCount(); p++) {
            if ((task.lost[index] >> p & 1) != 0) {
                lost += geometry.isCanary(row) ? 0 : 1;
                count(row, Counter.BLOCKS_LOST, 1);
                events.accept(
                        new VolumeEvent.BlockLost(
                                geometry.blockAt(row, p),
                                row,
                                "fewer than "
                                        + geometry.at(task.key).dataCount()
                                        + " good blocks in the row"));
            }
        }
    }
}
