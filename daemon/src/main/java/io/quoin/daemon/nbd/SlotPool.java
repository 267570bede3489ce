package io.quoin.daemon.nbd;

import io.quoin.volume.intake.Request;
import org.agrona.concurrent.OneToOneConcurrentArrayQueue;

/// The slots of a connection, made as they are first needed and then used again: their number is the
/// most requests that ever were in flight. The reader takes, the writer gives back.
final class SlotPool {
    private final OneToOneConcurrentArrayQueue<Slot> returned;
    private final Request.Listener listener;
    private final int limit;
    private final boolean isForStatus;
    private int made;

    SlotPool(int limit, boolean isForStatus, Request.Listener listener) {
        this.limit = limit;
        this.isForStatus = isForStatus;
        this.listener = listener;
        returned = new OneToOneConcurrentArrayQueue<>(Math.max(2, limit));
    }

    /// {@return a slot, or null when all are in flight}
    Slot tryTake() {
        Slot slot = returned.poll();
        if (slot == null && made < limit) {
            made++;
            slot = new Slot(listener, isForStatus);
        }
        return slot;
    }

    void giveBack(Slot slot) {
        boolean fits = returned.offer(slot);
        assert fits : "more slots came back than were made";
    }
}
