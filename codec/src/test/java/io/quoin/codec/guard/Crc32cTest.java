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

final class Crc32cTest {
    @Test
    void theDigitsGiveThePublishedCheckValue() {
        MemorySegment digits =
                MemorySegment.ofArray("123456789".getBytes(StandardCharsets.US_ASCII));
        assertThat(Crc32c.of(digits, 0, 9)).isEqualTo(0xE3069283);
    }

    /// RFC 3720, appendix B.4.
    @Test
    void theExamplesOfIscsiAgree() {
        MemorySegment data = Memory.NATIVE.allocate(32);
        assertThat(Crc32c.of(data, 0, 32)).as("32 bytes of zeros").isEqualTo(0x8A9136AA);
        data.fill((byte) 0xFF);
        assertThat(Crc32c.of(data, 0, 32)).as("32 bytes of ones").isEqualTo(0x62A8AB43);
        for (int i = 0; i < 32; i++) {
            data.set(JAVA_BYTE, i, (byte) i);
        }
        assertThat(Crc32c.of(data, 0, 32)).as("32 bytes rising").isEqualTo(0x46DD794E);
    }

    @Test
    void theCrcOfNoBytesIsZero() {
        assertThat(Crc32c.of(Memory.HEAP.allocate(1), 1, 0)).isZero();
    }

    @ParameterizedTest
    @EnumSource
    void everyLengthAtEveryOffsetAgreesWithTheDefinition(Memory memory) {
        MemorySegment data = memory.random(64 + 4200, 2);
        for (int offset = 0; offset <= 64; offset++) {
            int register = -1;
            for (int length = 0; length <= 4200; length++) {
                int crc = Crc32c.of(data, offset, length);
                if (crc != ~register) {
                    assertThat(crc).as("offset %d, length %d", offset, length).isEqualTo(~register);
                }
                if (length < 4200) {
                    register = Crc32cReference.next(register, data.get(JAVA_BYTE, offset + length));
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void lengthsAroundWholeBlocksAgreeWithTheDefinition(Memory memory) {
        MemorySegment data = memory.random(70_000, 3);
        for (int length : new int[] {4095, 4096, 4097, 8191, 8192, 8193, 65_536, 69_000}) {
            assertThat(Crc32c.of(data, 7, length))
                    .as("length %d", length)
                    .isEqualTo(Crc32cReference.of(data, 7, length));
        }
    }

    @ParameterizedTest
    @EnumSource
    void bytesBeyondTheSegmentAreRefused(Memory memory) {
        MemorySegment data = memory.allocate(4096);
        assertThatThrownBy(() -> Crc32c.of(data, 1, 4096))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> Crc32c.of(data, -1, 1))
                .isInstanceOf(IndexOutOfBoundsException.class);
    }
}
