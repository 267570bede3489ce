package io.quoin.codec.nbd;

import java.nio.ByteBuffer;

/// What opens a server's reply to an option.
///
/// ```
///  0  u64  0x3e889045565a9
///  8  u32  the option that is answered
/// 12  u32  reply, see OptionReplyType
/// 16  u32  length of the data that follows
/// ```
public final class OptionReplyHeader {
    /// Bytes of the header.
    public static final int BYTES = 20;

    private OptionReplyHeader() {}

    /// Writes a header.
    ///
    /// @param target where, at its position
    /// @param option the option that is answered
    /// @param type see {@link OptionReplyType}
    /// @param dataBytes bytes of data that follow
    public static void put(ByteBuffer target, int option, int type, int dataBytes) {
        target.putLong(Magic.OPTION_REPLY).putInt(option).putInt(type).putInt(dataBytes);
    }

    /// {@return the magic number}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static long magic(ByteBuffer source, int at) {
        return source.getLong(at);
    }

    /// {@return the option that is answered}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static int option(ByteBuffer source, int at) {
        return source.getInt(at + 8);
    }

    /// {@return the reply, see {@link OptionReplyType}}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static int type(ByteBuffer source, int at) {
        return source.getInt(at + 12);
    }

    /// {@return bytes of data that follow, 0 to 2^32 - 1; a client bounds them before it reads}
    ///
    /// @param source holds a header
    /// @param at its first byte
    public static long dataBytes(ByteBuffer source, int at) {
        return Integer.toUnsignedLong(source.getInt(at + 16));
    }
}
