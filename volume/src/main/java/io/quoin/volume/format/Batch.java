package io.quoin.volume.format;

import static io.quoin.volume.format.BlockInfo.INT;
import static io.quoin.volume.format.BlockInfo.LONG;
import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.quoin.codec.guard.Crc32c;
import io.quoin.volume.fault.Plant;
import java.lang.foreign.MemorySegment;
import net.openhft.chronicle.bytes.BytesOut;

/// A batch of the journal: a header, records, a CRC-32C for each payload block, padded to 4 KiB;
/// then the payload. The same bytes on every copy, one aligned durable write each.
///
/// ```
///   0  u64  magic "QUOINJB1"
///   8  u32  CRC-32C of the header area with this field zero
///  12  u32  header bytes, a multiple of 4096
///  16  u32  volume tag
///  20  u32  total bytes
///  24  u64  journal epoch
///  32  u64  batch number, contiguous over segments and epochs
///  40  u64  segment
///  48  u32  offset in the segment
///  52  u32  ensemble: bit for each slot that has a copy
///  56  u64  first sequence
///  64  u64  last sequence
///  72  u32  records
///  76  u32  payload blocks
///  80  u32  chain: rotl(previous chain, 7) * 0x9E3779B1 xor CRC-32C of this header area from byte 128
///  84  u32  reserved
///  88  u64  tail batch when written
///  96  u64  commit sequence when written
/// 104  24 B reserved
/// 128  records
/// ```
///
/// A record is 32 bytes:
///
/// ```
///  0  u8   type: WRITE 1, TRIM 2, ZERO 3, INTENT 4, EPOCH_START 5, CUT 6
///  1  u8   flags: 1 MORE, the transaction goes on in the next record
///  2  u16  generations that follow the record (INTENT: k)
///  4  u32  count of blocks (INTENT: of parity blocks; CUT: blocks that the cut passes)
///  8  u64  sequence
/// 16  u64  first block (INTENT: row; EPOCH_START: last batch of earlier epochs that counts;
///          CUT: first block above the cut of the reshape from here on)
/// 24  u32  index of its first payload block
/// 28  u32  INTENT: bit for each parity position that has a payload block;
///          EPOCH_START: how many batches before it this one stands for;
///          CUT: records of its transaction before it
/// ```
///
/// An INTENT is followed by k x 8 bytes, the generations of the row's data blocks that its parity
/// payload encodes; all ones marks a BAD block, which counts as zeros.
public final class Batch {
    /// Bytes before the first record.
    public static final int HEADER_BYTES = 128;

    /// Bytes of a record without generations.
    public static final int RECORD_BYTES = 32;

    /// Most payload blocks of a batch: 1 MiB.
    public static final int MAX_PAYLOAD_BLOCKS = 256;

    /// Most records of a batch.
    public static final int MAX_RECORDS = 90;

    /// Blocks with payload.
    public static final int WRITE = 1;

    /// Blocks that read as zeros and give back their space.
    public static final int TRIM = 2;

    /// Blocks that read as zeros and stay allocated.
    public static final int ZERO = 3;

    /// New parity of a row, before its home write.
    public static final int INTENT = 4;

    /// First record of an epoch.
    public static final int EPOCH_START = 5;

    /// Last record of a transaction with the blocks that a reshape moves.
    public static final int CUT = 6;

    /// Record flag: the transaction goes on.
    public static final int MORE = 1;

    /// Generation of a BAD block in an INTENT.
    public static final long BAD_GENERATION = -1;

    static final long MAGIC = 0x31424A_4E494F5551L; // "QUOINJB1"
    private static final int CRC = 8;

    private Batch() {}

    /// The fields of a header, for writing it and as read.
    public static final class Header {
        /// Bytes of header area and payload.
        public int headerBytes;

        /// Short identity of the volume.
        public int volumeTag;

        /// Header area and payload together.
        public int totalBytes;

        /// Journal epoch.
        public long epoch;

        /// Batch number.
        public long number;

        /// Segment.
        public long segment;

        /// Offset in the segment.
        public int segmentOffset;

        /// Bit for each slot that has a copy.
        public int ensemble;

        /// First sequence.
        public long firstSequence;

        /// Last sequence.
        public long lastSequence;

        /// Records.
        public int recordCount;

        /// Payload blocks.
        public int payloadBlocks;

        /// Chain value: what came before, and this batch's records and payload CRCs.
        public int chain;

        /// Tail batch when written.
        public long tailBatch;

        /// Commit sequence when written.
        public long commitSequence;

        /// The batch's own header CRC, as read or as last sealed.
        public int crc;

        /// Writes the 128 bytes, the CRC field zero.
        ///
        /// @param out target, at its write position
        public void writeTo(BytesOut<?> out) {
            out.writeHexDumpDescription("magic QUOINJB1").writeLong(MAGIC);
            out.writeHexDumpDescription("crc32c").writeInt(0);
            out.writeHexDumpDescription("header bytes").writeInt(headerBytes);
            out.writeHexDumpDescription("volume tag").writeInt(volumeTag);
            out.writeHexDumpDescription("total bytes").writeInt(totalBytes);
            out.writeHexDumpDescription("epoch").writeLong(epoch);
            out.writeHexDumpDescription("batch number").writeLong(number);
            out.writeHexDumpDescription("segment").writeLong(segment);
            out.writeHexDumpDescription("segment offset").writeInt(segmentOffset);
            out.writeHexDumpDescription("ensemble").writeInt(ensemble);
            out.writeHexDumpDescription("first sequence").writeLong(firstSequence);
            out.writeHexDumpDescription("last sequence").writeLong(lastSequence);
            out.writeHexDumpDescription("records").writeInt(recordCount);
            out.writeHexDumpDescription("payload blocks").writeInt(payloadBlocks);
            out.writeHexDumpDescription("chain").writeInt(chain);
            out.writeHexDumpDescription("reserved").writeInt(0);
            out.writeHexDumpDescription("tail batch").writeLong(tailBatch);
            out.writeHexDumpDescription("commit sequence").writeLong(commitSequence);
            out.writeHexDumpDescription("reserved").writeLong(0).writeLong(0);
            out.writeHexDumpDescription("reserved").writeLong(0);
        }
    }

    /// Writes a record without its generations.
    ///
    /// @param out target, at its write position
    /// @param type WRITE to CUT
    /// @param flags 0 or MORE
    /// @param generations generations that will follow
    /// @param count blocks
    /// @param sequence sequence
    /// @param block first block, row or batch
    /// @param payload index of the first payload block
    /// @param extra last field
    public static void writeRecord(
            BytesOut<?> out,
            int type,
            int flags,
            int generations,
            int count,
            long sequence,
            long block,
            int payload,
            int extra) {
        out.writeHexDumpDescription(typeText(type)).writeByte((byte) type);
        out.writeHexDumpDescription("flags").writeByte((byte) flags);
        out.writeHexDumpDescription("generations").writeShort((short) generations);
        out.writeHexDumpDescription("count").writeInt(count);
        out.writeHexDumpDescription("sequence").writeLong(sequence);
        out.writeHexDumpDescription("block").writeLong(block);
        out.writeHexDumpDescription("payload index").writeInt(payload);
        out.writeHexDumpDescription("extra").writeInt(extra);
    }

    private static String typeText(int type) {
        return switch (type) {
            case WRITE -> "WRITE";
            case TRIM -> "TRIM";
            case ZERO -> "ZERO";
            case INTENT -> "INTENT";
            case EPOCH_START -> "EPOCH_START";
            case CUT -> "CUT";
            default -> "type " + type;
        };
    }

    /// {@return bytes of a header area}
    ///
    /// @param recordBytes bytes of all records with their generations
    /// @param payloadBlocks payload blocks
    public static int headerBytes(int recordBytes, int payloadBlocks) {
        int bytes = HEADER_BYTES + recordBytes + 4 * payloadBlocks;
        return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES * BLOCK_BYTES;
    }

    /// Computes the header CRC and stores it.
    ///
    /// @param batch segment of the batch
    /// @param at its offset
    /// @param headerBytes bytes of the header area
    /// @return the CRC
    public static int seal(MemorySegment batch, long at, int headerBytes) {
        batch.set(INT, at + CRC, 0);
        int crc = Crc32c.of(batch, at, headerBytes);
        batch.set(INT, at + CRC, crc);
        return crc;
    }

    /// {@return the chain value of a batch}
    ///
    /// @param previous chain value of the batch before it, 0 for the first batch of all
    /// @param batch segment of the batch
    /// @param at its offset
    /// @param headerBytes bytes of the header area
    public static int chain(int previous, MemorySegment batch, long at, int headerBytes) {
        int records = Crc32c.of(batch, at + HEADER_BYTES, headerBytes - HEADER_BYTES);
        return Integer.rotateLeft(previous, 7) * 0x9E3779B1 ^ records;
    }

    /// Reads a header that stands at an offset, if one does: magic, tag, sizes within the space left
    /// and the header CRC agree, and its records lie in the header area. The payload is not looked at.
    ///
    /// @param source segment
    /// @param at offset, a multiple of 4096 in the source
    /// @param available bytes from the offset to the end of the journal slot
    /// @param volumeTag tag of the volume
    /// @param header where the fields go
    /// @return whether a valid header stands there
    public static boolean readHeader(
            MemorySegment source, long at, long available, int volumeTag, Header header) {
        if (available < BLOCK_BYTES || source.get(LONG, at) != MAGIC) {
            return false;
        }
        int headerBytes = source.get(INT, at + 12);
        int totalBytes = source.get(INT, at + 20);
        int payloadBlocks = source.get(INT, at + 76);
        if (source.get(INT, at + 16) != volumeTag
                || headerBytes < BLOCK_BYTES
                || headerBytes % BLOCK_BYTES != 0
                || headerBytes > available
                || payloadBlocks < 0
                || payloadBlocks > MAX_PAYLOAD_BLOCKS
                || totalBytes != headerBytes + payloadBlocks * BLOCK_BYTES
                || totalBytes > available) {
            return false;
        }
        int stored = source.get(INT, at + CRC);
        source.set(INT, at + CRC, 0);
        int computed = Crc32c.of(source, at, headerBytes);
        source.set(INT, at + CRC, stored);
        if (computed != stored
                || !areRecordsWithin(source, at, headerBytes, payloadBlocks)
                || !areCountersWithin(source, at)) {
            return false;
        }
        header.headerBytes = headerBytes;
        header.volumeTag = volumeTag;
        header.totalBytes = totalBytes;
        header.epoch = source.get(LONG, at + 24);
        header.number = source.get(LONG, at + 32);
        header.segment = source.get(LONG, at + 40);
        header.segmentOffset = source.get(INT, at + 48);
        header.ensemble = source.get(INT, at + 52);
        header.firstSequence = source.get(LONG, at + 56);
        header.lastSequence = source.get(LONG, at + 64);
        header.recordCount = source.get(INT, at + 72);
        header.payloadBlocks = payloadBlocks;
        header.chain = source.get(INT, at + 80);
        header.tailBatch = source.get(LONG, at + 88);
        header.commitSequence = source.get(LONG, at + 96);
        header.crc = stored;
        return true;
    }

    // A CRC that is right says who wrote the header only if nobody else can compute one.
    private static boolean areRecordsWithin(
            MemorySegment source, long at, int headerBytes, int payloadBlocks) {
        int count = source.get(INT, at + 72);
        long end = at + headerBytes - 4L * payloadBlocks;
        long position = at + HEADER_BYTES;
        for (int i = 0; i < count && position <= end; i++) {
            position =
                    position + RECORD_BYTES > end
                            ? end + 1
                            : position + recordBytes(source, position);
        }
        return count >= 0 && position <= end;
    }

    private static boolean areCountersWithin(MemorySegment source, long at) {
        boolean result = true;
        for (int field : new int[] {24, 32, 40, 56, 64}) {
            long counter = source.get(LONG, at + field);
            result &= counter >= 0 && counter <= Superblock.MAX_COUNTER;
        }
        return result;
    }

    /// {@return the batch number in what looks like a header, unchecked; -1 when nothing does}
    ///
    /// @param source segment
    /// @param at offset
    public static long numberIfHeader(MemorySegment source, long at) {
        return source.get(LONG, at) == MAGIC ? source.get(LONG, at + 32) : -1;
    }

    /// {@return whether every payload block has its recorded CRC}
    ///
    /// @param batch segment of the whole batch
    /// @param at its offset
    /// @param header as read
    public static boolean isPayloadValid(MemorySegment batch, long at, Header header) {
        long table = crcTable(batch, at, header);
        for (int i = 0;
                i < header.payloadBlocks && !Plant.JOURNAL_PAYLOAD_UNVERIFIED.isPlanted();
                i++) {
            long block = at + header.headerBytes + (long) i * BLOCK_BYTES;
            if (Crc32c.of(batch, block, BLOCK_BYTES) != batch.get(INT, table + 4L * i)) {
                return false;
            }
        }
        return true;
    }

    private static long crcTable(MemorySegment batch, long at, Header header) {
        long position = at + HEADER_BYTES;
        for (int i = 0; i < header.recordCount; i++) {
            position += recordBytes(batch, position);
        }
        return position;
    }

    /// {@return bytes of the record at an offset with its generations}
    ///
    /// @param batch segment
    /// @param record offset of the record
    public static int recordBytes(MemorySegment batch, long record) {
        return RECORD_BYTES + 8 * (batch.get(BlockInfo.SHORT, record + 2) & 0xFFFF);
    }

    /// {@return type of the record at an offset}
    ///
    /// @param batch segment
    /// @param record offset of the record
    public static int type(MemorySegment batch, long record) {
        return batch.get(JAVA_BYTE, record);
    }

    /// {@return whether the transaction goes on}
    ///
    /// @param batch segment
    /// @param record offset of the record
    public static boolean hasMore(MemorySegment batch, long record) {
        return (batch.get(JAVA_BYTE, record + 1) & MORE) != 0;
    }

    /// {@return blocks}
    ///
    /// @param batch segment
    /// @param record offset of the record
    public static int count(MemorySegment batch, long record) {
        return batch.get(INT, record + 4);
    }

    /// {@return sequence}
    ///
    /// @param batch segment
    /// @param record offset of the record
    public static long sequence(MemorySegment batch, long record) {
        return batch.get(LONG, record + 8);
    }

    /// {@return first block, row or batch}
    ///
    /// @param batch segment
    /// @param record offset of the record
    public static long block(MemorySegment batch, long record) {
        return batch.get(LONG, record + 16);
    }

    /// {@return index of the first payload block}
    ///
    /// @param batch segment
    /// @param record offset of the record
    public static int payload(MemorySegment batch, long record) {
        return batch.get(INT, record + 24);
    }

    /// {@return last field of the record}
    ///
    /// @param batch segment
    /// @param record offset of the record
    public static int extra(MemorySegment batch, long record) {
        return batch.get(INT, record + 28);
    }

    /// {@return generation i behind an INTENT}
    ///
    /// @param batch segment
    /// @param record offset of the record
    /// @param i data position
    public static long generation(MemorySegment batch, long record, int i) {
        return batch.get(LONG, record + RECORD_BYTES + 8L * i);
    }
}
