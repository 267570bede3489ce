package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobRecord;
import java.util.List;
import java.util.SplittableRandom;

/// Histories in which members that serve are copied to others, which take their place: at any moment of it clients write, jobs are
/// paused and cancelled, members misbehave or are dropped, and the power goes. While a disk takes the other one's place the power
/// goes at every single operation, in images of the world that lose members besides.
final class SimCopies {
    private final SimWorld world;
    private final SplittableRandom random;
    private final SimOperator operator;

    private SimCopies(SimWorld world) {
        this.world = world;
        random = world.random;
        operator = new SimOperator(world);
    }

    static void run(SimWorld world) throws VolumeException {
        new SimCopies(world).run();
    }

    private void run() throws VolumeException {
        boolean isFaulty = random.nextBoolean();
        world.open();
        world.recover();
        int rounds = 1 + random.nextInt(3);
        for (int round = 0; round < rounds; round++) {
            world.formerSuspects.addAll(world.suspects);
            world.suspects.clear();
            if (isFaulty) {
                SimHistories.makeFaulty(world);
            } else if (world.tolerance() > 0 && random.nextInt(3) == 0) {
                world.settle();
                operator.rot(random.nextInt(world.disks.length), 1 + random.nextInt(6));
            }
            int lives = 1 + random.nextInt(3);
            for (int life = 0; life < lives; life++) {
                SimHistories.work(world, random.nextInt(200));
                copyOne();
                disturb(random.nextInt(600));
                if (random.nextInt(4) == 0 && world.engine().phase() == Engine.Phase.SERVING) {
                    world.settle();
                    world.stop();
                } else {
                    world.crash();
                }
                world.open();
                world.recover();
                world.verify();
            }
            if (random.nextBoolean()) {
                copyOne();
            }
            world.client.finish();
            if (world.suspects.isEmpty()) {
                operator.finishJobs();
                operator.checkNothingFound();
            }
            operator.heal();
            world.verify();
        }
        world.settle();
        SimHistories.restart(world);
    }

    private void copyOne() {
        int slot = random.nextInt(world.disks.length);
        boolean isToMisbehave = world.suspects.contains(slot) && random.nextBoolean();
        if (world.engine().phase() == Engine.Phase.SERVING
                && world.engine().members().isInSync(slot)
                && operator.copy(slot)
                && isToMisbehave
                && world.twins.other() != null) {
            SimDisk next = world.twins.other();
            next.faults = world.newFaults(slot);
            SimFaults.draw(
                    next.faults,
                    random,
                    List.of(
                            Fault.LOST_WRITE,
                            Fault.MISDIRECTED_WRITE,
                            Fault.FLIP_ON_WRITE,
                            Fault.WRITE_ERROR,
                            Fault.FLUSH_ERROR,
                            Fault.STUCK,
                            Fault.STUCK_THEN_LATE,
                            Fault.VANISHED,
                            Fault.FLIP_ON_READ,
                            Fault.UNREADABLE,
                            Fault.FLIP_AT_REST));
        }
    }

    private void disturb(int steps) throws VolumeException {
        for (int i = 0; i < steps; i++) {
            if (random.nextInt(4) == 0) {
                world.client.ask();
            }
            if (random.nextInt(150) == 0) {
                operator.act();
            }
            if (random.nextInt(150) == 0 && world.engine().openJobs().isEmpty()) {
                copyOne();
            }
            long before = world.tally.operations;
            world.step(12);
            if (world.tally.operations > before && world.twins.isPromoting()) {
                SimHistories.crashAndLookAt(
                        world, world.suspects.isEmpty() ? world.tolerance() : 0);
            }
        }
        if (world.engine().openJobs().stream().allMatch(job -> job.state() != JobRecord.RUNNING)) {
            world.settle();
        }
    }
}
