package io.quoin.volume.sim;

import java.util.Map;
import java.util.TreeMap;

/// What a simulation did, summed over runs.
final class SimTally {
    long runs;
    long operations;
    long crashes;
    long recoveries;
    long acknowledged;
    long reads;
    long rebuilds;
    long copies;
    long scrubs;
    long drills;

    /// Journal batches that were written again, since a copy was late.
    long detours;

    /// Rows that were checked because damage was found near them.
    long near;

    /// Times that a volume grew.
    long growths;

    long reshapes;

    long refusals;
    long heals;

    /// Simulated time; of many histories together it is more than 64 bits of nanoseconds hold.
    double seconds;

    long trace;
    final long[] faults = new long[Fault.values().length];

    /// Where each fault struck: kind of operation, zone, state of the volume.
    final Map<String, Long> marks = new TreeMap<>();

    void add(SimTally other) {
        runs += other.runs;
        operations += other.operations;
        crashes += other.crashes;
        recoveries += other.recoveries;
        acknowledged += other.acknowledged;
        reads += other.reads;
        rebuilds += other.rebuilds;
        copies += other.copies;
        scrubs += other.scrubs;
        drills += other.drills;
        detours += other.detours;
        near += other.near;
        growths += other.growths;
        reshapes += other.reshapes;
        refusals += other.refusals;
        heals += other.heals;
        seconds += other.seconds;
        trace += other.trace; // whatever the order
        for (int i = 0; i < faults.length; i++) {
            faults[i] += other.faults[i];
        }
        other.marks.forEach((mark, count) -> marks.merge(mark, count, Long::sum));
    }

    void fault(Fault fault) {
        faults[fault.ordinal()]++;
    }

    long count(Fault fault) {
        return faults[fault.ordinal()];
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        text.append(runs).append(" runs, ");
        text.append(operations).append(" I/Os, ");
        text.append(crashes).append(" crashes, ");
        text.append(recoveries).append(" recoveries, ");
        text.append(acknowledged).append(" writes acknowledged, ");
        text.append(reads).append(" reads, ");
        text.append(rebuilds).append(" rebuilds, ");
        text.append(copies).append(" copies, ");
        text.append(scrubs).append(" scrubs, ");
        text.append(drills).append(" drills, ");
        text.append(detours).append(" detours, ");
        text.append(near).append(" rows near damage, ");
        text.append(growths).append(" growths, ");
        text.append(reshapes).append(" reshapes, ");
        text.append(heals).append(" heals, ");
        text.append(refusals).append(" refusals; ");
        text.append(String.format("%.2f", seconds / 86_400 / 365.25));
        text.append(" years; trace ").append(String.format("%016x", trace));
        return text.toString();
    }
}
