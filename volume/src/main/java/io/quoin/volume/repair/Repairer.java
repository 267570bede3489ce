package io.quoin.volume.repair;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import com.lmax.disruptor.EventPoller;
import com.lmax.disruptor.RingBuffer;
import com.lmax.disruptor.Sequence;
import com.lmax.disruptor.YieldingWaitStrategy;
import com.lmax.disruptor.dsl.ProducerType;
import io.quoin.codec.parity.ErasureCode;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.destage.Checkpointer;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.Sequencer;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import io.quoin.volume.row.RowImage;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/// Drives the one job of a volume that is under way: a scrub, or the rebuild of a slot.
///
/// | row found | a scrub | a rebuild |
/// |---|---|---|
/// | block of a held slot bad or untrusted, the others enough | rewrites it | rewrites it |
/// | block of the rebuilt slot | - | decodes it, writes it, reads it back |
/// | guards fine, parity does not fit, one block convicted by all others | rewrites it, alarm | - |
/// | the same without a unique solution | row suspect, changes nothing | - |
/// | too few good blocks | block lost, reads of it fail | the same |
///
/// In the engine's turns only; the two computing stages are agents.
public final class Repairer {
    private static final long CHECKPOINT_NANOS = 1_000_000_000L;

    private final Geometry geometry;
    private final MemberSet members;
    private final InfoCache cache;
    private final Checkpointer checkpointer;
    private final RepairRecords records;
    private final Counters counters;
    private final VolumeEvent.Sink events;
    private final Stages stages;
    private final LongSupplier wallMillis;
    private final Joining joining;

    private final ErasureCode code;
    private final Supplier<BlockGuards> makeGuards;
    private final int tasks;
    private RingBuffer<RepairTask> ring;
    private EventPoller<RepairTask> written;
    private Sequence released;
    private RepairStage verify;
    private RepairStage reconstruct;
    private final ArrayDeque<RepairTask> finishing = new ArrayDeque<>();

    private JobRecord job = JobRecord.NONE;
    private boolean isRunning;
    private final List<Runnable> awaitingEnd = new ArrayList<>();
    private boolean isEnding;
    private boolean isLastWord;
    private boolean isLocking;
    private boolean isSuspending;
    private long nextKey;
    private long doneKey;
    private int inFlight;
    private long bytesPerSecond;
    private double allowance;
    private long lastNanos = -1;
    private long checkpointedNanos;

    /// Empties the journal before a rebuilt member joins: what was acknowledged while it was absent has
    /// a copy too few there, and would be lost with the member that has it.
    public interface Joining {
        /// Holds new writes back once little is left, and brings everything home.
        ///
        /// @param then runs when the journal is empty; nothing is acknowledged until released
        void whenAllIsHome(Runnable then);

        /// Lets writes go on.
        void release();
    }

    /// A repairer of a volume.
    ///
    /// @param geometry shape
    /// @param members who holds what
    /// @param cache info groups
    /// @param checkpointer makes cursors durable
    /// @param sequencer sequences, for parity that has no other to agree with
    /// @param code erasure code
    /// @param makeGuards makes guards
    /// @param tasks info groups in flight, a power of two
    /// @param counters what is counted
    /// @param events who is told
    /// @param stages where the agents run
    /// @param wallMillis wall clock, for records only
    /// @param joining empties the journal before a member joins
    public Repairer(
            Geometry geometry,
            MemberSet members,
            InfoCache cache,
            Checkpointer checkpointer,
            Sequencer sequencer,
            ErasureCode code,
            Supplier<BlockGuards> makeGuards,
            int tasks,
            Counters counters,
            VolumeEvent.Sink events,
            Stages stages,
            LongSupplier wallMillis,
            Joining joining) {
        this.geometry = geometry;
        this.members = members;
        this.cache = cache;
        this.checkpointer = checkpointer;
        records =
                new RepairRecords(geometry, members, sequencer, makeGuards.get(), counters, events);
        this.counters = counters;
        this.events = events;
        this.stages = stages;
        this.wallMillis = wallMillis;
        this.joining = joining;
        this.code = code;
        this.makeGuards = makeGuards;
        this.tasks = Integer.highestOneBit(tasks);
    }

    /// Makes the ring and its stages; a volume without a job has neither.
    private void makePipeline() {
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
        written = ring.newPoller(second.getSequence());
        released = new Sequence(-1);
        ring.addGatingSequences(released);
        verify =
                new RepairStage(
                        RepairStage.Work.VERIFY,
                        first,
                        new RowImage(geometry, code, makeGuards.get()),
                        stages::wake);
        reconstruct =
                new RepairStage(
                        RepairStage.Work.RECONSTRUCT,
                        second,
                        new RowImage(geometry, code, makeGuards.get()),
                        stages::wake);
    }

    /// {@return the job that is worked on, in its newest state, or JobRecord.NONE}
    public JobRecord job() {
        return isRunning ? progress() : JobRecord.NONE;
    }

    /// Starts a job, or goes on with one at its cursor.
    ///
    /// @param record the job, running
    public void start(JobRecord record) {
        assert !isRunning : "job " + job.id() + " is under way";
        job = record;
        nextKey = record.cursor();
        doneKey = record.cursor();
        records.checked = record.checked();
        records.repaired = record.repaired();
        records.lost = record.lost();
        records.suspect = record.suspect();
        records.rebuiltSlot = record.kind() == JobRecord.REBUILD ? record.slot() : -1;
        isEnding = false;
        isLastWord = false;
        isLocking = false;
        isSuspending = false;
        isRunning = true;
        makePipeline();
        stages.start(verify);
        stages.start(reconstruct);
        events.accept(
                new VolumeEvent.JobChanged(
                        job.id(),
                        job.kindText(),
                        job.cursor() == 0 ? "started" : "goes on at " + job.cursor()));
    }

    /// {@return whether a job is under way}
    public boolean isRunning() {
        return isRunning;
    }

    /// Sets the most that a job reads.
    ///
    /// @param rate bytes in a second, 0: no limit
    public void setRate(long rate) {
        bytesPerSecond = rate;
    }

    /// {@return whether the job has been halted, or has lost its member, and only its tasks in flight are
    /// waited for}
    public boolean isWindingDown() {
        return isRunning && !isLastWord && (!job.isOpen() || targetIsGone());
    }

    /// Lets the tasks in flight end and stops; the job's record says why.
    ///
    /// @param state PAUSED, CANCELLED or FAILED
    /// @param whenEnded runs when nothing is in flight any more
    public void halt(int state, Runnable whenEnded) {
        job = progress().ended(state, state == JobRecord.PAUSED ? 0 : wallMillis.getAsLong());
        awaitingEnd.add(whenEnded);
    }

    /// Goes on with a paused job whose tasks in flight have not ended yet.
    public void goOn() {
        job = progress().ended(JobRecord.RUNNING, 0);
        tellEnded();
    }

    /// Lets the tasks in flight end and stops, to be taken up again at the next start.
    public void suspend() {
        isSuspending = true;
    }

    private JobRecord progress() {
        return new JobRecord(
                job.id(),
                job.kind(),
                job.state(),
                job.slot(),
                doneKey,
                job.startedMillis(),
                job.finishedMillis(),
                records.checked,
                records.repaired,
                records.lost,
                records.suspect);
    }

    /// Goes on with what is due.
    ///
    /// @param nowNanos monotonic clock
    /// @param mayClaim whether new groups may be taken up
    /// @return whether anything was done
    public boolean step(long nowNanos, boolean mayClaim) {
        if (!isRunning) {
            return false;
        }
        boolean any = poll();
        any |= finishInOrder();
        if (job.state() == JobRecord.RUNNING) {
            Throwable failure = verify.failure() != null ? verify.failure() : reconstruct.failure();
            if (failure != null) {
                throw new IllegalStateException("repair pipeline failed", failure);
            }
            if (targetIsGone()) {
                halt(JobRecord.FAILED, () -> {});
                events.accept(
                        new VolumeEvent.JobChanged(
                                job.id(),
                                job.kindText(),
                                "failed: the member it fills was dropped"));
            } else if (mayClaim && !isSuspending && !isEnding) {
                any |= claim(nowNanos);
            }
        }
        if (inFlight == 0 && !isEnding) {
            if (job.state() != JobRecord.RUNNING || isSuspending) {
                end();
                return true;
            }
            if (nextKey >= geometry.infoGroupCount()) {
                complete();
                return true;
            }
        }
        if (!isEnding
                && doneKey > job.cursor()
                && nowNanos - checkpointedNanos >= CHECKPOINT_NANOS
                && !checkpointer.isActive()) {
            checkpointedNanos = nowNanos;
            saveAndCheckpoint(() -> {});
        }
        return any;
    }

    private boolean targetIsGone() {
        return job.kind() == JobRecord.REBUILD
                && members.entry(job.slot()).state() != MemberEntry.REBUILDING;
    }

    private boolean claim(long nowNanos) {
        if (bytesPerSecond > 0) {
            long elapsed = lastNanos < 0 ? 0 : nowNanos - lastNanos;
            allowance =
                    Math.min(bytesPerSecond / 10.0, allowance + bytesPerSecond * (elapsed / 1e9));
        }
        lastNanos = nowNanos;
        boolean any = false;
        // One lock is waited for at a time. Tasks end in order, so whoever waits for a group held
        // here
        // must find that every earlier group is held already: else a destage round that holds one
        // of
        // them and waits for a later one would wait for ever.
        while (!isLocking
                && nextKey < geometry.infoGroupCount()
                && (bytesPerSecond == 0 || allowance >= 0)) {
            if (job.kind() == JobRecord.REBUILD && !concernsSlot(nextKey)) {
                nextKey++;
                continue;
            }
            if (!ring.hasAvailableCapacity(1)) {
                break;
            }
            long sequence = ring.next();
            RepairTask task = ring.get(sequence);
            task.sequence = sequence;
            task.key = nextKey++;
            task.isScrub = job.kind() == JobRecord.SCRUB;
            task.isDone = false;
            inFlight++;
            any = true;
            allowance -= (double) geometry.dataCount() * RepairTask.LANE_BYTES;
            isLocking = true;
            if (task.isScrub) {
                cache.forget(task.key); // so that both copies of its info are read again
            }
            cache.require(
                    task.key,
                    group -> {
                        if (Plant.NO_REPAIR_LOCK.isPlanted()) {
                            group.pin();
                            read(task, group);
                        } else {
                            group.lock(() -> read(task, group));
                        }
                    });
        }
        return any;
    }

    private boolean concernsSlot(long key) {
        return geometry.firstSlot(key) == job.slot() / geometry.width() * geometry.width();
    }

    private void read(RepairTask task, InfoGroup group) {
        isLocking = false;
        task.group = group;
        Arrays.fill(task.readable, 0);
        task.pending = 1;
        for (int lane = 0; lane < geometry.width(); lane++) {
            int slot = geometry.firstSlot(task.key) + lane;
            if (!members.holds(slot, task.key) || !hasContent(group, lane)) {
                continue;
            }
            int thisLane = lane;
            task.pending++;
            Io io = new Io();
            io.set(
                    Io.Kind.READ,
                    task.memory,
                    task.offset(lane, 0),
                    RepairTask.LANE_BYTES,
                    dataOffset(task, 0));
            io.listener =
                    done -> {
                        if (done.result.isOk()) {
                            for (int index = 0; index < ROWS_PER_INFO; index++) {
                                markReadable(task, thisLane, index);
                            }
                        } else {
                            counters.add(Counter.READ_ERRORS, 1);
                            readSingly(task, thisLane);
                        }
                        readDone(task);
                    };
            members.submit(slot, io);
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

    /// A latent error in the run: what can be read, block by block.
    private void readSingly(RepairTask task, int lane) {
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            int thisIndex = index;
            task.pending++;
            Io io = new Io();
            io.set(
                    Io.Kind.READ,
                    task.memory,
                    task.offset(lane, index),
                    BLOCK_BYTES,
                    dataOffset(task, index));
            io.listener =
                    done -> {
                        if (done.result.isOk()) {
                            markReadable(task, lane, thisIndex);
                        }
                        readDone(task);
                    };
            members.submit(geometry.firstSlot(task.key) + lane, io);
        }
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
            stages.wake();
        }
    }

    private boolean poll() {
        try {
            return written.poll((task, sequence, endOfBatch) -> {
                finishing.addLast(task);
                write(task);
                return true;
            })
                    == EventPoller.PollState.PROCESSING;
        } catch (RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private void write(RepairTask task) {
        task.pending = 1;
        task.writtenSlots = 0;
        forEachRun(task, (slot, lane, index, count) -> writeRun(task, slot, lane, index, count));
        writeDone(task);
    }

    @FunctionalInterface
    private interface Run {
        void at(int slot, int lane, int index, int count);
    }

    /// Visits the runs of neighbouring blocks that are to be written.
    private void forEachRun(RepairTask task, Run visitor) {
        for (int lane = 0; lane < geometry.width(); lane++) {
            int slot = geometry.firstSlot(task.key) + lane;
            int runStart = -1;
            for (int index = 0; index <= ROWS_PER_INFO; index++) {
                boolean isTarget = index < ROWS_PER_INFO && records.isTarget(task, slot, index);
                if (isTarget && runStart < 0) {
                    runStart = index;
                } else if (!isTarget && runStart >= 0) {
                    visitor.at(slot, lane, runStart, index - runStart);
                    runStart = -1;
                }
            }
        }
    }

    private void writeRun(RepairTask task, int slot, int lane, int index, int count) {
        task.pending++;
        task.writtenSlots |= 1 << lane;
        Io io = new Io();
        io.set(
                Io.Kind.WRITE,
                task.memory,
                task.offset(lane, index),
                count * BLOCK_BYTES,
                dataOffset(task, index));
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
        int slots = 0;
        for (int lane = 0; lane < geometry.width(); lane++) {
            int slot = geometry.firstSlot(task.key) + lane;
            if ((task.writtenSlots >> lane & 1) != 0 && !records.isGone(slot)) {
                slots |= 1 << slot;
            }
        }
        members.flush(slots, () -> flushed(task));
    }

    private void flushed(RepairTask task) {
        if (members.isFailed()) {
            return;
        }
        // What was written is read back; a member that has something else is not to be trusted.
        task.pending = 1;
        forEachRun(
                task,
                (slot, lane, index, count) -> {
                    if (!records.isGone(slot)) {
                        readBack(task, slot, lane, index, count);
                    }
                });
        readBackDone(task);
    }

    private void readBack(RepairTask task, int slot, int lane, int index, int count) {
        task.pending++;
        long at = task.offset(lane, index);
        long end = at + (long) count * BLOCK_BYTES;
        Io io = new Io();
        io.set(Io.Kind.READ, task.check, at, count * BLOCK_BYTES, dataOffset(task, index));
        io.listener =
                done -> {
                    long differs =
                            done.result.isOk()
                                    ? MemorySegment.mismatch(
                                            task.check, at, end, task.memory, at, end)
                                    : 0;
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

    private void readBackDone(RepairTask task) {
        if (--task.pending == 0) {
            task.isDone = true;
        }
    }

    /// Ends tasks in the order of their keys: info, cursor, lock.
    private boolean finishInOrder() {
        boolean any = false;
        while (!finishing.isEmpty() && finishing.peekFirst().isDone) {
            RepairTask task = finishing.pollFirst();
            for (int index = 0; index < ROWS_PER_INFO; index++) {
                records.record(task, index);
            }
            if (job.kind() == JobRecord.REBUILD) {
                members.advanceCursor(job.slot(), task.key + 1);
            }
            doneKey = task.key + 1;
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

    private void saveAndCheckpoint(Runnable done) {
        job = progress();
        store();
        checkpointer.request(done);
    }

    /// Puts the job's record where the next superblock takes it from.
    private void store() {
        members.template().putJob(job);
    }

    /// Stores the job's record for the last time.
    private void lastWord() {
        isLastWord = true;
        store();
    }

    private void complete() {
        isEnding = true;
        doneKey = geometry.infoGroupCount();
        if (job.kind() == JobRecord.SCRUB) {
            job = progress().ended(JobRecord.DONE, wallMillis.getAsLong());
            lastWord();
            checkpointer.request(this::ended);
            return;
        }
        members.advanceCursor(job.slot(), doneKey);
        Runnable join =
                () -> {
                    int slot = job.slot();
                    if (targetIsGone()) {
                        if (job.isOpen()) {
                            job = progress().ended(JobRecord.FAILED, wallMillis.getAsLong());
                        }
                        lastWord();
                        joining.release();
                        ended();
                        return;
                    }
                    job = progress().ended(JobRecord.DONE, wallMillis.getAsLong());
                    lastWord();
                    members.change(
                            slot,
                            members.entry(slot).with(MemberEntry.IN_SYNC, 0),
                            members.file(slot),
                            members.io(slot),
                            () -> {
                                joining.release();
                                ended();
                            });
                };
        if (Plant.REBUILD_SHORT.isPlanted()) {
            join.run();
        } else if (Plant.JOIN_WITH_JOURNAL.isPlanted()) {
            saveAndCheckpoint(join);
        } else {
            saveAndCheckpoint(() -> joining.whenAllIsHome(join));
        }
    }

    private void end() {
        isEnding = true;
        job = progress().ended(job.state(), job.finishedMillis());
        lastWord();
        checkpointer.request(this::ended);
    }

    private void ended() {
        isRunning = false;
        stages.stop(verify);
        stages.stop(reconstruct);
        ring = null;
        events.accept(
                new VolumeEvent.JobChanged(
                        job.id(),
                        job.kindText(),
                        job.stateText()
                                + ": "
                                + records.checked
                                + " blocks checked, "
                                + records.repaired
                                + " repaired, "
                                + records.lost
                                + " lost, "
                                + records.suspect
                                + " rows suspect"));
        tellEnded();
    }

    private void tellEnded() {
        List<Runnable> waiting = List.copyOf(awaitingEnd);
        awaitingEnd.clear();
        waiting.forEach(Runnable::run);
    }
}
