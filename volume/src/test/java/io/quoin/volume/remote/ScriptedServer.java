package io.quoin.volume.remote;

import io.quoin.codec.nbd.Greeting;
import io.quoin.codec.nbd.HandshakeFlag;
import io.quoin.codec.nbd.InfoType;
import io.quoin.codec.nbd.OptionHeader;
import io.quoin.codec.nbd.OptionReplyHeader;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.OptionType;
import io.quoin.codec.nbd.RequestHeader;
import io.quoin.codec.nbd.SimpleReply;
import io.quoin.codec.nbd.TransmissionFlag;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/// An NBD server that does as it is told, for one client after the other.
final class ScriptedServer implements AutoCloseable {
    static final int FLAGS =
            TransmissionFlag.HAS_FLAGS | TransmissionFlag.SEND_FLUSH | TransmissionFlag.SEND_FUA;
    static final int BYTES = 8 << 20;

    /// What it does with a client.
    interface Script {
        void run(ScriptedServer server) throws IOException;
    }

    /// A request as it came; of a WRITE with its payload.
    record Asked(int flags, int type, long cookie, long offset, int length, byte[] payload) {}

    final List<Asked> asked = new CopyOnWriteArrayList<>();
    final byte[] disk = new byte[BYTES];
    int flags = FLAGS;
    int leastBytes = 1;
    int mostBytes = 32 << 20;
    private final ServerSocketChannel listener;
    private final Path socket;
    private final Thread thread;
    private volatile SocketChannel client;

    ScriptedServer(Path socket, Script script) throws IOException {
        this.socket = socket;
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
        thread = Thread.ofPlatform().daemon().unstarted(() -> serve(script));
    }

    ScriptedServer start() {
        thread.start();
        return this;
    }

    NbdExport export() {
        return NbdExport.parse("nbd+unix:///?socket=" + socket);
    }

    private void serve(Script script) {
        while (listener.isOpen()) {
            try (SocketChannel accepted = listener.accept()) {
                client = accepted;
                script.run(this);
            } catch (IOException e) {
                // the client has left, or the test is over
            }
        }
    }

    void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            client.write(bytes);
        }
    }

    ByteBuffer receive(int count) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(count);
        while (bytes.hasRemaining()) {
            if (client.read(bytes) < 0) {
                throw new IOException("gone");
            }
        }
        return bytes.flip();
    }

    void greet() throws IOException {
        ByteBuffer greeting = ByteBuffer.allocate(Greeting.BYTES);
        Greeting.put(greeting, HandshakeFlag.ALL);
        send(greeting.flip());
        receive(Greeting.CLIENT_FLAGS_BYTES);
    }

    /// Takes the client's option.
    void takeOption() throws IOException {
        receive((int) OptionHeader.dataBytes(receive(OptionHeader.BYTES), 0));
    }

    void reply(int type, byte[] data) throws IOException {
        ByteBuffer reply = ByteBuffer.allocate(OptionReplyHeader.BYTES + data.length);
        OptionReplyHeader.put(reply, OptionType.GO, type, data.length);
        send(reply.put(data).flip());
    }

    byte[] exportInfo() {
        return ByteBuffer.allocate(InfoType.EXPORT_BYTES)
                .putShort((short) InfoType.EXPORT)
                .putLong(BYTES)
                .putShort((short) flags)
                .array();
    }

    /// The whole handshake as it should be.
    void shakeHands() throws IOException {
        greet();
        takeOption();
        reply(OptionReplyType.INFO, exportInfo());
        reply(
                OptionReplyType.INFO,
                ByteBuffer.allocate(InfoType.BLOCK_SIZE_BYTES)
                        .putShort((short) InfoType.BLOCK_SIZE)
                        .putInt(leastBytes)
                        .putInt(4096)
                        .putInt(mostBytes)
                        .array());
        reply(OptionReplyType.ACK, new byte[0]);
    }

    Asked takeRequest() throws IOException {
        ByteBuffer header = receive(RequestHeader.BYTES);
        int type = RequestHeader.type(header, 0);
        int length = (int) RequestHeader.lengthBytes(header, 0);
        byte[] payload =
                type == io.quoin.codec.nbd.CommandType.WRITE
                        ? receive(length).array()
                        : new byte[0];
        Asked request =
                new Asked(
                        RequestHeader.flags(header, 0),
                        type,
                        RequestHeader.cookie(header, 0),
                        RequestHeader.offsetBytes(header, 0),
                        length,
                        payload);
        asked.add(request);
        return request;
    }

    void answer(long cookie, int error, byte[] data) throws IOException {
        ByteBuffer reply = ByteBuffer.allocate(SimpleReply.BYTES + data.length);
        SimpleReply.put(reply, error, cookie);
        send(reply.put(data).flip());
    }

    /// Does what a request asks, and answers.
    void carryOut(Asked request) throws IOException {
        byte[] data = new byte[0];
        if (request.type == io.quoin.codec.nbd.CommandType.WRITE) {
            System.arraycopy(request.payload, 0, disk, (int) request.offset, request.length);
        } else if (request.type == io.quoin.codec.nbd.CommandType.READ) {
            data =
                    java.util.Arrays.copyOfRange(
                            disk, (int) request.offset, (int) request.offset + request.length);
        }
        answer(request.cookie, 0, data);
    }

    @Override
    public void close() throws IOException {
        listener.close();
        SocketChannel last = client;
        if (last != null) {
            last.close();
        }
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
