package io.quoin.cli.demo;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.zip.CRC32C;

/// Writes an order journal over NBD, and knows, outside the volume, which orders were acknowledged.
///
/// Each 4 KiB block says of itself which block it is, which order it holds, and the CRC of both and of
/// its filling. Several writers, each with a connection and a part of the ring of its own, wrap around
/// it again and again; so for each block the last order acknowledged, and the last one sent, are known.
///
/// ```
///  0  u64  magic   8 u64 block   16 u64 order   24 u32 CRC-32C of the rest and of bytes 0 to 23
/// 32  filling, pseudo-random from block and order
/// ```
final class OrderJournal {
    static final int BLOCK_BYTES = 4096;

    private static final long MAGIC = 0x5245_4452_4F4E_5551L;
    private static final int CRC_AT = 24;
    private static final int FILL_AT = 32;

    private final Path socket;
    private final String export;
    private final int blocks;
    private final AtomicLongArray acknowledged;
    private final AtomicLongArray sent;
    private final AtomicLong orders = new AtomicLong();
    private final AtomicLong acknowledgedOrders = new AtomicLong();
    private final List<Thread> writers = new ArrayList<>();
    private volatile boolean isStopping;

    OrderJournal(Path socket, String export, int blocks) {
        this.socket = socket;
        this.export = export;
        this.blocks = blocks;
        acknowledged = new AtomicLongArray(blocks);
        sent = new AtomicLongArray(blocks);
    }

    /// Starts writers; each ends when told, or when its connection breaks.
    void start(int count) {
        isStopping = false;
        for (int i = 0; i < count; i++) {
            int first = (int) ((long) blocks * i / count);
            int end = (int) ((long) blocks * (i + 1) / count);
            writers.add(Thread.ofPlatform().name("orders-" + i).start(() -> write(first, end)));
        }
    }

    /// Ends the writers.
    void stop() throws InterruptedException {
        isStopping = true;
        for (Thread writer : writers) {
            writer.join();
        }
        writers.clear();
    }

    private void write(int first, int end) {
        ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        try (NbdClient client = NbdClient.connect(socket, export)) {
            for (int at = first; !isStopping; at = at + 1 == end ? first : at + 1) {
                long order = orders.incrementAndGet();
                sent.set(at, order);
                fill(block.clear(), at, order);
                client.write((long) at * BLOCK_BYTES, block);
                acknowledged.set(at, order);
                acknowledgedOrders.incrementAndGet();
            }
        } catch (IOException e) {
            // The daemon was killed, or stops: what is not acknowledged may or may not be there.
        }
    }

    private static void fill(ByteBuffer block, long at, long order) {
        block.putLong(0, MAGIC).putLong(8, at).putLong(16, order).putInt(CRC_AT, 0);
        long word = at * 0x9E3779B97F4A7C15L + order;
        for (int i = FILL_AT; i < BLOCK_BYTES; i += 8) {
            word ^= word << 13;
            word ^= word >>> 7;
            word ^= word << 17;
            block.putLong(i, word);
        }
        block.putInt(CRC_AT, crc(block));
    }

    private static int crc(ByteBuffer block) {
        CRC32C crc = new CRC32C();
        crc.update(block.slice(0, CRC_AT));
        crc.update(block.slice(FILL_AT, BLOCK_BYTES - FILL_AT));
        return (int) crc.getValue();
    }

    /// What reading everything back found.
    ///
    /// @param read blocks read
    /// @param good blocks that hold the last acknowledged order or a later one that was sent
    /// @param lost blocks that hold an older order than was acknowledged, or none
    /// @param wrong blocks that hold something that was never written there
    /// @param failed blocks that the server could not read
    record ReadBack(long read, long good, long lost, long wrong, long failed) {
        long bad() {
            return lost + wrong + failed;
        }
    }

    /// Reads every block back and compares.
    ReadBack readBack() throws IOException {
        ByteBuffer block = ByteBuffer.allocateDirect(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        long good = 0;
        long lost = 0;
        long wrong = 0;
        long failed = 0;
        try (NbdClient client = NbdClient.connect(socket, export)) {
            for (int at = 0; at < blocks; at++) {
                try {
                    client.read((long) at * BLOCK_BYTES, block.clear());
                } catch (NbdClient.NbdException e) {
                    failed++;
                    continue;
                }
                long found = orderIn(block, at);
                long expected = acknowledged.get(at);
                if (found < 0) {
                    wrong++;
                } else if (found < expected) {
                    lost++;
                } else if (found > sent.get(at)) {
                    wrong++;
                } else {
                    good++;
                    acknowledged.set(at, found);
                }
            }
        }
        return new ReadBack(blocks, good, lost, wrong, failed);
    }

    /// The order that a block holds, 0 when it is blank, -1 when it is not what was written there.
    private static long orderIn(ByteBuffer block, long at) {
        if (block.getLong(0) == 0 && block.getInt(CRC_AT) == 0 && block.getLong(8) == 0) {
            for (int i = 0; i < BLOCK_BYTES; i += 8) {
                if (block.getLong(i) != 0) {
                    return -1;
                }
            }
            return 0;
        }
        boolean isWhole =
                block.getLong(0) == MAGIC
                        && block.getLong(8) == at
                        && block.getInt(CRC_AT) == crc(block);
        return isWhole ? block.getLong(16) : -1;
    }

    int blocks() {
        return blocks;
    }

    boolean isWritten(int block) {
        return acknowledged.get(block) > 0;
    }

    long acknowledgedOrders() {
        return acknowledgedOrders.get();
    }
}
