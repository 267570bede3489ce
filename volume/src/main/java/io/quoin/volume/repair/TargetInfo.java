package io.quoin.volume.repair;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.format.InfoBlock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.row.InfoGroup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// What the member that a rebuild fills holds already, by its own info: nothing of a blank one, all but what
/// was written meanwhile of one that was away. A generation is the sequence of one write and of no other, so a
/// block whose generation is the one that is due needs no copying; what it holds is held against its guard
/// by whoever reads it, as ever.
///
/// | position | kept when |
/// |---|---|
/// | a copy of a mirror | its record is, byte by byte, that of the others |
/// | data | its generation is the one that parity was computed over |
/// | parity | it covers the data's generations, and has the generation of the row's other parity, if there is any |
///
/// A block that is newer than what is due ends the rebuild: it may be the last copy of a write.
///
/// Info is read a run of groups at a time, both copies, each run when the first of it is due.
///
/// In the engine's turns only.
final class TargetInfo {
    private static final int RUN = 16;
    private static final int LEAST_VECTOR_BYTES = 4;

    private final Geometry geometry;
    private final MemberSet members;
    private final int slot;
    private final int lane;
    private final MemorySegment[] copies = new MemorySegment[2];
    private final boolean[] isRead = new boolean[2];
    private boolean isBlank;
    private boolean isStale;
    private int worseCopy;
    private long first = -1; // info block
    private int count;
    private int pending;

    /// Info of a slot's member.
    ///
    /// @param geometry shape
    /// @param members the slot's member among them
    /// @param slot slot under rebuild
    TargetInfo(Geometry geometry, MemberSet members, int slot) {
        this.geometry = geometry;
        this.members = members;
        this.slot = slot;
        lane = geometry.laneOf(slot);
        for (int copy = 0; copy < 2; copy++) {
            copies[copy] = Arena.ofAuto().allocate(RUN * BLOCK_BYTES, BLOCK_BYTES);
        }
    }

    /// Finds out which rows of a group the member has already, and takes over their records. One at a time.
    ///
    /// @param group locked; of the slot's group
    /// @param then told the rows that need no copying, a bit for each, perhaps at once
    void settle(InfoGroup group, Answer then) {
        long block = geometry.infoBlock(group.key());
        if (first >= 0 && block >= first && block < first + count) {
            then.kept(keep(group, (int) (block - first)));
            return;
        }
        first = block;
        count = run(block);
        pending = 2;
        for (int copy = 0; copy < 2; copy++) {
            int thisCopy = copy;
            Io io = new Io();
            long offset = members.layout().infoOffset(block, copy);
            io.set(Io.Kind.READ, copies[copy], 0, count * BLOCK_BYTES, offset);
            io.listener =
                    done -> {
                        isRead[thisCopy] = done.result.isOk();
                        if (--pending == 0) {
                            then.kept(keep(group, 0));
                        }
                    };
            members.submit(slot, io);
        }
    }

    /// {@return whether the member has no info of the group that was settled last}
    boolean isBlank() {
        return isBlank;
    }

    /// {@return whether the member's info of the group that was settled last has to be written, whatever it
    /// says}
    boolean isStale() {
        return isStale;
    }

    /// {@return the copy of it that is damaged or older, -1: neither}
    int worseCopy() {
        return worseCopy;
    }

    /// Told what a member has.
    @FunctionalInterface
    interface Answer {
        /// The member has these rows already.
        ///
        /// @param rows a bit for each row of the group
        void kept(int rows);
    }

    /// {@return info blocks from one on that lie side by side}
    private int run(long block) {
        long all = geometry.infoGroupCount() / geometry.groupCount();
        long begin = members.layout().infoOffset(block, 0);
        int run = 1;
        while (run < RUN
                && block + run < all
                && members.layout().infoOffset(block + run, 0)
                        == begin + (long) run * BLOCK_BYTES) {
            run++;
        }
        return run;
    }

    private int keep(InfoGroup group, int place) {
        if (members.file(slot) == null) {
            return 0;
        }
        long at = (long) place * BLOCK_BYTES;
        boolean a = isUsable(0, at);
        boolean b = isUsable(1, at);
        isBlank = isBlank(0, at) && isBlank(1, at);
        isStale = false;
        worseCopy = -1;
        if (!a && !b) {
            isStale = true; // what is there instead is nothing that a load should find
            return 0;
        }
        long checkpointA = InfoBlock.checkpoint(copies[0], at);
        long checkpointB = InfoBlock.checkpoint(copies[1], at);
        MemorySegment found = a && (!b || checkpointA >= checkpointB) ? copies[0] : copies[1];
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            long record = InfoBlock.record(at, index);
            if (isNewer(group, index, found, record)) {
                refuse(group, index, found, record); // before anything of the group is believed
                return 0;
            }
        }
        int kept = 0;
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            long record = InfoBlock.record(at, index);
            if (isCurrent(group, index, found, record)) {
                long to = group.record(lane, index);
                MemorySegment.copy(found, record, group.image(), to, BlockInfo.BYTES);
                group.setUntrusted(lane, index, false);
                kept |= 1 << index;
            }
        }
        if (!a || !b || checkpointA != checkpointB) {
            worseCopy = found == copies[0] ? 1 : 0;
        }
        isStale = kept != -1 && !isBlank;
        return kept;
    }

    private boolean isBlank(int copy, long at) {
        return isRead[copy] && InfoBlock.isBlank(copies[copy], at);
    }

    private boolean isUsable(int copy, long at) {
        var uuid = members.entry(slot).uuid();
        return isRead[copy]
                && (InfoBlock.isBlank(copies[copy], at)
                        || InfoBlock.isValid(
                                copies[copy],
                                at,
                                members.template().volumeTag,
                                first + at / BLOCK_BYTES,
                                uuid.getMostSignificantBits(),
                                uuid.getLeastSignificantBits()));
    }

    /// {@return whether the member has a write that the volume does not know: either the others have lost it, or
    /// the member was in use without them}
    private boolean isNewer(InfoGroup group, int index, MemorySegment found, long record) {
        MemorySegment image = group.image();
        long due = group.record(lane, index);
        int type = BlockInfo.type(found, record);
        long row = geometry.rowIn(group.key(), index);
        boolean isData =
                geometry.at(row).isMirror()
                        || geometry.positionAt(row, slot) < geometry.at(row).dataCount();
        // What parity should have is not known; and what has no content may have lost it by a trim
        // that is recorded nowhere, since one of what was unwritten changes nothing.
        return isData
                && !BlockInfo.isContentless(image, due)
                && (type == BlockInfo.DATA || type == BlockInfo.TRIMMED)
                && BlockInfo.generation(found, record) > BlockInfo.generation(image, due);
    }

    /// The last copy of a write may be there: nothing of it is overwritten.
    private void refuse(InfoGroup group, int index, MemorySegment found, long record) {
        members.fail(
                slot,
                "row "
                        + geometry.rowIn(group.key(), index)
                        + ", block "
                        + BlockInfo.reference(found, record)
                        + ": expected generation "
                        + BlockInfo.generation(group.image(), group.record(lane, index))
                        + " at most, found "
                        + BlockInfo.generation(found, record)
                        + ": a write that the volume does not know; keep a copy of this member before it is"
                        + " replaced (member replace --force)");
    }

    /// {@return whether the record that the member has is the one that is due}
    private boolean isCurrent(InfoGroup group, int index, MemorySegment found, long record) {
        MemorySegment image = group.image();
        long due = group.record(lane, index);
        int foundType = BlockInfo.type(found, record);
        if (foundType == BlockInfo.UNWRITTEN || BlockInfo.isContentless(image, due)) {
            return foundType == BlockInfo.type(image, due)
                    && BlockInfo.generation(found, record) == BlockInfo.generation(image, due);
        }
        if (foundType == BlockInfo.BAD
                || BlockInfo.reference(found, record) != BlockInfo.reference(image, due)) {
            return false;
        }
        if (Plant.STALE_KEPT.isPlanted()) {
            return true;
        }
        long row = geometry.rowIn(group.key(), index);
        if (geometry.at(row).isMirror()) {
            return MemorySegment.mismatch(
                            found,
                            record,
                            record + BlockInfo.BYTES,
                            image,
                            due,
                            due + BlockInfo.BYTES)
                    == -1;
        }
        int position = geometry.positionAt(row, slot);
        return position < geometry.at(row).dataCount()
                ? isSameData(image, due, found, record)
                : isSameParity(group, index, row, position, found, record);
    }

    private static boolean isSameData(
            MemorySegment image, long due, MemorySegment found, long record) {
        return BlockInfo.generation(found, record) == BlockInfo.generation(image, due)
                && (BlockInfo.guard(image, due) == 0
                        || MemorySegment.mismatch(
                                        found,
                                        record,
                                        record + BlockInfo.BYTES,
                                        image,
                                        due,
                                        due + BlockInfo.BYTES)
                                == -1);
    }

    private boolean isSameParity(
            InfoGroup group, int index, long row, int position, MemorySegment found, long record) {
        MemorySegment image = group.image();
        int k = geometry.at(row).dataCount();
        long generation = BlockInfo.generation(found, record);
        for (int p = 0; p < k; p++) {
            long data = group.record(geometry.laneOf(geometry.slotAt(row, p)), index);
            boolean isBad = BlockInfo.type(image, data) == BlockInfo.BAD;
            long due = isBad ? -1 : BlockInfo.generation(image, data);
            if (BlockInfo.vector(found, record, p, k) != BlockInfo.truncate(due, k)
                    || generation < due) {
                return false;
            }
        }
        boolean hasOther = false;
        for (int p = k; p < geometry.at(row).width(); p++) {
            int other = geometry.slotAt(row, p);
            if (p != position && members.holds(other, group.key())) {
                hasOther = true;
                long at = group.record(geometry.laneOf(other), index);
                if (BlockInfo.generation(image, at) != generation) {
                    return false;
                }
            }
        }
        // Short vectors come round: without another parity they alone would say that it is current.
        return hasOther || BlockInfo.vectorWidth(k) >= LEAST_VECTOR_BYTES;
    }
}
