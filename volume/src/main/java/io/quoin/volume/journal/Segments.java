package io.quoin.volume.journal;

import io.quoin.volume.fault.Plant;
import java.util.ArrayDeque;
import java.util.Arrays;
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

    private final int memberCount;
    private final int groupWidth;
    private final int slotCount;
    private final boolean[][] used;
    private final ArrayDeque<Segment> segments = new ArrayDeque<>();
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
        int count = 0;
        for (int first = 0; first < memberCount; first += groupWidth) {
            count += freeSegments(first, members, copies);
        }
        return count;
    }

    private int freeSegments(int first, int members, int copies) {
        int[] free = new int[groupWidth];
        int total = 0;
        for (int i = 0; i < groupWidth; i++) {
            free[i] = (members >> first + i & 1) != 0 ? freeSlots(first + i) : 0;
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

    /// Opens a segment on the members with the most free slots, all of one group, ties broken in turn, or
    /// returns null when there is no room.
    Segment open(int members, int copies) {
        int group = roomiestGroup(members, copies);
        if (group < 0) {
            return null;
        }
        int first = group * groupWidth;
        int[] slotOf = new int[memberCount];
        Arrays.fill(slotOf, -1);
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

    private int roomiestGroup(int members, int copies) {
        int groups = memberCount / groupWidth;
        int best = -1;
        int most = 0;
        for (int i = 0; i < groups; i++) {
            int group = (int) ((i + nextId) % groups);
            int free = freeSegments(group * groupWidth, members, copies);
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
            if (segment.slotOf[member] >= 0) {
                used[member][segment.slotOf[member]] = false;
            }
        }
    }

    /// Forgets what a member held: it was dropped or replaced.
    void forget(int member) {
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
