package io.quoin.codec;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import io.quoin.codec.guard.Crc16;
import io.quoin.codec.guard.Crc32c;
import io.quoin.codec.guard.Xxh3;
import io.quoin.codec.hamming.Secded;
import io.quoin.codec.parity.ErasureCode;
import java.lang.foreign.MemorySegment;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.IntSupplier;
import org.junit.jupiter.api.Test;

/// Nothing is allocated per block once the loops are compiled. This also finds a vector loop that fell off the cliff: boxed
/// vectors are garbage, and unlike time, garbage can be counted on a busy machine.
///
/// What C2 makes of a method is up to chance once in some hundred JVMs: in one of them it had not taken up CRC-32C for 20 s. A loop
/// that boxes does so in each, so that a failure counts when another JVM has it too.
final class AllocationTest {
    private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private static final long PATIENCE_NANOS = 20_000_000_000L;
    private static final int BATCH = 2_000;

    private static int sink;

    private final MemorySegment block = Memory.NATIVE.random(4096, 51);
    private final MemorySegment guards = Memory.NATIVE.allocate(16);

    @Test
    void guardsOfABlockAllocateNothing() throws Exception {
        hereOrInAnotherJvm(this::guards, "guards");
    }

    @Test
    void parityOfAStripeAllocatesNothing() throws Exception {
        hereOrInAnotherJvm(this::parity, "parity");
    }

    private static void hereOrInAnotherJvm(Runnable test, String name) throws Exception {
        try {
            test.run();
        } catch (AssertionError here) {
            List<String> command = new ArrayList<>();
            command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
            command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
            String own = System.getProperty("java.class.path");
            String all = System.getProperty("surefire.test.class.path", own);
            command.addAll(List.of("-cp", all, AllocationTest.class.getName(), name));
            Process other = new ProcessBuilder(command).inheritIO().start();
            if (other.waitFor() != 0) {
                throw here;
            }
            System.out.println("only in this JVM: " + here.getMessage());
        }
    }

    /// A JVM of its own for one of the tests.
    public static void main(String[] name) {
        AllocationTest test = new AllocationTest();
        switch (name[0]) {
            case "guards" -> test.guards();
            case "parity" -> test.parity();
            default -> throw new IllegalArgumentException(name[0]);
        }
    }

    private void guards() {
        settlesToNothing("crc32c", () -> Crc32c.of(block, 0, 4096));
        settlesToNothing("xxh3", this::xxh3);
        settlesToNothing("crc16 IBM-3740", () -> crc16(Crc16.IBM_3740));
        settlesToNothing("crc16 T10-DIF", () -> crc16(Crc16.T10_DIF));
        settlesToNothing("crc16 of a sector", () -> Crc16.IBM_3740.of(block, 512, 512));
        settlesToNothing("secded", () -> Secded.encode(block, 512) + Secded.locate(block, 1024, 0));
    }

    private void parity() {
        for (int m : new int[] {1, 2, 3, 6}) {
            int n = 6 + m;
            ErasureCode code = ErasureCode.of(6, m);
            MemorySegment[] blocks = new MemorySegment[n];
            Arrays.setAll(blocks, i -> Memory.NATIVE.random(4096, i));
            long[] offsets = new long[n];
            int lost = (1 << m) - 1 << 1;
            settlesToNothing("encode 6+" + m, () -> encode(code, blocks, offsets));
            settlesToNothing("encode one of 6+" + m, () -> encodeOne(code, blocks, offsets));
            settlesToNothing("verify 6+" + m, () -> code.verify(blocks, offsets, 4096) ? 1 : 0);
            settlesToNothing("reconstruct 6+" + m, () -> reconstruct(code, blocks, offsets, lost));
        }
    }

    private int crc16(Crc16 crc16) {
        crc16.sectors(block, 0, 8, guards, 0);
        return 0;
    }

    private int xxh3() {
        Xxh3.digest(block, 0, 4096, guards, 0);
        return 0;
    }

    private static int encode(ErasureCode code, MemorySegment[] blocks, long[] offsets) {
        code.encode(blocks, offsets, 4096);
        return 0;
    }

    private static int encodeOne(ErasureCode code, MemorySegment[] blocks, long[] offsets) {
        code.encodeOne(code.parityCount() - 1, blocks, offsets, 4096);
        return 0;
    }

    private static int reconstruct(
            ErasureCode code, MemorySegment[] blocks, long[] offsets, int lost) {
        int all = (1 << blocks.length) - 1;
        code.reconstruct(blocks, offsets, all & ~lost, lost, 4096);
        return 0;
    }

    private static void settlesToNothing(String name, IntSupplier work) {
        long deadline = System.nanoTime() + PATIENCE_NANOS;
        long allocated;
        do {
            long before = THREADS.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < BATCH; i++) {
                sink += work.getAsInt();
            }
            allocated = THREADS.getCurrentThreadAllocatedBytes() - before;
        } while (allocated >= BATCH && System.nanoTime() < deadline);
        assertThat(allocated / BATCH)
                .as("bytes per %s, %s", name, KernelSelfTest.description())
                .isZero();
    }
}
