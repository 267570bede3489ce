package io.quoin.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.cli.demo.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLongArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Goal: what CAN_MULTI_CONN promises, by the living daemon. Method: sixteen connections write the same
/// few blocks, each block all of one number that grows; sixteen others read them. A block that mixes
/// two numbers is torn; one older than what had been acknowledged to anybody before it was asked for
/// is stale.
class SharedExportIT {
    private static final int CLIENTS = 16;
    private static final int BLOCKS = 4;
    private static final int BLOCK_BYTES = 4096;
    private static final long NANOS = TimeUnit.SECONDS.toNanos(4);

    // For each block: the highest number handed out, and the highest that was acknowledged when no
    // later one had been begun by the same writer. Writers of a block take turns by its lock.
    private final AtomicLongArray acknowledged = new AtomicLongArray(BLOCKS);
    private final Object[] locks = new Object[BLOCKS];

    @Test
    @Timeout(120)
    void sixteenWritersNeverTearABlockAndEveryAcknowledgementIsSeen() throws Exception {
        for (int i = 0; i < BLOCKS; i++) {
            locks[i] = new Object();
        }
        Path dist = Path.of(System.getProperty("quoin.dist"));
        try (AttackedDaemon daemon = new AttackedDaemon(dist);
                ExecutorService pool = Executors.newFixedThreadPool(3 * CLIENTS)) {
            List<Callable<Long>> works = new ArrayList<>();
            long end = System.nanoTime() + NANOS;
            for (int i = 0; i < CLIENTS; i++) {
                int number = i;
                works.add(() -> writeInTurn(daemon, number % BLOCKS, end));
                works.add(() -> writeAtOnce(daemon, number, end));
                works.add(() -> read(daemon, number, end));
            }
            long count = 0;
            for (Future<Long> each : pool.invokeAll(works)) {
                count += each.get();
            }
            assertThat(count).as("writes and reads").isGreaterThan(500);
        }
    }

    private long writeInTurn(AttackedDaemon daemon, int block, long end) throws IOException {
        long count = 0;
        try (NbdClient client = NbdClient.connect(daemon.socket(), AttackedDaemon.LEDGER)) {
            while (System.nanoTime() - end < 0) {
                synchronized (locks[block]) {
                    long version = acknowledged.get(block) + 1;
                    client.write((long) block * BLOCK_BYTES, filled(version));
                    acknowledged.set(block, version);
                }
                count++;
            }
        }
        return count;
    }

    // Others' blocks are left alone: all sixteen write one, at the same time.
    private long writeAtOnce(AttackedDaemon daemon, int number, long end) throws IOException {
        long count = 0;
        try (NbdClient client = NbdClient.connect(daemon.socket(), AttackedDaemon.LEDGER)) {
            while (System.nanoTime() - end < 0) {
                client.write((long) BLOCKS * BLOCK_BYTES, filled(++count << 8 | number));
            }
        }
        return count;
    }

    private long read(AttackedDaemon daemon, int number, long end) throws IOException {
        long count = 0;
        ByteBuffer bytes = ByteBuffer.allocateDirect(BLOCK_BYTES);
        try (NbdClient client = NbdClient.connect(daemon.socket(), AttackedDaemon.LEDGER)) {
            while (System.nanoTime() - end < 0) {
                int block = (int) ((number + count++) % (BLOCKS + 1));
                long least = block < BLOCKS ? acknowledged.get(block) : 0;
                client.read((long) block * BLOCK_BYTES, bytes.clear());
                long found = bytes.getLong(0);
                for (int i = 8; i < BLOCK_BYTES; i += 8) {
                    assertThat(bytes.getLong(i))
                            .as("byte " + i + " of a torn block")
                            .isEqualTo(found);
                }
                assertThat(found).as("block " + block).isGreaterThanOrEqualTo(least);
            }
        }
        return count;
    }

    private static ByteBuffer filled(long version) {
        ByteBuffer bytes = ByteBuffer.allocateDirect(BLOCK_BYTES);
        for (int i = 0; i < BLOCK_BYTES; i += 8) {
            bytes.putLong(i, version);
        }
        return bytes;
    }
}
