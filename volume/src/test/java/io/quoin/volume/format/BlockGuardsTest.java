package io.quoin.volume.format;

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
            names = {"CRC16_HAMMING", "CRC32C_HAMMING"})
    void anyOneFlippedBitIsCorrected(Guard guard) {
        BlockGuards guards = sealed(guard, Crc16.IBM_3740);
        for (long bit = 0; bit < 8 * 4096; bit++) {
            Samples.flip(data, bit);
            assertThat(guards.correct(data, 0, info, 256)).as("bit %d", bit).isEqualTo(1);
            assertThat(data.mismatch(original)).isEqualTo(-1);
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
            names = {"CRC16_HAMMING", "CRC32C_HAMMING"})
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
            names = {"CRC16", "CRC32C"})
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

    @Test
    void guardsAreNamedAsOperatorsWriteThem() {
        for (Guard guard : Guard.values()) {
            assertThat(Guard.parse(guard.text())).isEqualTo(guard);
            assertThat(Guard.ofCode(guard.code())).isEqualTo(guard);
        }
        assertThat(Guard.ofCode(0)).isNull();
        assertThat(Guard.ofCode(5)).isNull();
        assertThatThrownBy(() -> Guard.parse("md5"))
                .hasMessage(
                        "guard: expected crc16, crc16+hamming, crc32c or crc32c+hamming, was md5");
    }
}
