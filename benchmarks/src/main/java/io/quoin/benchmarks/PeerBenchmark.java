package io.quoin.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.concurrent.TimeUnit;
import java.util.zip.CRC32C;
import org.apache.hadoop.io.erasurecode.ErasureCoderOptions;
import org.apache.hadoop.io.erasurecode.rawcoder.RSRawEncoder;
import org.apache.hadoop.io.erasurecode.rawcoder.RawErasureEncoder;
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

/// Question: what do others take for the jobs of [CodecBenchmark]? Each is called the way it likes best: ISA-L with addresses
/// and without a safepoint transition, those in Java with arrays, the JDK's CRC with a buffer that is there already.
///
/// Parameters and what is kept still: as there. Warm-up is shorter, they need no more.
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Fork(1)
@Warmup(iterations = 4, time = 120, timeUnit = TimeUnit.MILLISECONDS)
@Measurement(iterations = 5, time = 80, timeUnit = TimeUnit.MILLISECONDS)
public class PeerBenchmark {
    private static final int DATA = 8;
    private static final int PARITY = 3;

    private final CRC32C crc32c = new CRC32C();
    private final org.apache.commons.codec.digest.Crc16 table =
            org.apache.commons.codec.digest.Crc16.ccitt();
    private final RawErasureEncoder hadoop =
            new RSRawEncoder(new ErasureCoderOptions(DATA, PARITY));

    private Arena arena;
    private MemorySegment tables;
    private ByteBuffer buffer;
    private final byte[][] data = new byte[DATA][];
    private final byte[][] parity = new byte[PARITY][];

    /// Copies blocks to where peers want them.
    ///
    /// @param row of blocks
    @Setup(Level.Trial)
    public void prepare(Row row) {
        arena = Arena.ofConfined();
        if (Isal.isInstalled()) {
            tables = Isal.tables(arena, DATA, PARITY);
        }
        buffer = row.blocks[0].asSlice(row.offsets[0], row.bytes).asByteBuffer();
        for (int i = 0; i < DATA; i++) {
            data[i] = row.blocks[i].asSlice(row.offsets[i], row.bytes).toArray(JAVA_BYTE);
        }
        for (int i = 0; i < PARITY; i++) {
            parity[i] = new byte[row.bytes];
        }
    }

    /// Lets go of them.
    @TearDown(Level.Trial)
    public void free() {
        arena.close();
    }

    /// {@return a row, after a copy of its first block to the second}
    ///
    /// @param row of blocks
    @Benchmark
    public MemorySegment[] copy(Row row) {
        row.advance();
        MemorySegment.copy(row.blocks[0], row.offsets[0], row.blocks[1], row.offsets[1], row.bytes);
        return row.blocks;
    }

    /// {@return the CRC-16/T10-DIF of a block, by ISA-L}
    ///
    /// @param row of blocks
    @Benchmark
    public int crc16Isal(Row row) {
        row.advance();
        return Isal.crc16T10Dif(row.block(0), row.bytes);
    }

    /// {@return a row with P of four data blocks, by ISA-L}
    ///
    /// @param row of blocks
    @Benchmark
    public MemorySegment xor4Isal(Row row) {
        row.advance();
        Isal.xor(4 + 1, row.bytes, row.addresses);
        return row.addresses;
    }

    /// {@return a row with P and Q of four data blocks, by ISA-L}
    ///
    /// @param row of blocks
    @Benchmark
    public MemorySegment pq4Isal(Row row) {
        row.advance();
        Isal.pq(4 + 2, row.bytes, row.addresses);
        return row.addresses;
    }

    /// {@return a row with three parities of eight data blocks, by ISA-L}
    ///
    /// @param row of blocks
    @Benchmark
    public MemorySegment rs8Isal(Row row) {
        row.advance();
        Isal.encode(row.bytes, DATA, PARITY, tables, row.addresses, row.parityAddresses);
        return row.addresses;
    }

    /// {@return the CRC-32C of a block in the cache, by the JDK}
    @Benchmark
    public long crc32cJdk() {
        crc32c.reset();
        crc32c.update(buffer.rewind());
        return crc32c.getValue();
    }

    /// {@return a reflected CRC16 with the polynomial 0x1021 of a block in the cache, byte by byte through a table}
    @Benchmark
    public long crc16Table() {
        table.reset();
        table.update(data[0], 0, data[0].length);
        return table.getValue();
    }

    /// {@return three parities of eight data blocks in the cache, by Hadoop's coder in Java}
    ///
    /// @throws IOException when the coder is closed
    @Benchmark
    public byte[][] rs8Hadoop() throws IOException {
        hadoop.encode(data, parity);
        return parity;
    }
}
