package io.quoin.daemon.nbd;

/// Since when one thread of a connection has waited for its client in the middle of something, so
/// that the server can tell a slow client from one that stands still. Written by that thread, read by
/// any.
final class Progress {
    private static final long IDLE = Long.MIN_VALUE;

    private volatile long sinceNanos = IDLE;

    /// Something moved, or begins.
    void step() {
        sinceNanos = System.nanoTime();
    }

    /// Nothing is under way.
    void end() {
        sinceNanos = IDLE;
    }

    /// {@return how long nothing has moved, 0 when nothing should}
    long stalledNanos() {
        long since = sinceNanos;
        return since == IDLE ? 0 : System.nanoTime() - since;
    }
}
