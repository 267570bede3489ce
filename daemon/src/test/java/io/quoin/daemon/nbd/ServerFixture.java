package io.quoin.daemon.nbd;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.nbd.ExportName;
import java.io.IOException;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/// A server with one export, `disk`, on a Unix socket. It closes by checking that nothing was lost on
/// the way: no connection, and every payload buffer back in its pool.
final class ServerFixture implements AutoCloseable {
    static final String NAME = "disk";
    static final long SIZE_BYTES = 48L << 20;

    final MemoryDevice device;
    final NbdServer server;
    final SocketAddress address;
    final Path folder;

    ServerFixture() throws IOException {
        this(new MemoryDevice(SIZE_BYTES), NbdSettings.DEFAULT);
    }

    ServerFixture(MemoryDevice device, NbdSettings settings) throws IOException {
        this.device = device;
        folder = Files.createTempDirectory("quoin-nbd");
        server = new NbdServer(settings);
        server.register(new ExportName(NAME), device);
        address = server.listen(UnixDomainSocketAddress.of(folder.resolve("nbd.sock")));
    }

    WireClient connect() throws IOException {
        return new WireClient(address);
    }

    WireClient open(boolean structured) throws IOException {
        return WireClient.open(address, NAME, structured);
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + Duration.ofSeconds(10).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("waited ten seconds for " + what).isLessThan(deadline);
            LockSupport.parkNanos(200_000);
        }
    }

    void expectNothingHeld() {
        await(
                "all payload buffers",
                () -> device.buffers().freeBytes() == device.buffers().capacityBytes());
    }

    @Override
    public void close() throws IOException {
        device.release();
        boolean isDrained = server.drain(Duration.ofSeconds(5));
        server.close();
        assertThat(isDrained).as("drained").isTrue();
        assertThat(server.connectionCount()).isZero();
        expectNothingHeld();
        device.close();
        Files.deleteIfExists(folder.resolve("nbd.sock"));
        Files.deleteIfExists(folder);
    }
}
