package io.quoin.cli.hostile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Does what the daemon does for an answer, and nothing of it: writes a block durably to the same disk,
/// ten times a second. How long that took is what the machine, not the daemon, is to blame for.
final class Canary implements Runnable {
    private final Path file;
    private volatile boolean isOver;
    private volatile long sinceNanos;
    private volatile long worstNanos;

    Canary(Path file) {
        this.file = file;
    }

    @Override
    public void run() {
        ByteBuffer block = ByteBuffer.allocateDirect(4096);
        try (FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            while (!isOver) {
                sinceNanos = System.nanoTime();
                channel.write(block.clear(), 0);
                channel.force(true);
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
                worstNanos = Math.max(worstNanos, lateNanos());
            }
        } catch (IOException e) {
            System.err.println("canary: " + e);
        }
    }

    private long lateNanos() {
        return System.nanoTime() - sinceNanos - TimeUnit.MILLISECONDS.toNanos(100);
    }

    /// {@return the worst since this was last asked}
    long takeWorstNanos() {
        long worst = Math.max(worstNanos, lateNanos());
        worstNanos = 0;
        return worst;
    }

    void end() {
        isOver = true;
    }
}
