package io.quoin.cli;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;

/// What a block device must hold that keeps Quoin's promises, sector by sector, remembered outside the
/// daemon: the last acknowledged write, and those that were issued and not answered. Thread-safe.
///
/// A written sector proves itself:
///
/// ```
///   0  u64  magic      8  u64  volume     16  u64  sector     24  u64  number of the write
///  32  noise of sector and number         508  u32  CRC-32C of the 508 bytes before
/// ```
///
/// Zeros are what a trim, a write of zeroes, or nothing at all leaves behind.
final class SectorModel {
    static final int SECTOR_BYTES = 512;
    static final int BLOCK_SECTORS = 8;

    private static final long MAGIC = 0x51554f494e534543L;

    /// What a request does to its sectors.
    enum Kind {
        WRITE,
        ZERO,
        /// Of whole blocks only; what it covers of others in part stays.
        TRIM
    }

    /// A request that changes sectors, from its issue to its answer or to the verdict after a crash.
    static final class Change {
        final Kind kind;
        final int number;
        final int first;
        final int count;

        /// The sectors that it changes, which for a trim are fewer.
        private final int from;

        private final int to;

        private Change(Kind kind, int number, int first, int count) {
            this.kind = kind;
            this.number = number;
            this.first = first;
            this.count = count;
            boolean isTrim = kind == Kind.TRIM;
            from = isTrim ? (first + BLOCK_SECTORS - 1) / BLOCK_SECTORS * BLOCK_SECTORS : first;
            to = isTrim ? (first + count) / BLOCK_SECTORS * BLOCK_SECTORS : first + count;
        }

        /// Content afterwards: the number of a write, 0 for zeros.
        int value() {
            return kind == Kind.WRITE ? number : 0;
        }

        boolean covers(int sector) {
            return sector >= from && sector < to;
        }

        @Override
        public String toString() {
            return kind + " " + number + " of sectors " + first + " to " + (first + count - 1);
        }
    }

    /// A read under way: what it may return.
    static final class Read {
        private final int first;
        private final int[] acknowledged;
        private final List<Change> changes = new ArrayList<>();

        private Read(int first, int[] acknowledged) {
            this.first = first;
            this.acknowledged = acknowledged;
        }
    }

    private final long volume;
    private final int[] acknowledged;
    private final List<Change> open = new ArrayList<>();
    private final List<Read> reads = new ArrayList<>();
    private int lastNumber;
    private long acknowledgedChanges;

    /// A device of zeros.
    SectorModel(long volume, int sectors) {
        this.volume = volume;
        acknowledged = new int[sectors];
    }

    int sectors() {
        return acknowledged.length;
    }

    synchronized long acknowledgedChanges() {
        return acknowledgedChanges;
    }

    /// Notes a request about to be sent; null when it overlaps one under way, whose order nobody knows.
    synchronized Change begin(Kind kind, int first, int count) {
        for (Change other : open) {
            if (first < other.first + other.count && other.first < first + count) {
                return null;
            }
        }
        Change change = new Change(kind, ++lastNumber, first, count);
        open.add(change);
        for (Read read : reads) {
            read.changes.add(change);
        }
        return change;
    }

    /// Notes that a request was answered well.
    synchronized void acknowledge(Change change) {
        open.remove(change);
        apply(change);
        acknowledgedChanges++;
    }

    private void apply(Change change) {
        for (int sector = change.from; sector < change.to; sector++) {
            acknowledged[sector] = change.value();
        }
    }

    /// The payload of a write.
    void fill(ByteBuffer target, Change change) {
        byte[] sector = new byte[SECTOR_BYTES];
        ByteBuffer view = ByteBuffer.wrap(sector).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < change.count; i++) {
            view.clear();
            view.putLong(MAGIC).putLong(volume).putLong(change.first + i).putLong(change.number);
            long noise = change.number * 0x9E3779B97F4A7C15L + change.first + i;
            while (view.position() < SECTOR_BYTES - Long.BYTES) {
                noise = (noise ^ noise >>> 29) * 0xBF58476D1CE4E5B9L + 1;
                view.putLong(noise);
            }
            view.putInt((int) noise);
            view.putInt(crc(sector));
            target.put(sector);
        }
    }

    private static int crc(byte[] sector) {
        CRC32C crc = new CRC32C();
        crc.update(sector, 0, SECTOR_BYTES - Integer.BYTES);
        return (int) crc.getValue();
    }

    synchronized Read beginRead(int first, int count) {
        Read read = new Read(first, Arrays.copyOfRange(acknowledged, first, first + count));
        read.changes.addAll(open);
        reads.add(read);
        return read;
    }

    /// The read failed, or its connection.
    synchronized void endRead(Read read) {
        reads.remove(read);
    }

    /// Judges what a read returned: each sector the last acknowledged content when it was sent, or that
    /// of a request that was under way since.
    ///
    /// @return what is wrong, or null
    String check(Read read, ByteBuffer data) {
        endRead(read);
        byte[] sector = new byte[SECTOR_BYTES];
        for (int i = 0; i < read.acknowledged.length; i++) {
            data.get(sector);
            int at = read.first + i;
            int found = value(sector, at);
            if (found == read.acknowledged[i]) {
                continue;
            }
            boolean isLegal = false;
            for (Change change : read.changes) {
                isLegal |= change.covers(at) && change.value() == found;
            }
            if (!isLegal) {
                return "sector "
                        + at
                        + ": expected "
                        + name(read.acknowledged[i])
                        + " or one of "
                        + read.changes.stream().filter(change -> change.covers(at)).toList()
                        + ", read "
                        + (found < 0 ? describe(sector) : name(found));
            }
        }
        return null;
    }

    private static String name(int value) {
        return value == 0 ? "zeros" : "write " + value;
    }

    /// The number in a sector, 0 for zeros, -1 when it proves nothing.
    private int value(byte[] sector, int at) {
        ByteBuffer view = ByteBuffer.wrap(sector).order(ByteOrder.LITTLE_ENDIAN);
        if (view.getLong(0) == 0) {
            for (byte b : sector) {
                if (b != 0) {
                    return -1;
                }
            }
            return 0;
        }
        boolean isOurs =
                view.getLong(0) == MAGIC
                        && view.getLong(8) == volume
                        && view.getLong(16) == at
                        && view.getInt(SECTOR_BYTES - Integer.BYTES) == crc(sector);
        return isOurs ? (int) view.getLong(24) : -1;
    }

    private String describe(byte[] sector) {
        ByteBuffer view = ByteBuffer.wrap(sector).order(ByteOrder.LITTLE_ENDIAN);
        return "bytes that prove nothing: magic "
                + Long.toHexString(view.getLong(0))
                + ", volume "
                + Long.toHexString(view.getLong(8))
                + ", sector "
                + view.getLong(16)
                + ", number "
                + view.getLong(24);
    }

    /// Reads the device's sectors in order, with nothing else under way.
    interface Source {
        void read(int first, ByteBuffer target) throws java.io.IOException;
    }

    /// Holds the whole device against the model after a crash: each sector the last acknowledged content
    /// or that of a request that was not answered, and each of these whole or absent. What was found
    /// counts as acknowledged from then on: it must not change again.
    ///
    /// @return what is wrong; empty when nothing is
    synchronized List<String> settle(Source source) throws java.io.IOException {
        List<String> wrong = new ArrayList<>();
        int[] there = new int[open.size()];
        int[] absent = new int[open.size()];
        ByteBuffer piece = ByteBuffer.allocate(1 << 20);
        byte[] sector = new byte[SECTOR_BYTES];
        for (int first = 0; first < acknowledged.length; first += piece.capacity() / SECTOR_BYTES) {
            int count = Math.min(piece.capacity() / SECTOR_BYTES, acknowledged.length - first);
            source.read(first, piece.clear().limit(count * SECTOR_BYTES));
            piece.flip();
            for (int at = first; at < first + count; at++) {
                piece.get(sector);
                int found = value(sector, at);
                boolean isLegal = found == acknowledged[at];
                for (int i = 0; i < there.length; i++) {
                    Change change = open.get(i);
                    if (change.covers(at) && change.value() != acknowledged[at]) {
                        there[i] += found == change.value() ? 1 : 0;
                        absent[i] += found == acknowledged[at] ? 1 : 0;
                        isLegal |= found == change.value();
                    }
                }
                if (!isLegal && wrong.size() < 20) {
                    wrong.add(
                            "sector "
                                    + at
                                    + ": expected "
                                    + name(acknowledged[at])
                                    + ", read "
                                    + (found < 0 ? describe(sector) : name(found)));
                }
            }
        }
        for (int i = 0; i < there.length; i++) {
            Change change = open.get(i);
            if (there[i] > 0 && absent[i] > 0) {
                wrong.add(
                        change
                                + ": expected whole or absent, found "
                                + there[i]
                                + " sectors of it and "
                                + absent[i]
                                + " from before");
            } else if (there[i] > 0) {
                apply(change);
            }
        }
        open.clear();
        return wrong;
    }
}
