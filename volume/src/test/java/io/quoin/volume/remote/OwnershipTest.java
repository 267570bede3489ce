package io.quoin.volume.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.MemoryFile;
import io.quoin.volume.format.OwnerMark;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
final class OwnershipTest {
    private static final int BLOCK = 4096;
    private static final UUID OTHER = new UUID(7, 7);

    @TempDir Path folder;
    private final Ownership.Host self = new Ownership.Host(new UUID(1, 1), "here");
    private final BlockingQueue<String> lost = new ArrayBlockingQueue<>(8);

    private static OwnerMark mark(long count, boolean isServed) {
        return new OwnerMark(new UUID(8, 8), OTHER, "there", count, isServed);
    }

    private static void put(BlockFile file, OwnerMark mark) {
        MemorySegment block = Arena.ofAuto().allocate(BLOCK, BLOCK);
        mark.put(block);
        assertThat(file.write(block, 0, BLOCK, OwnerMark.OFFSET, false)).isEqualTo(IoResult.OK);
    }

    private static OwnerMark markOn(ScriptedServer server) {
        byte[] bytes = java.util.Arrays.copyOfRange(server.disk, 8192, 8192 + BLOCK);
        return OwnerMark.of(
                Arena.ofAuto().allocate(BLOCK, BLOCK).copyFrom(MemorySegment.ofArray(bytes)));
    }

    /// A member whose mark another host renews with every look, or does not.
    private static MemoryFile memberOf(boolean isAlive, OwnerMark first) {
        MemoryFile file = new MemoryFile("member", 1 << 20);
        put(file, first);
        return file;
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    @Test
    void whoServesIsSeenAndNamed() {
        MemoryFile file = memberOf(true, mark(1, true));
        Thread renewing =
                Thread.ofPlatform()
                        .start(() -> {
                            for (int i = 2; !Thread.currentThread().isInterrupted(); i++) {
                                synchronized (file) {
                                    put(file, mark(i, true));
                                }
                                java.util.concurrent.locks.LockSupport.parkNanos(300_000_000);
                            }
                        });
        try (Ownership ownership = new Ownership(self, lost::add)) {
            BlockFile shared = new Synchronized(file);
            assertThatThrownBy(() -> ownership.check(List.of(shared)))
                    .isInstanceOf(IOException.class)
                    .hasMessage(
                            "member: expected a member that nobody serves, found it served by there at this"
                                    + " moment; close the volume there");
            assertThatThrownBy(() -> Ownership.checkUnserved(List.of(shared)))
                    .hasMessageContaining("served by there");
        } finally {
            renewing.interrupt();
        }
    }

    /// Memory files are for one thread.
    private record Synchronized(MemoryFile file) implements BlockFile {
        @Override
        public String name() {
            return file.name();
        }

        @Override
        public long lengthBytes() {
            return file.lengthBytes();
        }

        @Override
        public IoResult read(MemorySegment target, long targetOffset, int bytes, long offset) {
            synchronized (file) {
                return file.read(target, targetOffset, bytes, offset);
            }
        }

        @Override
        public IoResult write(
                MemorySegment source, long sourceOffset, int bytes, long offset, boolean durable) {
            synchronized (file) {
                return file.write(source, sourceOffset, bytes, offset, durable);
            }
        }

        @Override
        public IoResult flush() {
            return IoResult.OK;
        }

        @Override
        public void close() {}
    }

    @Test
    void whoHasGoneIsWaitedForOnceAndWhoLetGoIsNot() throws IOException {
        MemoryFile gone = memberOf(false, mark(5, true));
        try (Ownership ownership = new Ownership(self, lost::add)) {
            long start = System.nanoTime();
            ownership.check(List.of(gone));
            assertThat(seconds(start)).isGreaterThan(3.9);
            ownership.keep(List.of(gone)); // nobody else can reach it now: no mark stays
            start = System.nanoTime();
            ownership.check(
                    List.of(gone, memberOf(false, mark(5, false)), new MemoryFile("new", 1 << 20)));
            assertThat(seconds(start)).isLessThan(2);
        }
        Ownership.Host again = new Ownership.Host(OTHER, "there, restarted");
        try (Ownership successor = new Ownership(again, lost::add)) {
            long start = System.nanoTime();
            successor.check(List.of(memberOf(false, mark(5, true))));
            assertThat(seconds(start)).isLessThan(2);
        }
    }

    @Test
    void aMarkIsRenewedUntilItIsLetGoOf() throws Exception {
        try (ScriptedServer server = serve()) {
            BlockFile file = server.export().open(true);
            Ownership ownership = new Ownership(self, lost::add);
            ownership.check(List.of(file));
            ownership.keep(List.of(file));
            OwnerMark first = markOn(server);
            assertThat(first.isServed()).isTrue();
            assertThat(first.hostName()).isEqualTo("here");
            while (markOn(server) == null || markOn(server).count() < 3) {
                Thread.sleep(20);
            }
            ownership.close();
            assertThat(markOn(server).isServed()).isFalse();
            file.close();
            assertThat(lost).isEmpty();
        }
    }

    @Test
    void anothersMarkEndsIt() throws Exception {
        try (ScriptedServer server = serve()) {
            BlockFile file = server.export().open(true);
            Ownership ownership = new Ownership(self, lost::add);
            ownership.keep(List.of(file));
            put(file, mark(1, true));
            assertThat(lost.poll(10, TimeUnit.SECONDS)).isEqualTo("there");
            ownership.close();
            assertThat(markOn(server).hostName()).as("the other one's stays").isEqualTo("there");
            file.close();
        }
    }

    private ScriptedServer serve() throws IOException {
        return new ScriptedServer(
                        folder.resolve("s"),
                        server -> {
                            server.shakeHands();
                            while (true) {
                                server.carryOut(server.takeRequest());
                            }
                        })
                .start();
    }
}
