package io.quoin.volume.rescue;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.EngineSettings;
import io.quoin.volume.MemoryFile;
import io.quoin.volume.OpenFiles;
import io.quoin.volume.Volume;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.member.Witness;
import io.quoin.volume.remote.Ownership;
import io.quoin.volume.repair.GovernorLimits;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;

/// The production volume on members in memory, a client that remembers what it was told is durable, and the members' bytes as a halt
/// at any moment leaves them: all that was written so far, on all of them at one instant.
final class DoomedVolume implements AutoCloseable {
    private static final int BLOCK = Geometry.BLOCK_BYTES;

    /// Two zones of 64 blocks behind a journal that is not soon full.
    static final MemberLayout LAYOUT = layout();

    /// Whether what is written stays in the journal.
    enum Destage {
        SOON(0),
        NEVER(Long.MAX_VALUE / 4);

        private final long nanos;

        Destage(long nanos) {
            this.nanos = nanos;
        }
    }

    private final class Locked implements BlockFile {
        private final MemoryFile file;

        Locked(MemoryFile file) {
            this.file = file;
        }

        @Override
        public String name() {
            return file.name();
        }

        @Override
        public long lengthBytes() {
            return file.lengthBytes();
        }

        @Override
        public IoResult read(MemorySegment target, long to, int length, long at) {
            synchronized (files) {
                return file.read(target, to, length, at);
            }
        }

        @Override
        public IoResult write(MemorySegment source, long from, int length, long at, boolean is) {
            synchronized (files) {
                boolean isHome = at >= LAYOUT.zonesOffset() && at < LAYOUT.superblockOffset(2);
                homeWrites += isHome && !LAYOUT.isInfo(at) ? 1 : 0;
                return file.write(source, from, length, at, is);
            }
        }

        @Override
        public IoResult flush() {
            return IoResult.OK;
        }

        @Override
        public void close() {}
    }

    /// A witness that knows what it was told.
    final class Memory implements Witness {
        volatile Membership known;

        @Override
        public Membership newest(UUID volume) {
            return known;
        }

        @Override
        public boolean record(UUID volume, Membership membership) {
            known = membership;
            return true;
        }
    }

    final List<MemoryFile> files;
    final Memory witness = new Memory();

    /// By block what it was last told to hold: 0 zeros, else a version.
    final long[] model;

    /// By block all that it ever held.
    final List<Set<Long>> history = new ArrayList<>();

    /// Blocks that a request was about.
    final boolean[] touched;

    /// Blocks that were zeroed without becoming holes.
    final boolean[] zeroed;

    /// Data that was written where it belongs.
    private int homeWrites;

    private int lastFirst;
    private int lastEnd;
    private final SplittableRandom random;
    private Volume volume;
    private long version;

    private static MemberLayout layout() {
        int segmentBytes = 64 << 10;
        long journal = 128 << 10;
        long zones = journal + 24L * segmentBytes;
        long bytes = zones + 2 * MemberLayout.zoneBytes(64) + MemberLayout.END_BYTES;
        return new MemberLayout(bytes, journal, segmentBytes, 24, zones, 64, 2);
    }

    private static List<MemoryFile> members(String level, int count) throws VolumeException {
        List<MemoryFile> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            files.add(new MemoryFile("disk" + i, LAYOUT.memberBytes()));
        }
        Creation.create(
                new Creation.Wish("doomed", level, 0, 8192, Guard.CRC32C, 0),
                files,
                files.stream().map(file -> true).toList(),
                LAYOUT,
                0,
                UUID::randomUUID);
        return files;
    }

    DoomedVolume(String level, int members, long seed) throws VolumeException {
        files = members(level, members);
        random = new SplittableRandom(seed);
        int blocks = (int) superblock().geometry().volumeBlocks();
        model = new long[blocks];
        touched = new boolean[blocks];
        zeroed = new boolean[blocks];
        for (int block = 0; block < blocks; block++) {
            history.add(new HashSet<>(Set.of(0L)));
        }
    }

    Superblock superblock() {
        return SuperblockIo.read(files.getFirst()).superblock();
    }

    DoomedVolume open(Destage destage) throws Exception {
        return open(destage, files);
    }

    /// Opens it with some of its members.
    DoomedVolume open(Destage destage, List<MemoryFile> members) throws Exception {
        var settings = new EngineSettings(1 << 20, 16, destage.nanos, 4, GovernorLimits.DEFAULT, 0);
        volume =
                OpenFiles.open(
                        new Volume.Opening(
                                List.of(),
                                witness,
                                settings,
                                new UnsafeBuffer(new byte[Counters.BYTES]),
                                event -> {},
                                Ownership.Host.once()),
                        members.stream().<BlockFile>map(Locked::new).toList());
        if (destage == Destage.NEVER) {
            awaitRest(members.getFirst());
        }
        return this;
    }

    /// Returns when recovery's checkpoints are over: until then all that comes goes home at once.
    private void awaitRest(MemoryFile file) throws InterruptedException {
        long before = -1;
        for (int quiet = 0; quiet < 10; quiet++) {
            long now = checkpoint(file);
            quiet = now == before ? quiet : 0;
            before = now;
            Thread.sleep(10);
        }
    }

    private long checkpoint(MemoryFile file) {
        synchronized (files) {
            return SuperblockIo.read(file).superblock().checkpoint();
        }
    }

    @Override
    public void close() {
        stop();
    }

    /// Stops in order, everything at home; it may be opened again.
    void stop() {
        if (volume != null) {
            volume.close();
            volume = null;
        }
    }

    /// Forgets what requests were about, but for the last one: the next life's journal begins with its batch.
    void forgetTouched() {
        Arrays.fill(touched, false);
        Arrays.fill(touched, lastFirst, lastEnd, true);
    }

    /// Writes, trims and zeroes, one request after the other, on a part of the blocks.
    void work(int requests, int firstBlock, int endBlock) throws Exception {
        for (int i = 0; i < requests; i++) {
            int count = 1 + random.nextInt(Math.min(12, endBlock - firstBlock));
            int first = firstBlock + random.nextInt(endBlock - firstBlock - count + 1);
            Request.Op op =
                    switch (random.nextInt(8)) {
                        case 0 -> Request.Op.TRIM;
                        case 1 -> Request.Op.ZERO;
                        default -> Request.Op.WRITE;
                    };
            carryOut(op, first, count);
        }
    }

    void carryOut(Request.Op op, int first, int count) throws Exception {
        long content = op == Request.Op.WRITE ? ++version : 0;
        CompletableFuture<Void> done = new CompletableFuture<>();
        Request request = new Request(completed -> done.complete(null), null);
        request.op = op;
        request.offsetBytes = (long) first * BLOCK;
        request.lengthBytes = count * BLOCK;
        request.noHole = op == Request.Op.ZERO;
        if (op == Request.Op.WRITE) {
            request.bufferOffset = volume.buffers().tryAllocate(count * BLOCK);
            for (int i = 0; i < count; i++) {
                long at = request.bufferOffset + (long) i * BLOCK;
                fill(volume.buffers().region().asSlice(at, BLOCK), first + i, content);
            }
        }
        volume.submit(request);
        volume.proceed();
        done.get(30, TimeUnit.SECONDS);
        assertThat(request.outcome).isEqualTo(Request.Outcome.OK);
        lastFirst = first;
        lastEnd = first + count;
        for (int block = first; block < first + count; block++) {
            model[block] = content;
            touched[block] = true;
            zeroed[block] |= op == Request.Op.ZERO;
            history.get(block).add(content);
        }
    }

    private static void fill(MemorySegment target, int block, long content) {
        for (int at = 0; at < BLOCK; at += 8) {
            target.set(ValueLayout.JAVA_LONG_UNALIGNED, at, word(block, content, at));
        }
    }

    private static long word(int block, long content, int at) {
        return content == 0 ? 0 : (content << 20 | block) * 0x9E3779B97F4A7C15L + at;
    }

    /// {@return whether bytes are what a block held at a version}
    static boolean is(MemorySegment bytes, int block, long content) {
        for (int at = 0; at < BLOCK; at += 8) {
            if (bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, at) != word(block, content, at)) {
                return false;
            }
        }
        return true;
    }

    /// Begins to move all blocks to stripes of another unit.
    void reshape(int unitBytes) throws VolumeException {
        String level = superblock().geometry().level().text();
        volume.reshape(level, List.of(), 0, unitBytes, false, JobOrigin.UNKNOWN);
    }

    /// Opens it and has something done of which nothing goes home, however long the machine takes for recovery's checkpoints: until these
    /// are over all that comes goes home at once. Then it is stopped in order, and tried again.
    ///
    /// @param work done to the open volume; once more each time
    /// @return the members as a power cut leaves them then
    List<MemoryFile> inJournalAlone(Work work) throws Exception {
        for (int i = 0; i < 50; i++) {
            open(Destage.NEVER);
            int before = homeWrites();
            work.run();
            synchronized (files) {
                if (homeWrites == before) {
                    return halt();
                }
            }
            stop();
        }
        throw new AssertionError("it goes home each time");
    }

    private int homeWrites() {
        synchronized (files) {
            return homeWrites;
        }
    }

    /// What is done to a volume.
    interface Work {
        void run() throws Exception;
    }

    /// {@return the members as they are at this instant}
    List<MemoryFile> halt() {
        synchronized (files) {
            return files.stream().map(file -> file.copy(file.name())).toList();
        }
    }
}
