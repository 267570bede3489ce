package io.quoin.volume.sim;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// What a block device with Quoin's promises may answer, sector by sector: slow and plain.
///
/// Every write has a number, and every sector it covers is filled with a pattern of that number and
/// the sector. Sectors are 512 bytes; a sector has at most one write in flight, so what it may hold is
/// the last acknowledged number or the one in flight; and only the latter once a read has returned it.
final class SimModel {
    static final int SECTOR = 512;

    /// A write on its way.
    static final class Write {
        final long number; // 0: zeros
        final long firstSector;
        final long sectors;
        boolean isAcknowledged;

        Write(long number, long firstSector, long sectors) {
            this.number = number;
            this.firstSector = firstSector;
            this.sectors = sectors;
        }
    }

    /// A violation of a promise.
    static final class Violation extends RuntimeException {
        private static final long serialVersionUID = 1;

        Violation(String message) {
            super(message);
        }
    }

    private long[] acknowledged;

    /// Whether somebody has seen the write that is in flight: it must be seen from then on.
    private boolean[] isSeen;

    private Write[] inFlight;
    private final List<Read> reads = new ArrayList<>();
    private long nextNumber = 1;

    SimModel(long sectors) {
        acknowledged = new long[(int) sectors];
        isSeen = new boolean[(int) sectors];
        inFlight = new Write[(int) sectors];
    }

    private SimModel(SimModel from) {
        acknowledged = from.acknowledged.clone();
        isSeen = from.isSeen.clone();
        inFlight = from.inFlight.clone();
        nextNumber = from.nextNumber;
    }

    SimModel copy() {
        return new SimModel(this);
    }

    /// There are more sectors, all of them zeros.
    void grow(long sectors) {
        acknowledged = Arrays.copyOf(acknowledged, (int) sectors);
        isSeen = Arrays.copyOf(isSeen, (int) sectors);
        inFlight = Arrays.copyOf(inFlight, (int) sectors);
    }

    long sectorCount() {
        return acknowledged.length;
    }

    boolean isFree(long first, long count) {
        for (long i = first; i < first + count; i++) {
            if (inFlight[(int) i] != null) {
                return false;
            }
        }
        return true;
    }

    Write begin(long first, long count, boolean isZero) {
        Write write = new Write(isZero ? 0 : nextNumber++, first, count);
        for (long i = first; i < first + count; i++) {
            inFlight[(int) i] = write;
        }
        return write;
    }

    void acknowledge(Write write) {
        write.isAcknowledged = true;
        for (long i = write.firstSector; i < write.firstSector + write.sectors; i++) {
            assert inFlight[(int) i] == write : "model: sector " + i;
            inFlight[(int) i] = null;
            acknowledged[(int) i] = write.number;
            isSeen[(int) i] = false;
            for (Read read : reads) {
                read.allow(i, write.number);
            }
        }
    }

    static void fill(MemorySegment memory, long at, long sector, long number) {
        if (number == 0) {
            memory.asSlice(at, SECTOR).fill((byte) 0);
            return;
        }
        long word = number * 0x9E3779B97F4A7C15L ^ sector;
        for (int i = 0; i < SECTOR; i += 8) {
            memory.set(
                    ValueLayout.JAVA_LONG_UNALIGNED,
                    at + i,
                    i == 0 ? number : i == 8 ? sector : word + i);
        }
    }

    /// The number whose pattern stands in memory; -1 when none does.
    static long numberAt(MemorySegment memory, long at, long sector) {
        long number = memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at);
        long word = number * 0x9E3779B97F4A7C15L ^ sector;
        for (int i = 0; i < SECTOR; i += 8) {
            long expected = number == 0 ? 0 : i == 0 ? number : i == 8 ? sector : word + i;
            if (memory.get(ValueLayout.JAVA_LONG_UNALIGNED, at + i) != expected) {
                return -1;
            }
        }
        return number;
    }

    /// A read under way: what each sector may turn out to hold.
    final class Read {
        final long first;
        final List<List<Long>> allowed = new ArrayList<>();

        Read(long first, long count) {
            this.first = first;
            for (long i = first; i < first + count; i++) {
                List<Long> list = new ArrayList<>();
                list.add(isSeen[(int) i] ? inFlight[(int) i].number : acknowledged[(int) i]);
                allowed.add(list);
            }
            reads.add(this);
        }

        private void allow(long sector, long number) {
            if (sector >= first && sector < first + allowed.size()) {
                allowed.get((int) (sector - first)).add(number);
            }
        }

        /// The read failed.
        void fail() {
            reads.remove(this);
        }

        /// The read is done.
        ///
        /// @param memory what it returned
        /// @param at where in the memory
        void end(MemorySegment memory, long at) {
            reads.remove(this);
            for (int i = 0; i < allowed.size(); i++) {
                long sector = first + i;
                List<Long> list = allowed.get(i);
                // Acknowledged or in flight since the read began: each is later than what stood
                // then.
                Write underWay = inFlight[(int) sector];
                if (underWay == null || !isSeen[(int) sector]) {
                    list.add(acknowledged[(int) sector]);
                }
                if (underWay != null) {
                    list.add(underWay.number);
                }
                long found = numberAt(memory, at + (long) i * SECTOR, sector);
                if (!list.contains(found)) {
                    throw new Violation(
                            "R1: sector "
                                    + sector
                                    + ": expected one of "
                                    + list
                                    + ", found "
                                    + found);
                }
                // Zeros do not say which write they are of.
                isSeen[(int) sector] |= underWay != null && found == underWay.number && found != 0;
            }
        }
    }

    Read beginRead(long first, long count) {
        return new Read(first, count);
    }

    /// After a crash, everything having been read back: each sector holds the last acknowledged or
    /// what was in flight, each request whole or not at all. What was found stands from now on.
    ///
    /// @param mayFail whether a sector may be unreadable (-2) instead
    void settle(long[] found, boolean mayFail) {
        reads.clear();
        List<Write> writes = new ArrayList<>();
        for (int sector = 0; sector < found.length; sector++) {
            Write write = inFlight[sector];
            boolean isOld = found[sector] == acknowledged[sector] && !isSeen[sector];
            boolean isNew = write != null && found[sector] == write.number;
            if (mayFail && found[sector] == -2) {
                continue;
            }
            if (!isOld && !isNew) {
                throw new Violation(
                        "I24: sector "
                                + sector
                                + ": expected "
                                + acknowledged[sector]
                                + (write == null ? "" : " or " + write.number)
                                + ", found "
                                + found[sector]);
            }
            if (write != null && !writes.contains(write)) {
                writes.add(write);
            }
        }
        for (Write write : writes) {
            int whole = 0;
            int absent = 0;
            for (long i = write.firstSector; i < write.firstSector + write.sectors; i++) {
                boolean isFailed = mayFail && found[(int) i] == -2;
                boolean isNew = isFailed || found[(int) i] == write.number;
                boolean isOld =
                        isFailed || found[(int) i] == acknowledged[(int) i] && !isSeen[(int) i];
                whole += isNew ? 1 : 0;
                absent += isOld ? 1 : 0;
            }
            if (whole != write.sectors && absent != write.sectors) {
                throw new Violation(
                        "I24: request "
                                + write.number
                                + " of "
                                + write.sectors
                                + " sectors at "
                                + write.firstSector
                                + ": expected whole or absent, found "
                                + whole
                                + " new");
            }
            decide(write, found);
        }
        for (int sector = 0; sector < found.length; sector++) {
            if (found[sector] == -2) {
                continue;
            }
            acknowledged[sector] = found[sector];
            inFlight[sector] = null;
            isSeen[sector] = false;
        }
    }

    /// What was seen of a request in flight says what its unreadable sectors must be.
    private void decide(Write write, long[] found) {
        boolean isWhole = false;
        boolean isAbsent = false;
        for (long i = write.firstSector; i < write.firstSector + write.sectors; i++) {
            long was = acknowledged[(int) i];
            isWhole |= found[(int) i] == write.number && was != write.number;
            isAbsent |= found[(int) i] == was && was != write.number;
        }
        for (long i = write.firstSector; i < write.firstSector + write.sectors; i++) {
            if (found[(int) i] == -2 && inFlight[(int) i] == write && (isWhole || isAbsent)) {
                acknowledged[(int) i] = isWhole ? write.number : acknowledged[(int) i];
                inFlight[(int) i] = null;
                isSeen[(int) i] = false;
            }
        }
    }
}
