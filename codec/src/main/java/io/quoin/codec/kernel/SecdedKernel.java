package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;

/// The check bits of an extended Hamming code over one 512-byte sector. Thread-safe, allocation-free.
///
/// Bit b of little-endian word w (0 to 63 both) has the position `block(w) << 6 | b`, where `block(w) = 64 | w`, except
/// `block(0) = 63`. So a position's low half is where the bit stands in its word and its high half which word that is: the
/// low check bits are sums within one word, the sum of all words, and the high ones are counts over sums of words.
/// Word 0 moves because 64 alone is a power of two, the position of a check bit.
public sealed interface SecdedKernel permits ScalarSecdedKernel, VectorSecdedKernel {
    /// Bytes of a sector.
    int SECTOR_BYTES = 512;

    /// Bits of a position, and so of a syndrome.
    int SYNDROME_BITS = 13;

    /// The half position of word 0, in place of 64.
    int FIRST_BLOCK = 63;

    /// {@return the sector's code: bits 0 to 12 the XOR of the positions of its set bits, bit 13 the parity of all these and of
    /// the data}
    ///
    /// @param data holds the sector
    /// @param offset of its first byte, of any alignment
    int encode(MemorySegment data, long offset);
}
