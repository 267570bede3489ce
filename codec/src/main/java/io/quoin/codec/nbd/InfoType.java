package io.quoin.codec.nbd;

import java.nio.ByteBuffer;

/// Facts about an export that INFO and GO are answered with, each in a reply of its own.
///
/// ```
/// EXPORT       0  type u16 = 0   2  size u64   10  transmission flags u16
/// NAME         0  type u16 = 1   2  name
/// DESCRIPTION  0  type u16 = 2   2  text
/// BLOCK_SIZE   0  type u16 = 3   2  minimum u32   6  preferred u32   10  maximum payload u32
/// ```
public final class InfoType {
    /// Size and transmission flags; always told.
    public static final int EXPORT = 0;

    /// The canonical name.
    public static final int NAME = 1;

    /// A text for people.
    public static final int DESCRIPTION = 2;

    /// Block sizes.
    public static final int BLOCK_SIZE = 3;

    /// Bytes of an EXPORT fact.
    public static final int EXPORT_BYTES = 12;

    /// Bytes of a BLOCK_SIZE fact.
    public static final int BLOCK_SIZE_BYTES = 14;

    private InfoType() {}

    /// Writes an EXPORT fact.
    ///
    /// @param target where, at its position
    /// @param sizeBytes size of the export
    /// @param transmissionFlags bits of {@link TransmissionFlag}
    public static void putExport(ByteBuffer target, long sizeBytes, int transmissionFlags) {
        target.putShort((short) EXPORT).putLong(sizeBytes).putShort((short) transmissionFlags);
    }

    /// Writes a BLOCK_SIZE fact.
    ///
    /// @param target where, at its position
    /// @param minimumBytes smallest length and alignment, a power of two to 65536
    /// @param preferredBytes length and alignment that is cheap, a power of two from 512
    /// @param maximumBytes largest payload of one request
    public static void putBlockSize(
            ByteBuffer target, int minimumBytes, int preferredBytes, int maximumBytes) {
        assert Integer.bitCount(minimumBytes) == 1 && minimumBytes <= 65_536 : minimumBytes;
        assert Integer.bitCount(preferredBytes) == 1 && preferredBytes >= 512 : preferredBytes;
        assert minimumBytes <= preferredBytes : preferredBytes;
        assert preferredBytes <= maximumBytes : maximumBytes;
        target.putShort((short) BLOCK_SIZE)
                .putInt(minimumBytes)
                .putInt(preferredBytes)
                .putInt(maximumBytes);
    }
}
