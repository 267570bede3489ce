package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Hamming sums over vectors of eight words: a vector is a row, so the sums over rows need no masks, and those within a row
/// are read off the lanes of the total.
public final class VectorSecdedKernel implements SecdedKernel {
    private static final VectorSpecies<Long> ROW = LongVector.SPECIES_512;
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ORDER);

    private final ScalarSecdedKernel scalar = new ScalarSecdedKernel();

    /// Makes the kernel; it has no state.
    public VectorSecdedKernel() {}

    @Override
    public int encode(MemorySegment data, long offset) {
        return data.isNative() ? encodeNative(data, offset) : scalar.encode(data, offset);
    }

    private static int encodeNative(MemorySegment data, long offset) {
        LongVector r0 = LongVector.fromMemorySegment(ROW, data, offset, ORDER);
        LongVector r1 = LongVector.fromMemorySegment(ROW, data, offset + 64, ORDER);
        LongVector r2 = LongVector.fromMemorySegment(ROW, data, offset + 128, ORDER);
        LongVector r3 = LongVector.fromMemorySegment(ROW, data, offset + 192, ORDER);
        LongVector r4 = LongVector.fromMemorySegment(ROW, data, offset + 256, ORDER);
        LongVector r5 = LongVector.fromMemorySegment(ROW, data, offset + 320, ORDER);
        LongVector r6 = LongVector.fromMemorySegment(ROW, data, offset + 384, ORDER);
        LongVector r7 = LongVector.fromMemorySegment(ROW, data, offset + 448, ORDER);
        LongVector r23 = r2.lanewise(VectorOperators.XOR, r3);
        LongVector r67 = r6.lanewise(VectorOperators.XOR, r7);
        LongVector fours = r4.lanewise(VectorOperators.XOR, r5).lanewise(VectorOperators.XOR, r67);
        LongVector pairs = r23.lanewise(VectorOperators.XOR, r67);
        LongVector odd =
                r1.lanewise(VectorOperators.XOR, r3)
                        .lanewise(VectorOperators.XOR, r5)
                        .lanewise(VectorOperators.XOR, r7);
        LongVector sum =
                r0.lanewise(VectorOperators.XOR, r1)
                        .lanewise(VectorOperators.XOR, r23)
                        .lanewise(VectorOperators.XOR, fours);
        long w1 = sum.lane(1);
        long w3 = sum.lane(3);
        long w5 = sum.lane(5);
        long w7 = sum.lane(7);
        long w23 = sum.lane(2) ^ w3;
        long w67 = sum.lane(6) ^ w7;
        long w4567 = sum.lane(4) ^ w5 ^ w67;
        long total = sum.lane(0) ^ w1 ^ w23 ^ w4567;
        return ScalarSecdedKernel.code(
                data.get(WORD, offset),
                total,
                w1 ^ w3 ^ w5 ^ w7,
                w23 ^ w67,
                w4567,
                odd.reduceLanes(VectorOperators.XOR),
                pairs.reduceLanes(VectorOperators.XOR),
                fours.reduceLanes(VectorOperators.XOR));
    }
}
