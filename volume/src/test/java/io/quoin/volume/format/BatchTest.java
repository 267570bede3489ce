package io.quoin.volume.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.guard.Crc32c;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.BytesOut;
import net.openhft.chronicle.bytes.HexDumpBytes;
import org.junit.jupiter.api.Test;

final class BatchTest {
    private static final int TAG = 0x22;

    private static Batch.Header header() {
        Batch.Header header = new Batch.Header();
        header.headerBytes = 4096;
        header.volumeTag = TAG;
        header.totalBytes = 4 * 4096;
        header.epoch = 7;
        header.number = 1001;
        header.segment = 12;
        header.segmentOffset = 8192;
        header.ensemble = 0b101;
        header.firstSequence = 500;
        header.lastSequence = 504;
        header.recordCount = 6;
        header.payloadBlocks = 3;
        header.tailBatch = 990;
        header.commitSequence = 499;
        return header;
    }

    private static void writeRecords(BytesOut<?> out) {
        Batch.writeRecord(out, Batch.EPOCH_START, 0, 0, 0, 499, 1000, 0, 1);
        Batch.writeRecord(out, Batch.WRITE, Batch.MORE, 0, 2, 501, 64, 0, 0);
        Batch.writeRecord(out, Batch.TRIM, 0, 0, 9, 502, 66, 2, 0);
        Batch.writeRecord(out, Batch.ZERO, 0, 0, 1, 503, 80, 2, 0);
        Batch.writeRecord(out, Batch.INTENT, 0, 2, 1, 504, 32, 2, 1);
        out.writeHexDumpDescription("generation of position 0").writeLong(501);
        out.writeHexDumpDescription("generation of position 1: BAD")
                .writeLong(Batch.BAD_GENERATION);
        Batch.writeRecord(out, Batch.CUT, 0, 0, 64, 505, 128, 3, 5);
    }

    private static MemorySegment batch() {
        MemorySegment batch = Arena.ofAuto().allocate(4 * 4096, 4096);
        batch.asSlice(4096).copyFrom(Samples.random(3 * 4096, 5));
        Bytes<byte[]> bytes = Bytes.allocateElasticOnHeap(4096);
        Batch.Header header = header();
        header.writeTo(bytes);
        writeRecords(bytes);
        for (int i = 0; i < 3; i++) {
            bytes.writeInt(Crc32c.of(batch, 4096L * (i + 1), 4096));
        }
        MemorySegment.copy(
                MemorySegment.ofArray(bytes.toByteArray()), 0, batch, 0, bytes.readRemaining());
        bytes.releaseLast();
        header.chain = Batch.chain(0x1234, batch, 0, 4096);
        batch.set(BlockInfo.INT, 80, header.chain);
        Batch.seal(batch, 0, 4096);
        return batch;
    }

    @Test
    void theBytesOnDiskAreThoseOfTheAnnotatedDump() throws IOException {
        HexDumpBytes dump = new HexDumpBytes();
        header().writeTo(dump);
        assertThat((int) dump.writePosition()).isEqualTo(Batch.HEADER_BYTES);
        writeRecords(dump);
        dump.writeHexDumpDescription("crc32c of payload block 0").writeInt(0xC0);
        dump.writeHexDumpDescription("crc32c of payload block 1").writeInt(0xC1);
        dump.writeHexDumpDescription("crc32c of payload block 2").writeInt(0xC2);
        Golden.check("batch.txt", dump.toHexString());
        dump.releaseLast();
    }

    @Test
    void headerAndRecordsComeBackAsTheyWereWritten() {
        MemorySegment batch = batch();
        Batch.Header read = new Batch.Header();
        assertThat(Batch.readHeader(batch, 0, batch.byteSize(), TAG, read)).isTrue();
        assertThat(read)
                .usingRecursiveComparison()
                .ignoringFields("chain", "crc")
                .isEqualTo(header());
        assertThat(read.chain).isEqualTo(Batch.chain(0x1234, batch, 0, 4096));
        assertThat(read.crc).isEqualTo(batch.get(BlockInfo.INT, 8));
        assertThat(Batch.isPayloadValid(batch, 0, read)).isTrue();
        long at = Batch.HEADER_BYTES;
        assertThat(Batch.type(batch, at)).isEqualTo(Batch.EPOCH_START);
        assertThat(Batch.sequence(batch, at)).isEqualTo(499);
        assertThat(Batch.block(batch, at)).isEqualTo(1000);
        assertThat(Batch.extra(batch, at)).isEqualTo(1);
        assertThat(Batch.hasMore(batch, at)).isFalse();
        at += Batch.recordBytes(batch, at);
        assertThat(Batch.type(batch, at)).isEqualTo(Batch.WRITE);
        assertThat(Batch.hasMore(batch, at)).isTrue();
        assertThat(Batch.count(batch, at)).isEqualTo(2);
        at += 3L * Batch.RECORD_BYTES;
        assertThat(Batch.type(batch, at)).isEqualTo(Batch.INTENT);
        assertThat(Batch.payload(batch, at)).isEqualTo(2);
        assertThat(Batch.recordBytes(batch, at)).isEqualTo(Batch.RECORD_BYTES + 16);
        assertThat(Batch.generation(batch, at, 0)).isEqualTo(501);
        assertThat(Batch.generation(batch, at, 1)).isEqualTo(Batch.BAD_GENERATION);
    }

    @Test
    void everySingleFlippedBitOfTheHeaderAreaOrThePayloadIsNoticed() {
        MemorySegment batch = batch();
        for (long bit = 0; bit < 8 * batch.byteSize(); bit++) {
            if (bit == 8 * 4096) {
                assertThat(isWhole(batch)).isTrue();
            }
            Samples.flip(batch, bit);
            if (isWhole(batch)) {
                throw new AssertionError("bit " + bit + " is not noticed");
            }
            Samples.flip(batch, bit);
        }
    }

    private static boolean isWhole(MemorySegment batch) {
        Batch.Header header = new Batch.Header();
        return Batch.readHeader(batch, 0, batch.byteSize(), TAG, header)
                && Batch.isPayloadValid(batch, 0, header);
    }

    @Test
    void readingAHeaderLeavesItsBytesAlone() {
        MemorySegment batch = batch();
        MemorySegment before = Arena.ofAuto().allocate(batch.byteSize()).copyFrom(batch);
        isWhole(batch);
        assertThat(batch.mismatch(before)).isEqualTo(-1);
    }

    @Test
    void aBatchOfAnotherVolumeOrWithoutRoomIsNone() {
        MemorySegment batch = batch();
        Batch.Header header = new Batch.Header();
        assertThat(Batch.readHeader(batch, 0, batch.byteSize(), TAG + 1, header)).isFalse();
        for (long room = 0; room < batch.byteSize(); room += 4096) {
            assertThat(Batch.readHeader(batch, 0, room, TAG, header)).isFalse();
        }
    }

    @Test
    void theChainTellsBatchesWithTheSameRecordsApartByWhatCameBefore() {
        MemorySegment batch = batch();
        assertThat(Batch.chain(1, batch, 0, 4096)).isNotEqualTo(Batch.chain(2, batch, 0, 4096));
        assertThat(Batch.chain(0, batch, 0, 4096))
                .isEqualTo(Crc32c.of(batch, Batch.HEADER_BYTES, 4096 - Batch.HEADER_BYTES));
    }

    @Test
    void aFullBatchKeepsItsHeaderAreaWithinItsLimit() {
        int records = Batch.MAX_RECORDS * (Batch.RECORD_BYTES + 8 * 32);
        assertThat(Batch.headerBytes(records, Batch.MAX_PAYLOAD_BLOCKS)).isEqualTo(28 << 10);
        assertThat(Batch.headerBytes(Batch.RECORD_BYTES, 1)).isEqualTo(4096);
        assertThat(Batch.headerBytes(4096 - 128 - 4, 1)).isEqualTo(4096);
        assertThat(Batch.headerBytes(4096 - 128, 1)).isEqualTo(8192);
    }
}
