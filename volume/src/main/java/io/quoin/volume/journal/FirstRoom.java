package io.quoin.volume.journal;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.journal.JournalStart.Held;
import io.quoin.volume.member.MemberSet;
import java.util.Arrays;
import java.util.List;

/// Room for the first batch of an epoch when the journal is full: lives that end in recovery, each with
/// such a batch, may leave no segment for the next one's. All those batches carry the same; so many of
/// them are kept as hold it against any loss.
///
/// In the engine's turns only.
final class FirstRoom {
    private final MemberSet members;
    private final Segments segments;
    private final List<Held> last;
    private boolean isBeingMade;
    private boolean isMade;

    /// Room behind what was recovered.
    FirstRoom(MemberSet members, Segments segments, JournalStart start) {
        this.members = members;
        this.segments = segments;
        last = start.last();
    }

    boolean isBeingMade() {
        return isBeingMade;
    }

    /// Frees what can be freed, once. All members are flushed before: a process that was killed may have left
    /// a batch in a cache.
    ///
    /// @param then runs when segments were freed
    void make(Runnable then) {
        if (isMade || isBeingMade) {
            return;
        }
        isBeingMade = true;
        int slots = 0;
        for (int group = 0; group < members.groupCount(); group++) {
            slots |= members.inSyncMask(group);
        }
        members.flush(slots, () -> flushed(then));
    }

    private void flushed(Runnable then) {
        isBeingMade = false;
        isMade = true;
        for (int group = 0; group < members.groupCount(); group++) {
            long[] kept = heldBy(group);
            if (kept.length > 0) {
                segments.freeReplaced(
                        last.getFirst().batch(),
                        last.getLast().batch(),
                        Plant.LAST_COPY_FREED.isPlanted() ? new long[0] : kept);
                then.run();
                return;
            }
        }
    }

    /// The newest batches whose copies, together, one group keeps whichever members it loses; none when it
    /// does not.
    private long[] heldBy(int group) {
        long[] kept = new long[last.size()];
        int count = 0;
        int together = 0;
        int inSync = members.inSyncMask(group);
        for (Held each : last.reversed()) {
            int more = each.members() & inSync & ~together;
            if (more != 0) {
                together |= more;
                kept[count++] = each.batch();
            }
            if (Integer.bitCount(together) > members.spareOfGroup(group)) {
                return Arrays.copyOf(kept, count);
            }
        }
        return new long[0];
    }
}
