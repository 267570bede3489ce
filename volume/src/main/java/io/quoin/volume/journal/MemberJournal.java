package io.quoin.volume.journal;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.member.BlockFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// The journal slots of one member, read as far as recovery asks for, and the whole batches found in
/// them. Blocking; one thread at a time.
///
/// ```
/// survey       the first header area of each slot: who was opened here last?
/// lookThrough  as far as a first batch can reach: did somebody else write behind it?
/// read         all of a slot, each batch checked
/// ```
final class MemberJournal {
    /// A whole copy of a batch; of an EPOCH_START, how many batches before it, itself one after the other, it
    /// stands for.
    record Copy(int member, int slot, long offset, Batch.Header header, int standsFor) {
        boolean isStart() {
            return standsFor > 0;
        }
    }

    /// What the first block of a slot holds.
    enum First {
        /// Zeros.
        BLANK,
        /// A batch's header.
        HEADER,
        /// Neither, or it cannot be read.
        OTHER
    }

    /// No batch is longer: its header area and a full payload.
    private static final int MAX_BATCH_BYTES =
            Journal.MAX_HEADER_BYTES + Batch.MAX_PAYLOAD_BLOCKS * BLOCK_BYTES;

    private final BlockFile file;
    private final int member;
    private final MemberLayout layout;
    private final int volumeTag;
    private final First[] first;
    private final Batch.Header[] firstHeader;
    private final boolean[] isRead;
    private final List<Copy> copies = new ArrayList<>();
    private long highestSegment;
    private long highestEpoch;
    private int damaged;

    MemberJournal(BlockFile file, int member, MemberLayout layout, int volumeTag) {
        this.file = file;
        this.member = member;
        this.layout = layout;
        this.volumeTag = volumeTag;
        first = new First[layout.segmentSlots()];
        firstHeader = new Batch.Header[layout.segmentSlots()];
        isRead = new boolean[layout.segmentSlots()];
    }

    /// Looks at the beginning of each slot.
    void survey() {
        int length = Math.min(Journal.MAX_HEADER_BYTES, layout.segmentBytes());
        try (Arena arena = Arena.ofConfined()) {
            // As long as a slot: a header that claims more than was read fails its CRC.
            MemorySegment buffer = arena.allocate(layout.segmentBytes(), BLOCK_BYTES);
            for (int slot = 0; slot < first.length; slot++) {
                Batch.Header header = new Batch.Header();
                if (!file.read(buffer, 0, length, layout.segmentOffset(slot)).isOk()) {
                    first[slot] = First.OTHER;
                } else if (isHeader(buffer, 0, header)) {
                    first[slot] = First.HEADER;
                    firstHeader[slot] = header;
                    highestSegment = Math.max(highestSegment, header.segment);
                    highestEpoch = Math.max(highestEpoch, header.epoch);
                } else {
                    first[slot] = isZero(buffer) ? First.BLANK : First.OTHER;
                }
            }
        }
    }

    private boolean isHeader(MemorySegment buffer, long at, Batch.Header header) {
        return Batch.readHeader(buffer, at, layout.segmentBytes() - at, volumeTag, header)
                && header.segmentOffset == at;
    }

    private static boolean isZero(MemorySegment buffer) {
        for (long at = 0; at < BLOCK_BYTES; at += Long.BYTES) {
            if (buffer.get(java.lang.foreign.ValueLayout.JAVA_LONG, at) != 0) {
                return false;
            }
        }
        return true;
    }

    First first(int slot) {
        return first[slot];
    }

    /// The header that a slot begins with, null unless it does.
    Batch.Header firstHeader(int slot) {
        return firstHeader[slot];
    }

    /// The last slot that does not begin with zeros, -1 when all do.
    int lastOpened() {
        int slot = first.length - 1;
        while (slot >= 0 && first[slot] == First.BLANK) {
            slot--;
        }
        return slot;
    }

    /// Reads a slot whole if there is a batch from the tail on where the slot's second batch may begin,
    /// or if that cannot be said; returns whether it did.
    boolean lookThrough(MemorySegment buffer, int slot, long tail) {
        int length = Math.min(MAX_BATCH_BYTES + Journal.MAX_HEADER_BYTES, layout.segmentBytes());
        boolean isWanted = !file.read(buffer, 0, length, layout.segmentOffset(slot)).isOk();
        Batch.Header header = new Batch.Header();
        for (int at = 0; at < length && !isWanted; at += BLOCK_BYTES) {
            isWanted = isHeader(buffer, at, header) && header.number >= tail;
        }
        if (isWanted) {
            read(buffer, slot);
        }
        return isWanted;
    }

    /// Reads a slot whole, unless that was done.
    void read(MemorySegment buffer, int slot) {
        if (isRead[slot]) {
            return;
        }
        isRead[slot] = true;
        int size = layout.segmentBytes();
        if (!file.read(buffer, 0, size, layout.segmentOffset(slot)).isOk()) {
            readByBlocks(buffer, slot);
        }
        findBatches(buffer, slot);
    }

    /// Of a batch whose payload is damaged the header may be authentic, and then what stands in the
    /// payload is a client's, not ours to read batches from. Or the batch is an old one, of which a later
    /// segment left the header standing, and batches of that segment begin in what was its payload. Or it
    /// is one that a crash tore, and a later epoch went on behind a shorter one in its place, which this member
    /// missed.
    private void findBatches(MemorySegment buffer, int slot) {
        long damagedEnd = 0;
        long damagedSegment = 0;
        long damagedEpoch = 0;
        long at = 0;
        while (at < layout.segmentBytes()) {
            Batch.Header header = new Batch.Header();
            if (!isHeader(buffer, at, header)
                    || at < damagedEnd
                            && header.segment <= damagedSegment
                            && header.epoch <= damagedEpoch) {
                at += BLOCK_BYTES;
                continue;
            }
            highestSegment = Math.max(highestSegment, header.segment);
            if (!Batch.isPayloadValid(buffer, at, header)) {
                damaged++;
                damagedEnd = Math.max(damagedEnd, at + header.totalBytes);
                damagedSegment = header.segment;
                damagedEpoch = header.epoch;
                at += Plant.OLD_HEADER_HIDES.isPlanted() ? header.totalBytes : BLOCK_BYTES;
                continue;
            }
            boolean isStart =
                    header.recordCount > 0
                            && Batch.type(buffer, at + Batch.HEADER_BYTES) == Batch.EPOCH_START;
            long first = at + Batch.HEADER_BYTES;
            int standsFor = isStart ? Math.max(1, Batch.extra(buffer, first)) : 0;
            copies.add(new Copy(member, slot, at, header, standsFor));
            highestEpoch = Math.max(highestEpoch, header.epoch);
            at += header.totalBytes;
        }
    }

    /// A latent error: what can be read, block by block; the rest counts as damaged.
    private void readByBlocks(MemorySegment buffer, int slot) {
        long base = layout.segmentOffset(slot);
        for (int block = 0; block < layout.segmentBytes(); block += BLOCK_BYTES) {
            if (!file.read(buffer, block, BLOCK_BYTES, base + block).isOk()) {
                buffer.asSlice(block, BLOCK_BYTES).fill((byte) 0);
                damaged++;
            }
        }
    }

    List<Copy> copies() {
        return copies;
    }

    long highestSegment() {
        return highestSegment;
    }

    long highestEpoch() {
        return highestEpoch;
    }

    int damaged() {
        return damaged;
    }
}
