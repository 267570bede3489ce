package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.MemberLayout;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// What a world goes through, by profile.
final class SimHistories {
    static final Set<Fault> MISHAPS =
            EnumSet.of(Fault.ABSENT, Fault.ROLLED_BACK, Fault.TRUNCATED, Fault.BLANKED);

    private SimHistories() {}

    /// Runs one history.
    ///
    /// @throws VolumeException when the volume refuses to open although it should not
    static void run(SimWorld world, Profile profile) throws VolumeException {
        switch (profile) {
            case CRASHES -> crashes(world, false);
            case LOSSES -> crashes(world, true);
            case FAULTY -> {
                makeFaulty(world);
                crashes(world, false);
            }
            case REPAIRS -> repairs(world);
            case STORM -> SimStorm.run(world);
            case BEYOND -> beyond(world);
            case EVERY_CRASH -> everyCrash(world);
            case EDGES -> SimEdges.run(world);
            case DRILLS -> SimDrills.run(world);
            case COPIES -> SimCopies.run(world);
            case STALLS -> SimStalls.run(world);
            case GROWTH -> SimGrowth.run(world);
            case RESHAPE -> SimReshape.run(world);
        }
    }

    static void makeFaulty(SimWorld world) {
        SplittableRandom random = world.random;
        int count = world.tolerance() == 0 ? 0 : 1 + random.nextInt(world.tolerance());
        for (int i = 0; i < count; i++) {
            int disk = random.nextInt(world.disks.length);
            world.suspects.add(disk);
            world.disks[disk].faults = world.newFaults(disk);
            SimFaults.draw(
                    world.disks[disk].faults,
                    random,
                    List.of(
                            Fault.LOST_WRITE,
                            Fault.MISDIRECTED_WRITE,
                            Fault.FLIP_ON_WRITE,
                            Fault.WRITE_ERROR,
                            Fault.SHORT_WRITE,
                            Fault.NO_SPACE,
                            Fault.FLUSH_ERROR,
                            Fault.STUCK,
                            Fault.STUCK_THEN_LATE,
                            Fault.VANISHED,
                            Fault.MISDIRECTED_READ,
                            Fault.FLIP_ON_READ,
                            Fault.UNREADABLE,
                            Fault.FLIP_AT_REST));
        }
    }

    private static void crashes(SimWorld world, boolean withLosses) throws VolumeException {
        SplittableRandom random = world.random;
        int most = withLosses ? world.tolerance() : 0;
        int suspects = most == 0 ? 0 : 1 + random.nextInt(most);
        SimMishaps mishaps = new SimMishaps(world, SimMishaps.draw(world, suspects));
        int lives = 1 + random.nextInt(4);
        for (int life = 0; life < lives; life++) {
            if (withLosses && random.nextInt(4) == 0) {
                mishaps.offerClone();
            }
            world.open();
            if (random.nextInt(4) == 0 && crashInRecovery(world)) {
                mishaps.befall(MISHAPS);
                world.open();
            }
            world.recover();
            if (life > 0 || random.nextBoolean()) {
                world.verify();
            }
            int steps = random.nextInt(600);
            work(world, steps / 2);
            if (random.nextInt(3) == 0) {
                mishaps.takeImages();
            }
            if (random.nextInt(4) == 0) {
                mishaps.drop();
            }
            work(world, steps / 2);
            if (random.nextInt(4) == 0) {
                world.settle();
            }
            world.crash();
            mishaps.befall(MISHAPS);
        }
        world.open();
        world.recover();
        world.verify();
        world.settle();
        world.verify();
        restart(world);
    }

    /// Stops in order; what was there is there when it is opened again.
    static void restart(SimWorld world) throws VolumeException {
        world.stop();
        world.open();
        world.recover();
        world.verify();
        world.stop();
    }

    /// A crash in recovery, at any of its operations.
    ///
    /// @return whether it came to that
    static boolean crashInRecovery(SimWorld world) {
        int steps = world.random.nextInt(60);
        for (int i = 0; i < steps; i++) {
            world.step(4);
        }
        if (!world.isRecovering()) {
            return false;
        }
        world.crash();
        return true;
    }

    /// The client works, and nothing else happens.
    static void work(SimWorld world, int steps) {
        for (int i = 0; i < steps; i++) {
            if (world.random.nextInt(4) == 0) {
                world.client.ask();
            }
            world.step(12);
        }
    }

    private static void repairs(SimWorld world) throws VolumeException {
        SplittableRandom random = world.random;
        SimOperator operator = new SimOperator(world);
        int tolerance = world.tolerance();
        world.open();
        world.recover();
        int rounds = 1 + random.nextInt(3);
        for (int round = 0; round < rounds; round++) {
            work(world, random.nextInt(300));
            boolean isLoss = tolerance > 0 && random.nextBoolean();
            if (isLoss) {
                world.crash();
                operator.lose(tolerance);
                world.open();
                world.recover();
                world.verify();
                work(world, random.nextInt(200));
                while (operator.replace()) {
                    crashWhileJobsRun(world);
                    operator.finishJobs();
                }
                if (operator.isOptimal()) {
                    world.proveRedundancy();
                } else {
                    throw new SimModel.Violation("not optimal after rebuilding every slot");
                }
            } else if (tolerance > 0) {
                world.settle();
                operator.rot(random.nextInt(world.disks.length), 1 + random.nextInt(6));
                if (random.nextBoolean()) {
                    world.crash();
                    world.open();
                    world.recover();
                }
            }
            world.engine().startScrub(JobOrigin.SCHEDULE);
            world.tally.scrubs++;
            crashWhileJobsRun(world);
            operator.finishJobs();
            world.verify();
            operator.checkScrub();
            world.proveRedundancy();
        }
        world.settle();
        restart(world);
    }

    private static void crashWhileJobsRun(SimWorld world) throws VolumeException {
        work(world, world.random.nextInt(200));
        if (world.random.nextInt(3) == 0) {
            world.crash();
            world.open();
            world.recover();
        }
    }

    private static void beyond(SimWorld world) throws VolumeException {
        SplittableRandom random = world.random;
        SimOperator operator = new SimOperator(world);
        world.isBeyond = true;
        for (int i = 0; i < world.disks.length; i++) {
            // The last batch damaged on every copy cannot be told from one that was never
            // acknowledged,
            // by anybody; rotJournal damages others.
            world.disks[i].faults = world.newFaults(i).sparing(Zone.JOURNAL);
            SimFaults.draw(
                    world.disks[i].faults,
                    random,
                    List.of(
                            Fault.WRITE_ERROR,
                            Fault.FLUSH_ERROR,
                            Fault.UNREADABLE,
                            Fault.FLIP_AT_REST,
                            Fault.FLIP_ON_READ,
                            Fault.NO_SPACE,
                            Fault.SHORT_WRITE,
                            Fault.SLOW));
        }
        int lives = 1 + random.nextInt(4);
        try {
            for (int life = 0; life < lives; life++) {
                world.open();
                world.recover();
                world.verify();
                work(world, random.nextInt(500));
                world.crash();
                if (random.nextInt(3) == 0) {
                    rotJournal(world);
                }
                operator.loseAndFind();
            }
            world.open();
            world.recover();
            world.verify();
        } catch (VolumeException refused) {
            // Beyond tolerance a volume may refuse; that is the right answer to too many faults.
            world.tally.refusals++;
        }
    }

    /// Damages every copy of a batch that is not among the last: the journal has a hole that no copy
    /// mends.
    private static void rotJournal(SimWorld world) {
        TreeMap<Long, List<Runnable>> batches = new TreeMap<>();
        MemberLayout layout = world.superblock.layout();
        for (SimDisk disk : world.disks) {
            for (long at = layout.journalOffset(); at < layout.zonesOffset(); at += SimDisk.PAGE) {
                MemorySegment page = MemorySegment.ofArray(disk.pageAt(at));
                long number = Batch.numberIfHeader(page, 0);
                if (number >= 0) {
                    long place = at + 64 + world.random.nextInt(64);
                    batches.computeIfAbsent(number, n -> new ArrayList<>())
                            .add(() -> disk.flip(place, 3));
                }
            }
        }
        if (batches.size() > 4) {
            List<Long> numbers = new ArrayList<>(batches.keySet());
            int most = numbers.size() - 3;
            long victim = numbers.get(most - world.random.nextInt(most));
            batches.get(victim).forEach(Runnable::run);
            world.note(Fault.FLIP_AT_REST, "batch " + victim + " on every copy");
        }
    }

    private static void everyCrash(SimWorld world) throws VolumeException {
        SplittableRandom random = world.random;
        int lives = 1 + random.nextInt(2);
        for (int life = 0; life < lives; life++) {
            world.open();
            int clients = 1 + random.nextInt(4);
            for (int i = 0; i < 400 && (clients > 0 || !world.traffic.isIdle()); i++) {
                if (clients > 0
                        && world.engine().phase() == Engine.Phase.SERVING
                        && random.nextInt(3) == 0) {
                    world.client.ask();
                    clients--;
                }
                long before = world.tally.operations;
                world.step(12);
                if (world.tally.operations > before) {
                    crashAndLookAt(world, world.tolerance());
                }
            }
            world.crash();
        }
    }

    /// Looks at an image of the world after a power cut that may take up to `most` members along.
    static void crashAndLookAt(SimWorld world, int most) throws VolumeException {
        SimWorld image = world.fork(world.random.nextLong());
        try {
            if (most > 0 && world.random.nextBoolean()) {
                new SimOperator(image).lose(most);
            }
            image.open();
            image.recover();
            image.verify();
        } catch (RuntimeException | AssertionError e) {
            world.log.addAll(image.log);
            throw e;
        } finally {
            image.discard();
        }
    }
}
