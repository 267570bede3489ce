package io.quoin.volume.format;

import static io.quoin.volume.format.BlockInfo.CRC16;
import static io.quoin.volume.format.BlockInfo.CRC32C;
import static io.quoin.volume.format.BlockInfo.GUARD;
import static io.quoin.volume.format.BlockInfo.INT;
import static io.quoin.volume.format.BlockInfo.LONG;
import static io.quoin.volume.format.BlockInfo.SECDED;
import static io.quoin.volume.format.BlockInfo.SHORT;
import static io.quoin.volume.format.BlockInfo.VECTOR;
import static io.quoin.volume.format.BlockInfo.XXH3;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.quoin.codec.guard.Crc16;
import io.quoin.codec.guard.Crc32c;
import io.quoin.codec.guard.Xxh3;
import io.quoin.codec.hamming.Secded;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Computes, checks and repairs by a block's guards. The CRC16 arbitrates each correction of the
/// Hamming code: a garbled sector often looks correctable. One instance per thread.
public final class BlockGuards {
    /// Sectors with their own CRC16 and SECDED in a block.
    public static final int SECTORS = Geometry.BLOCK_BYTES / Crc16.SECTOR_BYTES;

    private final Guard guard;
    private final Crc16 crc16;
    private final MemorySegment computed;

    /// The record of a block of zeros.
    private final MemorySegment ofZeros;

    /// Guards of a volume.
    ///
    /// @param guard which are kept
    /// @param crc16 polynomial of the sector guards
    public BlockGuards(Guard guard, Crc16 crc16) {
        this.guard = guard;
        this.crc16 = crc16;
        this.computed = Arena.ofAuto().allocate(Math.max(2 * SECTORS, Xxh3.BYTES), 8);
        ofZeros = Arena.ofAuto().allocate(BlockInfo.BYTES, 8);
        seal(Arena.ofAuto().allocate(Geometry.BLOCK_BYTES, 8), 0, ofZeros, 0);
    }

    /// Records the guards of a block in its info.
    ///
    /// @param data segment of the block
    /// @param dataAt its offset
    /// @param info segment of the record
    /// @param at its offset
    public void seal(MemorySegment data, long dataAt, MemorySegment info, long at) {
        int crc32c = guard.hasCrc32c() ? Crc32c.of(data, dataAt, Geometry.BLOCK_BYTES) : 0;
        seal(data, dataAt, info, at, crc32c);
    }

    /// Records the guards of a block whose CRC-32C is known.
    ///
    /// @param data segment of the block
    /// @param dataAt its offset
    /// @param info segment of the record
    /// @param at its offset
    /// @param crc32c CRC-32C of the block
    public void seal(MemorySegment data, long dataAt, MemorySegment info, long at, int crc32c) {
        info.set(JAVA_BYTE, at + GUARD, (byte) guard.code());
        crc16.sectors(data, dataAt, SECTORS, info, at + CRC16);
        for (int i = 0; i < SECTORS; i++) {
            int code =
                    guard.hasHamming()
                            ? Secded.encode(data, dataAt + (long) i * Crc16.SECTOR_BYTES)
                            : 0;
            info.set(SHORT, at + SECDED + 2L * i, (short) code);
        }
        info.set(INT, at + CRC32C, guard.hasCrc32c() ? crc32c : 0);
        sealDigest(data, dataAt, info, at);
    }

    private void sealDigest(MemorySegment data, long dataAt, MemorySegment info, long at) {
        if (guard.hasXxh3()) {
            Xxh3.digest(data, dataAt, Geometry.BLOCK_BYTES, info, at + XXH3);
        } else {
            info.set(LONG, at + XXH3, 0);
            info.set(LONG, at + XXH3 + 8, 0);
        }
    }

    /// Records the guards of a block that is the XOR of others, from theirs: a CRC of a sum is the sum of the CRCs, but for what
    /// zeros have, and the Hamming code is linear. So it is not the sum that vouches for itself; a digest is computed from it.
    ///
    /// @param records those of the others, one after the other, sealed by these guards
    /// @param count how many
    /// @param data segment of the sum
    /// @param dataAt its offset
    /// @param info segment of its record
    /// @param at its offset
    public void sealSum(
            MemorySegment records,
            int count,
            MemorySegment data,
            long dataAt,
            MemorySegment info,
            long at) {
        info.set(JAVA_BYTE, at + GUARD, (byte) guard.code());
        for (int i = 0; i < 2 * SECTORS; i += 8) {
            info.set(LONG, at + CRC16 + i, sum(records, CRC16 + i, count));
            info.set(LONG, at + SECDED + i, sum(records, SECDED + i, count));
        }
        info.set(INT, at + CRC32C, (int) sum(records, CRC32C, count));
        sealDigest(data, dataAt, info, at);
    }

    private long sum(MemorySegment records, long at, int count) {
        long sum = count % 2 == 0 ? ofZeros.get(LONG, at) : 0;
        for (int i = 0; i < count; i++) {
            sum ^= records.get(LONG, (long) i * BlockInfo.BYTES + at);
        }
        return sum;
    }

    /// {@return whether a record's guards are those that {@link #seal} computes; for assertions}
    ///
    /// @param data segment of the block
    /// @param dataAt its offset
    /// @param info segment of the record
    /// @param at its offset
    public boolean isSeal(MemorySegment data, long dataAt, MemorySegment info, long at) {
        MemorySegment expected = Arena.ofAuto().allocate(BlockInfo.BYTES, 8);
        seal(data, dataAt, expected, 0);
        return info.get(JAVA_BYTE, at + GUARD) == expected.get(JAVA_BYTE, GUARD)
                && MemorySegment.mismatch(expected, CRC16, VECTOR, info, at + CRC16, at + VECTOR)
                        == -1;
    }

    /// {@return whether CRC-32C is among them}
    public boolean haveCrc32c() {
        return guard.hasCrc32c();
    }

    /// {@return the CRC-32C of a record that was sealed by these guards}
    ///
    /// @param info segment of the record
    /// @param at its offset
    public int crc32c(MemorySegment info, long at) {
        assert guard.hasCrc32c() && hasSealed(info, at) : "no CRC-32C was recorded";
        return info.get(INT, at + CRC32C);
    }

    /// {@return whether a record was sealed by these guards}
    ///
    /// @param info segment of the record
    /// @param at its offset
    public boolean hasSealed(MemorySegment info, long at) {
        return BlockInfo.guard(info, at) == guard.code();
    }

    /// Takes guards over from one record to another.
    ///
    /// @param from segment of the record that has them
    /// @param fromAt its offset
    /// @param to segment of the record that is to have them; the rest of it stays
    /// @param at its offset
    public static void copy(MemorySegment from, long fromAt, MemorySegment to, long at) {
        assert BlockInfo.guard(from, fromAt) != 0 : "no guards were computed";
        to.set(JAVA_BYTE, at + GUARD, from.get(JAVA_BYTE, fromAt + GUARD));
        MemorySegment.copy(from, fromAt + CRC16, to, at + CRC16, VECTOR - CRC16);
    }

    /// {@return whether the block has the recorded guards; false when none is recorded, for then nothing
    /// says that these bytes are the block}
    ///
    /// @param data segment of the block
    /// @param dataAt its offset
    /// @param info segment of the record
    /// @param at its offset
    public boolean matches(MemorySegment data, long dataAt, MemorySegment info, long at) {
        Guard recorded = Guard.ofCode(BlockInfo.guard(info, at));
        if (recorded == null) {
            return Plant.UNGUARDED_BELIEVED.isPlanted() && BlockInfo.guard(info, at) == 0;
        }
        if (recorded.hasCrc32c()
                && Crc32c.of(data, dataAt, Geometry.BLOCK_BYTES) != info.get(INT, at + CRC32C)) {
            return false;
        }
        if (recorded.hasXxh3() && !hasDigest(data, dataAt, info, at)) {
            return false;
        }
        crc16.sectors(data, dataAt, SECTORS, computed, 0);
        return MemorySegment.mismatch(computed, 0, 2 * SECTORS, info, at + CRC16, at + SECDED)
                == -1;
    }

    private boolean hasDigest(MemorySegment data, long dataAt, MemorySegment info, long at) {
        Xxh3.digest(data, dataAt, Geometry.BLOCK_BYTES, computed, 0);
        long from = at + XXH3;
        return MemorySegment.mismatch(computed, 0, Xxh3.BYTES, info, from, from + Xxh3.BYTES) == -1;
    }

    /// Corrects single flipped bits, one per sector at most, and keeps the result only when every
    /// guard agrees with it.
    ///
    /// @param data segment of the block; restored when the block cannot be corrected
    /// @param dataAt its offset
    /// @param info segment of the record
    /// @param at its offset
    /// @return bits corrected, or -1 when the block could not be corrected
    public int correct(MemorySegment data, long dataAt, MemorySegment info, long at) {
        Guard recorded = Guard.ofCode(BlockInfo.guard(info, at));
        if (recorded == null || !recorded.hasHamming()) {
            return -1;
        }
        int[] flipped = new int[SECTORS];
        int count = 0;
        boolean plausible = true;
        for (int i = 0; i < SECTORS; i++) {
            long sector = dataAt + (long) i * Crc16.SECTOR_BYTES;
            int code = info.get(SHORT, at + SECDED + 2L * i) & 0x3FFF;
            flipped[i] = Secded.locate(data, sector, code);
            if (flipped[i] >= 0) {
                Secded.flip(data, sector, flipped[i]);
                count++;
            } else {
                plausible &= flipped[i] != Secded.UNCORRECTABLE;
            }
        }
        if (plausible && count > 0 && matches(data, dataAt, info, at)) {
            return count;
        }
        for (int i = 0; i < SECTORS; i++) {
            if (flipped[i] >= 0) {
                Secded.flip(data, dataAt + (long) i * Crc16.SECTOR_BYTES, flipped[i]);
            }
        }
        return -1;
    }
}
