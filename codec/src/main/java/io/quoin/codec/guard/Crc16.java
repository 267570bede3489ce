package io.quoin.codec.guard;

import io.quoin.codec.kernel.Crc16Kernel;
import io.quoin.codec.kernel.Kernels;
import java.lang.foreign.MemorySegment;
import java.util.function.Supplier;

/// A 16-bit CRC: most significant bit first, no reflection, no final XOR. Immutable, thread-safe, allocation-free.
///
/// Over one 512-byte sector both polynomials detect every error of one or two bits and every burst of up to 16 bits; random
/// damage passes with a probability of 2^-16, which is why a block also carries a CRC-32C or a digest.
public final class Crc16 {
    /// CRC-16/IBM-3740, long known as CCITT-FALSE: polynomial 0x1021, initial value 0xFFFF. Zeros have a CRC other than 0.
    /// Source: G. Cook, "Catalogue of parametrised CRC algorithms"; check 0x29B1.
    public static final Crc16 IBM_3740 = new Crc16(0x1021, 0xFFFF);

    /// CRC-16/T10-DIF, the guard of SCSI protection information: polynomial 0x8BB7, initial value 0. Zeros have the CRC 0.
    /// Source: INCITS 506 (SBC-4), section 4.22; check 0xD0DB.
    public static final Crc16 T10_DIF = new Crc16(0x8BB7, 0);

    /// Bytes of a sector, the unit of one CRC.
    public static final int SECTOR_BYTES = Crc16Kernel.SECTOR_BYTES;

    private final Supplier<Crc16Kernel> kernel;

    private Crc16(int polynomial, int initial) {
        kernel = Kernels.crc16(polynomial, initial);
    }

    /// {@return the CRC of some bytes, 0 to 65535}
    ///
    /// @param data holds the bytes
    /// @param offset of the first, bytes, of any alignment
    /// @param lengthBytes how many, from 0; the CRC of none is the initial value
    /// @throws IndexOutOfBoundsException when the bytes are not all within data
    public int of(MemorySegment data, long offset, int lengthBytes) {
        assert lengthBytes >= 0 : "lengthBytes=" + lengthBytes;
        int crc = kernel.get().of(data, offset, lengthBytes);
        assert crc >>> 16 == 0 : "crc=" + crc;
        return crc;
    }

    /// Writes the CRCs of consecutive sectors, as protection info stores them: two bytes each, little-endian.
    ///
    /// ```
    /// data   at offset        |  sector 0  |  sector 1  | ...   512 B each
    /// target at targetOffset  | lo hi | lo hi | ...             2 B each
    /// ```
    ///
    /// @param data holds the sectors
    /// @param offset of the first, bytes, of any alignment
    /// @param sectorCount how many, from 0; eight make a block
    /// @param target receives `2 * sectorCount` bytes, apart from the sectors
    /// @param targetOffset of the first of them, bytes, of any alignment
    /// @throws IndexOutOfBoundsException when sectors or results are not all within their segments
    public void sectors(
            MemorySegment data,
            long offset,
            int sectorCount,
            MemorySegment target,
            long targetOffset) {
        assert sectorCount >= 0 : "sectorCount=" + sectorCount;
        kernel.get().sectors(data, offset, sectorCount, target, targetOffset);
    }
}
