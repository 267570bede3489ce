package io.quoin.cli.hostile;

import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.LocalFile;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Does what the daemon does for an answer, and nothing else: ten times a second a durable write to a
/// sparse file of its own on the same disk, where there was nothing yet. How long that took is what the
/// machine, not the daemon, is to blame for: on one with forty runnable threads for each processor the
/// kernel alone was seen to need four seconds.
final class Canary implements Runnable {
    private static final int WRITE_BYTES = 64 << 10;
    private static final long FILE_BYTES = 4L << 30;
    private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

    private final Path path;
    private volatile boolean isOver;
    private volatile long sinceNanos;
    private volatile long worstNanos;

    Canary(Path path) throws IOException {
        this.path = path;
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(FILE_BYTES);
        }
    }

    @Override
    public void run() {
        try (LocalFile file = LocalFile.open(path, true);
                Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(WRITE_BYTES, 4096).fill((byte) 1);
            long at = 0;
            while (!isOver) {
                sinceNanos = Math.max(1, System.nanoTime());
                IoResult result = file.write(block, 0, WRITE_BYTES, at, true);
                if (!result.isOk()) {
                    throw new IOException("canary: " + result);
                }
                worstNanos = Math.max(worstNanos, System.nanoTime() - sinceNanos);
                sinceNanos = 0;
                at = (at + WRITE_BYTES) % FILE_BYTES;
                LockSupport.parkNanos(PERIOD_NANOS);
            }
        } catch (IOException e) {
            System.err.println("canary: " + e);
        }
    }

    /// {@return the worst since this was last asked, also of the write under way}
    long takeWorstNanos() {
        long since = sinceNanos;
        long worst = Math.max(worstNanos, since == 0 ? 0 : System.nanoTime() - since);
        worstNanos = 0;
        return worst;
    }

    void end() {
        isOver = true;
    }
}
