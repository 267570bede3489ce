package io.quoin.volume;

import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.ReshapeRecord;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.Journal;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.MemberIo;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.Twin;
import io.quoin.volume.repair.Neighbourhood;
import io.quoin.volume.repair.Repairer;
import io.quoin.volume.repair.Reshaper;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.function.LongSupplier;

/// The jobs of a volume as operators see them: started, paused, resumed, cancelled, kept in the
/// superblocks. The repairer works on one at a time.
///
/// In the engine's turns only.
final class Jobs {
    private final Geometry geometry;
    private final MemberSet members;
    private final Journal journal;
    private final Repairer repairer;
    private final Reshaper reshaper;
    private final Neighbourhood near;
    private final LongSupplier wallMillis;

    Jobs(
            Geometry geometry,
            MemberSet members,
            Journal journal,
            Repairer repairer,
            Reshaper reshaper,
            LongSupplier wallMillis) {
        this.geometry = geometry;
        this.members = members;
        this.journal = journal;
        this.repairer = repairer;
        this.reshaper = reshaper;
        near = repairer.near();
        this.wallMillis = wallMillis;
    }

    /// Goes on with the job that is under way, or takes up one that a restart left open: a rebuild
    /// first.
    ///
    /// @param nowNanos monotonic clock
    /// @param mayStart whether a job may be taken up
    /// @param mayClaim whether the one under way may take up more
    /// @return whether anything was done
    boolean step(long nowNanos, boolean mayStart, boolean mayClaim) {
        return stepNear(mayStart, mayClaim) | stepJob(nowNanos, mayStart, mayClaim);
    }

    /// What is near damage is checked beside a scrub, for that may take days, and after a rebuild: redundancy first.
    private boolean stepNear(boolean mayStart, boolean mayClaim) {
        if (near.isRunning()) {
            if (isRebuildFirst()) {
                near.giveWay();
            }
            return near.step(mayClaim, !repairer.isRunning());
        }
        if (!isNearDue(mayStart)) {
            return false;
        }
        near.start();
        return true;
    }

    private boolean isNearDue(boolean mayStart) {
        return mayStart && near.hasWaiting() && !isRebuildFirst();
    }

    private boolean isRebuildFirst() {
        return isRebuildWaiting()
                || repairer.job().kind() == JobRecord.REBUILD
                || members.template().reshape
                        != null; // that reads everything, and rows leave their place
    }

    /// {@return whether {@link #step} has more to do now}
    ///
    /// @param mayStart whether a job may be taken up
    /// @param mayClaim whether those under way may take up more
    boolean isStepDue(boolean mayStart, boolean mayClaim) {
        return repairer.isStepDue(mayClaim)
                || reshaper.isStepDue(mayClaim)
                || near.isStepDue(mayClaim)
                || !near.isRunning() && isNearDue(mayStart);
    }

    /// {@return nanoseconds after which {@link #step} has more to do, though nothing happens until then; 0 or
    /// less: none}
    long waitNanos() {
        long others = Math.max(repairer.waitNanos(), near.waitNanos()); // the governor's, all
        return Math.max(others, reshaper.waitNanos());
    }

    private boolean stepJob(long nowNanos, boolean mayStart, boolean mayClaim) {
        if (reshaper.isRunning()) {
            if (isRebuildWaiting() || members.template().reshape.isPaused()) {
                reshaper.suspend();
            }
            return reshaper.step(mayClaim);
        }
        if (repairer.isRunning()) {
            if (repairer.job().kind() == JobRecord.SCRUB && isRebuildWaiting()) {
                repairer.suspend(); // redundancy first; the scrub goes on afterwards
            }
            return repairer.step(nowNanos, mayClaim);
        }
        if (!mayStart) {
            return false;
        }
        endCutShort();
        JobRecord next = null;
        for (JobRecord each : members.template().jobs) {
            boolean isRebuild = each.kind() == JobRecord.REBUILD;
            if (each.state() == JobRecord.RUNNING && (next == null || isRebuild)) {
                next = each;
            }
        }
        if (next == null) {
            return goOnReshaping();
        }
        if (next.kind() == JobRecord.REBUILD && near.isRunning()) {
            return false;
        }
        if (next.kind() == JobRecord.REBUILD && !isCopying(next)) {
            // Info below the member's own cursor is durable; the job's may be a little ahead. A
            // twin
            // has got all since its job was paused, and does not outlive the process.
            next = next.at(members.entry(next.slot()).cursor());
        }
        repairer.start(next);
        return true;
    }

    private boolean goOnReshaping() {
        ReshapeRecord reshape = members.template().reshape;
        if (reshape == null || reshape.isPaused() || reshaper.isMoved()) {
            return false;
        }
        reshaper.start();
        return true;
    }

    /// Has no window begun from now on: the volume stops.
    void suspendReshape() {
        if (reshaper.isRunning()) {
            reshaper.suspend();
        }
    }

    /// Pauses a reshape that cannot go on.
    void pauseReshape() {
        members.template().reshape = members.template().reshape.paused(true);
        members.persist(() -> {});
    }

    private void changeReshape(Volume.JobChange change, Runnable whenDone) {
        ReshapeRecord reshape = members.template().reshape;
        if (change == Volume.JobChange.CANCEL) {
            throw new IllegalArgumentException(
                    "reshape "
                            + reshape.id()
                            + ": expected it to be paused, or turned back with reshape --back, not cancelled: blocks"
                            + " have moved");
        }
        if (change == Volume.JobChange.RESUME && !reshape.isPaused()) {
            throw new IllegalArgumentException("job " + reshape.id() + " is running");
        }
        members.template().reshape = reshape.paused(change == Volume.JobChange.PAUSE);
        members.persist(whenDone);
    }

    /// {@return the reshape under way as a job, or null}
    private JobRecord reshape() {
        ReshapeRecord reshape = members.template().reshape;
        if (reshape == null) {
            return null;
        }
        long groups = geometry.infoGroupCount();
        long done = groups * reshaper.movedBlocks() / geometry.volumeBlocks();
        return new JobRecord(
                reshape.id(),
                JobRecord.RESHAPE,
                reshape.isPaused() ? JobRecord.PAUSED : JobRecord.RUNNING,
                0,
                done,
                reshape.startedMillis(),
                0,
                0,
                0,
                0,
                0,
                reshape.origin());
    }

    /// A copy that was paused when its new member was let go of, or the daemon restarted, would keep others waiting.
    private void endCutShort() {
        for (JobRecord each : List.copyOf(members.template().jobs)) {
            if (each.kind() == JobRecord.REBUILD
                    && each.state() == JobRecord.PAUSED
                    && members.isInSync(each.slot())
                    && !isCopying(each)) {
                members.template().putJob(each.ended(JobRecord.FAILED, wallMillis.getAsLong()));
                members.persist(() -> {});
            }
        }
    }

    private boolean isRebuildWaiting() {
        for (JobRecord each : members.template().jobs) {
            if (each.kind() == JobRecord.REBUILD && each.state() == JobRecord.RUNNING) {
                return true;
            }
        }
        return false;
    }

    /// Puts a member in a slot and rebuilds it: a new one, or, under the dropped one's own identity, that one
    /// as it was left.
    ///
    /// @param slot slot whose member is not in sync
    /// @param uuid the member's identity
    /// @param file the member; a new one cleared, one that returns without its journal
    /// @param io its I/O
    /// @param origin why, and who asks
    /// @return the rebuild's job id
    /// @throws IllegalArgumentException when the slot's member is in sync or another rebuild goes on
    long replaceMember(int slot, UUID uuid, BlockFile file, MemberIo io, JobOrigin origin) {
        checkReplaceable(slot);
        journal.forget(slot);
        long id = members.template().nextJob++;
        members.template()
                .putJob(
                        JobRecord.begun(
                                id, JobRecord.REBUILD, slot, wallMillis.getAsLong(), origin));
        MemberEntry entry =
                new MemberEntry(
                        uuid, MemberEntry.REBUILDING, 0, members.template().configEpoch + 1);
        members.change(slot, entry, file, io, () -> {});
        return id;
    }

    /// Copies a slot's member to another one, which takes its place once it has everything.
    ///
    /// @param member the new one, its file cleared
    /// @param origin why, and who asks
    /// @return the job's id
    /// @throws IllegalArgumentException when the slot's member is not in sync or another rebuild goes on
    long copyMember(Twin member, JobOrigin origin) {
        checkCopyable(member.slot());
        long id = members.template().nextJob++;
        members.template()
                .putJob(
                        JobRecord.begun(
                                id,
                                JobRecord.REBUILD,
                                member.slot(),
                                wallMillis.getAsLong(),
                                origin));
        members.adoptTwin(member);
        members.persist(() -> {});
        return id;
    }

    /// Refuses a slot whose member cannot be copied now.
    ///
    /// @param slot slot
    /// @throws IllegalArgumentException when its member is not in sync or another rebuild goes on
    void checkCopyable(int slot) {
        checkSlot(slot);
        if (!members.isInSync(slot)) {
            throw new IllegalArgumentException(
                    "slot "
                            + slot
                            + ": expected a member in sync, is "
                            + members.entry(slot).stateText());
        }
        checkNoRebuild(slot);
    }

    /// Refuses a slot that cannot be given a new member now.
    private void checkReplaceable(int slot) {
        checkSlot(slot);
        if (members.entry(slot).state() == MemberEntry.IN_SYNC) {
            throw new IllegalArgumentException(
                    "slot "
                            + slot
                            + ": expected a member that is dropped or missing, is in sync: try again, it is"
                            + " copied then");
        }
        checkNoRebuild(slot);
    }

    private void checkSlot(int slot) {
        if (slot < 0 || slot >= geometry.slotCount()) {
            throw new IllegalArgumentException(
                    "slot: expected 0 to " + (geometry.slotCount() - 1) + ", was " + slot);
        }
    }

    private void checkNoRebuild(int slot) {
        checkNotWindingDown(JobRecord.REBUILD);
        for (JobRecord each : members.template().jobs) {
            if (each.kind() == JobRecord.REBUILD && each.isOpen()) {
                boolean isSame = each.slot() == slot;
                if (!isSame || members.entry(slot).state() != MemberEntry.FAULTY) {
                    throw new IllegalArgumentException(
                            "rebuild "
                                    + each.id()
                                    + " of slot "
                                    + each.slot()
                                    + " is "
                                    + each.stateText()
                                    + ": wait for it, or cancel it");
                }
            }
        }
    }

    /// Gets a slot ready for a new member: its old one, dropped, is let go.
    ///
    /// @param slot slot
    /// @return the old member, to be closed, or null
    /// @throws IllegalArgumentException when the slot cannot be given a new member now
    MemberSet.Detached prepareReplacement(int slot) {
        checkReplaceable(slot);
        return members.entry(slot).state() == MemberEntry.FAULTY ? members.detach(slot) : null;
    }

    /// Starts a scrub.
    ///
    /// @param origin why, and who asks
    /// @return its job id
    /// @throws IllegalArgumentException when one is under way
    long startScrub(JobOrigin origin) {
        checkNotWindingDown(JobRecord.SCRUB);
        if (members.template().reshape != null) {
            throw new IllegalArgumentException(
                    "scrub: expected a volume that is not being reshaped, reshape "
                            + members.template().reshape.id()
                            + " is under way");
        }
        for (JobRecord each : members.template().jobs) {
            if (each.kind() == JobRecord.SCRUB && each.isOpen()) {
                throw new IllegalArgumentException(
                        "scrub " + each.id() + " is " + each.stateText() + " already");
            }
        }
        long id = members.template().nextJob++;
        members.template()
                .putJob(JobRecord.begun(id, JobRecord.SCRUB, 0, wallMillis.getAsLong(), origin));
        members.persist(() -> {});
        return id;
    }

    /// Changes a job.
    ///
    /// @param id its id
    /// @param change what to do
    /// @param whenDone runs when the change is durable and nothing of a job that was stopped is in flight
    /// @throws IllegalArgumentException when there is no such job, or it cannot be changed so
    void change(long id, Volume.JobChange change, Runnable whenDone) {
        JobRecord job = null;
        for (JobRecord each : records()) {
            job = each.id() == id ? each : job;
        }
        if (job == null || !job.isOpen()) {
            throw new IllegalArgumentException(
                    "job " + id + (job == null ? ": none such" : " is " + job.stateText()));
        }
        if (job.kind() == JobRecord.RESHAPE) {
            changeReshape(change, whenDone);
            return;
        }
        if (change == Volume.JobChange.RESUME && job.state() == JobRecord.RUNNING) {
            throw new IllegalArgumentException("job " + id + " is running");
        }
        int state =
                switch (change) {
                    case PAUSE -> JobRecord.PAUSED;
                    case CANCEL -> JobRecord.CANCELLED;
                    case RESUME -> JobRecord.RUNNING;
                };
        int[] left = {1};
        Runnable done =
                () -> {
                    if (--left[0] == 0) {
                        whenDone.run();
                    }
                };
        if (repairer.job().id() == id) {
            if (state == JobRecord.RUNNING) {
                repairer.goOn();
            } else {
                left[0]++;
                repairer.halt(state, done);
            }
        }
        // At the cursor that is durable already; what the tasks in flight find follows when they
        // have ended.
        long endedMillis = state == JobRecord.CANCELLED ? wallMillis.getAsLong() : 0;
        members.template().putJob(recorded(id).ended(state, endedMillis));
        // With the same superblock: a member that is being rebuilt by no job would stay so.
        if (state == JobRecord.CANCELLED
                && job.kind() == JobRecord.REBUILD
                && members.entry(job.slot()).state() == MemberEntry.REBUILDING) {
            members.fail(job.slot(), "its rebuild was cancelled");
        }
        if (state == JobRecord.CANCELLED && isCopying(job)) {
            members.dropTwin("its copying was cancelled");
        }
        members.persist(done);
    }

    private boolean isCopying(JobRecord job) {
        return job.kind() == JobRecord.REBUILD
                && members.twin() != null
                && members.twin().slot() == job.slot();
    }

    private JobRecord recorded(long id) {
        for (JobRecord each : members.template().jobs) {
            if (each.id() == id) {
                return each;
            }
        }
        throw new AssertionError("no job " + id);
    }

    /// Refuses a new job of the kind whose last one was stopped and still has tasks in flight: they would
    /// be taken for the new one's.
    private void checkNotWindingDown(int kind) {
        JobRecord last = repairer.job();
        if (repairer.isWindingDown() && last.kind() == kind) {
            throw new IllegalArgumentException(
                    last.kindText()
                            + " "
                            + last.id()
                            + " has operations in flight: wait until they have ended");
        }
    }

    /// {@return jobs as they stand, newest first}
    List<JobRecord> records() {
        List<JobRecord> jobs = new ArrayList<>();
        JobRecord running = repairer.job();
        JobRecord reshape = reshape();
        if (reshape != null) {
            jobs.add(reshape);
        }
        for (JobRecord each : members.template().jobs) {
            jobs.add(each.id() == running.id() ? running : each);
        }
        return jobs;
    }
}
