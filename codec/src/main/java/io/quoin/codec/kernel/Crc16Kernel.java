package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;

/// A 16-bit CRC with one polynomial and initial value: most significant bit first, no reflection, no final XOR.
/// Thread-safe, allocation-free in steady state.
public sealed interface Crc16Kernel permits ScalarCrc16Kernel, VectorCrc16Kernel {
    /// Bytes of a sector: 4096 bits, within the 32,767 over which 0x1021 finds every two-bit error.
    int SECTOR_BYTES = 512;

    /// {@return the CRC of some bytes, 0 to 65535}
    ///
    /// @param data holds the bytes
    /// @param offset of the first, bytes
    /// @param lengthBytes how many, from 0
    int of(MemorySegment data, long offset, int lengthBytes);

    /// Writes the CRCs of consecutive sectors, two bytes each, little-endian.
    ///
    /// @param data holds the sectors
    /// @param offset of the first, bytes, of any alignment
    /// @param sectorCount how many, from 0
    /// @param target receives `2 * sectorCount` bytes
    /// @param targetOffset of the first, bytes
    void sectors(
            MemorySegment data,
            long offset,
            int sectorCount,
            MemorySegment target,
            long targetOffset);
}
