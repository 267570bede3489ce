package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.ExportName;
import io.quoin.codec.nbd.Greeting;
import io.quoin.codec.nbd.HandshakeFlag;
import io.quoin.codec.nbd.Magic;
import io.quoin.codec.nbd.OptionHeader;
import io.quoin.codec.nbd.OptionReplyHeader;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.OptionType;
import io.quoin.codec.nbd.ReplyChunk;
import io.quoin.fuzz.FuzzTarget;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// All that one client says, from its flags to its end: the handshake and the session end by
/// themselves, with nothing but an IOException, hold nothing afterwards, and what they answered is
/// made of whole frames.
///
/// The first byte says in how large pieces the rest comes, 0: all that fits.
public final class NbdSessionFuzz implements FuzzTarget {
    private static final int MAX_KEPT = 1 << 16;

    private final MemoryDevice device = new MemoryDevice(8 << 20, 8 << 20, 1);
    private final Export export = new Export(new ExportName("disk"), device);
    private final SocketBuffers buffers = new SocketBuffers();
    private final Handshake.Exports exports =
            new Handshake.Exports() {
                @Override
                public Optional<Export> find(ExportName name) {
                    boolean isKnown = name.isDefault() || name.text().equals("disk");
                    return isKnown ? Optional.of(export) : Optional.empty();
                }

                @Override
                public List<ExportName> names() {
                    return List.of(export.name());
                }

                @Override
                public boolean isStopping() {
                    return false;
                }
            };

    @Override
    public String name() {
        return "nbd-session";
    }

    @Override
    public List<byte[]> seeds() {
        byte[] noise = new byte[3000];
        Arrays.fill(noise, (byte) 7);
        ByteArrayOutputStream options = new ByteArrayOutputStream();
        options.writeBytes(flags(0, HandshakeFlag.ALL));
        options.writeBytes(option(OptionType.LIST));
        options.writeBytes(option(OptionType.STARTTLS));
        options.writeBytes(option(OptionType.EXTENDED_HEADERS));
        options.writeBytes(option(12345, noise));
        options.writeBytes(option(OptionType.STRUCTURED_REPLY));
        options.writeBytes(
                option(OptionType.LIST_META_CONTEXT, WireClient.contexts("disk", "base:")));
        options.writeBytes(
                option(
                        OptionType.SET_META_CONTEXT,
                        WireClient.contexts("disk", "x:y", "base:allocation")));
        options.writeBytes(option(OptionType.INFO, WireClient.go("disk", 1, 3, 9)));
        options.writeBytes(option(OptionType.GO, WireClient.go("disk", 3)));
        byte[] structured = commands(options.toByteArray());
        byte[] simple =
                commands(
                        concat(
                                flags(3, HandshakeFlag.ALL),
                                option(OptionType.GO, WireClient.go(""))));
        byte[] old =
                commands(
                        concat(
                                flags(1, HandshakeFlag.FIXED_NEWSTYLE),
                                option(OptionType.EXPORT_NAME, "disk".getBytes())));
        byte[] abort = concat(flags(0, HandshakeFlag.ALL), option(OptionType.ABORT, noise));
        return List.of(structured, simple, old, abort, flags(0, 0));
    }

    private static byte[] flags(int piece, int flags) {
        return ByteBuffer.allocate(5).put((byte) piece).putInt(flags).array();
    }

    private static byte[] option(int type, byte... data) {
        ByteBuffer frame = ByteBuffer.allocate(OptionHeader.BYTES + data.length);
        OptionHeader.put(frame, type, data.length);
        return frame.put(data).array();
    }

    private static byte[] concat(byte[] first, byte[] second) {
        byte[] both = Arrays.copyOf(first, first.length + second.length);
        System.arraycopy(second, 0, both, first.length, second.length);
        return both;
    }

    private static byte[] commands(byte[] before) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(before);
        byte[] none = {};
        for (int type = 0; type < 9; type++) {
            if (type != 1 && type != 2) {
                int length = type == 3 ? 0 : 5000;
                all.writeBytes(WireClient.frame(0, type, type, length, length, none).array());
            }
        }
        all.writeBytes(WireClient.frame(1, 1, 9, 4095, 600, new byte[600]).array());
        all.writeBytes(WireClient.frame(4, 0, 10, 0, 40_000, none).array());
        all.writeBytes(WireClient.frame(0, 0, 11, -1, 0xFFFF_FFFFL, none).array());
        all.writeBytes(WireClient.frame(0, 2, 12, 0, 0, none).array());
        return all.toByteArray();
    }

    /// A client in memory.
    private static final class Script implements Transport {
        private final ByteBuffer input;
        private final int piece;
        private final ByteArrayOutputStream kept = new ByteArrayOutputStream();
        private int readsAfterEnd;

        Script(byte[] bytes) {
            input = ByteBuffer.wrap(bytes);
            piece = input.hasRemaining() ? input.get() & 0xFF : 0;
        }

        @Override
        public int read(ByteBuffer target) {
            if (!target.hasRemaining()) {
                throw new AssertionError("a read of nothing: a loop without progress");
            }
            if (!input.hasRemaining()) {
                // The end is told again and again; who does not hear it loops.
                if (++readsAfterEnd > 100) {
                    throw new AssertionError("reads on after the end");
                }
                return -1;
            }
            int most = piece == 0 ? Integer.MAX_VALUE : piece;
            int count = Math.min(Math.min(target.remaining(), input.remaining()), most);
            target.put(input.slice(input.position(), count));
            input.position(input.position() + count);
            return count;
        }

        @Override
        public synchronized void write(ByteBuffer source) {
            while (source.hasRemaining()) {
                byte next = source.get();
                if (kept.size() < MAX_KEPT) {
                    kept.write(next);
                }
            }
        }

        @Override
        public void close() {}
    }

    @Override
    public void run(byte[] bytes) {
        Script client = new Script(bytes);
        buffers.input.clear();
        buffers.output.clear();
        FrameInput input = new FrameInput(client, buffers.input);
        Terms terms = null;
        try {
            terms =
                    new Handshake(input, client, buffers.output, exports, e -> true)
                            .run()
                            .orElse(null);
        } catch (IOException e) {
            // As documented.
        }
        expectHandshake(client.kept.toByteArray(), terms);
        int handshakeBytes = client.kept.size();
        if (terms != null) {
            try {
                new Session(terms, NbdSettings.DEFAULT, client, input, buffers.output, "fuzz")
                        .run();
            } catch (IOException e) {
                // As documented.
            }
        }
        if (device.buffers().freeBytes() != device.buffers().capacityBytes()) {
            throw new AssertionError("memory is held after the end");
        }
        byte[] all = client.kept.toByteArray();
        if (terms != null && terms.structured() && all.length < MAX_KEPT) {
            expectChunks(ByteBuffer.wrap(all, handshakeBytes, all.length - handshakeBytes));
        }
    }

    private static void expectHandshake(byte[] output, Terms terms) {
        ByteBuffer in = ByteBuffer.wrap(output);
        if (!Greeting.isValid(in, 0)) {
            throw new AssertionError("no greeting");
        }
        in.position(Greeting.BYTES);
        while (in.remaining() >= OptionReplyHeader.BYTES
                && OptionReplyHeader.magic(in, in.position()) == Magic.OPTION_REPLY) {
            int at = in.position();
            long data = OptionReplyHeader.dataBytes(in, at);
            if (OptionReplyHeader.type(in, at) == OptionReplyType.ERR_TLS_REQD) {
                throw new AssertionError("TLS demanded");
            }
            if (data > in.remaining() - OptionReplyHeader.BYTES) {
                throw new AssertionError("a reply cut off, of " + data + " bytes");
            }
            in.position(at + OptionReplyHeader.BYTES + (int) data);
        }
        // EXPORT_NAME is answered by size and flags, and 124 zeros perhaps.
        int left = in.remaining();
        boolean isAgreed = terms != null && (left == 0 || left == 10 || left == 134);
        if (left != 0 && !isAgreed && output.length < MAX_KEPT) {
            throw new AssertionError(left + " bytes after the last option reply");
        }
    }

    private static void expectChunks(ByteBuffer in) {
        while (in.hasRemaining()) {
            int at = in.position();
            if (in.remaining() < ReplyChunk.HEADER_BYTES
                    || ReplyChunk.magic(in, at) != Magic.STRUCTURED_REPLY
                    || ReplyChunk.followingBytes(in, at)
                            > in.remaining() - ReplyChunk.HEADER_BYTES) {
                throw new AssertionError("no whole chunk at " + at);
            }
            in.position(at + ReplyChunk.HEADER_BYTES + (int) ReplyChunk.followingBytes(in, at));
        }
    }
}
