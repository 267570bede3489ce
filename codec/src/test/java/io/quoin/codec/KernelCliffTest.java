package io.quoin.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import com.sun.management.ThreadMXBean;
import io.quoin.codec.guard.Crc16;
import io.quoin.codec.guard.Crc32c;
import io.quoin.codec.guard.Xxh3;
import io.quoin.codec.hamming.Secded;
import io.quoin.codec.parity.ErasureCode;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;

/// Goal: no vector kernel has fallen off its cliff. Where C2 stops inlining, a loop boxes its vectors and runs 20 to 1000 times
/// slower while its results stay right.
///
/// Method: all kernels in one JVM, in turns on the same blocks, as in the daemon: each has met what the others did to the
/// profiles they share. Each is held against the JDK's CRC-32C of 4 KiB, measured beside it in the same turn, in the thread's
/// processor time, so that a busy machine does to both the same. The floors are a tenth of what a quiet machine with
/// vectors of 512 bits showed, and every kernel has half a minute to reach its own: until C2 is done they are all below.
final class KernelCliffTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long PATIENCE_NANOS = 30_000_000_000L;
    private static final long SLICE_NANOS = 3_000_000;

    private static int sink;

    private final MemorySegment[] blocks = new MemorySegment[11];
    private final long[] offsets = new long[11];
    private final MemorySegment guards = Memory.NATIVE.allocate(16);
    private final ErasureCode xor = ErasureCode.of(4, 1);
    private final ErasureCode pq = ErasureCode.of(4, 2);
    private final ErasureCode rs = ErasureCode.of(8, 3);

    /// A kernel's job.
    ///
    /// @param name for the message
    /// @param bytes of data that one call goes through
    /// @param floor of its speed, by that of the JDK's CRC-32C
    /// @param work one call
    private record Subject(String name, int bytes, double floor, Runnable work) {}

    private List<Subject> subjects() {
        return List.of(
                new Subject("crc16 of a block", 4096, 0.04, this::crc16),
                new Subject("crc16 of sectors", 4096, 0.03, this::sectors),
                new Subject("crc32c", 4096, 0.09, () -> sink += Crc32c.of(blocks[0], 0, 4096)),
                new Subject("xxh3", 4096, 0.1, () -> Xxh3.digest(blocks[0], 0, 4096, guards, 0)),
                new Subject("secded", 512, 0.05, () -> sink += Secded.encode(blocks[0], 512)),
                new Subject("xor 4+1", 4 * 4096, 0.2, () -> xor.encode(blocks, offsets, 4096)),
                new Subject("p+q 4+2", 4 * 4096, 0.1, () -> pq.encode(blocks, offsets, 4096)),
                new Subject("rs 8+3", 8 * 4096, 0.05, () -> rs.encode(blocks, offsets, 4096)),
                new Subject("reconstruct 2 of 8+3", 8 * 4096, 0.05, this::reconstruct));
    }

    private void crc16() {
        sink += Crc16.IBM_3740.of(blocks[0], 0, 4096);
    }

    private void sectors() {
        Crc16.IBM_3740.sectors(blocks[0], 0, 8, guards, 0);
    }

    private void reconstruct() {
        rs.reconstruct(blocks, offsets, 0b111_1111_1100, 0b11, 4096);
    }

    @Test
    void everyVectorKernelKeepsUpWithTheJdksCrc() {
        assumeThat(KernelSelfTest.description()).startsWith("vector");
        Arrays.setAll(blocks, i -> Memory.NATIVE.random(4096, i));
        rs.encode(blocks, offsets, 4096);
        ByteBuffer buffer = blocks[0].asByteBuffer();
        CRC32C crc = new CRC32C();
        Subject jdk =
                new Subject(
                        "jdk",
                        4096,
                        1,
                        () -> {
                            crc.reset();
                            crc.update(buffer.rewind());
                            sink += (int) crc.getValue();
                        });
        List<Subject> waiting = new ArrayList<>(subjects());
        List<String> seen = new ArrayList<>();
        long begin = System.nanoTime();
        while (!waiting.isEmpty() && System.nanoTime() - begin < PATIENCE_NANOS) {
            seen.clear();
            double base = bytesPerNano(jdk);
            for (Subject subject : List.copyOf(waiting)) {
                double ratio = bytesPerNano(subject) / base;
                if (ratio >= subject.floor) {
                    waiting.remove(subject);
                } else {
                    seen.add(
                            "%s: %.4f, expected %.2f"
                                    .formatted(subject.name, ratio, subject.floor));
                }
            }
        }
        assertThat(seen)
                .as("speed by that of the JDK's CRC-32C, %s", KernelSelfTest.description())
                .isEmpty();
        assertThat(waiting).isEmpty();
    }

    private static double bytesPerNano(Subject subject) {
        long begin = THREADS.getCurrentThreadCpuTime();
        long calls = 0;
        long spent;
        do {
            for (int i = 0; i < 20; i++) {
                subject.work.run();
            }
            calls += 20;
            spent = THREADS.getCurrentThreadCpuTime() - begin;
        } while (spent < SLICE_NANOS);
        return (double) calls * subject.bytes / spent;
    }
}
