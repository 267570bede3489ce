package io.quoin.volume.format;

import static io.quoin.volume.format.BlockInfo.INT;
import static io.quoin.volume.format.BlockInfo.LONG;

import io.quoin.codec.guard.Crc32c;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.MemorySegment;

/// One 4 KiB block of protection info: a header and the records of 32 consecutive blocks of a
/// member. Written twice, to info area A and, after a flush, to B, so that a torn or lost write of
/// one never takes the records of untouched neighbours along.
///
/// ```
///   0  u64  magic "QUOINPI1"
///   8  u32  CRC-32C of the block with this field zero
///  12  u32  volume tag
///  16  u64  index: member block / 32
///  24  u64  member UUID, high; 32 low
///  40  u64  checkpoint that wrote it
///  48  208 B reserved
/// 256  32 x 120 B  records
/// ```
public final class InfoBlock {
    /// Where the records begin.
    public static final int HEADER_BYTES = 256;

    private static final long MAGIC = 0x314950_4E494F5551L; // "QUOINPI1"
    private static final int CRC = 8;
    private static final int TAG = 12;
    private static final int INDEX = 16;
    private static final int MEMBER_HIGH = 24;
    private static final int MEMBER_LOW = 32;
    private static final int CHECKPOINT = 40;

    static {
        assert HEADER_BYTES + Geometry.ROWS_PER_INFO * BlockInfo.BYTES == Geometry.BLOCK_BYTES;
    }

    private InfoBlock() {}

    /// {@return offset of a record}
    ///
    /// @param at offset of the info block
    /// @param index 0 to 31
    public static long record(long at, int index) {
        assert index >= 0 && index < Geometry.ROWS_PER_INFO : "index=" + index;
        return at + HEADER_BYTES + (long) index * BlockInfo.BYTES;
    }

    /// Writes the header over the records that stand in the block.
    ///
    /// @param block segment
    /// @param at offset of the info block
    /// @param volumeTag tag of the volume
    /// @param index info block index on the member
    /// @param memberHigh member's UUID, high
    /// @param memberLow low
    /// @param checkpoint number of the checkpoint
    public static void stamp(
            MemorySegment block,
            long at,
            int volumeTag,
            long index,
            long memberHigh,
            long memberLow,
            long checkpoint) {
        block.set(LONG, at, MAGIC);
        block.set(INT, at + CRC, 0);
        block.set(INT, at + TAG, volumeTag);
        block.set(LONG, at + INDEX, index);
        block.set(LONG, at + MEMBER_HIGH, memberHigh);
        block.set(LONG, at + MEMBER_LOW, memberLow);
        block.set(LONG, at + CHECKPOINT, checkpoint);
        block.set(INT, at + CRC, Crc32c.of(block, at, Geometry.BLOCK_BYTES));
    }

    /// Gives a stamped block to another member.
    ///
    /// @param block segment
    /// @param at offset of the info block
    /// @param memberHigh the other member's UUID, high
    /// @param memberLow low
    public static void rename(MemorySegment block, long at, long memberHigh, long memberLow) {
        assert block.get(LONG, at) == MAGIC : "not stamped";
        block.set(INT, at + CRC, 0);
        block.set(LONG, at + MEMBER_HIGH, memberHigh);
        block.set(LONG, at + MEMBER_LOW, memberLow);
        block.set(INT, at + CRC, Crc32c.of(block, at, Geometry.BLOCK_BYTES));
    }

    /// {@return whether the block is whole, in its place and of this volume and member}
    ///
    /// @param block segment
    /// @param at offset of the info block
    /// @param volumeTag tag of the volume
    /// @param index info block index on the member
    /// @param memberHigh member's UUID, high
    /// @param memberLow low
    public static boolean isValid(
            MemorySegment block,
            long at,
            int volumeTag,
            long index,
            long memberHigh,
            long memberLow) {
        if (block.get(LONG, at) != MAGIC
                || block.get(INT, at + TAG) != volumeTag
                || block.get(LONG, at + INDEX) != index
                || block.get(LONG, at + MEMBER_HIGH) != memberHigh
                || block.get(LONG, at + MEMBER_LOW) != memberLow) {
            return false;
        }
        int stored = block.get(INT, at + CRC);
        block.set(INT, at + CRC, 0);
        int computed = Crc32c.of(block, at, Geometry.BLOCK_BYTES);
        block.set(INT, at + CRC, stored);
        return stored == computed;
    }

    /// {@return number of the checkpoint that wrote the block}
    ///
    /// @param block segment
    /// @param at offset of the info block
    public static long checkpoint(MemorySegment block, long at) {
        return block.get(LONG, at + CHECKPOINT);
    }

    /// {@return whether the block was never written: all zeros}
    ///
    /// @param block segment
    /// @param at offset of the info block
    public static boolean isBlank(MemorySegment block, long at) {
        for (long i = 0; i < Geometry.BLOCK_BYTES; i += 8) {
            if (block.get(LONG, at + i) != 0) {
                return false;
            }
        }
        return true;
    }
}
