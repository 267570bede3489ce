package io.quoin.volume.journal;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.journal.JournalStart.Held;
import io.quoin.volume.journal.MemberJournal.Copy;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// The copies of batches that count, and in which journal slots they lie.
///
/// | a slot | is |
/// |---|---|
/// | with batches of several segments | the last one's: it was given back and opened again, and what was not overwritten of the others counts no more |
/// | whose batches a committed EPOCH_START stands for | free |
/// | else | in use |
final class Remains {
    private final List<Copy> copies;
    private final int memberCount;
    private final int slotCount;
    private final long highestSegment;

    Remains(List<Copy> copies, int memberCount, int slotCount, long highestSegment) {
        this.memberCount = memberCount;
        this.slotCount = slotCount;
        this.highestSegment = highestSegment;
        this.copies = Plant.LEFTOVERS_ADOPTED.isPlanted() ? copies : ofLastSegments(copies);
    }

    private List<Copy> ofLastSegments(List<Copy> all) {
        Map<Long, Long> last = new HashMap<>();
        for (Copy copy : all) {
            last.merge(place(copy), copy.header().segment, Math::max);
        }
        List<Copy> kept = new ArrayList<>(all.size());
        for (Copy copy : all) {
            if (last.get(place(copy)) == copy.header().segment) {
                kept.add(copy);
            }
        }
        return kept;
    }

    private long place(Copy copy) {
        return (long) copy.member() * slotCount + copy.slot();
    }

    /// {@return the batches from one on, in order, and which members have a whole copy of each}
    ///
    /// @param first first batch
    List<Held> from(long first) {
        TreeMap<Long, Integer> masks = new TreeMap<>();
        for (Copy copy : copies) {
            if (copy.header().number >= first) {
                masks.merge(copy.header().number, 1 << copy.member(), (a, b) -> a | b);
            }
        }
        return masks.entrySet().stream()
                .map(each -> new Held(each.getKey(), each.getValue()))
                .toList();
    }

    /// {@return the journal slots in use}
    ///
    /// @param groupWidth slots of a group
    Segments segments(int groupWidth) {
        Segments result = new Segments(memberCount, groupWidth, slotCount);
        TreeMap<Long, Segments.Segment> bySegment = new TreeMap<>();
        for (Copy copy : copies) {
            Segments.Segment segment =
                    bySegment.computeIfAbsent(
                            copy.header().segment,
                            id -> {
                                int[] slotOf = new int[memberCount];
                                Arrays.fill(slotOf, -1);
                                return new Segments.Segment(id, copy.header().ensemble, slotOf);
                            });
            segment.slotOf[copy.member()] = copy.slot();
            segment.holds(copy.header().number);
            segment.usedBytes =
                    Math.max(segment.usedBytes, (int) copy.offset() + copy.header().totalBytes);
        }
        bySegment.values().forEach(result::adopt);
        freeReplaced(result);
        result.skipIds(highestSegment);
        return result;
    }

    /// An EPOCH_START was committed when a batch of its epoch follows. If that one was replaced in its
    /// turn, a later EPOCH_START stands for it, and for none before it.
    private void freeReplaced(Segments segments) {
        Map<Long, Long> lastOfEpoch = new HashMap<>();
        long lastCarried = Plant.REPLACED_FREED_EARLY.isPlanted() ? Long.MAX_VALUE : 0;
        for (Copy copy : copies) {
            long number = copy.header().number;
            lastOfEpoch.merge(copy.header().epoch, number, Math::max);
            if (copy.isStart()) {
                lastCarried = Math.max(lastCarried, number - copy.standsFor());
            }
        }
        for (Copy copy : copies) {
            long number = copy.header().number;
            boolean isCommitted =
                    lastOfEpoch.get(copy.header().epoch) > number || lastCarried > number;
            if (copy.isStart() && isCommitted) {
                segments.freeReplaced(number - copy.standsFor(), number, number);
            }
        }
    }
}
