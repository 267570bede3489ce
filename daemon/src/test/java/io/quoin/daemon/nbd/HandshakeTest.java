package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ErrorCode;
import io.quoin.codec.nbd.ExportName;
import io.quoin.codec.nbd.HandshakeFlag;
import io.quoin.codec.nbd.InfoType;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.OptionType;
import io.quoin.codec.nbd.ReplyChunk;
import io.quoin.codec.nbd.TransmissionFlag;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(30)
class HandshakeTest {
    private static final byte[] NOTHING = {};
    private static final int SIMPLE_FLAGS =
            TransmissionFlag.HAS_FLAGS
                    | TransmissionFlag.SEND_FLUSH
                    | TransmissionFlag.SEND_FUA
                    | TransmissionFlag.SEND_TRIM
                    | TransmissionFlag.SEND_WRITE_ZEROES
                    | TransmissionFlag.CAN_MULTI_CONN
                    | TransmissionFlag.SEND_CACHE
                    | TransmissionFlag.SEND_FAST_ZERO;

    private ServerFixture fixture;
    private WireClient client;

    @BeforeEach
    void open() throws IOException {
        fixture = new ServerFixture();
        client = fixture.connect();
    }

    @AfterEach
    void close() throws IOException {
        client.close();
        fixture.close();
    }

    private void expectError(int type, byte[] data, int error) throws IOException {
        WireClient.OptionReply reply = client.ask(type, data);
        assertThat(reply.option()).isEqualTo(type);
        assertThat(reply.type())
                .as(new String(reply.data(), StandardCharsets.UTF_8))
                .isEqualTo(error);
    }

    // The proof that client and server are still in step.
    private void expectInStep() throws IOException {
        client.option(OptionType.GO, WireClient.go(ServerFixture.NAME));
        assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.INFO);
        assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.ACK);
        client.request(CommandType.FLUSH, 1, 0, 0);
        assertThat(client.simple()).isEqualTo(new WireClient.Simple(0, 1));
    }

    @Test
    void theGreetingIsFixedNewstyleWithoutZeroesAndNothingElse() throws IOException {
        ByteBuffer greeting = client.read(18);
        assertThat(greeting.getLong()).isEqualTo(0x4e42444d41474943L);
        assertThat(greeting.getLong()).isEqualTo(0x49484156454f5054L);
        assertThat(greeting.getShort()).isEqualTo((short) 3);
    }

    @ParameterizedTest
    @ValueSource(ints = {4, 7, 1 << 31, 1 << 16, -1})
    void anUnknownClientFlagEndsTheSession(int flags) throws IOException {
        client.greet(flags);
        assertThat(client.isEnded()).isTrue();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 2, 3})
    void exportNameIsAnsweredWithZerosUnlessTheClientWantsNone(int flags) throws IOException {
        client.greet(flags).option(OptionType.EXPORT_NAME, "disk".getBytes());
        ByteBuffer answer = client.read(10);
        assertThat(answer.getLong()).isEqualTo(ServerFixture.SIZE_BYTES);
        assertThat(answer.getShort()).isEqualTo((short) SIMPLE_FLAGS);
        if ((flags & HandshakeFlag.NO_ZEROES) == 0) {
            assertThat(client.read(124).array()).containsOnly(0);
        }
        client.request(CommandType.FLUSH, 9, 0, 0);
        assertThat(client.simple()).isEqualTo(new WireClient.Simple(0, 9));
    }

    @Test
    void exportNameOfAnUnknownOrOverlongNameEndsTheSession() throws IOException {
        client.greet().option(OptionType.EXPORT_NAME, "nobody".getBytes());
        assertThat(client.isEnded()).isTrue();
        try (WireClient other = fixture.connect()) {
            other.greet().option(OptionType.EXPORT_NAME, new byte[4097]);
            assertThat(other.isEnded()).isTrue();
        }
    }

    @Test
    void aClientThatDidNotAgreeToAnswersMayOnlySendExportName() throws IOException {
        client.greet(0).option(OptionType.LIST, NOTHING);
        assertThat(client.isEnded()).isTrue();
    }

    @Test
    void unknownOptionsAreSkippedAndAnswered() throws IOException {
        client.greet();
        for (int type : new int[] {0, 4, 11, 12, 255, Integer.MAX_VALUE, 1 << 31, -1}) {
            expectError(type, new byte[100_000], OptionReplyType.ERR_UNSUP);
            expectError(type, NOTHING, OptionReplyType.ERR_UNSUP);
        }
        expectInStep();
    }

    @Test
    void starttlsIsRefusedWithoutDemandingTls() throws IOException {
        client.greet();
        expectError(OptionType.STARTTLS, NOTHING, OptionReplyType.ERR_UNSUP);
        expectError(OptionType.STARTTLS, new byte[3], OptionReplyType.ERR_INVALID);
        expectInStep();
    }

    @Test
    void abortIsAcknowledgedAndItsDataIgnored() throws IOException {
        client.greet();
        expectError(OptionType.ABORT, new byte[77], OptionReplyType.ACK);
        assertThat(client.isEnded()).isTrue();
    }

    @Test
    void aClientMayAbortAndLeaveWithoutWaiting() throws IOException {
        client.greet().option(OptionType.ABORT, NOTHING).close();
        ServerFixture.await("its end", () -> fixture.server.connectionCount() == 0);
    }

    @Test
    void listNamesEveryExportAndTakesNoData() throws IOException {
        String longName = "ä".repeat(2048);
        fixture.server.register(new ExportName(longName), fixture.device);
        client.greet();
        expectError(OptionType.LIST, new byte[1], OptionReplyType.ERR_INVALID);
        client.option(OptionType.LIST, NOTHING);
        List<String> names = new ArrayList<>();
        WireClient.OptionReply reply = client.optionReply();
        while (reply.type() == OptionReplyType.SERVER) {
            ByteBuffer data = ByteBuffer.wrap(reply.data());
            assertThat(data.getInt()).isEqualTo(data.remaining());
            names.add(StandardCharsets.UTF_8.decode(data).toString());
            reply = client.optionReply();
        }
        assertThat(reply.type()).isEqualTo(OptionReplyType.ACK);
        assertThat(names).containsExactly("disk", longName);
        client.option(OptionType.GO, WireClient.go(longName));
        assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.INFO);
        assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.ACK);
    }

    @Test
    void infoTellsWhatGoTells() throws IOException {
        client.greet();
        byte[] data =
                WireClient.go("", InfoType.BLOCK_SIZE, InfoType.NAME, 99, InfoType.EXPORT, 0xffff);
        List<byte[]> info = facts(OptionType.INFO, data);
        List<byte[]> go = facts(OptionType.GO, data);
        assertThat(go).usingRecursiveComparison().isEqualTo(info);
        assertThat(info).hasSize(3);
        ByteBuffer export = ByteBuffer.wrap(info.get(0));
        assertThat(info.get(0)).hasSize(12);
        assertThat(export.getShort()).isEqualTo((short) InfoType.EXPORT);
        assertThat(export.getLong()).isEqualTo(ServerFixture.SIZE_BYTES);
        assertThat(export.getShort()).isEqualTo((short) SIMPLE_FLAGS);
        assertThat(info.get(1)).isEqualTo(new byte[] {0, 1, 'd', 'i', 's', 'k'});
        assertThat(info.get(2)).isEqualTo(new byte[] {0, 3, 0, 0, 0, 1, 0, 0, 16, 0, 2, 0, 0, 0});
    }

    private List<byte[]> facts(int type, byte[] data) throws IOException {
        client.option(type, data);
        List<byte[]> facts = new ArrayList<>();
        WireClient.OptionReply reply = client.optionReply();
        while (reply.type() == OptionReplyType.INFO) {
            facts.add(reply.data());
            reply = client.optionReply();
        }
        assertThat(reply.type()).isEqualTo(OptionReplyType.ACK);
        assertThat(reply.data()).isEmpty();
        return facts;
    }

    @Test
    void anUnknownExportIsAnErrorAndTheSessionGoesOn() throws IOException {
        client.greet();
        expectError(OptionType.INFO, WireClient.go("nobody"), OptionReplyType.ERR_UNKNOWN);
        expectError(OptionType.GO, WireClient.go("x".repeat(4096)), OptionReplyType.ERR_UNKNOWN);
        expectInStep();
    }

    @Test
    void dfIsToldOnlyAfterStructuredRepliesWereAgreed() throws IOException {
        client.greet();
        expectError(OptionType.STRUCTURED_REPLY, new byte[1], OptionReplyType.ERR_INVALID);
        byte[] before = facts(OptionType.INFO, WireClient.go("disk")).getFirst();
        assertThat(before[11] & TransmissionFlag.SEND_DF).isZero();
        assertThat(client.ask(OptionType.STRUCTURED_REPLY, NOTHING).type())
                .isEqualTo(OptionReplyType.ACK);
        byte[] after = facts(OptionType.INFO, WireClient.go("disk")).getFirst();
        assertThat(after[11] & TransmissionFlag.SEND_DF).isNotZero();
    }

    @Test
    void malformedOptionsAreRefusedInStep() throws IOException {
        client.greet();
        client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
        List<byte[]> infos =
                List.of(
                        NOTHING,
                        new byte[] {0, 0, 0},
                        new byte[] {0, 0, 0, 0},
                        new byte[] {-1, -1, -1, -1, 0, 0},
                        new byte[] {0, 0, 0, 1, 0, 0},
                        new byte[] {0, 0, 0, 0, 0, 1},
                        new byte[] {0, 0, 0, 0, 0, 0, 9},
                        new byte[] {0, 0, 0, 2, 'a', 0, 0, 0},
                        new byte[] {0, 0, 0, 1, -1, 0, 0},
                        WireClient.go("x".repeat(4097)),
                        WireClient.go("x".repeat(1 << 20)));
        for (byte[] data : infos) {
            expectError(OptionType.INFO, data, OptionReplyType.ERR_INVALID);
            expectError(OptionType.GO, data, OptionReplyType.ERR_INVALID);
        }
        List<byte[]> contexts =
                List.of(
                        NOTHING,
                        new byte[] {0, 0, 0, 0},
                        new byte[] {0, 0, 0, 0, 0, 0, 0, 1},
                        new byte[] {0, 0, 0, 0, -1, -1, -1, -1},
                        new byte[] {0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 'b', 'a'},
                        new byte[] {0, 0, 0, 0, 0, 0, 0, 1, -1, -1, -1, -1, 'b', 'a'},
                        new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 7},
                        WireClient.contexts("disk", "base:" + "x".repeat(4096)));
        for (byte[] data : contexts) {
            expectError(OptionType.LIST_META_CONTEXT, data, OptionReplyType.ERR_INVALID);
            expectError(OptionType.SET_META_CONTEXT, data, OptionReplyType.ERR_INVALID);
        }
        client.option(OptionType.GO, WireClient.go("disk"));
        assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.INFO);
    }

    @Test
    void anOptionOfFourGibibytesEndsTheSessionAndTakesNoMemory() throws IOException {
        client.greet().option(OptionType.GO, (1L << 32) - 1, new byte[10]);
        assertThat(client.isEnded()).isTrue();
    }

    @Test
    void aWrongOptionMagicEndsTheSession() throws IOException {
        client.greet().send(new byte[16]);
        assertThat(client.isEnded()).isTrue();
    }

    @Test
    void contextsComeAfterStructuredReplies() throws IOException {
        client.greet();
        byte[] data = WireClient.contexts("disk", "base:allocation");
        expectError(OptionType.SET_META_CONTEXT, data, OptionReplyType.ERR_INVALID);
        expectError(OptionType.LIST_META_CONTEXT, data, OptionReplyType.ERR_INVALID);
        expectInStep();
    }

    private int contextCount(int type, byte[] data) throws IOException {
        client.option(type, data);
        int count = 0;
        WireClient.OptionReply reply = client.optionReply();
        while (reply.type() == OptionReplyType.META_CONTEXT) {
            assertThat(new String(reply.data(), 4, reply.data().length - 4, StandardCharsets.UTF_8))
                    .isEqualTo("base:allocation");
            count++;
            reply = client.optionReply();
        }
        assertThat(reply.type()).isEqualTo(OptionReplyType.ACK);
        return count;
    }

    @Test
    void contextsAreListedByNameByNamespaceAndAllTogether() throws IOException {
        client.greet();
        client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
        int list = OptionType.LIST_META_CONTEXT;
        int set = OptionType.SET_META_CONTEXT;
        assertThat(contextCount(list, WireClient.contexts("disk"))).isOne();
        assertThat(contextCount(list, WireClient.contexts("disk", "base:"))).isOne();
        assertThat(contextCount(list, WireClient.contexts("", "base:allocation"))).isOne();
        assertThat(contextCount(list, WireClient.contexts("disk", "base:other", "x-y:z", "")))
                .isZero();
        assertThat(contextCount(set, WireClient.contexts("disk"))).isZero();
        assertThat(contextCount(set, WireClient.contexts("disk", "base:"))).isZero();
        assertThat(contextCount(set, WireClient.contexts("disk", "qemu:dirty-bitmap:a"))).isZero();
        String[] many = Collections.nCopies(1000, "base:allocation").toArray(String[]::new);
        assertThat(contextCount(set, WireClient.contexts("disk", many))).isOne();
        expectError(
                set, WireClient.contexts("nobody", "base:allocation"), OptionReplyType.ERR_UNKNOWN);
    }

    @Test
    void theLastSelectionOfContextsCounts() throws IOException {
        expectStatusIsRefusedAfter(
                WireClient.contexts("disk", "base:allocation"),
                WireClient.contexts("disk", "base:"));
    }

    @Test
    void aFailedSelectionOfContextsForgetsTheOneBefore() throws IOException {
        expectStatusIsRefusedAfter(WireClient.contexts("disk", "base:allocation"), new byte[5]);
    }

    @Test
    void contextsOfOneExportDoNotCountForAnother() throws IOException {
        fixture.server.register(new ExportName("other"), fixture.device);
        expectStatusIsRefusedAfter(WireClient.contexts("other", "base:allocation"));
    }

    private void expectStatusIsRefusedAfter(byte[]... selections) throws IOException {
        client.greet();
        client.ask(OptionType.STRUCTURED_REPLY, NOTHING);
        for (byte[] selection : selections) {
            WireClient.OptionReply reply = client.ask(OptionType.SET_META_CONTEXT, selection);
            if (reply.type() == OptionReplyType.META_CONTEXT) {
                client.optionReply();
            }
        }
        client.option(OptionType.GO, WireClient.go("disk"));
        client.optionReply();
        client.optionReply();
        client.request(CommandType.BLOCK_STATUS, 5, 0, 4096);
        WireClient.Chunk chunk = client.chunk();
        assertThat(chunk.kind()).isEqualTo(ReplyChunk.ERROR);
        assertThat(chunk.error()).isEqualTo(ErrorCode.EINVAL);
    }

    @Test
    void oneByteAtATimeWorks() throws IOException {
        client.greet();
        ByteBuffer all = ByteBuffer.allocate(1000);
        byte[] go = WireClient.go("disk", InfoType.BLOCK_SIZE);
        io.quoin.codec.nbd.OptionHeader.put(all, OptionType.GO, go.length);
        all.put(go);
        all.put(WireClient.frame(0, CommandType.WRITE, 1, 5, 3, new byte[] {1, 2, 3}).flip());
        all.put(WireClient.frame(0, CommandType.READ, 2, 4, 5, NOTHING).flip());
        all.flip();
        while (all.hasRemaining()) {
            client.send(new byte[] {all.get()});
        }
        client.optionReply();
        client.optionReply();
        assertThat(client.optionReply().type()).isEqualTo(OptionReplyType.ACK);
        assertThat(client.simple()).isEqualTo(new WireClient.Simple(0, 1));
        assertThat(client.simple()).isEqualTo(new WireClient.Simple(0, 2));
        assertThat(client.read(5).array()).isEqualTo(new byte[] {0, 1, 2, 3, 0});
    }

    @Test
    void aFloodOfOptionsIsAnsweredAndThenEnded() throws Exception {
        client.greet();
        Thread reader =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                while (client.optionReply().isError()) {}
                            } catch (IOException e) {
                                // The end that is expected.
                            }
                        });
        assertThatThrownBy(
                        () -> {
                            for (int i = 0; i < 2 * Handshake.MAX_OPTIONS; i++) {
                                client.option(77, NOTHING);
                            }
                            client.read(1);
                        })
                .isInstanceOf(IOException.class);
        reader.join(Duration.ofSeconds(10));
        assertThat(reader.isAlive()).isFalse();
    }

    @Test
    void aHandshakeThatTakesTooLongIsEnded() throws IOException {
        try (ServerFixture hasty =
                new ServerFixture(
                        new MemoryDevice(1 << 20),
                        NbdSettings.DEFAULT.withHandshakeDeadline(Duration.ofMillis(300)))) {
            List<WireClient> slow = new ArrayList<>();
            for (int i = 0; i < 50; i++) {
                WireClient one = hasty.connect();
                slow.add(i % 2 == 0 ? one : one.greet());
            }
            try (WireClient served = hasty.open(true)) {
                ServerFixture.await("the slow", () -> hasty.server.connectionCount() == 1);
                served.request(CommandType.FLUSH, 1, 0, 0);
                assertThat(served.chunk().isDone()).isTrue();
            }
            for (WireClient one : slow) {
                assertThatThrownBy(() -> one.read(1000)).isInstanceOf(EOFException.class);
                one.close();
            }
        }
    }
}
