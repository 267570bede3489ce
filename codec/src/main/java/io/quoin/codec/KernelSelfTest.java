package io.quoin.codec;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.quoin.codec.guard.Crc16;
import io.quoin.codec.guard.Crc32c;
import io.quoin.codec.guard.Xxh3;
import io.quoin.codec.hamming.Secded;
import io.quoin.codec.kernel.Kernels;
import io.quoin.codec.parity.ErasureCode;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// Compares the kernels that this process uses now with their definitions, on this machine, before they touch a customer's byte.
///
/// Each kernel works on native blocks of pseudo-random bytes, at an offset that fits no vector, and its results are compared
/// with a bit-by-bit computation that shares no table and no loop with it; XXH3, which is defined by words, with values that
/// xxHash's own library computed. Costs about 20 ms, and in a cold JVM 70 ms with the scalar
/// kernels and 0.5 s with the vector kernels; no memory stays.
/// What it cannot see is a compiler that goes wrong only once a loop is hot: {@link KernelWarmUp} may, and verified reads remain the last line.
public final class KernelSelfTest {
    private static final int BLOCK_BYTES = 4096;
    private static final int SECTOR_BYTES = 512;
    private static final int SECTORS = BLOCK_BYTES / SECTOR_BYTES;
    private static final int DATA_COUNT = 9;
    private static final int PARITY_COUNT = 4;
    private static final int STEP_BYTES = 64;
    private static final ValueLayout.OfLong LONG =
            ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN);

    private KernelSelfTest() {}

    /// Compares every kernel with its definition.
    ///
    /// @throws IllegalStateException when one disagrees, with its name, the place, and what was expected and found; the process
    ///     must then not serve any volume
    public static void verify() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment data = arena.allocate(BLOCK_BYTES + STEP_BYTES, 64);
            scramble(data);
            for (long offset : new long[] {0, 13}) {
                verifyCrc16("crc16 IBM-3740", Crc16.IBM_3740, 0x1021, 0xFFFF, data, offset);
                verifyCrc16("crc16 T10-DIF", Crc16.T10_DIF, 0x8BB7, 0, data, offset);
                verifyCrc32c(data, offset);
                verifySecded(data, offset);
            }
            verifyXxh3(data, 0, 0x8D389312A27A6060L, 0x3DB489ABF3BDDE23L);
            verifyXxh3(data, 13, 0x4BE1FE05CDAC04AEL, 0x9EDCB195A91DC57FL);
            verifyParity(arena);
        }
    }

    /// {@return which kernels were chosen and why, for the log and `quoin status`}
    public static String description() {
        return Kernels.description();
    }

    private static void verifyCrc16(
            String name,
            Crc16 crc16,
            int polynomial,
            int initial,
            MemorySegment data,
            long offset) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment found = arena.allocate(2 * SECTORS);
            crc16.sectors(data, offset, SECTORS, found, 0);
            for (int sector = 0; sector < SECTORS; sector++) {
                long from = offset + sector * SECTOR_BYTES;
                int register = crc16BitByBit(polynomial, initial, data, from, SECTOR_BYTES);
                expect(
                        name,
                        "sector " + sector,
                        register,
                        at(found, 2 * sector) | at(found, 2 * sector + 1) << 8);
                expect(
                        name,
                        "sector " + sector + " alone",
                        register,
                        crc16.of(data, from, SECTOR_BYTES));
            }
            for (int lengthBytes : new int[] {BLOCK_BYTES, BLOCK_BYTES - STEP_BYTES / 2 - 1}) {
                expect(
                        name,
                        lengthBytes + " bytes",
                        crc16BitByBit(polynomial, initial, data, offset, lengthBytes),
                        crc16.of(data, offset, lengthBytes));
            }
        }
    }

    private static int crc16BitByBit(
            int polynomial, int initial, MemorySegment data, long offset, int lengthBytes) {
        int register = initial;
        for (int i = 0; i < lengthBytes; i++) {
            register ^= at(data, offset + i) << 8;
            for (int bit = 0; bit < 8; bit++) {
                register = (register << 1 ^ polynomial * (register >>> 15)) & 0xFFFF;
            }
        }
        return register;
    }

    private static void verifyCrc32c(MemorySegment data, long offset) {
        int register = -1;
        for (int i = 0; i < BLOCK_BYTES; i++) {
            register ^= at(data, offset + i);
            for (int bit = 0; bit < 8; bit++) {
                register = register >>> 1 ^ 0x82F63B78 * (register & 1);
            }
        }
        expect("crc32c", "block", ~register, Crc32c.of(data, offset, BLOCK_BYTES));
    }

    /// libxxhash 0.8.1 over the same 4096 bytes.
    private static void verifyXxh3(MemorySegment data, long offset, long low, long high) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment found = arena.allocate(Xxh3.BYTES, 8);
            Xxh3.digest(data, offset, BLOCK_BYTES, found, 0);
            expect("xxh3", "low half", low, found.get(LONG, 0));
            expect("xxh3", "high half", high, found.get(LONG, 8));
        }
    }

    private static void verifySecded(MemorySegment data, long offset) {
        int syndrome = 0;
        int count = 0;
        for (int i = 0; i < SECTOR_BYTES * 8; i++) {
            if ((at(data, offset + i / 8) >>> i % 8 & 1) == 1) {
                syndrome ^= i < 64 ? 4032 + i : 4096 + i;
                count++;
            }
        }
        int code = syndrome | (count + Integer.bitCount(syndrome) & 1) << 13;
        expect("secded", "sector", code, Secded.encode(data, offset));
    }

    /// P, Q and two more from their definitions, then every pair of data blocks recomputed from P and Q.
    private static void verifyParity(Arena arena) {
        int n = DATA_COUNT + PARITY_COUNT;
        ErasureCode code = ErasureCode.of(DATA_COUNT, PARITY_COUNT);
        MemorySegment[] blocks = new MemorySegment[n];
        long[] offsets = new long[n];
        MemorySegment region = arena.allocate((long) n * (3 * STEP_BYTES + 1), 64);
        scramble(region);
        for (int i = 0; i < n; i++) {
            blocks[i] = region;
            offsets[i] = (long) i * (3 * STEP_BYTES + 1);
        }
        code.encode(blocks, offsets, 3 * STEP_BYTES);
        for (int parity = 0; parity < PARITY_COUNT; parity++) {
            for (int i = 0; i < 3 * STEP_BYTES; i++) {
                int sum = 0;
                for (int j = 0; j < DATA_COUNT; j++) {
                    sum ^= times(factor(parity, j), at(region, offsets[j] + i));
                }
                expect(
                        "parity",
                        "row " + parity + ", byte " + i,
                        sum,
                        at(region, offsets[DATA_COUNT + parity] + i));
            }
        }
        MemorySegment whole = arena.allocate(region.byteSize()).copyFrom(region);
        for (int lost = 0; lost + 1 < DATA_COUNT; lost++) {
            int wantedMask = 0b11 << lost;
            region.asSlice(offsets[lost], 3 * STEP_BYTES).fill((byte) 0);
            region.asSlice(offsets[lost + 1], 3 * STEP_BYTES).fill((byte) 0);
            code.reconstruct(
                    blocks, offsets, (1 << n) - 1 & ~wantedMask, wantedMask, 3 * STEP_BYTES);
            expect(
                    "parity",
                    "first wrong byte after losing blocks " + lost + " and " + (lost + 1),
                    -1,
                    (int) region.mismatch(whole));
        }
    }

    /// The factor's reciprocal is found by trial: (x + 1) / (x + 2^-j), where P and Q have x infinite and 0.
    private static int factor(int parity, int data) {
        int power = 1;
        for (int j = 0; j < data; j++) {
            power = times(2, power);
        }
        if (parity < 2) {
            return parity == 0 ? 1 : power;
        }
        int x = 1 << parity - 1;
        int divisor = x ^ over(1, power);
        return over(x ^ 1, divisor);
    }

    private static int over(int dividend, int divisor) {
        int quotient = 1;
        while (times(quotient, divisor) != dividend) {
            quotient++;
        }
        return quotient;
    }

    private static int times(int a, int b) {
        int product = 0;
        for (int bit = 7; bit >= 0; bit--) {
            product = product << 1 ^ 0x11D * (product >>> 7);
            product ^= a * (b >>> bit & 1);
        }
        return product;
    }

    private static int at(MemorySegment data, long offset) {
        return data.get(JAVA_BYTE, offset) & 0xFF;
    }

    /// Marsaglia's xorshift: every bit pattern, the same on every start.
    private static void scramble(MemorySegment data) {
        int state = 0x2545F491;
        for (long i = 0; i < data.byteSize(); i++) {
            state ^= state << 13;
            state ^= state >>> 17;
            state ^= state << 5;
            data.set(JAVA_BYTE, i, (byte) state);
        }
    }

    static void expect(String kernel, String place, int expected, int found) {
        expect(kernel, place, expected & 0xFFFF_FFFFL, found & 0xFFFF_FFFFL);
    }

    private static void expect(String kernel, String place, long expected, long found) {
        if (expected != found) {
            throw new IllegalStateException(
                    "kernel %s (%s), %s: expected 0x%X, was 0x%X; force the other kernel with -D%s=scalar and report the machine"
                            .formatted(
                                    kernel,
                                    description(),
                                    place,
                                    expected,
                                    found,
                                    Kernels.PROPERTY));
        }
    }
}
