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
    private static final int STAGING_BLOCKS = 64;

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
    private final int[] freeStaging = new int[STAGING_BLOCKS];
    private int freeCount;

    private Intake intake;
    private List<InfoGroup> groups = List.of();
    private int[] lanes = new int[0];
    private int area;
    private int nextGroup;
    private int nextLane;
    private int pending;
    private long newTail;
    private long newFloor;
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
        staging = Arena.ofAuto().allocate((long) STAGING_BLOCKS * BLOCK_BYTES, BLOCK_BYTES);
        for (int i = 0; i < STAGING_BLOCKS; i++) {
            freeStaging[freeCount++] = i;
        }
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
        nextGroup = 0;
        nextLane = 0;
        pending = 1;
        pumpInfo();
        infoDone();
    }

    private void pumpInfo() {
        while (nextGroup < groups.size() && freeCount > 0) {
            if (nextLane == geometry.width()) {
                nextLane = 0;
                nextGroup++;
                continue;
            }
            int lane = nextLane++;
            InfoGroup group = groups.get(nextGroup);
            int slot = geometry.firstSlot(group.key()) + lane;
            if (Plant.INFO_LANE_FORGOTTEN.isPlanted() && lane == 1) {
                continue;
            }
            if ((lanes[nextGroup] >> lane & 1) != 0 && members.holds(slot, group.key())) {
                writeInfo(group, lane, slot);
            }
        }
    }

    private void writeInfo(InfoGroup group, int lane, int slot) {
        int place = freeStaging[--freeCount];
        long at = (long) place * BLOCK_BYTES;
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
        pending++;
        Io io = new Io();
        io.set(
                Io.Kind.WRITE,
                staging,
                at,
                BLOCK_BYTES,
                members.layout().infoOffset(infoBlock, group.firstCopy(lane) ^ area));
        io.listener =
                done -> {
                    freeStaging[freeCount++] = place;
                    if (!done.result.isOk()) {
                        members.fail(done);
                    }
                    pumpInfo();
                    infoDone();
                };
        members.submit(slot, io);
    }

    private void infoDone() {
        if (--pending > 0 || members.isFailed()) {
            return;
        }
        if (nextGroup < groups.size()) {
            return;
        }
        pending = 1;
        for (int slot = 0; slot < geometry.slotCount(); slot++) {
            if (Plant.INFO_COPIES_TOGETHER.isPlanted() && area == 0) {
                break;
            }
            if (members.file(slot) != null && members.entry(slot).state() != MemberEntry.FAULTY) {
                pending++;
                Io io = new Io();
                io.kind = Io.Kind.FLUSH;
                io.listener =
                        done -> {
                            if (!done.result.isOk()) {
                                members.fail(done);
                            }
                            flushDone();
                        };
                members.submit(slot, io);
            }
        }
        flushDone();
    }

    private void flushDone() {
        if (--pending > 0 || members.isFailed()) {
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
            for (int lane = 0; lane < geometry.width(); lane++) {
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
