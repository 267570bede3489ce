package io.quoin.volume.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.codec.nbd.CommandFlag;
import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ErrorCode;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.TransmissionFlag;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.MemberIo;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Timeout(60)
final class RemoteFileTest {
    private static final int BLOCK = 4096;

    @TempDir Path folder;
    private ScriptedServer server;
    private final MemorySegment memory = Arena.ofAuto().allocate(8L << 20, BLOCK);
    private final BlockingQueue<Io> done = new ArrayBlockingQueue<>(1024);

    private ScriptedServer serve(ScriptedServer.Script script) throws IOException {
        server = new ScriptedServer(folder.resolve("s"), script);
        return server.start();
    }

    @AfterEach
    void end() throws IOException {
        if (server != null) {
            server.close();
        }
    }

    private static void honest(ScriptedServer server) throws IOException {
        server.shakeHands();
        while (true) {
            server.carryOut(server.takeRequest());
        }
    }

    private Io write(long offset, int length) {
        return new Io().set(Io.Kind.WRITE, memory, offset, length, offset);
    }

    @Test
    void whatIsWrittenIsRead() throws Exception {
        serve(RemoteFileTest::honest);
        byte[] bytes = new byte[5 << 20]; // more than one request takes
        new Random(1).nextBytes(bytes);
        try (BlockFile file = server.export().open(true);
                Arena arena = Arena.ofConfined()) { // memory that no other thread may touch
            assertThat(file.lengthBytes()).isEqualTo(ScriptedServer.BYTES);
            MemorySegment source = arena.allocate(bytes.length, BLOCK);
            MemorySegment.copy(bytes, 0, source, ValueLayout.JAVA_BYTE, 0, bytes.length);
            assertThat(file.write(source, 0, bytes.length, BLOCK, false)).isEqualTo(IoResult.OK);
            assertThat(file.flush()).isEqualTo(IoResult.OK);
            MemorySegment target = arena.allocate(bytes.length, BLOCK);
            assertThat(file.read(target, 0, bytes.length, BLOCK)).isEqualTo(IoResult.OK);
            assertThat(target.toArray(ValueLayout.JAVA_BYTE)).isEqualTo(bytes);
            assertThat(file.read(target, 0, BLOCK, ScriptedServer.BYTES)).isEqualTo(IoResult.SHORT);
        }
        assertThat(server.asked.getLast().type()).isNotEqualTo(CommandType.WRITE);
    }

    @Test
    void aDurableWriteIsOneWithFuaOrOneThatIsFlushed() throws Exception {
        serve(RemoteFileTest::honest);
        try (BlockFile file = server.export().open(true)) {
            assertThat(file.mode()).isEqualTo("NBD, FUA, not fenced");
            assertThat(file.write(memory, 0, BLOCK, 0, true)).isEqualTo(IoResult.OK);
        }
        assertThat(server.asked.getFirst().flags()).isEqualTo(CommandFlag.FUA);
        server.asked.clear();
        server.flags &= ~TransmissionFlag.SEND_FUA;
        try (BlockFile file = server.export().open(true)) {
            assertThat(file.mode()).isEqualTo("NBD, flushed, not fenced");
            assertThat(file.write(memory, 0, BLOCK, 0, true)).isEqualTo(IoResult.OK);
            // The first connection's goodbye may come late.
            assertThat(server.asked)
                    .extracting(ScriptedServer.Asked::type)
                    .filteredOn(type -> type != CommandType.DISC)
                    .containsExactly(CommandType.WRITE, CommandType.FLUSH);
            assertThat(server.asked).extracting(ScriptedServer.Asked::flags).containsOnly(0);
        }
    }

    /// Goal: many operations are under way at once, and each gets its own reply, in whatever order they come.
    @Test
    void repliesMayComeInAnyOrder() throws Exception {
        int count = 256;
        serve(each -> {
            each.shakeHands();
            while (true) {
                List<ScriptedServer.Asked> held = new ArrayList<>();
                for (int i = 0; i < count; i++) {
                    held.add(each.takeRequest());
                }
                java.util.Collections.shuffle(held, new Random(3));
                for (ScriptedServer.Asked request : held) {
                    each.carryOut(request);
                }
            }
        });
        for (int i = 0; i < count; i++) {
            memory.set(ValueLayout.JAVA_INT, (long) i * BLOCK, i + 1);
        }
        try (BlockFile file = server.export().open(true);
                MemberIo io = file.newIo("test", 2, done::add)) {
            for (int i = 0; i < count; i++) {
                io.submit(write((long) i * BLOCK, BLOCK));
            }
            expectOk(count);
            assertThat(io.isQuiet()).isTrue();
            memory.fill((byte) 0);
            for (int i = 0; i < count; i++) {
                io.submit(
                        new Io()
                                .set(
                                        Io.Kind.READ,
                                        memory,
                                        (long) i * BLOCK,
                                        BLOCK,
                                        (long) i * BLOCK));
            }
            expectOk(count);
            for (int i = 0; i < count; i++) {
                assertThat(memory.get(ValueLayout.JAVA_INT, (long) i * BLOCK)).isEqualTo(i + 1);
            }
        }
    }

    private void expectOk(int count) throws InterruptedException {
        for (int i = 0; i < count; i++) {
            assertThat(done.poll(20, TimeUnit.SECONDS).result).isEqualTo(IoResult.OK);
        }
    }

    @Test
    void aServersErrorsAreValues() throws Exception {
        Map<Integer, IoResult> expected =
                Map.of(
                        ErrorCode.EIO,
                        IoResult.ERROR,
                        ErrorCode.ENOSPC,
                        IoResult.NO_SPACE,
                        ErrorCode.EPERM,
                        IoResult.ERROR,
                        12345,
                        IoResult.ERROR);
        serve(each -> {
            each.shakeHands();
            while (true) {
                ScriptedServer.Asked request = each.takeRequest();
                each.answer(request.cookie(), (int) (request.offset() / BLOCK), new byte[0]);
            }
        });
        try (BlockFile file = server.export().open(true)) {
            expected.forEach((error, result) ->
                    assertThat(file.write(memory, 0, BLOCK, (long) error * BLOCK, false))
                            .isEqualTo(result));
            assertThat(file.write(memory, 0, BLOCK, 0, false)).isEqualTo(IoResult.OK);
        }
    }

    /// How a server breaks off, or the protocol.
    enum Offence {
        HANGS_UP,
        HANGS_UP_WITHIN_A_REPLY,
        HANGS_UP_WITHIN_DATA,
        OTHER_MAGIC,
        OTHER_COOKIE,
        COOKIE_BEYOND_ALL,
        ANSWERS_TWICE,
        SHUTS_DOWN
    }

    private static void offend(ScriptedServer server, Offence offence) throws IOException {
        server.shakeHands();
        List<ScriptedServer.Asked> held = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            held.add(server.takeRequest());
        }
        long cookie = held.getFirst().cookie();
        switch (offence) {
            case HANGS_UP -> {}
            case HANGS_UP_WITHIN_A_REPLY ->
                    server.send(ByteBuffer.allocate(4).putInt(0x67446698).flip());
            case HANGS_UP_WITHIN_DATA -> server.answer(cookie, 0, new byte[100]);
            case OTHER_MAGIC -> server.send(ByteBuffer.allocate(16).putInt(0x668e33ef).clear());
            case OTHER_COOKIE -> server.answer(cookie + (1L << 32), 0, new byte[0]);
            case COOKIE_BEYOND_ALL -> server.answer(0x7fffffffffffffffL, 0, new byte[0]);
            case ANSWERS_TWICE -> {
                server.answer(held.getLast().cookie(), 0, new byte[0]);
                server.answer(held.getLast().cookie(), 0, new byte[0]);
            }
            case SHUTS_DOWN -> server.answer(cookie, ErrorCode.ESHUTDOWN, new byte[0]);
        }
        if (offence.ordinal() > Offence.HANGS_UP_WITHIN_DATA.ordinal()) {
            server.receive(1); // until the client leaves
        }
    }

    /// Goal: everybody who waits is told once, the member is lost, nothing is believed, and the export can be opened again.
    @ParameterizedTest
    @EnumSource(Offence.class)
    void aConnectionThatBreaksEndsAllThatIsUnderWay(Offence offence) throws Exception {
        serve(each -> offend(each, offence));
        MemorySegment before = Arena.ofAuto().allocate(BLOCK, BLOCK).fill((byte) 7);
        BlockFile file = server.export().open(true);
        MemberIo io = file.newIo("test", 2, done::add);
        io.submit(new Io().set(Io.Kind.READ, before, 0, BLOCK, 0));
        for (int i = 1; i < 8; i++) {
            io.submit(write((long) i * BLOCK, BLOCK));
        }
        int good = 0;
        for (int i = 0; i < 8; i++) {
            good += done.poll(20, TimeUnit.SECONDS).result.isOk() ? 1 : 0;
        }
        assertThat(good).isEqualTo(offence == Offence.ANSWERS_TWICE ? 1 : 0);
        assertThat(before.toArray(ValueLayout.JAVA_BYTE)).containsOnly(7);
        assertThat(io.isLost()).isTrue();
        assertThat(io.isQuiet()).isTrue();
        io.submit(write(0, BLOCK));
        assertThat(done.poll(20, TimeUnit.SECONDS).result).isEqualTo(IoResult.ERROR);
        assertThat(file.flush()).isEqualTo(IoResult.ERROR);

        // The lost one is still held by its volume.
        server.export().open(false).close();
        file.close();
        server.export().open(true).close();
        assertThat(done).isEmpty();
    }

    /// Goal: memory that was given up is left alone, whatever comes later; the connection ends without a word from the server.
    @Test
    void whatWasGivenUpIsNotTouched() throws Exception {
        BlockingQueue<Integer> go = new ArrayBlockingQueue<>(1);
        serve(each -> {
            each.shakeHands();
            ScriptedServer.Asked read = each.takeRequest();
            try {
                go.take();
            } catch (InterruptedException e) {
                throw new IOException(e);
            }
            each.answer(read.cookie(), 0, new byte[BLOCK]);
            while (true) {
                each.carryOut(each.takeRequest());
            }
        });
        memory.fill((byte) 9);
        try (BlockFile file = server.export().open(true)) {
            MemberIo io = file.newIo("test", 2, done::add);
            Io read = new Io().set(Io.Kind.READ, memory, 0, BLOCK, 0);
            io.submit(read);
            while (server.asked.isEmpty()) {
                Thread.onSpinWait(); // given up before it is sent it never is
            }
            assertThat(io.abandon(read)).isTrue();
            assertThat(io.abandon(read)).isFalse();
            assertThat(io.isQuiet()).isFalse();
            go.add(1);
            assertThat(file.flush()).isEqualTo(IoResult.OK);
            assertThat(memory.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 9);
            assertThat(io.isQuiet()).isTrue();
            assertThat(io.isLost()).isFalse();
            io.giveUp();
            assertThat(io.isLost()).isTrue();
            assertThat(done).isEmpty();
        }
    }

    private void expectRefusal(
            String message, ScriptedServer.Script script, Consumer<ScriptedServer> change)
            throws IOException {
        try (ScriptedServer refused = new ScriptedServer(folder.resolve("r"), script)) {
            change.accept(refused);
            refused.start();
            NbdExport export = refused.export();
            assertThatThrownBy(() -> export.open(true))
                    .isInstanceOf(IOException.class)
                    .hasMessageStartingWith(export + ": ")
                    .hasMessageContaining(message);
            assertThatThrownBy(() -> export.open(true)).hasMessageContaining(message);
        } finally {
            java.nio.file.Files.delete(folder.resolve("r"));
        }
    }

    @Test
    void aServerThatCannotKeepAMemberIsRefused() throws IOException {
        ScriptedServer.Script honest = RemoteFileTest::honest;
        expectRefusal(
                "promises to keep nothing",
                honest,
                each -> each.flags &= ~TransmissionFlag.SEND_FLUSH);
        expectRefusal("promises to keep nothing", honest, each -> each.flags = 0);
        expectRefusal("read-only", honest, each -> each.flags |= TransmissionFlag.READ_ONLY);
        expectRefusal("takes 8192 to", honest, each -> each.leastBytes = 8192);
        expectRefusal("takes 1 to 1048576", honest, each -> each.mostBytes = 1 << 20);
        expectRefusal("a power of two", honest, each -> each.leastBytes = 3);
    }

    @Test
    void aHandshakeThatMakesNoSenseIsRefused() throws IOException {
        refuse("the greeting of an NBD server", each -> each.send(ByteBuffer.allocate(18)));
        refuse("the server hung up", each -> each.send(ByteBuffer.allocate(7)));
        refuse(
                "option replies of at most 16384 bytes, was 4294967295",
                each -> {
                    each.greet();
                    each.takeOption();
                    each.send(
                            ByteBuffer.allocate(20)
                                    .putLong(0x3e889045565a9L)
                                    .putInt(7)
                                    .putInt(3)
                                    .putInt(-1)
                                    .flip());
                    each.receive(1);
                });
        refuse(
                "the reply to an option",
                each -> {
                    each.greet();
                    each.takeOption();
                    each.send(ByteBuffer.allocate(20));
                    each.receive(1);
                });
        refuse("expected 12 bytes of info 0", each -> info(each, new byte[4]));
        refuse("of info -1", each -> info(each, new byte[1]));
        refuse("the export's size", each -> info(each, new byte[] {0, 9}));
        refuse(
                "the export's size",
                each ->
                        info(
                                each,
                                ByteBuffer.allocate(12).putShort((short) 0).putLong(-1).array()));
        refuse(
                "at most 64 replies",
                each -> {
                    each.greet();
                    each.takeOption();
                    while (true) {
                        each.reply(OptionReplyType.INFO, each.exportInfo());
                    }
                });
        refuse(
                "the server wants TLS, which is not there yet (ask for it?now)",
                each -> {
                    each.greet();
                    each.takeOption();
                    each.reply(
                            OptionReplyType.ERR_TLS_REQD,
                            "ask for it\nnow".getBytes(StandardCharsets.UTF_8));
                    each.receive(1);
                });
    }

    private static void info(ScriptedServer server, byte[] info) throws IOException {
        server.greet();
        server.takeOption();
        server.reply(OptionReplyType.INFO, info);
        server.reply(OptionReplyType.ACK, new byte[0]);
        server.receive(1);
    }

    private void refuse(String message, ScriptedServer.Script script) throws IOException {
        expectRefusal(message, script, each -> {});
    }

    @Test
    void aServerThatSaysNothingIsNotWaitedForLong() throws IOException {
        long start = System.nanoTime();
        try (ScriptedServer silent =
                new ScriptedServer(folder.resolve("s"), each -> each.receive(1))) {
            silent.start();
            assertThatThrownBy(() -> silent.export().open(false))
                    .hasMessageContaining("a server that answers within 5 seconds");
        }
        assertThat(System.nanoTime() - start).isLessThan(TimeUnit.SECONDS.toNanos(30));
    }

    @Test
    void anExportIsOpenedOnce() throws IOException {
        serve(RemoteFileTest::honest);
        try (BlockFile file = server.export().open(true)) {
            assertThatThrownBy(() -> server.export().open(false))
                    .hasMessage(file.name() + ": in use by a volume of this daemon");
        }
        server.export().open(true).close();
    }

    @Test
    void plainTextToAnotherHostMustBeAskedFor() {
        assertThatThrownBy(() -> NbdExport.parse("nbd://192.0.2.1/").open(false))
                .hasMessageContaining("expected an address of this host, was 192.0.2.1")
                .hasMessageContaining("?plaintext=yes");
        assertThatThrownBy(() -> NbdExport.parse("nbd://no.such.host.invalid/").open(false))
                .hasMessageContaining("host no.such.host.invalid: expected one with an address");
    }
}
