package io.quoin.volume.journal;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.journal.JournalStart.Held;
import io.quoin.volume.member.MemberSet;
import java.util.Arrays;
import java.util.List;

/// Room for the first batch of an epoch when the journal is full: lives that end in recovery, each with
/// such a batch, may leave no segment for the next one's. All those batches carry the same; so many of
/// them are kept as hold it against any loss, or on as many members as hold it now.
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
        members.flush(members.inSyncMask(), () -> flushed(then));
    }

    private void flushed(Runnable then) {
        isBeingMade = false;
        isMade = true;
        if (!last.isEmpty()) {
            segments.freeReplaced(last.getFirst().batch(), last.getLast().batch(), kept());
            then.run();
        }
    }

    /// Copies that one group keeps whichever members it loses; when there are too few for that, as many as
    /// there are.
    private long[] kept() {
        if (Plant.LAST_COPY_FREED.isPlanted()) {
            return new long[0];
        }
        int inSync = 0;
        for (int group = 0; group < members.groupCount(); group++) {
            int ofGroup = members.inSyncMask(group);
            int enough = members.spareOfGroup(group) + 1;
            if (Integer.bitCount(holders() & ofGroup) >= enough) {
                return newest(ofGroup, enough);
            }
            inSync |= ofGroup;
        }
        return newest(inSync, Integer.SIZE);
    }

    private int holders() {
        int mask = 0;
        for (Held each : last) {
            mask |= each.members();
        }
        return mask;
    }

    /// The newest batches whose copies, together, lie on enough of some members, or on all that have one.
    private long[] newest(int among, int enough) {
        long[] kept = new long[last.size()];
        int count = 0;
        int together = 0;
        for (Held each : last.reversed()) {
            int more = each.members() & among & ~together;
            if (more != 0 && Integer.bitCount(together) < enough) {
                together |= more;
                kept[count++] = each.batch();
            }
        }
        return Arrays.copyOf(kept, count);
    }
}
