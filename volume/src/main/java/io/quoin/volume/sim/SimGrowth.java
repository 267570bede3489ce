package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.GrowthPlan;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/// Histories in which disks become longer, with something on what is new, and the volume grows while clients use it. The power goes amid
/// that, at drawn operations, in images of the world that lose members besides, and now and then in the world itself; members are dropped amid
/// it. What is new reads as zeros until somebody writes there, also where canary rows were.
final class SimGrowth {
    private final SimWorld world;
    private final SplittableRandom random;
    private final SimOperator operator;

    /// Operations of which, while the volume grows, the power goes at one.
    private final int looksOneIn;

    private SimGrowth(SimWorld world) {
        this.world = world;
        random = world.random;
        operator = new SimOperator(world);
        looksOneIn = 3 << random.nextInt(5);
    }

    static void run(SimWorld world) throws VolumeException {
        new SimGrowth(world).run();
    }

    private void run() throws VolumeException {
        world.open();
        world.recover();
        int rounds = 1 + random.nextInt(3);
        for (int round = 0; round < rounds; round++) {
            SimHistories.work(world, random.nextInt(200));
            if (random.nextBoolean()) {
                drill();
            }
            for (SimDisk disk : world.disks) {
                disk.lengthen(random.nextInt(300), random);
            }
            grow();
            if (random.nextInt(3) == 0) {
                world.crash();
                world.open();
                world.recover();
            }
            world.verify();
            SimHistories.work(world, random.nextInt(300));
            while (operator.replace()) {
                operator.finishJobs();
            }
            world.suspects.clear();
        }
        world.settle();
        world.verify();
        SimHistories.restart(world);
    }

    private void drill() {
        boolean[] isOver = {false};
        try {
            world.engine().drill(report -> isOver[0] = true);
        } catch (IllegalArgumentException refusal) {
            world.tally.refusals++;
            return;
        }
        world.tally.drills++;
        until(() -> isOver[0] || world.engine().phase() != Engine.Phase.SERVING);
        world.settle();
    }

    private void until(BooleanSupplier isOver) {
        for (int i = 0; i < 200_000 && !isOver.getAsBoolean(); i++) {
            world.step(12);
        }
    }

    private void grow() throws VolumeException {
        Engine engine = world.engine();
        GrowthPlan plan;
        long least = Long.MAX_VALUE;
        for (SimDisk disk : world.disks) {
            least = Math.min(least, disk.measure());
        }
        try {
            plan = engine.planGrowth(least, "the smallest");
        } catch (IllegalArgumentException refusal) {
            world.tally.refusals++;
            return;
        }
        boolean[] isDone = {false};
        engine.lengthen(plan, () -> isDone[0] = true);
        if (!goOn(isDone)) {
            return;
        }
        for (SimDisk disk : world.disks) {
            if (random.nextInt(4) == 0) {
                look();
            }
            Creation.clearZones(disk, plan.larger(), plan.now().zoneCount());
            SimHistories.work(world, random.nextInt(5));
        }
        if (random.nextInt(6) == 0) {
            return; // it never comes to that
        }
        isDone[0] = false;
        try {
            engine.enlarge(() -> isDone[0] = true);
        } catch (IllegalArgumentException refusal) {
            world.tally.refusals++;
            return;
        }
        if (goOn(isDone)) {
            world.tally.growths++;
            world.growModel();
        }
    }

    /// Lets it come to its end, or to the world's.
    ///
    /// @return whether that is the growth's
    private boolean goOn(boolean[] isDone) throws VolumeException {
        boolean isCut = random.nextInt(12) == 0;
        int steps = random.nextInt(30);
        for (int i = 0; !isDone[0] && (!isCut || i < steps); i++) {
            if (random.nextInt(4) == 0) {
                world.client.ask();
            }
            if (world.tolerance() > 0 && world.suspects.isEmpty() && random.nextInt(400) == 0) {
                int slot = random.nextInt(world.disks.length);
                world.suspects.add(slot);
                world.engine().failMember(slot, "operator");
            }
            long before = world.tally.operations;
            world.step(12);
            if (world.tally.operations > before && random.nextInt(looksOneIn) == 0) {
                look();
            }
        }
        if (isDone[0]) {
            return true;
        }
        world.crash();
        world.open();
        world.recover();
        return false;
    }

    private void look() throws VolumeException {
        SimHistories.crashAndLookAt(world, world.suspects.isEmpty() ? world.tolerance() : 0);
    }
}
