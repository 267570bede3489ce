package io.quoin.codec.kernel;

import static io.quoin.codec.kernel.Xxh3Sums.BLOCK_BYTES;
import static io.quoin.codec.kernel.Xxh3Sums.BLOCK_STRIPES;
import static io.quoin.codec.kernel.Xxh3Sums.LAST;
import static io.quoin.codec.kernel.Xxh3Sums.SCRAMBLE;
import static io.quoin.codec.kernel.Xxh3Sums.SECRET;
import static io.quoin.codec.kernel.Xxh3Sums.START;
import static io.quoin.codec.kernel.Xxh3Sums.STRIPE_BYTES;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.LongVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import jdk.incubator.vector.VectorSpecies;

/// XXH3 over vectors: all eight sums in one of 512 bits, or the first four, then the last four, in one of 256.
///
/// A word goes to its neighbour's sum. Words are only added there, so they are added up where they stand and change places once
/// for each block, not once for each stripe. C2 makes of a product of a masked and a shifted value one multiplication of 32 bits.
public final class VectorXxh3Kernel implements Xxh3Kernel {
    private static final VectorSpecies<Long> LANES = Vectors.BYTES.withLanes(long.class);
    private static final VectorShuffle<Long> NEIGHBOURS =
            VectorShuffle.fromOp(LANES, lane -> lane ^ 1);
    private static final ByteOrder ORDER = ByteOrder.LITTLE_ENDIAN;
    private static final long LOW_HALF = 0xFFFF_FFFFL;

    private final ScalarXxh3Kernel scalar = new ScalarXxh3Kernel();

    /// Makes the kernel; it has no state.
    public VectorXxh3Kernel() {}

    @Override
    public void sums(MemorySegment data, long offset, int lengthBytes, long[] sums) {
        if (!data.isNative()) {
            scalar.sums(data, offset, lengthBytes, sums);
            return;
        }
        for (int lane = 0; lane < Xxh3Sums.COUNT; lane += LANES.length()) {
            sumsFrom(lane, data, offset, lengthBytes, sums);
        }
    }

    private static void sumsFrom(
            int lane, MemorySegment data, long offset, int lengthBytes, long[] sums) {
        LongVector sum = LongVector.fromArray(LANES, START, lane);
        LongVector scramble = LongVector.fromArray(LANES, SCRAMBLE, lane);
        long at = offset + 8L * lane;
        int blocks = (lengthBytes - 1) / BLOCK_BYTES;
        for (int block = 0; block < blocks; block++) {
            LongVector words = LongVector.zero(LANES);
            for (int n = 0; n < BLOCK_STRIPES; n++) {
                LongVector word = LongVector.fromMemorySegment(LANES, data, at, ORDER);
                LongVector value =
                        word.lanewise(
                                VectorOperators.XOR, LongVector.fromArray(LANES, SECRET, lane + n));
                words = words.add(word);
                sum = sum.add(value.and(LOW_HALF).mul(value.lanewise(VectorOperators.LSHR, 32)));
                at += STRIPE_BYTES;
            }
            sum = sum.add(words.rearrange(NEIGHBOURS));
            sum =
                    sum.lanewise(VectorOperators.XOR, sum.lanewise(VectorOperators.LSHR, 47))
                            .lanewise(VectorOperators.XOR, scramble)
                            .mul(Xxh3Sums.PRIME32_1);
        }
        LongVector words = LongVector.zero(LANES);
        int stripes = (lengthBytes - 1) % BLOCK_BYTES / STRIPE_BYTES;
        for (int n = 0; n < stripes; n++) {
            LongVector word = LongVector.fromMemorySegment(LANES, data, at, ORDER);
            LongVector value =
                    word.lanewise(
                            VectorOperators.XOR, LongVector.fromArray(LANES, SECRET, lane + n));
            words = words.add(word);
            sum = sum.add(value.and(LOW_HALF).mul(value.lanewise(VectorOperators.LSHR, 32)));
            at += STRIPE_BYTES;
        }
        long last = offset + lengthBytes - STRIPE_BYTES + 8L * lane;
        LongVector word = LongVector.fromMemorySegment(LANES, data, last, ORDER);
        LongVector value =
                word.lanewise(VectorOperators.XOR, LongVector.fromArray(LANES, LAST, lane));
        sum.add(value.and(LOW_HALF).mul(value.lanewise(VectorOperators.LSHR, 32)))
                .add(words.add(word).rearrange(NEIGHBOURS))
                .intoArray(sums, lane);
    }
}
