package io.quoin.codec.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

/// Each frame against its bytes, written down by hand from the layouts in `doc/proto.md`.
class FrameTest {
    private static final long COOKIE = 0x0102030405060708L;

    private static void expect(String hex, Consumer<ByteBuffer> writer) {
        ByteBuffer frame = ByteBuffer.allocate(256);
        writer.accept(frame);
        assertThat(HexFormat.of().formatHex(frame.array(), 0, frame.position()))
                .isEqualTo(hex.replace(" ", ""));
    }

    private static ByteBuffer bytes(String hex) {
        return ByteBuffer.wrap(HexFormat.of().parseHex(hex.replace(" ", "")));
    }

    @Test
    void theHandshakeIsWrittenAsTheStandardDrawsIt() {
        expect("4e42444d41474943 49484156454f5054 0003", b -> Greeting.put(b, HandshakeFlag.ALL));
        expect("49484156454f5054 00000007 0000000c", b -> OptionHeader.put(b, OptionType.GO, 12));
        expect(
                "49484156454f5054 00000007 ffffffff",
                b -> OptionHeader.put(b, OptionType.GO, (1L << 32) - 1));
        expect(
                "0003e889045565a9 00000007 80000006 00000000",
                b -> OptionReplyHeader.put(b, OptionType.GO, OptionReplyType.ERR_UNKNOWN, 0));
        expect("0000 0000000100000000 0141", b -> InfoType.putExport(b, 1L << 32, 0x141));
        expect("0003 00000001 00001000 02000000", b -> InfoType.putBlockSize(b, 1, 4096, 32 << 20));
    }

    @Test
    void theHandshakeIsReadAsItIsWritten() {
        ByteBuffer greeting = bytes("ff 4e42444d41474943 49484156454f5054 0003");
        assertThat(Greeting.isValid(greeting, 1)).isTrue();
        assertThat(Greeting.isValid(greeting, 0)).isFalse();
        assertThat(Greeting.handshakeFlags(greeting, 1)).isEqualTo(3);
        ByteBuffer option = bytes("ff 49484156454f5054 80000007 ffffffff");
        assertThat(OptionHeader.magic(option, 1)).isEqualTo(Magic.OPTION);
        assertThat(OptionHeader.type(option, 1)).isEqualTo(0x80000007);
        assertThat(OptionHeader.dataBytes(option, 1)).isEqualTo(0xffffffffL);
        ByteBuffer reply = bytes("ff 0003e889045565a9 00000003 80000001 fffffffe");
        assertThat(OptionReplyHeader.magic(reply, 1)).isEqualTo(Magic.OPTION_REPLY);
        assertThat(OptionReplyHeader.option(reply, 1)).isEqualTo(OptionType.LIST);
        assertThat(OptionReplyHeader.type(reply, 1)).isEqualTo(OptionReplyType.ERR_UNSUP);
        assertThat(OptionReplyType.isError(OptionReplyHeader.type(reply, 1))).isTrue();
        assertThat(OptionReplyType.isError(OptionReplyType.ACK)).isFalse();
        assertThat(OptionReplyHeader.dataBytes(reply, 1)).isEqualTo(0xfffffffeL);
    }

    @Test
    void aRequestIsWrittenAndReadBack() {
        String hex = "25609513 0011 0006 0102030405060708 8000000000001000 fffff000";
        expect(
                hex,
                b ->
                        RequestHeader.put(
                                b,
                                CommandFlag.FUA | CommandFlag.FAST_ZERO,
                                CommandType.WRITE_ZEROES,
                                COOKIE,
                                Long.MIN_VALUE + 4096,
                                0xfffff000L));
        ByteBuffer request = bytes("ff" + hex);
        assertThat(RequestHeader.magic(request, 1)).isEqualTo(Magic.REQUEST);
        assertThat(RequestHeader.flags(request, 1)).isEqualTo(0x11);
        assertThat(RequestHeader.type(request, 1)).isEqualTo(CommandType.WRITE_ZEROES);
        assertThat(RequestHeader.cookie(request, 1)).isEqualTo(COOKIE);
        assertThat(RequestHeader.offsetBytes(request, 1)).isEqualTo(Long.MIN_VALUE + 4096);
        assertThat(RequestHeader.lengthBytes(request, 1)).isEqualTo(0xfffff000L);
    }

    @Test
    void repliesAreWrittenAsTheStandardDrawsThem() {
        expect("67446698 0000001c 0102030405060708", b -> SimpleReply.put(b, 28, COOKIE));
        expect("668e33ef 0001 0000 0102030405060708 00000000", b -> ReplyChunk.putNone(b, COOKIE));
        expect(
                "668e33ef 0001 0001 0102030405060708 00001008 0000000000002000",
                b -> ReplyChunk.putOffsetData(b, ReplyChunk.DONE, COOKIE, 8192, 4096));
        expect(
                "668e33ef 0000 0002 0102030405060708 0000000c 0000000000002000 00001000",
                b -> ReplyChunk.putOffsetHole(b, 0, COOKIE, 8192, 4096));
        expect(
                "668e33ef 0001 0005 0102030405060708 0000000c 00000001 ffffffff 00000003",
                b -> {
                    ReplyChunk.putBlockStatus(b, ReplyChunk.DONE, COOKIE, 1, 1);
                    ReplyChunk.putExtent(
                            b, 0xffffffffL, MetaContext.STATE_HOLE | MetaContext.STATE_ZERO);
                });
        expect(
                "668e33ef 0001 8001 0102030405060708 00000008 00000005 0002 6e6f",
                b ->
                        ReplyChunk.putError(
                                b, COOKIE, ErrorCode.EIO, "no".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void repliesAreReadAsTheyAreWritten() {
        ByteBuffer simple = bytes("ff 67446698 0000006c 0102030405060708");
        assertThat(SimpleReply.magic(simple, 1)).isEqualTo(Magic.SIMPLE_REPLY);
        assertThat(SimpleReply.error(simple, 1)).isEqualTo(ErrorCode.ESHUTDOWN);
        assertThat(SimpleReply.cookie(simple, 1)).isEqualTo(COOKIE);
        ByteBuffer chunk = bytes("ff 668e33ef 0001 8001 0102030405060708 fffffff8");
        assertThat(ReplyChunk.magic(chunk, 1)).isEqualTo(Magic.STRUCTURED_REPLY);
        assertThat(ReplyChunk.isDone(chunk, 1)).isTrue();
        assertThat(ReplyChunk.kind(chunk, 1)).isEqualTo(ReplyChunk.ERROR);
        assertThat(ReplyChunk.isError(ReplyChunk.kind(chunk, 1))).isTrue();
        assertThat(ReplyChunk.isError(ReplyChunk.OFFSET_DATA)).isFalse();
        assertThat(ReplyChunk.cookie(chunk, 1)).isEqualTo(COOKIE);
        assertThat(ReplyChunk.followingBytes(chunk, 1)).isEqualTo(0xfffffff8L);
    }

    @Test
    void anExportNameIsAtMost4096BytesOfUnicodeWithoutNul() {
        assertThat(new ExportName("ä".repeat(2048)).toBytes()).hasSize(4096);
        assertThat(ExportName.DEFAULT.isDefault()).isTrue();
        assertThatThrownBy(() -> new ExportName("ä".repeat(2048) + "x"))
                .hasMessage("export name: expected at most 4096 bytes, was 4097");
        assertThatThrownBy(() -> new ExportName("a\0b")).hasMessageContaining("NUL");
        assertThatThrownBy(() -> new ExportName("\ud800")).hasMessageContaining("half");
    }

    @Test
    void stringsFromTheWireAreDecodedOrRefused() {
        byte[] good = "xdiskx".getBytes(StandardCharsets.UTF_8);
        assertThat(ExportName.decode(good, 1, 4)).contains("disk");
        assertThat(ExportName.decode(new byte[0], 0, 0)).contains("");
        assertThat(ExportName.decode(new byte[] {'a', 0}, 0, 2)).isEmpty();
        assertThat(ExportName.decode(new byte[] {(byte) 0xc3}, 0, 1)).isEmpty();
        assertThat(ExportName.decode(new byte[] {(byte) 0xff}, 0, 1)).isEmpty();
        assertThat(ExportName.decode(new byte[5000], 0, 4097)).isEmpty();
    }

    @Test
    void aLogLineShowsNoControlCharactersOfAName() {
        assertThat(new ExportName("a\n\u001b\"b")).hasToString("\"a\\u000a\\u001b\\u0022b\"");
        assertThat(new ExportName("x".repeat(100)).toString()).hasSize(64 + 5);
    }
}
