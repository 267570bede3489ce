package io.quoin.codec.hamming;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.codec.Memory;
import io.quoin.codec.guard.Crc16;
import io.quoin.codec.guard.Crc32c;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class SecdedTest {
    private static final int DATA_BITS = 4096;
    private static final int ALL_BITS = DATA_BITS + 14;

    @ParameterizedTest
    @EnumSource
    void randomSectorsAtEveryOffsetAgreeWithTheDefinition(Memory memory) {
        MemorySegment data = memory.random(512 + 64, 4);
        for (int offset = 0; offset <= 64; offset++) {
            assertThat(Secded.encode(data, offset))
                    .as("offset %d", offset)
                    .isEqualTo(SecdedReference.encode(data, offset));
        }
    }

    @ParameterizedTest
    @EnumSource
    void sectorsOfOneSetBitAgreeWithTheDefinition(Memory memory) {
        MemorySegment data = memory.allocate(512);
        for (int i = 0; i < DATA_BITS; i++) {
            Secded.flip(data, 0, i);
            int position = SecdedReference.position(i);
            int parity = 1 + Integer.bitCount(position) & 1;
            assertThat(Secded.encode(data, 0)).as("bit %d", i).isEqualTo(parity << 13 | position);
            Secded.flip(data, 0, i);
        }
        assertThat(Secded.encode(data, 0)).as("zeros").isZero();
    }

    @ParameterizedTest
    @EnumSource
    void everySingleFlippedBitIsLocatedAndCorrected(Memory memory) {
        MemorySegment written = memory.random(520, 5);
        MemorySegment read = memory.allocate(520).copyFrom(written);
        int code = Secded.encode(written, 8);
        assertThat(Secded.locate(read, 8, code)).isEqualTo(Secded.CLEAN);
        for (int i = 0; i < DATA_BITS; i++) {
            Secded.flip(read, 8, i);
            int located = Secded.locate(read, 8, code);
            assertThat(located).as("bit %d", i).isEqualTo(i);
            Secded.flip(read, 8, located);
            if (read.mismatch(written) != -1) {
                throw new AssertionError("bit " + i + " was not restored");
            }
        }
        for (int bit = 0; bit < 14; bit++) {
            assertThat(Secded.locate(read, 8, code ^ 1 << bit))
                    .as("code bit %d", bit)
                    .isEqualTo(Secded.CODE_BIT);
        }
    }

    /// Goal: each of the 8,443,995 pairs of flipped bits, in the data, in the code or in both, is refused.
    /// Method: the code is linear (checked by the next test), so what one flipped bit does to the difference between stored and
    /// computed code does not depend on the data; two flipped bits do the XOR of both.
    @Test
    void everyPairOfFlippedBitsIsUncorrectable() {
        MemorySegment sector = Memory.NATIVE.allocate(512);
        int[] differences = new int[ALL_BITS];
        for (int i = 0; i < DATA_BITS; i++) {
            Secded.flip(sector, 0, i);
            differences[i] = Secded.encode(sector, 0);
            Secded.flip(sector, 0, i);
        }
        for (int bit = 0; bit < 14; bit++) {
            differences[DATA_BITS + bit] = 1 << bit;
        }
        int pairCount = 0;
        for (int i = 0; i < ALL_BITS; i++) {
            for (int j = 0; j < i; j++) {
                if (Secded.judge(differences[i] ^ differences[j]) != Secded.UNCORRECTABLE) {
                    throw new AssertionError(
                            "bits "
                                    + j
                                    + " and "
                                    + i
                                    + ": "
                                    + Secded.judge(differences[i] ^ differences[j]));
                }
                pairCount++;
            }
        }
        assertThat(pairCount).isEqualTo(ALL_BITS * (ALL_BITS - 1) / 2);
    }

    @Test
    void theCodeOfASumIsTheSumOfTheCodes() {
        for (int seed = 0; seed < 2000; seed++) {
            MemorySegment a = Memory.NATIVE.random(512, seed);
            MemorySegment b = Memory.NATIVE.random(512, -1 - seed);
            int sum = Secded.encode(a, 0) ^ Secded.encode(b, 0);
            for (int i = 0; i < 512; i++) {
                a.set(JAVA_BYTE, i, (byte) (a.get(JAVA_BYTE, i) ^ b.get(JAVA_BYTE, i)));
            }
            assertThat(Secded.encode(a, 0)).as("seed %d", seed).isEqualTo(sum);
        }
    }

    @Test
    void pairsOfFlippedBitsInRealBytesAreUncorrectable() {
        Random random = new Random(6);
        MemorySegment sector = Memory.NATIVE.random(512, 7);
        int code = Secded.encode(sector, 0);
        for (int round = 0; round < 200_000; round++) {
            int i = random.nextInt(ALL_BITS);
            int j = (i + 1 + random.nextInt(ALL_BITS - 1)) % ALL_BITS;
            int stored = flipAny(sector, flipAny(sector, code, i), j);
            int verdict = Secded.locate(sector, 0, stored);
            flipAny(sector, flipAny(sector, code, i), j);
            if (verdict != Secded.UNCORRECTABLE) {
                throw new AssertionError("bits " + i + " and " + j + ": " + verdict);
            }
        }
        assertThat(Secded.locate(sector, 0, code)).isEqualTo(Secded.CLEAN);
    }

    /// Goal: a sector garbled beyond two bits is not handed on as corrected, once the guards have arbitrated.
    /// Method: three flipped bits mostly look like one, and the false correction makes them four. CRC16 sees every
    /// odd number of flipped bits, hence misses one in 2^15 of such even ones; CRC-32C misses none of these.
    @Test
    void theGuardsRejectWhatLooksCorrectableButIsNot() {
        Random random = new Random(8);
        MemorySegment sector = Memory.NATIVE.random(512, 9);
        int code = Secded.encode(sector, 0);
        int crc16 = Crc16.IBM_3740.of(sector, 0, 512);
        int crc32c = Crc32c.of(sector, 0, 512);
        int falseCorrections = 0;
        int passedByCrc16 = 0;
        for (int round = 0; round < 100_000; round++) {
            int i = random.nextInt(DATA_BITS / 2);
            int j = i + 1 + random.nextInt(DATA_BITS / 4);
            int l = j + 1 + random.nextInt(DATA_BITS / 4 - 1);
            flipThree(sector, i, j, l);
            int located = Secded.locate(sector, 0, code);
            assertThat(located).as("bits %d, %d and %d", i, j, l).isNotEqualTo(Secded.CLEAN);
            if (located >= 0) {
                falseCorrections++;
                Secded.flip(sector, 0, located);
                passedByCrc16 += Crc16.IBM_3740.of(sector, 0, 512) == crc16 ? 1 : 0;
                assertThat(Crc32c.of(sector, 0, 512))
                        .as("bits %d, %d and %d", i, j, l)
                        .isNotEqualTo(crc32c);
                Secded.flip(sector, 0, located);
            }
            flipThree(sector, i, j, l);
        }
        assertThat(falseCorrections)
                .as("three flipped bits mostly look like one")
                .isGreaterThan(50_000);
        assertThat(passedByCrc16).as("of %d false corrections", falseCorrections).isLessThan(12);
    }

    private static void flipThree(MemorySegment sector, int i, int j, int l) {
        Secded.flip(sector, 0, i);
        Secded.flip(sector, 0, j);
        Secded.flip(sector, 0, l);
    }

    @Test
    void aStoredValueThatIsNoCodeIsUncorrectable() {
        MemorySegment sector = Memory.NATIVE.random(512, 10);
        int code = Secded.encode(sector, 0);
        assertThat(Secded.locate(sector, 0, code | 0x4000)).isEqualTo(Secded.UNCORRECTABLE);
        assertThat(Secded.locate(sector, 0, code | 0x8000)).isEqualTo(Secded.UNCORRECTABLE);
        assertThat(Secded.locate(sector, 0, -1)).isEqualTo(Secded.UNCORRECTABLE);
    }

    @Test
    void aSectorBeyondTheSegmentIsRefused() {
        MemorySegment sector = Memory.NATIVE.allocate(512);
        assertThatThrownBy(() -> Secded.encode(sector, 1))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> Secded.encode(sector, -1))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }

    private static int flipAny(MemorySegment sector, int code, int bit) {
        if (bit >= DATA_BITS) {
            return code ^ 1 << bit - DATA_BITS;
        }
        Secded.flip(sector, 0, bit);
        return code;
    }
}
