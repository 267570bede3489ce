package io.quoin.volume.journal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.codec.guard.Crc32c;
import io.quoin.volume.MemoryFile;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.journal.JournalScan.DamagedJournalException;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import net.openhft.chronicle.bytes.Bytes;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Goal: after a crash each batch number has exactly one verdict. Method: real batches in two journal
/// copies, walked through every combination of what became of batch 5, of what made it void, and of
/// what came later.
final class JournalScanTest {
    private static final int TAG = 77;
    private static final MemberLayout LAYOUT = TestVolumes.LAYOUT;
    private static final int BATCH_BYTES = 8192;

    private MemoryFile[] members;
    private BlockFile[] files;

    @BeforeEach
    void blank() {
        members =
                new MemoryFile[] {
                    new MemoryFile("m0", LAYOUT.memberBytes()),
                    new MemoryFile("m1", LAYOUT.memberBytes())
                };
        files = new BlockFile[] {members[0], members[1]};
    }

    /// What became of a copy.
    private enum Fate {
        WHOLE,
        NEVER,
        TORN_HEADER,
        TORN_PAYLOAD,
        FLIPPED,
        UNREADABLE
    }

    private enum Void {
        NO,
        BY_THE_SAME_NUMBER,
        BY_A_LOWER_NUMBER
    }

    private enum Later {
        NOTHING,
        OF_ITS_EPOCH,
        START_RIGHT_AFTER,
        START_ONE_FURTHER
    }

    /// One batch with one record and one payload block, as the journal writes it.
    private static MemorySegment batch(
            long epoch, long number, long segment, int at, int type, int extra) {
        MemorySegment batch = Arena.ofAuto().allocate(BATCH_BYTES, 4096);
        batch.asSlice(4096).fill((byte) number);
        Batch.Header header = new Batch.Header();
        header.headerBytes = 4096;
        header.volumeTag = TAG;
        header.epoch = epoch;
        header.number = number;
        header.segment = segment;
        header.segmentOffset = at;
        header.ensemble = 0b11;
        header.firstSequence = 100 * number;
        header.lastSequence = 100 * number;
        header.recordCount = 1;
        header.payloadBlocks = type == Batch.WRITE ? 1 : 0;
        header.totalBytes = 4096 * (1 + header.payloadBlocks);
        Bytes<byte[]> bytes = Bytes.allocateElasticOnHeap(4096);
        header.writeTo(bytes);
        int blocks = header.payloadBlocks;
        Batch.writeRecord(bytes, type, 0, 0, blocks, 100 * number, 1, 0, extra);
        if (blocks > 0) {
            bytes.writeInt(Crc32c.of(batch, 4096, 4096));
        }
        byte[] image = bytes.toByteArray();
        bytes.releaseLast();
        MemorySegment.copy(MemorySegment.ofArray(image), 0, batch, 0, image.length);
        Batch.seal(batch, 0, 4096);
        return batch;
    }

    private static MemorySegment batch(long epoch, long number, long segment, int at, int type) {
        return batch(epoch, number, segment, at, type, 0);
    }

    /// Epoch e lies in segment e, in journal slot e - 1; a batch at the place of its number.
    private void write(long epoch, long number, int type, Fate... fates) {
        int at = (int) number * BATCH_BYTES % LAYOUT.segmentBytes();
        MemorySegment batch = batch(epoch, number, epoch, at, type);
        for (int m = 0; m < 2; m++) {
            long offset = LAYOUT.segmentOffset((int) epoch - 1) + at;
            int bytes = type == Batch.WRITE ? BATCH_BYTES : 4096;
            Fate fate = fates.length > 0 ? fates[m] : Fate.WHOLE;
            if (fate == Fate.NEVER) {
                continue;
            }
            members[m].write(batch, 0, bytes, offset, true);
            long payload = offset + bytes - 4096;
            switch (fate) {
                case TORN_HEADER -> members[m].erase(offset);
                case TORN_PAYLOAD -> members[m].erase(payload);
                case FLIPPED -> members[m].flip(offset + 130, 2);
                case UNREADABLE -> members[m].spoil(payload);
                default -> {}
            }
        }
    }

    private JournalScan scan() {
        return JournalScan.read(files, LAYOUT, TAG);
    }

    private JournalScan scanFrom(long tail) {
        return JournalScan.readFrom(
                files, LAYOUT, TAG, tail, (count, work) -> IntStream.range(0, count).forEach(work));
    }

    /// What counts; the same whether all slots are read or only those that may matter.
    private List<String> replayed(long tail) throws DamagedJournalException {
        List<String> visited = replayed(scanFrom(tail), tail);
        assertThat(replayed(scan(), tail)).isEqualTo(visited);
        return visited;
    }

    private static List<String> replayed(JournalScan scan, long tail)
            throws DamagedJournalException {
        List<String> visited = new ArrayList<>();
        scan.replay(tail, (batch, header) -> visited.add(header.epoch + ":" + header.number));
        return visited;
    }

    /// Batches of epoch 1 in segments 1, 2, ... in journal slots 0, 1, ..., four batches each.
    private void writeSegments(int count) {
        for (int segment = 1; segment <= count; segment++) {
            for (int i = 0; i < 4; i++) {
                MemorySegment batch =
                        batch(1, 4L * segment - 3 + i, segment, i * BATCH_BYTES, Batch.WRITE);
                for (MemoryFile member : members) {
                    long at = LAYOUT.segmentOffset(segment - 1) + (long) i * BATCH_BYTES;
                    member.write(batch, 0, BATCH_BYTES, at, true);
                }
            }
        }
    }

    @Test
    void slotsThatWereNeverOpenedAreNotRead() throws DamagedJournalException {
        writeSegments(3);
        List<Long> offsets = new ArrayList<>();
        files[0] = watched(members[0], offsets);
        JournalScan scan = scanFrom(9);
        assertThat(replayed(scan, 9)).containsExactly("1:9", "1:10", "1:11", "1:12");
        long unopened = LAYOUT.segmentOffset(5);
        assertThat(offsets.stream().filter(at -> at >= unopened))
                .as("the beginning of each, and no more")
                .containsExactly(unopened, LAYOUT.segmentOffset(6), LAYOUT.segmentOffset(7));
        offsets.clear();
        replayed(scan(), 9);
        assertThat(offsets).contains(unopened);
        assertThat(scan.damagedCopies()).isZero();
        // Only the segment that is needed is in use.
        assertThat(scan.remains().segments(2).freeSlots(0)).isEqualTo(LAYOUT.segmentSlots() - 1);
        assertThat(scan.remains().segments(2).open(0b11, 2).id).isEqualTo(4);
    }

    @Test
    void aSegmentWhoseFirstWriteWasLostIsFoundAllTheSame() throws DamagedJournalException {
        writeSegments(3);
        // A fourth one, opened in slot 0 again: its first batch never reached any member.
        for (int i = 1; i < 4; i++) {
            MemorySegment batch = batch(1, 13 + i, 4, i * BATCH_BYTES, Batch.WRITE);
            for (MemoryFile member : members) {
                long at = LAYOUT.segmentOffset(0) + (long) i * BATCH_BYTES;
                member.write(batch, 0, BATCH_BYTES, at, true);
            }
        }
        assertThatThrownBy(() -> replayed(scanFrom(9), 9))
                .isInstanceOf(DamagedJournalException.class)
                .hasMessageStartingWith("journal batch 13: expected a whole copy, found none");
    }

    @Test
    void anEmptyJournalIsKnownByTheBatchBeforeItsTail() throws DamagedJournalException {
        writeSegments(3);
        assertThat(replayed(13)).isEmpty();
        assertThat(scanFrom(13).reaches(13)).isTrue();
        assertThat(scanFrom(13).remains().segments(2).open(0b11, 2).id).isEqualTo(4);
    }

    private static BlockFile watched(BlockFile file, List<Long> offsets) {
        return new BlockFile() {
            @Override
            public String name() {
                return file.name();
            }

            @Override
            public long lengthBytes() {
                return file.lengthBytes();
            }

            @Override
            public IoResult read(MemorySegment target, long targetAt, int length, long offset) {
                offsets.add(offset);
                return file.read(target, targetAt, length, offset);
            }

            @Override
            public IoResult write(
                    MemorySegment source, long sourceAt, int length, long offset, boolean durable) {
                return file.write(source, sourceAt, length, offset, durable);
            }

            @Override
            public IoResult flush() {
                return file.flush();
            }

            @Override
            public void close() {
                file.close();
            }
        };
    }

    static Stream<List<Object>> walk() {
        List<List<Object>> all = new ArrayList<>();
        for (Fate a : Fate.values()) {
            for (Fate b : Fate.values()) {
                for (Void cut : Void.values()) {
                    for (Later later : Later.values()) {
                        all.add(List.of(a, b, cut, later));
                    }
                }
            }
        }
        return all.stream();
    }

    @ParameterizedTest
    @MethodSource("walk")
    void eachBatchHasExactlyOneVerdict(List<Object> row) throws DamagedJournalException {
        Fate a = (Fate) row.get(0);
        Fate b = (Fate) row.get(1);
        Void cut = (Void) row.get(2);
        Later later = (Later) row.get(3);
        for (long number = 1; number < 5; number++) {
            write(1, number, Batch.WRITE);
        }
        write(1, 5, Batch.WRITE, a, b);
        boolean isWhole = a == Fate.WHOLE || b == Fate.WHOLE;
        int epoch = 1;
        switch (cut) {
            case NO -> {}
            case BY_THE_SAME_NUMBER -> write(++epoch, 5, Batch.EPOCH_START);
            case BY_A_LOWER_NUMBER -> write(++epoch, 3, Batch.EPOCH_START);
        }
        switch (later) {
            case NOTHING -> {}
            case OF_ITS_EPOCH -> write(1, 6, Batch.WRITE);
            case START_RIGHT_AFTER -> write(++epoch, 6, Batch.EPOCH_START);
            case START_ONE_FURTHER -> write(++epoch, 7, Batch.EPOCH_START);
        }
        List<String> expected =
                switch (cut) {
                    case BY_THE_SAME_NUMBER ->
                            switch (later) {
                                case NOTHING, OF_ITS_EPOCH ->
                                        List.of("1:1", "1:2", "1:3", "1:4", "2:5");
                                case START_RIGHT_AFTER ->
                                        List.of("1:1", "1:2", "1:3", "1:4", "2:5", "3:6");
                                // 6 is carried by 7.
                                case START_ONE_FURTHER ->
                                        List.of("1:1", "1:2", "1:3", "1:4", "2:5", "3:7");
                            };
                    case BY_A_LOWER_NUMBER ->
                            switch (later) {
                                case NOTHING, OF_ITS_EPOCH -> List.of("1:1", "1:2", "2:3");
                                // 4 of epoch 2 is nowhere, and later ones are there.
                                case START_RIGHT_AFTER, START_ONE_FURTHER -> null;
                            };
                    case NO ->
                            switch (later) {
                                case NOTHING ->
                                        isWhole
                                                ? List.of("1:1", "1:2", "1:3", "1:4", "1:5")
                                                : List.of("1:1", "1:2", "1:3", "1:4");
                                case OF_ITS_EPOCH ->
                                        isWhole
                                                ? List.of("1:1", "1:2", "1:3", "1:4", "1:5", "1:6")
                                                : null;
                                case START_RIGHT_AFTER ->
                                        isWhole
                                                ? List.of("1:1", "1:2", "1:3", "1:4", "1:5", "2:6")
                                                : List.of("1:1", "1:2", "1:3", "1:4", "2:6");
                                case START_ONE_FURTHER ->
                                        isWhole
                                                ? List.of("1:1", "1:2", "1:3", "1:4", "1:5", "2:7")
                                                : null;
                            };
                };
        if (expected == null) {
            assertThatThrownBy(() -> replayed(1))
                    .isInstanceOf(DamagedJournalException.class)
                    .hasMessageMatching(
                            "journal batch \\d: expected a whole copy, found none, but batch \\d is"
                                    + " there: acknowledged writes would be lost");
        } else {
            assertThat(replayed(1)).isEqualTo(expected);
            // Deciding changes nothing: it can be decided again.
            assertThat(replayed(1)).isEqualTo(expected);
        }
    }

    @Test
    void whatIsBeforeTheTailIsNotNeeded() throws DamagedJournalException {
        write(1, 1, Batch.WRITE, Fate.FLIPPED, Fate.FLIPPED);
        write(1, 2, Batch.WRITE);
        write(1, 3, Batch.WRITE);
        assertThat(replayed(2)).containsExactly("1:2", "1:3");
        assertThat(replayed(4)).isEmpty();
        assertThatThrownBy(() -> replayed(1)).isInstanceOf(DamagedJournalException.class);
    }

    @Test
    void theLastBatchWhoseOnlyCopyBecomesUnreadableWhileScanningWasNeverAcknowledged()
            throws DamagedJournalException {
        write(1, 1, Batch.WRITE);
        write(1, 2, Batch.WRITE, Fate.WHOLE, Fate.NEVER);
        JournalScan scan = scan();
        members[0].spoil(LAYOUT.segmentOffset(0) + 2 * BATCH_BYTES + 4096);
        List<Long> visited = new ArrayList<>();
        scan.replay(1, (batch, header) -> visited.add(header.number));
        assertThat(visited).containsExactly(1L);
    }

    /// Batch 2 reached member 1 only; so did the EPOCH_START that carried it, and the power went again before
    /// it was acknowledged; the next EPOCH_START carries both, and member 1 is lost.
    @Test
    void anEpochStartStandsForTheOneBeforeItAndWhatThatStoodFor() throws DamagedJournalException {
        write(1, 1, Batch.WRITE);
        for (int standsFor = 1; standsFor <= 2; standsFor++) {
            MemorySegment start = batch(3, 4, 3, 0, Batch.EPOCH_START, standsFor);
            members[0].write(start, 0, 4096, LAYOUT.segmentOffset(2), true);
            if (standsFor == 1) {
                assertThatThrownBy(() -> replayed(1)).isInstanceOf(DamagedJournalException.class);
            } else {
                assertThat(replayed(1)).containsExactly("1:1", "3:4");
            }
        }
    }

    /// A slot used again: the second batch of the new segment never reached member 0, where the header
    /// of an old batch still stands in that gap, and the third batch begins in the old one's payload.
    @Test
    void theHeaderOfAnOldBatchDoesNotHideWhatWasWrittenOverItsPayload()
            throws DamagedJournalException {
        long slot = LAYOUT.segmentOffset(4);
        members[0].write(batch(1, 1, 1, 12_288, Batch.WRITE), 0, 8192, slot + 12_288, true);
        for (MemoryFile member : members) {
            member.write(batch(2, 11, 9, 0, Batch.WRITE), 0, 8192, slot, true);
            MemorySegment start = batch(3, 13, 9, 16_384, Batch.EPOCH_START);
            member.write(start, 0, 4096, slot + 16_384, true);
        }
        members[1].write(batch(2, 12, 9, 8192, Batch.WRITE), 0, 8192, slot + 8192, true);
        assertThat(replayed(11)).containsExactly("2:11", "2:12", "3:13");
        files[1] = null;
        assertThat(replayed(11)).containsExactly("2:11", "3:13");
    }

    /// A crash tore batch 12 on member 0. The EPOCH_START in its place is shorter, and reached member 1 only,
    /// which the power went with; the next one, on both, begins in what had been the torn one's payload.
    @Test
    void theHeaderOfATornBatchDoesNotHideWhatALaterEpochWroteOverItsPayload()
            throws DamagedJournalException {
        long slot = LAYOUT.segmentOffset(4);
        members[0].write(batch(2, 12, 9, 8192, Batch.WRITE), 0, 4096, slot + 8192, true);
        members[1].write(batch(3, 12, 9, 8192, Batch.EPOCH_START), 0, 4096, slot + 8192, true);
        for (MemoryFile member : members) {
            member.write(batch(2, 11, 9, 0, Batch.WRITE), 0, 8192, slot, true);
            MemorySegment start = batch(4, 13, 9, 12_288, Batch.EPOCH_START, 2);
            member.write(start, 0, 4096, slot + 12_288, true);
            member.write(batch(4, 14, 9, 16_384, Batch.WRITE), 0, 8192, slot + 16_384, true);
        }
        assertThat(replayed(11)).containsExactly("2:11", "3:12", "4:13", "4:14");
        files[1] = null;
        assertThat(replayed(11)).containsExactly("2:11", "4:13", "4:14");
    }

    @Test
    void aTailThatTheJournalDoesNotReachIsSaid() {
        write(1, 3, Batch.WRITE);
        write(2, 5, Batch.EPOCH_START);
        JournalScan scan = scan();
        assertThat(scan.reaches(3)).isTrue();
        assertThat(scan.reaches(2)).as("2 is missing and 3 is there").isFalse();
        assertThat(scan.reaches(4)).as("4 is carried by 5").isTrue();
        assertThat(scan.reaches(6)).as("nothing is there from 6 on").isTrue();
    }

    @Test
    void anOldTailThatComesBackWithAMemberNeverComesBackToLife() throws DamagedJournalException {
        write(1, 1, Batch.WRITE);
        write(1, 2, Batch.WRITE);
        // Member 1 was away with 3 to 5, which were never acknowledged; epoch 2 went on at 3.
        for (long number = 3; number < 6; number++) {
            write(1, number, Batch.WRITE, Fate.NEVER, Fate.WHOLE);
        }
        write(2, 3, Batch.EPOCH_START, Fate.WHOLE, Fate.NEVER);
        write(2, 4, Batch.WRITE, Fate.WHOLE, Fate.NEVER);
        assertThat(replayed(1)).containsExactly("1:1", "1:2", "2:3", "2:4");
    }

    @ParameterizedTest
    @EnumSource(
            value = Fate.class,
            names = {"TORN_PAYLOAD", "FLIPPED", "UNREADABLE"})
    void damagedCopiesAreCountedWhenTheBatchWasFoundElsewhere(Fate fate)
            throws DamagedJournalException {
        write(1, 1, Batch.WRITE, fate, Fate.WHOLE);
        assertThat(replayed(1)).containsExactly("1:1");
        assertThat(scan().damagedCopies())
                .isEqualTo(fate == Fate.FLIPPED ? 0 : fate == Fate.UNREADABLE ? 2 : 1);
    }

    @Test
    void aBatchOfAnotherVolumeOrFromAnotherPlaceIsNone() throws DamagedJournalException {
        MemorySegment batch = batch(1, 1, 1, 0, Batch.WRITE);
        members[0].write(batch, 0, BATCH_BYTES, LAYOUT.segmentOffset(0), true);
        assertThat(replayed(1)).containsExactly("1:1");
        assertThat(JournalScan.read(files, LAYOUT, TAG + 1).reaches(0))
                .as("nothing is there for another volume")
                .isTrue();
        members[0].erase(LAYOUT.segmentOffset(0));
        members[0].write(batch, 0, BATCH_BYTES, LAYOUT.segmentOffset(0) + 4096, true);
        assertThat(replayed(1)).isEmpty();
    }

    @Test
    void theJournalGoesOnBehindWhatCountsAndLeavesItAlone() throws DamagedJournalException {
        for (long number = 1; number < 4; number++) {
            write(1, number, Batch.WRITE);
        }
        write(1, 4, Batch.WRITE, Fate.TORN_PAYLOAD, Fate.NEVER);
        JournalScan scan = scan();
        scan.replay(1, (batch, header) -> {});
        Segments segments = scan.remains().segments(2);
        Segments.Segment newest = segments.newest();
        assertThat(newest.id).isEqualTo(1);
        assertThat(newest.usedBytes).isEqualTo(4 * BATCH_BYTES);
        assertThat(newest.lastBatch).isEqualTo(3);
        assertThat(newest.isWhole()).isTrue();
        assertThat(newest.slotOf).containsExactly(0, 0);
        assertThat(segments.freeSlots(0)).isEqualTo(LAYOUT.segmentSlots() - 1);
        assertThat(scan.highestSequence()).isEqualTo(300);
        assertThat(scan.highestEpoch()).isEqualTo(1);
    }

    @Test
    void aSegmentOfWhichOneCopyIsGoneIsNotWrittenOn() throws DamagedJournalException {
        write(1, 1, Batch.WRITE, Fate.WHOLE, Fate.TORN_HEADER);
        JournalScan scan = scan();
        scan.replay(1, (batch, header) -> {});
        assertThat(scan.remains().segments(2).newest().isWhole()).isFalse();
        Segments.Segment next = scan.remains().segments(2).open(0b11, 2);
        assertThat(next.id).isEqualTo(2);
        assertThat(next.slotOf).containsExactly(1, 0);
    }
}
