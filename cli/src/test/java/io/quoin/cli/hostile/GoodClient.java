package io.quoin.cli.hostile;

import io.quoin.cli.demo.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// The one well-behaved client: writes blocks that say which block they are, of which version, and reads
/// them back. Anything but the last version that was acknowledged is wrong. It knows how long each
/// answer took, also of the one that it waits for.
final class GoodClient implements Runnable, AutoCloseable {
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = 512;
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(2);

    private final NbdClient client;
    private final Random random;
    private final long[] versions = new long[BLOCKS];
    private final ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES);
    private final Thread thread = Thread.ofPlatform().daemon(true).name("good").unstarted(this);
    private volatile boolean isOver;
    private volatile long askedAtNanos;
    private volatile long worstNanos;
    private volatile long answers;
    private volatile String failure;

    GoodClient(Path socket, String export, long seed) throws IOException {
        client = NbdClient.connect(socket, export);
        random = new Random(seed);
    }

    void start() {
        thread.start();
    }

    @Override
    public void run() {
        try {
            while (!isOver) {
                int index = random.nextInt(BLOCKS);
                if (random.nextInt(3) > 0) {
                    write(index);
                }
                read(random.nextInt(4) == 0 ? random.nextInt(BLOCKS) : index);
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        } catch (IOException | RuntimeException e) {
            failure = "the good client: " + e;
            askedAtNanos = 0;
        }
    }

    private void write(int index) throws IOException {
        versions[index]++;
        fill(index, versions[index]);
        begin();
        client.write((long) index * BLOCK_BYTES, block);
        end();
    }

    private void read(int index) throws IOException {
        begin();
        client.read((long) index * BLOCK_BYTES, block.clear());
        end();
        block.flip();
        long version = versions[index];
        for (int i = 0; i < BLOCK_BYTES; i += 8) {
            long found = block.getLong(i);
            long expected = version == 0 ? 0 : word(index, version, i);
            if (found != expected) {
                throw new IOException(
                        String.format(
                                "WRONG BYTES: block %d, byte %d, version %d: expected %016x, was %016x",
                                index, i, version, expected, found));
            }
        }
    }

    private void fill(int index, long version) {
        block.clear();
        for (int i = 0; i < BLOCK_BYTES; i += 8) {
            block.putLong(word(index, version, i));
        }
        block.flip();
    }

    private static long word(int index, long version, int at) {
        return (index + 1L) * 0x9E37_79B9_7F4A_7C15L ^ version << 20 ^ at;
    }

    private void begin() {
        askedAtNanos = Math.max(1, System.nanoTime());
    }

    private void end() {
        worstNanos = Math.max(worstNanos, System.nanoTime() - askedAtNanos);
        askedAtNanos = 0;
        answers++;
    }

    /// {@return how long the answer that is waited for has been waited for, 0: none}
    long waitingNanos() {
        long since = askedAtNanos;
        return since == 0 ? 0 : System.nanoTime() - since;
    }

    /// {@return the longest that an answer took}
    long worstNanos() {
        return Math.max(worstNanos, waitingNanos());
    }

    /// {@return the longest since this was last asked}
    long takeWorstNanos() {
        long worst = worstNanos();
        worstNanos = 0;
        return worst;
    }

    long answers() {
        return answers;
    }

    /// {@return what went wrong, or null}
    String failure() {
        return failure;
    }

    /// Ends it after the answer that it waits for, or without, when that takes ten seconds.
    @Override
    public void close() {
        isOver = true;
        try {
            if (!thread.join(Duration.ofSeconds(10))) {
                failure = "the good client: no answer in ten seconds";
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        client.close();
    }
}
