package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.ExportName;
import io.quoin.codec.nbd.TransmissionFlag;
import io.quoin.volume.BlockDevice;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/// A block device under its name, and the connections that use it.
final class Export {
    /// Smallest length and alignment that is served.
    static final int MINIMUM_BLOCK_BYTES = 1;

    /// Length and alignment that needs no read before a write.
    static final int PREFERRED_BLOCK_BYTES = 4096;

    /// Largest payload of any export; what every client may expect.
    static final int MAX_PAYLOAD_BYTES = 32 << 20;

    /// Smallest buffer pool that can serve an export.
    static final int MIN_POOL_BYTES = 4 << 20;

    private final ExportName name;
    private final BlockDevice device;
    private final PayloadMemory memory;
    private final int maxPayloadBytes;

    // Guarded by this.
    private final Set<Connection> connections = new HashSet<>();
    private boolean isClosed;

    Export(ExportName name, BlockDevice device) {
        this.name = name;
        this.device = device;
        memory = new PayloadMemory(device.buffers());
        long poolBytes = device.buffers().capacityBytes();
        if (poolBytes < MIN_POOL_BYTES) {
            throw new IllegalArgumentException(
                    "buffer pool of export "
                            + name
                            + ": expected at least "
                            + MIN_POOL_BYTES
                            + " bytes, was "
                            + poolBytes);
        }
        if (device.sizeBytes() < 0) {
            throw new IllegalArgumentException(
                    "size of export " + name + ": expected at least 0, was " + device.sizeBytes());
        }
        // A range that is not aligned takes a buffer of twice its length, and two must fit.
        maxPayloadBytes = (int) Math.min(MAX_PAYLOAD_BYTES, poolBytes / 4);
    }

    ExportName name() {
        return name;
    }

    BlockDevice device() {
        return device;
    }

    PayloadMemory memory() {
        return memory;
    }

    /// {@return size, as whoever connects now is told it: it may grow}
    long sizeBytes() {
        return device.sizeBytes();
    }

    int maxPayloadBytes() {
        return maxPayloadBytes;
    }

    /// {@return what clients are told the export can do}
    ///
    /// @param structured whether structured replies were agreed
    int transmissionFlags(boolean structured) {
        return TransmissionFlag.HAS_FLAGS
                | TransmissionFlag.SEND_FLUSH
                | TransmissionFlag.SEND_FUA
                | TransmissionFlag.SEND_TRIM
                | TransmissionFlag.SEND_WRITE_ZEROES
                | TransmissionFlag.SEND_FAST_ZERO
                | TransmissionFlag.SEND_CACHE
                | TransmissionFlag.CAN_MULTI_CONN
                | (device.isReadOnly() ? TransmissionFlag.READ_ONLY : 0)
                | (structured ? TransmissionFlag.SEND_DF : 0);
    }

    /// {@return whether a connection may use the export from now on; false once it is closed}
    synchronized boolean join(Connection connection) {
        return !isClosed && connections.add(connection);
    }

    synchronized void leave(Connection connection) {
        connections.remove(connection);
    }

    /// Lets nobody join any more.
    ///
    /// @return who uses it still
    synchronized List<Connection> closeToNewcomers() {
        isClosed = true;
        return List.copyOf(connections);
    }

    synchronized List<Connection> connections() {
        return List.copyOf(connections);
    }
}
