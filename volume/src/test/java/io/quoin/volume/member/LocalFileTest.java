package io.quoin.volume.member;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A member on a real file of this host.
final class LocalFileTest {
    private static final int BYTES = 1 << 20;

    @TempDir private Path dir;
    private Path path;
    private final MemorySegment memory = Arena.ofAuto().allocate(BYTES, 4096);

    @BeforeEach
    void make() throws IOException {
        path = dir.resolve("member");
        resize(BYTES);
    }

    private void resize(long bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(bytes);
        }
    }

    @Test
    void whatWasWrittenIsReadAndIsInTheFile() throws IOException {
        try (LocalFile file = LocalFile.open(path, true)) {
            assertThat(file.lengthBytes()).isEqualTo(BYTES);
            assertThat(file.name()).isEqualTo(path.toString());
            for (boolean isDurable : new boolean[] {true, false}) {
                byte mark = (byte) (isDurable ? 5 : 6);
                memory.asSlice(8192, 8192).fill(mark);
                assertThat(file.write(memory, 8192, 8192, 65_536, isDurable))
                        .isEqualTo(IoResult.OK);
                assertThat(file.flush()).isEqualTo(IoResult.OK);
                assertThat(file.read(memory, 0, 4096, 65_536 + 4096)).isEqualTo(IoResult.OK);
                assertThat(memory.get(ValueLayout.JAVA_BYTE, 4095)).isEqualTo(mark);
                assertThat(Files.readAllBytes(path)[65_536]).isEqualTo(mark);
            }
            assertThat(file.read(memory, 0, BYTES, 0)).isEqualTo(IoResult.OK);
            assertThat(memory.get(ValueLayout.JAVA_BYTE, 65_536)).isEqualTo((byte) 6);
        }
    }

    @Test
    void clearingZeroesWhatIsThereAndLeavesHolesAlone() throws IOException {
        Path sparse = dir.resolve("sparse");
        byte[] old = new byte[100_000];
        Arrays.fill(old, (byte) 5);
        try (FileChannel channel =
                FileChannel.open(sparse, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            channel.write(ByteBuffer.wrap(old), 10_000_000_000L);
            channel.write(ByteBuffer.wrap(old), 500_000_000_000L);
            channel.write(ByteBuffer.wrap(old), 1L << 40);
        }
        try (LocalFile file = LocalFile.open(sparse, true)) {
            assertThat(
                            file.clear(
                                    memory.asSlice(0, 65_536).fill((byte) 0),
                                    4096,
                                    (1L << 40) - 4096))
                    .isEqualTo(IoResult.OK);
            assertThat(file.flush()).isEqualTo(IoResult.OK);
            for (long at = 500_000_000_000L / 4096 * 4096; at < 500_000_100_000L; at += 4096) {
                assertThat(file.read(memory, 0, 4096, at)).isEqualTo(IoResult.OK);
                assertThat(
                                memory.asSlice(0, 4096)
                                        .mismatch(memory.asSlice(65_536, 4096).fill((byte) 0)))
                        .isEqualTo(-1);
            }
            assertThat(file.read(memory, 0, 4096, 1L << 40)).isEqualTo(IoResult.OK);
            assertThat(memory.get(ValueLayout.JAVA_BYTE, 0)).isEqualTo((byte) 5);
        }
    }

    @Test
    void theModeSaysWhetherThePageCacheIsPassedBy() throws IOException {
        try (LocalFile file = LocalFile.open(path, true)) {
            assertThat(file.mode())
                    .isIn(
                            "O_DIRECT|O_DSYNC, io_uring",
                            "O_DIRECT|O_DSYNC",
                            "page cache, O_DSYNC (O_DIRECT not supported here)");
            // Under O_DIRECT the kernel refuses memory that is not aligned; the page cache takes
            // it.
            if (file.mode().startsWith("O_DIRECT")) {
                assertThat(file.read(memory, 512 + 1, 4096, 0)).isEqualTo(IoResult.ERROR);
            }
        }
    }

    @Test
    void aFileThatWasTruncatedMeanwhileIsNoticedByTheNextFlush() throws IOException {
        try (LocalFile file = LocalFile.open(path, true);
                FileChannel other = FileChannel.open(path, StandardOpenOption.WRITE)) {
            assertThat(file.flush()).isEqualTo(IoResult.OK);
            other.truncate(BYTES / 2);
            assertThat(file.flush()).isEqualTo(IoResult.SHORT);
        }
    }

    @Test
    void aSecondOpenIsRefused() throws IOException {
        try (LocalFile file = LocalFile.open(path, true)) {
            assertThatThrownBy(() -> LocalFile.open(path, true))
                    .isInstanceOf(IOException.class)
                    .hasMessage(path + ": in use by a volume of this daemon");
            assertThatThrownBy(() -> LocalFile.open(path, false))
                    .isInstanceOf(IOException.class)
                    .hasMessage(path + ": in use by a volume of this daemon");
            assertThat(file.read(memory, 0, 4096, 0)).isEqualTo(IoResult.OK);
        }
        LocalFile.open(path, true).close();
    }

    @Test
    void aMemberOpenedForExaminationIsNotWritten() throws IOException {
        try (LocalFile examined = LocalFile.open(path, false)) {
            assertThat(examined.read(memory, 0, 4096, 0)).isEqualTo(IoResult.OK);
            assertThat(examined.write(memory, 0, 4096, 0, true)).isEqualTo(IoResult.CLOSED);
            assertThat(examined.flush()).isEqualTo(IoResult.CLOSED);
        }
    }

    /// Holds a file's lock in a process of its own until its standard input ends.
    static final class Holder {
        private Holder() {}

        /// Tries the lock, says how it went, waits.
        ///
        /// @param args path
        /// @throws IOException when the file cannot be opened
        public static void main(String[] args) throws IOException {
            try (FileChannel channel =
                            FileChannel.open(
                                    Path.of(args[0]),
                                    StandardOpenOption.READ,
                                    StandardOpenOption.WRITE);
                    FileLock lock = channel.tryLock()) {
                System.out.println(lock == null ? "refused" : "locked");
                while (System.in.read() >= 0) {}
            }
        }
    }

    private Process holder() throws IOException {
        return new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xshare:auto",
                        "-XX:TieredStopAtLevel=1",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Holder.class.getName(),
                        path.toString())
                .redirectError(ProcessBuilder.Redirect.DISCARD)
                .start();
    }

    private String verdict(Process process) throws IOException, InterruptedException {
        byte[] said = new byte[16];
        int count = process.getInputStream().read(said);
        process.getOutputStream().close();
        assertThat(process.waitFor(20, TimeUnit.SECONDS)).isTrue();
        return new String(said, 0, Math.max(count, 0)).strip();
    }

    @Test
    void anotherProcessKeepsTheMember() throws IOException, InterruptedException {
        Process other = holder();
        byte[] said = new byte[16];
        assertThat(other.getInputStream().read(said)).isPositive();
        assertThat(new String(said)).startsWith("locked");
        assertThatThrownBy(() -> LocalFile.open(path, true))
                .isInstanceOf(IOException.class)
                .hasMessage(path + ": in use, another process holds its lock (a second quoind?)");
        other.getOutputStream().close();
        assertThat(other.waitFor(20, TimeUnit.SECONDS)).isTrue();
        LocalFile.open(path, true).close();
    }

    @Test
    void anotherProcessIsKeptOff() throws IOException, InterruptedException {
        try (LocalFile file = LocalFile.open(path, true)) {
            assertThat(verdict(holder())).isEqualTo("refused");
            assertThat(file.flush()).isEqualTo(IoResult.OK);
        }
        assertThat(verdict(holder())).isEqualTo("locked");
    }

    /// POSIX gives up all locks of a process on a file as soon as the process closes any descriptor of
    /// it, so a refused open must not have opened one.
    @Test
    void anotherProcessIsStillKeptOffAfterARefusedSecondOpen()
            throws IOException, InterruptedException {
        try (LocalFile file = LocalFile.open(path, true)) {
            assertThatThrownBy(() -> LocalFile.open(path, true)).isInstanceOf(IOException.class);
            assertThat(verdict(holder())).isEqualTo("refused");
            assertThat(file.flush()).isEqualTo(IoResult.OK);
        }
    }

    /// Closing a descriptor that was opened for reading would give the writer's lock up.
    @Test
    void anotherProcessIsStillKeptOffAfterTheMemberWasExaminedInThisProcess()
            throws IOException, InterruptedException {
        try (LocalFile file = LocalFile.open(path, true)) {
            try (LocalFile examined = LocalFile.open(path, false)) {
                assertThat(examined.read(memory, 0, 4096, 0)).isEqualTo(IoResult.OK);
            } catch (IOException refused) {
                // A refusal is as good.
            }
            assertThat(verdict(holder())).isEqualTo("refused");
            assertThat(file.flush()).isEqualTo(IoResult.OK);
        }
    }

    @Test
    void closingAMemberTwiceDoesNotUnlockItForItsNextUser()
            throws IOException, InterruptedException {
        LocalFile first = LocalFile.open(path, true);
        first.close();
        try (LocalFile second = LocalFile.open(path, true)) {
            first.close();
            assertThatThrownBy(() -> LocalFile.open(path, true)).isInstanceOf(IOException.class);
            assertThat(verdict(holder())).isEqualTo("refused");
            assertThat(second.flush()).isEqualTo(IoResult.OK);
        }
    }

    @Test
    void aFileThatWasTruncatedIsShortAndNotACrash() throws IOException {
        try (LocalFile file = LocalFile.open(path, true)) {
            resize(BYTES / 2);
            assertThat(file.read(memory, 0, 4096, BYTES / 2)).isEqualTo(IoResult.SHORT);
            assertThat(file.read(memory, 0, 8192, BYTES / 2 - 4096)).isEqualTo(IoResult.SHORT);
            assertThat(file.read(memory, 0, 4096, BYTES / 2 - 4096)).isEqualTo(IoResult.OK);
            // Cut off within a block.
            resize(BYTES / 2 - 1000);
            assertThat(file.read(memory, 0, 4096, BYTES / 2 - 4096).isOk()).isFalse();
            resize(0);
            assertThat(file.read(memory, 0, 4096, 0)).isEqualTo(IoResult.SHORT);
        }
    }

    @Test
    void aClosedMemberSaysSo() throws IOException {
        LocalFile file = LocalFile.open(path, true);
        file.close();
        assertThat(file.read(memory, 0, 4096, 0)).isEqualTo(IoResult.CLOSED);
        assertThat(file.write(memory, 0, 4096, 0, true)).isEqualTo(IoResult.CLOSED);
        assertThat(file.write(memory, 0, 4096, 0, false)).isEqualTo(IoResult.CLOSED);
        assertThat(file.flush()).isEqualTo(IoResult.CLOSED);
    }

    @Test
    void whatCannotBeOpenedIsNamed() {
        Path missing = dir.resolve("missing");
        assertThatThrownBy(() -> LocalFile.open(missing, true))
                .hasMessage(missing + ": no such file or device");
        assertThatThrownBy(() -> LocalFile.open(dir, true))
                .hasMessage(dir + ": expected a file or block device, is a directory");
    }

    @Test
    void manySegmentsAreReadAndWrittenInTurnWithoutMixingThemUp() throws IOException {
        try (LocalFile file = LocalFile.open(path, true)) {
            MemorySegment[] segments = new MemorySegment[9];
            for (int i = 0; i < segments.length; i++) {
                segments[i] = Arena.ofAuto().allocate(8192, 4096);
                segments[i].fill((byte) (i + 1));
            }
            for (int i = 0; i < segments.length; i++) {
                assertThat(file.write(segments[i], 4096, 4096, i * 4096L, i % 2 == 0).isOk())
                        .isTrue();
            }
            for (int i = segments.length - 1; i >= 0; i--) {
                segments[i].fill((byte) 0);
                assertThat(file.read(segments[i], 0, 4096, i * 4096L).isOk()).isTrue();
                byte[] found = segments[i].asSlice(0, 4096).toArray(ValueLayout.JAVA_BYTE);
                byte[] expected = new byte[4096];
                Arrays.fill(expected, (byte) (i + 1));
                assertThat(found).isEqualTo(expected);
            }
        }
    }
}
