package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ErrorCode;
import io.quoin.codec.nbd.ExportName;
import io.quoin.codec.nbd.OptionReplyType;
import io.quoin.codec.nbd.OptionType;
import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class NbdServerTest {
    @TempDir Path folder;

    private ServerFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = new ServerFixture();
    }

    @AfterEach
    void close() throws IOException {
        fixture.close();
    }

    private static void expectFlush(WireClient client, int error) throws IOException {
        client.request(CommandType.FLUSH, 77, 0, 0);
        assertThat(client.simple()).isEqualTo(new WireClient.Simple(error, 77));
    }

    @Test
    void drainingAnswersWhatIsInFlightAndRefusesWhatFollows() throws Exception {
        try (WireClient client = fixture.open(false);
                WireClient idle = fixture.open(false);
                WireClient haggling = fixture.connect().greet()) {
            fixture.device.hold();
            client.request(0, CommandType.WRITE, 1, 0, 4096, new byte[4096]);
            ServerFixture.await("1", () -> fixture.device.submitted.get() == 1);
            CompletableFuture<Boolean> drained =
                    CompletableFuture.supplyAsync(
                            () -> fixture.server.drain(Duration.ofSeconds(10)));
            assertThat(idle.isEnded()).isTrue();
            assertThat(haggling.isEnded()).isTrue();
            expectFlush(client, ErrorCode.ESHUTDOWN);
            client.request(0, CommandType.WRITE, 2, 0, 4096, new byte[4096]);
            assertThat(client.simple()).isEqualTo(new WireClient.Simple(ErrorCode.ESHUTDOWN, 2));
            assertThat(drained).isNotDone();
            assertThatThrownBy(fixture::connect).isInstanceOf(IOException.class);
            fixture.device.release();
            assertThat(client.simple()).isEqualTo(new WireClient.Simple(0, 1));
            assertThat(client.isEnded()).isTrue();
            assertThat(drained.get(5, TimeUnit.SECONDS)).isTrue();
            assertThat(fixture.device.writesApplied.get()).isOne();
        }
    }

    @Test
    void drainingEndsInTimeWhenAVolumeDoesNotAnswerAndClientsStay() throws Exception {
        try (WireClient client = fixture.open(false)) {
            fixture.device.hold();
            client.request(0, CommandType.WRITE, 1, 0, 4096, new byte[4096]);
            ServerFixture.await("1", () -> fixture.device.submitted.get() == 1);
            long start = System.nanoTime();
            assertThat(fixture.server.drain(Duration.ofMillis(200))).isFalse();
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(4));
            assertThat(client.isEnded()).isTrue();
        }
    }

    @Test
    void drainingEndsInTimeWhenClientsStandStill() throws Exception {
        try (WireClient half = fixture.open(false);
                WireClient deaf = fixture.open(false)) {
            half.request(0, CommandType.WRITE, 1, 0, 65_536, new byte[1000]);
            deaf.request(CommandType.READ, 1, 0, 8 << 20);
            ServerFixture.await("1", () -> fixture.device.submitted.get() == 1);
            long start = System.nanoTime();
            fixture.server.drain(Duration.ofMillis(300));
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(4));
            ServerFixture.await("their end", () -> fixture.server.connectionCount() == 0);
        }
    }

    @Test
    void aWithdrawnExportAnswersWhatIsInFlightAndIsUnknownAfterwards() throws Exception {
        MemoryDevice second = new MemoryDevice(1 << 20);
        fixture.server.register(new ExportName("second"), second);
        try (WireClient stays = fixture.open(false);
                WireClient leaves = WireClient.open(fixture.address, "second", false)) {
            second.hold();
            leaves.request(CommandType.FLUSH, 1, 0, 0);
            ServerFixture.await("1", () -> second.submitted.get() == 1);
            assertThat(fixture.server.unregister(new ExportName("second"), Duration.ofMillis(1)))
                    .isFalse();
            second.release();
            ServerFixture.await("its end", () -> fixture.server.connectionCount() == 1);
            assertThat(fixture.server.unregister(new ExportName("second"), Duration.ofSeconds(1)))
                    .isTrue();
            expectFlush(stays, 0);
            try (WireClient late = fixture.connect().greet()) {
                assertThat(late.ask(OptionType.GO, WireClient.go("second")).type())
                        .isEqualTo(OptionReplyType.ERR_UNKNOWN);
            }
        }
        second.close();
    }

    @Test
    void theDefaultNameMeansTheFirstExportUnlessItIsRegistered() throws IOException {
        MemoryDevice second = new MemoryDevice(1 << 20);
        fixture.server.register(new ExportName("second"), second);
        WireClient.open(fixture.address, "", false).close();
        fixture.server.register(ExportName.DEFAULT, second);
        try (WireClient client = WireClient.open(fixture.address, "", false)) {
            expectFlush(client, 0);
        }
        assertThat(second.submitted.get()).isOne();
        assertThatThrownBy(() -> fixture.server.register(new ExportName("disk"), second))
                .hasMessage("export \"disk\" is registered already");
        assertThat(fixture.server.exportNames()).hasSize(3);
    }

    @Test
    void aSocketThatAnotherServerAnswersAtIsRefusedByName() throws IOException {
        try (NbdServer second = new NbdServer(NbdSettings.DEFAULT)) {
            assertThatThrownBy(() -> second.listen(fixture.address))
                    .isInstanceOf(BindException.class)
                    .hasMessageContaining(fixture.address.toString())
                    .hasMessageContaining("another server");
        }
        fixture.open(false).close();
    }

    @Test
    void aSocketThatNobodyAnswersAtIsReplaced() throws IOException {
        Path path = folder.resolve("stale.sock");
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(path);
        ServerSocketChannel.open(java.net.StandardProtocolFamily.UNIX).bind(address).close();
        assertThat(path).exists();
        fixture.server.listen(address);
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(path)))
                .isEqualTo("rw-rw----");
        try (WireClient client = WireClient.open(address, "disk", false)) {
            fixture.server.closeListener(address);
            assertThat(path).doesNotExist();
            expectFlush(client, 0);
        }
        assertThat(fixture.server.listenAddresses()).containsExactly(fixture.address);
    }

    @Test
    void aFileThatIsNoSocketIsLeftAlone() throws IOException {
        Path path = Files.writeString(folder.resolve("precious"), "data");
        assertThatThrownBy(() -> fixture.server.listen(UnixDomainSocketAddress.of(path)))
                .isInstanceOf(BindException.class)
                .hasMessageContaining("precious: expected a socket or nothing, was a file");
        assertThat(path).hasContent("data");
    }

    @Test
    void tcpIsServedAndATakenPortIsRefused() throws IOException {
        SocketAddress address =
                fixture.server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        try (WireClient client = WireClient.open(address, "disk", false)) {
            expectFlush(client, 0);
            assertThat(fixture.server.connections().getFirst().peer()).contains("127.0.0.1");
        }
        assertThatThrownBy(() -> fixture.server.listen(address))
                .isInstanceOf(BindException.class)
                .hasMessageContaining("127.0.0.1");
    }

    @Test
    void statisticsTellWhatAConnectionDid() throws IOException {
        try (WireClient client = fixture.open(false)) {
            client.request(0, CommandType.WRITE, 1, 0, 1000, new byte[1000]);
            client.simple();
            client.request(CommandType.READ, 2, 0, 300);
            client.simple();
            client.read(300);
            client.request(CommandType.READ, 3, -1, 300);
            client.simple();
            ServerFixture.await(
                    "idle", () -> fixture.server.connections().getFirst().inFlight() == 0);
            ConnectionStatus status = fixture.server.connections().getFirst();
            assertThat(status.export()).contains(new ExportName("disk"));
            assertThat(status.requests()).isEqualTo(3);
            assertThat(status.replies()).isEqualTo(3);
            assertThat(status.errors()).isEqualTo(1);
            assertThat(status.writtenBytes()).isEqualTo(1000);
            assertThat(status.readBytes()).isEqualTo(300);
            assertThat(status.heldBytes()).isZero();
            assertThat(status.peer()).isEqualTo(fixture.address + "#1");
        }
    }

    /// Multi-conn: what one connection was told is durable, every other one reads.
    @Test
    void whatOneConnectionWroteAnotherReads() throws IOException {
        try (WireClient writer = fixture.open(false);
                WireClient reader = fixture.open(false)) {
            for (int i = 1; i <= 200; i++) {
                writer.request(1, CommandType.WRITE, i, i * 4096, 1, new byte[] {(byte) i});
                assertThat(writer.simple().error()).isZero();
                reader.request(CommandType.READ, i, i * 4096, 1);
                assertThat(reader.simple().error()).isZero();
                assertThat(reader.read(1).get()).isEqualTo((byte) i);
            }
        }
    }

    @Test
    void nothingIsAllocatedPerRequestOnceASessionIsWarm() throws Exception {
        try (WireClient client = fixture.open(false)) {
            for (int i = 0; i < 20_000; i++) {
                expectFlush(client, 0);
            }
            com.sun.management.ThreadMXBean threads =
                    (com.sun.management.ThreadMXBean)
                            java.lang.management.ManagementFactory.getThreadMXBean();
            long[] ids = connectionThreads();
            byte[] payload = new byte[4096];
            byte[] large = new byte[100_000];
            for (int i = 0; i < 2_000; i++) {
                exchange(client, payload);
            }
            exchange(client, large);
            long before = LongStream.of(threads.getThreadAllocatedBytes(ids)).sum();
            int count = 2_000;
            for (int i = 0; i < count; i++) {
                exchange(client, i % 10 == 0 ? large : payload);
            }
            long after = LongStream.of(threads.getThreadAllocatedBytes(ids)).sum();
            assertThat((after - before) / (2 * count)).as("bytes per request").isLessThan(8);
        }
    }

    private static void exchange(WireClient client, byte[] payload) throws IOException {
        client.request(0, CommandType.WRITE, 1, 4096, payload.length, payload);
        client.simple();
        client.request(CommandType.READ, 2, 4096, payload.length);
        client.simple();
        client.read(payload.length);
    }

    // Its reader and its writer.
    private static long[] connectionThreads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().matches("nbd-\\d+(-replies)?"))
                .mapToLong(Thread::threadId)
                .toArray();
    }

    @Test
    void aThousandConnectionsAreServed() throws IOException {
        List<WireClient> clients = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            clients.add(fixture.open(i % 2 == 0));
        }
        assertThat(fixture.server.connectionCount()).isEqualTo(1000);
        for (int i = 0; i < 1000; i++) {
            clients.get(i).request(0, CommandType.WRITE, i, i * 4096, 4096, new byte[4096]);
        }
        for (int i = 0; i < 1000; i++) {
            long cookie =
                    i % 2 == 0 ? clients.get(i).chunk().cookie() : clients.get(i).simple().cookie();
            assertThat(cookie).isEqualTo(i);
            clients.get(i).close();
        }
        assertThat(fixture.device.writesApplied.get()).isEqualTo(1000);
        ServerFixture.await("their end", () -> fixture.server.connectionCount() == 0);
    }
}
