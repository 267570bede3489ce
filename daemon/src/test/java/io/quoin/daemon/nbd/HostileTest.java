package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.UnixOperatingSystemMXBean;
import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ErrorCode;
import io.quoin.codec.nbd.HandshakeFlag;
import io.quoin.codec.nbd.OptionHeader;
import io.quoin.codec.nbd.OptionType;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Clients that mean no good. After each of them a good one is served, nothing is held, and, in the
/// end, every connection is gone.
@Timeout(60)
class HostileTest {
    private static final byte[] NOTHING = {};

    private ServerFixture fixture;

    @BeforeEach
    void open() throws IOException {
        fixture = new ServerFixture();
    }

    @AfterEach
    void close() throws IOException {
        expectGoodClientServed();
        fixture.close();
    }

    private void expectGoodClientServed() throws IOException {
        try (WireClient good = fixture.open(false)) {
            good.request(0, CommandType.WRITE, 1, 0, 3, new byte[] {1, 2, 3});
            assertThat(good.simple()).isEqualTo(new WireClient.Simple(0, 1));
            good.request(CommandType.READ, 2, 0, 3);
            assertThat(good.simple()).isEqualTo(new WireClient.Simple(0, 2));
            assertThat(good.read(3).array()).isEqualTo(new byte[] {1, 2, 3});
        }
    }

    private static byte[] session() {
        ByteBuffer all = ByteBuffer.allocate(1 << 16);
        all.putInt(HandshakeFlag.ALL);
        OptionHeader.put(all, OptionType.LIST, 0);
        OptionHeader.put(all, OptionType.STRUCTURED_REPLY, 0);
        byte[] contexts = WireClient.contexts("disk", "base:allocation");
        OptionHeader.put(all, OptionType.SET_META_CONTEXT, contexts.length);
        all.put(contexts);
        byte[] go = WireClient.go("disk", 3);
        OptionHeader.put(all, OptionType.GO, go.length);
        all.put(go);
        all.put(WireClient.frame(1, CommandType.WRITE, 1, 4096, 100, new byte[100]).flip());
        all.put(WireClient.frame(0, CommandType.READ, 2, 0, 8192, NOTHING).flip());
        all.put(WireClient.frame(0, CommandType.BLOCK_STATUS, 3, 0, 1 << 20, NOTHING).flip());
        all.put(WireClient.frame(0, CommandType.WRITE_ZEROES, 4, 0, 1 << 20, NOTHING).flip());
        all.put(WireClient.frame(0, CommandType.DISC, 5, 0, 0, NOTHING).flip());
        byte[] bytes = new byte[all.flip().remaining()];
        all.get(bytes);
        return bytes;
    }

    @Test
    void aClientMayVanishAfterEveryByteOfASession() throws IOException {
        byte[] session = session();
        for (int length = 0; length <= session.length; length++) {
            try (SocketChannel client = SocketChannel.open(fixture.address)) {
                client.write(ByteBuffer.wrap(session, 0, length));
            }
        }
        ServerFixture.await("their end", () -> fixture.server.connectionCount() == 0);
        fixture.expectNothingHeld();
    }

    @Test
    void aClientMayVanishWithRequestsInFlight() throws IOException {
        fixture.device.hold();
        for (int i = 0; i < 20; i++) {
            try (WireClient client = fixture.open(i % 2 == 0)) {
                for (int j = 0; j < 50; j++) {
                    client.request(CommandType.READ, j, j * 8192, 8192);
                }
            }
        }
        fixture.device.release();
        ServerFixture.await("their end", () -> fixture.server.connectionCount() == 0);
        fixture.expectNothingHeld();
    }

    /// Goal: no sequence of bytes does harm. Method: sessions with a few bytes changed, and noise.
    @Test
    void garbageHarmsNobody() throws Exception {
        long seed = 20_261_120;
        Random random = new Random(seed);
        byte[] session = session();
        for (int i = 0; i < 1000; i++) {
            byte[] bytes = session.clone();
            if (i % 10 == 0) {
                random.nextBytes(bytes);
            } else {
                for (int j = random.nextInt(4); j >= 0; j--) {
                    bytes[random.nextInt(bytes.length)] = (byte) random.nextInt();
                }
            }
            try (SocketChannel client = SocketChannel.open(fixture.address)) {
                client.write(ByteBuffer.wrap(bytes));
            } catch (IOException e) {
                // The server may hang up first.
            }
        }
        ServerFixture.await(
                "the end of all, seed " + seed, () -> fixture.server.connectionCount() == 0);
        fixture.expectNothingHeld();
    }

    @Test
    void strangersAreSentAway() throws IOException {
        for (String words :
                List.of(
                        "GET / HTTP/1.1\r\nHost: quoin\r\n\r\n",
                        "\u0016\u0003\u0001",
                        "SSH-2.0-x\r\n")) {
            try (WireClient client = fixture.connect()) {
                client.read(18);
                client.send((words + "x".repeat(20)).getBytes());
                assertThat(client.isEnded()).isTrue();
            }
        }
    }

    @Test
    void slowClientsInTheMiddleOfARequestDoNotKeepOthersWaiting() throws IOException {
        List<WireClient> slow = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            WireClient client = fixture.open(false);
            client.request(0, CommandType.WRITE, 1, 0, 65_536, new byte[i]);
            slow.add(client);
        }
        for (int i = 0; i < 10; i++) {
            expectGoodClientServed();
            for (WireClient client : slow) {
                client.send(new byte[1]);
            }
        }
        assertThat(fixture.server.connections()).hasSizeGreaterThanOrEqualTo(200);
        for (WireClient client : slow) {
            client.close();
        }
    }

    @Test
    void aClientThatDoesNotReadHoldsABoundedShareOfMemory() throws IOException {
        try (WireClient greedy = fixture.open(false)) {
            greedy.channel.configureBlocking(false);
            ByteBuffer all = ByteBuffer.allocate(1000 * 28);
            for (int i = 0; i < 1000; i++) {
                all.put(WireClient.frame(0, CommandType.READ, i, 0, 1 << 20, NOTHING).flip());
            }
            greedy.channel.write(all.flip());
            long capacity = fixture.device.buffers().capacityBytes();
            ServerFixture.await(
                    "memory to be held",
                    () -> fixture.device.buffers().freeBytes() < capacity * 7 / 8);
            for (int i = 0; i < 100; i++) {
                assertThat(fixture.device.buffers().freeBytes())
                        .as("free while the good client may hold a little")
                        .isGreaterThanOrEqualTo(capacity * 3 / 4 - 65_536);
                expectGoodClientServed();
            }
        }
    }

    @Test
    void clientsThatStandStillOnAllMemoryAreClosedOnceOthersNeedIt() throws IOException {
        fixture.close();
        fixture =
                new ServerFixture(
                        new MemoryDevice(ServerFixture.SIZE_BYTES, 32 << 20, 1),
                        NbdSettings.DEFAULT.withStallLimit(Duration.ofMillis(300)));
        List<WireClient> greedy = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            WireClient client = fixture.open(false);
            if (i % 2 == 0) {
                client.request(CommandType.READ, 1, 0, 8 << 20);
            } else {
                client.request(0, CommandType.WRITE, 1, 0, 8 << 20, new byte[100]);
            }
            greedy.add(client);
        }
        ServerFixture.await(
                "no memory but the eighth that is kept",
                () -> fixture.device.buffers().freeBytes() == 8 << 20);
        expectGoodClientServed();
        ServerFixture.await("their end", () -> fixture.server.connectionCount() < 4);
        for (WireClient client : greedy) {
            client.close();
        }
    }

    /// Goal: who takes a little is served at once, whatever others hold. Method: clients that ask for more
    /// than all memory and read nothing, long before any of them is closed for it.
    @Test
    void clientsThatReadNothingKeepNobodyWaiting() throws IOException {
        List<WireClient> greedy = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            WireClient client = fixture.open(false);
            for (int j = 0; j < 5; j++) {
                client.request(CommandType.READ, j, 0, 8 << 20);
            }
            greedy.add(client);
        }
        long kept = fixture.device.buffers().capacityBytes() / 8;
        ServerFixture.await(
                "all memory but an eighth to be held",
                () -> fixture.device.buffers().freeBytes() <= kept);
        for (int i = 0; i < 20; i++) {
            long start = System.nanoTime();
            expectGoodClientServed();
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isLessThan(Duration.ofSeconds(2));
        }
        assertThat(fixture.server.connectionCount()).as("clients").isGreaterThanOrEqualTo(12);
        for (WireClient client : greedy) {
            client.close();
        }
        ServerFixture.await("their end", () -> fixture.server.connectionCount() == 0);
        fixture.expectNothingHeld();
    }

    @Test
    void aVolumeThatThrowsCostsOneConnection() throws IOException {
        try (WireClient client = fixture.open(false);
                WireClient other = fixture.open(false)) {
            fixture.device.refuseNextSubmit();
            client.request(CommandType.FLUSH, 1, 0, 0);
            assertThat(client.isEnded()).isTrue();
            other.request(CommandType.FLUSH, 2, 0, 0);
            assertThat(other.simple()).isEqualTo(new WireClient.Simple(0, 2));
        }
    }

    @Test
    void comingAndGoingLeaksNoDescriptors() throws IOException {
        SocketAddress tcp =
                fixture.server.listen(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        UnixOperatingSystemMXBean system =
                (UnixOperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
        expectGoodClientServed();
        ServerFixture.await("its end", () -> fixture.server.connectionCount() == 0);
        long before = system.getOpenFileDescriptorCount();
        for (int i = 0; i < 2000; i++) {
            SocketAddress address = i % 2 == 0 ? fixture.address : tcp;
            switch (i % 5) {
                case 0 -> SocketChannel.open(address).close();
                case 1 -> new WireClient(address).greet().close();
                case 2 -> {
                    WireClient client = WireClient.open(address, "disk", true);
                    client.request(CommandType.READ, 1, 0, 4096).close();
                }
                case 3 -> {
                    try (WireClient client = WireClient.open(address, "disk", false)) {
                        // A reset instead of an orderly end, where there is such a thing.
                        if (address == tcp) {
                            client.channel.setOption(StandardSocketOptions.SO_LINGER, 0);
                        }
                    }
                }
                default -> {
                    WireClient client = WireClient.open(address, "disk", false);
                    client.request(CommandType.DISC, 1, 0, 0);
                    assertThat(client.isEnded()).isTrue();
                    client.close();
                }
            }
        }
        ServerFixture.await("their end", () -> fixture.server.connectionCount() == 0);
        ServerFixture.await(
                "all descriptors", () -> system.getOpenFileDescriptorCount() <= before + 2);
    }

    @Test
    void oneConnectionTooManyIsClosedAtOnce() throws IOException {
        fixture.close();
        fixture =
                new ServerFixture(
                        new MemoryDevice(1 << 20), NbdSettings.DEFAULT.withMaxConnections(3));
        List<WireClient> served = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            served.add(fixture.open(false));
        }
        try (WireClient fourth = fixture.connect()) {
            assertThat(fourth.isEnded()).isTrue();
        }
        served.getFirst().close();
        ServerFixture.await("a place", () -> fixture.server.connectionCount() == 2);
        expectGoodClientServed();
        for (WireClient client : served) {
            client.close();
        }
        ServerFixture.await("room", () -> fixture.server.connectionCount() == 0);
    }

    @Test
    void aRefusedHugeWriteFollowedByItsBytesStaysInStep() throws IOException {
        try (WireClient client = fixture.open(true)) {
            byte[] looksLikeRequests = new byte[28 * 1000];
            ByteBuffer fill = ByteBuffer.wrap(looksLikeRequests);
            for (int i = 0; i < 1000; i++) {
                fill.put(WireClient.frame(0, CommandType.TRIM, i, 0, 4096, NOTHING).flip());
            }
            client.request(0, 777, 1, 0, looksLikeRequests.length, NOTHING);
            assertThat(client.chunk().error()).isEqualTo(ErrorCode.EINVAL);
            client.request(
                    0,
                    CommandType.WRITE,
                    2,
                    ServerFixture.SIZE_BYTES,
                    looksLikeRequests.length,
                    looksLikeRequests);
            assertThat(client.chunk().error()).isEqualTo(ErrorCode.ENOSPC);
            client.request(CommandType.FLUSH, 3, 0, 0);
            assertThat(client.chunk().cookie()).isEqualTo(3);
            assertThat(fixture.device.submitted.get()).isOne();
        }
    }
}
