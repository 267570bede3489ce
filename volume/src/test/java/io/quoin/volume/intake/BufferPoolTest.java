package io.quoin.volume.intake;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

final class BufferPoolTest {
    private static final int BLOCK = BufferPool.BLOCK_BYTES;

    /// Goal: an operation that needs a few blocks to go on gets them when clients have all the rest.
    @Test
    void keepsSomeBlocksThatClientsCannotHave() {
        try (BufferPool pool = new BufferPool(65_536)) {
            int all = pool.tryAllocate(65_536);
            assertThat(pool.tryAllocate(1)).isEqualTo(-1);
            Set<Integer> kept = new HashSet<>();
            for (int i = 0; i < 4; i++) {
                int offset = pool.tryAllocateReserved();
                assertThat(offset).isBetween(65_536, (pool.blocks() - 1) * BLOCK);
                assertThat(kept.add(offset)).isTrue();
                pool.region().asSlice(offset, 4096).fill((byte) i);
                assertThat(pool.sizeOf(offset)).isEqualTo(4096);
            }
            assertThat(pool.tryAllocateReserved()).isEqualTo(-1);
            int one = kept.iterator().next();
            pool.free(one);
            assertThat(pool.tryAllocate(1)).isEqualTo(-1);
            assertThat(pool.tryAllocateReserved()).isEqualTo(one);
            pool.free(all);
            assertThat(pool.tryAllocateReserved()).isEqualTo(0);
            assertThat(pool.freeBytes()).isEqualTo(65_536 - 4096);
        }
    }

    /// Goal: no byte is handed out twice, none is lost. Method: random takes and returns next to a map of what is out.
    @Test
    void buffersNeverOverlapAndNoneIsLost() {
        for (int seed = 0; seed < 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            try (BufferPool pool = new BufferPool(256 * BLOCK)) {
                TreeMap<Integer, Integer> out = new TreeMap<>();
                long taken = 0;
                for (int i = 0; i < 5_000; i++) {
                    if (random.nextInt(100) < 55) {
                        long bytes = 1 + random.nextLong(random.nextInt(8) == 0 ? 1 << 20 : 40_000);
                        int offset = pool.tryAllocate(bytes);
                        int size = roundedUp(bytes);
                        if (offset < 0) {
                            assertThat(hasAlignedGap(out, size))
                                    .as(
                                            "seed %d: refused %d bytes although there is room",
                                            seed, bytes)
                                    .isFalse();
                            continue;
                        }
                        assertThat(offset % size).isZero();
                        assertThat(pool.sizeOf(offset)).isEqualTo(size);
                        Map.Entry<Integer, Integer> before = out.lowerEntry(offset + size);
                        assertThat(before == null || before.getKey() + before.getValue() <= offset)
                                .as("seed %d: %d overlaps", seed, offset)
                                .isTrue();
                        out.put(offset, size);
                        taken += size;
                    } else if (!out.isEmpty()) {
                        List<Integer> keys = new ArrayList<>(out.keySet());
                        int offset = keys.get(random.nextInt(keys.size()));
                        taken -= out.remove(offset);
                        pool.free(offset);
                    }
                    assertThat(pool.freeBytes()).isEqualTo(pool.capacityBytes() - taken);
                }
                out.keySet().forEach(pool::free);
                assertThat(pool.tryAllocate(pool.capacityBytes()))
                        .as("everything has grown together again")
                        .isZero();
            }
        }
    }

    private static int roundedUp(long bytes) {
        int size = BLOCK;
        while (size < bytes) {
            size *= 2;
        }
        return size;
    }

    private static boolean hasAlignedGap(TreeMap<Integer, Integer> out, int size) {
        for (int at = 0; at + size <= 256 * BLOCK; at += size) {
            Map.Entry<Integer, Integer> before = out.lowerEntry(at + size);
            if (before == null || before.getKey() + before.getValue() <= at) {
                return true;
            }
        }
        return false;
    }

    @Test
    void neighboursGrowTogetherInWhateverOrderTheyComeBack() {
        for (int seed = 0; seed < 50; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            try (BufferPool pool = new BufferPool(64 * BLOCK)) {
                List<Integer> out = new ArrayList<>();
                for (int offset; (offset = pool.tryAllocate(1)) >= 0; ) {
                    out.add(offset);
                }
                assertThat(out).hasSize(64).doesNotHaveDuplicates();
                while (!out.isEmpty()) {
                    pool.free(out.remove(random.nextInt(out.size())));
                }
                assertThat(pool.tryAllocate(64 * BLOCK)).isZero();
            }
        }
    }

    @Test
    void moreThanThereIsIsRefusedAtOnceAndNotWaitedForForever() throws InterruptedException {
        try (BufferPool pool = new BufferPool(65_536)) {
            assertThat(pool.tryAllocate(65_537)).isEqualTo(-1);
            assertThat(pool.tryAllocate(Long.MAX_VALUE / 2)).isEqualTo(-1);
            assertThat(pool.allocate(1 << 20, 1_000_000)).isEqualTo(-1);
            assertThat(pool.freeBytes()).isEqualTo(65_536);
            assertThat(pool.isScarce()).isFalse();
        }
    }

    @Test
    void whoWaitsGetsTheBufferThatIsReturnedAndMakesThePoolScarceMeanwhile()
            throws InterruptedException {
        try (BufferPool pool = new BufferPool(65_536)) {
            int all = pool.tryAllocate(65_536);
            AtomicInteger got = new AtomicInteger(-2);
            Thread waiter =
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    got.set(pool.allocateWithin(5000, 20));
                                } catch (InterruptedException e) {
                                    got.set(-3);
                                }
                            });
            while (waiter.getState() != Thread.State.TIMED_WAITING) {
                Thread.onSpinWait();
            }
            assertThat(pool.isScarce()).isTrue();
            pool.free(all);
            waiter.join(20_000);
            assertThat(got.get()).isGreaterThanOrEqualTo(0);
            assertThat(pool.sizeOf(got.get())).isEqualTo(8192);
            assertThat(pool.isScarce()).isFalse();
        }
    }

    @Test
    void manyThreadsTakeAndReturnAndNobodySeesAnothersBytes() throws InterruptedException {
        try (BufferPool pool = new BufferPool(32 * BLOCK)) {
            int threads = 4;
            CountDownLatch done = new CountDownLatch(threads);
            AtomicInteger broken = new AtomicInteger();
            for (int t = 0; t < threads; t++) {
                byte mark = (byte) (t + 1);
                Thread.ofPlatform()
                        .start(() -> {
                            try {
                                SplittableRandom random = new SplittableRandom(mark);
                                for (int i = 0; i < 2_000; i++) {
                                    int offset =
                                            pool.allocateWithin(1 + random.nextInt(4 * BLOCK), 20);
                                    var mine = pool.region().asSlice(offset, pool.sizeOf(offset));
                                    mine.fill(mark);
                                    Thread.yield();
                                    for (long at = 0; at < mine.byteSize(); at += 509) {
                                        if (mine.get(java.lang.foreign.ValueLayout.JAVA_BYTE, at)
                                                != mark) {
                                            broken.incrementAndGet();
                                        }
                                    }
                                    pool.free(offset);
                                }
                            } catch (InterruptedException e) {
                                broken.incrementAndGet();
                            }
                            done.countDown();
                        });
            }
            assertThat(done.await(30, TimeUnit.SECONDS)).isTrue();
            assertThat(broken.get()).isZero();
            assertThat(pool.freeBytes()).isEqualTo(pool.capacityBytes());
        }
    }

    @Test
    void returningABufferTwiceIsABug() {
        try (BufferPool pool = new BufferPool(65_536)) {
            int offset = pool.tryAllocate(1);
            pool.free(offset);
            assertThatThrownBy(() -> pool.free(offset)).isInstanceOf(AssertionError.class);
        }
    }

    @Test
    void theSizeIsRoundedUpToAPowerOfTwoAndItsLimitsAreNamed() {
        try (BufferPool pool = new BufferPool(65_537)) {
            assertThat(pool.capacityBytes()).isEqualTo(131_072);
        }
        assertThatThrownBy(() -> new BufferPool(65_535))
                .hasMessage("buffer pool: expected 65536 to 1073741824 bytes, was 65535");
        assertThatThrownBy(() -> new BufferPool((1L << 30) + 1))
                .hasMessage("buffer pool: expected 65536 to 1073741824 bytes, was 1073741825");
    }
}
