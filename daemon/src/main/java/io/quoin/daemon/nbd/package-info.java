/// The NBD server: sockets in front, {@link io.quoin.volume.BlockDevice} behind.
///
/// ```
/// Listener -> Connection: Handshake -> Terms -> Session: FrameInput -> RequestCheck -> submit
///                                                 |                                     |
///                                               ReplyWriter: ReplyBatch <- queue <- completed
/// ```
///
/// Promised: one client's end, garbage or idleness is never the server's, nor another client's; a
/// write reaches the volume only when its payload is complete; what a client can make the server hold
/// is bounded before it is held; nothing is allocated per request in steady state.
///
/// Assumed: a BlockDevice completes every request once, and its completions come from threads that
/// must not wait: they only queue the reply and wake the connection's writer.
///
/// Two platform threads per connection, one that reads and one that writes: measured against virtual
/// threads and Netty, the wake-ups are three times quicker. TLS would be another {@link
/// io.quoin.daemon.nbd.Transport}, extended headers another shape of request and reply next to the
/// simple and the structured.
package io.quoin.daemon.nbd;
