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

    private static void put(BlockFile file, OwnerMark mark, long offset) {
        MemorySegment block = Arena.ofAuto().allocate(BLOCK, BLOCK);
        mark.put(block);
        assertThat(file.write(block, 0, BLOCK, offset, false)).isEqualTo(IoResult.OK);
    }

    private static OwnerMark markOn(ScriptedServer server, long offset) {
        int at = (int) offset;
        byte[] bytes = java.util.Arrays.copyOfRange(server.disk, at, at + BLOCK);
        return OwnerMark.of(
                Arena.ofAuto().allocate(BLOCK, BLOCK).copyFrom(MemorySegment.ofArray(bytes)));
    }

    private static MemoryFile claimed(boolean isServed) {
        MemoryFile file = new MemoryFile("member", 1 << 20);
        put(file, mark(0, isServed), OwnerMark.CLAIM_OFFSET);
        put(file, mark(5, true), OwnerMark.BEAT_OFFSET);
        return file;
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }

    @Test
    void whoServesIsSeenAndNamed() {
        MemoryFile file = claimed(true);
        Thread renewing =
                Thread.ofPlatform()
                        .start(() -> {
                            for (int i = 6; !Thread.currentThread().isInterrupted(); i++) {
                                synchronized (file) {
                                    put(file, mark(i, true), OwnerMark.BEAT_OFFSET);
                                }
                                java.util.concurrent.locks.LockSupport.parkNanos(300_000_000);
                            }
                        });
        Ownership ownership = new Ownership(self, lost::add);
        try {
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
        MemoryFile gone = claimed(true);
        Ownership ownership = new Ownership(self, lost::add);
        long start = System.nanoTime();
        ownership.keep(List.of(gone)); // nobody else can reach it now: no claim stays
        assertThat(seconds(start)).isGreaterThan(3.9);
        start = System.nanoTime();
        ownership.check(List.of(gone, claimed(false), new MemoryFile("new", 1 << 20)));
        assertThat(seconds(start)).isLessThan(2);
        Ownership.Host again = new Ownership.Host(OTHER, "there, restarted");
        Ownership successor = new Ownership(again, lost::add);
        start = System.nanoTime();
        successor.check(List.of(claimed(true)));
        assertThat(seconds(start)).isLessThan(2);
    }

    @Test
    void whoServesBeatsUntilHeLetsGo() throws Exception {
        try (ScriptedServer server = serve()) {
            BlockFile file = server.export().open(true);
            Ownership ownership = new Ownership(self, lost::add);
            ownership.check(List.of(file));
            ownership.keep(List.of(file));
            OwnerMark claim = markOn(server, OwnerMark.CLAIM_OFFSET);
            assertThat(claim.isServed()).isTrue();
            assertThat(claim.hostName()).isEqualTo("here");
            OwnerMark beat;
            do {
                Thread.sleep(20);
                beat = markOn(server, OwnerMark.BEAT_OFFSET);
            } while (beat == null || beat.count() < 3);
            assertThat(ownership.holds()).isTrue();
            ownership.end(true);
            assertThat(markOn(server, OwnerMark.CLAIM_OFFSET).isServed()).isFalse();
            file.close();
            assertThat(lost).isEmpty();
        }
    }

    /// Goal: the last claim counts; a beat that is written late by who has lost it changes nothing.
    @Test
    void anothersClaimEndsItButNotAnothersBeat() throws Exception {
        try (ScriptedServer server = serve()) {
            BlockFile file = server.export().open(true);
            Ownership ownership = new Ownership(self, lost::add);
            ownership.check(List.of(file));
            ownership.keep(List.of(file));
            put(file, mark(9, true), OwnerMark.BEAT_OFFSET);
            assertThat(lost.poll(2500, TimeUnit.MILLISECONDS)).isNull();
            assertThat(ownership.holds()).isTrue();
            put(file, mark(0, true), OwnerMark.CLAIM_OFFSET);
            assertThat(lost.poll(10, TimeUnit.SECONDS)).isEqualTo("there");
            Thread.sleep(3100);
            assertThat(ownership.holds()).isFalse();
            ownership.end(true);
            assertThat(markOn(server, OwnerMark.CLAIM_OFFSET).hostName()).isEqualTo("there");
            file.close();
        }
    }

    /// Goal: a claim that is gone, or was let go of by another, is not ours any more.
    @Test
    void aClaimThatIsNotThereAnyMoreIsLost() throws Exception {
        for (boolean isBlank : new boolean[] {true, false}) {
            try (ScriptedServer server = serve()) {
                BlockFile file = server.export().open(true);
                Ownership ownership = new Ownership(self, lost::add);
                ownership.keep(List.of(file));
                if (isBlank) {
                    java.util.Arrays.fill(server.disk, 8192, 8192 + BLOCK, (byte) 0);
                } else {
                    put(file, mark(0, false), OwnerMark.CLAIM_OFFSET);
                }
                assertThat(lost.poll(10, TimeUnit.SECONDS))
                        .isEqualTo(isBlank ? "somebody else" : "there");
                ownership.end(true);
                file.close();
            }
            java.nio.file.Files.delete(folder.resolve("s"));
        }
    }

    /// Goal: who cannot see his claim has no lease; when he sees it again he has; a connection that is lost is no longer asked for.
    @Test
    void aLeaseEndsWhenTheServerStandsStill() throws Exception {
        java.util.concurrent.atomic.AtomicBoolean isStill =
                new java.util.concurrent.atomic.AtomicBoolean();
        try (ScriptedServer server =
                new ScriptedServer(
                                folder.resolve("s"),
                                each -> {
                                    each.shakeHands();
                                    while (true) {
                                        ScriptedServer.Asked request = each.takeRequest();
                                        while (isStill.get()) {
                                            java.util.concurrent.locks.LockSupport.parkNanos(
                                                    1_000_000);
                                        }
                                        each.carryOut(request);
                                    }
                                })
                        .start()) {
            RemoteFile file = (RemoteFile) server.export().open(true);
            Ownership ownership = new Ownership(self, lost::add);
            ownership.check(List.of(file));
            ownership.keep(List.of(file));
            isStill.set(true);
            Thread.sleep(4200);
            assertThat(ownership.holds()).isFalse();
            isStill.set(false);
            while (!ownership.holds()) {
                Thread.sleep(10);
            }
            isStill.set(true);
            Thread.sleep(4200);
            assertThat(ownership.holds()).isFalse();
            file.giveUp();
            assertThat(ownership.holds()).isTrue();
            isStill.set(false);
            ownership.end(true);
            file.close();
            assertThat(lost).isEmpty();
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
