package io.quoin.volume.intake;

import io.quoin.volume.fault.Plant;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/// The memory of a volume's requests: one 4 KiB-aligned off-heap region, handed out in runs of a
/// power of two of blocks by the buddy method (Knuth, TAOCP 2.5), so that neighbours that were given
/// back grow together again and a 32 MiB request finds room after a million small ones.
///
/// A buffer is named by its byte offset in the region; nothing is allocated on the heap for it.
/// Written payload stays in its buffer until every block of it is at home on the members, so the
/// region's size is the bound on dirty memory, and a session that waits for a buffer is the
/// volume's backpressure.
///
/// Any thread may allocate and free.
public final class BufferPool implements AutoCloseable {
    /// The smallest buffer and the alignment of all of them, in bytes.
    public static final int BLOCK_BYTES = 4096;

    /// Blocks behind the region's power of two that clients cannot have: what one operation needs to complete the blocks that it covers in
    /// part, and to have read what else they hold. Without them requests that hold all memory could wait behind one that needs some.
    private static final int RESERVED_BLOCKS = 4;

    private static final int NONE = -1;

    private final Arena arena;
    private final MemorySegment region;
    private final ByteBuffer view;
    private final int blockCount;
    private final int topOrder;

    // Guarded by lock. Per first block of a buffer: its order while allocated, else NONE. Free
    // buffers of one order are a doubly linked list through next and previous.
    private final byte[] allocatedOrder;
    private final byte[] freeOrder;
    private final int[] next;
    private final int[] previous;
    private final int[] head;
    private volatile int freeBlocks; // written under the lock

    /// Reserved blocks that are free, a bit for each.
    private int reserve = (1 << RESERVED_BLOCKS) - 1;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition returned = lock.newCondition();
    private volatile int waiters; // written under the lock

    /// Reserves the region.
    ///
    /// @param bytes size of the region, rounded up to a power of two, 64 KiB to 1 GiB
    /// @throws IllegalArgumentException outside that range
    public BufferPool(long bytes) {
        if (bytes < 65_536 || bytes > 1L << 30) {
            throw new IllegalArgumentException(
                    "buffer pool: expected 65536 to 1073741824 bytes, was " + bytes);
        }
        long rounded = Long.highestOneBit(bytes);
        if (rounded < bytes) {
            rounded <<= 1;
        }
        arena = Arena.ofShared();
        region = FreshPages.map(rounded + (long) RESERVED_BLOCKS * BLOCK_BYTES, arena);
        view = region.asByteBuffer();
        blockCount = Math.toIntExact(rounded / BLOCK_BYTES);
        topOrder = Integer.numberOfTrailingZeros(blockCount);
        allocatedOrder = new byte[blockCount];
        freeOrder = new byte[blockCount];
        java.util.Arrays.fill(allocatedOrder, (byte) NONE);
        java.util.Arrays.fill(freeOrder, (byte) NONE);
        next = new int[blockCount];
        previous = new int[blockCount];
        head = new int[topOrder + 1];
        java.util.Arrays.fill(head, NONE);
        push(0, topOrder);
        freeBlocks = blockCount;
    }

    /// {@return the whole region; buffers are ranges of it}
    public MemorySegment region() {
        return region;
    }

    /// {@return a view of the whole region with its own position and limit, for socket I/O; make one
    /// per thread and keep it}
    public ByteBuffer newView() {
        return view.duplicate();
    }

    /// {@return the largest buffer that can ever be had, in bytes}
    public long capacityBytes() {
        return (long) blockCount * BLOCK_BYTES;
    }

    /// {@return blocks of the region, with those that clients cannot have}
    public int blocks() {
        return blockCount + RESERVED_BLOCKS;
    }

    /// {@return bytes not handed out; a snapshot}
    public long freeBytes() {
        return (long) freeBlocks * BLOCK_BYTES;
    }

    /// {@return whether less than half is left, or somebody waits; a snapshot}
    public boolean isScarce() {
        return freeBlocks < blockCount / 2 || waiters > 0;
    }

    /// Takes a buffer without waiting.
    ///
    /// @param bytes wanted size, at least 1
    /// @return its offset in the region, a multiple of 4096, or -1 when no room is left
    public int tryAllocate(long bytes) {
        int order = order(bytes);
        lock.lock();
        try {
            return take(order);
        } finally {
            lock.unlock();
        }
    }

    /// Takes a block for an operation that cannot go on without it, from what is kept for that if there is no other.
    ///
    /// @return its offset in the region, or -1 when there is none of that either
    int tryAllocateReserved() {
        lock.lock();
        try {
            int offset = take(0);
            if (offset != NONE || reserve == 0 || Plant.NO_EDGE_RESERVE.isPlanted()) {
                return offset;
            }
            int place = Integer.numberOfTrailingZeros(reserve);
            reserve &= ~(1 << place);
            return (blockCount + place) * BLOCK_BYTES;
        } finally {
            lock.unlock();
        }
    }

    /// Takes a buffer, waiting for others to be freed.
    ///
    /// @param bytes wanted size, at least 1
    /// @param timeoutNanos how long to wait at most
    /// @return its offset in the region, a multiple of 4096, or -1 when none came free in time
    /// @throws InterruptedException when the waiting thread is interrupted
    public int allocate(long bytes, long timeoutNanos) throws InterruptedException {
        int order = order(bytes);
        lock.lockInterruptibly();
        try {
            long remaining = timeoutNanos;
            int offset = take(order);
            waiters = waiters + 1;
            try {
                while (offset == NONE && remaining > 0) {
                    remaining = returned.awaitNanos(remaining);
                    offset = take(order);
                }
            } finally {
                waiters = waiters - 1;
            }
            return offset;
        } finally {
            lock.unlock();
        }
    }

    /// {@link #allocate(long, long)} with seconds, for readable callers.
    ///
    /// @param bytes wanted size, at least 1
    /// @param seconds how long to wait at most
    /// @return its offset in the region, or -1 when none came free in time
    /// @throws InterruptedException when the waiting thread is interrupted
    public int allocateWithin(long bytes, int seconds) throws InterruptedException {
        return allocate(bytes, TimeUnit.SECONDS.toNanos(seconds));
    }

    /// Gives a buffer back. Its bytes may be overwritten at once.
    ///
    /// @param offset what allocate returned
    public void free(int offset) {
        lock.lock();
        try {
            int block = offset / BLOCK_BYTES;
            if (block >= blockCount) {
                int bit = 1 << block - blockCount;
                assert (reserve & bit) == 0 : "free of offset " + offset;
                reserve |= bit;
                return;
            }
            int order = allocatedOrder[block];
            assert offset % BLOCK_BYTES == 0 && order != NONE : "free of offset " + offset;
            allocatedOrder[block] = NONE;
            freeBlocks = freeBlocks + (1 << order);
            while (order < topOrder) {
                int buddy = block ^ (1 << order);
                if (freeOrder[buddy] != order) {
                    break;
                }
                unlink(buddy, order);
                block &= ~(1 << order);
                order++;
            }
            push(block, order);
            if (waiters > 0) {
                returned.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /// {@return the size of an allocated buffer in bytes, what was asked for rounded up to a power
    /// of two}
    ///
    /// @param offset what allocate returned
    public int sizeOf(int offset) {
        int block = offset / BLOCK_BYTES;
        return block >= blockCount ? BLOCK_BYTES : BLOCK_BYTES << allocatedOrder[block];
    }

    /// Releases the region; nobody may touch a buffer afterwards.
    @Override
    public void close() {
        arena.close();
    }

    private static int order(long bytes) {
        assert bytes >= 1 : "bytes=" + bytes;
        long blocks = (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
        return 64 - Long.numberOfLeadingZeros(blocks - 1);
    }

    private int take(int wanted) {
        int order = wanted;
        while (order <= topOrder && head[order] == NONE) {
            order++;
        }
        if (order > topOrder) {
            return NONE;
        }
        int block = head[order];
        unlink(block, order);
        while (order > wanted) {
            order--;
            push(block + (1 << order), order);
        }
        allocatedOrder[block] = (byte) wanted;
        freeBlocks = freeBlocks - (1 << wanted);
        return block * BLOCK_BYTES;
    }

    private void push(int block, int order) {
        freeOrder[block] = (byte) order;
        previous[block] = NONE;
        next[block] = head[order];
        if (head[order] != NONE) {
            previous[head[order]] = block;
        }
        head[order] = block;
    }

    private void unlink(int block, int order) {
        assert freeOrder[block] == order : "block " + block + " is not free at order " + order;
        freeOrder[block] = NONE;
        if (previous[block] == NONE) {
            head[order] = next[block];
        } else {
            next[previous[block]] = next[block];
        }
        if (next[block] != NONE) {
            previous[next[block]] = previous[block];
        }
    }
}
