package io.quoin.volume.destage;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.InfoBlock;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.Intake;
import io.quoin.volume.journal.Journal;
import io.quoin.volume.journal.Sequencer;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Makes the info groups durable and moves the journal's tail.
///
/// Info in memory changes only after the home writes it describes were flushed, so it may be written
/// at any time. One copy first, a flush, then the other and a flush, so that one of the two is whole
/// at every instant (the copy that a crash left damaged is the first); then superblocks with the new tail on all members; only then segments are given
/// back (invariant I5).
///
/// In the engine's turns only.
public final class Checkpointer {
    private static final int MAX_STAGING_BLOCKS = 512;
    private static final int MAX_MERGE_BYTES = 256 << 10;

    private final Geometry geometry;
    private final MemberSet members;
    private final InfoCache cache;
    private final DirtyIndex dirty;
    private final Journal journal;
    private final Sequencer sequencer;
    private final Destager destager;
    private final Redo redo;
    private final Counters counters;
    private final MemorySegment staging;
    private final int stagingBlocks;
    private final List<Io> writes = new ArrayList<>();

    private Intake intake;
    private List<InfoGroup> groups = List.of();
    private int[] lanes = new int[0];
    private int area;
    private int nextSlot;
    private int nextGroup;
    private int pending;
    private long newTail;
    private long newFloor;
    private long newCut;
    private long[] cursors = {};
    private boolean isActive;
    private List<Runnable> waiting = new ArrayList<>();
    private List<Runnable> covered = new ArrayList<>();

    /// A checkpointer of a volume.
    ///
    /// @param geometry shape
    /// @param members who holds what
    /// @param cache info groups
    /// @param dirty index
    /// @param journal its tail is moved
    /// @param sequencer sequences
    /// @param destager its round is respected
    /// @param redo what it has still to do is respected
    /// @param counters what is counted
    public Checkpointer(
            Geometry geometry,
            MemberSet members,
            InfoCache cache,
            DirtyIndex dirty,
            Journal journal,
            Sequencer sequencer,
            Destager destager,
            Redo redo,
            Counters counters) {
        this.geometry = geometry;
        this.members = members;
        this.cache = cache;
        this.dirty = dirty;
        this.journal = journal;
        this.sequencer = sequencer;
        this.destager = destager;
        this.redo = redo;
        this.counters = counters;
        stagingBlocks = Math.min(destager.maxRows(), MAX_STAGING_BLOCKS);
        staging = Arena.ofAuto().allocate((long) stagingBlocks * BLOCK_BYTES, BLOCK_BYTES);
    }

    /// Names the intake, whose half-committed transactions hold the tail.
    ///
    /// @param whose intake
    public void setIntake(Intake whose) {
        intake = whose;
    }

    /// {@return whether a checkpoint is under way}
    public boolean isActive() {
        return isActive;
    }

    /// {@return whether the checkpoint under way writes a group}
    ///
    /// @param group info group
    public boolean isWriting(InfoGroup group) {
        return groups.contains(group);
    }

    /// {@return the share of the info that the checkpoint under way has written, from 0 to 1}
    public double progress() {
        if (!isActive || groups.isEmpty()) {
            return 1;
        }
        double one = (double) geometry.slotCount() * groups.size();
        return (area * one + (double) nextSlot * groups.size() + nextGroup) / (2 * one);
    }

    /// Asks for a checkpoint of everything that is home now.
    ///
    /// @param done runs when it is durable
    public void request(Runnable done) {
        waiting.add(done);
        if (!isActive) {
            begin();
        }
    }

    private void begin() {
        isActive = true;
        covered = waiting;
        waiting = new ArrayList<>();
        groups = cache.dirtyGroups();
        lanes = new int[groups.size()];
        for (int i = 0; i < lanes.length; i++) {
            groups.get(i).pin();
            lanes[i] = groups.get(i).takeDirty();
        }
        int oldest = dirty.oldest();
        newTail = journal.nextBatch();
        if (oldest != DirtyIndex.NONE && !Plant.TAIL_PASSES_DIRTY.isPlanted()) {
            newTail = Math.min(newTail, dirty.batch(oldest));
        }
        if (!Plant.TAIL_PASSES_ROUND.isPlanted()) {
            newTail = Math.min(newTail, destager.roundBatch());
        }
        if (!Plant.TAIL_PASSES_UNAPPLIED.isPlanted()) {
            newTail = Math.min(newTail, intake.unappliedBatch());
        }
        if (!Plant.TAIL_PASSES_REDO.isPlanted()) {
            newTail = Math.min(newTail, redo.firstBatch());
        }
        newFloor = sequencer.last();
        newCut = geometry.cutBlock();
        cursors = members.cursors();
        members.template().checkpoint++;
        if (Plant.TAIL_BEFORE_FLUSH.isPlanted()) {
            finishInfo();
            return;
        }
        area = 0;
        startArea();
    }

    private void startArea() {
        nextSlot = 0;
        nextGroup = 0;
        writeSome();
    }

    /// Writes as many info blocks as the staging memory takes, slot by slot, neighbours together.
    private void writeSome() {
        writes.clear();
        int staged = 0;
        while (nextSlot < geometry.slotCount() && staged < stagingBlocks) {
            if (nextGroup == groups.size()) {
                nextGroup = 0;
                nextSlot++;
                continue;
            }
            int place = nextGroup++;
            InfoGroup group = groups.get(place);
            int lane = nextSlot - geometry.firstSlot(group.key());
            if (lane < 0
                    || lane >= geometry.at(group.key()).width()
                    || Plant.INFO_LANE_FORGOTTEN.isPlanted() && lane == 1) {
                continue;
            }
            if ((lanes[place] >> lane & 1) != 0 && members.holds(nextSlot, group.key())) {
                stage(group, lane, nextSlot, (long) staged++ * BLOCK_BYTES);
            }
        }
        pending = 1 + writes.size();
        for (Io io : List.copyOf(writes)) {
            members.submit(io.slot, io);
        }
        infoDone();
    }

    private void stage(InfoGroup group, int lane, int slot, long at) {
        MemorySegment.copy(group.image(), (long) lane * BLOCK_BYTES, staging, at, BLOCK_BYTES);
        long infoBlock = geometry.infoBlock(group.key());
        var uuid = members.entry(slot).uuid();
        InfoBlock.stamp(
                staging,
                at,
                members.template().volumeTag,
                infoBlock,
                uuid.getMostSignificantBits(),
                uuid.getLeastSignificantBits(),
                members.template().checkpoint);
        long offset = members.layout().infoOffset(infoBlock, group.firstCopy(lane) ^ area);
        Io last = writes.isEmpty() ? null : writes.getLast();
        if (last != null
                && last.slot == slot
                && last.offsetBytes + last.lengthBytes == offset
                && last.lengthBytes < MAX_MERGE_BYTES) {
            last.lengthBytes += BLOCK_BYTES;
            return;
        }
        Io io = new Io();
        io.set(Io.Kind.WRITE, staging, at, BLOCK_BYTES, offset);
        io.slot = slot;
        io.listener =
                done -> {
                    if (!done.result.isOk()) {
                        members.fail(done);
                    }
                    infoDone();
                };
        writes.add(io);
    }

    private void infoDone() {
        if (--pending > 0 || members.isFailed()) {
            return;
        }
        if (nextSlot < geometry.slotCount()) {
            writeSome();
            return;
        }
        int slots = 0;
        for (int slot = 0; slot < geometry.slotCount(); slot++) {
            if (members.file(slot) != null && members.entry(slot).state() != MemberEntry.FAULTY) {
                slots |= 1 << slot;
            }
        }
        boolean isLeftOut = Plant.INFO_COPIES_TOGETHER.isPlanted() && area == 0;
        members.flush(isLeftOut ? 0 : slots, this::flushed);
    }

    private void flushed() {
        if (members.isFailed()) {
            return;
        }
        if (area == 0) {
            area = 1;
            startArea();
        } else {
            finishInfo();
        }
    }

    private void finishInfo() {
        for (int i = 0; i < groups.size(); i++) {
            for (int lane = 0; lane < geometry.lanes(); lane++) {
                if ((lanes[i] >> lane & 1) != 0) {
                    groups.get(i).copiesWritten(lane);
                }
            }
            groups.get(i).unpin();
        }
        groups = List.of();
        lanes = new int[0];
        members.syncCursors(Plant.CURSOR_AHEAD.isPlanted() ? members.cursors() : cursors);
        members.template().tailBatch = newTail;
        members.template().sequenceFloor = newFloor;
        if (members.template().reshape != null) {
            members.template().reshape = members.template().reshape.at(newCut);
        }
        long tail = newTail;
        members.persist(() -> {
            journal.advanceTail(tail);
            counters.add(Counter.CHECKPOINTS, 1);
            isActive = false;
            List<Runnable> done = covered;
            covered = new ArrayList<>();
            for (Runnable each : done) {
                each.run();
            }
            if (!isActive && !waiting.isEmpty()) {
                begin();
            }
        });
    }
}
