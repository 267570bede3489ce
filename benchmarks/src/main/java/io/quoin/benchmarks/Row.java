package io.quoin.benchmarks;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// Eleven blocks of pseudo-random bytes, native and aligned to 4 KiB: one row again and again, which the caches hold as far
/// as they can, or rows of 192 MiB one after the other, which they cannot.
@State(Scope.Thread)
public class Row {
    static final int BLOCKS = 8 + 3;

    private static final long MEMORY_BYTES = 192L << 20;
    private static final int ALIGNMENT = 4096;

    /// Bytes of a block.
    @Param({"512", "4096", "65536", "1048576"})
    public int bytes;

    /// `cache` or `memory`.
    @Param({"cache", "memory"})
    public String place;

    final MemorySegment[] blocks = new MemorySegment[BLOCKS];
    final long[] offsets = new long[BLOCKS];

    /// What other languages take: addresses of the blocks, and of the last three alone.
    MemorySegment addresses;

    MemorySegment parityAddresses;

    private Arena arena;
    private MemorySegment memory;
    private long rowBytes;
    private boolean isWalking;
    private long at;

    /// Fills the rows.
    @Setup(Level.Trial)
    public void allocate() {
        arena = Arena.ofConfined();
        long stride = Math.max(bytes, ALIGNMENT);
        rowBytes = BLOCKS * stride;
        isWalking = place.equals("memory");
        long rowCount = isWalking ? Math.max(1, MEMORY_BYTES / rowBytes) : 1;
        memory = arena.allocate(rowCount * rowBytes, ALIGNMENT);
        SplittableRandom random = new SplittableRandom(0x51554F494EL);
        for (long i = 0; i < memory.byteSize(); i += Long.BYTES) {
            memory.set(JAVA_LONG, i, random.nextLong());
        }
        addresses = arena.allocate(ADDRESS, BLOCKS);
        parityAddresses = addresses.asSlice(8 * ADDRESS.byteSize());
        for (int i = 0; i < BLOCKS; i++) {
            blocks[i] = memory;
            offsets[i] = i * stride;
            addresses.setAtIndex(ADDRESS, i, memory.asSlice(offsets[i], bytes));
        }
        at = 0;
    }

    /// Lets go of the rows.
    @TearDown(Level.Trial)
    public void free() {
        arena.close();
    }

    /// {@return a block's memory}
    ///
    /// @param index 0 to 10
    MemorySegment block(int index) {
        return memory.asSlice(offsets[index], bytes);
    }

    /// To the next row, where there is more than one.
    void advance() {
        if (isWalking) {
            move();
        }
    }

    private void move() {
        at = at + 2 * rowBytes <= memory.byteSize() ? at + rowBytes : 0;
        long stride = rowBytes / BLOCKS;
        for (int i = 0; i < BLOCKS; i++) {
            offsets[i] = at + i * stride;
            addresses.setAtIndex(JAVA_LONG, i, memory.address() + offsets[i]);
        }
    }
}
