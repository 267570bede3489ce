package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.Volume;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.repair.GovernorLimits;
import java.util.List;
import java.util.SplittableRandom;

/// Who runs the volume: replaces members, scrubs, and now and then asks for what cannot be.
final class SimOperator {
    private final SimWorld world;
    private final SplittableRandom random;
    private int replaced;

    /// Whether a member came back, and not everything was read for it: what rotted on others may be there still.
    private boolean isUnread;

    SimOperator(SimWorld world) {
        this.world = world;
        this.random = world.random.split();
    }

    private Engine engine() {
        return world.engine();
    }

    /// Members are gone, as long as no more than `most` are.
    void lose(int most) {
        int gone = 0;
        for (boolean is : world.present) {
            gone += is ? 0 : 1;
        }
        int more = most - gone <= 0 ? 0 : 1 + random.nextInt(most - gone);
        for (int i = 0; i < more; i++) {
            int member = random.nextInt(world.present.length);
            if (world.present[member]) {
                world.present[member] = false;
                world.suspects.add(member);
                world.note(Fault.ABSENT, "disk" + member);
            }
        }
    }

    /// Any member may be away, and one that was away may be back as it was.
    void loseAndFind() {
        for (int i = 0; i < world.present.length; i++) {
            if (random.nextInt(4) == 0) {
                world.present[i] = !world.present[i];
                world.note(world.present[i] ? Fault.RETURNED : Fault.ABSENT, "disk" + i);
            }
        }
    }

    /// Of the members as they were left any may be there, one at least.
    void findSome() {
        int atLeast = random.nextInt(world.present.length);
        for (int i = 0; i < world.present.length; i++) {
            boolean is = i == atLeast || random.nextBoolean();
            if (is != world.present[i]) {
                world.present[i] = is;
                world.note(is ? Fault.RETURNED : Fault.ABSENT, "disk" + i);
            }
        }
    }

    /// Puts a blank disk where a member was lost or dropped, and starts its rebuild.
    ///
    /// @return whether there was such a slot
    boolean replace() {
        for (int slot = 0; slot < world.disks.length; slot++) {
            if (engine().members().entry(slot).state() == MemberEntry.FAULTY) {
                if (!takeBack(slot)) {
                    replace(slot);
                }
                return true;
            }
        }
        return false;
    }

    /// Takes a dropped member back as it was left, if it is there and may come back.
    ///
    /// @return whether it was taken back
    private boolean takeBack(int slot) {
        SimDisk disk = world.disks[slot];
        if (random.nextBoolean()
                || engine().members().outstanding(slot) > 0
                || !world.traffic.io(disk).isQuiet()) {
            return false;
        }
        Superblock found = SuperblockIo.read(disk).superblock();
        if (found == null) {
            return false;
        }
        try {
            engine().checkReturn(slot, found);
            Creation.clearJournal(disk, found.layout());
        } catch (IllegalArgumentException | VolumeException refusal) {
            world.tally.refusals++;
            world.log.add("refused: " + refusal.getMessage());
            return false;
        }
        world.note(Fault.RETURNED, "disk" + slot);
        engine().prepareReplacement(slot);
        world.present[slot] = true;
        world.joined(slot);
        engine().returnMember(slot, found, disk, world.traffic.io(disk), JobOrigin.UNKNOWN);
        isUnread = true;
        world.tally.rebuilds++;
        return true;
    }

    private void replace(int slot) {
        SimDisk old = world.disks[slot];
        SimDisk blank = old.blank("disk" + slot + "." + ++replaced);
        try {
            Creation.clear(blank, engine().members().layout(), true);
        } catch (VolumeException e) {
            throw new AssertionError(e);
        }
        world.traffic.pull(old);
        engine().prepareReplacement(slot);
        world.disks[slot] = blank;
        world.present[slot] = true;
        world.joined(slot);
        engine().replaceMember(
                        slot, world.uuid(), blank, world.traffic.io(blank), JobOrigin.UNKNOWN);
        world.tally.rebuilds++;
    }

    /// Has a member that is in sync copied to a blank disk, which takes its place; that may be refused.
    ///
    /// @return whether it has begun
    boolean copy(int slot) {
        world.twins.look(engine());
        SimDisk blank = world.disks[slot].blank("disk" + slot + "." + ++replaced);
        try {
            Creation.clear(blank, engine().members().layout(), true);
            world.twins.offer(slot, blank);
            engine().copyMember(
                            slot,
                            world.uuid(),
                            blank,
                            world.traffic.io(blank),
                            JobOrigin.UNKNOWN,
                            left -> world.twins.left(left.file()));
        } catch (IllegalArgumentException refusal) {
            world.twins.withdraw();
            world.tally.refusals++;
            world.log.add("refused: " + refusal.getMessage());
            return false;
        } catch (VolumeException e) {
            throw new AssertionError(e);
        }
        world.note(Fault.OPERATOR_JOBS, "copies slot " + slot);
        world.tally.copies++;
        return true;
    }

    /// Something an operator may do at any moment; what must be refused is refused.
    void act() {
        if (engine().phase() != Engine.Phase.SERVING) {
            return;
        }
        int what = random.nextInt(8);
        try {
            switch (what) {
                case 0, 1 -> {
                    world.note(Fault.OPERATOR_JOBS, "scrub");
                    engine().startScrub(JobOrigin.SCHEDULE);
                    world.tally.scrubs++;
                }
                case 2, 3 -> {
                    world.note(Fault.OPERATOR_JOBS, "change");
                    Volume.JobChange[] changes = Volume.JobChange.values();
                    List<JobRecord> jobs = engine().openJobs();
                    long id = jobs.isEmpty() ? random.nextInt(5) : jobs.getFirst().id();
                    change(id, changes[random.nextInt(changes.length)]);
                }
                case 4 -> {
                    world.note(Fault.OPERATOR_JOBS, "rate");
                    long ceiling = random.nextInt(3) == 0 ? 0 : random.nextLong(1L << 30);
                    long floor = 1 + random.nextLong(1L << 30);
                    engine().setJobLimits(
                                    new GovernorLimits(101 + random.nextInt(400), floor, ceiling));
                }
                case 5, 6 -> {
                    int slot = random.nextInt(-1, world.disks.length + 1);
                    boolean isThere = slot >= 0 && slot < world.disks.length;
                    if (!isThere || engine().members().entry(slot).state() == MemberEntry.IN_SYNC) {
                        world.note(Fault.OPERATOR_ERRS, "replaces a slot that is in sync");
                        engine().prepareReplacement(slot);
                        throw new SimModel.Violation("replacement of slot " + slot + " accepted");
                    }
                }
                default -> {
                    if (engine().members().inSyncCount() < world.disks.length) {
                        replace();
                    }
                }
            }
        } catch (IllegalArgumentException refusal) {
            world.tally.refusals++;
            world.log.add("refused: " + refusal.getMessage());
        }
    }

    /// What was told to stop or go on is seen to, at once; what was stopped is quiet when that is told.
    private void change(long id, Volume.JobChange change) {
        Engine of = engine();
        of.changeJob(
                id,
                change,
                () -> {
                    if (change == Volume.JobChange.CANCEL
                            && of.status().jobs().stream()
                                    .anyMatch(job -> job.id() == id && job.isOpen())) {
                        throw new SimModel.Violation("cancelled job " + id + " goes on");
                    }
                });
        int state =
                switch (change) {
                    case PAUSE -> JobRecord.PAUSED;
                    case RESUME -> JobRecord.RUNNING;
                    case CANCEL -> JobRecord.CANCELLED;
                };
        for (JobRecord job : of.status().jobs()) {
            if (job.id() == id && job.state() != state) {
                throw new SimModel.Violation("told to " + change + ", and is " + job);
            }
        }
    }

    /// Steps until no job is open; within tolerance none finds what it cannot put to rights.
    void finishJobs() {
        int guard = 0;
        engine().setJobLimits(SimWorld.JOBS);
        while (true) {
            List<JobRecord> open = engine().openJobs();
            if (open.isEmpty() && !engine().members().isFrozen()) {
                break;
            }
            if (!open.isEmpty() && open.stream().allMatch(job -> job.state() == JobRecord.PAUSED)) {
                engine().changeJob(open.getFirst().id(), Volume.JobChange.RESUME, () -> {});
            }
            world.step(8);
            if (++guard > 400_000) {
                throw new SimModel.Violation("R17: job does not end: " + world.description());
            }
        }
        for (JobRecord job : engine().status().jobs()) {
            if (job.suspect() != 0 || job.lost() != 0) {
                throw new SimModel.Violation("within tolerance a job found " + job);
            }
        }
    }

    /// Steps until no rebuild is open.
    void finishRebuild() {
        for (int guard = 0; ; guard++) {
            List<JobRecord> open = engine().openJobs();
            if (open.stream().noneMatch(job -> job.kind() == JobRecord.REBUILD)
                    && !engine().members().isFrozen()) {
                return;
            }
            world.step(8);
            if (guard > 400_000) {
                throw new SimModel.Violation("R17: job does not end: " + world.description());
            }
        }
    }

    /// On disks that did nothing wrong a scrub finds nothing.
    void checkNothingFound() {
        engine().startScrub(JobOrigin.SCHEDULE);
        world.tally.scrubs++;
        finishJobs();
        for (JobRecord job : engine().status().jobs()) {
            if (job.kind() == JobRecord.SCRUB && job.repaired() != 0) {
                throw new SimModel.Violation(
                        "I30: on disks that are as they should be a job found " + job);
            }
        }
    }

    /// A scrub right after a scrub finds nothing: what was found was put to rights, and nothing is found
    /// without cause.
    void checkScrub() {
        for (int pass = 0; pass < 2; pass++) {
            engine().startScrub(JobOrigin.SCHEDULE);
            world.tally.scrubs++;
            finishJobs();
            JobRecord job =
                    engine().status().jobs().stream()
                            .filter(each -> each.kind() == JobRecord.SCRUB)
                            .findFirst()
                            .orElseThrow();
            if (job.state() != JobRecord.DONE
                    || job.lost() != 0
                    || job.suspect() != 0
                    || pass == 1 && job.repaired() != 0) {
                throw new SimModel.Violation("scrub pass " + pass + " found " + job);
            }
        }
        checkSuperblocks();
    }

    private void checkSuperblocks() {
        for (int guard = 0;
                engine().isJobUnderWay() || engine().members().isPersisting();
                guard++) {
            world.step(8);
            if (guard > 100_000) {
                throw new SimModel.Violation("R17: superblocks are written for ever");
            }
        }
        for (int slot = 0; slot < world.disks.length; slot++) {
            if (engine().members().entry(slot).state() == MemberEntry.IN_SYNC) {
                SuperblockIo.Found found = SuperblockIo.read(world.disks[slot]);
                if (found.newest() != 0xF) {
                    throw new SimModel.Violation(
                            "after a scrub superblock copies of slot "
                                    + slot
                                    + " are "
                                    + Integer.toBinaryString(found.newest()));
                }
            }
        }
    }

    boolean isOptimal() {
        return engine().status().state().equals("optimal");
    }

    /// All faults have stopped: the volume gets back everything it had, in bounded time.
    void heal() throws VolumeException {
        world.tally.heals++;
        for (SimDisk disk : world.disks) {
            disk.faults = null;
        }
        if (world.twins.other() != null) {
            world.twins.other().faults = null;
        }
        finishJobs();
        world.settle(); // what is stuck since before the peace is given up
        for (int guard = 0; !isOptimal(); guard++) {
            world.settle();
            if (!replace() && engine().openJobs().isEmpty() && !isOptimal() || guard > 50) {
                throw new SimModel.Violation(
                        "R17: does not heal: " + engine().status().state() + ", " + guard);
            }
            finishJobs();
            if (isOptimal() && random.nextBoolean() && !isUnread) {
                world.proveRedundancy();
            }
        }
        checkScrub();
        isUnread = false;
        world.proveRedundancy();
    }

    /// Damages blocks at rest on one disk: flipped bits, foreign bytes, an older page, an unreadable one.
    void rot(int member, int blocks) {
        long first = world.superblock.layout().zonesOffset();
        long end = world.superblock.layout().memberBytes() - MemberLayout.END_BYTES;
        world.suspects.add(member);
        for (int i = 0; i < blocks; i++) {
            long at = first + random.nextLong((end - first) / SimDisk.PAGE) * SimDisk.PAGE;
            if (random.nextInt(8) == 0) {
                at = world.superblock.layout().superblockOffset(random.nextInt(Superblock.COPIES));
            }
            SimDisk disk = world.disks[member];
            switch (random.nextInt(4)) {
                case 0 -> disk.flip(at + random.nextInt(SimDisk.PAGE), random.nextInt(8));
                case 1 -> disk.spoil(at);
                case 2 -> {
                    long other =
                            first + random.nextLong((end - first) / SimDisk.PAGE) * SimDisk.PAGE;
                    disk.overwrite(at, disk.pageAt(other));
                }
                default -> {
                    byte[] noise = new byte[SimDisk.PAGE];
                    random.nextBytes(noise);
                    disk.overwrite(at, noise);
                }
            }
            world.note(Fault.FLIP_AT_REST, "rot " + Zone.of(world.superblock.layout(), at).name());
        }
    }
}
