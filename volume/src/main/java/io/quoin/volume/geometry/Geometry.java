package io.quoin.volume.geometry;

import io.quoin.codec.parity.ErasureCode;
import java.util.function.IntPredicate;

/// Maps the blocks of a volume to rows, positions and slots, and back.
///
/// The slots form `groupCount` groups of `k + m`. A row is one block at the same place on each slot
/// of one group: positions 0 to k-1 hold data, k to k+m-1 parity (with k = 1, copies of the data).
/// Stripes, of `unitBlocks` rows each, go round the groups; within a group they are laid out
/// left-symmetrically: position p of the group's stripe s lies on slot `(p - s) mod (k+m)` of the
/// group, so parity steps one slot down per stripe and a sequential read visits every member.
///
/// ```
///             slot 0   slot 1   slot 2   slot 3      raid5 of four
/// stripe 0      D0       D1       D2       P
/// stripe 1      D4       D5       P        D3
/// stripe 2      D8       P        D6       D7
/// ```
///
/// Rows are numbered `memberBlock * groupCount + group`. Everything is counted in blocks of 4 KiB.
/// Immutable but for its size, which grows; allocation-free. Source of the rotation: Linux md, `ALGORITHM_LEFT_SYMMETRIC`.
public final class Geometry {
    /// Bytes of a block.
    public static final int BLOCK_BYTES = 4096;

    /// Rows whose protection info shares one block.
    public static final int ROWS_PER_INFO = 32;

    /// Most blocks that change their shape at once: 16 MiB.
    public static final int MOST_WINDOW_BLOCKS = 4096;

    /// Blocks that do so where fewer could: 1 MiB, one part of so many of the volume at most.
    private static final int USUAL_WINDOW_BLOCKS = 256;

    private static final int LEAST_WINDOWS = 16;

    /// Most slots of a volume.
    public static final int MAX_SLOTS = 32;

    /// Marks the rows, and info groups, of the shape that a volume is about to leave.
    private static final long FORMER = 1L << 52;

    private final Level level;
    private final int groupCount;
    private final int dataCount;
    private final int parityCount;
    private final int width;
    private final int unitBlocks;
    private volatile long memberBlocks;
    private final long canaryBlocks;

    /// Made when it is first asked for: it has tables, and most geometries are only looked at.
    private volatile ErasureCode code;

    /// What the volume is being reshaped from, or null.
    private final Geometry former;

    private final boolean isDescending;

    /// Blocks of a volume that is being reshaped.
    private final long sizeBlocks;

    /// The first volume block of the shape that lies higher.
    private volatile long cutBlock;

    /// A checked geometry without canary rows.
    ///
    /// @param level the name it goes by
    /// @param groupCount groups, from 1
    /// @param dataCount k, from 1
    /// @param parityCount m, from 0
    /// @param unitBlocks blocks of a stripe unit, a power of two from 1 to 256
    /// @param memberBlocks data blocks used on each member, a multiple of unitBlocks and of 32
    /// @throws IllegalArgumentException naming what is out of range
    public Geometry(
            Level level,
            int groupCount,
            int dataCount,
            int parityCount,
            int unitBlocks,
            long memberBlocks) {
        this(
                level,
                groupCount,
                dataCount,
                parityCount,
                unitBlocks,
                memberBlocks,
                0,
                null,
                false,
                0);
    }

    private Geometry(
            Level level,
            int groupCount,
            int dataCount,
            int parityCount,
            int unitBlocks,
            long memberBlocks,
            long canaryBlocks,
            Geometry former,
            boolean isDescending,
            long sizeBlocks) {
        check("groups", groupCount, 1, MAX_SLOTS);
        check("data slots", dataCount, 1, MAX_SLOTS);
        check("parity slots", parityCount, 0, MAX_SLOTS - 1);
        check("slots", (long) groupCount * (dataCount + parityCount), 1, MAX_SLOTS);
        check("unit blocks", unitBlocks, 1, 256);
        if (Integer.bitCount(unitBlocks) != 1) {
            throw new IllegalArgumentException(
                    "stripe unit: expected a power of two from 4096 to 1048576 bytes, was "
                            + (long) unitBlocks * BLOCK_BYTES);
        }
        if (memberBlocks <= 0
                || memberBlocks % unitBlocks != 0
                || memberBlocks % ROWS_PER_INFO != 0) {
            throw new IllegalArgumentException(
                    "member blocks: expected a positive multiple of "
                            + Math.max(unitBlocks, ROWS_PER_INFO)
                            + ", was "
                            + memberBlocks);
        }
        if (canaryBlocks < 0
                || canaryBlocks >= memberBlocks
                || canaryBlocks % unitBlocks != 0
                || canaryBlocks % ROWS_PER_INFO != 0) {
            throw new IllegalArgumentException(
                    "canary blocks: expected less than "
                            + memberBlocks
                            + ", in multiples of "
                            + Math.max(unitBlocks, ROWS_PER_INFO)
                            + ", was "
                            + canaryBlocks);
        }
        this.level = level;
        this.groupCount = groupCount;
        this.dataCount = dataCount;
        this.parityCount = parityCount;
        this.width = dataCount + parityCount;
        this.unitBlocks = unitBlocks;
        this.memberBlocks = memberBlocks;
        this.canaryBlocks = canaryBlocks;
        this.former = former;
        this.isDescending = isDescending;
        this.sizeBlocks = sizeBlocks;
    }

    /// {@return the same with its last rows set apart from clients, to try out on them whether damage is noticed}
    ///
    /// @param blocks data blocks of each member, a multiple of unitBlocks and of 32; 0: none
    /// @throws IllegalArgumentException when it is not so, or nothing is left
    public Geometry withCanary(long blocks) {
        return new Geometry(
                level,
                groupCount,
                dataCount,
                parityCount,
                unitBlocks,
                memberBlocks,
                blocks,
                null,
                false,
                0);
    }

    /// {@return data blocks of each member for which a slot has each position of a row at least once}
    public long leastCanary() {
        long turns = (long) unitBlocks * width;
        return (turns + ROWS_PER_INFO - 1) / ROWS_PER_INFO * ROWS_PER_INFO;
    }

    /// {@return the same on members of another size, with as many canary rows}
    ///
    /// @param blocks data blocks used on each member, a multiple of unitBlocks and of 32
    /// @throws IllegalArgumentException when it is not so
    public Geometry ofSize(long blocks) {
        return new Geometry(
                level,
                groupCount,
                dataCount,
                parityCount,
                unitBlocks,
                blocks,
                canaryBlocks,
                null,
                false,
                0);
    }

    /// Grows; what was where stays there, but the canary rows are the last ones again. Seen by all who have it.
    ///
    /// @param blocks data blocks used on each member from now on, as in {@link #ofSize}
    public void grow(long blocks) {
        assert ofSize(blocks).memberBlocks > memberBlocks : blocks + " after " + memberBlocks;
        memberBlocks = blocks;
    }

    private static void check(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + ": expected " + least + " to " + most + ", was " + value);
        }
    }

    /// {@return this shape for a volume that is being reshaped to it}
    ///
    /// Blocks below the cut lie in one of the shapes, the others in the other one. Every row and info group has the shape that its
    /// number says, so numbers of both are never mistaken for each other; where a volume block lies changes as the cut moves, and
    /// nothing else does. Both shapes have one group.
    ///
    /// @param before the shape that is left, on members of the same size
    /// @param isDown whether the cut moves down, from the end
    /// @param size blocks of the volume
    /// @param cut first volume block above the cut
    /// @throws IllegalArgumentException when the shapes do not allow it
    public Geometry reshapedFrom(Geometry before, boolean isDown, long size, long cut) {
        check("groups of a volume that is reshaped", Math.max(groupCount, before.groupCount), 1, 1);
        if (before.former != null
                || (isDown ? dataCount > before.dataCount : dataCount < before.dataCount)
                || cut < 0
                || cut > size
                || size < 1
                || size > before.volumeBlocks()
                || size > volumeBlocks()) {
            throw new IllegalArgumentException(
                    "reshape of "
                            + before
                            + " to "
                            + this
                            + (isDown ? " from the end" : " from the beginning")
                            + ", cut at block "
                            + cut
                            + ": expected room for "
                            + size
                            + " blocks in both, and a cut among them");
        }
        Geometry both =
                new Geometry(
                        level,
                        groupCount,
                        dataCount,
                        parityCount,
                        unitBlocks,
                        memberBlocks,
                        canaryBlocks,
                        before,
                        isDown,
                        size);
        both.cutBlock = cut;
        both.windowRows(); // refuses
        return both;
    }

    /// {@return a copy whose cut is its own}
    public Geometry copy() {
        return former == null
                ? this
                : target().reshapedFrom(former, isDescending, sizeBlocks, cutBlock);
    }

    /// {@return the shape alone, as it is when a reshape to it is over}
    public Geometry target() {
        return former == null ? this : ofSize(memberBlocks);
    }

    /// {@return the shape that is left by a reshape, or null}
    public Geometry former() {
        return former;
    }

    /// {@return whether a reshape goes from the end of the volume to its beginning}
    public boolean isDescending() {
        return isDescending;
    }

    /// {@return the first volume block above the cut of a reshape}
    public long cutBlock() {
        return cutBlock;
    }

    /// Moves the cut of a reshape. Where blocks between lie changes.
    ///
    /// @param block the first volume block above it from now on
    public void moveCut(long block) {
        cutBlock = block;
    }

    /// {@return whether every block has the new shape}
    public boolean isReshaped() {
        return former == null || cutBlock == (isDescending ? 0 : sizeBlocks);
    }

    /// {@return rows of the new shape that are moved at a time: so many that no info group is in both shapes, and more where that is
    /// little}
    ///
    /// @throws IllegalArgumentException when they hold more than a transaction does
    public long windowRows() {
        long step = Math.max(unitBlocks, ROWS_PER_INFO);
        long formerStep = (long) Math.max(former.unitBlocks, ROWS_PER_INFO) * former.dataCount;
        long rows = step;
        while (rows * dataCount % formerStep != 0) {
            rows += step;
        }
        if (rows * dataCount > MOST_WINDOW_BLOCKS) {
            throw new IllegalArgumentException(
                    "reshape of "
                            + former
                            + " to "
                            + this
                            + ": expected at most "
                            + MOST_WINDOW_BLOCKS
                            + " blocks to be moved at a time, so that no info block is in both, found "
                            + rows * dataCount
                            + "; go by way of another shape");
        }
        long usual = Math.min(USUAL_WINDOW_BLOCKS, sizeBlocks / LEAST_WINDOWS);
        return rows * Math.max(1, usual / (rows * dataCount));
    }

    /// {@return where the cut is when the next blocks have moved}
    public long nextCut() {
        long window = windowRows() * dataCount;
        return isDescending
                ? (cutBlock - 1) / window * window
                : Math.min(sizeBlocks, (cutBlock / window + 1) * window);
    }

    /// {@return the shape of a row or info group: its numbers of rows, groups and slots count, whichever geometry it is asked of}
    ///
    /// @param rowOrGroup a row, or an info group
    public Geometry at(long rowOrGroup) {
        return former != null && (rowOrGroup & FORMER) != 0 ? former : this;
    }

    private static long bare(long rowOrGroup) {
        return rowOrGroup & ~FORMER;
    }

    /// {@return whether blocks of the volume lie in a row, or rows in an info group, as the cut is}
    ///
    /// @param group info group
    public boolean isCurrentGroup(long group) {
        if (former == null) {
            return true;
        }
        boolean isFormer = (group & FORMER) != 0;
        long firstBlock = blockAt(rowIn(group, 0), 0);
        return firstBlock < sizeBlocks && isFormer != isMoved(firstBlock);
    }

    private boolean isMoved(long block) {
        return isDescending ? block >= cutBlock : block < cutBlock;
    }

    /// {@return the info group whose rows lie at a place of the members, or -1 when it is nobody's}
    ///
    /// @param place 0 to {@link #infoGroupCount} - 1
    public long infoGroupAt(long place) {
        if (former == null || isCurrentGroup(place)) {
            return place;
        }
        return isCurrentGroup(place | FORMER) ? place | FORMER : -1;
    }

    /// {@return rows that hold the first blocks of a volume of this shape}
    ///
    /// @param blocks how many blocks
    public long rowsFor(long blocks) {
        long stripe = (long) unitBlocks * dataCount;
        return blocks / stripe * unitBlocks + Math.min(blocks % stripe, unitBlocks);
    }

    /// {@return where on the members an info group lies}
    ///
    /// @param group info group
    public static long placeOf(long group) {
        return bare(group);
    }

    /// {@return the level}
    public Level level() {
        return level;
    }

    /// {@return groups of slots that encode together}
    public int groupCount() {
        return groupCount;
    }

    /// {@return k; of a row, ask {@link #at} first}
    public int dataCount() {
        return dataCount;
    }

    /// {@return m, the members that may be lost in each group; of a row, ask {@link #at} first}
    public int parityCount() {
        return parityCount;
    }

    /// {@return k + m, the positions of a row; of a row, ask {@link #at} first}
    public int width() {
        return width;
    }

    /// {@return the code of the rows}
    public ErasureCode code() {
        ErasureCode made = code;
        if (made == null) {
            made = ErasureCode.of(dataCount, parityCount);
            code = made;
        }
        return made;
    }

    /// {@return slots of a group, the shape that is left included}
    public int lanes() {
        return former == null ? width : Math.max(width, former.width);
    }

    /// {@return the largest k of a row}
    public int mostData() {
        return former == null ? dataCount : Math.max(dataCount, former.dataCount);
    }

    /// {@return the largest m of a row}
    public int mostParity() {
        return former == null ? parityCount : Math.max(parityCount, former.parityCount);
    }

    /// {@return the smallest m of a row}
    public int leastParity() {
        return former == null ? parityCount : Math.min(parityCount, former.parityCount);
    }

    /// {@return the largest k + m of a row}
    public int mostWidth() {
        return lanes();
    }

    /// {@return blocks of parity that an INTENT may have, 0 where there is none}
    public int mostIntentBlocks() {
        int own = isMirror() ? 0 : parityCount;
        return former == null ? own : Math.max(own, former.mostIntentBlocks());
    }

    /// {@return how many more of a group's members could be lost, fewer than 0: already too many}
    ///
    /// @param group group
    /// @param isThere whether a slot's member is there
    public int spare(int group, IntPredicate isThere) {
        int there = 0;
        for (int slot = group * width; slot < (group + 1) * width; slot++) {
            there += isThere.test(slot) ? 1 : 0;
        }
        int own = there - dataCount;
        // Of both until the reshape has ended: what moved last may be in the journal alone, and
        // that is on members of both.
        return former == null ? own : Math.min(own, former.spare(group, isThere));
    }

    /// {@return slots of the volume, n}
    public int slotCount() {
        return groupCount * lanes();
    }

    /// {@return blocks of a stripe unit; of a row, ask {@link #at} first}
    public int unitBlocks() {
        return unitBlocks;
    }

    /// {@return data blocks used on each member}
    public long memberBlocks() {
        return memberBlocks;
    }

    /// {@return data blocks at the end of each member that are set apart from clients; 0: none}
    public long canaryBlocks() {
        return canaryBlocks;
    }

    /// {@return blocks that clients may address}
    public long volumeBlocks() {
        return former == null ? (memberBlocks - canaryBlocks) * groupCount * dataCount : sizeBlocks;
    }

    /// {@return blocks of the volume, those of the canary rows behind the clients'; a volume that is reshaped has none of those}
    public long allBlocks() {
        return former == null ? memberBlocks * groupCount * dataCount : sizeBlocks;
    }

    /// {@return whether a row is set apart from clients}
    ///
    /// @param row row
    public boolean isCanary(long row) {
        return former == null && memberBlock(row) >= memberBlocks - canaryBlocks;
    }

    /// {@return rows of the volume; of each shape, where it has two}
    public long rowCount() {
        return memberBlocks * groupCount;
    }

    /// {@return what a row's number is below, given that it is one}
    ///
    /// @param row number of a row, or of none
    public long rowLimit(long row) {
        boolean isFormer = former != null && (row & FORMER) != 0;
        return isFormer ? FORMER + former.rowCount() : rowCount();
    }

    /// {@return whether each position holds the same bytes; of a row, ask {@link #at} first}
    public boolean isMirror() {
        return dataCount == 1;
    }

    /// {@return the row that holds a block}
    ///
    /// @param block volume block
    public long rowOf(long block) {
        assert block >= 0 && block < allBlocks() : "block=" + block;
        if (former != null && !isMoved(block)) {
            return former.rowOf(block) | FORMER;
        }
        long unit = block / unitBlocks;
        long stripe = unit / dataCount;
        long group = stripe % groupCount;
        long memberBlock = stripe / groupCount * unitBlocks + block % unitBlocks;
        return memberBlock * groupCount + group;
    }

    /// {@return the data position of a block in its row, 0 to k - 1}
    ///
    /// @param block volume block
    public int positionOf(long block) {
        Geometry shape = former == null || isMoved(block) ? this : former;
        return (int) (block / shape.unitBlocks % shape.dataCount);
    }

    /// {@return the volume block at a data position of a row; beyond the volume's end where its last row is not full}
    ///
    /// @param row row
    /// @param position 0 to k - 1
    public long blockAt(long row, int position) {
        Geometry shape = at(row);
        assert position >= 0 && position < shape.dataCount : "position=" + position;
        long memberBlock = shape.memberBlock(row);
        long stripe = memberBlock / shape.unitBlocks * shape.groupCount + shape.groupOf(row);
        return (stripe * shape.dataCount + position) * shape.unitBlocks
                + memberBlock % shape.unitBlocks;
    }

    /// {@return the data block index on each member at which a row lies}
    ///
    /// @param row row
    public long memberBlock(long row) {
        return bare(row) / groupCount;
    }

    /// {@return the group whose slots hold a row}
    ///
    /// @param row row
    public int groupOf(long row) {
        return (int) (bare(row) % groupCount);
    }

    /// {@return the slot at a position of a row}
    ///
    /// @param row row
    /// @param position 0 to k + m - 1
    public int slotAt(long row, int position) {
        Geometry shape = at(row);
        assert position >= 0 && position < shape.width : "position=" + position;
        int turn = (int) (shape.memberBlock(row) / shape.unitBlocks % shape.width);
        int lane = position - turn;
        return shape.groupOf(row) * shape.width + (lane < 0 ? lane + shape.width : lane);
    }

    /// {@return the position that a slot has in a row of its group}
    ///
    /// @param row row
    /// @param slot a slot of the row's group
    public int positionAt(long row, int slot) {
        Geometry shape = at(row);
        assert slot / shape.width == shape.groupOf(row)
                : "slot " + slot + " is not in the group of row " + row;
        int turn = (int) (shape.memberBlock(row) / shape.unitBlocks % shape.width);
        return (slot % shape.width + turn) % shape.width;
    }

    /// {@return the group that a slot belongs to}
    ///
    /// @param slot slot
    public int groupOfSlot(int slot) {
        return former == null ? slot / width : 0;
    }

    /// {@return whether a slot holds blocks of the rows of an info group}
    ///
    /// @param slot slot
    /// @param group info group
    public boolean isIn(int slot, long group) {
        return former == null
                ? groupOfSlot(slot) == bare(group) % groupCount
                : slot < at(group).width;
    }

    /// {@return which of its group's info blocks are a slot's}
    ///
    /// @param slot slot
    public int laneOf(int slot) {
        return former == null ? slot % width : slot;
    }

    /// {@return the info group of a row: rows whose protection info shares blocks}
    ///
    /// @param row row
    public long infoGroupOf(long row) {
        return memberBlock(row) / ROWS_PER_INFO * groupCount + groupOf(row) | row & FORMER;
    }

    /// {@return the place of a row in its info group, 0 to 31}
    ///
    /// @param row row
    public int indexInInfoGroup(long row) {
        return (int) (memberBlock(row) % ROWS_PER_INFO);
    }

    /// {@return info groups of the volume}
    public long infoGroupCount() {
        long blocks = former == null ? memberBlocks : Math.max(memberBlocks, former.memberBlocks);
        return blocks / ROWS_PER_INFO * groupCount;
    }

    /// {@return a row of an info group}
    ///
    /// @param infoGroup info group
    /// @param index 0 to 31
    public long rowIn(long infoGroup, int index) {
        long group = bare(infoGroup) % groupCount;
        long memberBlock = bare(infoGroup) / groupCount * ROWS_PER_INFO + index;
        return memberBlock * groupCount + group | infoGroup & FORMER;
    }

    /// {@return index of an info group's block in each member's info areas}
    ///
    /// @param infoGroup info group
    public long infoBlock(long infoGroup) {
        return bare(infoGroup) / groupCount;
    }

    /// {@return first slot of an info group's slots}
    ///
    /// @param infoGroup info group
    public int firstSlot(long infoGroup) {
        return (int) (bare(infoGroup) % groupCount) * width;
    }

    /// {@return what a row's records call it: its place, whatever the shape}
    ///
    /// @param row row
    public static long referenceOf(long row) {
        return bare(row);
    }

    @Override
    public String toString() {
        return level.text()
                + " of "
                + groupCount * width
                + (groupCount > 1 ? " in " + groupCount + " groups" : "")
                + " ("
                + dataCount
                + "+"
                + parityCount
                + "), unit "
                + (long) unitBlocks * BLOCK_BYTES;
    }
}
