package io.quoin.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.quoin.codec.guard.Crc16;
import io.quoin.codec.guard.Crc32c;
import io.quoin.codec.hamming.Secded;
import io.quoin.codec.parity.ErasureCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;
import org.openjdk.jmh.annotations.Warmup;

/// Question: what does protecting 4 KiB blocks cost one thread?
///
/// Parameters: none but the code. Kept still: native memory, aligned to 4 KiB; one row of blocks of
/// pseudo-random bytes, warm in the cache (at most 44 KiB); one thread; lengths known to the compiler
/// as they are in the data path. What memory bandwidth does to blocks out of the cache is not asked here.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(2)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
public class CodecBenchmark {
    static final int BLOCK_BYTES = 4096;

    private static final int SECTOR_BYTES = Secded.SECTOR_BYTES;
    private static final int SECTORS = BLOCK_BYTES / SECTOR_BYTES;
    private static final int MOST_BLOCKS = 8 + 3;
    private static final int CODE_BYTES = 2;

    private final ErasureCode xor4 = ErasureCode.of(4, 1);
    private final ErasureCode pq4 = ErasureCode.of(4, 2);
    private final ErasureCode rs8 = ErasureCode.of(8, 3);

    private Arena arena;
    private MemorySegment[] blocks;
    private long[] offsets;
    private MemorySegment guards;
    private int[] codes;

    /// Fills a row of blocks.
    @Setup(Level.Trial)
    public void allocate() {
        arena = Arena.ofConfined();
        MemorySegment memory = arena.allocate((long) MOST_BLOCKS * BLOCK_BYTES, BLOCK_BYTES);
        Random random = new Random(0x51554F494EL);
        for (long i = 0; i < memory.byteSize(); i++) {
            memory.set(JAVA_BYTE, i, (byte) random.nextInt());
        }
        blocks = new MemorySegment[MOST_BLOCKS];
        offsets = new long[MOST_BLOCKS];
        for (int i = 0; i < MOST_BLOCKS; i++) {
            blocks[i] = memory;
            offsets[i] = (long) i * BLOCK_BYTES;
        }
        guards = arena.allocate((long) SECTORS * CODE_BYTES, CODE_BYTES);
        codes = new int[SECTORS];
        secdedEncode();
    }

    /// Lets go of the blocks.
    @TearDown(Level.Trial)
    public void free() {
        arena.close();
    }

    /// {@return the guards' memory, after the eight CRC16 of a block}
    @Benchmark
    public MemorySegment crc16Sectors() {
        Crc16.IBM_3740.sectors(blocks[0], 0, SECTORS, guards, 0);
        return guards;
    }

    /// {@return the CRC-32C of a block}
    @Benchmark
    public int crc32c() {
        return Crc32c.of(blocks[0], 0, BLOCK_BYTES);
    }

    /// {@return the eight SECDED codes of a block}
    @Benchmark
    public int[] secdedEncode() {
        for (int i = 0; i < SECTORS; i++) {
            codes[i] = Secded.encode(blocks[0], (long) i * SECTOR_BYTES);
        }
        return codes;
    }

    /// {@return the sum of what eight sectors say when compared with their codes: all clean}
    @Benchmark
    public int secdedLocate() {
        int sum = 0;
        for (int i = 0; i < SECTORS; i++) {
            sum += Secded.locate(blocks[0], (long) i * SECTOR_BYTES, codes[i]);
        }
        return sum;
    }

    /// {@return a row with P of four data blocks}
    @Benchmark
    public MemorySegment[] xorEncode4() {
        xor4.encode(blocks, offsets, BLOCK_BYTES);
        return blocks;
    }

    /// {@return a row with P and Q of four data blocks}
    @Benchmark
    public MemorySegment[] pqEncode4() {
        pq4.encode(blocks, offsets, BLOCK_BYTES);
        return blocks;
    }

    /// {@return a row with the three parities of eight data blocks}
    @Benchmark
    public MemorySegment[] rsEncode8plus3() {
        rs8.encode(blocks, offsets, BLOCK_BYTES);
        return blocks;
    }

    /// {@return a row with its first three data blocks recomputed from five others and three parities}
    @Benchmark
    public MemorySegment[] rsReconstruct3of8plus3() {
        rs8.reconstruct(blocks, offsets, 0b111_1111_1000, 0b111, BLOCK_BYTES);
        return blocks;
    }

    /// {@return how many bytes of data one call protects or recomputes}
    ///
    /// @param method name of a benchmark of this class
    static int dataBytes(String method) {
        return switch (method) {
            case "xorEncode4", "pqEncode4" -> 4 * BLOCK_BYTES;
            case "rsEncode8plus3" -> 8 * BLOCK_BYTES;
            case "rsReconstruct3of8plus3" -> 3 * BLOCK_BYTES;
            default -> BLOCK_BYTES;
        };
    }
}
