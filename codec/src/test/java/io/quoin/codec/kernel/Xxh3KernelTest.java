package io.quoin.codec.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.Memory;
import io.quoin.codec.guard.Xxh3Reference;
import java.lang.foreign.MemorySegment;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

final class Xxh3KernelTest {
    static final List<Xxh3Kernel> KERNELS = List.of(new ScalarXxh3Kernel(), new VectorXxh3Kernel());

    private final long[] sums = new long[Xxh3Sums.COUNT];

    private void check(
            Xxh3Kernel kernel, MemorySegment data, int offset, int length, long[] expected) {
        kernel.sums(data, offset, length, sums);
        long low = Xxh3Sums.low(sums, length);
        long high = Xxh3Sums.high(sums, length);
        if (low != expected[0] || high != expected[1]) {
            assertThat(new long[] {low, high})
                    .as(
                            "%s, native %s, offset %d, length %d",
                            kernel, data.isNative(), offset, length)
                    .containsExactly(expected);
        }
    }

    @Test
    void everyLengthAtEveryOffsetAgreesWithTheDefinition() {
        MemorySegment heap = Memory.HEAP.random(64 + 4200, 71);
        MemorySegment data = Memory.NATIVE.allocate(64 + 4200).copyFrom(heap);
        for (int offset = 0; offset <= 64; offset++) {
            for (int length = Xxh3Kernel.LEAST_BYTES; length <= 4200; length++) {
                long[] expected = Xxh3Reference.of(heap, offset, length);
                for (Xxh3Kernel kernel : KERNELS) {
                    check(kernel, data, offset, length, expected);
                    check(kernel, heap, offset, length, expected);
                }
            }
        }
    }

    /// The largest factors: products and sums overflow as the definition's do.
    @ParameterizedTest
    @FieldSource("KERNELS")
    void bytesOfOnesAgreeWithTheDefinition(Xxh3Kernel kernel) {
        for (Memory memory : Memory.values()) {
            MemorySegment data = memory.allocate(65_536);
            data.fill((byte) 0xFF);
            for (int length : new int[] {241, 4096, 65_536}) {
                check(kernel, data, 0, length, Xxh3Reference.of(data, 0, length));
            }
        }
    }
}
