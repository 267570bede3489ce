package io.quoin.daemon.nbd;

import io.quoin.volume.BlockDevice;
import io.quoin.volume.member.Port;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.NotYetConnectedException;
import java.nio.channels.SocketChannel;

/// The bytes of a socket as they are.
///
/// Buffer by buffer: the JDK's gathering and scattering calls leave 40 bytes on the heap for each
/// buffer that lies in an arena, as the volume's pool does; its plain calls leave none (JDK 25).
/// Writes that must not wait go past the JDK, whose channels either wait or, both ways, never do.
final class SocketTransport implements Transport {
    private final SocketChannel channel;
    private final int descriptor;

    /// Guarded by this object's monitor: after it is set, the descriptor may be another's.
    private boolean isClosed;

    /// The reader's, under which the socket has a second descriptor; null: none.
    private volatile Port port;

    private boolean isAttached;

    SocketTransport(SocketChannel channel) {
        this.channel = channel;
        descriptor = NativeSend.descriptor(channel);
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        Port used = port;
        if (used != null) {
            used.awaitInput();
        }
        return channel.read(target);
    }

    @Override
    public void attach(BlockDevice device) {
        if (isAttached) {
            return;
        }
        isAttached = true;
        synchronized (this) {
            if (!isClosed) {
                port = device.openPort(descriptor);
            }
        }
    }

    @Override
    public void settle() {
        Port used = port;
        if (used != null) {
            used.settle();
        }
    }

    @Override
    public void detach() {
        Port used = port;
        port = null;
        if (used != null) {
            used.close();
        }
    }

    @Override
    public void write(ByteBuffer source) throws IOException {
        channel.write(source);
    }

    @Override
    public synchronized int tryWrite(MemorySegment memory, long offset, int length) {
        return isClosed ? 0 : NativeSend.send(descriptor, memory, offset, length);
    }

    @Override
    public void close() {
        synchronized (this) {
            isClosed = true;
        }
        try {
            if (port != null) {
                // Closing alone would not be seen through the other descriptor.
                channel.shutdownInput();
                channel.shutdownOutput();
            }
        } catch (IOException | NotYetConnectedException e) {
            // It is broken or closed already, and whoever waits knows.
        }
        try {
            channel.close();
        } catch (IOException e) {
            // The descriptor is released all the same; what could not be sent is the client's loss.
        }
    }
}
