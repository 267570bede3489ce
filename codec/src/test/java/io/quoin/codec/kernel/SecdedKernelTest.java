package io.quoin.codec.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.Memory;
import io.quoin.codec.hamming.Secded;
import io.quoin.codec.hamming.SecdedReference;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

final class SecdedKernelTest {
    static final List<SecdedKernel> KERNELS =
            List.of(new ScalarSecdedKernel(), new VectorSecdedKernel());

    @ParameterizedTest
    @FieldSource("KERNELS")
    void randomSectorsAtEveryOffsetAgreeWithTheDefinition(SecdedKernel kernel) {
        for (Memory memory : Memory.values()) {
            MemorySegment data = memory.random(512 + 64, 31);
            for (int offset = 0; offset <= 64; offset++) {
                int expected = SecdedReference.encode(data, offset);
                assertThat(kernel.encode(data, offset))
                        .as("%s, offset %d", memory, offset)
                        .isEqualTo(expected);
            }
        }
    }

    @ParameterizedTest
    @FieldSource("KERNELS")
    void everySingleBitAgreesWithTheDefinition(SecdedKernel kernel) {
        MemorySegment data = Memory.NATIVE.allocate(512);
        for (int i = 0; i < 4096; i++) {
            Secded.flip(data, 0, i);
            int position = SecdedReference.position(i);
            int parity = 1 + Integer.bitCount(position) & 1;
            assertThat(kernel.encode(data, 0)).as("bit %d", i).isEqualTo(parity << 13 | position);
            Secded.flip(data, 0, i);
        }
    }
}
