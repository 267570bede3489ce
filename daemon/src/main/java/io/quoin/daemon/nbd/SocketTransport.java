package io.quoin.daemon.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;

/// The bytes of a socket as they are.
///
/// Buffer by buffer: the JDK's gathering and scattering calls leave 40 bytes on the heap for each
/// buffer that lies in an arena, as the volume's pool does; its plain calls leave none (JDK 25).
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
    public void write(ByteBuffer source) throws IOException {
        channel.write(source);
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
