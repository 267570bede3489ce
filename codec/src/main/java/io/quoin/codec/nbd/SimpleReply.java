package io.quoin.codec.nbd;

import java.nio.ByteBuffer;

/// A reply in one piece. A READ's data follows it when the error is 0.
///
/// ```
///  0  u32  0x67446698
///  4  u32  error, see ErrorCode
///  8  u64  cookie of the request
/// ```
public final class SimpleReply {
    /// Bytes without data.
    public static final int BYTES = 16;

    private SimpleReply() {}

    /// Writes a reply without its data.
    ///
    /// @param target where, at its position
    /// @param error see {@link ErrorCode}
    /// @param cookie of the request
    public static void put(ByteBuffer target, int error, long cookie) {
        target.putInt(Magic.SIMPLE_REPLY).putInt(error).putLong(cookie);
    }

    /// {@return the magic number}
    ///
    /// @param source holds a reply
    /// @param at its first byte
    public static int magic(ByteBuffer source, int at) {
        return source.getInt(at);
    }

    /// {@return the error, see {@link ErrorCode}}
    ///
    /// @param source holds a reply
    /// @param at its first byte
    public static int error(ByteBuffer source, int at) {
        return source.getInt(at + 4);
    }

    /// {@return the cookie of the request}
    ///
    /// @param source holds a reply
    /// @param at its first byte
    public static long cookie(ByteBuffer source, int at) {
        return source.getLong(at + 8);
    }
}
