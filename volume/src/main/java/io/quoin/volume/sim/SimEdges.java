package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.intake.Request;
import java.util.List;
import java.util.SplittableRandom;

/// Little at a time, and the power goes while it is on its way: bursts of a few requests, many of them
/// to the same few blocks, quiet in between, an operator with a restless hand; lives that end while a
/// drawn part of the members is being written, so often in recovery, in its first batch, in a checkpoint, in
/// a destage round, many in a row.
///
/// | kind of history | members |
/// |---|---|
/// | spared | none is harmed; at power cuts an image of the world loses any m of them |
/// | suspected | up to m are away, come back, are rolled back, truncated, blanked while the volume is down |
/// | beyond | any may be away at any start, and back at the next |
final class SimEdges {
    private static final int MOST_STEPS = 600;
    private static final int MANY = 12;
    private static final long QUIET_NANOS = 3_000_000;

    private enum Kind {
        SPARED,
        SUSPECTED,
        BEYOND
    }

    private final SimWorld world;
    private final SplittableRandom random;
    private final SimOperator operator;
    private final Kind kind;
    private final SimMishaps mishaps;

    /// Blocks that are asked for again and again.
    private final long[] places;

    private final boolean hasOperator;

    // When the life ends: so many steps after this zone, or a flush when null, is written for the
    // n-th time.
    private Zone zone;
    private int occasions;
    private int stepsLeft;
    private boolean wasWriting;

    private SimEdges(SimWorld world) {
        this.world = world;
        random = world.random;
        operator = new SimOperator(world);
        kind = Kind.values()[random.nextInt(3)];
        world.isBeyond = kind == Kind.BEYOND;
        int most = kind == Kind.SUSPECTED ? world.tolerance() : 0;
        int suspects = most == 0 ? 0 : 1 + random.nextInt(most);
        mishaps = new SimMishaps(world, SimMishaps.draw(world, suspects));
        hasOperator = random.nextBoolean();
        places = new long[1 + random.nextInt(12)];
        for (int i = 0; i < places.length; i++) {
            places[i] = random.nextLong(world.model.sectorCount() / 8);
        }
        double slow = random.nextDouble() * 0.2;
        if (random.nextBoolean()) {
            for (int disk = 0; disk < world.disks.length; disk++) {
                world.disks[disk].faults = world.newFaults(disk).with(Fault.SLOW, slow);
            }
        }
    }

    static void run(SimWorld world) throws VolumeException {
        new SimEdges(world).run();
    }

    private void run() throws VolumeException {
        int lives = 2 + random.nextInt(kind == Kind.BEYOND ? 12 : 8);
        for (int life = 0; life < lives; life++) {
            if (random.nextInt(3) == 0) {
                flicker();
            }
            if (!open()) {
                continue;
            }
            live();
            if (random.nextBoolean()) {
                lookAtImage();
            }
            world.crash();
            goDown();
        }
        if (!open()) {
            return;
        }
        world.recover();
        world.verify();
        if (kind == Kind.BEYOND) {
            return;
        }
        settle();
        world.verify();
        lookAtImage();
        SimHistories.restart(world);
    }

    /// The power comes and goes, at any moment or as the first batch is written.
    private void flicker() throws VolumeException {
        int times = (1 + random.nextInt(4)) * (random.nextInt(16) == 0 ? MANY : 1);
        int most = 16 << random.nextInt(3);
        boolean isAimed = random.nextInt(3) == 0;
        for (int i = 0; i < times; i++) {
            if (!open()) {
                return;
            }
            int steps = random.nextInt(most);
            for (int step = 0; step < steps; step++) {
                world.step(4);
                if (isAimed && world.traffic.isWriting(Zone.JOURNAL)) {
                    steps = Math.min(steps, step + random.nextInt(4));
                }
            }
            world.crash();
            if (random.nextBoolean()) {
                goDown();
            }
        }
    }

    /// Opens the volume; beyond what it promises to bear it may refuse, and others are tried.
    ///
    /// @return whether it is open
    private boolean open() throws VolumeException {
        try {
            world.open();
            return true;
        } catch (VolumeException refused) {
            if (kind != Kind.BEYOND) {
                throw refused;
            }
            world.tally.refusals++;
            goDown();
            return false;
        }
    }

    /// What becomes of members while the volume is down.
    private void goDown() {
        switch (kind) {
            case SPARED -> {}
            case SUSPECTED -> {
                if (random.nextBoolean()) {
                    mishaps.befall(SimHistories.MISHAPS);
                }
            }
            case BEYOND -> {
                if (random.nextBoolean()) {
                    operator.findSome();
                }
            }
        }
    }

    private void live() throws VolumeException {
        drawEnd();
        if (random.nextBoolean()) {
            while (world.engine().phase() == Engine.Phase.RECOVERING) {
                if (!step()) {
                    return;
                }
            }
            if (random.nextInt(4) == 0) {
                world.verify();
            }
        }
        int bursts = random.nextInt(5);
        for (int i = 0; i < bursts; i++) {
            if (random.nextInt(3) == 0 ? !hammer() : !burst()) {
                return;
            }
            if (!(random.nextBoolean() ? quiet() : steps(random.nextInt(60)))) {
                return;
            }
        }
        quiet();
    }

    private void drawEnd() {
        Zone[] zones = {Zone.SUPERBLOCK, Zone.JOURNAL, Zone.INFO, Zone.DATA, null};
        zone = zones[random.nextInt(zones.length)];
        occasions = 1 + random.nextInt(1 + random.nextInt(5));
        stepsLeft = MOST_STEPS;
        wasWriting = false;
    }

    /// A step, unless the power is gone.
    ///
    /// @return whether it is there still
    private boolean step() throws VolumeException {
        if (stepsLeft <= 0) {
            return false;
        }
        stepsLeft--;
        meddle(50);
        world.step(12);
        boolean isWriting = world.traffic.isWriting(zone);
        if (isWriting && !wasWriting && --occasions == 0) {
            stepsLeft = random.nextInt(12);
        }
        wasWriting = isWriting;
        if (occasions <= 0 && random.nextInt(6) == 0) {
            lookAtImage();
        }
        return true;
    }

    /// With all members in sync any of them may go with the power.
    private void lookAtImage() throws VolumeException {
        if (kind == Kind.SPARED) {
            world.proveRedundancy();
        }
    }

    private void meddle(int seldom) {
        if (hasOperator && kind != Kind.BEYOND && random.nextInt(seldom) == 0 && world.happens()) {
            operator.act();
        }
    }

    private boolean steps(int count) throws VolumeException {
        for (int i = 0; i < count; i++) {
            if (!step()) {
                return false;
            }
        }
        return true;
    }

    /// Steps until everything is home and nothing happens any more.
    private boolean quiet() throws VolumeException {
        for (int idle = 0; idle < 3; ) {
            long before = world.tally.operations;
            if (!step()) {
                return false;
            }
            if (world.traffic.isIdle() && world.tally.operations == before) {
                idle++;
                world.idle(QUIET_NANOS);
            }
        }
        return true;
    }

    private void settle() {
        world.settle();
        world.idle(QUIET_NANOS);
        world.settle();
    }

    /// The same few blocks again and again, a large request now and then, the operator's hand on a job.
    ///
    /// @return whether the power is there still
    private boolean hammer() throws VolumeException {
        int steps = 20 + random.nextInt(150);
        for (int i = 0; i < steps; i++) {
            if (random.nextInt(3) == 0) {
                long place = places[random.nextInt(places.length)];
                world.client.ask(Request.Op.WRITE, place, 1);
            }
            if (random.nextInt(40) == 0) {
                askMuch();
            }
            meddle(12);
            if (!step()) {
                return false;
            }
        }
        return true;
    }

    private void askMuch() {
        long blocks = 10 + random.nextInt(31);
        long last = world.model.sectorCount() / 8 - blocks;
        world.client.ask(Request.Op.WRITE, random.nextLong(last), blocks);
    }

    private boolean burst() {
        int how = random.nextInt(5);
        int count = 1 + random.nextInt(how == 2 ? 8 : 4);
        for (int i = 0; i < count; i++) {
            long place = places[random.nextInt(places.length)];
            switch (how) {
                case 0 -> world.client.ask(Request.Op.WRITE, place, 1);
                case 1 -> world.client.ask(Request.Op.TRIM, place, 1 + random.nextInt(2));
                case 2 -> askMuch();
                case 3 -> {
                    List<Request.Op> ops =
                            List.of(Request.Op.WRITE, Request.Op.WRITE, Request.Op.TRIM);
                    Request.Op op = ops.get(random.nextInt(ops.size()));
                    long near =
                            Math.min(place + random.nextInt(4), world.model.sectorCount() / 8 - 1);
                    world.client.ask(op, near, 1 + random.nextInt(3));
                }
                default -> world.client.ask();
            }
        }
        return true;
    }
}
