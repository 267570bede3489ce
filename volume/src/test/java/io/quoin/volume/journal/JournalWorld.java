package io.quoin.volume.journal;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.MemoryFile;
import io.quoin.volume.Submissions;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.journal.JournalScan.DamagedJournalException;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.SuperblockIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A volume's journal, its members and what was committed.
final class JournalWorld {
    final List<MemoryFile> files;
    final Superblock superblock;
    ArrayDeque<Io> pending;
    final List<Long> committed = new ArrayList<>();
    MemberSet members;
    Journal journal;
    DirtyIndex dirty;
    MemorySegment region;
    Replay replay;
    int failSlot = -1;
    static final long LATE_NANOS = 50_000_000L;
    long promised;
    long now;

    /// Members whose operations are not done.
    int stuck;

    final List<String> late = new ArrayList<>();
    private final Journal.Listener listener =
            new Journal.Listener() {
                @Override
                public void batchCommitted() {}

                @Override
                public void copiesLate(int slots, long nanos) {
                    late.add(Integer.toBinaryString(slots));
                }
            };
    long floor = 1;

    JournalWorld(String level, int count) {
        files = TestVolumes.members(level, count);
        superblock = SuperblockIo.read(files.getFirst()).superblock();
    }

    BlockFile[] present() {
        return files.toArray(new BlockFile[0]);
    }

    /// Recovers, and begins an epoch.
    void open(long epoch) throws DamagedJournalException {
        JournalScan scan = JournalScan.read(present(), TestVolumes.LAYOUT, superblock.volumeTag());
        region = Arena.ofAuto().allocate(512 * BLOCK_BYTES, BLOCK_BYTES);
        dirty = new DirtyIndex(512, BLOCK_BYTES, offset -> {});
        int[] next = {0};
        replay =
                Replay.run(
                        scan,
                        1,
                        floor,
                        superblock.geometry(),
                        dirty,
                        region,
                        () -> next[0]++ * BLOCK_BYTES);
        Submissions submissions = new Submissions(superblock, files);
        pending = submissions.pending;
        members = submissions.members;
        members.setListener(
                new MemberSet.Listener() {
                    @Override
                    public void memberFailed(int slot, String cause) {}

                    @Override
                    public void memberLate(int slot, String what) {}

                    @Override
                    public void resumed() {
                        journal.resumed();
                    }

                    @Override
                    public void volumeFailed(String cause) {}
                });
        journal =
                new Journal(
                        members,
                        superblock.geometry().parityCount(),
                        replay.start(scan, epoch, 1),
                        LATE_NANOS,
                        listener);
        journal.setPromised(() -> promised);
        journal.begin(replay.epochStart(), replay.carried());
    }

    void append(int type, long sequence, long block, int count, boolean hasMore) {
        JournalOp op = new JournalOp();
        op.type = type;
        op.hasMore = hasMore;
        op.sequence = sequence;
        op.block = block;
        op.count = count;
        op.payloadStride = BLOCK_BYTES;
        op.listener = done -> committed.add(done.sequence);
        if (op.payloadBlocks() > 0) {
            op.payload = Arena.ofAuto().allocate((long) count * BLOCK_BYTES, BLOCK_BYTES);
            for (int i = 0; i < count; i++) {
                op.payload.set(ValueLayout.JAVA_LONG, (long) i * BLOCK_BYTES, sequence);
                op.crcs[i] = Journal.crc(op.payload, (long) i * BLOCK_BYTES);
            }
        }
        if (type == Batch.INTENT) {
            op.extra = 1;
            op.generations = new long[superblock.geometry().dataCount()];
            op.generationCount = op.generations.length;
            op.generations[0] = sequence - 1;
        }
        journal.append(op);
    }

    /// Lets time pass, as a turn does.
    void pass(long nanos) {
        now += nanos;
        journal.at(now);
    }

    /// Does what members that are not stuck have to do, and writes what is due.
    void runUnstuck() {
        boolean any = true;
        while (any) {
            any = journal.pump();
            for (Io io : List.copyOf(pending)) {
                if ((stuck >> io.slot & 1) == 0) {
                    pending.remove(io);
                    pending.addFirst(io);
                    completeOne();
                    any = true;
                }
            }
        }
    }

    void completeOne() {
        Io io = pending.removeFirst();
        if (io.slot == failSlot) {
            io.result = IoResult.ERROR;
        } else {
            io.runOn(files.get(io.slot));
        }
        members.completed(io);
    }

    void run() {
        while (journal.pump() || !pending.isEmpty()) {
            if (!pending.isEmpty()) {
                completeOne();
            }
        }
    }

    /// The newest sequence of each block, without some members.
    Map<Long, Long> newest(int... lost) throws DamagedJournalException {
        BlockFile[] left = present();
        for (int slot : lost) {
            left[slot] = null;
        }
        JournalScan scan = JournalScan.read(left, TestVolumes.LAYOUT, superblock.volumeTag());
        Map<Long, Long> newest = new HashMap<>();
        scan.replay(
                journal.tailBatch(),
                (batch, header) -> {
                    long record = Batch.HEADER_BYTES;
                    for (int i = 0; i < header.recordCount; i++) {
                        if (Batch.type(batch, record) == Batch.WRITE) {
                            newest.merge(
                                    Batch.block(batch, record),
                                    Batch.sequence(batch, record),
                                    Math::max);
                        }
                        record += Batch.recordBytes(batch, record);
                    }
                });
        return newest;
    }

    long found(long block) {
        int version = dirty.newest(block);
        if (version == DirtyIndex.NONE) {
            return 0;
        }
        if (dirty.kind(version) == DirtyIndex.WRITE) {
            assertThat(region.get(ValueLayout.JAVA_LONG, dirty.payload(version)))
                    .isEqualTo(dirty.sequence(version));
        }
        return dirty.sequence(version);
    }
}
