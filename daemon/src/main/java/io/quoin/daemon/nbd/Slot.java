package io.quoin.daemon.nbd;

import io.quoin.volume.intake.Request;

/// One request of a client from its header to its reply. Filled in by the connection's reader, then
/// the volume's until it completes, then the connection's writer's, which gives it back.
final class Slot {
    final Request request;

    /// Whether it reports extents, and so keeps arrays for them.
    final boolean isForStatus;

    int command;

    /// What the reader found wrong.
    ReplyError error;

    /// Whether the volume carried it out and `request.outcome` is its answer.
    boolean isSubmitted;

    /// Payload memory counted against the connection.
    long heldBytes;

    /// Whether it is of the part that is kept for those who hold little.
    boolean isModest;

    Slot(Request.Listener listener, boolean isForStatus) {
        request = new Request(listener, this);
        this.isForStatus = isForStatus;
    }
}
