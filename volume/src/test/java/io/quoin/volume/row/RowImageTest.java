package io.quoin.volume.row;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.guard.Crc16;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.format.Guard;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.LevelSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Random;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Goal: up to m bad blocks of a row come back byte for byte; beyond m they are lost, and never other
/// bytes. Method: each combination of what can have become of each block of small rows.
final class RowImageTest {
    /// What became of a block.
    private enum Fate {
        WHOLE,
        UNREADABLE,
        UNTRUSTED,
        GARBLED,
        FLIPPED
    }

    private static final class Row {
        final Geometry geometry;
        final int width;
        final long row;
        final int index;
        final InfoGroup group;
        final MemorySegment original;
        final MemorySegment memory;
        final BlockGuards guards;
        final RowImage image;

        Row(String level, int members, Guard guard, long row) {
            geometry = LevelSpec.parse(level, members, 0).geometry(4096, 32);
            width = geometry.width();
            this.row = row;
            index = geometry.indexInInfoGroup(row);
            group = new InfoGroup(0, Arena.ofAuto().allocate((long) width * BLOCK_BYTES, 4096));
            original = Arena.ofAuto().allocate((long) width * BLOCK_BYTES, 4096);
            memory = Arena.ofAuto().allocate((long) width * BLOCK_BYTES, 4096);
            guards = new BlockGuards(guard, Crc16.IBM_3740);
            image = new RowImage(geometry, guards);
            for (int p = 0; p < width; p++) {
                image.blocks[p] = memory;
                image.offsets[p] = (long) p * BLOCK_BYTES;
            }
        }

        long record(int position) {
            return group.record(geometry.slotAt(row, position) % width, index);
        }

        /// Writes a row whose data blocks have the types given, and its parity.
        void write(int... types) {
            Random random = new Random(row);
            int k = geometry.dataCount();
            boolean hasContent = false;
            MemorySegment[] blocks = new MemorySegment[width];
            long[] offsets = new long[width];
            for (int p = 0; p < width; p++) {
                blocks[p] = original;
                offsets[p] = (long) p * BLOCK_BYTES;
            }
            for (int p = 0; p < k; p++) {
                MemorySegment block = original.asSlice(offsets[p], BLOCK_BYTES);
                block.fill((byte) 0);
                BlockInfo.set(group.image(), record(p), types[p], geometry.blockAt(row, p), 10 + p);
                if (types[p] == BlockInfo.DATA) {
                    byte[] bytes = new byte[BLOCK_BYTES];
                    random.nextBytes(bytes);
                    block.copyFrom(MemorySegment.ofArray(bytes));
                    guards.seal(original, offsets[p], group.image(), record(p));
                    hasContent = true;
                }
            }
            geometry.code().encode(blocks, offsets, BLOCK_BYTES);
            for (int p = k; p < width; p++) {
                if (geometry.isMirror()) {
                    MemorySegment.copy(
                            group.image(), record(0), group.image(), record(p), BlockInfo.BYTES);
                    continue;
                }
                int type = hasContent ? BlockInfo.PARITY : BlockInfo.TRIMMED;
                BlockInfo.set(group.image(), record(p), type, row, 20);
                if (hasContent) {
                    guards.seal(original, offsets[p], group.image(), record(p));
                }
            }
        }

        boolean isContentless(int position) {
            return BlockInfo.isContentless(group.image(), record(position));
        }

        /// Reads it, each block with its fate, and resolves it.
        void resolve(Fate[] fates) {
            memory.copyFrom(original);
            int readable = 0;
            for (int p = 0; p < width; p++) {
                int lane = geometry.slotAt(row, p) % width;
                group.setUntrusted(lane, index, fates[p] == Fate.UNTRUSTED);
                long at = (long) p * BLOCK_BYTES;
                if (fates[p] != Fate.WHOLE && fates[p] != Fate.FLIPPED) {
                    memory.asSlice(at, BLOCK_BYTES).fill((byte) (0xA0 + p));
                } else if (fates[p] == Fate.FLIPPED) {
                    long bit = at + 7L * p + 513;
                    byte old = memory.get(ValueLayout.JAVA_BYTE, bit);
                    memory.set(ValueLayout.JAVA_BYTE, bit, (byte) (old ^ 4));
                }
                if (fates[p] != Fate.UNREADABLE && !isContentless(p)) {
                    readable |= 1 << p;
                }
            }
            image.resolve(group, index, row, readable);
        }

        boolean isExact(int position) {
            long at = (long) position * BLOCK_BYTES;
            return MemorySegment.mismatch(
                            original, at, at + BLOCK_BYTES, memory, at, at + BLOCK_BYTES)
                    == -1;
        }
    }

    @ParameterizedTest
    @CsvSource({
        "2+1, 3, CRC32C_HAMMING",
        "2+1, 3, CRC32C",
        "2+1, 3, XXH3_HAMMING",
        "2+1, 3, CRC16",
        "3+2, 5, CRC32C_HAMMING",
        "3+2, 5, CRC16_HAMMING",
        "raid1, 2, CRC32C",
        "raid1, 3, CRC32C_HAMMING",
        "raid1, 3, CRC16",
        "3+0, 3, CRC32C_HAMMING",
    })
    void upToMBadBlocksAreExactAndBeyondThatLost(String level, int members, Guard guard) {
        for (long at = 0; at < 2; at++) {
            Row row = new Row(level, members, guard, 31 * at);
            int k = row.geometry.dataCount();
            for (int unwritten = 0; unwritten < 1 << k; unwritten++) {
                int[] types = new int[k];
                for (int p = 0; p < k; p++) {
                    boolean isHole = (unwritten >> p & 1) != 0;
                    types[p] =
                            !isHole
                                    ? BlockInfo.DATA
                                    : p % 2 == 0 ? BlockInfo.TRIMMED : BlockInfo.UNWRITTEN;
                }
                row.write(types);
                Fate[] fates = new Fate[row.width];
                int combinations = (int) Math.pow(Fate.values().length, row.width);
                for (int c = 0; c < combinations; c++) {
                    int rest = c;
                    for (int p = 0; p < row.width; p++) {
                        fates[p] = Fate.values()[rest % Fate.values().length];
                        rest /= Fate.values().length;
                    }
                    row.resolve(fates);
                    judge(row, fates, guard);
                }
            }
        }
    }

    private static void judge(Row row, Fate[] fates, Guard guard) {
        RowImage image = row.image;
        int bad = 0;
        int flipped = 0;
        int contentless = 0;
        for (int p = 0; p < row.width; p++) {
            if (row.isContentless(p)) {
                contentless |= 1 << p;
            } else if (fates[p] == Fate.FLIPPED && guard.hasHamming()) {
                flipped |= 1 << p;
            } else if (fates[p] != Fate.WHOLE) {
                bad |= 1 << p;
            }
        }
        boolean isWithin = Integer.bitCount(bad) <= row.geometry.parityCount();
        int holes = contentless;
        Supplier<String> what = () -> java.util.Arrays.toString(fates) + " contentless " + holes;
        assertThat(image.contentless).as(what).isEqualTo(contentless);
        assertThat(image.corrected).as(what).isEqualTo(flipped);
        assertThat(image.correctedBits).as(what).isEqualTo(Integer.bitCount(flipped));
        assertThat(image.decoded).as(what).isEqualTo(isWithin ? bad : 0);
        assertThat(image.lost).as(what).isEqualTo(isWithin ? 0 : bad);
        assertThat(image.suspect).as(what).isZero();
        for (int p = 0; p < row.width; p++) {
            if ((image.lost >> p & 1) == 0) {
                assertThat(row.isExact(p)).as(what).isTrue();
            }
        }
        if (isWithin) {
            assertThat(image.isParityConsistent()).as(what).isTrue();
        }
    }

    @Test
    void blocksWhoseDecodedContentIsNotTheRecordedOneAreSuspectAndNotGivenOut() {
        for (int p = 0; p < 5; p++) {
            Row row = new Row("3+2", 5, Guard.CRC32C_HAMMING, 4);
            row.write(BlockInfo.DATA, BlockInfo.DATA, BlockInfo.DATA);
            // The record of p says another content than the rest of the row implies.
            MemorySegment other = Arena.ofAuto().allocate(BLOCK_BYTES).fill((byte) 7);
            row.guards.seal(other, 0, row.group.image(), row.record(p));
            for (Fate fate : new Fate[] {Fate.UNREADABLE, Fate.GARBLED, Fate.UNTRUSTED}) {
                Fate[] fates = {Fate.WHOLE, Fate.WHOLE, Fate.WHOLE, Fate.WHOLE, Fate.WHOLE};
                fates[p] = fate;
                row.resolve(fates);
                assertThat(row.image.suspect).isEqualTo(1 << p);
                assertThat(row.image.lost).isEqualTo(1 << p);
                assertThat(row.image.decoded).isZero();
                // Another bad block is not given out either: what it was decoded from is in doubt.
                int q = (p + 1) % 5;
                fates[q] = Fate.UNREADABLE;
                row.resolve(fates);
                assertThat(row.image.suspect).isEqualTo(1 << p);
                assertThat(row.image.lost).isEqualTo(1 << p | 1 << q);
            }
        }
    }

    @Test
    void aDecodedBlockWithoutARecordedGuardIsTaken() {
        Row row = new Row("2+1", 3, Guard.CRC32C, 1);
        row.write(BlockInfo.DATA, BlockInfo.DATA);
        BlockInfo.set(
                row.group.image(), row.record(0), BlockInfo.DATA, row.geometry.blockAt(1, 0), 10);
        row.resolve(new Fate[] {Fate.UNTRUSTED, Fate.WHOLE, Fate.WHOLE});
        assertThat(row.image.decoded).isEqualTo(1);
        assertThat(row.isExact(0)).isTrue();
    }

    @Test
    void aBlockThatWasReadWithoutARecordedGuardIsNotBelieved() {
        Row row = new Row("2+1", 3, Guard.CRC32C, 1);
        row.write(BlockInfo.DATA, BlockInfo.DATA);
        BlockInfo.set(
                row.group.image(), row.record(0), BlockInfo.DATA, row.geometry.blockAt(1, 0), 10);
        row.resolve(new Fate[] {Fate.GARBLED, Fate.WHOLE, Fate.WHOLE});
        assertThat(row.image.damaged).isEqualTo(1);
        assertThat(row.image.decoded).isEqualTo(1);
        assertThat(row.isExact(0)).isTrue();
    }

    @Test
    void aBadBlockCountsAsZerosAndDoesNotTakeItsNeighboursAlong() {
        Row row = new Row("3+2", 5, Guard.CRC32C, 3);
        row.write(BlockInfo.BAD, BlockInfo.DATA, BlockInfo.DATA);
        row.resolve(
                new Fate[] {Fate.GARBLED, Fate.UNREADABLE, Fate.GARBLED, Fate.WHOLE, Fate.WHOLE});
        assertThat(row.image.lost).isZero();
        assertThat(row.image.decoded).isEqualTo(0b110);
        assertThat(row.isExact(1)).isTrue();
        assertThat(row.isExact(2)).isTrue();
    }
}
