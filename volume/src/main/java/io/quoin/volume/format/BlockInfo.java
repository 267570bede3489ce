package io.quoin.volume.format;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Protection info of one block on one slot: what the block should be. 120 bytes, 32 of them behind
/// the header of an info block ({@link InfoBlock}).
///
/// ```
///  0  u8   type       UNWRITTEN, DATA, PARITY, TRIMMED, BAD
///  1  u8   guard      Guard.code, 0: none recorded
///  2  6 B  reserved
///  8  u64  reference  DATA, TRIMMED, BAD: volume block; PARITY: row
/// 16  u64  generation sequence of the write (PARITY: of the home write) that made this content
/// 24  8 x u16  CRC16 of each 512 bytes
/// 40  8 x u16  SECDED of each 512 bytes, 14 bits, 0 if not kept
/// 56  u32  CRC-32C of the block, 0 if not kept
/// 60  2 x u64  XXH3-128 of the block, low half first, 0 if not kept
/// 76  12 B reserved
/// 88  32 B parity positions: generations of the k data blocks this parity was computed over, the
///          low min(8, 32 / k) bytes of each
/// ```
///
/// The generation vector is what tells a lost write from a good one: a CRC is linear over XOR, so
/// guards of parity say nothing about who is stale (Krioukov et al., "Parity Lost and Parity
/// Regained", FAST 2008). Static accessors over (segment, offset); no object per block.
public final class BlockInfo {
    /// Bytes of one record.
    public static final int BYTES = 120;

    /// Never written: reads as zeros, generation 0.
    public static final int UNWRITTEN = 0;

    /// Data; on mirrors, each copy.
    public static final int DATA = 1;

    /// Parity over a row.
    public static final int PARITY = 2;

    /// Trimmed: reads as zeros; parity positions: all data of the row is unwritten or trimmed.
    public static final int TRIMMED = 3;

    /// Lost beyond repair: reads fail until it is written again; counts as zeros in parity.
    public static final int BAD = 4;

    /// Where the guards begin, which end at {@link #GUARDS_END}.
    public static final int GUARDS = 24;

    /// Behind the guards.
    public static final int GUARDS_END = 88;

    static final int TYPE = 0;
    static final int GUARD = 1;
    static final int REFERENCE = 8;
    static final int GENERATION = 16;
    static final int CRC16 = GUARDS;
    static final int SECDED = 40;
    static final int CRC32C = 56;
    static final int XXH3 = 60;
    static final int VECTOR = GUARDS_END;
    static final int VECTOR_BYTES = 32;

    static final ValueLayout.OfShort SHORT =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfInt INT =
            ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    static {
        assert VECTOR + VECTOR_BYTES == BYTES;
    }

    private BlockInfo() {}

    /// {@return UNWRITTEN to BAD, or an unknown number from a damaged record}
    ///
    /// @param info segment
    /// @param at offset of the record
    public static int type(MemorySegment info, long at) {
        return info.get(JAVA_BYTE, at + TYPE) & 0xFF;
    }

    /// {@return whether the block's bytes on the member mean nothing and count as zeros}
    ///
    /// @param info segment
    /// @param at offset of the record
    public static boolean isContentless(MemorySegment info, long at) {
        int type = type(info, at);
        return type == UNWRITTEN || type == TRIMMED || type == BAD;
    }

    /// {@return the guard's code, 0 when none is recorded}
    ///
    /// @param info segment
    /// @param at offset of the record
    public static int guard(MemorySegment info, long at) {
        return info.get(JAVA_BYTE, at + GUARD) & 0xFF;
    }

    /// {@return volume block or row}
    ///
    /// @param info segment
    /// @param at offset of the record
    public static long reference(MemorySegment info, long at) {
        return info.get(LONG, at + REFERENCE);
    }

    /// {@return sequence that made the content}
    ///
    /// @param info segment
    /// @param at offset of the record
    public static long generation(MemorySegment info, long at) {
        return info.get(LONG, at + GENERATION);
    }

    /// Fills a record but for its guards and vector, which become zero.
    ///
    /// @param info segment
    /// @param at offset of the record
    /// @param type type
    /// @param reference volume block or row
    /// @param generation sequence
    public static void set(MemorySegment info, long at, int type, long reference, long generation) {
        info.asSlice(at, BYTES).fill((byte) 0);
        info.set(JAVA_BYTE, at + TYPE, (byte) type);
        info.set(LONG, at + REFERENCE, reference);
        info.set(LONG, at + GENERATION, generation);
    }

    /// {@return bytes kept of each generation in a vector for k data slots}
    ///
    /// @param dataCount k
    public static int vectorWidth(int dataCount) {
        return Math.min(8, VECTOR_BYTES / dataCount);
    }

    /// {@return the part of a generation that a vector keeps}
    ///
    /// @param generation sequence
    /// @param dataCount k
    public static long truncate(long generation, int dataCount) {
        int bytes = vectorWidth(dataCount);
        return bytes == 8 ? generation : generation & ((1L << 8 * bytes) - 1);
    }

    /// {@return element i of a parity record's generation vector}
    ///
    /// @param info segment
    /// @param at offset of the record
    /// @param position data position
    /// @param dataCount k
    public static long vector(MemorySegment info, long at, int position, int dataCount) {
        int bytes = vectorWidth(dataCount);
        long value = 0;
        for (int i = bytes - 1; i >= 0; i--) {
            value = value << 8 | info.get(JAVA_BYTE, at + VECTOR + position * bytes + i) & 0xFF;
        }
        return value;
    }

    /// Sets element i of a parity record's generation vector.
    ///
    /// @param info segment
    /// @param at offset of the record
    /// @param position data position
    /// @param dataCount k
    /// @param generation sequence; its low bytes are kept
    public static void setVector(
            MemorySegment info, long at, int position, int dataCount, long generation) {
        int bytes = vectorWidth(dataCount);
        long value = generation;
        for (int i = 0; i < bytes; i++) {
            info.set(JAVA_BYTE, at + VECTOR + position * bytes + i, (byte) value);
            value >>>= 8;
        }
    }
}
