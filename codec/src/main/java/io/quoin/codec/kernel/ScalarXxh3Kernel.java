package io.quoin.codec.kernel;

import static io.quoin.codec.kernel.Xxh3Sums.BLOCK_BYTES;
import static io.quoin.codec.kernel.Xxh3Sums.BLOCK_STRIPES;
import static io.quoin.codec.kernel.Xxh3Sums.LAST;
import static io.quoin.codec.kernel.Xxh3Sums.PRIME32_1;
import static io.quoin.codec.kernel.Xxh3Sums.SCRAMBLE;
import static io.quoin.codec.kernel.Xxh3Sums.SECRET;
import static io.quoin.codec.kernel.Xxh3Sums.STRIPE_BYTES;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// XXH3 over longs, four sums at a time: what the registers hold.
public final class ScalarXxh3Kernel implements Xxh3Kernel {
    private static final ValueLayout.OfLong WORD =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final long LOW_HALF = 0xFFFF_FFFFL;

    /// Makes the kernel; it has no state.
    public ScalarXxh3Kernel() {}

    @Override
    public void sums(MemorySegment data, long offset, int lengthBytes, long[] sums) {
        System.arraycopy(Xxh3Sums.START, 0, sums, 0, Xxh3Sums.COUNT);
        int blocks = (lengthBytes - 1) / BLOCK_BYTES;
        long at = offset;
        for (int block = 0; block < blocks; block++) {
            stripes(data, at, BLOCK_STRIPES, 0, sums);
            stripes(data, at, BLOCK_STRIPES, 4, sums);
            for (int i = 0; i < Xxh3Sums.COUNT; i++) {
                sums[i] = (sums[i] ^ sums[i] >>> 47 ^ SCRAMBLE[i]) * PRIME32_1;
            }
            at += BLOCK_BYTES;
        }
        int stripes = (lengthBytes - 1) % BLOCK_BYTES / STRIPE_BYTES;
        stripes(data, at, stripes, 0, sums);
        stripes(data, at, stripes, 4, sums);
        long last = offset + lengthBytes - STRIPE_BYTES;
        for (int i = 0; i < Xxh3Sums.COUNT; i++) {
            long word = data.get(WORD, last + 8L * i);
            sums[i] += product(word ^ LAST[i]);
            sums[i ^ 1] += word;
        }
    }

    /// Adds to four of the sums what stands below them in consecutive stripes.
    private static void stripes(
            MemorySegment data, long offset, int count, int first, long[] sums) {
        long s0 = sums[first];
        long s1 = sums[first + 1];
        long s2 = sums[first + 2];
        long s3 = sums[first + 3];
        for (int n = 0; n < count; n++) {
            long at = offset + (long) n * STRIPE_BYTES + 8L * first;
            long w0 = data.get(WORD, at);
            long w1 = data.get(WORD, at + 8);
            long w2 = data.get(WORD, at + 16);
            long w3 = data.get(WORD, at + 24);
            s0 += w1 + product(w0 ^ SECRET[first + n]);
            s1 += w0 + product(w1 ^ SECRET[first + n + 1]);
            s2 += w3 + product(w2 ^ SECRET[first + n + 2]);
            s3 += w2 + product(w3 ^ SECRET[first + n + 3]);
        }
        sums[first] = s0;
        sums[first + 1] = s1;
        sums[first + 2] = s2;
        sums[first + 3] = s3;
    }

    private static long product(long value) {
        return (value & LOW_HALF) * (value >>> 32);
    }
}
