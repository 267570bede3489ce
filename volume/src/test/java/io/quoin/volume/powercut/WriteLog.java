package io.quoin.volume.powercut;

import java.util.ArrayList;
import java.util.List;

/// What happened to the members of a volume, and what its client was told, in one order. Thread-safe.
final class WriteLog {
    /// A write to a member. Its bytes may be on the medium from its beginning on, in any part.
    static final class Write {
        final int member;
        final long offset;
        final byte[] bytes;
        final boolean isDurable;

        Write(int member, long offset, byte[] bytes, boolean isDurable) {
            this.member = member;
            this.offset = offset;
            this.bytes = bytes;
            this.isDurable = isDurable;
        }
    }

    /// A flush of a member.
    static final class Flush {
        final int member;

        Flush(int member) {
            this.member = member;
        }
    }

    /// What can happen.
    enum Kind {
        WRITE_BEGUN,
        WRITE_ENDED,
        FLUSH_BEGUN,
        FLUSH_ENDED,
        WITNESS_TOLD,
        REQUEST_ISSUED,
        REQUEST_ACKNOWLEDGED
    }

    /// One event.
    ///
    /// @param kind what happened
    /// @param what the write, flush, epoch or request
    record Event(Kind kind, Object what) {}

    private final List<Event> events = new ArrayList<>();

    synchronized void add(Kind kind, Object what) {
        events.add(new Event(kind, what));
    }

    synchronized int size() {
        return events.size();
    }

    synchronized List<Event> events() {
        return List.copyOf(events);
    }
}
