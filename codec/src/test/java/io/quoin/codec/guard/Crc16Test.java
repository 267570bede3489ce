package io.quoin.codec.guard;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.codec.Memory;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

final class Crc16Test {
    private static final MemorySegment DIGITS =
            MemorySegment.ofArray("123456789".getBytes(StandardCharsets.US_ASCII));

    @Test
    void ibm3740GivesThePublishedCheckValue() {
        assertThat(Crc16.IBM_3740.of(DIGITS, 0, 9)).isEqualTo(0x29B1);
    }

    @Test
    void t10DifGivesThePublishedCheckValue() {
        assertThat(Crc16.T10_DIF.of(DIGITS, 0, 9)).isEqualTo(0xD0DB);
    }

    @Test
    void zerosAreGuardedByAnythingButZeroInTheDefaultGuard() {
        MemorySegment zeros = Memory.NATIVE.allocate(512);
        assertThat(Crc16.T10_DIF.of(zeros, 0, 512)).isZero();
        assertThat(Crc16.IBM_3740.of(zeros, 0, 512)).isNotZero();
    }

    @Test
    void theCrcOfNoBytesIsTheInitialValue() {
        assertThat(Crc16.IBM_3740.of(DIGITS, 9, 0)).isEqualTo(0xFFFF);
        assertThat(Crc16.T10_DIF.of(DIGITS, 9, 0)).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void everyLengthAtEveryOffsetAgreesWithTheDefinition(Memory memory) {
        MemorySegment data = memory.random(64 + 4200, 1);
        for (int offset = 0; offset <= 64; offset++) {
            int ibm = 0xFFFF;
            int t10 = 0;
            for (int length = 0; length <= 4200; length++) {
                if (Crc16.IBM_3740.of(data, offset, length) != ibm
                        || Crc16.T10_DIF.of(data, offset, length) != t10) {
                    assertThat(Crc16.IBM_3740.of(data, offset, length))
                            .as("IBM-3740, offset %d, length %d", offset, length)
                            .isEqualTo(ibm);
                    assertThat(Crc16.T10_DIF.of(data, offset, length))
                            .as("T10-DIF, offset %d, length %d", offset, length)
                            .isEqualTo(t10);
                }
                if (length < 4200) {
                    byte next = data.get(JAVA_BYTE, offset + length);
                    ibm = Crc16Reference.next(0x1021, ibm, next);
                    t10 = Crc16Reference.next(0x8BB7, t10, next);
                }
            }
        }
    }

    /// Every two-bit error within a sector changes the CRC, because the CRC is linear and x^d is not 1 for any distance d.
    @Test
    void everySingleAndDoubleBitErrorOfASectorIsDetected() {
        for (int polynomial : new int[] {0x1021, 0x8BB7}) {
            int power = 1;
            for (int distance = 1; distance < 4096; distance++) {
                power = (power & 0x8000) != 0 ? (power << 1 ^ polynomial) & 0xFFFF : power << 1;
                assertThat(power)
                        .as("x^%d modulo %x", distance, polynomial)
                        .isNotEqualTo(1)
                        .isNotZero();
            }
        }
    }

    @Test
    void sectorsBeyondTheSegmentAreRefused() {
        MemorySegment block = Memory.NATIVE.allocate(4096);
        MemorySegment target = Memory.NATIVE.allocate(16);
        assertThatThrownBy(() -> Crc16.IBM_3740.sectors(block, 1, 8, target, 0))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> Crc16.IBM_3740.sectors(block, 0, 8, target, 1))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> Crc16.IBM_3740.of(block, 4000, 97))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
