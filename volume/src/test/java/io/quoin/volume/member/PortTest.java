package io.quoin.volume.member;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.reflect.Method;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// A thread that writes past the lanes, on real files; a pipe that is full stands for a device that does not
/// answer, and for a socket.
@Timeout(60)
final class PortTest {
    private static final int PAGE = 4096;
    private static final int LENGTH = 1 << 20;

    @TempDir Path directory;

    private final List<AutoCloseable> open = new ArrayList<>();
    private final List<Io> published = new ArrayList<>();
    private final MemorySegment memory = Arena.ofAuto().allocate(16 * PAGE, PAGE);

    /// A member whose durable writes go to some channel.
    private record Target(FileChannel channel, int durableDescriptor) implements BlockFile {
        @Override
        public String name() {
            return "target";
        }

        @Override
        public long lengthBytes() {
            return LENGTH;
        }

        @Override
        public IoResult read(MemorySegment to, long toOffset, int length, long offset) {
            return IoResult.ERROR;
        }

        @Override
        public IoResult write(
                MemorySegment from, long fromOffset, int length, long offset, boolean durable) {
            return IoResult.CLOSED; // of lanes
        }

        @Override
        public IoResult flush() {
            return IoResult.OK;
        }

        @Override
        public void close() {}
    }

    @BeforeEach
    void ringsAreThere() {
        assumeTrue(Port.isSupported(), "no io_uring on this machine");
    }

    @AfterEach
    void closeAll() throws Exception {
        for (AutoCloseable each : open.reversed()) {
            each.close();
        }
    }

    private <T extends AutoCloseable> T opened(T what) {
        open.add(what);
        return what;
    }

    private IoLanes lanes(FileChannel channel) {
        Target target = new Target(channel, Descriptors.of(channel));
        return opened(new IoLanes(target, "test", 2, published::add));
    }

    private FileChannel file(String name, StandardOpenOption... options) throws IOException {
        Path path = directory.resolve(name);
        Files.write(path, new byte[LENGTH]);
        return opened(FileChannel.open(path, options));
    }

    private FileChannel pipe(String name) throws Exception {
        Path path = directory.resolve(name);
        assertThat(new ProcessBuilder("mkfifo", path.toString()).start().waitFor()).isZero();
        return opened(FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE));
    }

    private static void fill(FileChannel pipe) throws IOException {
        pipe.write(ByteBuffer.allocate(64 << 10));
    }

    private static void drain(FileChannel pipe) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(64 << 10);
        while (all.hasRemaining()) {
            pipe.read(all);
        }
    }

    private Io write(int pages, long at) {
        return new Io().set(Io.Kind.WRITE_DURABLE, memory, PAGE, pages * PAGE, at);
    }

    private Port port(int input) {
        return opened(Port.ofReader(published::add, () -> {}, input));
    }

    @Test
    void copiesGoOutTogetherAndAreHeardOfByTheSameThread() throws Exception {
        memory.fill((byte) 7);
        IoLanes a = lanes(file("a", StandardOpenOption.WRITE));
        IoLanes b = lanes(file("b", StandardOpenOption.WRITE));
        Port port = port(Descriptors.of(pipe("input")));
        Io toA = write(3, 0);
        Io toB = write(3, 5 * PAGE);

        a.submit(toA);
        b.submit(toB);
        assertThat(a.isQuiet()).isFalse();
        port.submit();
        port.settle();

        assertThat(published).containsExactlyInAnyOrder(toA, toB);
        assertThat(toA.result).isEqualTo(IoResult.OK);
        assertThat(toB.result).isEqualTo(IoResult.OK);
        assertThat(a.isQuiet() && b.isQuiet()).isTrue();
        byte[] written = Files.readAllBytes(directory.resolve("b"));
        assertThat(written[5 * PAGE]).isEqualTo((byte) 7);
        assertThat(written[8 * PAGE - 1]).isEqualTo((byte) 7);
        assertThat(written[8 * PAGE]).isZero();
    }

    @Test
    void moreThanItHoldsGoesToLanes() throws Exception {
        IoLanes lanes = lanes(file("a", StandardOpenOption.WRITE));
        Port port = port(Descriptors.of(pipe("input")));
        List<Io> all = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            all.add(write(1, (long) i * PAGE));
            lanes.submit(all.getLast());
        }
        port.submit();
        port.settle();
        while (!lanes.isQuiet()) {
            Thread.onSpinWait();
        }
        assertThat(all).filteredOn(io -> io.result == IoResult.OK).hasSize(32);
        assertThat(all).filteredOn(io -> io.result == IoResult.CLOSED).hasSize(8);
    }

    @Test
    void whatTheKernelRefusesIsAnError() throws Exception {
        IoLanes lanes = lanes(file("a", StandardOpenOption.READ));
        Port port = port(Descriptors.of(pipe("input")));
        Io io = write(1, 0);
        lanes.submit(io);
        port.submit();
        port.settle();
        assertThat(published).containsExactly(io);
        assertThat(io.result).isEqualTo(IoResult.ERROR);
    }

    @Test
    void aWriteThatIsGivenUpIsNotHeardOfAndKeepsItsMemberBusyUntilTheDeviceAnswers()
            throws Exception {
        FileChannel stuck = pipe("stuck");
        fill(stuck);
        IoLanes lanes = lanes(stuck);
        Port port = port(Descriptors.of(pipe("input")));
        Io io = write(1, 0);
        lanes.submit(io);
        port.submit();
        assertThat(port.look()).isFalse();

        assertThat(lanes.abandon(io)).isTrue();
        assertThat(lanes.abandon(io)).isFalse();
        port.settle(); // does not wait for it
        assertThat(lanes.isQuiet()).isFalse();

        drain(stuck);
        while (!lanes.isQuiet()) {
            port.look();
        }
        assertThat(published).isEmpty();
    }

    @Test
    void aReaderHearsOfItsSocketAndOfWritesWhicheverComesFirst() throws Exception {
        FileChannel input = pipe("input");
        FileChannel stuck = pipe("stuck");
        fill(stuck);
        IoLanes lanes = lanes(stuck);
        Port port = port(Descriptors.of(input));
        assertThat(port.awaitInput()).isFalse(); // nothing to wait for but the socket

        Io io = write(1, 0);
        lanes.submit(io);
        port.submit();
        input.write(ByteBuffer.allocate(1));
        assertThat(port.awaitInput()).isTrue();
        assertThat(published).isEmpty();
        input.read(ByteBuffer.allocate(1));

        Thread other =
                new Thread(() -> {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
                    try {
                        drain(stuck);
                        LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(50));
                        input.write(ByteBuffer.allocate(1));
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
        other.start();
        assertThat(port.awaitInput()).isTrue();
        assertThat(published).containsExactly(io);
        assertThat(io.result).isEqualTo(IoResult.OK);
        other.join();
    }

    @Test
    void inputThatIsGoneWhenItIsHeardOfIsNoInput() throws Exception {
        FileChannel stuck = pipe("stuck");
        fill(stuck);
        IoLanes lanes = lanes(stuck);
        UnixDomainSocketAddress address = UnixDomainSocketAddress.of(directory.resolve("socket"));
        ServerSocketChannel server = opened(ServerSocketChannel.open(StandardProtocolFamily.UNIX));
        server.bind(address);
        SocketChannel client = opened(SocketChannel.open(address));
        SocketChannel socket = opened(server.accept());
        Method descriptor = Class.forName("sun.nio.ch.SelChImpl").getMethod("getFDVal");
        descriptor.setAccessible(true);
        Port port = port((int) descriptor.invoke(socket));
        lanes.submit(write(1, 0));
        port.expectInput();
        port.submit();

        client.write(ByteBuffer.allocate(1));
        assertThat(socket.read(ByteBuffer.allocate(1))).isEqualTo(1);
        Thread later =
                new Thread(() -> {
                    LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(100));
                    try {
                        client.write(ByteBuffer.allocate(2));
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
        later.start();
        boolean isThere = port.awaitInput();
        socket.configureBlocking(false);
        int count = socket.read(ByteBuffer.allocate(8));
        later.join();
        drain(stuck);
        assertThat(isThere).isTrue();
        assertThat(count).isEqualTo(2);
    }

    @Test
    void aSleeperInTheRingIsWoken() throws Exception {
        FileChannel stuck = pipe("stuck");
        fill(stuck);
        IoLanes lanes = lanes(stuck);
        Port port = opened(Port.ofEngine(published::add));
        Doorbell doorbell = new Doorbell();
        doorbell.sleepBy(port);
        Io io = write(1, 0);
        lanes.submit(io);
        port.submit();

        int rounds = 2_000;
        AtomicBoolean[] calls = new AtomicBoolean[rounds];
        for (int i = 0; i < rounds; i++) {
            calls[i] = new AtomicBoolean();
        }
        AtomicBoolean[] answers = new AtomicBoolean[rounds];
        for (int i = 0; i < rounds; i++) {
            answers[i] = new AtomicBoolean();
        }
        Thread caller =
                new Thread(() -> {
                    for (int i = 0; i < rounds; i++) {
                        calls[i].set(true);
                        doorbell.ring();
                        while (!answers[i].get()) {
                            Thread.onSpinWait();
                        }
                    }
                });
        caller.start();
        for (int i = 0; i < rounds; i++) {
            AtomicBoolean call = calls[i];
            while (!call.get()) {
                doorbell.await(call::get, Long.MAX_VALUE >> 1);
                port.look();
            }
            answers[i].set(true);
        }
        caller.join();
        assertThat(published).isEmpty();
        assertThat(memory.get(ValueLayout.JAVA_BYTE, 0)).isZero();
        drain(stuck);
    }
}
