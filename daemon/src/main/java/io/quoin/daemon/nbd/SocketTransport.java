package io.quoin.daemon.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/// The bytes of a socket as they are.
final class SocketTransport implements Transport {
    private final SocketChannel channel;

    SocketTransport(SocketChannel channel) {
        this.channel = channel;
    }

    @Override
    public int read(ByteBuffer target) throws IOException {
        return channel.read(target);
    }

    @Override
    public long read(ByteBuffer[] targets) throws IOException {
        return channel.read(targets);
    }

    @Override
    public void write(ByteBuffer[] sources, int from, int count) throws IOException {
        channel.write(sources, from, count);
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // The descriptor is released all the same; what could not be sent is the client's loss.
        }
    }
}
