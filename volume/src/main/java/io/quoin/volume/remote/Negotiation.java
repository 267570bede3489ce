package io.quoin.volume.remote;

import io.quoin.codec.nbd.ExportName;
import io.quoin.codec.nbd.Greeting;
import io.quoin.codec.nbd.HandshakeFlag;
import io.quoin.codec.nbd.InfoType;
import io.quoin.codec.nbd.Magic;
import io.quoin.codec.nbd.OptionHeader;
import io.quoin.codec.nbd.OptionReplyHeader;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.OptionType;
import io.quoin.codec.nbd.TransmissionFlag;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ByteChannel;

/// A client's part of the handshake, up to where requests may be sent. Simple replies are left as they are agreed upon.
public final class Negotiation {
    /// What most servers take in one request where they do not say (NetworkBlockDevice/nbd, doc/proto.md, "Block size constraints").
    private static final long USUAL_MOST_BYTES = 32L << 20;

    private static final int LONGEST_REPLY = 16 << 10;
    private static final int MOST_REPLIES = 64;

    private final ByteChannel channel;
    private final ByteBuffer header = ByteBuffer.allocate(OptionReplyHeader.BYTES);
    private long sizeBytes = -1;
    private int flags;
    private long leastBytes = 1;
    private long mostBytes = USUAL_MOST_BYTES;

    private Negotiation(ByteChannel channel) {
        this.channel = channel;
    }

    /// What a server offers under a name.
    ///
    /// @param sizeBytes its size
    /// @param flags bits of {@link TransmissionFlag}
    /// @param leastBytes what offsets and lengths are to be multiples of
    /// @param mostBytes longest read or write
    public record Offer(long sizeBytes, int flags, long leastBytes, long mostBytes) {
        /// {@return whether the server takes a flag's command}
        ///
        /// @param flag of {@link TransmissionFlag}
        public boolean has(int flag) {
            return (flags & flag) != 0;
        }
    }

    /// Goes through the handshake and opens an export.
    ///
    /// @param channel connected, nothing read or written yet
    /// @param export name of the export
    /// @return what it is; requests may be sent
    /// @throws IOException when the server hangs up, refuses, or says what makes no sense
    public static Offer of(ByteChannel channel, ExportName export) throws IOException {
        return new Negotiation(channel).go(export);
    }

    private Offer go(ExportName export) throws IOException {
        ByteBuffer greeting = receive(ByteBuffer.allocate(Greeting.BYTES));
        if (!Greeting.isValid(greeting, 0)) {
            throw new IOException("expected the greeting of an NBD server, found something else");
        }
        int offered = Greeting.handshakeFlags(greeting, 0);
        if ((offered & HandshakeFlag.FIXED_NEWSTYLE) == 0) {
            throw new IOException(
                    "expected a server of the fixed newstyle protocol, found an older one");
        }
        byte[] name = export.toBytes();
        ByteBuffer go =
                ByteBuffer.allocate(
                        Greeting.CLIENT_FLAGS_BYTES + OptionHeader.BYTES + 8 + name.length);
        go.putInt(offered & HandshakeFlag.ALL);
        OptionHeader.put(go, OptionType.GO, 8 + name.length);
        go.putInt(name.length).put(name).putShort((short) 1).putShort((short) InfoType.BLOCK_SIZE);
        go.flip();
        while (go.hasRemaining()) {
            channel.write(go);
        }
        for (int i = 0; i < MOST_REPLIES; i++) {
            if (isDone(export)) {
                return offer();
            }
        }
        throw new IOException(
                "expected at most " + MOST_REPLIES + " replies to an option, found more");
    }

    /// Takes one reply.
    private boolean isDone(ExportName export) throws IOException {
        receive(header.clear());
        int option = OptionReplyHeader.option(header, 0);
        int type = OptionReplyHeader.type(header, 0);
        long bytes = OptionReplyHeader.dataBytes(header, 0);
        if (OptionReplyHeader.magic(header, 0) != Magic.OPTION_REPLY || option != OptionType.GO) {
            throw new IOException("expected the reply to an option, found something else");
        }
        if (bytes > LONGEST_REPLY) {
            throw new IOException(
                    "expected option replies of at most " + LONGEST_REPLY + " bytes, was " + bytes);
        }
        ByteBuffer data = receive(ByteBuffer.allocate((int) bytes));
        if (type == OptionReplyType.INFO) {
            takeInfo(data);
        } else if (OptionReplyType.isError(type)) {
            throw new IOException("export " + export + " refused: " + reason(type, data));
        } else if (type != OptionReplyType.ACK) {
            throw new IOException("expected INFO, ACK or an error, was reply " + type);
        }
        return type == OptionReplyType.ACK;
    }

    private void takeInfo(ByteBuffer data) throws IOException {
        int kind = data.remaining() < 2 ? -1 : Short.toUnsignedInt(data.getShort());
        int expected =
                switch (kind) {
                    case InfoType.EXPORT -> InfoType.EXPORT_BYTES;
                    case InfoType.BLOCK_SIZE -> InfoType.BLOCK_SIZE_BYTES;
                    default -> data.limit();
                };
        if (kind < 0 || data.limit() != expected) {
            throw new IOException(
                    "expected " + expected + " bytes of info " + kind + ", was " + data.limit());
        }
        if (kind == InfoType.EXPORT) {
            sizeBytes = data.getLong();
            flags = Short.toUnsignedInt(data.getShort());
        } else if (kind == InfoType.BLOCK_SIZE) {
            leastBytes = Integer.toUnsignedLong(data.getInt());
            data.getInt(); // what it prefers
            mostBytes = Integer.toUnsignedLong(data.getInt());
        }
    }

    private Offer offer() throws IOException {
        if (sizeBytes < 0) {
            throw new IOException("expected the export's size, from 0 to 2^63 - 1, found none");
        }
        if ((flags & TransmissionFlag.HAS_FLAGS) == 0) {
            flags = 0;
        }
        if (Long.bitCount(leastBytes) != 1 || leastBytes > 64 << 10 || mostBytes < leastBytes) {
            throw new IOException(
                    "expected requests of a power of two up to 65536 bytes and more, was "
                            + leastBytes
                            + " to "
                            + mostBytes);
        }
        return new Offer(sizeBytes, flags, leastBytes, mostBytes);
    }

    private static String reason(int type, ByteBuffer data) {
        String said =
                ExportName.decode(data.array(), 0, data.limit())
                        .map(text -> text.replaceAll("\\p{Cntrl}", "?"))
                        .filter(text -> !text.isEmpty())
                        .map(text -> " (" + text.substring(0, Math.min(200, text.length())) + ")")
                        .orElse("");
        return switch (type) {
                    case OptionReplyType.ERR_UNKNOWN -> "the server has none of that name";
                    case OptionReplyType.ERR_TLS_REQD ->
                            "the server wants TLS, which is not there yet";
                    case OptionReplyType.ERR_POLICY -> "not to us";
                    case OptionReplyType.ERR_BLOCK_SIZE_REQD -> "it wants other block sizes";
                    case OptionReplyType.ERR_SHUTDOWN -> "the server is shutting down";
                    case OptionReplyType.ERR_UNSUP ->
                            "expected a server that knows NBD_OPT_GO, this one does not";
                    default -> "error " + Integer.toHexString(type);
                }
                + said;
    }

    private ByteBuffer receive(ByteBuffer target) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                throw new EOFException("the server hung up amid the handshake");
            }
        }
        return target.flip();
    }
}
