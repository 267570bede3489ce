package io.quoin.volume.read;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.BaseReader;
import io.quoin.volume.intake.Request;
import io.quoin.volume.journal.Journal;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import io.quoin.volume.row.RowReader;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;

/// Serves READ and BLOCK_STATUS, and fetches blocks for partial writes.
///
/// A range is cut into pieces that lie in one info group and contiguous on one slot: of a stripe unit, or of
/// one mirror. Of each piece, dirty blocks come from memory, contentless ones are zeros, and runs of the
/// others are one read of the slot. A block is checked against the info that stood when its read was
/// issued; when the info has changed meanwhile the block is looked at again, since it is dirty or has
/// a new home; when it has not, the block is bad and its whole row is resolved under lock.
///
/// In the engine's turns only.
public final class HomeReader implements BaseReader {
    private final Geometry geometry;
    private final MemberSet members;
    private final DirtyIndex dirty;
    private final Journal journal;
    private final InfoCache cache;
    private final RowReader rows;
    private final BlockGuards guards;
    private final MemorySegment region;
    private final Counters counters;
    private final Request.Listener whenEnded;
    private final ArrayList<Range> ranges = new ArrayList<>();
    private final Runs<Range> runs;
    private final Streaks streaks = new Streaks();
    private final long aheadBlocks;
    private long[] expected = new long[64];
    private boolean isStopped;
    private int open;

    /// A reader of a volume.
    ///
    /// @param geometry shape
    /// @param members who holds what
    /// @param dirty index
    /// @param journal for the commit sequence
    /// @param cache info groups
    /// @param rows resolves rows
    /// @param guards its own guards
    /// @param region memory of the payload
    /// @param counters what is counted
    /// @param whenEnded told of each READ that was carried out, before whoever submitted it
    public HomeReader(
            Geometry geometry,
            MemberSet members,
            DirtyIndex dirty,
            Journal journal,
            InfoCache cache,
            RowReader rows,
            BlockGuards guards,
            MemorySegment region,
            Counters counters,
            Request.Listener whenEnded) {
        this.geometry = geometry;
        this.members = members;
        this.dirty = dirty;
        this.journal = journal;
        this.cache = cache;
        this.rows = rows;
        this.guards = guards;
        this.region = region;
        this.counters = counters;
        this.whenEnded = whenEnded;
        runs = new Runs<>(geometry, members, new Landing());
        aheadBlocks =
                (long) cache.mostTogether()
                        * Geometry.ROWS_PER_INFO
                        * geometry.mostData()
                        * geometry.groupCount();
    }

    /// A range on its way into memory.
    private final class Range {
        final MemorySegment target;
        final long firstBlock;
        final long targetOffset;
        final Done done;
        boolean isOk = true;
        int pending = 1;
        int place = ranges.size();

        Range(MemorySegment target, long targetOffset, long firstBlock, Done done) {
            this.target = target;
            this.targetOffset = targetOffset;
            this.firstBlock = firstBlock;
            this.done = done;
            ranges.add(this);
        }

        long at(long block) {
            return targetOffset + (block - firstBlock) * BLOCK_BYTES;
        }

        void end(boolean wasOk) {
            isOk &= wasOk;
            if (--pending == 0 && place >= 0) {
                leave();
                done.done(isOk);
            }
        }

        void giveUp() {
            leave();
            done.done(false);
        }

        private void leave() {
            Range last = ranges.removeLast();
            if (last != this) {
                ranges.set(place, last);
                last.place = place;
            }
            place = -1;
        }
    }

    /// {@return requests taken and not completed}
    public int open() {
        return open;
    }

    /// Refuses what comes from now on, and answers what waits: for members that are gone, or for a
    /// row that somebody holds who waits for them.
    public void stop() {
        isStopped = true;
        runs.drop();
        while (!ranges.isEmpty()) {
            ranges.getLast().giveUp();
        }
    }

    /// Serves a READ.
    ///
    /// @param request the request, inside the volume
    public void read(Request request) {
        if (isStopped) {
            request.complete(Request.Outcome.IO_ERROR);
            return;
        }
        open++;
        long first = request.offsetBytes / BLOCK_BYTES;
        long end = (request.offsetBytes + request.lengthBytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
        Range range =
                new Range(
                        region,
                        request.bufferOffset,
                        first,
                        isOk -> {
                            open--;
                            counters.add(Counter.REQUESTS, 1);
                            counters.add(Counter.READ_BYTES, request.lengthBytes);
                            whenEnded.completed(request);
                            request.complete(isOk ? Request.Outcome.OK : Request.Outcome.IO_ERROR);
                        });
        expect(first, end);
        for (long block = first; block < end; ) {
            int count = pieceBlocks(block, end);
            readPiece(range, block, count);
            block += count;
        }
        range.end(true);
    }

    /// Begins to load the info of a range, and of what lies behind it when clients read on.
    private void expect(long first, long end) {
        boolean isGoingOn = streaks.goesOn(first, end);
        long last = geometry.allBlocks() - 1;
        long seen = Math.min(isGoingOn ? end + aheadBlocks / 2 : end - 1, last);
        if (!isAbsent(first) && !isAbsent(seen)) {
            return;
        }
        long until = Math.min(isGoingOn ? end + aheadBlocks : end, last + 1);
        int count = 0;
        for (long block = first; block < until; block += pieceBlocks(block, until)) {
            if (isAbsent(block)) {
                if (count == expected.length) {
                    expected = Arrays.copyOf(expected, 2 * count);
                }
                expected[count++] = keyOf(block);
            }
        }
        cache.expect(expected, count);
    }

    private long keyOf(long block) {
        return geometry.infoGroupOf(geometry.rowOf(block));
    }

    private boolean isAbsent(long block) {
        return cache.isAbsent(keyOf(block));
    }

    @Override
    public void readBlock(long block, MemorySegment target, long targetOffset, Done done) {
        Range range = new Range(target, targetOffset, block, done);
        readPiece(range, block, 1);
        range.end(true);
    }

    /// Reads blocks for the engine itself.
    ///
    /// @param first volume block
    /// @param count how many
    /// @param target memory
    /// @param targetOffset where the first one goes
    /// @param done told whether all could be had, perhaps at once
    public void readBlocks(
            long first, int count, MemorySegment target, long targetOffset, Done done) {
        Range range = new Range(target, targetOffset, first, done);
        long end = first + count;
        expect(first, end);
        for (long block = first; block < end; ) {
            int piece = pieceBlocks(block, end);
            readPiece(range, block, piece);
            block += piece;
        }
        range.end(true);
    }

    /// {@return blocks from one on that lie side by side on the slots, in the same info group}
    private int pieceBlocks(long block, long end) {
        long row = geometry.rowOf(block);
        Geometry shape = geometry.at(row);
        boolean isOneMirror = shape.isMirror() && shape.groupCount() == 1;
        int inGroup = Geometry.ROWS_PER_INFO - geometry.indexInInfoGroup(row);
        int inUnit = shape.unitBlocks() - (int) (block % shape.unitBlocks());
        return (int) Math.min(end - block, isOneMirror ? inGroup : Math.min(inUnit, inGroup));
    }

    /// What is in memory is served from there, whatever members do meanwhile.
    private void readPiece(Range range, long block, int count) {
        long first = block;
        long end = block + count;
        while (first < end && fromMemory(range, first)) {
            first++;
        }
        while (end > first && fromMemory(range, end - 1)) {
            end--;
        }
        if (first < end) {
            readHome(range, first, (int) (end - first));
        }
    }

    private void readHome(Range range, long block, int count) {
        range.pending++;
        cache.require(
                keyOf(block),
                group -> {
                    fill(range, group, block, count);
                    range.end(true);
                });
    }

    private void fill(Range range, InfoGroup group, long block, int count) {
        if (keyOf(block) != group.key()) {
            for (long moved = block; moved < block + count; moved++) {
                readPiece(range, moved, 1);
            }
            return;
        }
        long runStart = -1;
        int runSlot = -1;
        for (long b = block; b < block + count; b++) {
            int slot = locate(range, group, b, runSlot);
            if (slot != runSlot && runStart >= 0) {
                readRun(range, group, runStart, (int) (b - runStart), runSlot);
                runStart = -1;
            }
            if (slot >= 0 && runStart < 0) {
                runStart = b;
            }
            runSlot = slot;
        }
        if (runStart >= 0) {
            readRun(range, group, runStart, (int) (block + count - runStart), runSlot);
        }
    }

    /// Serves a block from memory or info if it can, and names the slot to read it from otherwise: of
    /// mirrors the one that its neighbours are read from, so that they are one read, or that with least to do.
    private int locate(Range range, InfoGroup group, long block, int last) {
        if (fromMemory(range, block)) {
            return -1;
        }
        long row = geometry.rowOf(block);
        int index = geometry.indexInInfoGroup(row);
        int position = geometry.positionOf(block);
        int home = geometry.slotAt(row, position);
        long at = group.record(geometry.laneOf(home), index);
        int type = BlockInfo.type(group.image(), at);
        if (type == BlockInfo.BAD) {
            range.isOk = false;
            return -1;
        }
        if (BlockInfo.isContentless(group.image(), at)) {
            range.target.asSlice(range.at(block), BLOCK_BYTES).fill((byte) 0);
            return -1;
        }
        int best = -1;
        boolean isMirror = geometry.at(row).isMirror();
        int candidates = isMirror ? geometry.at(row).width() : 1;
        for (int i = 0; i < candidates; i++) {
            int slot = isMirror ? geometry.slotAt(row, i) : home;
            if (members.holds(slot, group.key())
                    && !group.isUntrusted(geometry.laneOf(slot), index)
                    && (best < 0 || isBetter(range, block, slot, best, last))) {
                best = slot;
            }
        }
        if (best < 0) {
            resolve(range, group.key(), block);
        }
        return best;
    }

    private boolean isBetter(Range range, long block, int slot, int best, int last) {
        if (last >= 0) {
            return slot == last;
        }
        return runs.goesOn(range, block, slot)
                || !runs.goesOn(range, block, best)
                        && runs.outstanding(slot) < runs.outstanding(best);
    }

    private boolean fromMemory(Range range, long block) {
        int version =
                Plant.READ_UNCOMMITTED.isPlanted()
                        ? dirty.newest(block)
                        : dirty.committed(block, journal.commitSequence());
        if (version == DirtyIndex.NONE) {
            return false;
        }
        if (dirty.kind(version) == DirtyIndex.WRITE) {
            MemorySegment.copy(
                    region, dirty.payload(version), range.target, range.at(block), BLOCK_BYTES);
        } else {
            range.target.asSlice(range.at(block), BLOCK_BYTES).fill((byte) 0);
        }
        return true;
    }

    private void readRun(Range range, InfoGroup group, long block, int count, int slot) {
        if (runs.plan(range, group, block, count, slot, range.target, range.at(block))) {
            range.pending++;
        }
    }

    /// Hands the reads that a turn asked for to the members: at its end.
    public void submit() {
        runs.submit();
    }

    private final class Landing implements Runs.Owner<Range> {
        @Override
        public void landed(
                Range range,
                InfoGroup group,
                long block,
                int slot,
                long generation,
                boolean wasRead) {
            check(range, group, block, slot, generation, wasRead);
        }

        @Override
        public void ended(Range range, boolean wasRead) {
            if (!wasRead && range.firstBlock < geometry.volumeBlocks()) { // no drill's
                counters.add(Counter.READ_ERRORS, 1);
            }
            range.end(true);
        }
    }

    private void check(
            Range range, InfoGroup group, long block, int slot, long generation, boolean wasRead) {
        if (isStopped) {
            range.isOk = false;
            return;
        }
        if (group.isGone()) {
            readPiece(range, block, 1);
            return;
        }
        long at = Runs.record(geometry, group, block, slot);
        boolean isSame = BlockInfo.generation(group.image(), at) == generation;
        if (isSame
                && wasRead
                && (Plant.READ_UNVERIFIED.isPlanted()
                        || guards.matches(range.target, range.at(block), group.image(), at))) {
            return;
        }
        if (isSame) {
            resolve(range, group.key(), block);
        } else {
            readPiece(range, block, 1);
        }
    }

    /// Reads the block's whole row under lock and takes it from there.
    private void resolve(Range range, long key, long block) {
        range.pending++;
        cache.require(key, group -> group.lock(() -> resolveLocked(range, group, block)));
    }

    private void resolveLocked(Range range, InfoGroup group, long block) {
        if (isStopped) {
            group.unlock();
            range.end(false);
            return;
        }
        if (fromMemory(range, block)) {
            group.unlock();
            range.end(true);
            return;
        }
        if (group.isGone()) {
            group.unlock();
            readPiece(range, block, 1);
            range.end(true);
            return;
        }
        long row = geometry.rowOf(block);
        rows.read(
                group,
                geometry.indexInInfoGroup(row),
                frame -> {
                    int position = geometry.positionOf(block);
                    int bit = 1 << position;
                    long at =
                            group.record(
                                    geometry.laneOf(geometry.slotAt(row, position)),
                                    geometry.indexInInfoGroup(row));
                    boolean isHad =
                            (frame.image().lost & bit) == 0
                                    && BlockInfo.type(group.image(), at) != BlockInfo.BAD;
                    if (isHad) {
                        MemorySegment.copy(
                                frame.memory(),
                                frame.offset(position),
                                range.target,
                                range.at(block),
                                BLOCK_BYTES);
                    }
                    rows.repair(
                            frame,
                            () -> {
                                rows.release(frame);
                                group.unlock();
                            });
                    range.end(isHad);
                });
    }

    /// Serves a BLOCK_STATUS.
    ///
    /// @param request the request, inside the volume
    public void status(Request request) {
        if (isStopped) {
            request.complete(Request.Outcome.IO_ERROR);
            return;
        }
        request.extentCount = 0;
        open++;
        statusFrom(request, request.offsetBytes);
    }

    private void statusFrom(Request request, long from) {
        if (isStopped) {
            open--;
            request.complete(Request.Outcome.IO_ERROR);
            return;
        }
        long end = request.offsetBytes + request.lengthBytes;
        long at = from;
        while (at < end) {
            long block = at / BLOCK_BYTES;
            long key = keyOf(block);
            InfoGroup group = cache.peek(key);
            if (group == null) {
                long resumeAt = at;
                expect(block, Math.min(block + aheadBlocks, (end + BLOCK_BYTES - 1) / BLOCK_BYTES));
                cache.require(key, loaded -> statusFrom(request, resumeAt));
                return;
            }
            int count = pieceBlocks(block, (end + BLOCK_BYTES - 1) / BLOCK_BYTES);
            boolean isFull = false;
            for (long b = block; b < block + count && !isFull; b++) {
                long until = Math.min(end, (b + 1) * BLOCK_BYTES);
                isFull = !request.addExtent(until - at, flags(group, b));
                at = isFull ? end : until;
            }
        }
        open--;
        counters.add(Counter.REQUESTS, 1);
        request.complete(Request.Outcome.OK);
    }

    private int flags(InfoGroup group, long block) {
        int version = dirty.committed(block, journal.commitSequence());
        if (version != DirtyIndex.NONE) {
            return switch (dirty.kind(version)) {
                case DirtyIndex.TRIM -> Request.EXTENT_HOLE | Request.EXTENT_ZERO;
                case DirtyIndex.ZERO -> Request.EXTENT_ZERO;
                default -> 0;
            };
        }
        long row = geometry.rowOf(block);
        int lane = geometry.laneOf(geometry.slotAt(row, geometry.positionOf(block)));
        long at = group.record(lane, geometry.indexInInfoGroup(row));
        int type = BlockInfo.type(group.image(), at);
        boolean isHole = type == BlockInfo.UNWRITTEN || type == BlockInfo.TRIMMED;
        return isHole ? Request.EXTENT_HOLE | Request.EXTENT_ZERO : 0;
    }
}
