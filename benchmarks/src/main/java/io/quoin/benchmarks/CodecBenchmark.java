package io.quoin.benchmarks;

import io.quoin.codec.guard.Crc16;
import io.quoin.codec.guard.Crc32c;
import io.quoin.codec.guard.Xxh3;
import io.quoin.codec.hamming.Secded;
import io.quoin.codec.parity.ErasureCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/// Question: what does protecting blocks cost one thread, by our kernels? [PeerBenchmark] asks others the same.
///
/// Parameters: bytes of a block; whether the caches hold the row. Kept still: native memory, one thread, one kernel a JVM.
/// Warm-up is long because C2 takes a second for the larger loops, which are a thousand times slower until then.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 6, time = 250, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 80, timeUnit = TimeUnit.MILLISECONDS)
public class CodecBenchmark {
    static final int BLOCK_BYTES = 4096;
    static final int SECTOR_BYTES = Secded.SECTOR_BYTES;

    /// What is left of 8 + 3 without the first two, and those.
    static final int PRESENT = 0b111_1111_1100;

    static final int LOST = 0b11;

    private static final int SECTORS = BLOCK_BYTES / SECTOR_BYTES;
    private static final int MOST_SECTORS = 2048;

    private final ErasureCode xor4 = ErasureCode.of(4, 1);
    private final ErasureCode pq4 = ErasureCode.of(4, 2);
    private final ErasureCode rs8 = ErasureCode.of(8, 3);
    private final MemorySegment guards = Arena.ofAuto().allocate(2L * MOST_SECTORS, 8);

    /// {@return the CRC16 of a block as a whole}
    ///
    /// @param row of blocks
    @Benchmark
    public int crc16(Row row) {
        row.advance();
        return Crc16.IBM_3740.of(row.blocks[0], row.offsets[0], row.bytes);
    }

    /// {@return the guards' memory, after the CRC16 of each sector}
    ///
    /// @param row of blocks
    @Benchmark
    public MemorySegment crc16Sectors(Row row) {
        row.advance();
        int count = row.bytes / SECTOR_BYTES;
        Crc16.IBM_3740.sectors(row.blocks[0], row.offsets[0], count, guards, 0);
        return guards;
    }

    /// {@return the CRC-32C of a block}
    ///
    /// @param row of blocks
    @Benchmark
    public int crc32c(Row row) {
        row.advance();
        return Crc32c.of(row.blocks[0], row.offsets[0], row.bytes);
    }

    /// {@return the guards' memory, after the XXH3-128 of a block}
    ///
    /// @param row of blocks
    @Benchmark
    public MemorySegment xxh3(Row row) {
        row.advance();
        Xxh3.digest(row.blocks[0], row.offsets[0], row.bytes, guards, 0);
        return guards;
    }

    /// {@return the sum of the CRC-32C of each 4 KiB, whose sectors' CRC16 are computed too}
    ///
    /// @param row of blocks
    @Benchmark
    public int guards(Row row) {
        row.advance();
        int sum = 0;
        for (int done = 0; done < row.bytes; done += BLOCK_BYTES) {
            long offset = row.offsets[0] + done;
            Crc16.IBM_3740.sectors(row.blocks[0], offset, SECTORS, guards, 0);
            sum += Crc32c.of(row.blocks[0], offset, BLOCK_BYTES);
        }
        return sum;
    }

    /// {@return the sum of the SECDED codes of all sectors}
    ///
    /// @param row of blocks
    @Benchmark
    public int secded(Row row) {
        row.advance();
        int sum = 0;
        for (int done = 0; done < row.bytes; done += SECTOR_BYTES) {
            sum += Secded.encode(row.blocks[0], row.offsets[0] + done);
        }
        return sum;
    }

    /// {@return a row with P of four data blocks}
    ///
    /// @param row of blocks
    @Benchmark
    public MemorySegment[] xor4(Row row) {
        row.advance();
        xor4.encode(row.blocks, row.offsets, row.bytes);
        return row.blocks;
    }

    /// {@return a row with P and Q of four data blocks}
    ///
    /// @param row of blocks
    @Benchmark
    public MemorySegment[] pq4(Row row) {
        row.advance();
        pq4.encode(row.blocks, row.offsets, row.bytes);
        return row.blocks;
    }

    /// {@return a row with the three parities of eight data blocks}
    ///
    /// @param row of blocks
    @Benchmark
    public MemorySegment[] rs8(Row row) {
        row.advance();
        rs8.encode(row.blocks, row.offsets, row.bytes);
        return row.blocks;
    }

    /// {@return a row with its first two data blocks recomputed from six others, P and Q}
    ///
    /// @param row of blocks
    @Benchmark
    public MemorySegment[] reconstruct2(Row row) {
        row.advance();
        rs8.reconstruct(row.blocks, row.offsets, PRESENT, LOST, row.bytes);
        return row.blocks;
    }
}
