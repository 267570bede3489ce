package io.quoin.volume.geometry;

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

    /// Most slots of a volume.
    public static final int MAX_SLOTS = 32;

    private final Level level;
    private final int groupCount;
    private final int dataCount;
    private final int parityCount;
    private final int width;
    private final int unitBlocks;
    private volatile long memberBlocks;
    private final long canaryBlocks;

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
        this(level, groupCount, dataCount, parityCount, unitBlocks, memberBlocks, 0);
    }

    private Geometry(
            Level level,
            int groupCount,
            int dataCount,
            int parityCount,
            int unitBlocks,
            long memberBlocks,
            long canaryBlocks) {
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
    }

    /// {@return the same with its last rows set apart from clients, to try out on them whether damage is noticed}
    ///
    /// @param blocks data blocks of each member, a multiple of unitBlocks and of 32; 0: none
    /// @throws IllegalArgumentException when it is not so, or nothing is left
    public Geometry withCanary(long blocks) {
        return new Geometry(
                level, groupCount, dataCount, parityCount, unitBlocks, memberBlocks, blocks);
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
                level, groupCount, dataCount, parityCount, unitBlocks, blocks, canaryBlocks);
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

    /// {@return the level}
    public Level level() {
        return level;
    }

    /// {@return groups of slots that encode together}
    public int groupCount() {
        return groupCount;
    }

    /// {@return k}
    public int dataCount() {
        return dataCount;
    }

    /// {@return m, the members that may be lost in each group}
    public int parityCount() {
        return parityCount;
    }

    /// {@return k + m, the positions of a row}
    public int width() {
        return width;
    }

    /// {@return slots of the volume, n}
    public int slotCount() {
        return groupCount * width;
    }

    /// {@return blocks of a stripe unit}
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
        return (memberBlocks - canaryBlocks) * groupCount * dataCount;
    }

    /// {@return blocks of the volume, those of the canary rows behind the clients'}
    public long allBlocks() {
        return memberBlocks * groupCount * dataCount;
    }

    /// {@return whether a row is set apart from clients}
    ///
    /// @param row row
    public boolean isCanary(long row) {
        return memberBlock(row) >= memberBlocks - canaryBlocks;
    }

    /// {@return rows of the volume}
    public long rowCount() {
        return memberBlocks * groupCount;
    }

    /// {@return whether each position holds the same bytes}
    public boolean isMirror() {
        return dataCount == 1;
    }

    /// {@return the row that holds a block}
    ///
    /// @param block volume block
    public long rowOf(long block) {
        assert block >= 0 && block < allBlocks() : "block=" + block;
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
        return (int) (block / unitBlocks % dataCount);
    }

    /// {@return the volume block at a data position of a row}
    ///
    /// @param row row
    /// @param position 0 to k - 1
    public long blockAt(long row, int position) {
        assert position >= 0 && position < dataCount : "position=" + position;
        long memberBlock = memberBlock(row);
        long stripe = memberBlock / unitBlocks * groupCount + groupOf(row);
        return (stripe * dataCount + position) * unitBlocks + memberBlock % unitBlocks;
    }

    /// {@return the data block index on each member at which a row lies}
    ///
    /// @param row row
    public long memberBlock(long row) {
        return row / groupCount;
    }

    /// {@return the group whose slots hold a row}
    ///
    /// @param row row
    public int groupOf(long row) {
        return (int) (row % groupCount);
    }

    /// {@return the slot at a position of a row}
    ///
    /// @param row row
    /// @param position 0 to k + m - 1
    public int slotAt(long row, int position) {
        assert position >= 0 && position < width : "position=" + position;
        int turn = (int) (memberBlock(row) / unitBlocks % width);
        int lane = position - turn;
        return groupOf(row) * width + (lane < 0 ? lane + width : lane);
    }

    /// {@return the position that a slot has in a row of its group}
    ///
    /// @param row row
    /// @param slot a slot of the row's group
    public int positionAt(long row, int slot) {
        assert slot / width == groupOf(row) : "slot " + slot + " is not in the group of row " + row;
        int turn = (int) (memberBlock(row) / unitBlocks % width);
        return (slot % width + turn) % width;
    }

    /// {@return the info group of a row: rows whose protection info shares blocks}
    ///
    /// @param row row
    public long infoGroupOf(long row) {
        return memberBlock(row) / ROWS_PER_INFO * groupCount + groupOf(row);
    }

    /// {@return the place of a row in its info group, 0 to 31}
    ///
    /// @param row row
    public int indexInInfoGroup(long row) {
        return (int) (memberBlock(row) % ROWS_PER_INFO);
    }

    /// {@return info groups of the volume}
    public long infoGroupCount() {
        return memberBlocks / ROWS_PER_INFO * groupCount;
    }

    /// {@return a row of an info group}
    ///
    /// @param infoGroup info group
    /// @param index 0 to 31
    public long rowIn(long infoGroup, int index) {
        long group = infoGroup % groupCount;
        long memberBlock = infoGroup / groupCount * ROWS_PER_INFO + index;
        return memberBlock * groupCount + group;
    }

    /// {@return index of an info group's block in each member's info areas}
    ///
    /// @param infoGroup info group
    public long infoBlock(long infoGroup) {
        return infoGroup / groupCount;
    }

    /// {@return first slot of an info group's slots}
    ///
    /// @param infoGroup info group
    public int firstSlot(long infoGroup) {
        return (int) (infoGroup % groupCount) * width;
    }

    @Override
    public String toString() {
        return level.text()
                + " of "
                + slotCount()
                + (groupCount > 1 ? " in " + groupCount + " groups" : "")
                + " ("
                + dataCount
                + "+"
                + parityCount
                + "), unit "
                + (long) unitBlocks * BLOCK_BYTES;
    }
}
