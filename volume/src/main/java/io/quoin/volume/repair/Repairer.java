package io.quoin.volume.repair;

import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.destage.Checkpointer;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.Journal;
import io.quoin.volume.journal.JournalCheck;
import io.quoin.volume.journal.Sequencer;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.SuperblockCheck;
import io.quoin.volume.member.Twin;
import io.quoin.volume.row.InfoCache;
import java.util.ArrayList;
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
/// | at the beginning: a copy of the live journal is damaged | brings home what it holds, alarm | - |
/// | at the end: superblocks that are not what was written last | writes all again, alarm | - |
///
/// In the engine's turns only; the two computing stages are agents.
public final class Repairer {
    private static final long CHECKPOINT_NANOS = 1_000_000_000L;

    private static final long MEASURE_NANOS = 2_000_000_000L;

    /// Groups behind those in flight that a scrub comes to in a moment.
    private static final int MOMENT_GROUPS = 16;

    private final Geometry geometry;
    private final Journal journal;
    private final MemberSet members;
    private final InfoCache cache;
    private final Checkpointer checkpointer;
    private final RepairRecords records;
    private final Counters counters;
    private final VolumeEvent.Sink events;
    private final Stages stages;
    private final LongSupplier wallMillis;
    private final Joining joining;
    private final Governor governor;
    private final Neighbourhood near;
    private final JournalCheck journalCheck;
    private final SuperblockCheck superblocks;

    private final Supplier<BlockGuards> makeGuards;
    private final int tasks;
    private RepairPipeline pipeline;

    private JobRecord job = JobRecord.NONE;

    /// The member that the job copies to, or null: it fills its slot's own.
    private Twin copied;

    private boolean isRunning;
    private final List<Runnable> awaitingEnd = new ArrayList<>();
    private boolean isEnding;
    private boolean isLastWord;
    private boolean isSuspending;

    /// Whether the check of the journal ended before it had seen all.
    private boolean isCheckCut;

    private long nextKey;
    private long doneKey;
    private long expectedKey;
    private long[] expected = new long[0];
    private long checkpointedNanos;
    private long measuredNanos;
    private long measuredKey;
    private long bytesPerSecond;

    /// Empties the journal before a rebuilt member joins: what was acknowledged while it was absent has
    /// a copy too few there, and would be lost with the member that has it.
    public interface Joining {
        /// Holds new writes back once little is left, and brings everything home.
        ///
        /// @param then runs when the journal is empty; nothing is acknowledged until released
        void whenAllIsHome(Runnable then);

        /// Lets writes go on.
        void release();

        /// Begins to bring everything home, and holds nothing back.
        void bringHome();
    }

    /// A repairer of a volume.
    ///
    /// @param geometry shape
    /// @param members who holds what
    /// @param cache info groups
    /// @param checkpointer makes cursors durable
    /// @param journal checked by scrubs
    /// @param sequencer sequences, for parity that has no other to agree with
    /// @param makeGuards makes guards
    /// @param tasks info groups in flight, a power of two
    /// @param counters what is counted
    /// @param events who is told
    /// @param stages where the agents run
    /// @param wallMillis wall clock, for records only
    /// @param joining empties the journal before a member joins
    /// @param governor says how fast
    public Repairer(
            Geometry geometry,
            MemberSet members,
            InfoCache cache,
            Checkpointer checkpointer,
            Journal journal,
            Sequencer sequencer,
            Supplier<BlockGuards> makeGuards,
            int tasks,
            Counters counters,
            VolumeEvent.Sink events,
            Stages stages,
            LongSupplier wallMillis,
            Joining joining,
            Governor governor) {
        this.geometry = geometry;
        this.members = members;
        this.cache = cache;
        this.checkpointer = checkpointer;
        records =
                new RepairRecords(geometry, members, sequencer, makeGuards.get(), counters, events);
        this.journal = journal;
        this.counters = counters;
        this.events = events;
        this.stages = stages;
        this.wallMillis = wallMillis;
        this.joining = joining;
        this.governor = governor;
        journalCheck =
                new JournalCheck(
                        journal,
                        members,
                        governor::taken,
                        (finding, slot) -> {
                            counters.add(Counters.Counter.JOURNAL_DAMAGED, 1);
                            events.accept(new VolumeEvent.JournalDamaged(slot, finding));
                            joining.bringHome();
                        });
        superblocks =
                new SuperblockCheck(
                        members,
                        (finding, slot) ->
                                events.accept(new VolumeEvent.SuperblocksRepaired(slot, finding)));
        this.makeGuards = makeGuards;
        this.tasks = Integer.highestOneBit(tasks);
        near =
                new Neighbourhood(
                        geometry,
                        members,
                        cache,
                        checkpointer,
                        makeGuards,
                        new RepairRecords(
                                geometry, members, sequencer, makeGuards.get(), counters, events),
                        counters,
                        events,
                        stages,
                        governor);
    }

    /// {@return what is near damage}
    public Neighbourhood near() {
        return near;
    }

    /// Takes note of damage, whoever found it: what is near is checked soon.
    ///
    /// @param row its row, none of the canary's
    public void found(long row) {
        boolean isLeaving =
                geometry.former() != null; // a reshape reads everything, and rows leave their place
        if (isLeaving || Plant.NEIGHBOURS_UNCHECKED.isPlanted()) {
            return;
        }
        long key = geometry.infoGroupOf(row);
        add(key, row);
        add(key - geometry.groupCount(), row);
        add(key + geometry.groupCount(), row);
    }

    private void add(long key, long row) {
        if (key >= 0
                && key < geometry.infoGroupCount()
                && !geometry.isCanary(geometry.rowIn(key, 0)) // damaged on purpose
                && !isBeingScrubbed(key)) {
            near.add(key, row);
        }
    }

    /// Whether a scrub is there, has just been, or is in a moment.
    private boolean isBeingScrubbed(long key) {
        return isRunning
                && job.kind() == JobRecord.SCRUB
                && !isToEnd()
                && key >= doneKey - geometry.groupCount()
                && key < nextKey + (long) MOMENT_GROUPS * geometry.groupCount();
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
        boolean isRebuild = record.kind() == JobRecord.REBUILD;
        boolean isCopy =
                isRebuild && members.twin() != null && members.twin().slot() == record.slot();
        copied = isCopy ? members.twin() : null;
        records.rebuiltSlot = isRebuild && !isCopy ? record.slot() : -1;
        isEnding = false;
        isLastWord = false;
        isSuspending = false;
        isCheckCut = false;
        isRunning = true;
        expectedKey = nextKey;
        measuredKey = nextKey;
        measuredNanos = 0;
        bytesPerSecond = 0;
        pipeline =
                new RepairPipeline(
                        geometry,
                        members,
                        cache,
                        makeGuards,
                        tasks,
                        records,
                        copied,
                        counters,
                        stages,
                        governor::taken,
                        this::taskEnded);
        governor.begin();
        if (job.kind() == JobRecord.SCRUB && job.cursor() == 0) {
            // As it is; then what only the journal has is brought home, and scrubbed there.
            checkJournal();
        }
        events.accept(
                new VolumeEvent.JobChanged(
                        job.id(),
                        job.kindText(),
                        job.cursor() == 0 ? "started" : "goes on at " + job.cursor()));
    }

    private void checkJournal() {
        journalCheck.run(() -> {
            isCheckCut = isToEnd();
            joining.bringHome();
        });
    }

    /// {@return whether a job is under way}
    public boolean isRunning() {
        return isRunning;
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
        if (isCheckCut && !isEnding) { // one that is ending is started anew
            isCheckCut = false;
            checkJournal();
        }
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
                records.suspect,
                job.origin());
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
        measure(nowNanos);
        boolean any = pipeline.step();
        governor.step(pipeline.inFlight() + near.inFlight() + (journalCheck.isReading() ? 1 : 0));
        any |= journalCheck.step(mayClaim && governor.mayTake(), isToEnd());
        if (job.state() == JobRecord.RUNNING) {
            if (targetIsGone()) {
                halt(JobRecord.FAILED, () -> {});
                events.accept(
                        new VolumeEvent.JobChanged(
                                job.id(),
                                job.kindText(),
                                members.isInSync(job.slot())
                                        ? "failed: the copy was cut short, its slot's member is in sync as before; begin it anew"
                                        : "failed: the member it fills was dropped"));
            } else if (mayClaim && !isSuspending && !isEnding && !journalCheck.isRunning()) {
                any |= claim();
            }
        }
        if (pipeline.inFlight() == 0 && !isEnding && !journalCheck.isRunning()) {
            if (isToEnd()) {
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
                && !checkpointer.isActive()
                && !governor.isResting()) {
            checkpointedNanos = nowNanos;
            saveAndCheckpoint(() -> {});
        }
        return any;
    }

    private void measure(long nowNanos) {
        long elapsed = nowNanos - measuredNanos;
        if (measuredNanos == 0) {
            measuredNanos = nowNanos;
        } else if (elapsed >= MEASURE_NANOS) {
            long groups = (doneKey - measuredKey) / geometry.groupCount();
            bytesPerSecond = (long) (groups * RepairTask.LANE_BYTES * 1e9 / elapsed);
            measuredNanos = nowNanos;
            measuredKey = doneKey;
        }
    }

    /// {@return bytes of each member that the job got through in a second, lately; 0: not known}
    public long bytesPerSecond() {
        return isRunning ? bytesPerSecond : 0;
    }

    /// {@return whether {@link #step} has more to do now}
    ///
    /// @param mayClaim whether new groups may be taken up
    public boolean isStepDue(boolean mayClaim) {
        return isRunning
                && (pipeline.isStepDue()
                        || (journalCheck.isRunning()
                                ? journalCheck.isStepDue(
                                        mayClaim && governor.mayTake() || isToEnd())
                                : isTakeDue(mayClaim)));
    }

    private boolean isTakeDue(boolean mayClaim) {
        return pipeline.inFlight() == 0 && !isEnding && isAllTaken()
                || mayClaim && !isAllTaken() && pipeline.canTake() && governor.mayTake();
    }

    /// Whether the job is to be stopped before its end.
    private boolean isToEnd() {
        return isSuspending || job.state() != JobRecord.RUNNING;
    }

    /// {@return nanoseconds after which {@link #step} has more to do, though nothing happens until then; 0 or
    /// less: none}
    public long waitNanos() {
        boolean hasMore = !isAllTaken() && pipeline.canTake() || journalCheck.isRunning();
        return isRunning && hasMore ? governor.waitNanos() : 0;
    }

    /// {@return whether nothing is taken up any more}
    private boolean isAllTaken() {
        return isToEnd() || isEnding || nextKey >= geometry.infoGroupCount();
    }

    private boolean targetIsGone() {
        return job.kind() == JobRecord.REBUILD
                && (copied == null
                        ? members.entry(job.slot()).state() != MemberEntry.REBUILDING
                        : members.twin() != copied);
    }

    private boolean claim() {
        boolean any = false;
        while (nextKey < geometry.infoGroupCount() && pipeline.canTake() && governor.mayTake()) {
            if (!isConcerned(nextKey)) {
                nextKey++;
                continue;
            }
            expectAhead();
            pipeline.take(geometry.infoGroupAt(nextKey++), job.kind() == JobRecord.SCRUB);
            governor.taken(2L * Geometry.BLOCK_BYTES * geometry.lanes()); // its info
            any = true;
        }
        return any;
    }

    /// Loads the info of groups that come next, neighbours together, before that which is here is used up. A
    /// scrub has it read from the members again, both copies.
    private void expectAhead() {
        int ahead = cache.mostTogether() * geometry.groupCount();
        if (nextKey + ahead / 2 < expectedKey) {
            return;
        }
        if (expected.length == 0) {
            expected = new long[ahead];
        }
        int count = 0;
        long from = Math.max(nextKey, expectedKey);
        expectedKey = Math.min(from + ahead, geometry.infoGroupCount());
        for (long place = from; place < expectedKey; place++) {
            if (isConcerned(place)) {
                long key = geometry.infoGroupAt(place);
                if (job.kind() == JobRecord.SCRUB) {
                    cache.forget(key);
                }
                expected[count++] = key;
            }
        }
        cache.expect(expected, count);
    }

    private boolean isConcerned(long place) {
        long key = geometry.infoGroupAt(place);
        return key >= 0 && (job.kind() != JobRecord.REBUILD || geometry.isIn(job.slot(), key));
    }

    private void taskEnded(RepairTask task) {
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            records.record(task, index);
        }
        if (job.kind() == JobRecord.REBUILD) {
            // Only now: a checkpoint writes nothing of what the member does not hold yet.
            if (copied == null) {
                records.recordInfo(task);
                members.advanceCursor(job.slot(), Geometry.placeOf(task.key) + 1);
            } else {
                records.recordCopied(task, job.slot());
            }
        }
        doneKey = Geometry.placeOf(task.key) + 1;
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
            checkpointer.request(() -> superblocks.run(this::ended));
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
                    Runnable joined =
                            () -> {
                                joining.release();
                                ended();
                            };
                    if (copied != null) {
                        journal.forget(slot); // its copies are the other one's
                        members.promoteTwin(() -> promoted(joined));
                        return;
                    }
                    members.change(
                            slot,
                            members.entry(slot).with(MemberEntry.IN_SYNC, 0),
                            members.file(slot),
                            members.io(slot),
                            joined);
                };
        if (Plant.REBUILD_SHORT.isPlanted()) {
            join.run();
        } else if (Plant.JOIN_WITH_JOURNAL.isPlanted()
                || copied != null && Plant.TWIN_WITH_JOURNAL.isPlanted()) {
            saveAndCheckpoint(join);
        } else {
            saveAndCheckpoint(() -> joining.whenAllIsHome(join));
        }
    }

    private void promoted(Runnable joined) {
        if (!copied.isMember(members)) {
            job = progress().ended(JobRecord.FAILED, wallMillis.getAsLong());
            store();
            members.persist(() -> {});
        }
        joined.run();
    }

    private void end() {
        isEnding = true;
        job = progress().ended(job.state(), job.finishedMillis());
        lastWord();
        checkpointer.request(this::ended);
    }

    private void ended() {
        isRunning = false;
        governor.end();
        pipeline.stop();
        pipeline = null;
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
