package io.quoin.volume.journal;

import io.quoin.volume.fault.Plant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;

/// Which journal slots of which members hold which segment, oldest segment first.
final class Segments {
    /// A segment: a run of batches on the members of its ensemble.
    static final class Segment {
        final long id;
        final int ensemble;
        final int[] slotOf;
        long firstBatch = Long.MAX_VALUE;
        long lastBatch;
        int usedBytes;

        /// Where the batches begin that were written since the start.
        int ownFrom;

        Segment(long id, int ensemble, int[] slotOf) {
            this.id = id;
            this.ensemble = ensemble;
            this.slotOf = slotOf;
        }

        void holds(long batch) {
            firstBatch = Math.min(firstBatch, batch);
            lastBatch = Math.max(lastBatch, batch);
        }

        /// Whether its slot is known on each member of its ensemble; after a crash, a copy of which
        /// not one batch was whole is not found again.
        boolean isWhole() {
            for (int member = 0; member < slotOf.length; member++) {
                if ((ensemble >> member & 1) != 0 && slotOf[member] < 0) {
                    return false;
                }
            }
            return true;
        }
    }

    /// A journal slot of a member in which something may still land.
    static final class Pin {
        private final int member;
        private final int slot;

        private Pin(int member, int slot) {
            this.member = member;
            this.slot = slot;
        }
    }

    private final int memberCount;
    private final int groupWidth;
    private final int slotCount;
    private final boolean[][] used;
    private final ArrayDeque<Segment> segments = new ArrayDeque<>();
    private final List<Pin> pins = new ArrayList<>();
    private long nextId = 1;

    /// None yet.
    ///
    /// @param memberCount slots of the volume
    /// @param groupWidth slots of a group; an ensemble lies in one group, so that its last copy goes only
    ///     when the group itself is beyond help
    /// @param slotCount journal slots of a member
    Segments(int memberCount, int groupWidth, int slotCount) {
        this.memberCount = memberCount;
        this.groupWidth = Plant.ENSEMBLE_ACROSS_GROUPS.isPlanted() ? memberCount : groupWidth;
        this.slotCount = slotCount;
        used = new boolean[memberCount][slotCount];
    }

    /// Takes over a segment found at recovery.
    void adopt(Segment segment) {
        for (int member = 0; member < memberCount; member++) {
            if (segment.slotOf[member] >= 0) {
                used[member][segment.slotOf[member]] = true;
            }
        }
        segments.addLast(segment);
        nextId = Math.max(nextId, segment.id + 1);
    }

    void skipIds(long beyond) {
        nextId = Math.max(nextId, beyond + 1);
    }

    int freeSlots(int member) {
        int free = 0;
        for (boolean is : used[member]) {
            if (!is) {
                free++;
            }
        }
        return free;
    }

    /// Segments that could still be opened, each on `copies` different members of the mask.
    int freeSegments(int members, int copies) {
        return freeSegments(members, copies, 0);
    }

    /// The same if a slot more were used on each of some members.
    private int freeSegments(int members, int copies, int opened) {
        int count = 0;
        for (int first = 0; first < memberCount; first += groupWidth) {
            count += freeSegments(first, members, copies, opened);
        }
        return count;
    }

    private int freeSegments(int first, int members, int copies, int opened) {
        int[] free = new int[groupWidth];
        int total = 0;
        for (int i = 0; i < groupWidth; i++) {
            int member = first + i;
            free[i] = (members >> member & 1) != 0 ? freeSlots(member) - (opened >> member & 1) : 0;
            total += free[i];
        }
        for (int count = total / copies; count > 0; count--) {
            int sum = 0;
            for (int f : free) {
                sum += Math.min(f, count);
            }
            if (sum >= copies * count) {
                return count;
            }
        }
        return 0;
    }

    /// Segments that could still be opened after one on some of the members, and after the loss of any so many members of a group.
    ///
    /// @param some whom a segment is to be opened on
    /// @param members all there are
    /// @param copies of a segment, fewer where no group has so many members left
    /// @param losses members lost
    /// @return how many, -1 when none can be opened on those
    int freeAfterLoss(int some, int members, int copies, int losses) {
        int opened = ensemble(some, copies);
        if (opened == 0) {
            return -1;
        }
        int least = Integer.MAX_VALUE;
        for (int first = 0; first < memberCount; first += groupWidth) {
            int left = members;
            for (int i = 0; i < losses; i++) {
                left &= ~roomiest(first, left, opened);
            }
            int copiesLeft = Math.min(copies, mostOfGroup(left));
            int free = copiesLeft == 0 ? 0 : freeSegments(left, copiesLeft, opened);
            least = Math.min(least, free);
        }
        return least;
    }

    private int roomiest(int first, int members, int opened) {
        int most = -1;
        int roomiest = 0;
        for (int member = first; member < first + groupWidth; member++) {
            int free = freeSlots(member) - (opened >> member & 1);
            if ((members >> member & 1) != 0 && free > most) {
                most = free;
                roomiest = 1 << member;
            }
        }
        return roomiest;
    }

    private int mostOfGroup(int members) {
        int most = 0;
        for (int first = 0; first < memberCount; first += groupWidth) {
            int ofGroup = members >>> first & (int) ((1L << groupWidth) - 1);
            most = Math.max(most, Integer.bitCount(ofGroup));
        }
        return most;
    }

    /// Opens a segment on the members with the most free slots, all of one group, ties broken in turn, or
    /// returns null when there is no room.
    Segment open(int members, int copies) {
        int ensemble = ensemble(members, copies);
        if (ensemble == 0) {
            return null;
        }
        int[] slotOf = new int[memberCount];
        Arrays.fill(slotOf, -1);
        for (int member = 0; member < memberCount; member++) {
            if ((ensemble >> member & 1) != 0) {
                slotOf[member] = firstFree(member);
                used[member][slotOf[member]] = true;
            }
        }
        Segment segment = new Segment(nextId++, ensemble, slotOf);
        segments.addLast(segment);
        return segment;
    }

    /// The members that the next segment would be opened on, a bit for each; 0: there is no room.
    private int ensemble(int members, int copies) {
        int group = roomiestGroup(members, copies);
        if (group < 0) {
            return 0;
        }
        int first = group * groupWidth;
        int ensemble = 0;
        for (int i = 0; i < copies; i++) {
            int best = -1;
            int bestFree = 0;
            for (int j = 0; j < groupWidth; j++) {
                int member = first + (int) ((j + nextId) % groupWidth);
                if ((members >> member & 1) == 0 || (ensemble >> member & 1) != 0) {
                    continue;
                }
                int free = freeSlots(member);
                if (free > bestFree) {
                    best = member;
                    bestFree = free;
                }
            }
            ensemble |= 1 << best;
        }
        return ensemble;
    }

    private int roomiestGroup(int members, int copies) {
        int groups = memberCount / groupWidth;
        int best = -1;
        int most = 0;
        for (int i = 0; i < groups; i++) {
            int group = (int) ((i + nextId) % groups);
            int free = freeSegments(group * groupWidth, members, copies, 0);
            if (free > most) {
                best = group;
                most = free;
            }
        }
        return best;
    }

    private int firstFree(int member) {
        for (int slot = 0; slot < slotCount; slot++) {
            if (!used[member][slot]) {
                return slot;
            }
        }
        throw new AssertionError("no free journal slot on member " + member);
    }

    /// Frees every segment whose batches are all before the tail, but for the newest.
    void freeBefore(long tailBatch) {
        while (segments.size() > 1 && segments.peekFirst().lastBatch < tailBatch) {
            free(segments.removeFirst());
        }
    }

    /// Frees every segment that has none but batches of which some have all that counts.
    ///
    /// @param firstBatch first of them
    /// @param lastBatch last of them
    /// @param kept those, which stay
    void freeReplaced(long firstBatch, long lastBatch, long... kept) {
        segments.removeIf(segment -> {
            boolean isReplaced = segment.firstBatch >= firstBatch && segment.lastBatch <= lastBatch;
            for (long each : kept) {
                isReplaced &= segment.firstBatch > each || segment.lastBatch < each;
            }
            if (isReplaced) {
                free(segment);
            }
            return isReplaced;
        });
    }

    private void free(Segment segment) {
        for (int member = 0; member < memberCount; member++) {
            int slot = segment.slotOf[member];
            if (slot >= 0) {
                used[member][slot] = isPinned(member, slot) && !Plant.LATE_SLOT_FREED.isPlanted();
            }
        }
    }

    private boolean isPinned(int member, int slot) {
        for (Pin pin : pins) {
            if (pin.member == member && pin.slot == slot) {
                return true;
            }
        }
        return false;
    }

    /// Keeps a journal slot in use, whatever becomes of its segment.
    Pin pin(int member, int slot) {
        Pin pin = new Pin(member, slot);
        pins.add(pin);
        return pin;
    }

    /// Lets a journal slot go, unless its member was forgotten, or its segment or another pin needs it.
    void unpin(Pin pin) {
        if (!pins.remove(pin) || isPinned(pin.member, pin.slot)) {
            return;
        }
        boolean isUsed = false;
        for (Segment segment : segments) {
            isUsed |= segment.slotOf[pin.member] == pin.slot;
        }
        used[pin.member][pin.slot] = isUsed;
    }

    /// Members with journal slots that something may still land in, a bit for each.
    int pinnedMembers() {
        int mask = 0;
        for (int i = 0; i < pins.size(); i++) {
            mask |= 1 << pins.get(i).member;
        }
        return mask;
    }

    /// Forgets what a member held: it was dropped or replaced.
    void forget(int member) {
        pins.removeIf(pin -> pin.member == member);
        for (Segment segment : segments) {
            segment.slotOf[member] = -1;
        }
        Arrays.fill(used[member], false);
    }

    boolean contains(Segment segment) {
        return segments.contains(segment);
    }

    void forEach(Consumer<Segment> action) {
        segments.forEach(action);
    }

    Segment newest() {
        return segments.peekLast();
    }

    long usedBytes() {
        long bytes = 0;
        for (Segment segment : segments) {
            bytes += segment.usedBytes;
        }
        return bytes;
    }

    int count() {
        return segments.size();
    }
}
