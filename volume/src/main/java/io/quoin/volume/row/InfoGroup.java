package io.quoin.volume.row;

import io.quoin.volume.format.InfoBlock;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;

/// Protection info of 32 rows of one group of slots, as the members together have it: one info block
/// for each slot of the group, side by side in memory.
///
/// What stands here is the truth as far as it is known. Where a slot's own record was missing or older
/// than what another slot says of it, the record is the one the others imply, and the block on that
/// slot is *untrusted*: its bytes mean nothing until it is rewritten.
///
/// Engine thread, or whoever holds the lock.
public final class InfoGroup {
    private final long key;
    private final MemorySegment image;
    private final int[] untrusted = new int[Geometry.ROWS_PER_INFO];
    private final ArrayDeque<Runnable> lockWaiters = new ArrayDeque<>();
    private boolean locked;
    private int dirtyLanes;
    private int writeSecondFirst;
    private int pins;
    private boolean isGone;

    InfoGroup(long key, MemorySegment image) {
        this.key = key;
        this.image = image;
    }

    /// {@return the info group's number}
    public long key() {
        return key;
    }

    /// {@return the info blocks, one after the other by slot of the group}
    public MemorySegment image() {
        return image;
    }

    /// {@return offset of a record in the image}
    ///
    /// @param lane slot within the group, 0 to k + m - 1
    /// @param index row within the info group
    public long record(int lane, int index) {
        return InfoBlock.record((long) lane * Geometry.BLOCK_BYTES, index);
    }

    /// {@return whether a slot's block of a row is not what its record says}
    ///
    /// @param lane slot within the group
    /// @param index row within the info group
    public boolean isUntrusted(int lane, int index) {
        return (untrusted[index] >> lane & 1) != 0;
    }

    /// {@return slots whose block of a row is not what its record says, a bit for each}
    ///
    /// @param index row within the info group
    public int untrustedLanes(int index) {
        return untrusted[index];
    }

    /// Marks a slot's block of a row untrusted, or trusted once it was rewritten.
    ///
    /// @param lane slot within the group
    /// @param index row within the info group
    /// @param is whether it is untrusted
    public void setUntrusted(int lane, int index, boolean is) {
        if (is) {
            untrusted[index] |= 1 << lane;
        } else {
            untrusted[index] &= ~(1 << lane);
        }
    }

    /// Notes that a slot's info block must be written at the next checkpoint.
    ///
    /// @param lane slot within the group
    public void markDirty(int lane) {
        dirtyLanes |= isGone ? 0 : 1 << lane;
    }

    /// {@return slots whose info block is newer here than on the member, a bit for each}
    public int dirtyLanes() {
        return dirtyLanes;
    }

    /// Notes which copy of a slot's info block is damaged or older: it is written first, and soon.
    ///
    /// @param lane slot within the group
    /// @param copy 0: A, 1: B
    public void setWorse(int lane, int copy) {
        writeSecondFirst = writeSecondFirst & ~(1 << lane) | copy << lane;
        markDirty(lane);
    }

    /// {@return the copy of a slot's info block to write first, 0: A, 1: B}
    ///
    /// @param lane slot within the group
    public int firstCopy(int lane) {
        return writeSecondFirst >> lane & 1;
    }

    /// Notes that both copies of a slot's info block are whole and the same.
    ///
    /// @param lane slot within the group
    public void copiesWritten(int lane) {
        writeSecondFirst &= ~(1 << lane);
    }

    /// Takes over the dirty marks: the checkpoint writes them.
    ///
    /// @return slots whose info block is to be written
    public int takeDirty() {
        int lanes = dirtyLanes;
        dirtyLanes = 0;
        return lanes;
    }

    /// Keeps the group in memory.
    public void pin() {
        pins++;
    }

    /// Lets the group leave memory.
    public void unpin() {
        assert pins > 0 : "group " + key + " is not pinned";
        pins--;
    }

    /// {@return whether no block of the volume lies in these rows any more: a reshape has moved them}
    public boolean isGone() {
        return isGone;
    }

    void setGone() {
        isGone = true;
        dirtyLanes = 0;
    }

    boolean isEvictable() {
        return pins == 0 && !locked && dirtyLanes == 0;
    }

    /// Takes the lock of the group's rows, now or when whoever holds it lets go.
    ///
    /// @param then runs holding the lock
    public void lock(Runnable then) {
        pin();
        if (locked) {
            lockWaiters.addLast(then);
        } else {
            locked = true;
            then.run();
        }
    }

    /// Takes the lock if nobody holds it.
    ///
    /// @return whether it was taken
    public boolean tryLock() {
        if (locked) {
            return false;
        }
        pin();
        locked = true;
        return true;
    }

    /// Lets go of the lock; the next in line runs at once.
    public void unlock() {
        assert locked : "group " + key + " is not locked";
        unpin();
        Runnable next = lockWaiters.pollFirst();
        if (next == null) {
            locked = false;
        } else {
            next.run();
        }
    }
}
