package io.quoin.cli.hostile;

import io.quoin.cli.demo.NbdClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// A client of the attacked export itself: reads a block fifty times a second and knows how long it had
/// to wait. What it reads is the attackers'.
final class Bystander implements Runnable {
    private static final long PAUSE_NANOS = TimeUnit.MILLISECONDS.toNanos(20);

    private final Path socket;
    private volatile boolean isOver;
    private volatile long askedAtNanos;
    private volatile long worstNanos;

    Bystander(Path socket) {
        this.socket = socket;
    }

    @Override
    public void run() {
        ByteBuffer block = ByteBuffer.allocateDirect(4096);
        while (!isOver) {
            try (NbdClient client = NbdClient.connect(socket, HostileSession.EXPORT)) {
                while (!isOver) {
                    askedAtNanos = Math.max(1, System.nanoTime());
                    client.read(0, block.clear());
                    worstNanos = worstNanos();
                    askedAtNanos = 0;
                    LockSupport.parkNanos(PAUSE_NANOS);
                }
            } catch (IOException e) {
                worstNanos = worstNanos();
                askedAtNanos = 0;
                LockSupport.parkNanos(PAUSE_NANOS);
            }
        }
    }

    /// {@return the longest that it waited, or waits}
    long worstNanos() {
        long since = askedAtNanos;
        return Math.max(worstNanos, since == 0 ? 0 : System.nanoTime() - since);
    }

    /// {@return the longest since this was last asked}
    long takeWorstNanos() {
        long worst = worstNanos();
        worstNanos = 0;
        return worst;
    }

    void end() {
        isOver = true;
    }
}
