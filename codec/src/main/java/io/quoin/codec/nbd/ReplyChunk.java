package io.quoin.codec.nbd;

import java.nio.ByteBuffer;

/// A piece of a structured reply. The last one has {@link #DONE} set.
///
/// ```
///  0  u32  0x668e33ef
///  4  u16  flags
///  6  u16  kind
///  8  u64  cookie of the request
/// 16  u32  length of what follows
///
/// NONE           -
/// OFFSET_DATA   20  u64 offset   28  data
/// OFFSET_HOLE   20  u64 offset   28  u32 bytes that read as zeros
/// BLOCK_STATUS  20  u32 context  24  (u32 bytes, u32 flags) of each extent
/// ERROR         20  u32 error    24  u16 length of text   26  text
/// ERROR_OFFSET  20  u32 error    24  u16 length of text   26  text   then u64 offset
/// ```
public final class ReplyChunk {
    /// Bytes before what depends on the kind.
    public static final int HEADER_BYTES = 20;

    /// Bytes of an OFFSET_DATA chunk before its data.
    public static final int OFFSET_DATA_BYTES = HEADER_BYTES + 8;

    /// Flag of the last chunk of a reply.
    public static final int DONE = 1;

    /// Nothing, or nothing more.
    public static final int NONE = 0;

    /// Data of a part of the range.
    public static final int OFFSET_DATA = 1;

    /// A part of the range that reads as zeros.
    public static final int OFFSET_HOLE = 2;

    /// Extents of the range.
    public static final int BLOCK_STATUS = 5;

    /// The request failed.
    public static final int ERROR = 1 << 15 | 1;

    /// The request failed at an offset.
    public static final int ERROR_OFFSET = 1 << 15 | 2;

    /// Longest text of an error.
    public static final int MAX_TEXT_BYTES = 4096;

    private ReplyChunk() {}

    /// Writes the last chunk of a reply that has nothing (more) to say.
    ///
    /// @param target where, at its position
    /// @param cookie of the request
    public static void putNone(ByteBuffer target, long cookie) {
        putHeader(target, DONE, NONE, cookie, 0);
    }

    /// Writes the head of a chunk of data, which is to follow.
    ///
    /// @param target where, at its position
    /// @param flags {@link #DONE} or 0
    /// @param cookie of the request
    /// @param offsetBytes first byte in the export
    /// @param dataBytes bytes of data, from 1
    public static void putOffsetData(
            ByteBuffer target, int flags, long cookie, long offsetBytes, int dataBytes) {
        assert dataBytes > 0 : "dataBytes=" + dataBytes;
        putHeader(target, flags, OFFSET_DATA, cookie, 8 + dataBytes);
        target.putLong(offsetBytes);
    }

    /// Writes a chunk that stands for zeros.
    ///
    /// @param target where, at its position
    /// @param flags {@link #DONE} or 0
    /// @param cookie of the request
    /// @param offsetBytes first byte in the export
    /// @param holeBytes bytes that read as zeros, from 1
    public static void putOffsetHole(
            ByteBuffer target, int flags, long cookie, long offsetBytes, int holeBytes) {
        assert holeBytes > 0 : "holeBytes=" + holeBytes;
        putHeader(target, flags, OFFSET_HOLE, cookie, 12);
        target.putLong(offsetBytes).putInt(holeBytes);
    }

    /// Writes the head of a chunk of extents, which are to follow by {@link #putExtent}.
    ///
    /// @param target where, at its position
    /// @param flags {@link #DONE} or 0
    /// @param cookie of the request
    /// @param contextId as told when the context was set
    /// @param extentCount extents that follow, from 1
    public static void putBlockStatus(
            ByteBuffer target, int flags, long cookie, int contextId, int extentCount) {
        assert extentCount > 0 : "extentCount=" + extentCount;
        putHeader(target, flags, BLOCK_STATUS, cookie, 4 + 8 * extentCount);
        target.putInt(contextId);
    }

    /// Writes one extent.
    ///
    /// @param target where, at its position
    /// @param extentBytes its length, 1 to 2^32 - 1
    /// @param extentFlags its flags, as the context defines them
    public static void putExtent(ByteBuffer target, long extentBytes, int extentFlags) {
        assert extentBytes > 0 && extentBytes < 1L << 32 : "extentBytes=" + extentBytes;
        target.putInt((int) extentBytes).putInt(extentFlags);
    }

    /// Writes the last chunk of a reply that failed.
    ///
    /// @param target where, at its position
    /// @param cookie of the request
    /// @param error see {@link ErrorCode}, not 0
    /// @param text UTF-8 for people, to 4096 bytes
    public static void putError(ByteBuffer target, long cookie, int error, byte[] text) {
        assert error != 0;
        assert text.length <= MAX_TEXT_BYTES : "text of " + text.length + " bytes";
        putHeader(target, DONE, ERROR, cookie, 6 + text.length);
        target.putInt(error).putShort((short) text.length).put(text);
    }

    private static void putHeader(
            ByteBuffer target, int flags, int kind, long cookie, int followingBytes) {
        target.putInt(Magic.STRUCTURED_REPLY)
                .putShort((short) flags)
                .putShort((short) kind)
                .putLong(cookie)
                .putInt(followingBytes);
    }

    /// {@return the magic number}
    ///
    /// @param source holds a chunk
    /// @param at its first byte
    public static int magic(ByteBuffer source, int at) {
        return source.getInt(at);
    }

    /// {@return whether it is the last of its reply}
    ///
    /// @param source holds a chunk
    /// @param at its first byte
    public static boolean isDone(ByteBuffer source, int at) {
        return (source.getShort(at + 4) & DONE) != 0;
    }

    /// {@return its kind}
    ///
    /// @param source holds a chunk
    /// @param at its first byte
    public static int kind(ByteBuffer source, int at) {
        return Short.toUnsignedInt(source.getShort(at + 6));
    }

    /// {@return whether a kind, known or not, is an error}
    ///
    /// @param kind as received
    public static boolean isError(int kind) {
        return (kind & 1 << 15) != 0;
    }

    /// {@return the cookie of the request}
    ///
    /// @param source holds a chunk
    /// @param at its first byte
    public static long cookie(ByteBuffer source, int at) {
        return source.getLong(at + 8);
    }

    /// {@return bytes that follow the header, 0 to 2^32 - 1; a client bounds them before it reads}
    ///
    /// @param source holds a chunk
    /// @param at its first byte
    public static long followingBytes(ByteBuffer source, int at) {
        return Integer.toUnsignedLong(source.getInt(at + 16));
    }
}
