package io.quoin.volume.member;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A member's threads when its device does not answer.
final class IoLanesTest {
    private static final int PAGE = 4096;

    /// A device in which operations at offset 0 stay until they are let go.
    private static final class StuckDevice implements BlockFile {
        final CountDownLatch entered = new CountDownLatch(1);
        final CountDownLatch released = new CountDownLatch(1);
        final CountDownLatch left = new CountDownLatch(1);

        private void pass(long offset) {
            if (offset != 0) {
                return;
            }
            entered.countDown();
            boolean isReleased = false;
            while (!isReleased) {
                try {
                    released.await();
                    isReleased = true;
                } catch (InterruptedException e) {
                    // A device does not care.
                }
            }
        }

        @Override
        public String name() {
            return "stuck";
        }

        @Override
        public long lengthBytes() {
            return 1 << 20;
        }

        @Override
        public IoResult read(MemorySegment target, long targetOffset, int length, long offset) {
            pass(offset);
            target.asSlice(targetOffset, length).fill((byte) 0x77);
            left.countDown();
            return IoResult.OK;
        }

        @Override
        public IoResult write(
                MemorySegment source, long sourceOffset, int length, long offset, boolean durable) {
            pass(offset);
            return IoResult.OK;
        }

        @Override
        public IoResult flush() {
            return IoResult.OK;
        }

        @Override
        public void close() {}
    }

    private final StuckDevice device = new StuckDevice();
    private final BlockingQueue<Io> done = new LinkedBlockingQueue<>();
    private final IoLanes lanes = new IoLanes(device, "test", 2, done::add);
    private final MemorySegment memory = Arena.ofAuto().allocate(PAGE, PAGE);

    @AfterEach
    void letGo() {
        device.released.countDown();
        lanes.close();
    }

    private Io read(long offset) {
        Io io = new Io();
        io.set(Io.Kind.READ, memory, 0, PAGE, offset);
        lanes.submit(io);
        return io;
    }

    @Test
    void aReadThatWasGivenUpNeverTouchesItsMemory() throws InterruptedException {
        Io stuck = read(0);
        Io behind = read(PAGE);
        assertThat(device.entered.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(lanes.isQuiet()).isFalse();
        assertThat(lanes.abandon(stuck)).isTrue();
        assertThat(lanes.abandon(behind)).isTrue();
        memory.fill((byte) 1);
        device.released.countDown();
        assertThat(device.left.await(10, TimeUnit.SECONDS)).isTrue();
        // The object is used again, for another operation.
        stuck.set(Io.Kind.FLUSH, memory, 0, 0, 0);
        lanes.submit(stuck);
        assertThat(done.poll(10, TimeUnit.SECONDS)).isSameAs(stuck);
        assertThat(done.poll(50, TimeUnit.MILLISECONDS)).isNull();
        assertThat(memory.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 1);
    }

    @Test
    void whatIsDoneCannotBeGivenUp() throws InterruptedException {
        Io io = read(PAGE);
        assertThat(done.poll(10, TimeUnit.SECONDS)).isSameAs(io);
        assertThat(lanes.abandon(io)).isFalse();
        assertThat(memory.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 0x77);
    }

    @Test
    void aStuckDeviceDoesNotKeepItsThreadsFromBeingLeftBehind() throws InterruptedException {
        read(0);
        assertThat(device.entered.await(10, TimeUnit.SECONDS)).isTrue();
        Thread closer = new Thread(lanes::close);
        closer.start();
        closer.join(20_000);
        assertThat(closer.isAlive()).isFalse();
        assertThat(lanes.isQuiet()).isFalse();
    }

    @Test
    void aReadMayFillPiecesOfMemory(@TempDir Path directory) throws Exception {
        Path path = directory.resolve("member");
        byte[] bytes = new byte[16 * PAGE];
        for (int i = 0; i < bytes.length; i++) {
            bytes[i] = (byte) (i / PAGE + 1);
        }
        Files.write(path, bytes);
        MemorySegment scattered = Arena.ofAuto().allocate(16 * PAGE, PAGE);
        BlockingQueue<Io> ended = new LinkedBlockingQueue<>();
        try (LocalFile file = LocalFile.open(path, true);
                IoLanes threads = new IoLanes(file, "test", 3, ended::add)) {
            Io io = new Io();
            io.set(Io.Kind.READ, scattered, PAGE, 5 * PAGE, 4 * PAGE);
            io.scatter(2 * PAGE, 5 * PAGE);
            threads.submit(io);
            assertThat(ended.poll(10, TimeUnit.SECONDS)).isSameAs(io);
            assertThat(io.result).isEqualTo(IoResult.OK);
        }
        int[] expected = {0, 5, 6, 0, 0, 0, 7, 8, 0, 0, 0, 9, 0, 0, 0, 0};
        for (int i = 0; i < 16; i++) {
            assertThat(scattered.get(ValueLayout.JAVA_BYTE, (long) i * PAGE))
                    .isEqualTo((byte) expected[i]);
            assertThat(scattered.get(ValueLayout.JAVA_BYTE, (i + 1L) * PAGE - 1))
                    .isEqualTo((byte) expected[i]);
        }
    }

    @Test
    void neighboursThatWaitTogetherAreWrittenAtOnceAndEachIsHeardOf(@TempDir Path directory)
            throws Exception {
        Path path = directory.resolve("member");
        Files.write(path, new byte[4 << 20]);
        int count = 600;
        MemorySegment memory = Arena.ofAuto().allocate((long) count * PAGE, PAGE);
        for (int i = 0; i < count; i++) {
            memory.asSlice((long) i * PAGE, PAGE).fill((byte) (i + 1));
        }
        BlockingQueue<Io> done = new LinkedBlockingQueue<>();
        try (LocalFile file = LocalFile.open(path, true);
                IoLanes lanes = new IoLanes(file, "test", 3, done::add)) {
            // Memory in another order than on the member, and a gap.
            for (int i = 0; i < count; i++) {
                int from = count - 1 - i;
                Io io = new Io();
                io.set(
                        Io.Kind.WRITE,
                        memory,
                        (long) from * PAGE,
                        PAGE,
                        (i < 300 ? i : i + 7L) * PAGE);
                io.mark = from;
                lanes.submit(io);
            }
            for (int i = 0; i < count; i++) {
                Io io = done.poll(30, TimeUnit.SECONDS);
                assertThat(io).isNotNull();
                assertThat(io.result).isEqualTo(IoResult.OK);
            }
            while (!lanes.isQuiet()) {
                Thread.onSpinWait();
            }
        }
        byte[] written = Files.readAllBytes(path);
        for (int i = 0; i < count; i++) {
            int at = (i < 300 ? i : i + 7) * PAGE;
            assertThat(written[at]).isEqualTo((byte) (count - i));
            assertThat(written[at + PAGE - 1]).isEqualTo((byte) (count - i));
        }
        assertThat(written[303 * PAGE]).isZero();
    }
}
