package io.quoin.cli.demo;

import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ExportName;
import io.quoin.codec.nbd.RequestHeader;
import io.quoin.codec.nbd.SimpleReply;
import io.quoin.volume.remote.Negotiation;
import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/// A plain NBD client: one connection, one request at a time, simple replies. One thread.
public final class NbdClient implements AutoCloseable {
    private final SocketChannel channel;
    private final ByteBuffer header = ByteBuffer.allocateDirect(64);
    private long cookie;

    private NbdClient(SocketChannel channel) {
        this.channel = channel;
    }

    /// Connects and opens an export.
    ///
    /// @param socket the server's Unix socket
    /// @param export name of the export
    /// @return the open connection
    /// @throws IOException when the server is not there, or refuses
    public static NbdClient connect(Path socket, String export) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            Negotiation.of(channel, new ExportName(export));
            return new NbdClient(channel);
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    /// Writes, and returns when the server has acknowledged.
    ///
    /// @param offsetBytes where
    /// @param data from position to limit
    /// @throws IOException when the connection broke or the server said no
    public void write(long offsetBytes, ByteBuffer data) throws IOException {
        write(offsetBytes, data, 0);
    }

    /// Writes, and returns when the server has acknowledged.
    ///
    /// @param offsetBytes where
    /// @param data from position to limit
    /// @param flags bits of {@link io.quoin.codec.nbd.CommandFlag}
    /// @throws IOException when the connection broke or the server said no
    public void write(long offsetBytes, ByteBuffer data, int flags) throws IOException {
        request(CommandType.WRITE, flags, offsetBytes, data.remaining());
        send(data);
        reply();
    }

    /// Asks for something without payload, and returns when the server has acknowledged.
    ///
    /// @param type FLUSH, TRIM or WRITE_ZEROES of {@link CommandType}
    /// @param flags bits of {@link io.quoin.codec.nbd.CommandFlag}
    /// @param offsetBytes where
    /// @param length bytes
    /// @throws IOException when the connection broke or the server said no
    public void command(int type, int flags, long offsetBytes, int length) throws IOException {
        request(type, flags, offsetBytes, length);
        reply();
    }

    /// Reads.
    ///
    /// @param offsetBytes where
    /// @param target filled from position to limit
    /// @throws IOException when the connection broke or the server said no
    public void read(long offsetBytes, ByteBuffer target) throws IOException {
        request(CommandType.READ, 0, offsetBytes, target.remaining());
        reply();
        receive(target);
    }

    /// Sends a request, or the head of a write, and does not wait for the reply.
    ///
    /// @param type of {@link CommandType}
    /// @param flags bits of {@link io.quoin.codec.nbd.CommandFlag}
    /// @param offsetBytes where
    /// @param length bytes
    /// @throws IOException when the connection broke
    public void request(int type, int flags, long offsetBytes, int length) throws IOException {
        header.clear();
        RequestHeader.put(header, flags, type, ++cookie, offsetBytes, length);
        send(header.flip());
    }

    private void reply() throws IOException {
        receive(header.clear().limit(SimpleReply.BYTES));
        if (SimpleReply.cookie(header, 0) != cookie) {
            throw new IOException(
                    "expected the reply to " + cookie + ", was " + SimpleReply.cookie(header, 0));
        }
        int error = SimpleReply.error(header, 0);
        if (error != 0) {
            throw new NbdException(error);
        }
    }

    /// The server answered with an error; the connection goes on.
    public static final class NbdException extends IOException {
        private static final long serialVersionUID = 1;

        NbdException(int error) {
            super("NBD error " + error);
        }
    }

    private void send(ByteBuffer data) throws IOException {
        while (data.hasRemaining()) {
            channel.write(data);
        }
    }

    private void receive(ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                throw new EOFException("the server hung up");
            }
        }
    }

    @Override
    public void close() {
        try {
            header.clear();
            RequestHeader.put(header, 0, CommandType.DISC, 0, 0, 0);
            send(header.flip());
            channel.close();
        } catch (IOException e) {
            // The server is gone already; there is nobody left to say goodbye to.
        }
    }
}
