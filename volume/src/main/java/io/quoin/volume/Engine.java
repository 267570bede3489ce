package io.quoin.volume;

import io.quoin.codec.guard.Crc16;
import io.quoin.volume.assembly.Assembly.Assembled;
import io.quoin.volume.assembly.Returning;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.counter.Timings.Span;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.destage.Checkpointer;
import io.quoin.volume.destage.Destager;
import io.quoin.volume.destage.Pace;
import io.quoin.volume.destage.Redo;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.BufferPool;
import io.quoin.volume.intake.Intake;
import io.quoin.volume.intake.Request;
import io.quoin.volume.journal.Journal;
import io.quoin.volume.journal.JournalScan;
import io.quoin.volume.journal.Replay;
import io.quoin.volume.journal.Sequencer;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.Lease;
import io.quoin.volume.member.MemberIo;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.Twin;
import io.quoin.volume.member.Witness;
import io.quoin.volume.read.HomeReader;
import io.quoin.volume.repair.Governor;
import io.quoin.volume.repair.GovernorLimits;
import io.quoin.volume.repair.Neighbourhood;
import io.quoin.volume.repair.Repairer;
import io.quoin.volume.repair.Reshaper;
import io.quoin.volume.repair.Stages;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import io.quoin.volume.row.RowReader;
import java.util.ArrayDeque;
import java.util.List;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.IntConsumer;
import java.util.function.LongSupplier;
import org.agrona.collections.LongHashSet;

/// One volume's deterministic core: it decides and never waits. Requests and completions of member
/// operations come in, operations and replies go out; {@link #step} goes on with what is due. In
/// production one thread drives it, in the simulator a seed does.
///
/// ```
/// assembled members -> scan and replay the journal -> superblocks (new owner, new epoch)
///   -> EPOCH_START -> serving (rows with intents: redone before anybody sees them)
///   -> stopping (destage all, checkpoint, clean)
/// ```
public final class Engine {
    /// Where the volume is in its life.
    public enum Phase {
        /// Making the journal's end known; requests wait.
        RECOVERING,
        /// Answering requests.
        SERVING,
        /// Carrying everything home; new requests are refused.
        STOPPING,
        /// Everything is home and the superblocks say so.
        STOPPED,
        /// Too few members are left; everything is refused.
        FAILED
    }

    /// Makes the I/O of a member.
    @FunctionalInterface
    public interface IoFactory {
        /// {@return I/O for a member of a slot}
        ///
        /// @param slot slot
        /// @param file its file
        MemberIo open(int slot, BlockFile file);

        /// Does something for each of several members before the volume serves: in turn, unless the
        /// world outside has threads for it.
        ///
        /// @param count members
        /// @param work told 0 to count - 1, each once
        default void eachMember(int count, IntConsumer work) {
            for (int i = 0; i < count; i++) {
                work.accept(i);
            }
        }
    }

    private static final long SEQUENCE_JUMP = 1L << 20;

    /// One part of so many of the info groups in memory may be on their way to be redone.
    private static final int REDO_SHARE = 32;

    /// Dirty blocks that are few enough to hold new writes back for.
    private static final int NEARLY_HOME = 512;

    private final EngineSettings settings;
    private final Geometry geometry;
    private final BufferPool pool;
    private final MemberSet members;
    private final DirtyIndex dirty;
    private final Sequencer sequencer;
    private final Journal journal;
    private final InfoCache cache;
    private final RowReader rows;
    private final Destager destager;
    private final Checkpointer checkpointer;
    private final Intake intake;
    private final HomeReader reader;
    private final Redo redo;
    private final Repairer repairer;
    private final Reshaper reshaper;
    private final Jobs jobs;
    private final Governor governor = new Governor(this::isAsked);
    private CanaryDrill drill; // made last: it uses all the others
    private final Growth growth;
    private final Pace pace;
    private final Counters counters;
    private final VolumeEvent.Sink events;
    private final ArrayDeque<Request> early = new ArrayDeque<>();
    private final String name;

    private Phase phase = Phase.RECOVERING;
    private long nowNanos;
    private boolean isDraining;
    private long dirtySinceNanos = -1;
    private long roundsSinceCheckpoint;
    private final LongHashSet unsettledRows = new LongHashSet(-1);
    private Runnable whenAllIsHome;
    private Runnable whenServing = () -> {};
    private Runnable whenStopped = () -> {};

    /// Reads the journal and prepares the engine; {@link #step} recovers.
    ///
    /// @param found the members
    /// @param ioFactory makes their I/O
    /// @param witness outside memory, for mirrors
    /// @param settings how to run
    /// @param counters what is counted
    /// @param sink who is told
    /// @param stages where a job's computing stages run
    /// @param wallMillis wall clock, for records of jobs only
    /// @param lease without which nothing is begun
    /// @throws VolumeException when acknowledged writes would be lost
    public Engine(
            Assembled found,
            IoFactory ioFactory,
            Witness witness,
            EngineSettings settings,
            Counters counters,
            VolumeEvent.Sink sink,
            Stages stages,
            LongSupplier wallMillis,
            Lease lease)
            throws VolumeException {
        this(found, ioFactory, witness, settings, counters, sink, stages, wallMillis, lease, null);
    }

    /// The same with the memory of an engine that has handed over to this one.
    ///
    /// @param found the members
    /// @param ioFactory makes their I/O
    /// @param witness outside memory, for mirrors
    /// @param settings how to run
    /// @param counters what is counted
    /// @param sink who is told
    /// @param stages where a job's computing stages run
    /// @param wallMillis wall clock, for records of jobs only
    /// @param lease without which nothing is begun
    /// @param memory memory of the payload, perhaps in use by requests that are to come; null: to be made
    /// @throws VolumeException when acknowledged writes would be lost
    Engine(
            Assembled found,
            IoFactory ioFactory,
            Witness witness,
            EngineSettings settings,
            Counters counters,
            VolumeEvent.Sink sink,
            Stages stages,
            LongSupplier wallMillis,
            Lease lease,
            BufferPool memory)
            throws VolumeException {
        this.settings = settings;
        this.counters = counters;
        this.events = event -> sift(event, sink);
        Recovery recovery = Recovery.of(found, ioFactory, settings.bufferBytes(), memory);
        Assembled assembled = recovery.assembled();
        JournalScan scan = recovery.scan();
        Replay replay = recovery.replay();
        pool = recovery.pool();
        dirty = recovery.dirty();
        geometry = replay.geometry();
        Superblock.Builder live = assembled.superblock().toBuilder();
        live.geometry = geometry;
        Superblock superblock = live.build();
        name = superblock.name();
        BlockFile[] files = assembled.files().clone();
        for (String note : assembled.notes()) {
            events.accept(new VolumeEvent.Note(note));
        }
        MemberIo[] ios = new MemberIo[files.length];
        for (int slot = 0; slot < files.length; slot++) {
            ios[slot] = files[slot] == null ? null : ioFactory.open(slot, files[slot]);
        }
        members = new MemberSet(superblock, files, ios, witness, settings.ioLimitNanos());
        for (int slot = 0; slot < files.length; slot++) {
            if (files[slot] != null) {
                members.setNewestCopies(slot, assembled.newestCopies()[slot]);
            }
        }
        members.setListener(new MemberEvents());
        members.setErrorBudget(settings.errorBudget());
        Superblock.Builder template = members.template();
        template.ownerEpoch++;
        template.journalEpoch =
                Math.max(template.journalEpoch, scan.highestEpoch())
                        + (Plant.EPOCH_NOT_RAISED.isPlanted() ? 0 : 1);
        template.clean = false;
        sequencer =
                new Sequencer(
                        Plant.SEQUENCE_USED_AGAIN.isPlanted()
                                ? superblock.sequenceFloor()
                                : Math.max(scan.highestSequence(), superblock.sequenceFloor())
                                        + SEQUENCE_JUMP,
                        geometry);
        journal =
                new Journal(
                        members,
                        geometry.mostParity(),
                        replay.start(scan, template.journalEpoch, superblock.tailBatch()),
                        settings.lateNanos(),
                        new JournalEvents());
        Crc16 crc16 = superblock.polynomial() == 0 ? Crc16.IBM_3740 : Crc16.T10_DIF;
        cache = new InfoCache(members, geometry, settings.infoGroups());
        Reshaper.beginUnused(geometry, cache, replay.firstMoved(), replay.endMoved());
        rows =
                new RowReader(
                        geometry,
                        () -> new BlockGuards(superblock.guard(), crc16),
                        members,
                        counters,
                        events);
        destager =
                new Destager(
                        geometry,
                        members,
                        dirty,
                        journal,
                        sequencer,
                        cache,
                        rows,
                        new BlockGuards(superblock.guard(), crc16),
                        pool.region(),
                        counters,
                        events,
                        settings.sweepRows(),
                        this::rowIsHome);
        redo =
                new Redo(
                        geometry,
                        members,
                        cache,
                        dirty,
                        new BlockGuards(superblock.guard(), crc16),
                        replay.intents(),
                        superblock.tailBatch(),
                        Math.clamp(settings.infoGroups() / REDO_SHARE, 1, 64),
                        this::rowIsHome,
                        this::redone);
        checkpointer =
                new Checkpointer(
                        geometry, members, cache, dirty, journal, sequencer, destager, redo,
                        counters);
        reader =
                new HomeReader(
                        geometry,
                        members,
                        dirty,
                        journal,
                        cache,
                        rows,
                        new BlockGuards(superblock.guard(), crc16),
                        pool.region(),
                        counters,
                        this::ended);
        intake =
                new Intake(
                        geometry, pool, dirty, journal, sequencer, reader, counters, this::ended);
        checkpointer.setIntake(intake);
        journal.setPromised(intake::promisedSegments);
        pace = new Pace(journal, destager, checkpointer);
        intake.setPace(pace::bytes);
        repairer =
                new Repairer(
                        geometry,
                        members,
                        cache,
                        checkpointer,
                        journal,
                        sequencer,
                        () -> new BlockGuards(superblock.guard(), crc16),
                        settings.jobRowsInFlight(),
                        counters,
                        events,
                        stages,
                        wallMillis,
                        new EmptyJournal(),
                        governor);
        governor.setLimits(settings.jobLimits());
        reshaper =
                new Reshaper(
                        geometry,
                        members,
                        intake,
                        reader,
                        dirty,
                        cache,
                        pool,
                        checkpointer,
                        governor,
                        () -> isDraining = true,
                        this::reshapeStopped);
        jobs = new Jobs(geometry, members, journal, repairer, reshaper, wallMillis);
        drill =
                new CanaryDrill(
                        new CanaryBench.Parts(
                                geometry, members, cache, rows, reader, pool, new DrillFront()),
                        dirty);
        growth = new Growth(geometry, members, this::submit);
        if (scan.damagedCopies() > 0) {
            events.accept(
                    new VolumeEvent.Note(
                            "journal: "
                                    + scan.damagedCopies()
                                    + " damaged copies of batches found and left out"));
        }
        events.accept(new VolumeEvent.Note("recovering: " + replay));
        members.setLease(lease);
        members.change(
                -1,
                null,
                null,
                null,
                () ->
                        journal.begin(
                                replay.epochStart(),
                                Plant.CARRIED_DROPPED.isPlanted() ? List.of() : replay.carried()));
    }

    private void sift(VolumeEvent event, VolumeEvent.Sink sink) {
        long row =
                switch (event) {
                    case VolumeEvent.BlockRepaired repaired -> repaired.row();
                    case VolumeEvent.BlockLost lost -> lost.row();
                    case VolumeEvent.RowSuspect suspect -> suspect.row();
                    default -> -1;
                };
        if (row < 0 || !geometry.isCanary(row)) {
            sink.accept(event);
            if (row >= 0) {
                repairer.found(row);
            }
        } else if (!drill.takes(event)) {
            sink.accept(
                    new VolumeEvent.Note(
                            "canary row, nothing of clients, damaged by a drill that was cut short or otherwise: "
                                    + event.message()));
        }
    }

    private final class DrillFront implements CanaryBench.Front {
        @Override
        public void submit(Request request) {
            Engine.this.submit(request);
        }

        @Override
        public void bringHome() {
            isDraining = true;
        }

        @Override
        public void checkpoint(Runnable then) {
            checkpointer.request(then);
        }

        @Override
        public boolean isBeingWritten(InfoGroup group) {
            return checkpointer.isWriting(group);
        }

        @Override
        public boolean isServing() {
            return phase == Phase.SERVING;
        }

        @Override
        public long nowNanos() {
            return nowNanos;
        }

        @Override
        public long ioLimitNanos() {
            return settings.ioLimitNanos();
        }
    }

    private final class MemberEvents implements MemberSet.Listener {
        @Override
        public void memberFailed(int slot, String cause) {
            counters.add(Counter.MEMBERS_FAILED, 1);
            isDraining = true;
            events.accept(
                    new VolumeEvent.MemberFailed(
                            slot,
                            members.name(slot),
                            cause,
                            members.template().configEpoch,
                            members.spareRedundancy()));
        }

        @Override
        public void twinFailed(int slot, String cause) {
            events.accept(
                    new VolumeEvent.Note(
                            "the member that was to take the place of "
                                    + members.name(slot)
                                    + " is let go of: "
                                    + cause));
        }

        @Override
        public void memberLate(int slot, String what) {
            events.accept(
                    new VolumeEvent.Note(
                            "member "
                                    + members.name(slot)
                                    + " does not answer ("
                                    + what
                                    + "); without it the volume cannot go on, waiting"));
        }

        @Override
        public void memberSlow(int slot, String what) {
            events.accept(new VolumeEvent.MemberSlow(slot, what));
        }

        @Override
        public void memberWorn(int slot, String what) {
            events.accept(
                    new VolumeEvent.MemberWorn(
                            slot,
                            "member "
                                    + members.name(slot)
                                    + " is past its error budget: "
                                    + what
                                    + ": replace it while it still helps"));
        }

        @Override
        public void resumed() {
            journal.resumed();
        }

        @Override
        public void volumeFailed(String cause) {
            events.accept(new VolumeEvent.VolumeFailed(cause));
            fail();
        }
    }

    /// Brings everything home and keeps it so until released.
    private final class EmptyJournal implements Repairer.Joining {
        @Override
        public void whenAllIsHome(Runnable then) {
            whenAllIsHome = then;
            isDraining = true;
        }

        @Override
        public void release() {
            intake.hold(false);
        }

        @Override
        public void bringHome() {
            isDraining = true;
        }
    }

    private boolean emptyJournal() {
        if (whenAllIsHome == null) {
            return false;
        }
        if (dirty.liveCount() > NEARLY_HOME) {
            isDraining = true;
            return false;
        }
        intake.hold(true);
        isDraining |= dirty.oldest() != DirtyIndex.NONE;
        if (checkpointer.isActive() || !isJournalIdle()) {
            return false;
        }
        checkpointer.request(() -> {
            if (whenAllIsHome != null && isJournalIdle()) {
                Runnable then = whenAllIsHome;
                whenAllIsHome = null;
                then.run();
            }
        });
        return true;
    }

    private boolean isJournalIdle() {
        return dirty.liveCount() == 0
                && journal.queued() == 0
                && !destager.isActive()
                && redo.isDone();
    }

    private void reshapeStopped(String why) {
        events.accept(
                new VolumeEvent.JobChanged(
                        members.template().reshape.id(), "reshape", "paused: " + why));
        jobs.pauseReshape();
    }

    private void redone() {
        if (redo.redone() > 0) {
            events.accept(new VolumeEvent.Note("redone " + redo.redone() + " rows from intents"));
        }
    }

    private final class JournalEvents implements Journal.Listener {
        @Override
        public void batchCommitted() {
            counters.add(Counter.BATCHES, 1);
        }

        @Override
        public void copiesLate(int slots, long nanos) {
            counters.add(Counter.BATCHES_REWRITTEN, 1);
            for (int slot = 0; slot < members.slotCount(); slot++) {
                if ((slots >> slot & 1) != 0) {
                    events.accept(
                            new VolumeEvent.MemberSlow(
                                    slot,
                                    "member "
                                            + members.name(slot)
                                            + " has not answered a write to the journal for "
                                            + nanos / 1_000_000
                                            + " ms: the journal goes on without it for a while"));
                }
            }
        }
    }

    /// {@return whether a slot's member is slow, or was late, so that the journal does without it where it can}
    ///
    /// @param slot slot
    boolean isSlow(int slot) {
        return members.health(slot).isSlow() || journal.isAvoided(slot);
    }

    /// {@return the phase}
    public Phase phase() {
        return phase;
    }

    /// {@return shape and size}
    public Geometry geometry() {
        return geometry;
    }

    /// {@return memory of the payload}
    public BufferPool pool() {
        return pool;
    }

    /// {@return the members}
    public MemberSet members() {
        return members;
    }

    /// {@return whether rows wait to be redone, from intents}
    public boolean hasIntents() {
        return !redo.isDone();
    }

    /// {@return counters}
    public Counters counters() {
        return counters;
    }

    /// {@return versions not yet at home}
    public int dirtyBlocks() {
        return dirty.liveCount();
    }

    /// {@return bytes of the journal in use}
    public long journalBytes() {
        return journal.usedBytes();
    }

    /// {@return whether a batch waits for room in the journal, which intake keeps from happening}
    public boolean isJournalStalled() {
        return journal.isStalled();
    }

    /// Names who is told when requests are answered.
    ///
    /// @param then runs once
    public void onServing(Runnable then) {
        whenServing = then;
    }

    /// Takes a request.
    ///
    /// @param request inside the volume
    public void submit(Request request) {
        switch (phase) {
            case RECOVERING -> early.addLast(request);
            case SERVING -> {
                if (members.isInDoubt()) {
                    early.addLast(request); // what is in memory may be another owner's past
                } else {
                    dispatch(request);
                }
            }
            case STOPPING, STOPPED -> refuse(request, Request.Outcome.SHUTDOWN);
            case FAILED -> refuse(request, Request.Outcome.IO_ERROR);
        }
    }

    private void dispatch(Request request) {
        switch (request.op) {
            case READ -> reader.read(request);
            case WRITE, TRIM, ZERO -> intake.submit(request);
            case BLOCK_STATUS -> reader.status(request);
            // Every reply to a write means that it is durable; there is nothing left to flush.
            case FLUSH, CACHE -> request.complete(Request.Outcome.OK);
        }
    }

    private void refuse(Request request, Request.Outcome outcome) {
        if (request.op == Request.Op.WRITE) {
            pool.free(request.bufferOffset);
        }
        request.complete(outcome);
    }

    /// Takes a completed member operation.
    ///
    /// @param io done operation
    public void completed(Io io) {
        members.completed(io);
    }

    /// Tells the time, before anything else of a turn; {@link #step} does so too.
    ///
    /// @param nowNanos monotonic clock
    public void at(long nowNanos) {
        this.nowNanos = nowNanos;
        journal.at(nowNanos);
        governor.at(nowNanos);
        members.at(nowNanos);
    }

    private void ended(Request request) {
        governor.ended(request);
        switch (request.op) {
            case WRITE, TRIM, ZERO -> time(Span.COMMIT, request);
            case READ -> time(Span.READ, request);
            case FLUSH, BLOCK_STATUS, CACHE -> {}
        }
    }

    private void time(Span span, Request request) {
        counters.timings().record(span, nowNanos - request.submittedNanos);
    }

    /// {@return nanoseconds after which {@link #commit} or {@link #step} has more to do, though nothing happens
    /// until then; 0 or less: none}
    public long waitNanos() {
        return journal.waitNanos();
    }

    /// Goes on with commits alone, which takes little time: {@link #step} does so too.
    ///
    /// @param mayWrite whether the next batch may be written; if not, whoever may is to be called
    /// @return false: a batch is due, and was not written
    public boolean commit(boolean mayWrite) {
        if (mayWrite) {
            journal.pump();
        }
        if ((phase == Phase.SERVING || phase == Phase.STOPPING) && intake.retry() && mayWrite) {
            journal.pump();
        }
        reader.submit();
        return mayWrite || !journal.isBatchDue();
    }

    /// {@return whether {@link #step} has more to do than {@link #commit}, and should not wait for its next
    /// regular time}
    public boolean isStepDue() {
        return phase != Phase.SERVING
                || isDraining
                || whenAllIsHome != null
                || drill.isStepDue()
                || jobs.isStepDue(mayJobsStart(), mayJobsClaim())
                || destager.isStepDue()
                || !destager.isActive() && isTight();
    }

    /// {@return whether nothing is under way and nothing waits for its time, so that a look now and then is enough}
    public boolean isAtRest() {
        return phase == Phase.SERVING
                && dirty.oldest() == DirtyIndex.NONE
                && !destager.isActive()
                && !isAsked()
                && !members.isBusy();
    }

    /// Goes on with what is due.
    ///
    /// @param nowNanos monotonic clock
    /// @return whether anything was done
    public boolean step(long nowNanos) {
        boolean any = goOn(nowNanos);
        reader.submit();
        return any;
    }

    private boolean goOn(long nowNanos) {
        at(nowNanos);
        members.watch(nowNanos);
        boolean any = journal.pump();
        if (phase == Phase.RECOVERING) {
            if (journal.committedBatches() > 0) {
                serve();
                return true;
            }
            if (isJournalStalled() && !members.isFrozen()) {
                events.accept(
                        new VolumeEvent.VolumeFailed(
                                "journal: expected a free segment for the first batch after"
                                        + " recovery, found all in use: attach members that are"
                                        + " absent; quoin check shows which copies are damaged"));
                fail();
            }
            return any;
        }
        if (phase == Phase.FAILED || phase == Phase.STOPPED || members.isInDoubt()) {
            return any;
        }
        while (phase == Phase.SERVING && !early.isEmpty()) {
            dispatch(early.pollFirst());
            any = true;
        }
        any |= intake.retry();
        any |= destager.step();
        any |= destage(nowNanos);
        any |= jobs.step(nowNanos, mayJobsStart(), mayJobsClaim());
        any |= emptyJournal();
        any |= drill.step();
        if (phase == Phase.STOPPING) {
            any |= finishStop();
        }
        return any;
    }

    private boolean isAsked() {
        return intake.open() > 0 || reader.open() > 0;
    }

    private boolean mayJobsStart() {
        return phase == Phase.SERVING && isSettled();
    }

    private boolean mayJobsClaim() {
        return phase == Phase.SERVING && !intake.isWaiting() && !members.isFrozen();
    }

    /// {@return nanoseconds after which {@link #step} has more to do for a job, though nothing happens until
    /// then; 0 or less: none}
    public long jobWaitNanos() {
        return phase == Phase.SERVING ? jobs.waitNanos() : 0;
    }

    private void serve() {
        phase = Phase.SERVING;
        noteUnsettledRows();
        isDraining = true; // what was recovered goes home, so that members need not be trusted long
        redo.pump();
        cache.requireUnused();
        whenServing.run();
        while (!early.isEmpty()) {
            dispatch(early.pollFirst());
        }
    }

    private boolean destage(long nowNanos) {
        boolean isDirty = dirty.oldest() != DirtyIndex.NONE;
        if (!isDirty) {
            dirtySinceNanos = -1;
        } else if (dirtySinceNanos < 0) {
            dirtySinceNanos = nowNanos;
        }
        counters.set(Counter.DIRTY_BLOCKS, dirty.liveCount());
        counters.set(Counter.JOURNAL_BYTES, journal.usedBytes());
        if (destager.isActive()) {
            return false;
        }
        boolean isTight = isTight();
        boolean isDue = isDirty && nowNanos - dirtySinceNanos >= settings.destageAfterNanos();
        boolean mustCheckpoint =
                roundsSinceCheckpoint > 0
                        && !checkpointer.isActive()
                        && (!isDirty || isTight && destager.isSweepDone());
        boolean any = false;
        boolean isAllHome = !isDirty && redo.isDone();
        if (mustCheckpoint || isDraining && isAllHome && !checkpointer.isActive()) {
            roundsSinceCheckpoint = 0;
            if (isAllHome) {
                isDraining = false;
            }
            pace.checkpointBegins();
            checkpointer.request(pace::checkpointEnds);
            any = true;
        }
        if (isDirty && (isTight || isDue || isDraining || phase == Phase.STOPPING)) {
            boolean isNewSweep = destager.isSweepDone();
            if (destager.start(intake.isJournalFull())) {
                if (isNewSweep) {
                    pace.sweepBegins();
                }
                roundsSinceCheckpoint++;
                any = true;
            }
        }
        return any;
    }

    private boolean isTight() {
        return intake.isWaiting() || pool.isScarce() || intake.isFilling();
    }

    /// Ends the volume's life in order: requests under way are answered, everything goes home, and the
    /// superblocks say that nothing is left in the journal.
    ///
    /// @param then runs when that is so
    public void stop(Runnable then) {
        if (phase == Phase.FAILED || phase == Phase.STOPPED) {
            then.run();
            return;
        }
        assert phase == Phase.SERVING : "stop while " + phase;
        whenStopped = then;
        phase = Phase.STOPPING;
        while (!early.isEmpty()) {
            refuse(early.pollFirst(), Request.Outcome.SHUTDOWN);
        }
        if (repairer.isRunning()) {
            repairer.suspend();
        }
        jobs.suspendReshape();
        repairer.near().giveWay();
    }

    private boolean isMarkingClean;

    private boolean finishStop() {
        if (isMarkingClean
                || intake.open() > 0
                || reader.open() > 0
                || dirty.oldest() != DirtyIndex.NONE
                || destager.isActive()
                || !redo.isDone()
                || repairer.isRunning()
                || reshaper.isRunning()
                || repairer.near().isRunning()
                || drill.isActive()
                || checkpointer.isActive()) {
            return false;
        }
        isMarkingClean = true;
        checkpointer.request(() -> {
            members.template().clean = true;
            members.persist(() -> {
                phase = Phase.STOPPED;
                whenStopped.run();
            });
        });
        return true;
    }

    private void fail() {
        phase = Phase.FAILED;
        reader.stop();
        intake.stop();
        while (!early.isEmpty()) {
            refuse(early.pollFirst(), Request.Outcome.IO_ERROR);
        }
        whenStopped.run();
    }

    /// Ends the volume's life in order as {@link #stop} does, for an engine that takes it up.
    ///
    /// @param then runs when nothing is left to do
    /// @return requests that were taken and not begun, for the next engine
    /// @throws IllegalArgumentException when it does not serve, or has something to do that does not end by itself
    public List<Request> handOver(Runnable then) {
        requireNoGrowth();
        if (drill.isActive()) {
            throw new IllegalArgumentException("volume " + name + " is being drilled: try again");
        }
        List<Request> left = List.copyOf(early);
        early.clear();
        stop(then);
        return left;
    }

    /// Gives up after a bug: whoever waits is told.
    public void abandon() {
        fail();
    }

    /// {@return the volume as it stands}
    public VolumeStatus status() {
        return Status.of(this);
    }

    /// Stops where it stands: somebody else owns the members.
    ///
    /// @param why for operators
    public void fence(String why) {
        members.stop(why);
    }

    /// Drops a member on an operator's word.
    ///
    /// @param slot its slot
    /// @param reason for the log
    /// @throws IllegalArgumentException when there is none, or no redundancy to spare
    public void failMember(int slot, String reason) {
        if (slot < 0 || slot >= geometry.slotCount()) {
            throw new IllegalArgumentException(
                    "slot: expected 0 to " + (geometry.slotCount() - 1) + ", was " + slot);
        }
        int state = members.entry(slot).state();
        if (state == MemberEntry.FAULTY) {
            throw new IllegalArgumentException("slot " + slot + ": its member is faulty already");
        }
        if (state == MemberEntry.IN_SYNC && !members.canLose(slot)) {
            throw new IllegalArgumentException(
                    "slot "
                            + slot
                            + ": no redundancy is left in its group; without this member the volume"
                            + " would fail");
        }
        members.fail(slot, reason);
    }

    /// Gets a slot ready for a new member, before anything is written to that one.
    ///
    /// @param slot slot
    /// @return the old member if it was dropped, to be closed by another thread, or null
    /// @throws IllegalArgumentException when another rebuild goes on
    public MemberSet.Detached prepareReplacement(int slot) {
        requireNoGrowth();
        return jobs.prepareReplacement(slot);
    }

    /// Puts a member in a slot and rebuilds it: a new one, or, under the dropped one's own identity, that one
    /// as it was left, of which only what it has missed is copied.
    ///
    /// @param slot slot whose member is not in sync
    /// @param uuid the member's identity
    /// @param file the member; a new one cleared, one that returns without its journal
    /// @param io its I/O
    /// @param origin why, and who asks
    /// @return the rebuild's job id
    /// @throws IllegalArgumentException when the slot's member is in sync or another rebuild goes on
    public long replaceMember(int slot, UUID uuid, BlockFile file, MemberIo io, JobOrigin origin) {
        requireNoGrowth();
        return jobs.replaceMember(slot, uuid, file, io, origin);
    }

    /// Refuses a slot whose member cannot be copied now.
    ///
    /// @param slot slot
    /// @throws IllegalArgumentException when its member is not in sync or another rebuild goes on
    public void checkCopyable(int slot) {
        requireNoGrowth();
        jobs.checkCopyable(slot);
    }

    /// Copies a slot's member to a new one while it serves. Once the new one has everything it takes the slot.
    ///
    /// @param slot slot whose member is in sync
    /// @param uuid the new member's identity
    /// @param file the new member, cleared
    /// @param io its I/O
    /// @param origin why, and who asks
    /// @param whenLeft is given the member that is not needed any more: the old one, or the new one when it cannot be filled; in
    ///     a turn, once nothing is under way on it
    /// @return the job's id
    /// @throws IllegalArgumentException when the slot's member is not in sync or another rebuild goes on
    public long copyMember(
            int slot,
            UUID uuid,
            BlockFile file,
            MemberIo io,
            JobOrigin origin,
            Consumer<MemberSet.Detached> whenLeft) {
        requireNoGrowth();
        Twin twin = new Twin(slot, uuid, file, io, members.layout(), whenLeft);
        return jobs.copyMember(twin, origin);
    }

    /// Takes a dropped member back as it was left, and copies what it has missed.
    ///
    /// @param slot its slot
    /// @param found newest superblock on it
    /// @param file the member, its journal cleared
    /// @param io its I/O
    /// @param origin why, and who asks
    /// @return the rebuild's job id
    /// @throws IllegalArgumentException when it may not come back so
    public long returnMember(
            int slot, Superblock found, BlockFile file, MemberIo io, JobOrigin origin) {
        checkReturn(slot, found);
        return jobs.replaceMember(slot, found.member(), file, io, origin);
    }

    /// Refuses a member that may not come back as it was left.
    ///
    /// @param slot its slot
    /// @param found newest superblock on it
    /// @throws IllegalArgumentException when it may not come back so
    public void checkReturn(int slot, Superblock found) {
        requireNoGrowth();
        String objection = Returning.objection(members.current(), slot, found);
        if (objection != null) {
            throw new IllegalArgumentException(
                    "slot " + slot + ": " + objection + "; give it back blank (member replace)");
        }
    }

    /// Starts a scrub.
    ///
    /// @param origin why, and who asks
    /// @return its job id
    /// @throws IllegalArgumentException when one is under way
    public long startScrub(JobOrigin origin) {
        requireNoGrowth();
        return jobs.startScrub(origin);
    }

    /// Changes a job.
    ///
    /// @param id its id
    /// @param change what to do
    /// @param whenDone runs when the change is durable and nothing of a job that was stopped is in flight
    /// @throws IllegalArgumentException when there is no such job, or it cannot be changed so
    public void changeJob(long id, Volume.JobChange change, Runnable whenDone) {
        jobs.change(id, change, whenDone);
    }

    /// {@return jobs as they stand, newest first}
    List<JobRecord> jobRecords() {
        return jobs.records();
    }

    /// {@return bytes of each member that the running job gets through in a second, 0: not known}
    long jobBytesPerSecond() {
        return repairer.bytesPerSecond();
    }

    /// {@return whether a job has something in flight, its record in the superblocks included, or what is near damage is
    /// being checked, or is about to be}
    public boolean isJobUnderWay() {
        Neighbourhood near = repairer.near();
        return repairer.isRunning()
                || reshaper.isRunning()
                || near.isRunning()
                || near.hasWaiting();
    }

    /// Names who is told when every block of a volume that is reshaped has moved, durably.
    ///
    /// @param then runs in a turn
    public void onMoved(Runnable then) {
        reshaper.onMoved(then);
    }

    /// {@return whether every block of a volume that is reshaped has moved, durably: it can have the new shape alone}
    public boolean isMoved() {
        return reshaper.isMoved();
    }

    /// {@return jobs that run or are paused}
    public List<JobRecord> openJobs() {
        return jobRecords().stream().filter(JobRecord::isOpen).toList();
    }

    /// Plans how the volume can grow.
    ///
    /// @param leastBytes size of the smallest member
    /// @param leastName its name
    /// @return the plan
    /// @throws IllegalArgumentException when it cannot: members are missing or too small, a job is not over
    public GrowthPlan planGrowth(long leastBytes, String leastName) {
        requireServing();
        growth.check();
        if (!openJobs().isEmpty() || members.twin() != null || drill.isActive()) {
            throw new IllegalArgumentException(
                    "grow: expected no job and no drill under way, found one: let it end, or cancel it");
        }
        return GrowthPlan.of(members.layout(), leastBytes, leastName);
    }

    /// Moves the members' end, so that the space before it can be cleared; no job is begun from then on.
    ///
    /// @param plan of {@link #planGrowth}
    /// @param then runs in a turn when it is durable; never, if the volume fails meanwhile
    /// @throws IllegalArgumentException when a member was lost, or a drill begun, meanwhile
    public void lengthen(GrowthPlan plan, Runnable then) {
        requireServing();
        if (drill.isActive()) { // begun since it was planned: its rows are about to be clients'
            throw new IllegalArgumentException(
                    "grow: expected no drill under way, found one: let it end");
        }
        growth.lengthen(plan, then);
    }

    /// Makes the volume larger: the new space is cleared. What clients write beyond the former end from then on is theirs.
    ///
    /// @param then runs in a turn when it is durable; never, if the volume fails meanwhile
    /// @throws IllegalArgumentException when a member was lost meanwhile
    public void enlarge(Runnable then) {
        requireServing();
        growth.enlarge(() -> {
            events.accept(
                    new VolumeEvent.Note(
                            "grown to "
                                    + geometry.volumeBlocks() * Geometry.BLOCK_BYTES
                                    + " bytes"));
            then.run();
        });
    }

    /// Grows no further, if it is about to.
    public void cancelGrowth() {
        growth.cancel();
    }

    private void requireServing() {
        if (phase != Phase.SERVING) {
            throw new IllegalArgumentException("volume " + name + " is " + phase);
        }
    }

    private void requireNoGrowth() {
        requireServing();
        if (growth.isUnderWay()) {
            throw new IllegalArgumentException(
                    "volume " + name + " is being grown: try again when it is");
        }
    }

    /// Explains a block: reads its row from all members that hold it, and changes nothing.
    ///
    /// @param block volume block
    /// @param then told once, in a turn; never, if the volume fails meanwhile
    /// @throws IllegalArgumentException when there is no such block
    public void explain(long block, Consumer<Explanation> then) {
        requireServing();
        if (block < 0 || block >= geometry.volumeBlocks()) {
            throw new IllegalArgumentException(
                    "block: expected 0 to " + (geometry.volumeBlocks() - 1) + ", was " + block);
        }
        new Explainer(geometry, members, dirty, journal, cache, rows).explain(block, then);
    }

    /// Damages canary rows on the members, and sees whether that is noticed and mended.
    ///
    /// @param then told once, in a turn; never, if the volume fails meanwhile
    /// @throws IllegalArgumentException when the volume has no such rows, is not whole, or has other work to do
    public void drill(Consumer<DrillReport> then) {
        requireNoGrowth();
        if (geometry.former() != null) {
            throw new IllegalArgumentException(
                    "drill: expected a volume that is not being reshaped, which has no canary rows");
        }
        if (openJobs().stream().anyMatch(job -> job.state() == JobRecord.RUNNING)) {
            throw new IllegalArgumentException(
                    "drill: expected no job running, since a job would mend what is tried out");
        }
        drill.begin(then);
    }

    /// Sets how fast jobs may be.
    ///
    /// @param limits what the operator wants
    public void setJobLimits(GovernorLimits limits) {
        governor.setLimits(limits);
    }

    /// {@return how fast jobs may be}
    public GovernorLimits jobLimits() {
        return governor.limits();
    }

    /// {@return whether every row that was dirty after recovery has been written home since, so that
    /// each row on the members can be judged: a crash may have torn those, and newer writes may have
    /// taken the recovered versions' place in memory}
    public boolean isSettled() {
        return unsettledRows.isEmpty() && redo.isDone();
    }

    private void noteUnsettledRows() {
        for (int i = 0; i < dirty.orderSize(); i++) {
            int version = dirty.inOrder(i);
            if (version != DirtyIndex.NONE) {
                unsettledRows.add(geometry.rowOf(dirty.block(version)));
            }
        }
    }

    private void rowIsHome(long row) {
        if (!unsettledRows.isEmpty()) {
            unsettledRows.remove(row);
        }
    }

    /// {@return name of the volume}
    public String name() {
        return name;
    }
}
