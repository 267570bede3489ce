package io.quoin.codec.parity;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.codec.Memory;
import io.quoin.codec.kernel.ParityKernel;
import io.quoin.codec.kernel.ScalarParityKernel;
import io.quoin.codec.kernel.VectorParityKernel;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.FieldSource;

final class ErasureCodeTest {
    static final List<ParityKernel> KERNELS =
            List.of(ScalarParityKernel.INSTANCE, VectorParityKernel.INSTANCE);

    @ParameterizedTest
    @FieldSource("KERNELS")
    void everyParityOfEverySizeAgreesWithTheDefinition(ParityKernel kernel) {
        for (int n = 1; n <= 32; n++) {
            for (int k = 1; k <= n; k++) {
                Stripe stripe = new Stripe(k, n - k, 64, Memory.NATIVE, 100 * n + k);
                ErasureCode.of(k, n - k, kernel).encode(stripe.blocks, stripe.offsets, 64);
                for (int j = 0; j < n - k; j++) {
                    for (int at = 0; at < 64; at += 9) {
                        int expected =
                                ErasureCodeReference.parity(
                                        j, stripe.blocks, stripe.offsets, k, at);
                        int actual =
                                stripe.blocks[k + j].get(JAVA_BYTE, stripe.offsets[k + j] + at)
                                        & 0xFF;
                        assertThat(actual)
                                .as("k %d, parity %d, byte %d", k, j, at)
                                .isEqualTo(expected);
                    }
                }
            }
        }
    }

    /// Lengths around a vector's and a piece's edge, in both kinds of memory, at offsets that fit no vector.
    @ParameterizedTest
    @FieldSource("KERNELS")
    void everyByteOfEveryLengthAgreesWithTheDefinition(ParityKernel kernel) {
        for (Memory memory : Memory.values()) {
            for (int m = 1; m <= 7; m++) {
                for (int length : new int[] {0, 64, 128, 192, 448, 4032, 4096, 4160, 8192, 8256}) {
                    Stripe stripe = new Stripe(6, m, length, memory, m);
                    byte[] around = stripe.region.toArray(JAVA_BYTE);
                    ErasureCode.of(6, m, kernel).encode(stripe.blocks, stripe.offsets, length);
                    for (int j = 0; j < m; j++) {
                        for (int at = 0; at < length; at++) {
                            int position = (int) stripe.offsets[6 + j] + at;
                            around[position] =
                                    (byte)
                                            ErasureCodeReference.parity(
                                                    j, stripe.blocks, stripe.offsets, 6, at);
                        }
                    }
                    assertThat(stripe.region.mismatch(MemorySegment.ofArray(around)))
                            .as(
                                    "%s, m %d, length %d: first wrong byte of the region",
                                    memory, m, length)
                            .isEqualTo(-1);
                }
            }
        }
    }

    /// Goal: any m of the blocks may be lost.
    /// Method: every k + m up to 12, every set of up to m lost blocks; they are overwritten, and must come back byte for byte.
    @ParameterizedTest
    @FieldSource("KERNELS")
    void everyLossOfUpToMBlocksIsRepairedWhileBlocksAreAtMostTwelve(ParityKernel kernel) {
        for (int n = 1; n <= 12; n++) {
            for (int k = 1; k <= n; k++) {
                ErasureCode code = ErasureCode.of(k, n - k, kernel);
                Stripe stripe = Stripe.encoded(code, 64, Memory.NATIVE, 7 * n + k);
                for (int lost = 0; lost < 1 << n; lost++) {
                    if (Integer.bitCount(lost) <= n - k) {
                        stripe.loseAndRepair(code, (1 << n) - 1 & ~lost, lost, 64);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @FieldSource("KERNELS")
    void randomLossesAreRepairedUpToThirtyTwoBlocks(ParityKernel kernel) {
        Random random = new Random(11);
        for (int round = 0; round < 600; round++) {
            int n = 13 + random.nextInt(20);
            int k = 1 + random.nextInt(n);
            int length = 64 * (1 + random.nextInt(3)) + (round % 50 == 0 ? 4096 : 0);
            ErasureCode code = ErasureCode.of(k, n - k, kernel);
            Stripe stripe = Stripe.encoded(code, length, Memory.values()[round & 1], round);
            for (int pattern = 0; pattern < 5; pattern++) {
                int lost = 0;
                for (int i = 0; i < n - k; i++) {
                    lost |= 1 << random.nextInt(n);
                }
                int all = -1 >>> 32 - n;
                int wanted = pattern == 0 ? lost : lost & random.nextInt();
                stripe.loseAndRepair(code, all & ~lost, wanted, length);
            }
        }
    }

    @ParameterizedTest
    @FieldSource("KERNELS")
    void oneParityAtATimeGivesTheSameAsAllTogether(ParityKernel kernel) {
        for (int k : new int[] {1, 2, 3, 4, 5, 8, 9, 20}) {
            for (int m = 1; m <= Math.min(9, 32 - k); m++) {
                ErasureCode code = ErasureCode.of(k, m, kernel);
                Stripe stripe = Stripe.encoded(code, 192, Memory.NATIVE, k);
                byte[] expected = stripe.region.toArray(JAVA_BYTE);
                for (int j = 0; j < m; j++) {
                    stripe.blocks[k + j].asSlice(stripe.offsets[k + j], 192).fill((byte) 0x5A);
                    MemorySegment[] blocks = Arrays.copyOf(stripe.blocks, k + m);
                    for (int other = 0; other < m; other++) {
                        blocks[k + other] = other == j ? blocks[k + other] : null;
                    }
                    code.encodeOne(j, blocks, stripe.offsets, 192);
                    assertThat(stripe.region.mismatch(MemorySegment.ofArray(expected)))
                            .as("k %d, m %d, parity %d", k, m, j)
                            .isEqualTo(-1);
                }
            }
        }
    }

    @ParameterizedTest
    @FieldSource("KERNELS")
    void verifyFindsEverySingleWrongByteAndChangesNothing(ParityKernel kernel) {
        for (int m = 0; m <= 4; m++) {
            ErasureCode code = ErasureCode.of(5, m, kernel);
            Stripe stripe = Stripe.encoded(code, 4160, Memory.NATIVE, m);
            byte[] before = stripe.region.toArray(JAVA_BYTE);
            assertThat(code.verify(stripe.blocks, stripe.offsets, 4160)).as("m %d", m).isTrue();
            for (int i = 0; i < 5 + m; i++) {
                for (int at : new int[] {0, 1, 63, 64, 2048, 4095, 4096, 4159}) {
                    long position = stripe.offsets[i] + at;
                    byte right = stripe.region.get(JAVA_BYTE, position);
                    stripe.region.set(JAVA_BYTE, position, (byte) (right ^ 0x10));
                    assertThat(code.verify(stripe.blocks, stripe.offsets, 4160))
                            .as("m %d, block %d, byte %d", m, i, at)
                            .isEqualTo(m == 0);
                    stripe.region.set(JAVA_BYTE, position, right);
                }
            }
            assertThat(code.verify(stripe.blocks, stripe.offsets, 4160))
                    .as("m %d, put right", m)
                    .isTrue();
            assertThat(stripe.region.toArray(JAVA_BYTE)).isEqualTo(before);
        }
    }

    @Test
    void oneDataBlockIsMirroredExactly() {
        for (int m = 1; m < 32; m++) {
            ErasureCode code = ErasureCode.of(1, m);
            Stripe stripe = Stripe.encoded(code, 128, Memory.NATIVE, m);
            for (int j = 1; j <= m; j++) {
                assertThat(
                                MemorySegment.mismatch(
                                        stripe.region,
                                        stripe.offsets[0],
                                        stripe.offsets[0] + 128,
                                        stripe.region,
                                        stripe.offsets[j],
                                        stripe.offsets[j] + 128))
                        .as("m %d, copy %d", m, j)
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void zerosEncodeToZeros() {
        ErasureCode code = ErasureCode.of(8, 3);
        MemorySegment[] blocks = new MemorySegment[11];
        Arrays.setAll(blocks, i -> Memory.NATIVE.allocate(4096));
        blocks[8].fill((byte) 1);
        blocks[9].fill((byte) 2);
        blocks[10].fill((byte) 3);
        code.encode(blocks, new long[11], 4096);
        MemorySegment zeros = Memory.NATIVE.allocate(4096);
        assertThat(blocks).allSatisfy(block -> assertThat(block.mismatch(zeros)).isEqualTo(-1));
    }

    @Test
    void theParitiesOfMAreTheFirstOnesOfOneMore() {
        for (int m = 1; m < 6; m++) {
            Stripe less = Stripe.encoded(ErasureCode.of(7, m), 64, Memory.HEAP, 12);
            Stripe more = Stripe.encoded(ErasureCode.of(7, m + 1), 64, Memory.HEAP, 12);
            for (int i = 0; i < 7 + m; i++) {
                assertThat(
                                MemorySegment.mismatch(
                                        less.region,
                                        less.offsets[i],
                                        less.offsets[i] + 64,
                                        more.region,
                                        more.offsets[i],
                                        more.offsets[i] + 64))
                        .as("m %d, block %d", m, i)
                        .isEqualTo(-1);
            }
        }
    }

    @Test
    void aReconstructionReadsTheFirstKPresentBlocksOnly() {
        ErasureCode code = ErasureCode.of(4, 3);
        Stripe stripe = Stripe.encoded(code, 64, Memory.NATIVE, 13);
        MemorySegment[] blocks = stripe.blocks.clone();
        blocks[5] = null;
        blocks[6] = null;
        byte[] expected = stripe.region.toArray(JAVA_BYTE);
        blocks[2].asSlice(stripe.offsets[2], 64).fill((byte) 0);
        code.reconstruct(blocks, stripe.offsets, 0b1111011, 0b0000100, 64);
        assertThat(stripe.region.toArray(JAVA_BYTE)).isEqualTo(expected);
    }

    /// Goal: threads may share a code. Method: each repairs and verifies stripes of its own, in patterns that are more than the
    /// code remembers, so that they replace each other's all the time.
    @Test
    void threadsShareACode() {
        ErasureCode code = ErasureCode.of(9, 4);
        List<Thread> threads = new ArrayList<>();
        Queue<Throwable> failures = new ConcurrentLinkedQueue<>();
        for (int t = 0; t < 4; t++) {
            int seed = 15 + t;
            Thread.UncaughtExceptionHandler note = (thread, failure) -> failures.add(failure);
            threads.add(
                    Thread.ofPlatform()
                            .uncaughtExceptionHandler(note)
                            .start(() -> repairAtRandom(code, seed)));
        }
        threads.forEach(ErasureCodeTest::join);
        assertThat(failures).isEmpty();
    }

    private static void repairAtRandom(ErasureCode code, int seed) {
        Random random = new Random(seed);
        Stripe stripe = Stripe.encoded(code, 128, Memory.NATIVE, seed);
        for (int round = 0; round < 4000; round++) {
            int lost =
                    1 << random.nextInt(13)
                            | 1 << random.nextInt(13)
                            | 1 << random.nextInt(13)
                            | 1 << random.nextInt(13);
            stripe.loseAndRepair(code, (1 << 13) - 1 & ~lost, lost, 128);
            assertThat(code.verify(stripe.blocks, stripe.offsets, 128))
                    .as("seed %d, round %d", seed, round)
                    .isTrue();
        }
    }

    private static void join(Thread thread) {
        try {
            thread.join();
        } catch (InterruptedException interrupted) {
            throw new AssertionError(interrupted);
        }
    }

    @Test
    void nothingWantedIsNothingDone() {
        ErasureCode.of(2, 1).reconstruct(new MemorySegment[3], new long[3], 0b011, 0, 64);
    }

    @Test
    void wrongSizesAreRefusedWithWhatWasExpected() {
        assertThatThrownBy(() -> ErasureCode.of(0, 1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dataCount: expected 1 to 32, was 0");
        assertThatThrownBy(() -> ErasureCode.of(33, 0))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("dataCount: expected 1 to 32, was 33");
        assertThatThrownBy(() -> ErasureCode.of(30, 3))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("parityCount: expected 0 to 2 beside 30 data blocks, was 3");
        assertThatThrownBy(() -> ErasureCode.of(3, -1))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("parityCount: expected 0 to 29 beside 3 data blocks, was -1");
        assertThat(ErasureCode.of(32, 0).parityCount()).isZero();
        assertThat(ErasureCode.of(1, 31).dataCount()).isEqualTo(1);
    }

    @Test
    void wrongMasksAndLengthsAreRefusedWithWhatWasExpected() {
        ErasureCode code = ErasureCode.of(3, 2);
        Stripe stripe = Stripe.encoded(code, 64, Memory.NATIVE, 14);
        assertThatThrownBy(
                        () -> code.reconstruct(stripe.blocks, stripe.offsets, 0b00011, 0b00100, 64))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("presentMask: expected at least 3 blocks, was 2: 11");
        assertThatThrownBy(
                        () -> code.reconstruct(stripe.blocks, stripe.offsets, 0b00111, 0b00100, 64))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("wantedMask: expected none of the present blocks, was 100 beside 111");
        assertThatThrownBy(() ->
                        code.reconstruct(stripe.blocks, stripe.offsets, 0b00111, 0b100000, 64))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("masks: expected positions 0 to 4, was 100111");
        assertThatThrownBy(() -> code.encode(stripe.blocks, stripe.offsets, 65))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("lengthBytes: expected a multiple of 64, was 65");
        assertThatThrownBy(() -> code.encode(stripe.blocks, stripe.offsets, -64))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("lengthBytes: expected a multiple of 64, was -64");
        assertThatThrownBy(() -> code.encodeOne(2, stripe.blocks, stripe.offsets, 64))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("parity: expected 0 to 1, was 2");
    }

    @Test
    void blocksBeyondTheirSegmentAreRefused() {
        MemorySegment[] blocks = new MemorySegment[5];
        Arrays.setAll(blocks, i -> Memory.NATIVE.allocate(128));
        for (int m = 1; m <= 3; m++) {
            ErasureCode code = ErasureCode.of(2, m);
            for (int i = 0; i < 2 + m; i++) {
                long[] offsets = new long[5];
                offsets[i] = 65;
                assertThatThrownBy(() -> code.encode(blocks, offsets, 64))
                        .as("m %d, block %d", m, i)
                        .isInstanceOf(IndexOutOfBoundsException.class);
            }
        }
    }

    /// Blocks of one stripe in one region, apart by a few random bytes that must survive.
    private static final class Stripe {
        final MemorySegment region;
        final MemorySegment[] blocks;
        final long[] offsets;
        private byte[] whole;

        Stripe(int k, int m, int length, Memory memory, long seed) {
            int apart = length + 5;
            region = memory.random((k + m) * apart + 3, seed);
            blocks = new MemorySegment[k + m];
            offsets = new long[k + m];
            for (int i = 0; i < k + m; i++) {
                blocks[i] = region;
                offsets[i] = 3 + (long) i * apart;
            }
        }

        static Stripe encoded(ErasureCode code, int length, Memory memory, long seed) {
            Stripe stripe = new Stripe(code.dataCount(), code.parityCount(), length, memory, seed);
            code.encode(stripe.blocks, stripe.offsets, length);
            stripe.whole = stripe.region.toArray(JAVA_BYTE);
            return stripe;
        }

        void loseAndRepair(ErasureCode code, int presentMask, int wantedMask, int length) {
            MemorySegment[] seen = blocks.clone();
            for (int i = 0; i < blocks.length; i++) {
                if ((wantedMask >>> i & 1) == 1) {
                    region.asSlice(offsets[i], length).fill((byte) 0xA5);
                } else if ((presentMask >>> i & 1) == 0) {
                    seen[i] = null;
                }
            }
            code.reconstruct(seen, offsets, presentMask, wantedMask, length);
            if (region.mismatch(MemorySegment.ofArray(whole)) != -1) {
                throw new AssertionError(
                        "k "
                                + code.dataCount()
                                + ", m "
                                + code.parityCount()
                                + ", present "
                                + Integer.toBinaryString(presentMask)
                                + ", wanted "
                                + Integer.toBinaryString(wantedMask)
                                + ": first wrong byte of the region "
                                + region.mismatch(MemorySegment.ofArray(whole)));
            }
        }
    }
}
