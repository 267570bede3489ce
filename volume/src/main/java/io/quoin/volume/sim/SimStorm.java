package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.member.BlockFile;
import java.util.ArrayList;
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
    private List<Integer> suspects = List.of();
    private final List<SimDisk> images = new ArrayList<>();

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
        List<Integer> drawn = new ArrayList<>();
        int count = world.tolerance() == 0 ? 0 : random.nextInt(world.tolerance() + 1);
        while (drawn.size() < count) {
            int slot = random.nextInt(world.disks.length);
            if (!drawn.contains(slot)) {
                drawn.add(slot);
            }
        }
        suspects = drawn;
        world.suspects.clear();
        world.suspects.addAll(drawn);
        images.clear();
        EnumSet<Fault> ofDisks = EnumSet.copyOf(Fault.OF_OPERATIONS);
        ofDisks.retainAll(ways);
        for (int slot : suspects) {
            SimDisk disk = world.disks[slot];
            disk.faults = world.newFaults(slot);
            SimFaults.draw(disk.faults, random, ofDisks);
            images.add(disk.image());
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
                for (int each = 0; each < suspects.size(); each++) {
                    images.set(each, world.disks[suspects.get(each)].image());
                }
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
                    operator.act(ways.contains(Fault.OPERATOR_DROPS) ? suspects : List.of());
                }
            }
        }
    }

    /// What befalls the suspects while the volume is down; then it is opened again, perhaps to crash
    /// while it recovers.
    private void goDown() throws VolumeException {
        for (int each = 0; each < suspects.size(); each++) {
            befall(suspects.get(each), images.get(each));
        }
        boolean isCloned = false;
        if (ways.contains(Fault.CLONED) && random.nextInt(4) == 0) {
            isCloned = offerClone();
        }
        if (!isCloned) {
            world.open();
        }
        while (random.nextInt(4) == 0 && SimHistories.crashInRecovery(world)) {
            world.open();
        }
    }

    private void befall(int slot, SimDisk image) {
        if (!world.present[slot]) {
            if (random.nextBoolean()) {
                world.present[slot] = true;
                world.note(Fault.RETURNED, "disk" + slot);
            }
            return;
        }
        List<Fault> possible =
                new ArrayList<>(
                        List.of(Fault.ABSENT, Fault.ROLLED_BACK, Fault.TRUNCATED, Fault.BLANKED));
        possible.retainAll(ways);
        if (possible.isEmpty() || random.nextInt(3) != 0 || !world.happens()) {
            return;
        }
        Fault fault = possible.get(random.nextInt(possible.size()));
        world.note(fault, "disk" + slot);
        SimDisk disk = world.disks[slot];
        switch (fault) {
            case ABSENT -> world.present[slot] = false;
            case ROLLED_BACK -> {
                world.disks[slot] = image.image();
                world.disks[slot].faults = disk.faults;
            }
            case TRUNCATED -> disk.truncate(1 + random.nextInt(disk.pages() - 1));
            default -> {
                world.disks[slot] = disk.blank(disk.name() + "-blank");
                world.disks[slot].faults = disk.faults;
            }
        }
    }

    /// The same member twice is refused, and nothing is harmed by the attempt.
    private boolean offerClone() throws VolumeException {
        List<BlockFile> files = new ArrayList<>();
        for (int i = 0; i < world.disks.length; i++) {
            if (world.present[i]) {
                files.add(world.disks[i]);
            }
        }
        int victim = random.nextInt(world.disks.length);
        if (!world.present[victim] || suspects.contains(victim)) {
            return false;
        }
        world.note(Fault.CLONED, "disk" + victim);
        files.add(random.nextInt(files.size() + 1), world.disks[victim].image());
        try {
            world.open(files);
        } catch (VolumeException refused) {
            if (!refused.getMessage().contains("twice")) {
                throw refused;
            }
            return false;
        }
        throw new SimModel.Violation("the same member twice was accepted");
    }
}
