package io.quoin.daemon.nbd;

import io.quoin.volume.BlockDevice;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// The bytes of one connection, as they are or under TLS. One thread reads, one at a time writes, any closes:
/// closing ends a read or write that waits in another thread, with an exception there.
interface Transport {
    /// {@return bytes read into what remains of the target, at least 1; or -1 at the end}
    ///
    /// @param target direct
    /// @throws IOException when the connection is broken or closed
    int read(ByteBuffer target) throws IOException;

    /// Writes some of what remains of the source.
    ///
    /// @param source direct
    /// @throws IOException when the connection is broken or closed
    void write(ByteBuffer source) throws IOException;

    /// Writes what is taken without waiting; nothing when that is not to be known, or the connection is
    /// broken: then {@link #write} waits, or says so.
    ///
    /// @param memory native
    /// @param offset first byte
    /// @param length how many
    /// @return how many were taken
    default int tryWrite(MemorySegment memory, long offset, int length) {
        return 0;
    }

    /// Lets the reader, whose call this is, carry on with a device wherever it waits for bytes
    /// ({@link BlockDevice#openPort}). Again does nothing.
    ///
    /// @param device where its requests go
    default void attach(BlockDevice device) {}

    /// To be called by the reader before it waits for anything else than bytes.
    default void settle() {}

    /// The reader carries on with no device any more.
    default void detach() {}

    /// Ends the connection; again does nothing.
    void close();
}
