package io.quoin.volume.sim;

import io.quoin.volume.assembly.VolumeException;
import java.util.SplittableRandom;

/// Runs histories of a kind over many seeds; a failing one names its seed and what was going on.
final class SimHistories {
    /// What a history goes through.
    enum Kind {
        /// Crashes at any operation, also in recovery.
        CRASHES,
        /// Crashes, and up to m members lost at one.
        CRASHES_AND_LOSSES,
        /// Up to m members with faults of all kinds.
        FAULTY_MEMBERS,
        /// Members lost and rebuilt, rot and scrubs, with crashes in between.
        REPAIRS,
        /// More faults than the volume promises to bear: errors are allowed, wrong bytes are not.
        BEYOND,
        /// Short histories with a crash at every single operation, each together with the loss of up to
        /// m members.
        EVERY_CRASH
    }

    private SimHistories() {}

    static SimTally run(SimSpec spec, Kind kind) {
        SimTally total = new SimTally();
        long one = Long.getLong("quoin.seed", -1);
        long from = Long.getLong("quoin.firstSeed", 0);
        long count = one >= 0 ? 1 : Long.getLong("quoin.seeds", 60);
        count = one < 0 && kind == Kind.EVERY_CRASH ? Math.max(1, count / 10) : count;
        for (long i = 0; i < count; i++) {
            long seed = one >= 0 ? one : from + i;
            total.add(runOne(seed, spec, kind));
        }
        return total;
    }

    static SimTally runOne(long seed, SimSpec spec, Kind kind) {
        SimTally tally = new SimTally();
        tally.runs = 1;
        SimRun run =
                kind == Kind.EVERY_CRASH
                        ? SimRun.small(seed, spec, tally)
                        : new SimRun(seed, spec, tally);
        try {
            history(run, kind);
        } catch (RuntimeException | AssertionError | VolumeException e) {
            int size = run.log().size();
            String tail = String.join("\n  ", run.log().subList(Math.max(0, size - 30), size));
            throw new AssertionError(
                    spec
                            + " "
                            + kind
                            + ": seed "
                            + seed
                            + " fails; replay with -Dquoin.seed="
                            + seed
                            + "\n"
                            + e
                            + "\n  "
                            + tail,
                    e);
        }
        return tally;
    }

    private static void repairs(SimRun run) throws VolumeException {
        SplittableRandom random = run.random();
        int tolerance = run.superblock.geometry().parityCount();
        run.open();
        run.recover();
        int rounds = 1 + random.nextInt(3);
        for (int round = 0; round < rounds; round++) {
            work(run, random.nextInt(300));
            boolean isLoss = tolerance > 0 && random.nextBoolean();
            if (isLoss) {
                run.crash();
                run.lose(tolerance);
                run.open();
                run.recover();
                run.verify();
                work(run, random.nextInt(200));
                while (run.replace()) {
                    crashWhileJobsRun(run);
                    run.finishJobs();
                }
                if (!run.isOptimal()) {
                    throw new SimModel.Violation("not optimal after rebuilding every slot");
                }
            } else if (tolerance > 0) {
                run.settle();
                run.rot(random.nextInt(run.disks.length), 1 + random.nextInt(6));
                if (random.nextBoolean()) {
                    run.crash();
                    run.open();
                    run.recover();
                }
            }
            run.engine().startScrub();
            run.tally.scrubs++;
            crashWhileJobsRun(run);
            run.finishJobs();
            run.verify();
            run.checkScrub();
        }
        run.settle();
        run.stop();
        run.open();
        run.recover();
        run.verify();
        run.stop();
    }

    private static void beyond(SimRun run) throws VolumeException {
        SplittableRandom random = run.random();
        run.isBeyond = true;
        for (SimDisk disk : run.disks) {
            disk.faults =
                    new SimFaults(
                            0,
                            0,
                            random.nextInt(3) == 0 ? 0.004 * random.nextDouble() : 0,
                            random.nextInt(3) == 0 ? 0.004 * random.nextDouble() : 0,
                            random.nextInt(3) == 0 ? 0.01 * random.nextDouble() : 0,
                            random.nextInt(3) == 0 ? 0.01 * random.nextDouble() : 0);
        }
        int lives = 1 + random.nextInt(4);
        try {
            for (int life = 0; life < lives; life++) {
                run.open();
                run.recover();
                run.verify();
                work(run, random.nextInt(500));
                run.crash();
                if (random.nextInt(3) == 0) {
                    run.rotJournal();
                }
                run.loseAndFind();
            }
            run.open();
            run.recover();
            run.verify();
        } catch (VolumeException refused) {
            // Beyond tolerance a volume may refuse; that is the right answer to too many faults.
            run.tally.refusals++;
        }
    }

    private static void everyCrash(SimRun run) throws VolumeException {
        SplittableRandom random = run.random();
        int tolerance = run.superblock.geometry().parityCount();
        int lives = 1 + random.nextInt(2);
        for (int life = 0; life < lives; life++) {
            run.open();
            int clients = 1 + random.nextInt(4);
            for (int i = 0; i < 400 && (clients > 0 || run.pendingCount() > 0); i++) {
                if (clients > 0
                        && run.engine().phase() == io.quoin.volume.Engine.Phase.SERVING
                        && random.nextInt(3) == 0) {
                    run.client();
                    clients--;
                }
                long before = run.tally.operations;
                run.step(12);
                if (run.tally.operations > before) {
                    SimRun image = run.fork(random.nextLong());
                    try {
                        if (tolerance > 0 && random.nextBoolean()) {
                            image.lose(tolerance);
                        }
                        image.open();
                        image.recover();
                        image.verify();
                    } catch (RuntimeException | AssertionError e) {
                        run.log().addAll(image.log());
                        throw e;
                    } finally {
                        image.discard();
                    }
                }
            }
            run.crash();
        }
    }

    private static void crashWhileJobsRun(SimRun run) throws VolumeException {
        SplittableRandom random = run.random();
        work(run, random.nextInt(200));
        if (random.nextInt(3) == 0) {
            run.crash();
            run.open();
            run.recover();
        }
    }

    private static void work(SimRun run, int steps) {
        for (int i = 0; i < steps; i++) {
            if (run.random().nextInt(4) == 0) {
                run.client();
            }
            run.step(12);
        }
    }

    private static void history(SimRun run, Kind kind) throws VolumeException {
        if (kind == Kind.REPAIRS) {
            repairs(run);
            return;
        }
        if (kind == Kind.BEYOND) {
            beyond(run);
            return;
        }
        if (kind == Kind.EVERY_CRASH) {
            everyCrash(run);
            return;
        }
        SplittableRandom random = run.random();
        int tolerance = run.superblock.geometry().parityCount();
        if (kind == Kind.FAULTY_MEMBERS) {
            int count = tolerance == 0 ? 0 : 1 + random.nextInt(tolerance);
            for (int i = 0; i < count; i++) {
                run.disks[random.nextInt(run.disks.length)].faults = faults(random);
            }
        }
        int lives = 1 + random.nextInt(4);
        for (int life = 0; life < lives; life++) {
            run.open();
            if (random.nextInt(4) == 0) {
                // A crash in recovery, at any of its operations.
                int steps = random.nextInt(60);
                for (int i = 0; i < steps; i++) {
                    run.step(4);
                }
                if (run.engine().phase() == io.quoin.volume.Engine.Phase.RECOVERING) {
                    run.crash();
                    if (kind == Kind.CRASHES_AND_LOSSES && random.nextInt(4) == 0) {
                        run.lose(tolerance);
                    }
                    run.open();
                }
            }
            run.recover();
            if (life > 0 || random.nextBoolean()) {
                run.verify();
            }
            work(run, random.nextInt(600));
            if (random.nextInt(4) == 0) {
                run.settle();
            }
            run.crash();
            if (kind == Kind.CRASHES_AND_LOSSES && random.nextBoolean()) {
                run.lose(tolerance);
            }
        }
        run.open();
        run.recover();
        run.verify();
        run.settle();
        run.verify();
        run.stop();
        run.open();
        run.recover();
        run.verify();
        run.stop();
    }

    private static SimFaults faults(SplittableRandom random) {
        double[] p = new double[6];
        for (int i = 0; i < p.length; i++) {
            double rate = i == 2 || i == 3 ? 0.002 : 0.02;
            p[i] = random.nextBoolean() ? rate * random.nextDouble() : 0;
        }
        return new SimFaults(p[0], p[1], p[2], p[3], p[4], p[5]);
    }
}
