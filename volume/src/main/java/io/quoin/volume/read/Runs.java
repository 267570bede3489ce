package io.quoin.volume.read;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.row.InfoGroup;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;

/// Reads of one turn, on their way to the members: what lies side by side on a slot is one operation, though its pieces
/// may lie apart in memory, as the units of a stripe do.
///
/// ```
/// volume   | A0 | B0 | C0 | B1 | C1 | A1 | ...    memory of a request, in this order
/// slot B        | B0 |      | B1 |                on the member side by side: one read
/// ```
///
/// In the engine's turns only; allocates nothing in steady state.
///
/// @param <R> whom a read is for
final class Runs<R> {
    /// Most blocks of a read.
    private static final int MOST_BLOCKS = 32;

    /// Told of what was read.
    interface Owner<R> {
        /// A block was read, or should have been.
        ///
        /// @param whom whom for
        /// @param group its info group
        /// @param block volume block
        /// @param slot slot it was read from
        /// @param generation generation it had when its read was planned
        /// @param wasRead whether the member gave something
        void landed(
                R whom, InfoGroup group, long block, int slot, long generation, boolean wasRead);

        /// All blocks of a read have been told of.
        ///
        /// @param whom whom for
        /// @param wasRead whether the member gave something
        void ended(R whom, boolean wasRead);
    }

    private final class Run implements Io.Listener {
        final Io io = new Io();
        final long[] blocks = new long[MOST_BLOCKS];
        final long[] generations = new long[MOST_BLOCKS];
        final InfoGroup[] groups = new InfoGroup[MOST_BLOCKS];
        R whom;
        MemorySegment memory;
        int slot;
        int count;
        long memoryOffset;
        long memberOffset;
        int pieces;
        int pieceBytes;
        int lastBytes;
        long strideBytes;

        void begin(R forWhom, int ofSlot, MemorySegment target, long targetOffset, long at) {
            whom = forWhom;
            slot = ofSlot;
            memory = target;
            memoryOffset = targetOffset;
            memberOffset = at;
            count = 0;
            pieces = 1;
            lastBytes = 0;
            strideBytes = 0;
        }

        /// {@return whether blocks follow on the member, and in memory behind the last or at the stride of
        /// the pieces so far}
        boolean takes(R forWhom, MemorySegment target, long targetOffset, int more, long at) {
            if (whom != forWhom
                    || memory != target
                    || at != memberOffset + (long) count * BLOCK_BYTES
                    || count + more > MOST_BLOCKS) {
                return false;
            }
            int moreBytes = more * BLOCK_BYTES;
            long sinceLast = targetOffset - memoryOffset - (pieces - 1) * strideBytes;
            if (sinceLast == lastBytes) {
                return pieces == 1 || lastBytes + moreBytes <= pieceBytes;
            }
            return pieces == 1
                    ? sinceLast > lastBytes && moreBytes <= lastBytes
                    : sinceLast == strideBytes
                            && lastBytes == pieceBytes
                            && moreBytes <= pieceBytes;
        }

        void add(InfoGroup group, long block, int more, long targetOffset) {
            long sinceLast = targetOffset - memoryOffset - (pieces - 1) * strideBytes;
            if (sinceLast != lastBytes) {
                if (pieces == 1) {
                    pieceBytes = lastBytes;
                    strideBytes = sinceLast;
                }
                pieces++;
                lastBytes = 0;
            }
            lastBytes += more * BLOCK_BYTES;
            for (int i = 0; i < more; i++) {
                group.pin();
                groups[count] = group;
                blocks[count] = block + i;
                generations[count++] = generation(group, block + i, slot);
            }
        }

        void submit() {
            if (members.io(slot) == null) { // it was there when the turn began
                land(false);
                return;
            }
            io.set(Io.Kind.READ, memory, memoryOffset, count * BLOCK_BYTES, memberOffset);
            if (pieces > 1) {
                io.scatter(pieceBytes, strideBytes);
            }
            io.listener = this;
            members.submit(slot, io);
        }

        @Override
        public void completed(Io done) {
            land(done.result.isOk());
        }

        private void land(boolean wasRead) {
            R forWhom = whom;
            for (int i = 0; i < count; i++) {
                owner.landed(forWhom, groups[i], blocks[i], slot, generations[i], wasRead);
                groups[i].unpin();
                groups[i] = null;
            }
            whom = null;
            memory = null;
            spare.addLast(this);
            owner.ended(forWhom, wasRead);
        }
    }

    private final Geometry geometry;
    private final MemberSet members;
    private final Owner<R> owner;
    private final ArrayList<Run> planned = new ArrayList<>();
    private final ArrayDeque<Run> spare = new ArrayDeque<>();
    private final Run[] open;
    private final int[] plannedOf;

    Runs(Geometry geometry, MemberSet members, Owner<R> owner) {
        this.geometry = geometry;
        this.members = members;
        this.owner = owner;
        plannedOf = new int[geometry.slotCount()];
        @SuppressWarnings({"unchecked", "rawtypes"})
        Run[] none = (Run[]) new Runs.Run[geometry.slotCount()];
        open = none;
    }

    /// {@return reads of a slot that are under way or planned}
    int outstanding(int slot) {
        return members.outstanding(slot) + plannedOf[slot];
    }

    /// {@return whether a read that is planned ends on the member where a block lies, and may become longer}
    boolean goesOn(R whom, long block, int slot) {
        Run run = open[slot];
        return run != null
                && run.whom == whom
                && run.count < MOST_BLOCKS
                && run.memberOffset + (long) run.count * BLOCK_BYTES == memberOffset(block);
    }

    private long memberOffset(long block) {
        return members.layout().dataOffset(geometry.memberBlock(geometry.rowOf(block)));
    }

    /// Plans to read blocks that lie side by side on a slot and in memory.
    ///
    /// @param whom whom for
    /// @param group their info group
    /// @param block first volume block
    /// @param count how many, at most as many as an info group has
    /// @param slot where from
    /// @param target memory
    /// @param targetOffset where in it
    /// @return whether this is a read of its own: {@link Owner#ended} will be called for it
    boolean plan(
            R whom,
            InfoGroup group,
            long block,
            int count,
            int slot,
            MemorySegment target,
            long targetOffset) {
        long at = memberOffset(block);
        Run run = open[slot];
        boolean isNew = run == null || !run.takes(whom, target, targetOffset, count, at);
        if (isNew) {
            run = spare.isEmpty() ? new Run() : spare.removeLast();
            run.begin(whom, slot, target, targetOffset, at);
            open[slot] = run;
            planned.add(run);
            plannedOf[slot]++;
        }
        run.add(group, block, count, targetOffset);
        return isNew;
    }

    /// Hands what was planned to the members: at the end of the turn.
    void submit() {
        for (int i = 0; i < planned.size(); i++) {
            Run run = planned.get(i);
            plannedOf[run.slot]--;
            open[run.slot] = null;
            run.submit();
        }
        planned.clear();
    }

    /// Forgets what was planned: whom it is for has been told.
    void drop() {
        for (Run run : planned) {
            plannedOf[run.slot] = 0;
            open[run.slot] = null;
            for (int i = 0; i < run.count; i++) {
                run.groups[i].unpin();
            }
        }
        planned.clear();
    }

    private long generation(InfoGroup group, long block, int slot) {
        return BlockInfo.generation(group.image(), record(geometry, group, block, slot));
    }

    /// {@return offset of a block's record in its group's image}
    static long record(Geometry geometry, InfoGroup group, long block, int slot) {
        int index = geometry.indexInInfoGroup(geometry.rowOf(block));
        return group.record(geometry.laneOf(slot), index);
    }
}
