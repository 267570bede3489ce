package io.quoin.volume.sim;

import io.quoin.volume.DrillReport;
import io.quoin.volume.Engine;
import io.quoin.volume.assembly.VolumeException;
import java.util.SplittableRandom;

/// Drills of canary rows, beside clients, operators, crashes and, in half of the histories, members that lie and fail.
///
/// Where the disks are as they should be, a drill that came to its end found everything it did; and whatever comes between, clients
/// and scrubs never meet what it left.
final class SimDrills {
    private static final int MOST_STEPS = 200_000;

    private final SimWorld world;
    private final SplittableRandom random;
    private final SimOperator operator;
    private final boolean isCalm;

    /// Members that an operator may drop where the disks are as they should be.
    private final SimMishaps mishaps;

    /// Grows with each drill: a report of one that a crash ended comes from an engine that is gone.
    private int drills;

    private boolean isUnderWay;

    private SimDrills(SimWorld world) {
        this.world = world;
        random = world.random;
        operator = new SimOperator(world);
        isCalm = world.tolerance() == 0 || random.nextBoolean();
        int most = isCalm ? world.tolerance() : 0;
        int count = most == 0 ? 0 : 1 + random.nextInt(most);
        mishaps = new SimMishaps(world, SimMishaps.draw(world, count));
    }

    static void run(SimWorld world) throws VolumeException {
        new SimDrills(world).run();
    }

    private void run() throws VolumeException {
        world.open();
        world.recover();
        if (!isCalm) {
            SimHistories.makeFaulty(world);
        }
        int lives = 1 + random.nextInt(4);
        for (int life = 0; life < lives; life++) {
            live(random.nextInt(600));
            if (random.nextInt(3) == 0) {
                finishDrill();
            }
            if (random.nextInt(3) == 0 && world.engine().phase() == Engine.Phase.SERVING) {
                world.stop(); // perhaps amid a drill
            } else {
                world.crash();
            }
            isUnderWay = false;
            drills++;
            world.open();
            while (random.nextInt(4) == 0 && SimHistories.crashInRecovery(world)) {
                world.open();
            }
            world.recover();
            world.verify();
        }
        world.client.finish();
        if (isCalm) {
            operator.finishJobs();
            while (operator.replace()) {
                operator.finishJobs();
            }
            operator.checkScrub();
            beginDrill();
            finishDrill();
            operator.checkScrub();
            world.proveRedundancy();
        } else {
            operator.heal();
        }
        world.verify();
        world.settle();
        SimHistories.restart(world);
    }

    private void live(int steps) throws VolumeException {
        for (int i = 0; i < steps; i++) {
            if (random.nextInt(4) == 0) {
                world.client.ask();
            }
            if (random.nextInt(40) == 0) {
                beginDrill();
            }
            if (random.nextInt(100) == 0 && world.happens()) {
                operator.act();
            }
            if (isCalm && random.nextInt(300) == 0 && world.happens()) {
                mishaps.drop();
            }
            stepAndLook();
        }
    }

    /// What a drill has damaged is nobody's loss when the power goes, and members with it.
    private void stepAndLook() throws VolumeException {
        world.step(12);
        boolean isLookedAt = isCalm && isUnderWay && random.nextInt(150) == 0;
        if (isLookedAt && world.engine().phase() == Engine.Phase.SERVING) {
            SimHistories.crashAndLookAt(world, operator.isOptimal() ? world.tolerance() : 0);
        }
    }

    private void beginDrill() {
        Engine engine = world.engine();
        if (engine.phase() != Engine.Phase.SERVING || !world.happens()) {
            return;
        }
        int mine = drills + 1;
        try {
            engine.drill(report -> {
                if (mine == drills) {
                    isUnderWay = false;
                    judge(report);
                }
            });
            drills = mine;
            isUnderWay = true;
            world.tally.drills++;
            world.note(Fault.OPERATOR_JOBS, "drill");
        } catch (IllegalArgumentException refusal) {
            world.tally.refusals++;
            world.log.add("refused: " + refusal.getMessage());
        }
    }

    private void judge(DrillReport report) {
        world.log.add("drill: " + report);
        if (isCalm && report.trouble() == null && !report.isOk()) {
            throw new SimModel.Violation("I29: a drill says " + report.failures());
        }
    }

    private void finishDrill() throws VolumeException {
        for (int i = 0; isUnderWay && world.engine().phase() == Engine.Phase.SERVING; i++) {
            stepAndLook();
            if (i > MOST_STEPS) {
                throw new SimModel.Violation("R17: a drill does not end: " + world.description());
            }
        }
    }
}
