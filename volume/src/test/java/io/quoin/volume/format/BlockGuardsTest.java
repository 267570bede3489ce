package io.quoin.volume.format;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.codec.guard.Crc16;
import io.quoin.volume.Planted;
import io.quoin.volume.fault.Plant;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class BlockGuardsTest {
    private final MemorySegment data = Samples.random(4096, 31);
    private final MemorySegment original = Samples.block().copyFrom(data);
    private final MemorySegment info = Samples.block();

    private BlockGuards sealed(Guard guard, Crc16 crc16) {
        BlockGuards guards = new BlockGuards(guard, crc16);
        BlockInfo.set(info, 256, BlockInfo.DATA, 1, 2);
        guards.seal(data, 0, info, 256);
        return guards;
    }

    @ParameterizedTest
    @EnumSource(Guard.class)
    void everySingleFlippedBitIsNoticedByEveryGuard(Guard guard) {
        for (Crc16 crc16 : new Crc16[] {Crc16.IBM_3740, Crc16.T10_DIF}) {
            BlockGuards guards = sealed(guard, crc16);
            assertThat(guards.matches(data, 0, info, 256)).isTrue();
            for (long bit = 0; bit < 8 * 4096; bit++) {
                Samples.flip(data, bit);
                assertThat(guards.matches(data, 0, info, 256)).as("bit %d", bit).isFalse();
                Samples.flip(data, bit);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Guard.class,
            names = {"CRC16_HAMMING", "CRC32C_HAMMING", "XXH3_HAMMING"})
    void anyOneFlippedBitIsCorrected(Guard guard) {
        BlockGuards guards = sealed(guard, Crc16.IBM_3740);
        for (long bit = 0; bit < 8 * 4096; bit++) {
            Samples.flip(data, bit);
            assertThat(guards.correct(data, 0, info, 256)).as("bit %d", bit).isEqualTo(1);
            assertThat(data.mismatch(original)).isEqualTo(-1);
        }
    }

    /// With an assertion that they are; here because nothing else sums as many blocks, zeros among them.
    @ParameterizedTest
    @EnumSource(Guard.class)
    void theGuardsOfASumFollowFromThoseOfItsBlocks(Guard guard) {
        for (Crc16 crc16 : new Crc16[] {Crc16.IBM_3740, Crc16.T10_DIF}) {
            BlockGuards guards = new BlockGuards(guard, crc16);
            MemorySegment records = Samples.random(4096, 5).asSlice(0, 32 * BlockInfo.BYTES);
            MemorySegment sum = Samples.block();
            for (int count = 1; count <= 31; count++) {
                MemorySegment block =
                        count % 5 == 0 ? Samples.block() : Samples.random(4096, 100 + count);
                guards.seal(block, 0, records, (long) (count - 1) * BlockInfo.BYTES);
                for (long at = 0; at < 4096; at++) {
                    sum.set(
                            JAVA_BYTE,
                            at,
                            (byte) (sum.get(JAVA_BYTE, at) ^ block.get(JAVA_BYTE, at)));
                }
                BlockInfo.set(info, 256, BlockInfo.PARITY, 1, 2);
                guards.sealSum(records, count, sum, 0, info, 256);
                assertThat(guards.matches(sum, 0, info, 256)).as("%d blocks", count).isTrue();
                Samples.flip(sum, 77L * count);
                assertThat(guards.matches(sum, 0, info, 256)).as("%d blocks", count).isFalse();
                Samples.flip(sum, 77L * count);
            }
        }
    }

    @Test
    void oneFlippedBitInAnyOfTheSectorsIsCorrected() {
        BlockGuards guards = sealed(Guard.CRC32C_HAMMING, Crc16.IBM_3740);
        SplittableRandom random = new SplittableRandom(1);
        for (int mask = 1; mask < 256; mask++) {
            for (int sector = 0; sector < 8; sector++) {
                if ((mask >> sector & 1) != 0) {
                    Samples.flip(data, sector * 4096L + random.nextInt(4096));
                }
            }
            assertThat(guards.correct(data, 0, info, 256)).isEqualTo(Integer.bitCount(mask));
            assertThat(data.mismatch(original)).isEqualTo(-1);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Guard.class,
            names = {"CRC16_HAMMING", "CRC32C_HAMMING", "XXH3_HAMMING"})
    void worseDamageIsRefusedAndTheBytesAreLeftAsTheyWereRead(Guard guard) {
        BlockGuards guards = sealed(guard, Crc16.IBM_3740);
        SplittableRandom random = new SplittableRandom(2);
        MemorySegment damaged = Samples.block();
        for (int i = 0; i < 20_000; i++) {
            data.copyFrom(original);
            int sector = random.nextInt(8);
            int first = random.nextInt(4096);
            // Two flipped bits in one sector always, more of them most of the time; and other
            // sectors with one, which on their own could be corrected.
            int second = random.nextInt(4095);
            second += second >= first ? 1 : 0;
            Samples.flip(data, sector * 4096L + first);
            Samples.flip(data, sector * 4096L + second);
            int more = random.nextInt(4);
            for (int j = 0; j < more; j++) {
                Samples.flip(data, (long) random.nextInt(8) * 4096 + random.nextInt(4096));
            }
            damaged.copyFrom(data);
            int bits = guards.correct(data, 0, info, 256);
            if (bits < 0) {
                assertThat(data.mismatch(damaged)).isEqualTo(-1);
            } else {
                // Flips may have fallen on each other; a correction is right or refused.
                assertThat(data.mismatch(original)).isEqualTo(-1);
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Guard.class,
            names = {"CRC16", "CRC32C", "XXH3"})
    void withoutHammingCodesNothingIsCorrected(Guard guard) {
        BlockGuards guards = sealed(guard, Crc16.IBM_3740);
        Samples.flip(data, 100);
        MemorySegment damaged = Samples.block().copyFrom(data);
        assertThat(guards.correct(data, 0, info, 256)).isEqualTo(-1);
        assertThat(data.mismatch(damaged)).isEqualTo(-1);
    }

    @Test
    void neitherABlockWithoutARecordedGuardNorOneWithAnUnknownGuardMatches() {
        BlockGuards guards = new BlockGuards(Guard.CRC32C, Crc16.IBM_3740);
        BlockInfo.set(info, 256, BlockInfo.DATA, 1, 2);
        assertThat(guards.matches(data, 0, info, 256)).isFalse();
        info.set(java.lang.foreign.ValueLayout.JAVA_BYTE, 256 + BlockInfo.GUARD, (byte) 99);
        assertThat(guards.matches(data, 0, info, 256)).isFalse();
        assertThat(guards.correct(data, 0, info, 256)).isEqualTo(-1);
    }

    @Test
    void aBlockThatIsBelievedWithoutAGuardIsNoticed() {
        assertThat(
                        Planted.noticed(
                                Plant.UNGUARDED_BELIEVED,
                                this
                                        ::neitherABlockWithoutARecordedGuardNorOneWithAnUnknownGuardMatches))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void aBlockIsJudgedByTheGuardItWasWrittenWithNotTheVolumesPresentOne() {
        sealed(Guard.CRC16, Crc16.IBM_3740);
        assertThat(
                        new BlockGuards(Guard.CRC32C_HAMMING, Crc16.IBM_3740)
                                .matches(data, 0, info, 256))
                .isTrue();
    }

    @ParameterizedTest
    @EnumSource(Guard.class)
    void everySingleFlippedBitOfARecordedGuardIsNoticed(Guard guard) {
        BlockGuards guards = sealed(guard, Crc16.IBM_3740);
        for (int at : new int[] {BlockInfo.CRC16, BlockInfo.CRC32C, BlockInfo.XXH3}) {
            boolean isKept =
                    at == BlockInfo.CRC16
                            || at == BlockInfo.CRC32C && guard.hasCrc32c()
                            || at == BlockInfo.XXH3 && guard.hasXxh3();
            int bytes = at == BlockInfo.CRC32C ? 4 : 16;
            for (long bit = 8 * (256 + at); bit < 8 * (256 + at + bytes); bit++) {
                Samples.flip(info, bit);
                assertThat(guards.matches(data, 0, info, 256))
                        .as("field at %d, bit %d", at, bit)
                        .isEqualTo(!isKept);
                Samples.flip(info, bit);
            }
        }
    }

    /// Goal: damage that all CRCs let pass is noticed by the digest. Method: no such damage can be made, so the record gets the CRCs
    /// of the damaged block, as if they had collided, and keeps the digest of the good one.
    @ParameterizedTest
    @EnumSource(
            value = Guard.class,
            names = {"XXH3", "XXH3_HAMMING"})
    void whatAllCrcsLetPassIsNoticedByTheDigest(Guard guard) {
        BlockGuards guards = sealed(guard, Crc16.IBM_3740);
        MemorySegment damaged = Samples.random(4096, 32);
        MemorySegment other = Samples.block().copyFrom(info);
        guards.seal(damaged, 0, other, 256);
        MemorySegment.copy(
                other,
                256 + BlockInfo.CRC16,
                info,
                256 + BlockInfo.CRC16,
                BlockInfo.XXH3 - BlockInfo.CRC16);
        assertThat(guards.matches(damaged, 0, info, 256)).isFalse();
        assertThat(guards.correct(damaged, 0, info, 256)).isEqualTo(-1);
        MemorySegment.copy(
                other,
                256 + BlockInfo.XXH3,
                info,
                256 + BlockInfo.XXH3,
                BlockInfo.VECTOR - BlockInfo.XXH3);
        assertThat(guards.matches(damaged, 0, info, 256)).isTrue();
    }

    /// What a block came with is recorded whatever its bytes are by now; the digest is of these.
    @Test
    void aBlockThatChangedSinceItsCrc32cWasComputedMatchesNeitherAsItIsNorAsItWas() {
        BlockGuards guards = sealed(Guard.XXH3, Crc16.IBM_3740);
        Samples.flip(data, 100);
        guards.seal(data, 0, info, 256, io.quoin.codec.guard.Crc32c.of(original, 0, 4096));
        assertThat(guards.matches(data, 0, info, 256)).isFalse();
        assertThat(guards.matches(original, 0, info, 256)).isFalse();
    }

    @Test
    void aRecordThatIsSealedWithAShorterGuardKeepsNothingOfALongerOne() {
        sealed(Guard.XXH3_HAMMING, Crc16.IBM_3740);
        new BlockGuards(Guard.CRC16, Crc16.IBM_3740).seal(data, 0, info, 256);
        for (int i = BlockInfo.SECDED; i < BlockInfo.BYTES; i++) {
            assertThat(info.get(java.lang.foreign.ValueLayout.JAVA_BYTE, 256 + i)).isZero();
        }
    }

    @Test
    void guardsAreNamedAsOperatorsWriteThem() {
        for (Guard guard : Guard.values()) {
            assertThat(Guard.parse(guard.text())).isEqualTo(guard);
            assertThat(Guard.ofCode(guard.code())).isEqualTo(guard);
        }
        assertThat(Guard.ofCode(0)).isNull();
        assertThat(Guard.ofCode(7)).isNull();
        assertThat(Guard.ofCode(-1)).isNull();
        for (String text : new String[] {"md5", "blake3", "hmac-sha256", "aes-256-gcm", "XXH3"}) {
            assertThatThrownBy(() -> Guard.parse(text))
                    .hasMessage(
                            "guard: expected crc16, crc16+hamming, crc32c, crc32c+hamming, xxh3 or"
                                    + " xxh3+hamming, was "
                                    + text);
        }
    }
}
