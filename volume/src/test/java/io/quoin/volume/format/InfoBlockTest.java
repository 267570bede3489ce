package io.quoin.volume.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.guard.Crc16;
import io.quoin.volume.geometry.Geometry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

final class InfoBlockTest {
    private static final int TAG = 0x22;
    private static final long HIGH = Samples.MEMBER.getMostSignificantBits();
    private static final long LOW = Samples.MEMBER.getLeastSignificantBits();

    private static MemorySegment sample() {
        return sample(Guard.CRC32C_HAMMING);
    }

    private static MemorySegment sample(Guard guard) {
        MemorySegment block = Samples.block();
        BlockGuards guards = new BlockGuards(guard, Crc16.IBM_3740);
        MemorySegment data = Samples.random(4096, 9);
        long at = InfoBlock.record(0, 0);
        BlockInfo.set(block, at, BlockInfo.DATA, 64, 501);
        guards.seal(data, 0, block, at);
        at = InfoBlock.record(0, 1);
        BlockInfo.set(block, at, BlockInfo.PARITY, 33, 504);
        guards.seal(data, 0, block, at);
        BlockInfo.setVector(block, at, 0, 3, 501);
        BlockInfo.setVector(block, at, 1, 3, 0);
        BlockInfo.setVector(block, at, 2, 3, Batch.BAD_GENERATION);
        BlockInfo.set(block, InfoBlock.record(0, 2), BlockInfo.TRIMMED, 66, 502);
        BlockInfo.set(block, InfoBlock.record(0, 31), BlockInfo.BAD, 95, -1);
        InfoBlock.stamp(block, 0, TAG, 1, HIGH, LOW, 8);
        return block;
    }

    @Test
    void theBytesOnDiskAreThoseOfTheAnnotatedDump() throws IOException {
        Golden.check("info-block.txt", dump(sample()));
        Golden.check("info-block-xxh3.txt", dump(sample(Guard.XXH3)));
    }

    private static String dump(MemorySegment block) {
        Dump dump = new Dump(block);
        dump.field(8, "magic QUOINPI1");
        dump.field(4, "crc32c");
        dump.field(4, "volume tag");
        dump.field(8, "index: member block / 32");
        dump.field(8, "member UUID, high");
        dump.field(8, "member UUID, low");
        dump.field(8, "checkpoint");
        dump.reserved(208);
        for (int i = 0; i < Geometry.ROWS_PER_INFO; i++) {
            if (i == 3) {
                dump.reserved(28 * BlockInfo.BYTES);
                i = 31;
            }
            dump.field(1, "record " + i + ": type " + typeText(block, InfoBlock.record(0, i)));
            dump.field(1, "guard");
            dump.reserved(6);
            dump.field(8, "reference");
            dump.field(8, "generation");
            dump.field(16, "crc16 of each 512 bytes");
            dump.field(16, "secded of each 512 bytes");
            dump.field(4, "crc32c");
            dump.field(16, "xxh3-128, low half first");
            dump.reserved(12);
            dump.field(32, "generation vector");
        }
        return dump.text();
    }

    private static String typeText(MemorySegment block, long at) {
        return switch (BlockInfo.type(block, at)) {
            case BlockInfo.UNWRITTEN -> "UNWRITTEN";
            case BlockInfo.DATA -> "DATA";
            case BlockInfo.PARITY -> "PARITY";
            case BlockInfo.TRIMMED -> "TRIMMED";
            case BlockInfo.BAD -> "BAD";
            default -> "unknown";
        };
    }

    @Test
    void everySingleFlippedBitIsNoticed() {
        MemorySegment block = sample();
        assertThat(InfoBlock.isValid(block, 0, TAG, 1, HIGH, LOW)).isTrue();
        for (long bit = 0; bit < 8 * 4096; bit++) {
            Samples.flip(block, bit);
            assertThat(InfoBlock.isValid(block, 0, TAG, 1, HIGH, LOW)).as("bit %d", bit).isFalse();
            Samples.flip(block, bit);
        }
        assertThat(InfoBlock.isValid(block, 0, TAG, 1, HIGH, LOW)).isTrue();
        assertThat(InfoBlock.checkpoint(block, 0)).isEqualTo(8);
    }

    @Test
    void aBlockOfAnotherPlaceMemberOrVolumeIsNotValidHere() {
        MemorySegment block = sample();
        assertThat(InfoBlock.isValid(block, 0, TAG + 1, 1, HIGH, LOW)).isFalse();
        assertThat(InfoBlock.isValid(block, 0, TAG, 2, HIGH, LOW)).isFalse();
        assertThat(InfoBlock.isValid(block, 0, TAG, 1, HIGH + 1, LOW)).isFalse();
        assertThat(InfoBlock.isValid(block, 0, TAG, 1, HIGH, LOW + 1)).isFalse();
    }

    @Test
    void onlyZerosAreBlank() {
        MemorySegment block = Samples.block();
        assertThat(InfoBlock.isBlank(block, 0)).isTrue();
        for (long bit = 0; bit < 8 * 4096; bit += 61) {
            Samples.flip(block, bit);
            assertThat(InfoBlock.isBlank(block, 0)).isFalse();
            Samples.flip(block, bit);
        }
    }

    @Test
    void thirtyTwoRecordsFillTheBlockWithoutOverlap() {
        Set<Long> starts = new HashSet<>();
        for (int i = 0; i < Geometry.ROWS_PER_INFO; i++) {
            long at = InfoBlock.record(8192, i) - 8192;
            assertThat((at - InfoBlock.HEADER_BYTES) % BlockInfo.BYTES).isZero();
            assertThat(at + BlockInfo.BYTES).isLessThanOrEqualTo(4096);
            starts.add(at);
        }
        assertThat(starts).hasSize(Geometry.ROWS_PER_INFO);
    }

    @Test
    void vectorsKeepAsManyBytesOfAGenerationAsThirtyTwoBytesAllow() {
        int[] widths = {0, 8, 8, 8, 8, 6, 5, 4, 4, 3, 3, 2, 2, 2, 2, 2, 2, 1};
        MemorySegment info = Samples.block();
        long generation = 0x0123456789ABCDEFL;
        for (int k = 1; k <= 32; k++) {
            int width = BlockInfo.vectorWidth(k);
            assertThat(width).as("k=%d", k).isEqualTo(k < widths.length ? widths[k] : 1);
            BlockInfo.set(info, 0, BlockInfo.PARITY, 1, 2);
            for (int p = 0; p < k; p++) {
                BlockInfo.setVector(info, 0, p, k, generation + p);
            }
            for (int p = 0; p < k; p++) {
                long mask = width == 8 ? -1 : (1L << 8 * width) - 1;
                assertThat(BlockInfo.vector(info, 0, p, k))
                        .isEqualTo(generation + p & mask)
                        .isEqualTo(BlockInfo.truncate(generation + p, k));
            }
            assertThat(BlockInfo.generation(info, 0)).isEqualTo(2);
        }
    }

    @Test
    void aRecordThatIsSetAnewKeepsNothingOfTheOldOne() {
        MemorySegment info = Samples.random(4096, 1);
        BlockInfo.set(info, 120, BlockInfo.TRIMMED, 5, 6);
        assertThat(BlockInfo.type(info, 120)).isEqualTo(BlockInfo.TRIMMED);
        assertThat(BlockInfo.reference(info, 120)).isEqualTo(5);
        assertThat(BlockInfo.generation(info, 120)).isEqualTo(6);
        assertThat(BlockInfo.guard(info, 120)).isZero();
        assertThat(BlockInfo.isContentless(info, 120)).isTrue();
        for (int i = 24; i < BlockInfo.BYTES; i++) {
            assertThat(info.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 120 + i)).isZero();
        }
    }
}
