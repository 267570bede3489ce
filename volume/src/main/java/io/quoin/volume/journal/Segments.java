package io.quoin.volume.journal;

import java.util.ArrayDeque;
import java.util.Arrays;

/// Which journal slots of which members hold which segment, oldest segment first.
final class Segments {
    /// A segment: a run of batches on the members of its ensemble.
    static final class Segment {
        final long id;
        final int ensemble;
        final int[] slotOf;
        long lastBatch;
        int usedBytes;

        Segment(long id, int ensemble, int[] slotOf) {
            this.id = id;
            this.ensemble = ensemble;
            this.slotOf = slotOf;
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
    private final int slotCount;
    private final boolean[][] used;
    private final ArrayDeque<Segment> segments = new ArrayDeque<>();
    private long nextId = 1;

    Segments(int memberCount, int slotCount) {
        this.memberCount = memberCount;
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
        int[] free = new int[memberCount];
        int total = 0;
        for (int member = 0; member < memberCount; member++) {
            free[member] = (members >> member & 1) != 0 ? freeSlots(member) : 0;
            total += free[member];
        }
        int count = Math.min(total / copies, slotCount * memberCount);
        while (count > 0) {
            int sum = 0;
            for (int f : free) {
                sum += Math.min(f, count);
            }
            if (sum >= copies * count) {
                return count;
            }
            count--;
        }
        return 0;
    }

    /// Opens a segment on the members with the most free slots, ties broken in turn, or returns null
    /// when there is no room.
    Segment open(int members, int copies) {
        int[] slotOf = new int[memberCount];
        Arrays.fill(slotOf, -1);
        int ensemble = 0;
        for (int i = 0; i < copies; i++) {
            int best = -1;
            int bestFree = 0;
            for (int j = 0; j < memberCount; j++) {
                int member = (int) ((j + nextId) % memberCount);
                if ((members >> member & 1) == 0 || (ensemble >> member & 1) != 0) {
                    continue;
                }
                int free = freeSlots(member);
                if (free > bestFree) {
                    best = member;
                    bestFree = free;
                }
            }
            if (best < 0) {
                return null;
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

    private int firstFree(int member) {
        for (int slot = 0; slot < slotCount; slot++) {
            if (!used[member][slot]) {
                return slot;
            }
        }
        throw new AssertionError("no free journal slot on member " + member);
    }

    /// Frees every segment whose batches are all before the tail, but for the newest.
    int freeBefore(long tailBatch) {
        int freed = 0;
        while (segments.size() > 1 && segments.peekFirst().lastBatch < tailBatch) {
            Segment segment = segments.removeFirst();
            for (int member = 0; member < memberCount; member++) {
                if (segment.slotOf[member] >= 0) {
                    used[member][segment.slotOf[member]] = false;
                }
            }
            freed++;
        }
        return freed;
    }

    /// Forgets what a member held: it was dropped or replaced.
    void forget(int member) {
        for (Segment segment : segments) {
            segment.slotOf[member] = -1;
        }
        Arrays.fill(used[member], false);
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
