package io.quoin.cli;

import io.quoin.cli.demo.NbdClient;
import io.quoin.codec.nbd.CommandFlag;
import io.quoin.codec.nbd.CommandType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/// Clients of a volume, each with a connection and a thread, that change it and read it back at once, until
/// their connections break. Everything is noted in the model before it is sent and after it is answered.
///
/// An error reply is a failure: what is done to the daemon never is more than the volume promises to bear.
final class VerifyingLoad {
    private static final int MOST_BYTES = 1 << 20;

    private final SectorModel model;
    private final Path socket;
    private final String volume;
    private final List<Thread> threads = new ArrayList<>();
    private final List<String> wrong = new ArrayList<>();
    private final AtomicLong answered = new AtomicLong();
    private final AtomicLong reads = new AtomicLong();
    private volatile boolean isEnding;

    VerifyingLoad(SectorModel model, Path socket, String volume) {
        this.model = model;
        this.socket = socket;
        this.volume = volume;
    }

    void start(int clients, SplittableRandom random) {
        for (int i = 0; i < clients; i++) {
            SplittableRandom own = random.split();
            threads.add(Thread.ofPlatform().name("load-" + i).start(() -> run(own)));
        }
    }

    /// Waits until all clients have ended: their connections broke, or they were asked to end.
    void join() throws InterruptedException {
        for (Thread thread : threads) {
            thread.join(60_000);
            if (thread.isAlive()) {
                fail(
                        thread.getName()
                                + ": no answer within a minute, and no end of the connection");
            }
        }
    }

    /// Lets the clients end after the request under way.
    void end() throws InterruptedException {
        isEnding = true;
        join();
    }

    long answered() {
        return answered.get();
    }

    long reads() {
        return reads.get();
    }

    /// What went wrong; empty when nothing did.
    List<String> wrong() {
        synchronized (wrong) {
            return List.copyOf(wrong);
        }
    }

    private void fail(String what) {
        synchronized (wrong) {
            wrong.add(what);
        }
    }

    private void run(SplittableRandom random) {
        ByteBuffer buffer = ByteBuffer.allocateDirect(MOST_BYTES);
        try (NbdClient client = NbdClient.connect(socket, volume)) {
            while (!isEnding) {
                request(client, random, buffer);
                answered.incrementAndGet();
            }
        } catch (NbdClient.NbdException e) {
            fail(Thread.currentThread().getName() + ": error reply: " + e.getMessage());
        } catch (IOException e) {
            // The daemon was killed; what was not answered stays open in the model.
        } catch (RuntimeException | Error e) {
            fail(Thread.currentThread().getName() + ": " + e);
        }
    }

    private void request(NbdClient client, SplittableRandom random, ByteBuffer buffer)
            throws IOException {
        int draw = random.nextInt(100);
        int flags = random.nextInt(3) == 0 ? CommandFlag.FUA : 0;
        int count = count(random);
        int first = first(random, count);
        long offset = (long) first * SectorModel.SECTOR_BYTES;
        int length = count * SectorModel.SECTOR_BYTES;
        if (draw < 25) {
            SectorModel.Read read = model.beginRead(first, count);
            try {
                client.read(offset, buffer.clear().limit(length));
            } catch (IOException e) {
                model.endRead(read);
                throw e;
            }
            reads.incrementAndGet();
            String verdict = model.check(read, buffer.flip());
            if (verdict != null) {
                fail(verdict);
                isEnding = true;
            }
            return;
        }
        if (draw < 30) {
            client.command(CommandType.FLUSH, 0, 0, 0);
            return;
        }
        SectorModel.Kind kind =
                draw < 36
                        ? SectorModel.Kind.TRIM
                        : draw < 44 ? SectorModel.Kind.ZERO : SectorModel.Kind.WRITE;
        SectorModel.Change change = model.begin(kind, first, count);
        if (change == null) {
            return;
        }
        switch (kind) {
            case WRITE -> {
                model.fill(buffer.clear(), change);
                client.write(offset, buffer.flip(), flags);
            }
            case ZERO -> {
                int hole = random.nextBoolean() ? CommandFlag.NO_HOLE : 0;
                client.command(CommandType.WRITE_ZEROES, flags | hole, offset, length);
            }
            case TRIM -> client.command(CommandType.TRIM, flags, offset, length);
        }
        model.acknowledge(change);
    }

    /// 512 B to 1 MiB, most of them small.
    private static int count(SplittableRandom random) {
        int most = MOST_BYTES / SectorModel.SECTOR_BYTES;
        return switch (random.nextInt(10)) {
            case 0, 1 -> 1 + random.nextInt(24);
            case 2, 3, 4, 5 -> 8;
            case 6, 7 -> 8 * (1 + random.nextInt(16));
            case 8 -> 1 + random.nextInt(most);
            default -> 8 * (1 + random.nextInt(most / 8));
        };
    }

    private int first(SplittableRandom random, int count) {
        int first = random.nextInt(model.sectors() - count + 1);
        return random.nextInt(3) == 0
                ? first
                : first / SectorModel.BLOCK_SECTORS * SectorModel.BLOCK_SECTORS;
    }
}
