package io.quoin.volume.fuzz;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import io.quoin.codec.guard.Crc32c;
import io.quoin.fuzz.FuzzTarget;
import io.quoin.volume.MemoryFile;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.LevelSpec;
import io.quoin.volume.journal.JournalScan;
import io.quoin.volume.journal.JournalScan.DamagedJournalException;
import io.quoin.volume.journal.Replay;
import io.quoin.volume.member.BlockFile;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;
import net.openhft.chronicle.bytes.Bytes;

/// A whole journal, on two members, of batches that a stranger wrote and whose CRCs are right: recovery
/// ends, with what it adopted inside the volume and its memory, or refuses the journal as damaged.
///
/// ```
///  0  u64  tail batch, times four
///  then for each batch:
///  u8   member (bit 0)   slot (bits 1 to 3)
///  u8   block in the segment (bits 0 to 3)
///  u8   what is left as it is: 1 sizes, 2 place, 4 payload CRCs, 8 header CRC
///  u16  bytes of the header area that follow
/// ```
public final class JournalFuzz implements FuzzTarget {
    private static final MemberLayout LAYOUT = TestVolumes.LAYOUT;
    private static final int TAG = 77;
    private static final int KEEP_SIZES = 1;
    private static final int KEEP_PLACE = 2;
    private static final int KEEP_PAYLOAD_CRCS = 4;
    private static final int KEEP_HEADER_CRC = 8;
    private static final int POOL_BLOCKS = 64;
    private static final Geometry GEOMETRY =
            LevelSpec.parse("raid5", 3, 0).geometry(8192, LAYOUT.dataBlocks());

    private static final ValueLayout.OfShort SHORT = JAVA_SHORT_UNALIGNED.withOrder(order());
    private static final ValueLayout.OfInt INT = JAVA_INT_UNALIGNED.withOrder(order());
    private static final ValueLayout.OfLong LONG = JAVA_LONG_UNALIGNED.withOrder(order());

    private static ByteOrder order() {
        return ByteOrder.LITTLE_ENDIAN;
    }

    @Override
    public String name() {
        return "journal";
    }

    @Override
    public long maxAllocatedBytes(int inputBytes) {
        // Two members' worth of pages, the index and the pool.
        return (16L << 20) + 8192L * inputBytes;
    }

    /// A record for a seed.
    private record Rec(
            int type, int flags, int generations, int count, long sequence, long block, int at) {}

    private static byte[] header(long epoch, long number, int payloadBlocks, Rec... records) {
        Batch.Header header = new Batch.Header();
        header.headerBytes = BLOCK_BYTES;
        header.volumeTag = TAG;
        header.totalBytes = BLOCK_BYTES * (1 + payloadBlocks);
        header.epoch = epoch;
        header.number = number;
        header.segment = epoch;
        header.ensemble = 3;
        header.firstSequence = records[0].sequence;
        header.lastSequence = records[records.length - 1].sequence;
        header.recordCount = records.length;
        header.payloadBlocks = payloadBlocks;
        Bytes<byte[]> bytes = Bytes.allocateElasticOnHeap(BLOCK_BYTES);
        header.writeTo(bytes);
        for (Rec each : records) {
            Batch.writeRecord(
                    bytes,
                    each.type,
                    each.flags,
                    each.generations,
                    each.count,
                    each.sequence,
                    each.block,
                    each.at,
                    1);
            for (int i = 0; i < each.generations; i++) {
                bytes.writeLong(i == 0 ? each.sequence - 1 : 0);
            }
        }
        byte[] image = bytes.toByteArray();
        bytes.releaseLast();
        return image;
    }

    private static byte[] journal(long tail, byte[]... headers) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(
                ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(tail << 2).array());
        for (int i = 0; i < headers.length; i++) {
            for (int member = 0; member < 2; member++) {
                all.write(member | headers[i][24] << 1);
                all.write(4 * i);
                all.write(0);
                all.write(headers[i].length);
                all.write(headers[i].length >> 8);
                all.writeBytes(headers[i]);
            }
        }
        return all.toByteArray();
    }

    @Override
    public List<byte[]> seeds() {
        Rec write = new Rec(Batch.WRITE, 0, 0, 2, 10, 3, 0);
        Rec trim = new Rec(Batch.TRIM, 0, 0, 40, 11, 0, 0);
        Rec more = new Rec(Batch.WRITE, Batch.MORE, 0, 1, 12, 7, 0);
        Rec last = new Rec(Batch.ZERO, 0, 0, 5, 13, 8, 0);
        Rec intent = new Rec(Batch.INTENT, 0, 2, 1, 14, 1, 0);
        Rec start = new Rec(Batch.EPOCH_START, 0, 0, 0, 14, 3, 0);
        return List.of(
                journal(1, header(1, 1, 2, write), header(1, 2, 0, trim)),
                journal(1, header(1, 1, 2, write, trim), header(1, 2, 1, more, last)),
                journal(
                        1,
                        header(1, 1, 2, write),
                        header(1, 2, 1, more, last),
                        header(1, 3, 1, intent)),
                journal(3, header(1, 3, 1, intent), header(2, 4, 1, start, intent)));
    }

    @Override
    public void run(byte[] input) {
        ByteBuffer in = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        if (in.remaining() < 8) {
            return;
        }
        // As superblocks may say it.
        long tail = in.getLong() >>> 2;
        BlockFile[] files = {
            new MemoryFile("m0", LAYOUT.memberBytes()), new MemoryFile("m1", LAYOUT.memberBytes())
        };
        try (Arena arena = Arena.ofConfined()) {
            while (in.remaining() >= 5) {
                put(in, files, arena);
            }
            recover(files, tail, arena);
        }
    }

    private static void put(ByteBuffer in, BlockFile[] files, Arena arena) {
        int where = in.get();
        int at = (in.get() & 15) * BLOCK_BYTES;
        int keep = in.get();
        byte[] area = new byte[Math.min(in.getShort() & 0xFFFF, in.remaining())];
        in.get(area);
        MemorySegment image = arena.allocate(LAYOUT.segmentBytes(), BLOCK_BYTES);
        int most = LAYOUT.segmentBytes() - at;
        MemorySegment.copy(area, 0, image, JAVA_BYTE, 0, Math.min(area.length, most));
        int header = Math.max(1, (area.length + BLOCK_BYTES - 1) / BLOCK_BYTES) * BLOCK_BYTES;
        if ((keep & KEEP_SIZES) == 0) {
            int payload = Math.clamp(image.get(INT, 76), 0, 4);
            image.set(INT, 76, payload);
            image.set(INT, 12, header);
            image.set(INT, 16, TAG);
            image.set(INT, 20, header + payload * BLOCK_BYTES);
        }
        if ((keep & KEEP_PLACE) == 0) {
            image.set(INT, 48, at);
        }
        int headerBytes = image.get(INT, 12);
        if (headerBytes >= BLOCK_BYTES && headerBytes <= most) {
            if ((keep & KEEP_PAYLOAD_CRCS) == 0) {
                putPayloadCrcs(image, headerBytes);
            }
            if ((keep & KEEP_HEADER_CRC) == 0) {
                Batch.seal(image, 0, headerBytes);
            }
        }
        int bytes = Math.min(most, Math.max(header, image.get(INT, 20)));
        files[where & 1].write(
                image,
                0,
                Math.max(bytes / BLOCK_BYTES * BLOCK_BYTES, BLOCK_BYTES),
                LAYOUT.segmentOffset(where >> 1 & 7) + at,
                true);
    }

    private static void putPayloadCrcs(MemorySegment image, int headerBytes) {
        long table = Batch.HEADER_BYTES;
        int records = image.get(INT, 72);
        for (int i = 0; i < records && table + Batch.RECORD_BYTES <= headerBytes; i++) {
            table += Batch.RECORD_BYTES + 8 * (image.get(SHORT, table + 2) & 0xFFFF);
        }
        int payload = image.get(INT, 76);
        for (int i = 0; i < payload && table + 4 <= headerBytes; i++) {
            long block = headerBytes + (long) i * BLOCK_BYTES;
            if (block + BLOCK_BYTES <= image.byteSize()) {
                image.set(LONG, block, 0x1234_5678L + i);
                image.set(INT, table, Crc32c.of(image, block, BLOCK_BYTES));
            }
            table += 4;
        }
    }

    /// As the engine does, up to the point where the journal goes on.
    private static void recover(BlockFile[] files, long tail, Arena arena) {
        JournalScan scan = JournalScan.read(files, LAYOUT, TAG);
        scan.reaches(tail);
        scan.highestEpoch();
        MemorySegment region = arena.allocate((long) POOL_BLOCKS * BLOCK_BYTES, BLOCK_BYTES);
        DirtyIndex dirty = new DirtyIndex(POOL_BLOCKS, BLOCK_BYTES, offset -> {});
        int[] next = {0};
        Replay replay;
        try {
            replay =
                    Replay.run(
                            scan,
                            tail,
                            1,
                            GEOMETRY,
                            dirty,
                            region,
                            () -> next[0] < POOL_BLOCKS ? next[0]++ * BLOCK_BYTES : -1);
        } catch (DamagedJournalException e) {
            return;
        }
        for (Replay.Intent intent : replay.intents()) {
            boolean isWhole =
                    intent.row >= 0
                            && intent.row < GEOMETRY.rowCount()
                            && intent.parity.byteSize()
                                    == (long) GEOMETRY.parityCount() * BLOCK_BYTES
                            && intent.generations.length == GEOMETRY.dataCount();
            if (!isWhole) {
                throw new AssertionError(
                        "an intent of row "
                                + intent.row
                                + " with "
                                + intent.parity.byteSize()
                                + " bytes of parity and "
                                + Arrays.toString(intent.generations));
            }
        }
        replay.carried().forEach(op -> op.payloadBlocks());
        replay.epochStart();
        replay.start(scan, scan.highestEpoch() + 1, tail);
    }
}
