package io.quoin.volume.sim;

import io.quoin.volume.member.Io;
import io.quoin.volume.member.IoResult;
import java.util.SplittableRandom;

/// What goes wrong on one disk, with what probability an operation.
record SimFaults(
        double lostWrite,
        double misdirectedWrite,
        double writeError,
        double flushError,
        double readError,
        double bitFlip) {
    static final SimFaults NONE = new SimFaults(0, 0, 0, 0, 0, 0);

    /// Carries an operation out, perhaps wrongly.
    static void run(Io io, SimDisk disk, SplittableRandom random, SimTally tally) {
        SimFaults faults = disk.faults;
        if (faults == null) {
            io.runOn(disk);
            return;
        }
        switch (io.kind) {
            case READ -> {
                if (random.nextDouble() < faults.bitFlip) {
                    long at = io.offsetBytes + random.nextInt(io.lengthBytes);
                    disk.flip(at, random.nextInt(8));
                    tally.bitFlips++;
                }
                if (random.nextDouble() < faults.readError) {
                    disk.spoil(io.offsetBytes);
                    tally.readErrors++;
                }
                io.runOn(disk);
            }
            case WRITE, WRITE_DURABLE -> {
                if (random.nextDouble() < faults.writeError) {
                    io.result = IoResult.ERROR;
                    tally.writeErrors++;
                } else if (random.nextDouble() < faults.lostWrite) {
                    io.result = IoResult.OK;
                    tally.lostWrites++;
                } else if (random.nextDouble() < faults.misdirectedWrite) {
                    long pages = disk.lengthBytes() / SimDisk.PAGE;
                    long room = pages - io.lengthBytes / SimDisk.PAGE;
                    long elsewhere = random.nextLong(room) * SimDisk.PAGE;
                    io.result =
                            disk.write(
                                    io.segment,
                                    io.segmentOffset,
                                    io.lengthBytes,
                                    elsewhere,
                                    io.kind == Io.Kind.WRITE_DURABLE);
                    tally.misdirected++;
                } else {
                    io.runOn(disk);
                }
            }
            case FLUSH -> {
                if (random.nextDouble() < faults.flushError) {
                    io.result = IoResult.ERROR;
                    tally.flushErrors++;
                } else {
                    io.runOn(disk);
                }
            }
        }
    }
}
