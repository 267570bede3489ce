package io.quoin.volume;

import io.quoin.volume.intake.BufferPool;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.Port;

/// What a front end sees of a volume: a size, memory for payload, and a way in. The volume is one
/// implementation; tests of front ends have a simple one in memory.
public interface BlockDevice {
    /// {@return bytes that clients may address; a multiple of 4096}
    long sizeBytes();

    /// {@return whether writes are refused}
    boolean isReadOnly();

    /// {@return where request payload lies}
    BufferPool buffers();

    /// Hands a request over, with {@link #proceed} after the last of those that came together; it will be
    /// completed exactly once, on this thread before one of both returns or on any other, even when the volume
    /// stops. Requests of one thread are taken in order; overlapping requests in flight at the same time may be
    /// carried out in any order, each whole. Waits while the ring is full.
    ///
    /// @param request filled in and checked against the size
    void submit(Request request);

    /// Has what this thread submitted begun, if nobody has yet; to be called before it waits for anything.
    default void proceed() {}

    /// Puts off what a listener of requests need not do while others wait for the volume, such as sending
    /// a reply: the thread that told the listener does it a moment later.
    ///
    /// @param action runs once, on this thread; it must not throw, nor wait for long
    default void afterTurn(Runnable action) {
        action.run();
    }

    /// Opens a port for the calling thread, which brings requests from a socket and waits for more: it may
    /// then carry out durable writes itself.
    ///
    /// @param socket descriptor of the socket, -1: unknown
    /// @return the port, which the thread closes; null: there is none
    default Port openPort(int socket) {
        return null;
    }
}
