package io.quoin.volume.sim;

/// What a simulation did, summed over runs.
final class SimTally {
    long runs;
    long operations;
    long crashes;
    long recoveries;
    long acknowledged;
    long reads;
    long lostWrites;
    long misdirected;
    long writeErrors;
    long flushErrors;
    long readErrors;
    long bitFlips;
    long membersLost;
    long intents;
    long rebuilds;
    long scrubs;
    long refusals;

    void add(SimTally other) {
        runs += other.runs;
        operations += other.operations;
        crashes += other.crashes;
        recoveries += other.recoveries;
        acknowledged += other.acknowledged;
        reads += other.reads;
        lostWrites += other.lostWrites;
        misdirected += other.misdirected;
        writeErrors += other.writeErrors;
        flushErrors += other.flushErrors;
        readErrors += other.readErrors;
        bitFlips += other.bitFlips;
        membersLost += other.membersLost;
        intents += other.intents;
        rebuilds += other.rebuilds;
        scrubs += other.scrubs;
        refusals += other.refusals;
    }

    @Override
    public String toString() {
        return runs
                + " runs, "
                + operations
                + " I/Os, "
                + crashes
                + " crashes, "
                + recoveries
                + " recoveries, "
                + acknowledged
                + " writes acknowledged, "
                + reads
                + " reads; faults: "
                + membersLost
                + " members lost, "
                + lostWrites
                + " lost writes, "
                + misdirected
                + " misdirected, "
                + writeErrors
                + " write errors, "
                + flushErrors
                + " flush errors, "
                + readErrors
                + " unreadable, "
                + bitFlips
                + " bit flips; "
                + rebuilds
                + " rebuilds, "
                + scrubs
                + " scrubs, "
                + refusals
                + " refusals";
    }
}
