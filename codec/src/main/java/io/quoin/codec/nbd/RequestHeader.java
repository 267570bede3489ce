package io.quoin.codec.nbd;

import java.nio.ByteBuffer;

/// What opens a request. A WRITE is followed by as many bytes of payload as its length says.
///
/// ```
///  0  u32  0x25609513
///  4  u16  command flags, see CommandFlag
///  6  u16  command, see CommandType
///  8  u64  cookie, which the reply repeats
/// 16  u64  offset
/// 24  u32  length
/// ```
public final class RequestHeader {
    /// Bytes of the header.
    public static final int BYTES = 28;

    private RequestHeader() {}

    /// Writes a header.
    ///
    /// @param target where, at its position
    /// @param flags bits of {@link CommandFlag}
    /// @param type see {@link CommandType}
    /// @param cookie any number
    /// @param offsetBytes first byte of the range
    /// @param lengthBytes bytes in the range, 0 to 2^32 - 1
    public static void put(
            ByteBuffer target,
            int flags,
            int type,
            long cookie,
            long offsetBytes,
            long lengthBytes) {
        target.putInt(Magic.REQUEST)
                .putShort((short) flags)
                .putShort((short) type)
                .putLong(cookie)
                .putLong(offsetBytes)
                .putInt((int) lengthBytes);
    }

    /// {@return the magic number}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static int magic(ByteBuffer source, int at) {
        return source.getInt(at);
    }

    /// {@return bits of {@link CommandFlag}}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static int flags(ByteBuffer source, int at) {
        return Short.toUnsignedInt(source.getShort(at + 4));
    }

    /// {@return the command, see {@link CommandType}}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static int type(ByteBuffer source, int at) {
        return Short.toUnsignedInt(source.getShort(at + 6));
    }

    /// {@return the cookie}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static long cookie(ByteBuffer source, int at) {
        return source.getLong(at + 8);
    }

    /// {@return first byte of the range, unsigned}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static long offsetBytes(ByteBuffer source, int at) {
        return source.getLong(at + 16);
    }

    /// {@return bytes in the range, 0 to 2^32 - 1}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static long lengthBytes(ByteBuffer source, int at) {
        return Integer.toUnsignedLong(source.getInt(at + 24));
    }
}
