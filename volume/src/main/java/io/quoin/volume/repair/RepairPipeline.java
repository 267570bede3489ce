package io.quoin.volume.repair;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import com.lmax.disruptor.EventPoller;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.YieldingWaitStrategy;
import com.lmax.disruptor.dsl.ProducerType;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.Twin;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import io.quoin.volume.row.RowImage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.LongConsumer;
import java.util.function.Supplier;

/// Info groups on their way through a job, several at a time, ended in the order of their keys:
///
/// ```
/// take: locked -> what a rebuild need not copy left out, the rest read from all members that hold it (engine)
///   -> ring -> verify -> reconstruct                   (agents)
///   -> what is bad or absent written -> flushed, several tasks by one flush -> read back -> ended (engine)
/// ```
///
/// In the engine's turns only, but for the agents.
final class RepairPipeline {
    private final Geometry geometry;
    private final MemberSet members;
    private final InfoCache cache;
    private final RepairRecords records;
    private final Twin copied;
    private final int ownSlot;
    private final Counters counters;
    private final Stages stages;
    private final LongConsumer whenReading;
    private final Consumer<RepairTask> whenEnded;
    private final TargetInfo target;

    private final RingBuffer<RepairTask> ring;
    private final EventPoller<RepairTask> reconstructed;
    private final Sequence reconstructedUpTo;
    private final Sequence released = new Sequence(-1);
    private final RepairStage verify;
    private final RepairStage reconstruct;
    private final ArrayDeque<RepairTask> finishing = new ArrayDeque<>();
    private final ArrayDeque<RepairTask> unverified = new ArrayDeque<>();
    private List<RepairTask> unflushed = new ArrayList<>();
    private boolean isFlushing;
    private boolean isSettling;
    private int inFlight;

    /// A pipeline whose agents run until {@link #stop}.
    ///
    /// @param geometry shape
    /// @param members who holds what
    /// @param cache info groups
    /// @param makeGuards makes guards
    /// @param tasks tasks in flight, a power of two
    /// @param records which blocks are to be written, of which slot
    /// @param copied the member to which another one is copied, or null
    /// @param counters what is counted
    /// @param stages where the agents run
    /// @param whenReading told how many bytes are about to be read
    /// @param whenEnded told of each task, in order; its group is still locked
    RepairPipeline(
            Geometry geometry,
            MemberSet members,
            InfoCache cache,
            Supplier<BlockGuards> makeGuards,
            int tasks,
            RepairRecords records,
            Twin copied,
            Counters counters,
            Stages stages,
            LongConsumer whenReading,
            Consumer<RepairTask> whenEnded) {
        this.geometry = geometry;
        this.members = members;
        this.cache = cache;
        this.records = records;
        this.copied = copied;
        ownSlot = copied == null ? records.rebuiltSlot : copied.slot();
        this.counters = counters;
        this.stages = stages;
        this.whenReading = whenReading;
        this.whenEnded = whenEnded;
        target =
                records.rebuiltSlot < 0
                        ? null
                        : new TargetInfo(geometry, members, records.rebuiltSlot);
        // Tasks are published when their reads are done, in any order: several producers'
        // sequencer.
        ring =
                RingBuffer.create(
                        ProducerType.MULTI,
                        () -> new RepairTask(geometry),
                        tasks,
                        new YieldingWaitStrategy());
        EventPoller<RepairTask> first = ring.newPoller();
        EventPoller<RepairTask> second = ring.newPoller(first.getSequence());
        reconstructed = ring.newPoller(second.getSequence());
        reconstructedUpTo = second.getSequence();
        ring.addGatingSequences(released);
        RepairStage.Work work = RepairStage.Work.RECONSTRUCT;
        RowImage image = new RowImage(geometry, makeGuards.get());
        reconstruct = new RepairStage(work, second, image, stages::wake);
        work = RepairStage.Work.VERIFY;
        image = new RowImage(geometry, makeGuards.get());
        verify = new RepairStage(work, first, image, () -> stages.ring(reconstruct));
        stages.start(reconstruct);
        stages.start(verify);
    }

    /// Ends the agents; nothing may be in flight.
    void stop() {
        assert inFlight == 0 : inFlight + " tasks in flight";
        stages.stop(verify);
        stages.stop(reconstruct);
    }

    /// {@return tasks that have not ended}
    int inFlight() {
        return inFlight;
    }

    /// {@return whether another task can be taken}
    boolean canTake() {
        // One lock is waited for at a time. Tasks end in order, so whoever waits for a group held
        // here must find that every earlier group is held already: else a destage round that holds
        // one of them and waits for a later one would wait for ever.
        return !isSettling && ring.hasAvailableCapacity(1);
    }

    /// {@return whether {@link #step} has something to do}
    boolean isStepDue() {
        return reconstructedUpTo.get() > reconstructed.getSequence().get()
                || !unverified.isEmpty()
                || !finishing.isEmpty() && finishing.peekFirst().isDone
                || failure() != null;
    }

    /// {@return the bug that ended an agent, or null}
    private Throwable failure() {
        return verify.failure() != null ? verify.failure() : reconstruct.failure();
    }

    /// Takes an info group up.
    ///
    /// @param key info group, later than all before
    /// @param isScrub whether parity is held against the data
    void take(long key, boolean isScrub) {
        long sequence = ring.next();
        RepairTask task = ring.get(sequence);
        task.sequence = sequence;
        task.key = key;
        task.isScrub = isScrub;
        task.isDone = false;
        inFlight++;
        isSettling = true;
        cache.require(
                key,
                group -> {
                    if (Plant.NO_REPAIR_LOCK.isPlanted()) {
                        group.pin();
                        settle(task, group);
                    } else {
                        group.lock(() -> settle(task, group));
                    }
                });
    }

    /// Goes on with what is due.
    ///
    /// @return whether anything was done
    /// @throws IllegalStateException when an agent met a bug
    boolean step() {
        if (failure() != null) {
            throw new IllegalStateException("repair pipeline failed", failure());
        }
        return verifyOne() | poll() | endInOrder();
    }

    /// Finds out what a rebuild need not copy.
    private void settle(RepairTask task, InfoGroup group) {
        task.group = group;
        task.kept = 0;
        task.isLeft = false;
        task.isInfoStale = false;
        task.worseCopy = -1;
        if (copied != null && concerns(task)) {
            isSettling = false;
            task.kept = -1; // as long as it passes its guards
            verifyKept(task, group, true);
            return;
        }
        if (target == null || records.isGone(records.rebuiltSlot)) {
            isSettling = false;
            read(task, group, 0);
            return;
        }
        target.settle(
                group,
                rows -> {
                    task.kept = rows;
                    task.isInfoStale = target.isStale();
                    task.worseCopy = target.worseCopy();
                    isSettling = false;
                    verifyKept(task, group, !target.isBlank());
                });
    }

    /// Reads what the member has already and holds it against its guards: it counts as in sync only when it
    /// holds everything.
    ///
    /// @param hasInfo whether the member has info of the group
    private void verifyKept(RepairTask task, InfoGroup group, boolean hasInfo) {
        int lane = geometry.laneOf(ownSlot);
        int rows = 0;
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            boolean isContentless =
                    BlockInfo.isContentless(group.image(), group.record(lane, index));
            rows |= task.isKept(index) && !isContentless ? 1 << index : 0;
        }
        if (rows == 0 || records.isGone(ownSlot)) {
            readOthers(task, group, 0, hasInfo);
            return;
        }
        task.unverified = rows;
        whenReading.accept(RepairTask.LANE_BYTES);
        Io io = io(task, Io.Kind.READ, task.memory, lane, 0, ROWS_PER_INFO);
        io.listener =
                done -> {
                    if (!done.result.isOk()) {
                        task.kept &= ~task.unverified;
                        task.unverified = 0;
                    }
                    unverified.addLast(
                            task); // not now: this may be a client's turn, which is to be short
                };
        members.submit(ownSlot, io);
    }

    /// Holds what was read of one group against its guards.
    private boolean verifyOne() {
        RepairTask task = unverified.pollFirst();
        if (task == null) {
            return false;
        }
        int lane = geometry.laneOf(ownSlot);
        int verified = 0;
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            boolean isDue =
                    (task.unverified >> index & 1) != 0
                            && (copied == null || !task.group.isUntrusted(lane, index));
            verified |= isDue && records.isGood(task, lane, index) ? 1 << index : 0;
        }
        task.kept &= ~task.unverified | verified;
        readOthers(task, task.group, verified, true);
        return true;
    }

    /// Goes on with the others' blocks. A member that was away and lacks nothing of the group needs none of
    /// them; for a blank one all are read, so that its rebuild finds what is wrong with them.
    ///
    /// @param verified rows of which the slot under rebuild has its block, and that is in memory
    /// @param hasInfo whether the member has info of the group
    private void readOthers(RepairTask task, InfoGroup group, int verified, boolean hasInfo) {
        task.isLeft = task.kept == -1 && hasInfo;
        read(task, group, verified);
    }

    private void read(RepairTask task, InfoGroup group, int verified) {
        Arrays.fill(task.readable, 0);
        for (int index = 0; index < ROWS_PER_INFO && verified != 0; index++) {
            if ((verified >> index & 1) != 0) {
                markReadable(task, geometry.laneOf(ownSlot), index);
            }
        }
        task.pending = 1;
        for (int lane = 0; lane < geometry.at(task.key).width(); lane++) {
            int slot = geometry.firstSlot(task.key) + lane;
            if (task.isLeft || !members.holds(slot, task.key) || !hasContent(group, lane)) {
                continue;
            }
            if (copied != null && slot == ownSlot) {
                readSingly(task, slot, lane, ~verified); // what is verified stays as it is
            } else {
                read(task, slot, lane);
            }
        }
        readDone(task);
    }

    private boolean hasContent(InfoGroup group, int lane) {
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            if (!BlockInfo.isContentless(group.image(), group.record(lane, index))) {
                return true;
            }
        }
        return false;
    }

    private void read(RepairTask task, int slot, int lane) {
        task.pending++;
        whenReading.accept(RepairTask.LANE_BYTES);
        Io io = io(task, Io.Kind.READ, task.memory, lane, 0, ROWS_PER_INFO);
        io.listener =
                done -> {
                    if (done.result.isOk()) {
                        for (int index = 0; index < ROWS_PER_INFO; index++) {
                            markReadable(task, lane, index);
                        }
                    } else {
                        counters.add(Counter.READ_ERRORS, 1);
                        readSingly(task, slot, lane, -1);
                    }
                    readDone(task);
                };
        members.submit(slot, io);
    }

    /// A latent error in the run: what can be read, block by block.
    ///
    /// @param rows which, a bit for each
    private void readSingly(RepairTask task, int slot, int lane, int rows) {
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            if ((rows >> index & 1) == 0) {
                continue;
            }
            int thisIndex = index;
            task.pending++;
            Io io = io(task, Io.Kind.READ, task.memory, lane, index, 1);
            io.listener =
                    done -> {
                        if (done.result.isOk()) {
                            markReadable(task, lane, thisIndex);
                        }
                        readDone(task);
                    };
            members.submit(slot, io);
        }
    }

    private Io io(
            RepairTask task, Io.Kind kind, MemorySegment memory, int lane, int index, int count) {
        Io io = new Io();
        long at = task.offset(lane, index);
        io.set(kind, memory, at, count * BLOCK_BYTES, dataOffset(task, index));
        return io;
    }

    private void markReadable(RepairTask task, int lane, int index) {
        long row = geometry.rowIn(task.key, index);
        task.readable[index] |= 1 << geometry.positionAt(row, geometry.firstSlot(task.key) + lane);
    }

    private long dataOffset(RepairTask task, int index) {
        long row = geometry.rowIn(task.key, index);
        return members.layout().dataOffset(geometry.memberBlock(row));
    }

    private void readDone(RepairTask task) {
        if (--task.pending == 0) {
            ring.publish(task.sequence);
            stages.ring(verify);
        }
    }

    private boolean poll() {
        try {
            return reconstructed.poll((task, sequence, endOfBatch) -> {
                finishing.addLast(task);
                copy(task);
                return true;
            })
                    == EventPoller.PollState.PROCESSING;
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @FunctionalInterface
    private interface Run {
        void at(int index, int count);
    }

    /// Visits a lane's runs of neighbouring blocks that are to be written.
    private void forEachRun(RepairTask task, int lane, Run visitor) {
        int slot = geometry.firstSlot(task.key) + lane;
        int runStart = -1;
        for (int index = 0; index <= ROWS_PER_INFO; index++) {
            boolean isTarget = index < ROWS_PER_INFO && records.isTarget(task, slot, index);
            if (isTarget && runStart < 0) {
                runStart = index;
            } else if (!isTarget && runStart >= 0) {
                visitor.at(runStart, index - runStart);
                runStart = -1;
            }
        }
    }

    /// Writes to the twin what its slot's member has, or should have; what the latter has wrong is written to both afterwards.
    private void copy(RepairTask task) {
        if (copied == null || members.twin() != copied) {
            write(task);
            return;
        }
        task.pending = 1;
        forEachCopied(task, (index, count) -> copy(task, index, count));
        copyDone(task, () -> readCopyBack(task));
    }

    private void copy(RepairTask task, int index, int count) {
        task.pending++;
        Io io = io(task, Io.Kind.WRITE, task.memory, geometry.laneOf(ownSlot), index, count);
        io.listener =
                done -> {
                    if (!done.result.isOk()) {
                        failCopy(done.result + ", " + done);
                    }
                    copyDone(task, () -> readCopyBack(task));
                };
        members.submitToTwin(io);
    }

    private void failCopy(String cause) {
        if (members.twin() == copied) {
            members.dropTwin(cause);
        }
    }

    private void copyDone(RepairTask task, Runnable then) {
        if (--task.pending == 0 && !members.isFailed()) {
            then.run();
        }
    }

    private void readCopyBack(RepairTask task) {
        if (members.twin() != copied) {
            write(task);
            return;
        }
        task.pending = 1;
        forEachCopied(task, (index, count) -> readCopyBack(task, index, count));
        copyDone(task, () -> write(task));
    }

    private void readCopyBack(RepairTask task, int index, int count) {
        task.pending++;
        long written = task.offset(geometry.laneOf(ownSlot), index);
        Io io = checking(task, index, count);
        io.listener =
                done -> {
                    if (differs(task, done, written) != -1) {
                        failCopy("a copied block read back differs, " + done);
                    }
                    copyDone(task, () -> write(task));
                };
        members.submitToTwin(io);
    }

    /// Visits runs of neighbouring blocks that are to be copied.
    private void forEachCopied(RepairTask task, Run visitor) {
        int runStart = -1;
        for (int index = 0; index <= ROWS_PER_INFO; index++) {
            boolean isCopied = index < ROWS_PER_INFO && records.isCopied(task, ownSlot, index);
            if (isCopied && runStart < 0) {
                runStart = index;
            } else if (!isCopied && runStart >= 0) {
                visitor.at(runStart, index - runStart);
                runStart = -1;
            }
        }
    }

    private boolean concerns(RepairTask task) {
        return geometry.isIn(ownSlot, task.key);
    }

    private void write(RepairTask task) {
        task.pending = 1;
        task.writtenLanes = 0;
        for (int each = 0; each < geometry.at(task.key).width(); each++) {
            int lane = each;
            int slot = geometry.firstSlot(task.key) + lane;
            forEachRun(task, lane, (index, count) -> write(task, slot, lane, index, count));
        }
        writeDone(task);
    }

    private void write(RepairTask task, int slot, int lane, int index, int count) {
        task.pending++;
        task.writtenLanes |= 1 << lane;
        Io io = io(task, Io.Kind.WRITE, task.memory, lane, index, count);
        io.listener =
                done -> {
                    if (!done.result.isOk()) {
                        members.fail(done);
                    }
                    writeDone(task);
                };
        members.submit(slot, io);
    }

    private void writeDone(RepairTask task) {
        if (--task.pending > 0 || members.isFailed()) {
            return;
        }
        if (task.writtenLanes == 0) {
            task.isDone = true;
            return;
        }
        unflushed.add(task);
        flush();
    }

    /// Flushes what was written since the last flush began; what is written meanwhile waits for the next.
    private void flush() {
        if (isFlushing || unflushed.isEmpty()) {
            return;
        }
        isFlushing = true;
        List<RepairTask> covered = unflushed;
        unflushed = new ArrayList<>();
        int slots = 0;
        for (RepairTask task : covered) {
            for (int lane = 0; lane < geometry.at(task.key).width(); lane++) {
                int slot = geometry.firstSlot(task.key) + lane;
                if ((task.writtenLanes >> lane & 1) != 0 && !records.isGone(slot)) {
                    slots |= 1 << slot;
                }
            }
        }
        members.flush(
                slots,
                () -> {
                    isFlushing = false;
                    if (!members.isFailed()) {
                        covered.forEach(this::readBack);
                        flush();
                    }
                });
    }

    /// What was written is read back, a lane after the other; a member that has something else is not to be
    /// trusted.
    private void readBack(RepairTask task) {
        if (task.writtenLanes == 0) {
            task.isDone = true;
            return;
        }
        int lane = Integer.numberOfTrailingZeros(task.writtenLanes);
        task.writtenLanes &= ~(1 << lane);
        task.pending = 1;
        int slot = geometry.firstSlot(task.key) + lane;
        if (!records.isGone(slot)) {
            forEachRun(task, lane, (index, count) -> readBack(task, slot, lane, index, count));
        }
        readBackDone(task);
    }

    private void readBack(RepairTask task, int slot, int lane, int index, int count) {
        task.pending++;
        long written = task.offset(lane, index);
        Io io = checking(task, index, count);
        io.listener =
                done -> {
                    long differs = differs(task, done, written);
                    if (differs != -1 && !records.isGone(slot)) {
                        members.fail(
                                slot,
                                "a repaired block read back differs, offset "
                                        + (dataOffset(task, index)
                                                + differs / BLOCK_BYTES * BLOCK_BYTES));
                    }
                    readBackDone(task);
                };
        members.submit(slot, io);
    }

    private Io checking(RepairTask task, int index, int count) {
        Io io = new Io();
        long at = (long) index * BLOCK_BYTES;
        return io.set(Io.Kind.READ, task.check, at, count * BLOCK_BYTES, dataOffset(task, index));
    }

    /// {@return the first byte in which what was read back differs from what was written, or -1}
    private static long differs(RepairTask task, Io done, long written) {
        if (!done.result.isOk()) {
            return 0;
        }
        long at = done.segmentOffset;
        return MemorySegment.mismatch(
                task.check,
                at,
                at + done.lengthBytes,
                task.memory,
                written,
                written + done.lengthBytes);
    }

    private void readBackDone(RepairTask task) {
        if (--task.pending == 0) {
            readBack(task);
        }
    }

    private boolean endInOrder() {
        boolean any = false;
        while (!finishing.isEmpty() && finishing.peekFirst().isDone) {
            RepairTask task = finishing.pollFirst();
            whenEnded.accept(task);
            inFlight--;
            InfoGroup group = task.group;
            task.group = null;
            released.set(task.sequence);
            if (Plant.NO_REPAIR_LOCK.isPlanted()) {
                group.unpin();
            } else {
                group.unlock();
            }
            any = true;
        }
        return any;
    }
}
