package io.quoin.volume.sim;

import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters.Counter;
import java.util.SplittableRandom;

/// Histories in which disks stand still for a while and go on, too short to be dropped for it: journal batches are written elsewhere, and
/// what was late lands when it may. For some time after each such batch the power goes at every operation, or at one in so many, in images of the
/// world that lose members besides; disks that misbehave in other ways are there too.
final class SimStalls {
    /// Operations after a batch was written elsewhere at which the power goes.
    private static final int LOOKED_AT = 25;

    private final SimWorld world;
    private final SplittableRandom random;

    /// Of those, one in so many.
    private final int looksOneIn;

    private long detours;
    private int looks;

    private SimStalls(SimWorld world) {
        this.world = world;
        random = world.random;
        looksOneIn = 1 << random.nextInt(5);
    }

    static void run(SimWorld world) throws VolumeException {
        new SimStalls(world).run();
    }

    private void run() throws VolumeException {
        boolean isFaulty = random.nextInt(3) == 0;
        if (isFaulty) {
            SimHistories.makeFaulty(world);
        }
        int lives = 1 + random.nextInt(3);
        for (int life = 0; life < lives; life++) {
            world.open();
            world.recover();
            world.verify();
            detours = 0;
            looks = 0;
            int steps = random.nextInt(1500);
            for (int i = 0; i < steps; i++) {
                if (random.nextInt(3) == 0) {
                    world.client.ask();
                }
                if (random.nextInt(40) == 0) {
                    standStill();
                }
                stepAndLook(!isFaulty);
            }
            if (random.nextBoolean()) {
                world.settle();
                world.verify();
            }
            world.crash();
        }
        world.open();
        world.recover();
        world.verify();
        world.settle();
        world.verify();
        SimHistories.restart(world);
    }

    private void standStill() {
        int disk = random.nextInt(world.disks.length);
        if (world.happens()) {
            world.note(Fault.SLOW, "stands still");
            world.traffic.standStill(world.disks[disk]);
        }
    }

    private void stepAndLook(boolean isLossBorne) throws VolumeException {
        long before = world.tally.operations;
        world.step(12);
        long now = world.engine().counters().get(Counter.BATCHES_REWRITTEN);
        if (now != detours) {
            detours = now;
            looks = LOOKED_AT;
        }
        if (looks > 0 && world.tally.operations > before) {
            looks--;
            if (random.nextInt(looksOneIn) == 0) {
                SimHistories.crashAndLookAt(world, isLossBorne ? world.tolerance() : 0);
            }
        }
    }
}
