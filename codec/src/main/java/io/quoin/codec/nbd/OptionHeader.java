package io.quoin.codec.nbd;

import java.nio.ByteBuffer;

/// What opens an option of a client.
///
/// ```
///  0  u64  IHAVEOPT
///  8  u32  option, see OptionType
/// 12  u32  length of the data that follows
/// ```
public final class OptionHeader {
    /// Bytes of the header.
    public static final int BYTES = 16;

    private OptionHeader() {}

    /// Writes a header.
    ///
    /// @param target where, at its position
    /// @param type see {@link OptionType}
    /// @param dataBytes bytes of data that follow, 0 to 2^32 - 1
    public static void put(ByteBuffer target, int type, long dataBytes) {
        target.putLong(Magic.OPTION).putInt(type).putInt((int) dataBytes);
    }

    /// {@return the magic number}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static long magic(ByteBuffer source, int at) {
        return source.getLong(at);
    }

    /// {@return the option}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static int type(ByteBuffer source, int at) {
        return source.getInt(at + 8);
    }

    /// {@return bytes of data that follow, 0 to 2^32 - 1}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static long dataBytes(ByteBuffer source, int at) {
        return Integer.toUnsignedLong(source.getInt(at + 12));
    }
}
