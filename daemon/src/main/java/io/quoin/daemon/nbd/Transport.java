package io.quoin.daemon.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;

/// The bytes of one connection, as they are or under TLS. One thread reads, one writes, any closes:
/// closing ends a read or write that waits in another thread, with an exception there.
interface Transport {
    /// {@return bytes read into what remains of the target, at least 1; or -1 at the end}
    ///
    /// @param target direct
    /// @throws IOException when the connection is broken or closed
    int read(ByteBuffer target) throws IOException;

    /// {@return bytes read into what remains of both, the first first, at least 1; or -1 at the end}
    ///
    /// @param targets two direct buffers
    /// @throws IOException when the connection is broken or closed
    long read(ByteBuffer[] targets) throws IOException;

    /// Writes some of what remains of the sources, in their order.
    ///
    /// @param sources direct buffers
    /// @param from index of the first
    /// @param count how many
    /// @throws IOException when the connection is broken or closed
    void write(ByteBuffer[] sources, int from, int count) throws IOException;

    /// Ends the connection; again does nothing.
    void close();
}
