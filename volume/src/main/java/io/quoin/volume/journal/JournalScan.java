package io.quoin.volume.journal;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.member.BlockFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Finds, after a crash, the batches that count: reads every journal slot of every member in sync and
/// decides for each batch number from the tail on.
///
/// A batch is written only when the one before it is durable on all its copies. So one whole copy is
/// enough for a batch to count; and a batch that is nowhere whole is
///
/// | later batches of its epoch | verdict |
/// |---|---|
/// | none anywhere | the torn tail: it was never acknowledged, the journal ends before it |
/// | an EPOCH_START right after it that carries its records | replaced by that |
/// | some | damage: it was acknowledged; the journal is not cut, the volume refuses |
///
/// A batch is void when a later epoch's EPOCH_START has its number or a lower one: an old tail that
/// comes back with a member never comes back to life (invariant I13).
///
/// Blocking; used before the volume serves.
public final class JournalScan {
    /// The journal is damaged beyond what its copies can mend.
    public static final class DamagedJournalException extends Exception {
        private static final long serialVersionUID = 1;

        /// Damage.
        ///
        /// @param message what, where, expected, found
        public DamagedJournalException(String message) {
            super(message);
        }
    }

    /// Receives the batches that count, in order.
    @FunctionalInterface
    public interface Visitor {
        /// One batch.
        ///
        /// @param batch segment with the whole batch at offset 0; valid during the call
        /// @param header its header
        /// @throws DamagedJournalException to end the visit
        void visit(MemorySegment batch, Batch.Header header) throws DamagedJournalException;
    }

    /// A whole copy of a batch.
    private record Copy(int member, int slot, long offset, Batch.Header header, boolean isStart) {}

    private final BlockFile[] files;
    private final MemberLayout layout;
    private final int volumeTag;
    private final TreeMap<Long, List<Copy>> copies = new TreeMap<>();
    private final Map<Long, Long> epochStarts = new HashMap<>();
    private final List<Copy> adopted = new ArrayList<>();
    private long highestSegment;
    private long highestSequence;
    private int damagedCopies;

    private JournalScan(BlockFile[] files, MemberLayout layout, int volumeTag) {
        this.files = files;
        this.layout = layout;
        this.volumeTag = volumeTag;
    }

    /// Reads the journal slots of the members.
    ///
    /// @param files members in sync by slot, null where absent
    /// @param layout where the journal lies
    /// @param volumeTag tag of the volume
    /// @return everything whole that was found
    public static JournalScan read(BlockFile[] files, MemberLayout layout, int volumeTag) {
        JournalScan scan = new JournalScan(files, layout, volumeTag);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment slot = arena.allocate(layout.segmentBytes(), BLOCK_BYTES);
            for (int member = 0; member < files.length; member++) {
                for (int i = 0; files[member] != null && i < layout.segmentSlots(); i++) {
                    scan.readSlot(slot, member, i);
                }
            }
        }
        for (List<Copy> list : scan.copies.values()) {
            for (Copy copy : list) {
                if (copy.isStart) {
                    scan.epochStarts.merge(copy.header.epoch, copy.header.number, Math::min);
                }
            }
        }
        return scan;
    }

    private void readSlot(MemorySegment buffer, int member, int slot) {
        int size = layout.segmentBytes();
        long base = layout.segmentOffset(slot);
        int step = Math.min(size, 1 << 20);
        for (int at = 0; at < size; at += step) {
            int length = Math.min(step, size - at);
            if (files[member].read(buffer, at, length, base + at).isOk()) {
                continue;
            }
            // A latent error: what can be read, block by block; the rest counts as damaged.
            for (int block = at; block < at + length; block += BLOCK_BYTES) {
                if (!files[member].read(buffer, block, BLOCK_BYTES, base + block).isOk()) {
                    buffer.asSlice(block, BLOCK_BYTES).fill((byte) 0);
                    damagedCopies++;
                }
            }
        }
        long at = 0;
        while (at < size) {
            Batch.Header header = new Batch.Header();
            if (!Batch.readHeader(buffer, at, size - at, volumeTag, header)
                    || header.segmentOffset != at) {
                at += BLOCK_BYTES;
                continue;
            }
            highestSegment = Math.max(highestSegment, header.segment);
            if (!Batch.isPayloadValid(buffer, at, header)) {
                // Whole header, damaged payload: what stands in the payload is a client's, not ours
                // to
                // read batches from.
                damagedCopies++;
                at += header.totalBytes;
                continue;
            }
            boolean isStart =
                    header.recordCount > 0
                            && Batch.type(buffer, at + Batch.HEADER_BYTES) == Batch.EPOCH_START;
            copies.computeIfAbsent(header.number, n -> new ArrayList<>(2))
                    .add(new Copy(member, slot, at, header, isStart));
            at += header.totalBytes;
        }
    }

    private boolean isVoid(Copy copy) {
        if (Plant.NO_EPOCH_CUT.isPlanted()) {
            return false;
        }
        for (Map.Entry<Long, Long> start : epochStarts.entrySet()) {
            if (start.getKey() > copy.header.epoch && start.getValue() <= copy.header.number) {
                return true;
            }
        }
        return false;
    }

    private List<Copy> valid(long number) {
        List<Copy> result = new ArrayList<>();
        for (Copy copy : copies.getOrDefault(number, List.of())) {
            if (!isVoid(copy)) {
                result.add(copy);
            }
        }
        return result;
    }

    /// {@return whether the batch a tail names is there, or nothing at all is from it on}
    ///
    /// @param tail first batch that recovery needs
    public boolean reaches(long tail) {
        return !valid(tail).isEmpty()
                || carrierOf(tail) != null
                || copies.tailMap(tail).keySet().stream().allMatch(n -> valid(n).isEmpty());
    }

    private Copy carrierOf(long number) {
        for (Copy copy : valid(number + 1)) {
            if (copy.isStart) {
                return copy;
            }
        }
        return null;
    }

    /// Decides which batches count, and visits them in order.
    ///
    /// @param tail first batch that recovery needs
    /// @param visitor receives them
    /// @throws DamagedJournalException when an acknowledged batch is nowhere whole
    public void replay(long tail, Visitor visitor) throws DamagedJournalException {
        adopted.clear();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(layout.segmentBytes(), BLOCK_BYTES);
            for (long number = tail; ; number++) {
                List<Copy> candidates = valid(number);
                if (candidates.isEmpty()) {
                    if (carrierOf(number) != null) {
                        continue;
                    }
                    long missing = number;
                    Long later =
                            copies.tailMap(number + 1).keySet().stream()
                                    .filter(n -> !valid(n).isEmpty())
                                    .findFirst()
                                    .orElse(null);
                    if (later != null && !Plant.CUT_AT_FIRST_BAD.isPlanted()) {
                        throw new DamagedJournalException(
                                "journal batch "
                                        + missing
                                        + ": expected a whole copy, found none, but batch "
                                        + later
                                        + " is there: acknowledged writes would be lost");
                    }
                    return;
                }
                Copy read = load(buffer, candidates);
                if (read == null) {
                    // No copy is whole any more: it is as if none had been found.
                    copies.get(number).removeAll(candidates);
                    number--;
                    continue;
                }
                adopted.addAll(candidates);
                highestSequence = Math.max(highestSequence, read.header.lastSequence);
                visitor.visit(buffer, read.header);
            }
        }
    }

    private Copy load(MemorySegment buffer, List<Copy> candidates) {
        for (Copy copy : candidates) {
            long at = layout.segmentOffset(copy.slot) + copy.offset;
            Batch.Header header = new Batch.Header();
            if (files[copy.member].read(buffer, 0, copy.header.totalBytes, at).isOk()
                    && Batch.readHeader(buffer, 0, copy.header.totalBytes, volumeTag, header)
                    && header.crc == copy.header.crc
                    && Batch.isPayloadValid(buffer, 0, header)) {
                return new Copy(copy.member, copy.slot, copy.offset, header, copy.isStart);
            }
        }
        return null;
    }

    /// {@return the slots that hold batches that count, for the journal to go on from; call after
    /// {@link #replay}}
    Segments segments() {
        Segments result = new Segments(files.length, layout.segmentSlots());
        TreeMap<Long, Segments.Segment> bySegment = new TreeMap<>();
        for (Copy copy : adopted) {
            Segments.Segment segment =
                    bySegment.computeIfAbsent(
                            copy.header.segment,
                            id -> {
                                int[] slotOf = new int[files.length];
                                Arrays.fill(slotOf, -1);
                                return new Segments.Segment(id, copy.header.ensemble, slotOf);
                            });
            segment.slotOf[copy.member] = copy.slot;
            segment.lastBatch = Math.max(segment.lastBatch, copy.header.number);
            segment.usedBytes =
                    Math.max(segment.usedBytes, (int) copy.offset + copy.header.totalBytes);
        }
        bySegment.values().forEach(result::adopt);
        result.skipIds(highestSegment);
        return result;
    }

    /// {@return highest sequence seen in a batch that counts}
    public long highestSequence() {
        return highestSequence;
    }

    /// {@return copies of batches, or blocks of the journal, that were damaged}
    public int damagedCopies() {
        return damagedCopies;
    }

    /// {@return epochs seen, the highest}
    public long highestEpoch() {
        return copies.values().stream()
                .flatMap(List::stream)
                .mapToLong(copy -> copy.header.epoch)
                .max()
                .orElse(0);
    }
}
