package io.quoin.codec.kernel;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.function.LongSupplier;

/// A vector kernel and its scalar twin at the same work, round after round, until the vector kernel is compiled and has
/// been right each time. One thread.
///
/// Compilers go by how often a thing was called, so the rounds are what makes it warm. What they compare is what a test at the
/// start cannot see: a compiler that goes wrong only once a loop is hot.
public abstract class KernelTrial {
    private static final int BLOCK_BYTES = 4096;
    private static final int BLOCKS = 12;

    /// Rounds in a row in which the vector kernel was the faster one. Before C2 is done it never is.
    private static final int ROUNDS_IN_A_ROW = 32;

    /// Rounds before it counts: until then the scalar kernel may be slow as well.
    private static final int LEAST_ROUNDS = 2000;

    /// Ten times what the slowest was seen to need.
    private static final int MAX_ROUNDS = 100_000;

    /// What a round may find.
    public enum Verdict {
        /// Not yet known.
        GO_ON,
        /// The vector kernel is used from now on.
        WARM,
        /// The vector kernel does not become faster; the scalar one stays in use.
        SLOW,
        /// The two differ; the scalar one stays in use.
        WRONG
    }

    private final String name;
    private final Warmth warmth;
    private int rounds;
    private int fasterInARow;

    KernelTrial(String name, Warmth warmth) {
        this.name = name;
        this.warmth = warmth;
    }

    /// {@return the job, as `crc16`}
    public final String name() {
        return name;
    }

    /// {@return whether, and for whom, the vector kernel may be used}
    public final Warmth warmth() {
        return warmth;
    }

    /// {@return how many rounds there were}
    public final int rounds() {
        return rounds;
    }

    /// Works and compares once; takes microseconds once the kernels are compiled, and up to 0.2 s before.
    ///
    /// @param nanoClock elapsed time, nanoseconds
    public final Verdict round(LongSupplier nanoClock) {
        rounds++;
        long start = nanoClock.getAsLong();
        workByScalar(rounds);
        long middle = nanoClock.getAsLong();
        workByVector(rounds);
        long end = nanoClock.getAsLong();
        if (!isSame()) {
            return Verdict.WRONG;
        }
        fasterInARow = end - middle < middle - start ? fasterInARow + 1 : 0;
        if (rounds >= LEAST_ROUNDS && fasterInARow >= ROUNDS_IN_A_ROW) {
            warmth.end();
            return Verdict.WARM;
        }
        return rounds < MAX_ROUNDS ? Verdict.GO_ON : Verdict.SLOW;
    }

    abstract void workByScalar(int round);

    abstract void workByVector(int round);

    /// {@return whether both left the same results}
    abstract boolean isSame();

    /// {@return blocks that are no two alike, native as those of volumes are}
    static MemorySegment blocks() {
        MemorySegment blocks = Arena.ofAuto().allocate(BLOCKS * BLOCK_BYTES, BLOCK_BYTES);
        long state = 0x9E3779B97F4A7C15L;
        for (int i = 0; i < BLOCKS * BLOCK_BYTES / Long.BYTES; i++) {
            state ^= state << 13;
            state ^= state >>> 7;
            state ^= state << 17;
            blocks.setAtIndex(ValueLayout.JAVA_LONG, i, state);
        }
        return blocks;
    }

    static MemorySegment room(long bytes) {
        return Arena.ofAuto().allocate(bytes, BLOCK_BYTES);
    }

    /// A block's offset in a round: all blocks in turn.
    static long block(int round) {
        return (long) (round % BLOCKS) * BLOCK_BYTES;
    }

    /// CRCs of a block's sectors, and one of the whole block.
    static final class OfCrc16 extends KernelTrial {
        private static final int SECTORS = BLOCK_BYTES / Crc16Kernel.SECTOR_BYTES;
        private static final int RESULT_BYTES = 2 * SECTORS;

        private static final int POLYNOMIAL = 0x1021;
        private static final int INITIAL = 0xFFFF;

        private final Crc16Kernel scalar = new ScalarCrc16Kernel(POLYNOMIAL, INITIAL);
        private final Crc16Kernel vector = VectorCrc16Kernel.of(POLYNOMIAL, INITIAL);
        private final MemorySegment data = blocks();
        private final MemorySegment results = room(2 * RESULT_BYTES);
        private int wholeByScalar;
        private int wholeByVector;

        OfCrc16(Warmth warmth) {
            super("crc16", warmth);
        }

        @Override
        void workByScalar(int round) {
            scalar.sectors(data, block(round), SECTORS, results, 0);
            wholeByScalar = scalar.of(data, block(round), BLOCK_BYTES);
        }

        @Override
        void workByVector(int round) {
            vector.sectors(data, block(round), SECTORS, results, RESULT_BYTES);
            wholeByVector = vector.of(data, block(round), BLOCK_BYTES);
        }

        @Override
        boolean isSame() {
            return wholeByScalar == wholeByVector
                    && MemorySegment.mismatch(
                                    results,
                                    0,
                                    RESULT_BYTES,
                                    results,
                                    RESULT_BYTES,
                                    2 * RESULT_BYTES)
                            < 0;
        }
    }

    /// Check bits of a block's sectors.
    static final class OfSecded extends KernelTrial {
        private final SecdedKernel scalar = new ScalarSecdedKernel();
        private final SecdedKernel vector = new VectorSecdedKernel();
        private final MemorySegment data = blocks();
        private long byScalar;
        private long byVector;

        OfSecded(Warmth warmth) {
            super("secded", warmth);
        }

        @Override
        void workByScalar(int round) {
            byScalar = 0;
            for (int at = 0; at < BLOCK_BYTES; at += SecdedKernel.SECTOR_BYTES) {
                byScalar = byScalar * 31 + scalar.encode(data, block(round) + at);
            }
        }

        @Override
        void workByVector(int round) {
            byVector = 0;
            for (int at = 0; at < BLOCK_BYTES; at += SecdedKernel.SECTOR_BYTES) {
                byVector = byVector * 31 + vector.encode(data, block(round) + at);
            }
        }

        @Override
        boolean isSame() {
            return byScalar == byVector;
        }
    }

    /// The sums of a block.
    static final class OfXxh3 extends KernelTrial {
        private final Xxh3Kernel scalar = new ScalarXxh3Kernel();
        private final Xxh3Kernel vector = new VectorXxh3Kernel();
        private final MemorySegment data = blocks();
        private final long[] byScalar = new long[Xxh3Sums.COUNT];
        private final long[] byVector = new long[Xxh3Sums.COUNT];

        OfXxh3(Warmth warmth) {
            super("xxh3", warmth);
        }

        @Override
        void workByScalar(int round) {
            scalar.sums(data, block(round), BLOCK_BYTES, byScalar);
        }

        @Override
        void workByVector(int round) {
            vector.sums(data, block(round), BLOCK_BYTES, byVector);
        }

        @Override
        boolean isSame() {
            return Arrays.equals(byScalar, byVector);
        }
    }

    /// Every loop of parity: sums of one to nine blocks, P and Q of one to nine, a third parity beside them, and combinations
    /// into one target and into two.
    static final class OfParity extends KernelTrial {
        private static final int SOURCES = BLOCKS - 3;

        /// A piece of each block: the loops are as hot, and a round is short.
        private static final int LENGTH_BYTES = 1024;

        private final Set byScalar = new Set(blocks());
        private final Set byVector = new Set(blocks());

        OfParity(Warmth warmth) {
            super("parity", warmth);
        }

        @Override
        void workByScalar(int round) {
            byScalar.work(ScalarParityKernel.INSTANCE, round);
        }

        @Override
        void workByVector(int round) {
            byVector.work(VectorParityKernel.INSTANCE, round);
        }

        @Override
        boolean isSame() {
            return byScalar.room.mismatch(byVector.room) < 0;
        }

        /// Sources in front, then up to three targets. What a round leaves is what the next one finds.
        private static final class Set {
            private static final int[] ONE = {SOURCES};
            private static final int[] TWO = {SOURCES + 1, SOURCES + 2};

            private final MemorySegment room;
            private final MemorySegment[] blocks = new MemorySegment[BLOCKS];
            private final long[] offsets = new long[BLOCKS];
            private final int[][] sources = new int[SOURCES + 1][];
            private final byte[][] factors = new byte[SOURCES + 1][];
            private final byte[][] thirds = new byte[SOURCES + 1][];

            Set(MemorySegment room) {
                this.room = room;
                for (int i = 0; i < BLOCKS; i++) {
                    blocks[i] = room;
                    offsets[i] = (long) i * BLOCK_BYTES;
                }
                for (int count = 1; count <= SOURCES; count++) {
                    sources[count] = new int[count];
                    thirds[count] = new byte[count];
                    factors[count] = new byte[2 * count];
                    for (int i = 0; i < count; i++) {
                        sources[count][i] = i;
                        thirds[count][i] = (byte) (3 * i + 2);
                        factors[count][i] = (byte) (29 * i + 7);
                        factors[count][count + i] = (byte) (71 * i + 3);
                    }
                }
            }

            // Each number of sources in turn, since which loops run is up to it.
            void work(ParityKernel kernel, int round) {
                int count = 1 + round % SOURCES;
                kernel.xor(blocks, offsets, (1 << count) - 1, SOURCES, LENGTH_BYTES);
                kernel.pq(blocks, offsets, count, LENGTH_BYTES);
                kernel.pqr(blocks, offsets, count, thirds[count], LENGTH_BYTES);
                kernel.combine(blocks, offsets, sources[count], TWO, factors[count], LENGTH_BYTES);
                kernel.combine(blocks, offsets, sources[count], ONE, thirds[count], LENGTH_BYTES);
            }
        }
    }
}
