package io.quoin.benchmarks;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.quoin.codec.guard.Crc16;
import io.quoin.codec.guard.Crc32c;
import io.quoin.codec.guard.Xxh3;
import io.quoin.codec.parity.ErasureCode;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// The benchmarks do what they say they measure, and peers do the same job.
class CodecBenchmarkTest {
    private final CodecBenchmark benchmark = new CodecBenchmark();
    private final PeerBenchmark peer = new PeerBenchmark();
    private final Row row = new Row();

    @BeforeEach
    void allocate() {
        row.bytes = 4096;
        row.place = "cache";
        row.allocate();
        peer.prepare(row);
    }

    @AfterEach
    void free() {
        peer.free();
        row.free();
    }

    private byte[] content(int block) {
        return row.block(block).toArray(JAVA_BYTE);
    }

    @Test
    void reconstructsTheBlocksThatItEncoded() {
        benchmark.rs8(row);
        byte[] first = content(0);
        byte[] second = content(1);
        row.block(0).fill((byte) 0);
        row.block(1).fill((byte) 0);
        benchmark.reconstruct2(row);
        assertThat(content(0)).isEqualTo(first);
        assertThat(content(1)).isEqualTo(second);
    }

    @Test
    void guardsAreThoseOfTheBlock() {
        MemorySegment block = row.block(0);
        assertThat(benchmark.guards(row)).isEqualTo(Crc32c.of(block, 0, 4096));
        assertThat(peer.crc32cJdk()).isEqualTo(benchmark.crc32c(row) & 0xFFFFFFFFL);
        assertThat(benchmark.crc16Sectors(row).get(JAVA_BYTE, 0))
                .isEqualTo((byte) Crc16.IBM_3740.of(block, 0, 512));
        assertThat(benchmark.xxh3(row).asSlice(0, Xxh3.BYTES).toArray(JAVA_BYTE))
                .isNotEqualTo(new byte[Xxh3.BYTES]);
        assertThat(peer.crc16Table()).isBetween(0L, 0xFFFFL);
        assertThat(benchmark.secded(row)).isPositive();
    }

    @Test
    void isalComputesTheSameCrcAndParities() {
        assumeThat(Isal.isInstalled()).isTrue();
        assertThat(peer.crc16Isal(row)).isEqualTo(Crc16.T10_DIF.of(row.block(0), 0, 4096));
        benchmark.xor4(row);
        byte[] p = content(4);
        row.block(4).fill((byte) 0);
        peer.xor4Isal(row);
        assertThat(content(4)).isEqualTo(p);
        benchmark.pq4(row);
        byte[] q = content(5);
        row.block(4).fill((byte) 0);
        row.block(5).fill((byte) 0);
        peer.pq4Isal(row);
        assertThat(content(4)).isEqualTo(p);
        assertThat(content(5)).isEqualTo(q);
        ErasureCode.of(8, 3).encode(row.blocks, row.offsets, 4096);
        byte[] r = content(10);
        peer.rs8Isal(row);
        assertThat(content(10)).as("a Cauchy matrix of its own").isNotEqualTo(r);
    }

    @Test
    void hadoopWritesThreeParities() throws IOException {
        for (byte[] parity : peer.rs8Hadoop()) {
            assertThat(parity).isNotEqualTo(new byte[4096]);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"cache", "memory"})
    void rowsFollowEachOtherInMemoryOnly(String place) {
        row.free();
        row.place = place;
        row.allocate();
        byte[] first = content(0);
        benchmark.crc16(row);
        assertThat(Arrays.equals(content(0), first)).isEqualTo(place.equals("cache"));
        peer.copy(row);
        assertThat(content(1)).isEqualTo(content(0));
    }
}
