package io.quoin.codec.fuzz;

import io.quoin.codec.nbd.ExportName;
import io.quoin.codec.nbd.Greeting;
import io.quoin.codec.nbd.Magic;
import io.quoin.codec.nbd.OptionHeader;
import io.quoin.codec.nbd.OptionReplyHeader;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.OptionType;
import io.quoin.codec.nbd.ReplyChunk;
import io.quoin.codec.nbd.RequestHeader;
import io.quoin.codec.nbd.SimpleReply;
import io.quoin.fuzz.FuzzTarget;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/// Frames of NBD, of clients and of servers: what is read of a frame makes the same frame again, and
/// lengths are never negative.
public final class NbdFramesFuzz implements FuzzTarget {
    private static final int MAX_FRAME_BYTES = 64;

    @Override
    public String name() {
        return "nbd-frames";
    }

    @Override
    public List<byte[]> seeds() {
        ByteBuffer all = ByteBuffer.allocate(512);
        Greeting.put(all, 3);
        OptionHeader.put(all, OptionType.GO, 10);
        all.putInt(4).put("disk".getBytes()).putShort((short) 0);
        OptionReplyHeader.put(all, OptionType.GO, OptionReplyType.ACK, 0);
        RequestHeader.put(all, 1, 1, -5, 1L << 40, (1L << 32) - 1);
        SimpleReply.put(all, 5, 77);
        ReplyChunk.putOffsetData(all, 0, 1, 4096, 100);
        ReplyChunk.putOffsetHole(all, ReplyChunk.DONE, 1, 8192, 100);
        ReplyChunk.putBlockStatus(all, ReplyChunk.DONE, 2, 1, 1);
        ReplyChunk.putExtent(all, (1L << 32) - 1, 3);
        ReplyChunk.putError(all, 3, 28, "full".getBytes());
        return List.of(Arrays.copyOf(all.array(), all.position()), "disk/\u00e9\u4e2d".getBytes());
    }

    @Override
    public void run(byte[] input) {
        ByteBuffer source = ByteBuffer.wrap(input);
        for (int at = 0; at + MAX_FRAME_BYTES <= input.length; at++) {
            frames(source, at);
        }
        name(input);
    }

    private static void frames(ByteBuffer source, int at) {
        ByteBuffer again = ByteBuffer.allocate(MAX_FRAME_BYTES);
        if (Greeting.isValid(source, at)) {
            Greeting.put(again, Greeting.handshakeFlags(source, at));
            expectSame(source, at, again);
        }
        if (OptionHeader.magic(source, at) == Magic.OPTION) {
            long bytes = bounded(OptionHeader.dataBytes(source, at));
            OptionHeader.put(again.clear(), OptionHeader.type(source, at), bytes);
            expectSame(source, at, again);
        }
        if (OptionReplyHeader.magic(source, at) == Magic.OPTION_REPLY) {
            long bytes = bounded(OptionReplyHeader.dataBytes(source, at));
            OptionReplyHeader.put(
                    again.clear(),
                    OptionReplyHeader.option(source, at),
                    OptionReplyHeader.type(source, at),
                    (int) bytes);
            expectSame(source, at, again);
        }
        if (RequestHeader.magic(source, at) == Magic.REQUEST) {
            RequestHeader.put(
                    again.clear(),
                    RequestHeader.flags(source, at),
                    RequestHeader.type(source, at),
                    RequestHeader.cookie(source, at),
                    RequestHeader.offsetBytes(source, at),
                    bounded(RequestHeader.lengthBytes(source, at)));
            expectSame(source, at, again);
        }
        if (SimpleReply.magic(source, at) == Magic.SIMPLE_REPLY) {
            SimpleReply.put(
                    again.clear(), SimpleReply.error(source, at), SimpleReply.cookie(source, at));
            expectSame(source, at, again);
        }
        if (ReplyChunk.magic(source, at) == Magic.STRUCTURED_REPLY) {
            long bytes = bounded(ReplyChunk.followingBytes(source, at));
            int kind = ReplyChunk.kind(source, at);
            if (kind < 0 || kind > 0xFFFF || ReplyChunk.isError(kind) != kind > 0x7FFF) {
                throw new AssertionError("kind " + kind);
            }
            if (bytes == 0 && kind == ReplyChunk.NONE && ReplyChunk.isDone(source, at)) {
                ReplyChunk.putNone(again.clear(), ReplyChunk.cookie(source, at));
                // Of the flags only DONE is known.
                if (source.getShort(at + 4) == ReplyChunk.DONE) {
                    expectSame(source, at, again);
                }
            }
        }
    }

    private static long bounded(long bytes) {
        if (bytes < 0 || bytes > 0xFFFF_FFFFL) {
            throw new AssertionError("length " + bytes);
        }
        return bytes;
    }

    private static void expectSame(ByteBuffer source, int at, ByteBuffer again) {
        ByteBuffer expected = source.slice(at, again.position());
        if (!expected.equals(again.flip())) {
            throw new AssertionError("another frame at " + at);
        }
    }

    private static void name(byte[] input) {
        for (int from = 0; from < Math.min(3, input.length); from++) {
            Optional<String> text = ExportName.decode(input, from, input.length - from);
            if (text.isPresent()) {
                ExportName name = new ExportName(text.get());
                if (!Arrays.equals(name.toBytes(), Arrays.copyOfRange(input, from, input.length))) {
                    throw new AssertionError("another name: " + name);
                }
                if (name.toString().chars().anyMatch(c -> c < ' ')) {
                    throw new AssertionError("a control character reaches the log: " + name);
                }
            }
        }
    }
}
