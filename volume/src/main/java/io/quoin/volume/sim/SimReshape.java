package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.Volume;
import io.quoin.volume.assembly.Assembly;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.Reshaping;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.LevelSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;

/// Histories in which a volume is given another shape while clients use it, with members that join and leave for it. The power goes amid
/// all of it: at drawn operations, in images of the world that lose members besides, now and then in the world itself, and between the
/// superblocks that begin it, end it and turn it back. Members are dropped and replaced meanwhile, and what rots is mended.
final class SimReshape {
    private record Target(String level, int members) {}

    private static final List<Target> TARGETS =
            List.of(
                    new Target("raid1", 2),
                    new Target("raid1", 3),
                    new Target("raid5", 3),
                    new Target("raid5", 4),
                    new Target("raid6", 4),
                    new Target("raid6", 5),
                    new Target("2+3", 5),
                    new Target("3+3", 6));

    private final SimWorld world;
    private final SplittableRandom random;
    private final SimOperator operator;

    /// Operations of which, while blocks move, the power goes at one.
    private final int looksOneIn;

    private int joined;

    private SimReshape(SimWorld world) {
        this.world = world;
        random = world.random;
        operator = new SimOperator(world);
        looksOneIn = 40 << random.nextInt(5);
    }

    static void run(SimWorld world) throws VolumeException {
        new SimReshape(world).run();
    }

    private void run() throws VolumeException {
        world.open();
        world.recover();
        SimHistories.work(world, random.nextInt(400));
        int rounds = 1 + random.nextInt(2);
        for (int round = 0; round < rounds; round++) {
            if (begin()) {
                move();
            }
            world.verify();
            SimHistories.work(world, random.nextInt(200));
        }
        world.settle();
        world.verify();
        SimHistories.restart(world);
    }

    private Superblock stopped() throws VolumeException {
        world.client.finish();
        operator.finishRebuild();
        while (operator.replace()) {
            operator.finishRebuild();
        }
        world.suspects.clear();
        world.stop();
        return Assembly.assemble(List.of(world.disks), world.witness()).superblock();
    }

    private boolean begin() throws VolumeException {
        Target target = TARGETS.get(random.nextInt(TARGETS.size()));
        int unitBytes = 4096 << random.nextInt(3);
        Superblock now = stopped();
        Geometry both;
        try {
            both =
                    Reshaping.plan(
                            now,
                            LevelSpec.parse(target.level, target.members, 0),
                            unitBytes,
                            1 << 21);
        } catch (IllegalArgumentException refusal) {
            world.tally.refusals++;
            world.log.add("refused: " + refusal.getMessage());
            world.open();
            world.recover();
            return false;
        }
        int before = world.disks.length;
        List<UUID> joining = new ArrayList<>();
        world.resize(both.slotCount());
        for (int slot = before; slot < both.slotCount(); slot++) {
            world.disks[slot] = world.disks[0].blank("disk" + slot + ".r" + ++joined);
            Creation.clear(world.disks[slot], now.layout(), true);
            joining.add(world.uuid());
        }
        write(Reshaping.begun(now, both, joining, 0, JobOrigin.UNKNOWN), before);
        return true;
    }

    /// Members that join have it first; if the power goes before one of the others has, that is the volume as long as those are there.
    private void write(Superblock next, int before) throws VolumeException {
        world.shape = next.geometry();
        Reshaping.write(next, List.of(world.disks), before);
        if (next.geometry().slotCount() < world.disks.length) {
            world.resize(next.geometry().slotCount());
        }
        world.open();
        world.recover();
    }

    private void move() throws VolumeException {
        int crashes = random.nextInt(3);
        int steps = 0;
        int back = random.nextInt(4) == 0 ? random.nextInt(400) : -1;
        while (!world.engine().isMoved()) {
            if (random.nextInt(4) == 0) {
                world.client.ask();
            }
            long operations = world.tally.operations;
            world.step(12);
            if (world.tally.operations > operations && random.nextInt(looksOneIn) == 0) {
                look();
            }
            if (crashes > 0 && random.nextInt(600) == 0) {
                crashes--;
                world.crash();
                world.open();
                if (random.nextInt(3) == 0) {
                    SimHistories.crashInRecovery(world);
                    if (!world.hasEngine()) {
                        world.open();
                    }
                }
                world.recover();
                world.verify();
            }
            if (random.nextInt(300) == 0) {
                disturb();
            }
            if (steps++ == back && world.engine().phase() == Engine.Phase.SERVING) {
                Superblock now = stopped();
                Superblock next = Reshaping.turnedBack(now, JobOrigin.UNKNOWN);
                write(next, world.disks.length);
            }
            if (steps > 400_000) {
                throw new SimModel.Violation("R17: reshape does not end: " + world.description());
            }
            if (steps % 2000 == 0) {
                resume();
            }
        }
        world.tally.reshapes++;
        world.verify();
        Superblock now = stopped();
        if (now.geometry().isReshaped()) {
            for (SimDisk disk : world.disks) {
                Reshaping.clearUnused(now, disk);
            }
            Superblock next = Reshaping.ended(now);
            write(next, world.disks.length);
        } else {
            throw new SimModel.Violation("reshape: moved, and yet the cut is at " + now.reshape());
        }
        scrub();
    }

    private void scrub() {
        operator.finishJobs();
        world.engine().startScrub(JobOrigin.SCHEDULE);
        world.tally.scrubs++;
        operator.finishJobs();
        operator.checkNothingFound();
    }

    private void disturb() throws VolumeException {
        Engine engine = world.engine();
        if (engine.phase() != Engine.Phase.SERVING) {
            return;
        }
        switch (random.nextInt(4)) {
            case 0 -> {
                if (world.tolerance() > 0 && world.suspects.isEmpty()) {
                    int slot = random.nextInt(world.disks.length);
                    world.suspects.add(slot);
                    engine.failMember(slot, "operator");
                }
            }
            case 1 -> {
                if (engine.members().isFrozen()) {
                    return;
                }
                while (operator.replace()) {
                    operator.finishRebuild();
                }
                world.suspects.clear();
            }
            case 2 -> change(Volume.JobChange.PAUSE);
            default -> resume();
        }
    }

    private void resume() {
        change(Volume.JobChange.RESUME);
    }

    private void change(Volume.JobChange change) {
        for (JobRecord job : world.engine().openJobs()) {
            boolean isPaused = job.state() == JobRecord.PAUSED;
            if (job.kind() == JobRecord.RESHAPE
                    && isPaused == (change == Volume.JobChange.RESUME)) {
                world.engine().changeJob(job.id(), change, () -> {});
            }
        }
    }

    private void look() throws VolumeException {
        boolean isWhole =
                world.suspects.isEmpty()
                        && Arrays.stream(slots()).allMatch(world.engine().members()::isInSync);
        SimHistories.crashAndLookAt(world, isWhole ? world.tolerance() : 0);
    }

    private int[] slots() {
        int[] slots = new int[world.disks.length];
        for (int i = 0; i < slots.length; i++) {
            slots[i] = i;
        }
        return slots;
    }
}
