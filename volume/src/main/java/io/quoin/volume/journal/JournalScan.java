package io.quoin.volume.journal;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.journal.MemberJournal.Copy;
import io.quoin.volume.member.BlockFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/// Finds, after a crash, the batches that count: reads the journal slots of every member in sync and
/// decides for each batch number from the tail on.
///
/// A batch is written only when the one before it is durable on all its copies. So one whole copy is
/// enough for a batch to count; and a batch that is nowhere whole is
///
/// | later batches of its epoch | verdict |
/// |---|---|
/// | none anywhere | the torn tail: it was never acknowledged, the journal ends before it |
/// | an EPOCH_START after it that stands for it | replaced by that, which carries its records |
/// | some | damage: it was acknowledged; the journal is not cut, the volume refuses |
///
/// A batch is void when a later epoch's EPOCH_START has its number or a lower one: an old tail that
/// comes back with a member never comes back to life (invariant I13).
///
/// Blocking; used before the volume serves.
public final class JournalScan {
    /// The journal is damaged beyond what its copies can mend.
    public static class DamagedJournalException extends Exception {
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

    /// Does something for each of several members, side by side where threads may be used.
    @FunctionalInterface
    public interface EachMember {
        /// Returns when all is done.
        ///
        /// @param count members
        /// @param work told 0 to count - 1, each once
        void run(int count, IntConsumer work);
    }

    /// Slots behind the last one that was opened which are looked through all the same: the first write
    /// to each may have been lost.
    private static final int BEYOND_OPENED = 2;

    private final BlockFile[] files;
    private final MemberLayout layout;
    private final int volumeTag;
    private final MemberJournal[] journals;
    private final TreeMap<Long, List<Copy>> copies = new TreeMap<>();
    private final Map<Long, Long> epochStarts = new HashMap<>();
    private final List<Copy> adopted = new ArrayList<>();
    private long highestSequence;

    private JournalScan(BlockFile[] files, MemberLayout layout, int volumeTag) {
        this.files = files;
        this.layout = layout;
        this.volumeTag = volumeTag;
        journals = new MemberJournal[files.length];
        for (int member = 0; member < files.length; member++) {
            if (files[member] != null) {
                journals[member] = new MemberJournal(files[member], member, layout, volumeTag);
            }
        }
    }

    /// Reads all journal slots of the members.
    ///
    /// @param files members in sync by slot, null where absent
    /// @param layout where the journal lies
    /// @param volumeTag tag of the volume
    /// @return everything whole that was found
    public static JournalScan read(BlockFile[] files, MemberLayout layout, int volumeTag) {
        JournalScan scan = new JournalScan(files, layout, volumeTag);
        scan.readAll(JournalScan::inTurn);
        return scan;
    }

    /// Reads the journal slots that may hold a batch from the tail on, which are few: the journal is
    /// kept short by destage, and a slot is opened only when all before it on its member are in use.
    ///
    /// | a slot that begins with | is |
    /// |---|---|
    /// | a header of a segment that was followed by another before the tail | looked through |
    /// | another header | read |
    /// | zeros, not far behind the last slot that was opened | looked through |
    /// | zeros, further behind | left out |
    /// | something else, or unreadable | read |
    ///
    /// To look through a slot is to find batches from the tail on behind a first write that was lost,
    /// and then to read it. When what is found does not begin at the tail, or has a gap, everything is
    /// read and judged instead.
    ///
    /// @param files members in sync by slot, null where absent
    /// @param layout where the journal lies
    /// @param volumeTag tag of the volume
    /// @param tail first batch that recovery needs
    /// @param eachMember how to go over the members
    /// @return everything whole that was found
    public static JournalScan readFrom(
            BlockFile[] files,
            MemberLayout layout,
            int volumeTag,
            long tail,
            EachMember eachMember) {
        JournalScan scan = new JournalScan(files, layout, volumeTag);
        scan.each(eachMember, MemberJournal::survey);
        List<Batch.Header> headers = scan.firstHeaders();
        scan.each(eachMember, journal -> scan.readLive(journal, headers, tail));
        scan.collect();
        if (!scan.isConclusive(tail)) {
            scan.readAll(eachMember);
        }
        return scan;
    }

    private static void inTurn(int count, IntConsumer work) {
        for (int i = 0; i < count; i++) {
            work.accept(i);
        }
    }

    private void each(EachMember eachMember, Consumer<MemberJournal> work) {
        eachMember.run(
                journals.length,
                member -> {
                    if (journals[member] != null) {
                        work.accept(journals[member]);
                    }
                });
    }

    private void readAll(EachMember eachMember) {
        each(
                eachMember,
                journal -> {
                    try (Arena arena = Arena.ofConfined()) {
                        MemorySegment buffer = arena.allocate(layout.segmentBytes(), BLOCK_BYTES);
                        for (int slot = 0; slot < layout.segmentSlots(); slot++) {
                            journal.read(buffer, slot);
                        }
                    }
                });
        collect();
    }

    private List<Batch.Header> firstHeaders() {
        List<Batch.Header> headers = new ArrayList<>();
        for (MemberJournal journal : journals) {
            for (int slot = 0; journal != null && slot < layout.segmentSlots(); slot++) {
                if (journal.firstHeader(slot) != null) {
                    headers.add(journal.firstHeader(slot));
                }
            }
        }
        return headers;
    }

    private void readLive(MemberJournal journal, List<Batch.Header> headers, long tail) {
        int last = journal.lastOpened();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment buffer = arena.allocate(layout.segmentBytes(), BLOCK_BYTES);
            for (int slot = 0; slot < layout.segmentSlots(); slot++) {
                switch (journal.first(slot)) {
                    case OTHER -> journal.read(buffer, slot);
                    case HEADER -> {
                        if (isPast(journal.firstHeader(slot), headers, tail)) {
                            journal.lookThrough(buffer, slot, tail);
                        } else {
                            journal.read(buffer, slot);
                        }
                    }
                    case BLANK -> {
                        if (slot <= last + BEYOND_OPENED
                                && journal.lookThrough(buffer, slot, tail)) {
                            last = Math.max(last, slot);
                        }
                    }
                }
            }
        }
    }

    /// Whether a segment has nothing from the tail on: its batches are not later than the first one of
    /// any segment that was opened after it. Not earlier either, when that one was written again because
    /// a copy had failed.
    private static boolean isPast(Batch.Header segment, List<Batch.Header> headers, long tail) {
        for (Batch.Header other : headers) {
            if (other.segment > segment.segment
                    && other.epoch >= segment.epoch
                    && other.number < tail) {
                return true;
            }
        }
        return false;
    }

    private void collect() {
        copies.clear();
        epochStarts.clear();
        for (MemberJournal journal : journals) {
            if (journal == null) {
                continue;
            }
            for (Copy copy : journal.copies()) {
                copies.computeIfAbsent(copy.header().number, n -> new ArrayList<>(2)).add(copy);
                if (copy.isStart()) {
                    epochStarts.merge(copy.header().epoch, copy.header().number, Math::min);
                }
            }
        }
    }

    /// Whether what was read is a journal from the tail on: without a gap up to its end; when nothing
    /// is there, the batch before the tail, which the newest segment keeps.
    private boolean isConclusive(long tail) {
        long number = tail;
        while (!valid(number).isEmpty() || carrierOf(number) != null) {
            number = valid(number).isEmpty() ? copies.higherKey(number) : number + 1;
        }
        boolean isFound = number > tail || tail <= 1 || copies.containsKey(tail - 1);
        return isFound && laterThan(number) == null;
    }

    private Long laterThan(long number) {
        return copies.tailMap(number + 1).keySet().stream()
                .filter(n -> !valid(n).isEmpty())
                .findFirst()
                .orElse(null);
    }

    private boolean isVoid(Copy copy) {
        if (Plant.NO_EPOCH_CUT.isPlanted()) {
            return false;
        }
        for (Map.Entry<Long, Long> start : epochStarts.entrySet()) {
            if (start.getKey() > copy.header().epoch && start.getValue() <= copy.header().number) {
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

    /// The EPOCH_START that stands for a batch: the next one, or a later one when recovery was cut off and
    /// the one before was the batch to be carried.
    private Copy carrierOf(long number) {
        for (long later : copies.tailMap(number + 1).keySet()) {
            for (Copy copy : valid(later)) {
                if (later - copy.standsFor() <= number && copy.isStart()) {
                    return copy;
                }
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
        replay(
                tail,
                visitor,
                (number, later) -> {
                    throw new DamagedJournalException(
                            "journal batch "
                                    + number
                                    + ": expected a whole copy, found none, but batch "
                                    + later
                                    + " is there: acknowledged writes would be lost");
                });
    }

    /// Told of batches that are lost.
    @FunctionalInterface
    interface Gaps {
        /// No copy of some batches is whole.
        ///
        /// @param first first of them
        /// @param later the next one that is there
        /// @throws DamagedJournalException to end the visit
        void lost(long first, long later) throws DamagedJournalException;
    }

    /// The same, where somebody else decides whether to go on behind batches that are lost.
    ///
    /// @param tail first batch that recovery needs
    /// @param visitor receives them
    /// @param gaps told of those that are lost
    /// @throws DamagedJournalException when one of those two says so
    void replay(long tail, Visitor visitor, Gaps gaps) throws DamagedJournalException {
        adopted.clear();
        try (Arena arena = Arena.ofConfined()) {
            Loader loader = new Loader(arena.allocate(layout.segmentBytes(), BLOCK_BYTES));
            for (long number = tail; ; number++) {
                List<Copy> candidates = valid(number);
                if (candidates.isEmpty()) {
                    if (carrierOf(number) != null) {
                        number = copies.higherKey(number) - 1; // it stands for all before that too
                        continue;
                    }
                    Long later = laterThan(number);
                    if (later == null || Plant.CUT_AT_FIRST_BAD.isPlanted()) {
                        return;
                    }
                    gaps.lost(number, later);
                    number = later - 1;
                    continue;
                }
                Batch.Header header = new Batch.Header();
                MemorySegment batch = loader.load(candidates, header);
                if (batch == null) {
                    // No copy is whole any more: it is as if none had been found.
                    copies.get(number).removeAll(candidates);
                    number--;
                    continue;
                }
                adopted.addAll(candidates);
                highestSequence = Math.max(highestSequence, header.lastSequence);
                visitor.visit(batch, header);
            }
        }
    }

    /// Reads batches again, a whole slot at a time: the next batch mostly stands in the same.
    private final class Loader {
        private final MemorySegment buffer;
        private int member = -1;
        private int slot = -1;

        Loader(MemorySegment buffer) {
            this.buffer = buffer;
        }

        /// The batch, from any of its copies; null when none of them is whole any more.
        MemorySegment load(List<Copy> candidates, Batch.Header header) {
            for (Copy copy : candidates) {
                if (copy.member() == member && copy.slot() == slot && isWhole(copy, header)) {
                    return buffer.asSlice(copy.offset(), copy.header().totalBytes);
                }
            }
            for (Copy copy : candidates) {
                if (fill(copy) && isWhole(copy, header)) {
                    return buffer.asSlice(copy.offset(), copy.header().totalBytes);
                }
            }
            return null;
        }

        private boolean fill(Copy copy) {
            member = copy.member();
            slot = copy.slot();
            long at = layout.segmentOffset(slot);
            if (files[member].read(buffer, 0, layout.segmentBytes(), at).isOk()) {
                return true;
            }
            slot = -1; // some of it is unreadable; this batch alone was not
            return files[member]
                    .read(buffer, copy.offset(), copy.header().totalBytes, at + copy.offset())
                    .isOk();
        }

        private boolean isWhole(Copy copy, Batch.Header header) {
            long available = layout.segmentBytes() - copy.offset();
            return Batch.readHeader(buffer, copy.offset(), available, volumeTag, header)
                    && (header.crc == copy.header().crc
                                    && Batch.isPayloadValid(buffer, copy.offset(), header)
                            || Plant.SECOND_READ_BELIEVED.isPlanted());
        }
    }

    /// {@return the copies that count, for the journal to go on from; call after {@link #replay}}
    Remains remains() {
        long highest = 0;
        for (MemberJournal journal : journals) {
            highest = Math.max(highest, journal == null ? 0 : journal.highestSegment());
        }
        return new Remains(adopted, files.length, layout.segmentSlots(), highest);
    }

    /// {@return highest sequence seen in a batch that counts}
    public long highestSequence() {
        return highestSequence;
    }

    /// {@return copies of batches, or blocks of the journal, that were damaged}
    public int damagedCopies() {
        int damaged = 0;
        for (MemberJournal journal : journals) {
            damaged += journal == null ? 0 : journal.damaged();
        }
        return damaged;
    }

    /// {@return epochs seen, the highest}
    public long highestEpoch() {
        long highest = 0;
        for (MemberJournal journal : journals) {
            highest = Math.max(highest, journal == null ? 0 : journal.highestEpoch());
        }
        return highest;
    }
}
