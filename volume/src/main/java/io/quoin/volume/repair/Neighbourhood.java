package io.quoin.volume.repair;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.destage.Checkpointer;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.row.InfoCache;
import java.util.function.Supplier;

/// Checks what is near damage that was found, at once and without being told: the info group of the finding
/// and one on either side, as a scrub does. A row's blocks lie at the same place on all members of its group, so
/// that is the same place on sister members too.
///
/// ```
/// findings --> info groups that wait, each once, MOST at most --> a run: one after the other --> a note
///     ^                                                                |
///     +---- what a run finds has neighbours too: it follows damage ----+
/// ```
///
/// Groups that were checked are not checked again within REST_NANOS, and count among the MOST until then: a member that
/// damages whatever is read, or a lost block that is asked for again and again, costs that much and no more.
///
/// A run goes on beside a scrub, not beside a rebuild: it holds the lock of one group at a time, and waits for
/// none meanwhile, so the order of keys does not matter. What waits is known to memory only: a crash forgets it.
///
/// In the engine's turns only.
public final class Neighbourhood {
    /// Info groups that wait or were checked lately: 8 MiB of each member.
    static final int MOST = 64;

    static final long REST_NANOS = 60_000_000_000L;

    private final Geometry geometry;
    private final MemberSet members;
    private final InfoCache cache;
    private final Checkpointer checkpointer;
    private final Supplier<BlockGuards> makeGuards;
    private final RepairRecords records;
    private final Counters counters;
    private final VolumeEvent.Sink events;
    private final Stages stages;
    private final Governor governor;

    /// What is known: taken already, then waiting.
    private final long[] keys = new long[MOST];

    private int taken;
    private int count;
    private boolean isFull;
    private long endedNanos;

    private RepairPipeline pipeline;

    /// The finding that a run began with.
    private long firstRow = -1;

    private boolean isRunning;
    private boolean isEnding;
    private boolean isGivingWay;
    private boolean isInfoDirty;
    private long rows;

    Neighbourhood(
            Geometry geometry,
            MemberSet members,
            InfoCache cache,
            Checkpointer checkpointer,
            Supplier<BlockGuards> makeGuards,
            RepairRecords records,
            Counters counters,
            VolumeEvent.Sink events,
            Stages stages,
            Governor governor) {
        this.geometry = geometry;
        this.members = members;
        this.cache = cache;
        this.checkpointer = checkpointer;
        this.makeGuards = makeGuards;
        this.records = records;
        this.counters = counters;
        this.events = events;
        this.stages = stages;
        this.governor = governor;
    }

    /// Has an info group checked soon, if it was not lately and there is room for it.
    ///
    /// @param key info group
    /// @param row the finding
    void add(long key, long row) {
        if (!hasWaiting() && !isRunning && governor.nowNanos() - endedNanos >= REST_NANOS) {
            taken = 0;
            count = 0;
            isFull = false;
        }
        for (int i = 0; i < count; i++) {
            if (keys[i] == key) {
                return;
            }
        }
        if (count == MOST) {
            tellFull();
            return;
        }
        if (!hasWaiting() && !isRunning) {
            firstRow = row;
        }
        keys[count++] = key;
    }

    private void tellFull() {
        if (!isFull) {
            isFull = true;
            events.accept(
                    new VolumeEvent.Note(
                            "damage near more than "
                                    + MOST
                                    + " info groups within a minute: what is near the rest is not checked, scrub the volume"));
        }
    }

    /// {@return info groups that wait or were checked lately}
    int known() {
        return count;
    }

    /// {@return whether info groups wait to be checked}
    public boolean hasWaiting() {
        return taken < count;
    }

    /// {@return whether a run is under way}
    public boolean isRunning() {
        return isRunning;
    }

    int inFlight() {
        return isRunning ? pipeline.inFlight() : 0;
    }

    /// Begins a run.
    public void start() {
        assert !isRunning && hasWaiting();
        isRunning = true;
        isEnding = false;
        isGivingWay = false;
        isInfoDirty = false;
        rows = 0;
        records.checked = 0;
        records.repaired = 0;
        records.lost = 0;
        records.suspect = 0;
        pipeline =
                new RepairPipeline(
                        geometry,
                        members,
                        cache,
                        makeGuards,
                        1,
                        records,
                        null,
                        counters,
                        stages,
                        governor::taken,
                        this::taskEnded);
        governor.begin();
        events.accept(
                new VolumeEvent.Note(
                        "damage found at row "
                                + firstRow
                                + ": what is near it is checked, on all members of its group"));
    }

    /// Ends the run when the group under way is done; what waits then does so for the next.
    public void giveWay() {
        isGivingWay = true;
    }

    /// Goes on with what is due.
    ///
    /// @param mayClaim whether another group may be taken up
    /// @param isAlone whether no job is under way, which keeps the governor going otherwise
    /// @return whether anything was done
    public boolean step(boolean mayClaim, boolean isAlone) {
        if (!isRunning) {
            return false;
        }
        boolean any = pipeline.step();
        if (isAlone) {
            governor.step(pipeline.inFlight());
        }
        if (pipeline.inFlight() > 0 || isEnding) {
            return any;
        }
        if (!hasMore()) {
            finish();
            return true;
        }
        if (mayClaim && governor.mayTake()) {
            long key = keys[taken++];
            cache.forget(key); // read from the members again, both copies
            pipeline.take(key, true);
            governor.taken(2L * BLOCK_BYTES * geometry.lanes()); // its info
            return true;
        }
        return any;
    }

    private boolean hasMore() {
        return hasWaiting() && !isGivingWay;
    }

    /// {@return whether {@link #step} has something to do now}
    ///
    /// @param mayClaim whether another group may be taken up
    public boolean isStepDue(boolean mayClaim) {
        return isRunning
                && (pipeline.isStepDue()
                        || pipeline.inFlight() == 0
                                && !isEnding
                                && (!hasMore() || mayClaim && governor.mayTake()));
    }

    /// {@return nanoseconds after which {@link #step} has more to do, though nothing happens until then; 0 or
    /// less: none}
    public long waitNanos() {
        return isRunning && pipeline.inFlight() == 0 && hasMore() ? governor.waitNanos() : 0;
    }

    private void taskEnded(RepairTask task) {
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            records.record(task, index);
        }
        rows += ROWS_PER_INFO;
        counters.add(Counter.ROWS_NEAR_CHECKED, ROWS_PER_INFO);
        isInfoDirty |= task.group.dirtyLanes() != 0;
    }

    private void finish() {
        isEnding = true;
        if (isInfoDirty) {
            checkpointer.request(this::ended);
        } else {
            ended();
        }
    }

    private void ended() {
        isRunning = false;
        endedNanos = governor.nowNanos();
        governor.end();
        pipeline.stop();
        pipeline = null;
        events.accept(
                new VolumeEvent.Note(
                        "near the damage at row "
                                + firstRow
                                + ": "
                                + rows
                                + " rows checked, "
                                + records.repaired
                                + " blocks repaired, "
                                + records.lost
                                + " lost, "
                                + records.suspect
                                + " rows suspect"
                                + (hasWaiting()
                                        ? "; left off, since a rebuild goes first or the volume stops"
                                        : "")));
    }
}
