package io.quoin.codec.guard;

import io.quoin.codec.kernel.Kernels;
import io.quoin.codec.kernel.Xxh3Kernel;
import io.quoin.codec.kernel.Xxh3Sums;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// XXH3-128 with seed 0, a digest of a block: random damage passes with 2^-128. Thread-safe, allocation-free in steady state.
///
/// Not cryptographic: whoever wants to can make two blocks with one digest. Nor does it, as a CRC does, promise to find every error of a few
/// bits; it stands beside the CRCs, not in their place.
///
/// Messages of more than 240 bytes only: shorter ones have algorithms of their own, which no block needs.
///
/// Source: "xxHash fast digest algorithm", `doc/xxhash_spec.md` of xxHash, under XXH3 for large inputs.
public final class Xxh3 {
    /// Bytes of a digest.
    public static final int BYTES = 16;

    /// Bytes of the shortest message.
    public static final int LEAST_BYTES = Xxh3Kernel.LEAST_BYTES;

    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private static final ThreadLocal<long[]> SUMS =
            ThreadLocal.withInitial(() -> new long[Xxh3Sums.COUNT]);

    private Xxh3() {}

    /// Writes the digest of some bytes as a little-endian number of 128 bits, so that its bytes are those of XXH128's canonical form,
    /// which is big-endian, from last to first.
    ///
    /// ```
    /// target at targetOffset  | low half, u64 | high half, u64 |
    /// ```
    ///
    /// @param data holds the bytes
    /// @param offset of the first, bytes, of any alignment
    /// @param lengthBytes how many, from {@link #LEAST_BYTES}
    /// @param target receives {@link #BYTES} bytes, of any alignment
    /// @param targetOffset of the first of them
    /// @throws IndexOutOfBoundsException when bytes or digest are not all within their segments
    public static void digest(
            MemorySegment data,
            long offset,
            int lengthBytes,
            MemorySegment target,
            long targetOffset) {
        assert lengthBytes >= LEAST_BYTES : "lengthBytes=" + lengthBytes;
        long[] sums = SUMS.get();
        Kernels.xxh3().sums(data, offset, lengthBytes, sums);
        target.set(LONG, targetOffset, Xxh3Sums.low(sums, lengthBytes));
        target.set(LONG, targetOffset + 8, Xxh3Sums.high(sums, lengthBytes));
    }
}
