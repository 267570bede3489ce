package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.nbd.Greeting;
import io.quoin.codec.nbd.HandshakeFlag;
import io.quoin.codec.nbd.Magic;
import io.quoin.codec.nbd.OptionHeader;
import io.quoin.codec.nbd.OptionReplyHeader;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.OptionType;
import io.quoin.codec.nbd.ReplyChunk;
import io.quoin.codec.nbd.RequestHeader;
import io.quoin.codec.nbd.SimpleReply;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/// A client that sends whatever bytes a test wants and reads what comes, one frame at a time. It
/// knows the shape of frames and none of the rules.
final class WireClient implements AutoCloseable {
    /// A server's answer to an option.
    record OptionReply(int option, int type, byte[] data) {
        boolean isError() {
            return OptionReplyType.isError(type);
        }
    }

    /// A simple reply without its data.
    record Simple(int error, long cookie) {}

    /// A chunk of a structured reply.
    record Chunk(boolean isDone, int kind, long cookie, byte[] payload) {
        int error() {
            return ReplyChunk.isError(kind) ? ByteBuffer.wrap(payload).getInt() : 0;
        }

        long offset() {
            return ByteBuffer.wrap(payload).getLong();
        }

        byte[] data() {
            return java.util.Arrays.copyOfRange(payload, 8, payload.length);
        }
    }

    final SocketChannel channel;

    WireClient(SocketAddress address) throws IOException {
        channel = SocketChannel.open(address);
    }

    /// Greets as a modern client does.
    WireClient greet() throws IOException {
        return greet(HandshakeFlag.ALL);
    }

    WireClient greet(int clientFlags) throws IOException {
        ByteBuffer greeting = read(Greeting.BYTES);
        assertThat(Greeting.isValid(greeting, 0)).isTrue();
        assertThat(Greeting.handshakeFlags(greeting, 0)).isEqualTo(HandshakeFlag.ALL);
        return send(ByteBuffer.allocate(4).putInt(clientFlags));
    }

    /// A client in transmission, by GO.
    static WireClient open(SocketAddress address, String name, boolean structured)
            throws IOException {
        WireClient client = new WireClient(address).greet();
        if (structured) {
            assertThat(client.ask(OptionType.STRUCTURED_REPLY, new byte[0]).type())
                    .isEqualTo(OptionReplyType.ACK);
            client.option(OptionType.SET_META_CONTEXT, contexts(name, "base:allocation"));
            assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.META_CONTEXT);
            assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.ACK);
        }
        client.option(OptionType.GO, go(name));
        OptionReply reply = client.optionReply();
        while (reply.type() == OptionReplyType.INFO) {
            reply = client.optionReply();
        }
        assertThat(reply.type()).isEqualTo(OptionReplyType.ACK);
        return client;
    }

    static byte[] go(String name, int... wanted) {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        ByteBuffer data = ByteBuffer.allocate(4 + bytes.length + 2 + 2 * wanted.length);
        data.putInt(bytes.length).put(bytes).putShort((short) wanted.length);
        for (int info : wanted) {
            data.putShort((short) info);
        }
        return data.array();
    }

    static byte[] contexts(String name, String... queries) {
        ByteBuffer data = ByteBuffer.allocate(1 << 20);
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        data.putInt(bytes.length).put(bytes).putInt(queries.length);
        for (String query : queries) {
            byte[] text = query.getBytes(StandardCharsets.UTF_8);
            data.putInt(text.length).put(text);
        }
        return java.util.Arrays.copyOf(data.array(), data.position());
    }

    WireClient option(int type, byte[] data) throws IOException {
        return option(type, data.length, data);
    }

    WireClient option(int type, long claimedBytes, byte[] data) throws IOException {
        ByteBuffer frame = ByteBuffer.allocate(OptionHeader.BYTES + data.length);
        OptionHeader.put(frame, type, claimedBytes);
        return send(frame.put(data));
    }

    OptionReply ask(int type, byte[] data) throws IOException {
        return option(type, data).optionReply();
    }

    OptionReply optionReply() throws IOException {
        ByteBuffer header = read(OptionReplyHeader.BYTES);
        assertThat(OptionReplyHeader.magic(header, 0)).isEqualTo(Magic.OPTION_REPLY);
        int bytes = (int) OptionReplyHeader.dataBytes(header, 0);
        return new OptionReply(
                OptionReplyHeader.option(header, 0),
                OptionReplyHeader.type(header, 0),
                read(bytes).array());
    }

    WireClient request(int type, long cookie, long offset, long length) throws IOException {
        return request(0, type, cookie, offset, length, new byte[0]);
    }

    WireClient request(int flags, int type, long cookie, long offset, long length, byte[] payload)
            throws IOException {
        return send(frame(flags, type, cookie, offset, length, payload));
    }

    static ByteBuffer frame(
            int flags, int type, long cookie, long offset, long length, byte[] payload) {
        ByteBuffer frame = ByteBuffer.allocate(RequestHeader.BYTES + payload.length);
        RequestHeader.put(frame, flags, type, cookie, offset, length);
        return frame.put(payload);
    }

    Simple simple() throws IOException {
        ByteBuffer reply = read(SimpleReply.BYTES);
        assertThat(SimpleReply.magic(reply, 0)).isEqualTo(Magic.SIMPLE_REPLY);
        return new Simple(SimpleReply.error(reply, 0), SimpleReply.cookie(reply, 0));
    }

    Chunk chunk() throws IOException {
        ByteBuffer header = read(ReplyChunk.HEADER_BYTES);
        assertThat(ReplyChunk.magic(header, 0)).isEqualTo(Magic.STRUCTURED_REPLY);
        int bytes = (int) ReplyChunk.followingBytes(header, 0);
        return new Chunk(
                ReplyChunk.isDone(header, 0),
                ReplyChunk.kind(header, 0),
                ReplyChunk.cookie(header, 0),
                read(bytes).array());
    }

    /// Sends what was put into a buffer.
    WireClient send(ByteBuffer filled) throws IOException {
        filled.flip();
        while (filled.hasRemaining()) {
            channel.write(filled);
        }
        return this;
    }

    WireClient send(byte[] bytes) throws IOException {
        return send(ByteBuffer.allocate(bytes.length).put(bytes));
    }

    ByteBuffer read(int bytes) throws IOException {
        ByteBuffer target = ByteBuffer.allocate(bytes);
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                throw new EOFException("server closed after " + target.position() + " bytes");
            }
        }
        return target.flip();
    }

    /// {@return whether the server closed without another byte}
    boolean isEnded() throws IOException {
        try {
            return channel.read(ByteBuffer.allocate(1)) < 0;
        } catch (IOException e) {
            // A close with our bytes unread shows as a reset.
            return true;
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
