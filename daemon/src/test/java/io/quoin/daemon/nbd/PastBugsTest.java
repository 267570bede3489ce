package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ErrorCode;
import io.quoin.codec.nbd.ExportName;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.OptionType;
import io.quoin.codec.nbd.ReplyChunk;
import io.quoin.volume.intake.Request;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What other NBD servers died of or got wrong: each does no harm here. Those that another class tests
/// are listed with it in docs/nbd.md.
@Timeout(60)
class PastBugsTest {
    private static final byte[] NOTHING = {};

    private ServerFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = new ServerFixture();
    }

    @AfterEach
    void close() throws IOException {
        fixture.close();
    }

    private static void expectInStep(WireClient client) throws IOException {
        client.option(OptionType.GO, WireClient.go("disk"));
        assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.INFO);
        assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.ACK);
        client.request(CommandType.FLUSH, 1, 0, 0);
        assertThat(client.simple()).isEqualTo(new WireClient.Simple(0, 1));
    }

    /// CVE-2013-7441: a client that closes within the negotiation, or whose name is unknown.
    @Test
    void theEndOfOneClientIsNeverTheServers() throws IOException {
        try (WireClient stays = fixture.open(false)) {
            for (int i = 0; i < 100; i++) {
                switch (i % 4) {
                    case 0 -> SocketChannel.open(fixture.address).close();
                    case 1 -> fixture.connect().greet().close();
                    case 2 ->
                            fixture.connect()
                                    .greet()
                                    .option(OptionType.EXPORT_NAME, "nobody".getBytes())
                                    .close();
                    default ->
                            fixture.connect()
                                    .greet()
                                    .option(OptionType.GO, WireClient.go("nobody"))
                                    .close();
                }
            }
            ServerFixture.await("their end", () -> fixture.server.connectionCount() == 1);
            stays.request(CommandType.FLUSH, 1, 0, 0);
            assertThat(stays.simple()).isEqualTo(new WireClient.Simple(0, 1));
        }
    }

    /// CVE-2017-15118 and CVE-2020-10761: a long name smashed the stack; a message about it was longer
    /// than the protocol allows.
    @ParameterizedTest
    @ValueSource(ints = {1, 255, 256, 257, 1024, 4095, 4096, 4097, 8192, 65_536, 1 << 20})
    void aNameOfAnyLengthIsAnsweredByAShortMessage(int length) throws IOException {
        try (WireClient client = fixture.connect().greet()) {
            int expected =
                    length <= ExportName.MAX_BYTES
                            ? OptionReplyType.ERR_UNKNOWN
                            : OptionReplyType.ERR_INVALID;
            for (int type : new int[] {OptionType.INFO, OptionType.GO}) {
                WireClient.OptionReply reply = client.ask(type, WireClient.go("x".repeat(length)));
                assertThat(reply.type()).isEqualTo(expected);
                assertThat(reply.data()).hasSizeBetween(1, 4096);
            }
            expectInStep(client);
        }
    }

    @Test
    void aNameWithANulOrHalfACharacterIsRefusedInStep() throws IOException {
        try (WireClient client = fixture.connect().greet()) {
            for (byte bad : new byte[] {0, (byte) 0xC3, (byte) 0xFF}) {
                byte[] data = {0, 0, 0, 3, 'a', bad, 'b', 0, 0};
                assertThat(client.ask(OptionType.GO, data).type())
                        .isEqualTo(OptionReplyType.ERR_INVALID);
            }
            expectInStep(client);
        }
    }

    /// CVE-2017-7539, CVE-2017-9524, CVE-2019-14851: odd orders of options. Every order is legal: after
    /// any of them a client that goes on in order is served.
    @Test
    void everyOrderOfOptionsIsLegal() throws IOException {
        int[] types = {
            OptionType.LIST,
            OptionType.STARTTLS,
            OptionType.INFO,
            OptionType.STRUCTURED_REPLY,
            OptionType.LIST_META_CONTEXT,
            OptionType.SET_META_CONTEXT,
            OptionType.EXTENDED_HEADERS,
            99
        };
        Random random = new Random(7539);
        for (int i = 0; i < 300; i++) {
            try (WireClient client = fixture.connect().greet()) {
                boolean isStructured = false;
                for (int left = random.nextInt(12); left > 0; left--) {
                    int type = types[random.nextInt(types.length)];
                    isStructured |= type == OptionType.STRUCTURED_REPLY;
                    client.option(
                            type,
                            switch (type) {
                                case OptionType.INFO -> WireClient.go("disk", 0, 1, 3);
                                case OptionType.LIST_META_CONTEXT, OptionType.SET_META_CONTEXT ->
                                        WireClient.contexts("disk", "base:allocation");
                                default -> NOTHING;
                            });
                    WireClient.OptionReply reply = client.optionReply();
                    while (reply.type() == OptionReplyType.INFO
                            || reply.type() == OptionReplyType.SERVER
                            || reply.type() == OptionReplyType.META_CONTEXT) {
                        reply = client.optionReply();
                    }
                    assertThat(reply.option()).isEqualTo(type);
                }
                client.option(OptionType.GO, WireClient.go("disk"));
                client.optionReply();
                assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.ACK);
                client.request(CommandType.FLUSH, 5, 0, 0);
                if (isStructured) {
                    assertThat(client.chunk().error()).isZero();
                } else {
                    assertThat(client.simple()).isEqualTo(new WireClient.Simple(0, 5));
                }
            }
        }
    }

    /// CVE-2019-14850: an export's resources taken before the negotiation has ended.
    @Test
    void whoOnlyAsksAboutAnExportDoesNotHoldIt() throws IOException {
        MemoryDevice second = new MemoryDevice(1 << 20);
        fixture.server.register(new ExportName("second"), second);
        try (WireClient client = fixture.connect().greet()) {
            client.option(OptionType.INFO, WireClient.go("second"));
            assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.INFO);
            assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.ACK);
            assertThat(second.buffers().freeBytes()).isEqualTo(second.buffers().capacityBytes());
            assertThat(fixture.server.unregister(new ExportName("second"), Duration.ofSeconds(5)))
                    .isTrue();
            assertThat(client.ask(OptionType.GO, WireClient.go("second")).type())
                    .isEqualTo(OptionReplyType.ERR_UNKNOWN);
            expectInStep(client);
        }
        second.close();
    }

    /// CVE-2019-14850: requests where options belong, and the other way round.
    @Test
    void requestsBeforeGoAndOptionsAfterItEndTheSession() throws IOException {
        try (WireClient early = fixture.connect().greet()) {
            early.request(CommandType.READ, 1, 0, 4096);
            assertThat(early.isEnded()).isTrue();
        }
        try (WireClient late = fixture.open(true)) {
            late.option(OptionType.LIST, new byte[12]);
            assertThat(late.isEnded()).isTrue();
        }
        assertThat(fixture.device.submitted.get()).isZero();
    }

    /// CVE-2017-15119, CVE-2022-26495: what is skipped needs no memory, and no length overflows.
    @ParameterizedTest
    @ValueSource(longs = {(8 << 20) + 1, (1L << 31) - 1, 1L << 31, (1L << 32) - 1})
    void anOptionBeyondTheBoundEndsTheSessionUnread(long claimedBytes) throws IOException {
        try (WireClient client = fixture.connect().greet()) {
            client.option(77, claimedBytes, new byte[100]);
            assertThat(client.isEnded()).isTrue();
        }
    }

    @Test
    void anOptionOfEightMebibytesIsSkippedWithoutMemory() throws IOException {
        var threads =
                (com.sun.management.ThreadMXBean)
                        java.lang.management.ManagementFactory.getThreadMXBean();
        try (WireClient client = fixture.connect().greet()) {
            byte[] data = new byte[(int) Handshake.MAX_OPTION_BYTES];
            client.ask(77, new byte[1]);
            long[] reader =
                    Thread.getAllStackTraces().keySet().stream()
                            .filter(thread -> thread.getName().matches("nbd-\\d+"))
                            .mapToLong(Thread::threadId)
                            .toArray();
            assertThat(reader).hasSize(1);
            long before = threads.getThreadAllocatedBytes(reader)[0];
            for (int i = 0; i < 3; i++) {
                assertThat(client.ask(77, data).type()).isEqualTo(OptionReplyType.ERR_UNSUP);
            }
            assertThat(threads.getThreadAllocatedBytes(reader)[0] - before).isLessThan(100_000);
            expectInStep(client);
        }
    }

    /// CVE-2023-5871, and the row of sizes: a write of 4 GiB - 1 is refused without memory, and who dies
    /// in the middle of it leaves nothing.
    @Test
    void aWriteOfFourGibibytesTakesNoMemory() throws IOException {
        try (WireClient client = fixture.open(false)) {
            client.request(CommandType.WRITE, 1, 0, (1L << 32) - 1);
            byte[] piece = new byte[1 << 20];
            for (int i = 0; i < 32; i++) {
                client.send(piece);
                assertThat(fixture.device.buffers().freeBytes())
                        .isEqualTo(fixture.device.buffers().capacityBytes());
            }
        }
        ServerFixture.await("its end", () -> fixture.server.connectionCount() == 0);
        assertThat(fixture.device.submitted.get()).isZero();
    }

    /// CVE-2025-47711, CVE-2025-47712: lengths about 2^31 and 2^32, and the last block.
    @Test
    void blockStatusIsRightAtTheEdgesOfItsLength() throws IOException {
        fixture.close();
        long size = 6L << 30;
        fixture = new ServerFixture(new MemoryDevice(size), NbdSettings.DEFAULT);
        try (WireClient client = fixture.open(true)) {
            for (long length : new long[] {1, (1L << 31) - 1, 1L << 31, (1L << 32) - 1}) {
                for (long offset : new long[] {0, 4096, size - length}) {
                    client.request(CommandType.BLOCK_STATUS, 1, offset, length);
                    WireClient.Chunk chunk = client.chunk();
                    assertThat(chunk.kind()).isEqualTo(ReplyChunk.BLOCK_STATUS);
                    ByteBuffer status = ByteBuffer.wrap(chunk.payload());
                    status.getInt();
                    assertThat(Integer.toUnsignedLong(status.getInt()))
                            .as("offset " + offset)
                            .isEqualTo(length);
                    assertThat(status.getInt())
                            .isEqualTo(Request.EXTENT_ZERO | Request.EXTENT_HOLE);
                    assertThat(status.hasRemaining()).isFalse();
                }
                client.request(CommandType.BLOCK_STATUS, 2, size - length + 1, length);
                assertThat(client.chunk().error()).isEqualTo(ErrorCode.EINVAL);
            }
        }
    }

    /// A FAST_ZERO that cannot be fast changes nothing.
    @Test
    void aFastZeroThatIsRefusedLeavesTheData() throws IOException {
        try (WireClient client = fixture.open(false)) {
            byte[] data = new byte[4096];
            Arrays.fill(data, (byte) 9);
            client.request(0, CommandType.WRITE, 1, 0, 4096, data);
            assertThat(client.simple().error()).isZero();
            fixture.device.judge(request ->
                    request.op == Request.Op.ZERO && request.fastZero
                            ? Request.Outcome.NOT_FAST
                            : Request.Outcome.OK);
            client.request(1 << 4, CommandType.WRITE_ZEROES, 2, 0, 4096, NOTHING);
            assertThat(client.simple()).isEqualTo(new WireClient.Simple(ErrorCode.ENOTSUP, 2));
            client.request(CommandType.READ, 3, 0, 4096);
            assertThat(client.simple().error()).isZero();
            assertThat(client.read(4096).array()).isEqualTo(data);
        }
    }

    /// Extended headers and TLS are not there yet: whoever asks is told, and the session goes on as
    /// before, compact and plain.
    @Test
    void whatIsNotOfferedIsRefusedAndTheSessionStaysAsItWas() throws IOException {
        try (WireClient client = fixture.connect().greet()) {
            client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
            for (int type : new int[] {OptionType.EXTENDED_HEADERS, OptionType.STARTTLS}) {
                for (int i = 0; i < 2; i++) {
                    assertThat(client.ask(type, NOTHING).type())
                            .isEqualTo(OptionReplyType.ERR_UNSUP);
                }
            }
            client.option(OptionType.GO, WireClient.go("disk"));
            client.optionReply();
            assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.ACK);
            client.request(CommandType.FLUSH, 6, 0, 0);
            assertThat(client.chunk().kind()).isEqualTo(ReplyChunk.NONE);
            // A client that speaks extended headers all the same is not understood.
            client.send(ByteBuffer.allocate(32).putInt(0x21e41c71).array());
            assertThat(client.isEnded()).isTrue();
        }
    }

    /// A TLS client that did not ask first.
    @Test
    void tlsWithoutStarttlsIsSentAway() throws IOException {
        try (WireClient client = fixture.connect()) {
            client.read(18);
            byte[] hello = new byte[512];
            new Random(1).nextBytes(hello);
            System.arraycopy(new byte[] {22, 3, 1, 1, -5, 1}, 0, hello, 0, 6);
            client.send(hello);
            assertThatThrownBy(
                            () -> {
                                if (client.isEnded()) {
                                    throw new EOFException();
                                }
                            })
                    .isInstanceOf(IOException.class);
        }
    }

    /// CVE-2024-7409: a server that stops while clients keep their sockets open.
    @Test
    void aThousandClientsThatStayDoNotDelayTheEnd() throws IOException {
        List<WireClient> clients = new java.util.ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            clients.add(i % 3 == 0 ? fixture.connect() : fixture.open(i % 3 == 1));
        }
        long start = System.nanoTime();
        assertThat(fixture.server.drain(Duration.ofSeconds(10))).isTrue();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(5));
        for (WireClient client : clients) {
            client.close();
        }
    }
}
