package io.quoin.volume.sim;

import io.quoin.volume.assembly.VolumeException;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;

/// Runs the production engine in simulated worlds, a history from a seed.
///
/// Same seed, same history, on any machine. Histories are independent of each other, so several threads
/// run some each; what a run counted does not depend on how many.
public final class Simulator {
    /// Layouts that a run goes through unless told otherwise.
    public static final List<SimSpec> LAYOUTS =
            List.of(
                    SimSpec.RAID0,
                    SimSpec.RAID1,
                    SimSpec.RAID1_3,
                    SimSpec.RAID5,
                    SimSpec.RAID5_4,
                    SimSpec.RAID6,
                    SimSpec.RAID10,
                    SimSpec.RS33,
                    SimSpec.RS52);

    /// What to run: for each seed every profile on every layout.
    ///
    /// @param firstSeed first seed
    /// @param seeds how many
    /// @param nanos for how long at most
    /// @param profiles what happens
    /// @param layouts the volumes
    /// @param threads how many threads
    /// @param keepsMarks whether it is counted where faults struck
    public record Plan(
            long firstSeed,
            long seeds,
            long nanos,
            List<Profile> profiles,
            List<SimSpec> layouts,
            int threads,
            boolean keepsMarks) {
        private Case at(long index) {
            long each = (long) profiles.size() * layouts.size();
            int within = (int) (index % each);
            return new Case(
                    firstSeed + index / each,
                    layouts.get(within % layouts.size()),
                    profiles.get(within / layouts.size()),
                    null);
        }

        private long size() {
            long each = (long) profiles.size() * layouts.size();
            return seeds > Long.MAX_VALUE / each ? Long.MAX_VALUE : seeds * each;
        }
    }

    /// One history.
    ///
    /// @param seed all that is drawn follows from it
    /// @param layout the volume
    /// @param profile what happens
    /// @param only the requests and faults that happen, by number; null: all
    public record Case(long seed, SimSpec layout, Profile profile, BitSet only) {
        /// {@return the options of `quoin simulate` that replay it}
        public String options() {
            StringBuilder text = new StringBuilder();
            text.append("--seed ").append(seed);
            text.append(" --seeds 1 --profile ").append(profile.name());
            text.append(" --layout ").append(layout);
            if (only != null) {
                text.append(" --only ").append(only.isEmpty() ? "none" : ranges());
            }
            return text.toString();
        }

        private String ranges() {
            StringBuilder text = new StringBuilder();
            for (int from = only.nextSetBit(0); from >= 0; ) {
                int to = only.nextClearBit(from) - 1;
                text.append(text.isEmpty() ? "" : ",").append(from);
                text.append(to > from ? "-" + to : "");
                from = only.nextSetBit(to + 1);
            }
            return text.toString();
        }
    }

    /// A history in which a promise was broken.
    ///
    /// @param history the history
    /// @param message the promise, expected and found
    /// @param events requests and faults in it
    /// @param log what happened, oldest first
    /// @param cause where it was noticed
    public record Failure(
            Case history, String message, int events, List<String> log, Throwable cause) {}

    /// What was done.
    ///
    /// @param tally counts, by profile and in all
    /// @param failure the first history found in which a promise was broken, or null
    /// @param nanos how long it took
    public record Report(SimReport tally, Failure failure, long nanos) {}

    private Simulator() {}

    /// Runs a plan to its end, or to the first failure.
    ///
    /// @param plan what to run
    /// @return what was done
    public static Report run(Plan plan) {
        long start = System.nanoTime();
        AtomicLong next = new AtomicLong();
        AtomicReference<Failure> failure = new AtomicReference<>();
        SimReport report = new SimReport();
        Thread[] threads = new Thread[plan.threads];
        for (int i = 0; i < threads.length; i++) {
            threads[i] = new Thread(() -> work(plan, start, next, failure, report), "sim-" + i);
            threads[i].start();
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                next.set(Long.MAX_VALUE / 2);
                Thread.currentThread().interrupt();
            }
        }
        return new Report(report, failure.get(), System.nanoTime() - start);
    }

    private static void work(
            Plan plan,
            long start,
            AtomicLong next,
            AtomicReference<Failure> failure,
            SimReport report) {
        while (failure.get() == null && System.nanoTime() - start < plan.nanos) {
            long index = next.getAndIncrement();
            if (index >= plan.size()) {
                return;
            }
            Case each = plan.at(index);
            SimTally tally = new SimTally();
            Failure found = play(each, tally, plan.keepsMarks);
            report.add(each.profile, tally);
            if (found != null) {
                failure.compareAndSet(null, found);
            }
        }
    }

    /// Plays one history.
    ///
    /// @param history which
    /// @param tally counts what is done
    /// @param keepsMarks whether it is counted where faults strike
    /// @return how a promise was broken, or null
    static Failure play(Case history, SimTally tally, boolean keepsMarks) {
        tally.runs = 1;
        SimWorld world =
                switch (history.profile) {
                    case EVERY_CRASH -> SimWorld.small(history.seed, history.layout, tally);
                    case EDGES -> SimWorld.tight(history.seed, history.layout, tally);
                    case RESHAPE -> SimWorld.reshaping(history.seed, history.layout, tally);
                    case GROWTH -> SimWorld.growing(history.seed, history.layout, tally);
                    case DRILLS -> SimWorld.drilled(history.seed, history.layout, tally);
                    case STALLS -> SimWorld.stalling(history.seed, history.layout, tally);
                    case COPIES ->
                            history.seed % 2 == 0
                                    ? new SimWorld(history.seed, history.layout, tally)
                                    : SimWorld.tight(history.seed, history.layout, tally);
                    case CRASHES, LOSSES, FAULTY, REPAIRS, STORM, BEYOND ->
                            new SimWorld(history.seed, history.layout, tally);
                };
        world.only = history.only;
        if (keepsMarks) {
            world.keepMarks();
        }
        try {
            SimHistories.run(world, history.profile);
            return null;
        } catch (RuntimeException | AssertionError | VolumeException e) {
            return new Failure(
                    history, String.valueOf(e.getMessage()), world.events(), world.log, e);
        } finally {
            world.discard();
        }
    }

    /// Plays one history.
    ///
    /// @param history which
    /// @return how a promise was broken, or null
    public static Failure replay(Case history) {
        return play(history, new SimTally(), false);
    }

    /// Looks for a shorter history that breaks a promise too: leaves out requests and faults, in smaller
    /// and smaller pieces.
    ///
    /// @param failure what was found
    /// @param nanos how long to look
    /// @return the shortest found
    public static Failure shrink(Failure failure, long nanos) {
        long start = System.nanoTime();
        Case whole = failure.history;
        BitSet kept = new BitSet();
        kept.set(0, failure.events);
        if (whole.only != null) {
            kept.and(whole.only);
        }
        Failure best = failure;
        for (int piece = Math.max(1, kept.cardinality() / 2); piece >= 1; piece /= 2) {
            boolean isShorter = true;
            while (isShorter && System.nanoTime() - start < nanos) {
                isShorter = false;
                for (int from = 0;
                        from < kept.cardinality() && System.nanoTime() - start < nanos; ) {
                    BitSet fewer = without(kept, from, piece);
                    Failure found =
                            play(
                                    new Case(whole.seed, whole.layout, whole.profile, fewer),
                                    new SimTally(),
                                    false);
                    if (found == null) {
                        from += piece;
                        continue;
                    }
                    fewer.clear(found.events, Math.max(found.events, fewer.length()));
                    kept = fewer;
                    best = found;
                    isShorter = true;
                }
            }
        }
        return best;
    }

    private static BitSet without(BitSet kept, int from, int count) {
        BitSet fewer = (BitSet) kept.clone();
        int index = 0;
        for (int bit = kept.nextSetBit(0); bit >= 0; bit = kept.nextSetBit(bit + 1)) {
            if (index >= from && index < from + count) {
                fewer.clear(bit);
            }
            index++;
        }
        return fewer;
    }
}
