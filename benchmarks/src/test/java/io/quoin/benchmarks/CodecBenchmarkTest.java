package io.quoin.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.hamming.Secded;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// The benchmark does what it says it measures.
class CodecBenchmarkTest {
    private final CodecBenchmark benchmark = new CodecBenchmark();

    @BeforeEach
    void allocate() {
        benchmark.allocate();
    }

    @AfterEach
    void free() {
        benchmark.free();
    }

    @Test
    void findsEverySectorCleanThatItEncoded() {
        assertThat(benchmark.secdedLocate()).isEqualTo(8 * Secded.CLEAN);
    }

    @Test
    void reconstructsTheBlocksThatItEncoded() {
        benchmark.rsEncode8plus3();
        int before = benchmark.crc32c();
        benchmark.rsReconstruct3of8plus3();
        assertThat(benchmark.crc32c()).isEqualTo(before);
    }

    @Test
    void runsEveryOtherOperation() {
        assertThat(benchmark.crc16Sectors().byteSize()).isEqualTo(16);
        assertThat(benchmark.xorEncode4()).isNotEmpty();
        assertThat(benchmark.pqEncode4()).isNotEmpty();
    }
}
