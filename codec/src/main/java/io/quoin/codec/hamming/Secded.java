package io.quoin.codec.hamming;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.quoin.codec.kernel.Kernels;
import io.quoin.codec.kernel.SecdedKernel;
import java.lang.foreign.MemorySegment;

/// An extended Hamming code over one 512-byte sector: it names a single flipped bit and refuses two. Thread-safe,
/// allocation-free.
///
/// Each of the 4096 data bits has a position of 13 bits, all different and none of them zero or a power of two. Check bit j
/// has position `2^j`. The code makes the XOR of the positions of all set bits zero, and the count of set bits even:
///
/// ```
/// code   bit 13   bits 12 .. 0
///        parity   XOR of the positions of the data's set bits
///
/// data bit i      0 .. 63      64 .. 4095
/// its position    4032 + i     4096 + i
/// ```
///
/// One flipped bit makes the count odd and leaves its position as the syndrome. Two flipped bits make the count even and
/// leave the XOR of two different positions, which is never zero. Three look like one, or like a position that no bit has.
///
/// Source: R. W. Hamming, "Error detecting and error correcting codes", 1950, shortened from 8178 data bits.
public final class Secded {
    /// Data and code agree.
    public static final int CLEAN = -1;

    /// The data is whole; one bit of the stored code is flipped.
    public static final int CODE_BIT = -2;

    /// Two bits are flipped, or more than the code can tell.
    public static final int UNCORRECTABLE = -3;

    /// Bytes of a sector, the unit of one code.
    public static final int SECTOR_BYTES = SecdedKernel.SECTOR_BYTES;

    /// Bits of a code.
    public static final int CODE_BITS = SecdedKernel.SYNDROME_BITS + 1;

    private static final int SYNDROME_MASK = (1 << SecdedKernel.SYNDROME_BITS) - 1;
    private static final int SECTOR_BITS = SECTOR_BYTES * 8;

    /// What lies between a bit's index and its position: 64 words of 64 bits for most, and one word less for the first 64.
    private static final int SHIFT = 64 * 64;

    private static final int FIRST_SHIFT = SecdedKernel.FIRST_BLOCK * 64;

    static {
        assert FIRST_SHIFT + 64 == SHIFT
                : "the first word's positions end where those of the second would begin";
        assert SHIFT + SECTOR_BITS == SYNDROME_MASK + 1 : "the last position is all ones";
    }

    private Secded() {}

    /// {@return the sector's code, 0 to 0x3FFF; zeros have the code 0}
    ///
    /// @param data holds the sector
    /// @param offset of its first byte, of any alignment
    /// @throws IndexOutOfBoundsException when the sector is not wholly within data
    public static int encode(MemorySegment data, long offset) {
        int code = Kernels.secded().encode(data, offset);
        assert code >>> CODE_BITS == 0 : "code=" + code;
        return code;
    }

    /// {@return what is wrong with a sector: {@link #CLEAN}, {@link #CODE_BIT}, {@link #UNCORRECTABLE}, or the index of its
    /// flipped bit, 0 to 4095, where bit i is bit `i % 8`, least significant first, of byte `i / 8`}
    ///
    /// Changes nothing. After {@link #flip} the sector's guard has the last word, as three flipped bits can look like one.
    ///
    /// @param data holds the sector as it was read
    /// @param offset of its first byte, of any alignment
    /// @param storedCode as {@link #encode} gave it; with bits above 0x3FFF it is no code and the answer is UNCORRECTABLE
    /// @throws IndexOutOfBoundsException when the sector is not wholly within data
    public static int locate(MemorySegment data, long offset, int storedCode) {
        return judge(encode(data, offset) ^ storedCode);
    }

    /// Flips one bit, as a correction or in a test.
    ///
    /// @param data holds the sector
    /// @param offset of its first byte
    /// @param bitIndex 0 to 4095
    /// @throws IndexOutOfBoundsException when the byte is not within data
    public static void flip(MemorySegment data, long offset, int bitIndex) {
        assert bitIndex >= 0 && bitIndex < SECTOR_BITS : "bitIndex=" + bitIndex;
        long at = offset + (bitIndex >>> 3);
        data.set(JAVA_BYTE, at, (byte) (data.get(JAVA_BYTE, at) ^ 1 << (bitIndex & 7)));
    }

    /// Reads the difference between the code that was stored and the one computed from the data as it is now.
    static int judge(int difference) {
        if (difference == 0) {
            return CLEAN;
        }
        boolean isOdd = (Integer.bitCount(difference) & 1) == 1;
        if (!isOdd || difference >>> CODE_BITS != 0) {
            return UNCORRECTABLE;
        }
        int position = difference & SYNDROME_MASK;
        if ((position & position - 1) == 0) {
            return CODE_BIT;
        }
        if (position >= FIRST_SHIFT && position < SHIFT) {
            return position - FIRST_SHIFT;
        }
        return position >= SHIFT + 64 ? position - SHIFT : UNCORRECTABLE;
    }
}
