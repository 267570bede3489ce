package io.quoin.volume.powercut;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;

/// What a client was told, at a point of the log: for each sector the last acknowledged write, and the
/// writes that were on their way.
final class Ledger {
    static final int SECTOR_BYTES = 512;

    /// A request that changes sectors; number 0 leaves zeros.
    ///
    /// @param number written into each sector, 0 for zeros
    /// @param from first sector
    /// @param to sector after the last
    record Change(int number, int from, int to) {
        boolean overlaps(int first, int end) {
            return from < end && first < to;
        }
    }

    private final int[] acknowledged;
    private final List<Change> open = new ArrayList<>();

    Ledger(int sectors) {
        acknowledged = new int[sectors];
    }

    void issue(Change change) {
        open.add(change);
    }

    void acknowledge(Change change) {
        open.remove(change);
        for (int sector = change.from; sector < change.to; sector++) {
            acknowledged[sector] = change.number;
        }
    }

    static void fill(MemorySegment target, long at, int number, int sector) {
        for (int i = 0; i < SECTOR_BYTES; i += Long.BYTES) {
            target.set(
                    ValueLayout.JAVA_LONG_UNALIGNED,
                    at + i,
                    (long) number << 32 | sector << 6 | i / Long.BYTES);
        }
    }

    /// The number in a sector, -1 when it is neither zeros nor a whole sector of one write.
    static int value(MemorySegment source, long at, int sector) {
        int number = (int) (source.get(ValueLayout.JAVA_LONG_UNALIGNED, at) >>> 32);
        for (int i = 0; i < SECTOR_BYTES; i += Long.BYTES) {
            long expected = number == 0 ? 0 : (long) number << 32 | sector << 6 | i / Long.BYTES;
            if (source.get(ValueLayout.JAVA_LONG_UNALIGNED, at + i) != expected) {
                return -1;
            }
        }
        return number;
    }

    /// Judges what was found after a power cut.
    ///
    /// @return what is wrong; empty when nothing is
    List<String> judge(int[] found) {
        List<String> wrong = new ArrayList<>();
        for (int sector = 0; sector < found.length; sector++) {
            int at = sector;
            boolean isLegal =
                    found[at] == acknowledged[at]
                            || open.stream()
                                    .anyMatch(change ->
                                            change.overlaps(at, at + 1)
                                                    && change.number == found[at]);
            if (!isLegal && wrong.size() < 20) {
                wrong.add(
                        "sector "
                                + sector
                                + ": expected write "
                                + acknowledged[sector]
                                + ", found "
                                + found[sector]);
            }
        }
        for (Change change : open) {
            int there = 0;
            int absent = 0;
            for (int sector = change.from; sector < change.to; sector++) {
                if (acknowledged[sector] != change.number) {
                    there += found[sector] == change.number ? 1 : 0;
                    absent += found[sector] == acknowledged[sector] ? 1 : 0;
                }
            }
            if (there > 0 && absent > 0) {
                wrong.add(change + ": " + there + " sectors are there, " + absent + " are not");
            }
        }
        return wrong;
    }
}
