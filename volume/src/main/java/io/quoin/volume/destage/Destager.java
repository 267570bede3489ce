package io.quoin.volume.destage;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.codec.guard.Crc32c;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.Journal;
import io.quoin.volume.journal.JournalOp;
import io.quoin.volume.journal.Sequencer;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import io.quoin.volume.row.RowImage;
import io.quoin.volume.row.RowReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.LongConsumer;
import org.agrona.collections.LongHashSet;

/// Carries dirty rows home in sweeps: the oldest ones, up to many, in the order in which they lie on the
/// members, a round at a time. The journal's tail can move when a sweep is done; what is written again
/// before its round comes goes home once, and the more is dirty the more of it are neighbours.
///
/// | phase | what | invariant |
/// |---|---|---|
/// | lock | the info groups of the rows | I7 one INTENT in flight per row |
/// | gather | clean blocks of partly dirty rows, verified; decoded when bad or absent | I8 |
/// | encode | parity over the new row | I21 unwritten and trimmed count as zeros |
/// | intent | the new parity of partly dirty rows, committed in the journal | I4 |
/// | home | data and parity to every member that holds the row | I3 |
/// | flush | every member written | before anything is called clean |
/// | info | records in the info groups; versions leave the dirty index | I6 |
///
/// A member that fails during a round has left the set; the row is whole without it.
///
/// In the engine's turns only.
public final class Destager {
    private static final int MAX_ROWS = 1024;
    private static final int SLICE_ROWS = 64;
    private static final long WORK_BYTES = 8 << 20;
    private static final int WORK_SHARE = 8;
    private static final int MAX_MERGE_BYTES = SLICE_ROWS * BLOCK_BYTES;

    private final Geometry geometry;
    private final MemberSet members;
    private final DirtyIndex dirty;
    private final Journal journal;
    private final Sequencer sequencer;
    private final InfoCache cache;
    private final RowReader rows;
    private final BlockGuards guards;
    private final MemorySegment region;
    private final Counters counters;
    private final VolumeEvent.Sink events;

    private final LongConsumer rowIsHome;
    private final int maxRows;
    private final MemorySegment work;
    private final MemorySegment zeros;
    private final MemorySegment[] blocks;
    private final long[] offsets;
    private final List<RoundRow> round = new ArrayList<>();
    private final ArrayDeque<RoundRow> spareRows = new ArrayDeque<>();
    private final List<InfoGroup> locked = new ArrayList<>();
    private final LongHashSet chosen = new LongHashSet(-1);
    private final long[] keys;
    private final ArrayDeque<JournalOp> spareOps = new ArrayDeque<>();
    private final HomeWrites home;
    private final RowRecords records;

    private final Sweep sweep;
    private final int sweepRows;

    /// What computes, a few rows at a time, so that commits come in between.
    private enum Slice {
        NONE,
        ENCODE,
        HOME,
        RECORD
    }

    private Slice slice = Slice.NONE;
    private int sliceAt;

    private boolean isActive;
    private int pending;
    private int flushMask;
    private long roundBatch = Long.MAX_VALUE;

    /// A destager of a volume.
    ///
    /// @param geometry shape
    /// @param members who holds what
    /// @param dirty what is to be carried home
    /// @param journal takes intents
    /// @param sequencer source of sequences
    /// @param cache info groups
    /// @param rows reads rows that need decoding
    /// @param guards its own guards
    /// @param region memory of the payload
    /// @param counters what is counted
    /// @param events who is told
    /// @param sweepRows most rows of a sweep
    /// @param rowIsHome told of each row that was carried home
    public Destager(
            Geometry geometry,
            MemberSet members,
            DirtyIndex dirty,
            Journal journal,
            Sequencer sequencer,
            InfoCache cache,
            RowReader rows,
            BlockGuards guards,
            MemorySegment region,
            Counters counters,
            VolumeEvent.Sink events,
            int sweepRows,
            LongConsumer rowIsHome) {
        this.rowIsHome = rowIsHome;
        this.geometry = geometry;
        this.members = members;
        this.dirty = dirty;
        this.journal = journal;
        this.sequencer = sequencer;
        this.cache = cache;
        this.rows = rows;
        this.guards = guards;
        this.region = region;
        this.counters = counters;
        this.events = events;
        int intentBytes = (geometry.mostParity() + 1) * BLOCK_BYTES;
        int width = geometry.mostWidth();
        long workBytes = Math.min(WORK_BYTES, region.byteSize() / WORK_SHARE);
        long mostRows = Math.clamp(workBytes / BLOCK_BYTES / width, 1, MAX_ROWS);
        boolean hasIntents = geometry.mostIntentBlocks() > 0;
        maxRows =
                hasIntents
                        ? Math.clamp(journal.segmentBytes() / 2 / intentBytes, 1, (int) mostRows)
                        : (int) mostRows;
        keys = new long[maxRows];
        work = Arena.ofAuto().allocate((long) width * maxRows * BLOCK_BYTES, BLOCK_BYTES);
        zeros = Arena.ofAuto().allocate(BLOCK_BYTES, BLOCK_BYTES);
        blocks = new MemorySegment[width];
        offsets = new long[width];
        home = new HomeWrites(members, MAX_MERGE_BYTES);
        sweep = new Sweep(geometry, dirty);
        this.sweepRows = sweepRows;
        records = new RowRecords(geometry, members, dirty, guards, counters);
    }

    /// {@return whether a round is under way}
    public boolean isActive() {
        return isActive;
    }

    /// {@return the oldest journal batch that the round under way still needs, or Long.MAX_VALUE}
    public long roundBatch() {
        return roundBatch;
    }

    /// {@return most rows of a round}
    int maxRows() {
        return maxRows;
    }

    /// {@return whether the rows that were dirty when the last sweep began are home}
    public boolean isSweepDone() {
        return sweep.left() == 0 && !isActive;
    }

    /// {@return the share of the sweep that is home, from 0 to 1}
    public double progress() {
        double inRound = round.size() * home.share();
        return sweep.count() == 0
                ? 1
                : (sweep.count() - sweep.left() - round.size() + inRound) / sweep.count();
    }

    /// {@return whether {@link #step} has something to do}
    public boolean isStepDue() {
        return slice != Slice.NONE;
    }

    /// Computes for a few rows.
    ///
    /// @return whether there was anything to do
    public boolean step() {
        if (slice == Slice.NONE || members.isFailed()) {
            return false;
        }
        int end = Math.min(round.size(), sliceAt + SLICE_ROWS);
        for (; sliceAt < end; sliceAt++) {
            RoundRow each = round.get(sliceAt);
            switch (slice) {
                case ENCODE -> encode(each);
                case HOME -> writeHome(each);
                case RECORD -> finish(each);
                case NONE -> throw new AssertionError("no slice");
            }
        }
        if (slice == Slice.HOME) {
            home.submit();
        }
        if (sliceAt == round.size()) {
            Slice done = slice;
            slice = Slice.NONE;
            switch (done) {
                case ENCODE -> encoded();
                case HOME -> home.end();
                case RECORD -> finished();
                case NONE -> throw new AssertionError("no slice");
            }
        }
        return true;
    }

    private void begin(Slice next) {
        slice = next;
        sliceAt = 0;
    }

    /// Starts a round of the sweep, or a sweep.
    ///
    /// @param isShort whether a sweep that begins now should be one round, so that the tail moves soon
    /// @return whether there was anything to do
    public boolean start(boolean isShort) {
        assert !isActive : "a round is under way";
        if (sweep.left() == 0) {
            sweep.begin(isShort ? Math.min(sweepRows, maxRows) : sweepRows);
        }
        while (sweep.left() > 0 && round.size() < maxRows) {
            long row = sweep.next();
            if (!geometry.isCurrentGroup(geometry.infoGroupOf(row))) {
                continue; // moved since; its blocks are another row's
            }
            RoundRow each = spareRows.pollFirst();
            if (each == null) {
                each = new RoundRow(geometry);
            }
            each.row = row;
            each.shape = geometry.at(row);
            each.index = geometry.indexInInfoGroup(row);
            round.add(each);
        }
        if (round.isEmpty()) {
            return false;
        }
        isActive = true;
        lockGroups();
        return true;
    }

    private void lockGroups() {
        chosen.clear();
        int count = 0;
        for (int i = 0; i < round.size(); i++) {
            RoundRow each = round.get(i);
            each.place = i;
            long key = geometry.infoGroupOf(each.row);
            if (chosen.add(key)) {
                keys[count++] = key;
            }
        }
        pending = 1 + count;
        cache.expect(keys, count);
        for (int i = 0; i < count; i++) {
            cache.require(keys[i], group -> lock(group));
        }
        lockDone();
    }

    private void lock(InfoGroup group) {
        if (Plant.NO_ROW_LOCK.isPlanted()) {
            group.pin();
            locked.add(group);
            lockDone();
            return;
        }
        group.lock(() -> {
            locked.add(group);
            lockDone();
        });
    }

    private void lockDone() {
        if (--pending == 0) {
            choose();
        }
    }

    private void choose() {
        long commit = journal.commitSequence();
        for (RoundRow each : round) {
            each.group = cache.peek(geometry.infoGroupOf(each.row));
            each.dirtyMask = 0;
            each.idleMask = 0;
            each.rewrite = 0;
            each.lost = 0;
            each.parityHeld = 0;
            each.needsIntent = false;
            each.hasContent = false;
            Arrays.fill(each.versions, DirtyIndex.NONE);
            each.isIdle = each.group == null; // moved while its lock was waited for
            if (each.isIdle) {
                continue;
            }
            MemorySegment info = each.group.image();
            // What is trimmed already is left alone, unless a slot does not know it yet.
            boolean isKnown =
                    each.group.untrustedLanes(each.index) == 0
                            || Plant.TRIM_LEFT_UNTOLD.isPlanted();
            for (int p = 0; p < each.shape.dataCount(); p++) {
                long block = geometry.blockAt(each.row, p);
                int version =
                        Plant.DESTAGE_UNCOMMITTED.isPlanted()
                                ? dirty.newest(block)
                                : dirty.committed(block, commit);
                each.versions[p] = version;
                if (version == DirtyIndex.NONE) {
                    continue;
                }
                assert dirty.sequence(version) <= commit || Plant.DESTAGE_UNCOMMITTED.isPlanted()
                        : "I3: version beyond commit";
                dirty.freeze(version);
                roundBatch = Math.min(roundBatch, dirty.batch(version));
                each.dirtyMask |= 1 << p;
                long at = each.record(p);
                int type = BlockInfo.type(info, at);
                if (dirty.kind(version) == DirtyIndex.TRIM
                        && (isKnown && (type == BlockInfo.UNWRITTEN || type == BlockInfo.TRIMMED)
                                || Plant.TRIM_FORGOTTEN.isPlanted())) {
                    each.idleMask |= 1 << p;
                }
            }
            each.isIdle = each.dirtyMask == each.idleMask;
            for (int p = each.shape.dataCount(); p < each.shape.width(); p++) {
                if (members.holds(geometry.slotAt(each.row, p), each.group.key())) {
                    each.parityHeld |= 1 << p;
                }
            }
        }
        gather();
    }

    private long workOffset(RoundRow each, int position) {
        return ((long) position * maxRows + each.place) * BLOCK_BYTES;
    }

    private static int allData(RoundRow each) {
        return (int) ((1L << each.shape.dataCount()) - 1);
    }

    private void gather() {
        pending = 1;
        for (RoundRow each : round) {
            boolean isFull = each.dirtyMask == allData(each);
            if (each.isIdle || isFull || each.shape.parityCount() == 0 || each.parityHeld == 0) {
                continue;
            }
            gatherRow(each);
        }
        gatherDone();
    }

    private void gatherRow(RoundRow each) {
        MemorySegment info = each.group.image();
        for (int p = 0; p < each.shape.dataCount(); p++) {
            if ((each.dirtyMask >> p & 1) != 0) {
                continue;
            }
            int slot = geometry.slotAt(each.row, p);
            boolean isContentless = BlockInfo.isContentless(info, each.record(p));
            boolean untrusted = each.group.isUntrusted(geometry.laneOf(slot), each.index);
            if (!isContentless && (untrusted || !members.holds(slot, each.group.key()))) {
                decodeRow(each);
                return;
            }
        }
        each.pending = 1;
        each.readMask = 0;
        pending++;
        for (int p = 0; p < each.shape.dataCount(); p++) {
            if ((each.dirtyMask >> p & 1) != 0) {
                continue;
            }
            if (BlockInfo.isContentless(info, each.record(p))) {
                work.asSlice(workOffset(each, p), BLOCK_BYTES).fill((byte) 0);
                continue;
            }
            each.pending++;
            Io io = new Io();
            io.tag = p;
            io.set(
                    Io.Kind.READ,
                    work,
                    workOffset(each, p),
                    BLOCK_BYTES,
                    members.layout().dataOffset(geometry.memberBlock(each.row)));
            io.listener =
                    done -> {
                        if (done.result.isOk()) {
                            each.readMask |= 1 << done.tag;
                        } else {
                            counters.add(Counter.READ_ERRORS, 1);
                        }
                        gatherRead(each);
                    };
            members.submit(geometry.slotAt(each.row, p), io);
        }
        gatherRead(each);
    }

    private void gatherRead(RoundRow each) {
        if (--each.pending > 0) {
            return;
        }
        MemorySegment info = each.group.image();
        boolean isGood = true;
        for (int p = 0; p < each.shape.dataCount(); p++) {
            if ((each.dirtyMask >> p & 1) == 0 && !BlockInfo.isContentless(info, each.record(p))) {
                isGood &=
                        (each.readMask >> p & 1) != 0
                                && (Plant.PARITY_UNVERIFIED.isPlanted()
                                        || guards.matches(
                                                work, workOffset(each, p), info, each.record(p)));
            }
        }
        if (!isGood) {
            decodeRow(each);
        }
        gatherDone();
    }

    /// Reads the whole old row, and takes its clean blocks from what it resolves to.
    private void decodeRow(RoundRow each) {
        pending++;
        rows.read(
                each.group,
                each.index,
                frame -> {
                    RowImage image = frame.image();
                    for (int p = 0; p < each.shape.dataCount(); p++) {
                        if ((each.dirtyMask >> p & 1) != 0) {
                            continue;
                        }
                        if ((image.lost >> p & 1) != 0) {
                            each.lost |= 1 << p;
                            work.asSlice(workOffset(each, p), BLOCK_BYTES).fill((byte) 0);
                            reportLost(each, p);
                            continue;
                        }
                        MemorySegment.copy(
                                frame.memory(),
                                frame.offset(p),
                                work,
                                workOffset(each, p),
                                BLOCK_BYTES);
                        if (((image.corrected | image.decoded) >> p & 1) != 0) {
                            each.rewrite |= 1 << p;
                        }
                    }
                    counters.add(Counter.BITS_CORRECTED, image.correctedBits);
                    rows.release(frame);
                    gatherDone();
                });
    }

    private void reportLost(RoundRow each, int position) {
        counters.add(Counter.BLOCKS_LOST, 1);
        events.accept(
                new VolumeEvent.BlockLost(
                        geometry.blockAt(each.row, position),
                        each.row,
                        "found while its row was written: fewer than "
                                + each.shape.dataCount()
                                + " good blocks"));
    }

    private void gatherDone() {
        if (--pending == 0 && !members.isFailed()) {
            pending = 1;
            begin(Slice.ENCODE);
        }
    }

    private void encode(RoundRow each) {
        if (each.isIdle) {
            return;
        }
        placeBlocks(each);
        each.seals.fill((byte) 0);
        boolean isEncoded =
                each.shape.parityCount() > 0 && each.parityHeld != 0
                        || each.dirtyMask == allData(each);
        if (isEncoded) {
            for (int p = each.shape.dataCount(); p < each.shape.width(); p++) {
                blocks[p] = work;
                offsets[p] = workOffset(each, p);
            }
            each.shape.code().encode(blocks, offsets, BLOCK_BYTES);
        }
        boolean hasParity = isEncoded && each.hasContent && !each.shape.isMirror();
        boolean isSummed = hasParity && each.shape.parityCount() > 0 && isAllNew(each);
        protect(each, !isSummed || !guards.haveCrc32c());
        if (hasParity) {
            protectParity(each, isSummed);
        }
        boolean isPartial = each.dirtyMask != allData(each);
        each.needsIntent = isPartial && each.parityHeld != 0 && !Plant.SKIP_INTENT.isPlanted();
        each.generation = Plant.PARITY_GENERATION_STANDS.isPlanted() ? 1 : sequencer.next();
        if (each.needsIntent) {
            intend(each);
        }
    }

    private void encoded() {
        if (Plant.INTENT_AFTER_HOME.isPlanted() && pending > 1) {
            pending = Integer.MIN_VALUE; // whatever becomes of them
            beginHome();
            return;
        }
        intentDone();
    }

    /// Computes the guards of data that goes home while the row is still in the processor's caches.
    ///
    /// @param isChecked whether each block is held against the CRC-32C it came with first, for memory may have changed since; not
    ///     where the sum of all is
    private void protect(RoundRow each, boolean isChecked) {
        for (int p = 0; p < each.shape.dataCount(); p++) {
            int version = each.versions[p];
            if (version == DirtyIndex.NONE) {
                continue;
            }
            byte kind = dirty.kind(version);
            if (kind == DirtyIndex.WRITE) {
                if (isChecked) {
                    checkPayload(version);
                }
                guards.seal(blocks[p], offsets[p], each.seals, each.seal(p), dirty.crc(version));
            } else if (kind == DirtyIndex.ZERO) {
                guards.seal(blocks[p], offsets[p], each.seals, each.seal(p));
            }
        }
    }

    /// Computes the guards of parity.
    ///
    /// Those of P, the sum of the data, follow from the data's where the whole row goes home. Where a CRC-32C is kept, what P was added
    /// up to is held against the one that follows: so one pass over P vouches for all data of the row as it was when it was added up, and
    /// for the addition. Equal changes at the same place of two blocks pass it; each of them has the CRC-32C it came with in its info all
    /// the same, and is never read as good.
    ///
    /// @param isSummed whether the guards of all data were computed just now
    private void protectParity(RoundRow each, boolean isSummed) {
        int k = each.shape.dataCount();
        for (int p = k; p < each.shape.width(); p++) {
            MemorySegment seals = each.seals;
            if (p == k && isSummed) {
                guards.sealSum(seals, k, work, workOffset(each, p), seals, each.seal(p));
                if (guards.haveCrc32c()) {
                    checkSum(each);
                }
                assert guards.isSeal(work, workOffset(each, p), seals, each.seal(p));
            } else {
                guards.seal(work, workOffset(each, p), seals, each.seal(p));
            }
        }
    }

    /// {@return whether every data block of a row goes home}
    private boolean isAllNew(RoundRow each) {
        boolean isAllNew = true;
        for (int p = 0; p < each.shape.dataCount(); p++) {
            int version = each.versions[p];
            isAllNew &=
                    version != DirtyIndex.NONE
                            && (dirty.kind(version) == DirtyIndex.WRITE
                                    || dirty.kind(version) == DirtyIndex.ZERO);
        }
        return isAllNew;
    }

    private void checkSum(RoundRow each) {
        int k = each.shape.dataCount();
        int expected = guards.crc32c(each.seals, each.seal(k));
        int found = Crc32c.of(work, workOffset(each, k), BLOCK_BYTES);
        if (found == expected) {
            return;
        }
        for (int p = 0; p < k; p++) {
            if (dirty.kind(each.versions[p]) == DirtyIndex.WRITE) {
                checkPayload(each.versions[p]);
            }
        }
        throw new IllegalStateException(
                "parity of row "
                        + each.row
                        + " is not the sum of its data: expected CRC-32C "
                        + Integer.toHexString(expected)
                        + ", found "
                        + Integer.toHexString(found));
    }

    private void checkPayload(int version) {
        int crc = Crc32c.of(region, dirty.payload(version), BLOCK_BYTES);
        if (crc != dirty.crc(version)) {
            throw new IllegalStateException(
                    "block "
                            + dirty.block(version)
                            + " changed in memory: expected CRC-32C "
                            + Integer.toHexString(dirty.crc(version))
                            + ", found "
                            + Integer.toHexString(crc));
        }
    }

    private void placeBlocks(RoundRow each) {
        each.hasContent = false;
        for (int p = 0; p < each.shape.dataCount(); p++) {
            int version = each.versions[p];
            if (version == DirtyIndex.NONE) {
                blocks[p] = work;
                offsets[p] = workOffset(each, p);
                each.hasContent |=
                        (each.lost >> p & 1) == 0
                                && !BlockInfo.isContentless(each.group.image(), each.record(p));
            } else if (dirty.kind(version) == DirtyIndex.WRITE) {
                blocks[p] = region;
                offsets[p] = dirty.payload(version);
                each.hasContent = true;
            } else {
                blocks[p] = zeros;
                offsets[p] = 0;
                each.hasContent |= dirty.kind(version) == DirtyIndex.ZERO;
            }
        }
    }

    private void intend(RoundRow each) {
        JournalOp op = spareOps.pollFirst();
        if (op == null) {
            op = new JournalOp();
            op.generations = new long[geometry.mostData()];
            op.listener =
                    done -> {
                        spareOps.addLast(done);
                        intentDone();
                    };
        }
        int k = each.shape.dataCount();
        op.type = Batch.INTENT;
        op.generationCount = k;
        op.hasMore = false;
        op.sequence = each.generation;
        op.block = each.row;
        op.count = each.shape.parityCount();
        op.extra = (1 << op.count) - 1;
        op.payload = work;
        op.payloadOffset = workOffset(each, k);
        op.payloadStride = (long) maxRows * BLOCK_BYTES;
        for (int j = 0; j < op.count; j++) {
            op.crcs[j] = crcOfParity(each, k + j);
        }
        for (int p = 0; p < k; p++) {
            op.generations[p] = generation(each, p);
        }
        pending++;
        counters.add(Counter.INTENTS, 1);
        journal.append(op);
    }

    private int crcOfParity(RoundRow each, int p) {
        return guards.haveCrc32c() && guards.hasSealed(each.seals, each.seal(p))
                ? guards.crc32c(each.seals, each.seal(p))
                : Journal.crc(work, workOffset(each, p));
    }

    /// {@return the generation that a data position has in the new row}
    private long generation(RoundRow each, int p) {
        MemorySegment info = each.group.image();
        if (each.versions[p] != DirtyIndex.NONE && (each.idleMask >> p & 1) == 0) {
            return dirty.sequence(each.versions[p]);
        }
        if ((each.lost >> p & 1) != 0 || BlockInfo.type(info, each.record(p)) == BlockInfo.BAD) {
            return Batch.BAD_GENERATION;
        }
        return BlockInfo.generation(info, each.record(p));
    }

    private void intentDone() {
        if (--pending == 0 && !members.isFailed()) {
            beginHome();
        }
    }

    private void beginHome() {
        home.begin(this::flush);
        begin(Slice.HOME);
    }

    private void writeHome(RoundRow each) {
        if (!each.isIdle) {
            placeBlocks(each);
            long key = each.group.key();
            long at = members.layout().dataOffset(geometry.memberBlock(each.row));
            for (int p = 0; p < each.shape.width(); p++) {
                int slot = geometry.slotAt(each.row, p);
                if (!members.holds(slot, key)) {
                    continue;
                }
                if (p >= each.shape.dataCount()) {
                    if (each.hasContent && (each.shape.isMirror() || each.parityHeld != 0)) {
                        home.add(slot, at, work, workOffset(each, p));
                    }
                    continue;
                }
                int version = each.versions[p];
                boolean isWritten =
                        version == DirtyIndex.NONE
                                ? (each.rewrite >> p & 1) != 0
                                : dirty.kind(version) != DirtyIndex.TRIM;
                if (isWritten) {
                    home.add(slot, at, blocks[p], offsets[p]);
                }
            }
        }
    }

    private void flush(int writtenMask) {
        if (members.isFailed()) {
            return;
        }
        pending = 1;
        flushMask = Plant.DROP_HOME_FLUSH.isPlanted() ? 0 : writtenMask;
        for (int slot = 0; slot < geometry.slotCount(); slot++) {
            if ((flushMask >> slot & 1) != 0 && home.isLive(slot)) {
                pending++;
                Io io = new Io();
                io.kind = Io.Kind.FLUSH;
                io.listener =
                        done -> {
                            if (!done.result.isOk() && !Plant.FLUSH_ERROR_IGNORED.isPlanted()) {
                                members.fail(done);
                            }
                            flushDone();
                        };
                members.submit(slot, io);
            }
        }
        flushDone();
    }

    private void flushDone() {
        if (--pending == 0 && !members.isFailed()) {
            begin(Slice.RECORD);
        }
    }

    private void finish(RoundRow each) {
        if (!each.isIdle) {
            placeBlocks(each);
            for (int p = each.shape.dataCount(); p < each.shape.width(); p++) {
                blocks[p] = work;
                offsets[p] = workOffset(each, p);
            }
            records.record(each, blocks, offsets);
            counters.add(Counter.ROWS_DESTAGED, 1);
        }
        for (int version : each.versions) {
            if (version != DirtyIndex.NONE) {
                dirty.clean(version);
            }
        }
        rowIsHome.accept(each.row);
        each.group = null;
        spareRows.addLast(each);
    }

    private void finished() {
        round.clear();
        isActive = false;
        roundBatch = Long.MAX_VALUE;
        List<InfoGroup> groups = List.copyOf(locked);
        locked.clear();
        for (InfoGroup group : groups) {
            if (Plant.NO_ROW_LOCK.isPlanted()) {
                group.unpin();
            } else {
                group.unlock();
            }
        }
    }
}
