package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.assembly.VolumeException;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/// Everything at once, within what the volume promises: in each round up to m members are suspects, and
/// only they misbehave, in a subset of all ways that the seed draws; the process crashes and stands
/// still, operators meddle. Then all faults stop, the volume heals, and other members become suspects.
final class SimStorm {
    private static final long DAY_NANOS = TimeUnit.DAYS.toNanos(1);

    private final SimWorld world;
    private final SplittableRandom random;
    private final SimOperator operator;
    private final Set<Fault> ways = EnumSet.noneOf(Fault.class);
    private SimMishaps mishaps;

    private SimStorm(SimWorld world) {
        this.world = world;
        random = world.random;
        operator = new SimOperator(world);
    }

    static void run(SimWorld world) throws VolumeException {
        new SimStorm(world).run();
    }

    private void run() throws VolumeException {
        world.open();
        world.recover();
        int rounds = 1 + random.nextInt(3);
        for (int round = 0; round < rounds; round++) {
            drawSuspects();
            int lives = 1 + random.nextInt(3);
            for (int life = 0; life < lives; life++) {
                storm(random.nextInt(500));
                if (random.nextInt(5) == 0 && world.engine().phase() == Engine.Phase.SERVING) {
                    world.settle();
                    world.stop();
                } else {
                    world.crash();
                }
                goDown();
                world.recover();
                world.verify();
            }
            world.client.finish();
            operator.heal();
            world.verify();
            world.idle(random.nextInt(8) == 0 ? 400 * DAY_NANOS : DAY_NANOS);
        }
        world.settle();
        SimHistories.restart(world);
    }

    private void drawSuspects() {
        ways.clear();
        for (Fault fault : Fault.values()) {
            if (random.nextInt(3) == 0) {
                ways.add(fault);
            }
        }
        int count = world.tolerance() == 0 ? 0 : random.nextInt(world.tolerance() + 1);
        List<Integer> suspects = SimMishaps.draw(world, count);
        world.formerSuspects.addAll(world.suspects);
        world.suspects.clear();
        mishaps = new SimMishaps(world, suspects);
        EnumSet<Fault> ofDisks = EnumSet.copyOf(Fault.OF_OPERATIONS);
        ofDisks.retainAll(ways);
        for (int slot : suspects) {
            SimDisk disk = world.disks[slot];
            disk.faults = world.newFaults(slot);
            SimFaults.draw(disk.faults, random, ofDisks);
        }
        if (world.tolerance() == 0 && ways.contains(Fault.SLOW)) {
            int slot = random.nextInt(world.disks.length);
            world.disks[slot].faults = world.newFaults(slot).with(Fault.SLOW, 0.05);
        }
    }

    private void storm(int steps) {
        for (int i = 0; i < steps; i++) {
            if (random.nextInt(4) == 0) {
                world.client.ask();
            }
            if (random.nextInt(100) == 0) {
                disturb();
            }
            if (random.nextInt(300) == 0) {
                mishaps.takeImages();
            }
            world.step(12);
        }
    }

    private void disturb() {
        switch (random.nextInt(4)) {
            case 0 -> {
                if (ways.contains(Fault.PAUSE)) {
                    world.pause();
                }
            }
            case 1 -> {
                if (ways.contains(Fault.CLOCK_JUMP)) {
                    world.jumpWallClock();
                }
            }
            default -> {
                if (ways.contains(Fault.OPERATOR_JOBS) && world.happens()) {
                    operator.act();
                }
                if (ways.contains(Fault.OPERATOR_DROPS) && random.nextInt(8) == 0) {
                    mishaps.drop();
                }
            }
        }
    }

    /// What befalls the suspects while the volume is down; then it is opened again, perhaps to crash
    /// while it recovers.
    private void goDown() throws VolumeException {
        mishaps.befall(ways);
        if (ways.contains(Fault.CLONED) && random.nextInt(4) == 0) {
            mishaps.offerClone();
        }
        world.open();
        while (random.nextInt(4) == 0 && SimHistories.crashInRecovery(world)) {
            world.open();
        }
    }
}
