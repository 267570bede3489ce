package io.quoin.volume.dirty;

import java.util.Arrays;
import java.util.function.IntConsumer;
import org.agrona.collections.Long2LongHashMap;

/// Versions of blocks, newest first for each block: at most one committed, before it those whose
/// journal batch is not durable yet. A version is an index into parallel arrays; adding one
/// allocates nothing until the arrays must grow.
///
/// Payload stays in the request's buffer, which is given back when no version refers to it any more.
/// A version that destage is writing is frozen: it outlives its replacement until destage lets go.
///
/// One thread (the engine's) uses it.
public final class DirtyIndex {
    /// No version.
    public static final int NONE = -1;

    /// Version with payload.
    public static final byte WRITE = 1;

    /// Version that reads as zeros and gives back space.
    public static final byte TRIM = 2;

    /// Version that reads as zeros and stays allocated.
    public static final byte ZERO = 3;

    private static final byte FREE = 0;

    private final IntConsumer freeBuffer;
    private final Long2LongHashMap newest = new Long2LongHashMap(NONE);
    private final int blockBytes;

    private long[] block = new long[1024];
    private long[] sequence = new long[1024];
    private long[] batch = new long[1024];
    private int[] buffer = new int[1024];
    private int[] payload = new int[1024];
    private int[] crc = new int[1024];
    private int[] older = new int[1024];
    private byte[] kind = new byte[1024];
    private boolean[] committed = new boolean[1024];
    private boolean[] frozen = new boolean[1024];
    private boolean[] replaced = new boolean[1024];
    private int freeHead = NONE;
    private int top;
    private int live;

    // Versions referring to a buffer, by the buffer's first block.
    private int[] references;

    // Committed versions in commit order: sequences, with the version each had when it entered.
    private long[] orderSequence = new long[1024];
    private int[] orderVersion = new int[1024];
    private int orderHead;
    private int orderCount;

    /// An empty index.
    ///
    /// @param poolBlocks blocks of the buffer pool
    /// @param blockBytes bytes of a block
    /// @param freeBuffer gives a buffer back
    public DirtyIndex(int poolBlocks, int blockBytes, IntConsumer freeBuffer) {
        this.freeBuffer = freeBuffer;
        this.blockBytes = blockBytes;
        references = new int[poolBlocks];
    }

    /// Adds an uncommitted version, the newest of its block.
    ///
    /// @param blockIndex volume block
    /// @param newSequence sequence, higher than any before
    /// @param newKind WRITE, TRIM or ZERO
    /// @param bufferOffset buffer of the payload, WRITE only
    /// @param payloadOffset offset of the block's payload in the region, WRITE only
    /// @param payloadCrc CRC-32C of the payload, WRITE only
    /// @return the version
    public int add(
            long blockIndex,
            long newSequence,
            byte newKind,
            int bufferOffset,
            int payloadOffset,
            int payloadCrc) {
        int version = freeHead;
        if (version == NONE) {
            version = top++;
            if (version == block.length) {
                grow();
            }
        } else {
            freeHead = older[version];
        }
        block[version] = blockIndex;
        sequence[version] = newSequence;
        batch[version] = 0;
        kind[version] = newKind;
        buffer[version] = bufferOffset;
        payload[version] = payloadOffset;
        crc[version] = payloadCrc;
        committed[version] = false;
        frozen[version] = false;
        replaced[version] = false;
        if (newKind == WRITE) {
            references[bufferOffset / blockBytes]++;
        }
        older[version] = (int) newest.put(blockIndex, version);
        assert older[version] == NONE || sequence[older[version]] < newSequence
                : "I2: sequence " + newSequence + " is not newer for block " + blockIndex;
        live++;
        return version;
    }

    /// Keeps a buffer although no version may refer to it for a while.
    ///
    /// @param bufferOffset the buffer
    public void retain(int bufferOffset) {
        references[bufferOffset / blockBytes]++;
    }

    /// Ends {@link #retain}.
    ///
    /// @param bufferOffset the buffer
    public void release(int bufferOffset) {
        int first = bufferOffset / blockBytes;
        assert references[first] > 0 : "buffer " + bufferOffset + " has no references";
        if (--references[first] == 0) {
            freeBuffer.accept(bufferOffset);
        }
    }

    /// Notes the journal batch of a version.
    ///
    /// @param version version
    /// @param number batch number
    public void setBatch(int version, long number) {
        batch[version] = number;
    }

    /// Makes a version the block's committed one; the one it replaces is given back.
    ///
    /// @param version version
    public void commit(int version) {
        committed[version] = true;
        int below = older[version];
        older[version] = NONE;
        if (below != NONE) {
            assert older[below] == NONE : "two committed versions below " + version;
            drop(below);
        }
        enqueue(version);
    }

    private void drop(int version) {
        if (frozen[version]) {
            replaced[version] = true;
        } else {
            recycle(version);
        }
    }

    private void recycle(int version) {
        if (kind[version] == WRITE) {
            release(buffer[version]);
        }
        kind[version] = FREE;
        older[version] = freeHead;
        freeHead = version;
        live--;
    }

    private void enqueue(int version) {
        if (orderCount == orderSequence.length) {
            compactOrder();
        }
        int at = (orderHead + orderCount) & (orderSequence.length - 1);
        orderSequence[at] = sequence[version];
        orderVersion[at] = version;
        orderCount++;
    }

    private void compactOrder() {
        int kept = 0;
        int size = orderSequence.length;
        long[] sequences = new long[size];
        int[] versions = new int[size];
        for (int i = 0; i < orderCount; i++) {
            int at = (orderHead + i) & (size - 1);
            if (isQueued(at)) {
                sequences[kept] = orderSequence[at];
                versions[kept++] = orderVersion[at];
            }
        }
        if (kept > size / 2) {
            sequences = Arrays.copyOf(sequences, size * 2);
            versions = Arrays.copyOf(versions, size * 2);
        }
        orderSequence = sequences;
        orderVersion = versions;
        orderHead = 0;
        orderCount = kept;
    }

    private boolean isQueued(int at) {
        int version = orderVersion[at];
        return kind[version] != FREE
                && sequence[version] == orderSequence[at]
                && !replaced[version];
    }

    /// {@return the oldest committed version that is still dirty, or NONE}
    public int oldest() {
        while (orderCount > 0) {
            if (isQueued(orderHead)) {
                return orderVersion[orderHead];
            }
            orderHead = (orderHead + 1) & (orderSequence.length - 1);
            orderCount--;
        }
        return NONE;
    }

    /// {@return entries of the commit order, some of them stale}
    public int orderSize() {
        return orderCount;
    }

    /// {@return the version at a place of the commit order, or NONE when it is stale}
    ///
    /// @param i 0 to orderSize() - 1, oldest first
    public int inOrder(int i) {
        int at = (orderHead + i) & (orderSequence.length - 1);
        return isQueued(at) ? orderVersion[at] : NONE;
    }

    /// {@return the newest version of a block, committed or not, or NONE}
    ///
    /// @param blockIndex volume block
    public int newest(long blockIndex) {
        return (int) newest.get(blockIndex);
    }

    /// {@return the committed version of a block, or NONE}
    ///
    /// @param blockIndex volume block
    /// @param commitSequence last committed sequence
    public int committed(long blockIndex, long commitSequence) {
        int version = (int) newest.get(blockIndex);
        while (version != NONE && sequence[version] > commitSequence) {
            version = older[version];
        }
        return version;
    }

    /// {@return the version of the same block before a version, or NONE}
    ///
    /// @param version version
    public int older(int version) {
        return older[version];
    }

    /// {@return the version of a block that a sequence made}
    ///
    /// @param blockIndex volume block
    /// @param ofSequence sequence of its record
    public int find(long blockIndex, long ofSequence) {
        int version = (int) newest.get(blockIndex);
        while (sequence[version] != ofSequence) {
            version = older[version];
            assert version != NONE : "no version " + ofSequence + " of block " + blockIndex;
        }
        return version;
    }

    /// Keeps a committed version as it is while destage writes it.
    ///
    /// @param version version
    public void freeze(int version) {
        assert !frozen[version] : "version " + version + " is frozen twice";
        frozen[version] = true;
    }

    /// Ends destage of a version that is home: it is clean now and leaves the index.
    ///
    /// @param version version
    public void clean(int version) {
        assert frozen[version] : "version " + version + " was not frozen";
        frozen[version] = false;
        if (!replaced[version]) {
            remove(version);
        }
        recycle(version);
    }

    /// Ends destage of a version that did not get home.
    ///
    /// @param version version
    public void thaw(int version) {
        assert frozen[version] : "version " + version + " was not frozen";
        frozen[version] = false;
        if (replaced[version]) {
            recycle(version);
        }
    }

    private void remove(int version) {
        int above = (int) newest.get(block[version]);
        if (above == version) {
            newest.remove(block[version]);
            return;
        }
        while (older[above] != version) {
            above = older[above];
            assert above != NONE : "version " + version + " is not in its block's chain";
        }
        older[above] = NONE;
    }

    private void grow() {
        int size = block.length * 2;
        block = Arrays.copyOf(block, size);
        sequence = Arrays.copyOf(sequence, size);
        batch = Arrays.copyOf(batch, size);
        buffer = Arrays.copyOf(buffer, size);
        payload = Arrays.copyOf(payload, size);
        crc = Arrays.copyOf(crc, size);
        older = Arrays.copyOf(older, size);
        kind = Arrays.copyOf(kind, size);
        committed = Arrays.copyOf(committed, size);
        frozen = Arrays.copyOf(frozen, size);
        replaced = Arrays.copyOf(replaced, size);
    }

    /// {@return versions held, committed or not}
    public int liveCount() {
        return live;
    }

    /// {@return volume block of a version}
    ///
    /// @param version version
    public long block(int version) {
        return block[version];
    }

    /// {@return sequence of a version}
    ///
    /// @param version version
    public long sequence(int version) {
        return sequence[version];
    }

    /// {@return journal batch of a version}
    ///
    /// @param version version
    public long batch(int version) {
        return batch[version];
    }

    /// {@return WRITE, TRIM or ZERO}
    ///
    /// @param version version
    public byte kind(int version) {
        return kind[version];
    }

    /// {@return offset of a version's payload in the pool's region}
    ///
    /// @param version version
    public int payload(int version) {
        return payload[version];
    }

    /// {@return CRC-32C of a version's payload as computed on arrival}
    ///
    /// @param version version
    public int crc(int version) {
        return crc[version];
    }

    /// {@return whether the newest version of a block is the committed one}
    ///
    /// @param version newest version of its block
    public boolean isCommitted(int version) {
        return committed[version];
    }

    /// {@return whether destage holds the version}
    ///
    /// @param version version
    public boolean isFrozen(int version) {
        return frozen[version];
    }
}
