package io.quoin.volume.sim;

import io.quoin.volume.format.Guard;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.member.IoResult;
import java.util.EnumMap;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.BiPredicate;

/// What goes wrong on one disk, and how likely with each operation.
final class SimFaults {
    private final Map<Fault, Double> rates = new EnumMap<>(Fault.class);
    private final SplittableRandom random;
    private final MemberLayout layout;
    private final Guard guard;
    private final BiPredicate<Fault, String> strikes;
    private Zone spared;
    private int fullFor;
    private boolean isGone;

    /// Faults of a disk.
    ///
    /// @param random draws them
    /// @param layout where things lie on it
    /// @param guard what protects its blocks
    /// @param strikes told of each fault with the operation and zone it is to strike, says whether it does
    SimFaults(
            SplittableRandom random,
            MemberLayout layout,
            Guard guard,
            BiPredicate<Fault, String> strikes) {
        this.random = random;
        this.layout = layout;
        this.guard = guard;
        this.strikes = strikes;
    }

    /// Sets how likely a fault is with each operation that it can strike.
    SimFaults with(Fault fault, double rate) {
        rates.put(fault, rate);
        return this;
    }

    /// Spares a zone.
    SimFaults sparing(Zone zone) {
        spared = zone;
        return this;
    }

    /// Draws a subset of faults, each up to a largest rate.
    static void draw(SimFaults faults, SplittableRandom how, Iterable<Fault> among) {
        for (Fault fault : among) {
            double rate = how.nextDouble();
            if (how.nextInt(3) == 0) {
                faults.with(fault, rate * largest(fault));
            }
        }
    }

    private static double largest(Fault fault) {
        return switch (fault) {
            case LOST_WRITE, MISDIRECTED_WRITE, FLIP_ON_WRITE -> 0.02;
            case MISDIRECTED_READ, FLIP_ON_READ, FLIP_AT_REST, UNREADABLE -> 0.04;
            case WRITE_ERROR, SHORT_WRITE, NO_SPACE, STUCK, STUCK_THEN_LATE -> 0.02;
            case FLUSH_ERROR -> 0.1;
            case VANISHED -> 0.004;
            case SLOW -> 0.05;
            case LYING_FLUSH -> 1;
            default -> 0;
        };
    }

    boolean draws(Fault fault, String operation, long offset) {
        Double rate = rates.get(fault);
        if (rate == null || random.nextDouble() >= rate) {
            return false;
        }
        if (spared != null && offset >= 0 && Zone.of(layout, offset) == spared) {
            return false;
        }
        return strikes.test(
                fault, operation + (offset < 0 ? "" : " " + Zone.of(layout, offset).name()));
    }

    boolean isLying() {
        return rates.getOrDefault(Fault.LYING_FLUSH, 0.0) > 0;
    }

    /// Whether the disk is gone, or goes now.
    boolean isGone(String operation, long offset) {
        isGone |= draws(Fault.VANISHED, operation, offset);
        return isGone;
    }

    /// Strikes before a read: afterwards the disk may be damaged.
    ///
    /// @return where to read instead, or -2 when the disk is gone
    long beforeRead(SimDisk disk, int length, long offset) {
        if (isGone("READ", offset)) {
            return -2;
        }
        if (draws(Fault.FLIP_AT_REST, "READ", offset)) {
            flip(disk, offset + random.nextInt(length));
        }
        if (draws(Fault.UNREADABLE, "READ", offset)) {
            int burst = random.nextInt(3) == 0 ? 1 + random.nextInt(16) : 1;
            for (int i = 0; i < burst; i++) {
                disk.spoil(offset + (long) i * SimDisk.PAGE);
            }
        }
        if (draws(Fault.MISDIRECTED_READ, "READ", offset)) {
            return elsewhere(disk, length);
        }
        return offset;
    }

    /// Without a CRC-32C a block is spared what CRC16 and the Hamming code are not sure to notice: more than
    /// two bits of a sector, of which one in 65,536 passes. A read may flip the second.
    private void flip(SimDisk disk, long at) {
        if (!guard.hasCrc32c() && Zone.of(layout, at) == Zone.DATA) {
            if (!disk.isDamaged(at)) {
                disk.flip(at, random.nextInt(8));
            }
            return;
        }
        if (random.nextInt(4) == 0) {
            for (int i = 0; i < 16; i++) {
                disk.flip(at / 16 * 16 + i, random.nextInt(8));
            }
            return;
        }
        int bits = 1 + random.nextInt(8);
        for (int i = 0; i < bits; i++) {
            disk.flip(at / SimDisk.PAGE * SimDisk.PAGE + random.nextInt(SimDisk.PAGE), i);
        }
    }

    private long elsewhere(SimDisk disk, int length) {
        long pages = disk.lengthBytes() / SimDisk.PAGE - length / SimDisk.PAGE;
        return random.nextLong(Math.max(1, pages)) * SimDisk.PAGE;
    }

    /// Strikes after a read.
    ///
    /// @return byte whose bit flips, or -1
    int afterRead(int length, long offset) {
        return draws(Fault.FLIP_ON_READ, "READ", offset) ? random.nextInt(length) : -1;
    }

    /// How a write is to end: null when it is done as asked.
    ///
    /// @param landed the pages that are to land, changed here
    IoResult write(SimDisk disk, byte[][] landed, long[] at, boolean isDurable) {
        String operation = isDurable ? "WRITE_DURABLE" : "WRITE";
        long offset = at[0];
        if (isGone(operation, offset)) {
            landed[0] = null;
            clear(landed, 0);
            return IoResult.ERROR;
        }
        if (fullFor > 0 || draws(Fault.NO_SPACE, operation, offset)) {
            fullFor = fullFor > 0 ? fullFor - 1 : random.nextInt(20);
            clear(landed, random.nextInt(landed.length + 1));
            return IoResult.NO_SPACE;
        }
        if (draws(Fault.WRITE_ERROR, operation, offset)) {
            tear(disk, landed, at);
            return IoResult.ERROR;
        }
        if (draws(Fault.SHORT_WRITE, operation, offset)) {
            clear(landed, random.nextInt(landed.length));
            return IoResult.SHORT;
        }
        if (draws(Fault.LOST_WRITE, operation, offset)) {
            clear(landed, 0);
            return IoResult.OK;
        }
        if (draws(Fault.MISDIRECTED_WRITE, operation, offset)) {
            long from = elsewhere(disk, landed.length * SimDisk.PAGE);
            for (int i = 0; i < landed.length; i++) {
                at[i] = from + (long) i * SimDisk.PAGE;
            }
            return IoResult.OK;
        }
        if (draws(Fault.FLIP_ON_WRITE, operation, offset)) {
            byte[] page = landed[random.nextInt(landed.length)];
            page[random.nextInt(page.length)] ^= (byte) (1 << random.nextInt(8));
        }
        return IoResult.OK;
    }

    private static void clear(byte[][] landed, int from) {
        for (int i = from; i < landed.length; i++) {
            landed[i] = null;
        }
    }

    private void tear(SimDisk disk, byte[][] landed, long[] at) {
        for (int i = 0; i < landed.length; i++) {
            byte[] old = disk.pageAt(at[i]);
            for (int sector = 0; sector < SimDisk.PAGE; sector += SimDisk.SECTOR) {
                if (random.nextBoolean()) {
                    System.arraycopy(old, sector, landed[i], sector, SimDisk.SECTOR);
                }
            }
        }
    }

    /// {@return how a flush ends}
    IoResult flush(SimDisk disk) {
        if (isGone("FLUSH", -1)) {
            return IoResult.ERROR;
        }
        if (draws(Fault.FLUSH_ERROR, "FLUSH", -1)) {
            if (random.nextBoolean()) {
                disk.dropUnflushed();
            }
            return IoResult.ERROR;
        }
        if (draws(Fault.LYING_FLUSH, "FLUSH", -1)) {
            return IoResult.OK;
        }
        return null;
    }

    /// {@return how much longer an operation takes, nanoseconds; Long.MAX_VALUE: it is never done}
    long delayNanos(String operation, long offset, long limitNanos) {
        if (draws(Fault.STUCK, operation, offset)) {
            return Long.MAX_VALUE;
        }
        if (draws(Fault.STUCK_THEN_LATE, operation, offset)) {
            return limitNanos + random.nextLong(4 * limitNanos);
        }
        if (draws(Fault.SLOW, operation, offset)) {
            return random.nextLong(100_000, 1 + limitNanos / 4);
        }
        return 0;
    }
}
