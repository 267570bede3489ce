package io.quoin.codec.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.Memory;
import io.quoin.codec.guard.Crc16Reference;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

final class Crc16KernelTest {
    /// A kernel with what it was made for.
    record Subject(Crc16Kernel kernel, int polynomial, int initial) {
        @Override
        public String toString() {
            return kernel.getClass().getSimpleName() + " 0x" + Integer.toHexString(polynomial);
        }
    }

    static final List<Subject> SUBJECTS =
            List.of(
                    new Subject(new ScalarCrc16Kernel(0x1021, 0xFFFF), 0x1021, 0xFFFF),
                    new Subject(new ScalarCrc16Kernel(0x8BB7, 0), 0x8BB7, 0),
                    new Subject(VectorCrc16Kernel.of(0x1021, 0xFFFF), 0x1021, 0xFFFF),
                    new Subject(VectorCrc16Kernel.of(0x8BB7, 0), 0x8BB7, 0),
                    new Subject(VectorCrc16Kernel.of(0x8BB7, 0x1234), 0x8BB7, 0x1234));

    /// Counts around a group of eight, every offset of the data within a vector, and results at an odd place between bytes that
    /// must survive.
    @ParameterizedTest
    @FieldSource("SUBJECTS")
    void sectorsAtEveryOffsetAgreeWithTheDefinition(Subject subject) {
        for (Memory memory : Memory.values()) {
            MemorySegment data = memory.random(64 + 25 * 512, 21);
            for (int offset = 0; offset <= 64; offset++) {
                int count = new int[] {8, 1, 7, 9, 16, 0, 25}[offset % 7];
                MemorySegment found = memory.random(2 * count + 6, offset);
                byte[] expected = found.toArray(JAVA_BYTE);
                for (int s = 0; s < count; s++) {
                    int crc =
                            Crc16Reference.of(
                                    subject.polynomial,
                                    subject.initial,
                                    data,
                                    offset + 512L * s,
                                    512);
                    expected[3 + 2 * s] = (byte) crc;
                    expected[4 + 2 * s] = (byte) (crc >>> 8);
                }
                subject.kernel.sectors(data, offset, count, found, 3);
                assertThat(found.toArray(JAVA_BYTE))
                        .as("%s, offset %d, %d sectors", memory, offset, count)
                        .isEqualTo(expected);
            }
        }
    }

    /// Each bit on its own reaches each table and each lane on a way of its own.
    @ParameterizedTest
    @FieldSource("SUBJECTS")
    void everySingleBitOfABlockAgreesWithTheDefinition(Subject subject) {
        MemorySegment block = Memory.NATIVE.allocate(4096);
        MemorySegment found = Memory.NATIVE.allocate(16);
        for (int bit = 0; bit < 8 * 4096; bit++) {
            int at = bit / 8;
            block.set(JAVA_BYTE, at, (byte) (1 << bit % 8));
            subject.kernel.sectors(block, 0, 8, found, 0);
            int sector = at / 512;
            int crc =
                    found.get(JAVA_BYTE, 2 * sector) & 0xFF
                            | (found.get(JAVA_BYTE, 2 * sector + 1) & 0xFF) << 8;
            int expected =
                    Crc16Reference.of(
                            subject.polynomial, subject.initial, block, 512L * sector, 512);
            if (crc != expected) {
                assertThat(crc).as("byte %d, bit %d", at, bit % 8).isEqualTo(expected);
            }
            block.set(JAVA_BYTE, at, (byte) 0);
        }
    }

    @ParameterizedTest
    @FieldSource("SUBJECTS")
    void everyLengthAgreesWithTheDefinition(Subject subject) {
        MemorySegment data = Memory.NATIVE.random(9001, 22);
        int register = subject.initial;
        for (int length = 0; length <= 9000; length++) {
            assertThat(subject.kernel.of(data, 0, length))
                    .as("length %d", length)
                    .isEqualTo(register);
            register =
                    Crc16Reference.next(subject.polynomial, register, data.get(JAVA_BYTE, length));
        }
    }
}
