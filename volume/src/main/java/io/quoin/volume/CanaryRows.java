package io.quoin.volume;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.DrillReport.Damage;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;

/// Which canary blocks a drill damages, what it writes to them, and what damage looks like. Computation alone.
final class CanaryRows {
    private static final ValueLayout.OfLong WORD = ValueLayout.JAVA_LONG_UNALIGNED;
    private static final long GOLDEN = 0x9E3779B97F4A7C15L;
    private static final int SCRAMBLED_BYTES = 64;
    private static final int LEAST_ROWS = 2;

    /// A block of a member.
    ///
    /// @param slot slot of the member
    /// @param row canary row
    /// @param position of the slot in that row
    record Target(int slot, long row, int position) {}

    private CanaryRows() {}

    /// {@return for each slot a block that is data, and one that is parity or a copy, if there is one}
    ///
    /// @param geometry of a volume with canary rows
    static List<Target> targets(Geometry geometry) {
        List<Target> targets = new ArrayList<>();
        for (int slot = 0; slot < geometry.slotCount(); slot++) {
            for (boolean isParity : new boolean[] {false, true}) {
                long row = rowFor(geometry, slot, isParity);
                if (row >= 0) {
                    targets.add(new Target(slot, row, geometry.positionAt(row, slot)));
                }
            }
        }
        return targets;
    }

    /// {@return the rows of targets, and another one if they are all in one}
    ///
    /// @param geometry of a volume with canary rows
    /// @param targets what is damaged
    static long[] rows(Geometry geometry, List<Target> targets) {
        LongStream all = targets.stream().mapToLong(Target::row);
        long[] rows = all.distinct().sorted().toArray();
        return rows.length >= LEAST_ROWS
                ? rows
                : new long[] {rows[0], rows[0] + geometry.groupCount()};
    }

    /// {@return a canary row in which a slot has a position of a kind; -1: none}
    private static long rowFor(Geometry geometry, int slot, boolean isParity) {
        long first = geometry.memberBlocks() - geometry.canaryBlocks();
        int group = slot / geometry.width();
        for (long block = first; block < geometry.memberBlocks(); block++) {
            long row = block * geometry.groupCount() + group;
            if (geometry.positionAt(row, slot) >= geometry.dataCount() == isParity) {
                return row;
            }
        }
        return -1;
    }

    /// Fills a block with bytes that no other block and no other version has; nor has a parity of them, so the bytes are not linear in
    /// block and version. Source: G. L. Steele et al., "Fast splittable pseudorandom number generators", 2014.
    ///
    /// @param memory receives the block
    /// @param offset its first byte there
    /// @param block number of the block
    /// @param version which of its contents, 0 to 255
    static void fill(MemorySegment memory, long offset, long block, long version) {
        long state = block << 8 | version;
        for (int i = 0; i < BLOCK_BYTES; i += Long.BYTES) {
            state += GOLDEN;
            long mixed = (state ^ state >>> 30) * 0xBF58476D1CE4E5B9L;
            mixed = (mixed ^ mixed >>> 27) * 0x94D049BB133111EBL;
            memory.set(WORD, offset + i, mixed ^ mixed >>> 31);
        }
    }

    /// Makes of a block what damage would make of it.
    ///
    /// @param damage the damage
    /// @param target whose block it is
    /// @param memory holds all of them
    /// @param right its content
    /// @param older its content before the last write
    /// @param foreign number of a block that nobody has
    /// @param at receives the damaged block
    static void damage(
            Damage damage,
            Target target,
            MemorySegment memory,
            long right,
            long older,
            long foreign,
            long at) {
        MemorySegment.copy(memory, right, memory, at, BLOCK_BYTES);
        long somewhere = at + (target.row * GOLDEN >>> 33) % (BLOCK_BYTES - SCRAMBLED_BYTES);
        switch (damage) {
            case FLIPPED_BIT -> {
                byte before = memory.get(ValueLayout.JAVA_BYTE, somewhere);
                memory.set(
                        ValueLayout.JAVA_BYTE, somewhere, (byte) (before ^ 1 << (somewhere & 7)));
            }
            case SCRAMBLED -> scramble(memory, somewhere, SCRAMBLED_BYTES);
            case LOST_WRITE -> MemorySegment.copy(memory, older, memory, at, BLOCK_BYTES);
            case MISPLACED_WRITE -> fill(memory, at, foreign, 0);
            case INFO_COPY, INFO, READ_ERROR, STALL ->
                    throw new IllegalArgumentException("not damage to a block: " + damage);
        }
    }

    /// Makes other bytes of some.
    ///
    /// @param memory holds them
    /// @param at the first
    /// @param bytes how many, a multiple of 8
    static void scramble(MemorySegment memory, long at, int bytes) {
        for (int i = 0; i < bytes; i += Long.BYTES) {
            memory.set(WORD, at + i, memory.get(WORD, at + i) * GOLDEN + 1);
        }
    }
}
