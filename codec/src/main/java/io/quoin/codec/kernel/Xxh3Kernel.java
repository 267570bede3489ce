package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;

/// The sums of XXH3 over a message of more than 240 bytes; shorter ones have other algorithms. Thread-safe, allocation-free.
///
/// ```
/// block of 16 stripes   | stripe 0 | stripe 1 | ... | stripe 15 |   64 B each: eight words
/// v = word i xor secret[n + i];   sum i += low32(v) * high32(v);   sum (i xor 1) += word i
/// behind each block but the last   sum = (sum xor sum >>> 47 xor scramble) * prime
/// at the end                       the last 64 bytes as a stripe, whatever they share with the one before
/// ```
public sealed interface Xxh3Kernel permits ScalarXxh3Kernel, VectorXxh3Kernel {
    /// Bytes of the shortest message.
    int LEAST_BYTES = 241;

    /// Computes the sums.
    ///
    /// @param data holds the message
    /// @param offset of its first byte, of any alignment
    /// @param lengthBytes of the message, from {@link #LEAST_BYTES}
    /// @param sums receives {@link Xxh3Sums#COUNT}
    void sums(MemorySegment data, long offset, int lengthBytes, long[] sums);
}
