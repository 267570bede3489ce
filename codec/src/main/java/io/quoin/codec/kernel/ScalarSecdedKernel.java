package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Hamming sums over longs: words are added into one sum for each bit of their index, and only those sums are counted.
public final class ScalarSecdedKernel implements SecdedKernel {
    private static final ValueLayout.OfLong WORD =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Bits of a word whose index has bit j set, for j from 0 to 5.
    private static final long INDEX_0 = 0xAAAAAAAAAAAAAAAAL;

    private static final long INDEX_1 = 0xCCCCCCCCCCCCCCCCL;
    private static final long INDEX_2 = 0xF0F0F0F0F0F0F0F0L;
    private static final long INDEX_3 = 0xFF00FF00FF00FF00L;
    private static final long INDEX_4 = 0xFFFF0000FFFF0000L;
    private static final long INDEX_5 = 0xFFFFFFFF00000000L;

    /// Makes the kernel; it has no state.
    public ScalarSecdedKernel() {}

    @Override
    public int encode(MemorySegment data, long offset) {
        long first = data.get(WORD, offset);
        long total = 0;
        long odd = 0;
        long pairs = 0;
        long fours = 0;
        long oddRows = 0;
        long pairRows = 0;
        long fourRows = 0;
        // Rows of eight words: the low three bits of a word's index are its place in the row, the
        // high three the row.
        for (int row = 0; row < 8; row++) {
            long at = offset + 64L * row;
            long w1 = data.get(WORD, at + 8);
            long w3 = data.get(WORD, at + 24);
            long w5 = data.get(WORD, at + 40);
            long w7 = data.get(WORD, at + 56);
            long w23 = data.get(WORD, at + 16) ^ w3;
            long w67 = data.get(WORD, at + 48) ^ w7;
            long w4567 = data.get(WORD, at + 32) ^ w5 ^ w67;
            long sum = data.get(WORD, at) ^ w1 ^ w23 ^ w4567;
            total ^= sum;
            odd ^= w1 ^ w3 ^ w5 ^ w7;
            pairs ^= w23 ^ w67;
            fours ^= w4567;
            oddRows ^= sum & -(row & 1);
            pairRows ^= sum & -(row >>> 1 & 1);
            fourRows ^= sum & -(row >>> 2);
        }
        return code(first, total, odd, pairs, fours, oddRows, pairRows, fourRows);
    }

    /// Counts the sums into the code. Words other than the first have bit 6 of their block set and the index in the others;
    /// the first has index 0, so it is in no sum, and its block is all ones below bit 6.
    static int code(
            long first,
            long total,
            long index0,
            long index1,
            long index2,
            long index3,
            long index4,
            long index5) {
        int firstParity = parity(first);
        int dataParity = parity(total);
        int place =
                parity(total & INDEX_0)
                        | parity(total & INDEX_1) << 1
                        | parity(total & INDEX_2) << 2
                        | parity(total & INDEX_3) << 3
                        | parity(total & INDEX_4) << 4
                        | parity(total & INDEX_5) << 5;
        int index =
                parity(index0)
                        | parity(index1) << 1
                        | parity(index2) << 2
                        | parity(index3) << 3
                        | parity(index4) << 4
                        | parity(index5) << 5;
        int block = index ^ FIRST_BLOCK & -firstParity | (dataParity ^ firstParity) << 6;
        int syndrome = block << 6 | place;
        return syndrome | (dataParity ^ parity(syndrome)) << SYNDROME_BITS;
    }

    private static int parity(long bits) {
        return Long.bitCount(bits) & 1;
    }
}
