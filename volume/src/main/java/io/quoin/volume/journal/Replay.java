package io.quoin.volume.journal;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.JournalScan.DamagedJournalException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Turns the batches that count into what the engine goes on with: the newest version of each block,
/// the last INTENT of each row with the versions it was made of, and the last batch, to be carried into
/// the new epoch.
///
/// Transactions that were not complete are dropped whole. Records are applied at most once: those
/// carried into a later epoch have the sequences they had before.
public final class Replay {
    /// Kept payload lies in slabs: a piece of memory of its own for each of ten thousand blocks took a tenth of recovery's time.
    private static final long FIRST_SLAB_BYTES = 64 << 10;

    private static final long MOST_SLAB_BYTES = 4 << 20;

    /// Gives memory for a recovered block.
    @FunctionalInterface
    public interface Memory {
        /// {@return offset of a 4 KiB buffer in the pool's region, or -1 when there is none}
        int allocate();
    }

    /// A batch could be read once and then not any more. It may have been the only copy of one that was
    /// never acknowledged, so nothing is wrong yet: to be read again from the start.
    public static final class ChangedJournalException extends DamagedJournalException {
        private static final long serialVersionUID = 1;

        ChangedJournalException(String message) {
            super(message);
        }
    }

    /// The memory that was given for recovered blocks does not suffice.
    public static final class NoMemoryException extends DamagedJournalException {
        private static final long serialVersionUID = 1;

        NoMemoryException(String message) {
            super(message);
        }
    }

    /// The last INTENT of a row.
    public static final class Intent {
        /// Row.
        public final long row;

        /// Sequence.
        public final long sequence;

        /// Generations of the data positions; Batch.BAD_GENERATION marks a lost block.
        public final long[] generations;

        /// Parity payload, one block for each parity position.
        public MemorySegment parity;

        /// For each data position found in the journal: DirtyIndex.WRITE, TRIM or ZERO; else 0.
        public final byte[] kinds;

        /// Payload of positions of kind WRITE.
        public final MemorySegment[] data;

        Intent(long row, long sequence, long[] generations) {
            this.row = row;
            this.sequence = sequence;
            this.generations = generations;
            kinds = new byte[generations.length];
            data = new MemorySegment[generations.length];
        }
    }

    private record Op(
            int type,
            int count,
            long sequence,
            long block,
            long batch,
            int extra,
            MemorySegment payload) {}

    private final Geometry geometry;
    private final DirtyIndex dirty;
    private final MemorySegment region;
    private final Memory memory;
    private MemorySegment slab = MemorySegment.NULL;
    private long slabUsed;
    private final Map<Long, Intent> intents = new HashMap<>();
    private final List<Op> open = new ArrayList<>();
    private final List<JournalOp> last = new ArrayList<>();
    private long truncatedAt;
    private long applied;
    private long lastBatch;
    private long lastOfFirstPass;
    private int lastChain;
    private long lastEpoch;
    private int lastStandsFor;
    private boolean isSecondPass;
    private long batches;
    private boolean isSalvage;
    private final List<long[]> losses = new ArrayList<>();
    private boolean isBehindLoss;
    private long completeFrom;

    /// Blocks whose transactions with a CUT were found: the first, and the one behind the last.
    private long firstMoved = Long.MAX_VALUE;

    private long endMoved;

    private Replay(Geometry geometry, DirtyIndex dirty, MemorySegment region, Memory memory) {
        this.geometry = geometry;
        this.dirty = dirty;
        this.region = region;
        this.memory = memory;
    }

    /// Replays a journal.
    ///
    /// @param scan what was found
    /// @param tail first batch that is needed
    /// @param floor no sequence after the tail's checkpoint is lower
    /// @param geometry shape
    /// @param dirty empty index, which receives the newest versions
    /// @param region memory of recovered blocks
    /// @param memory gives out that memory
    /// @return what was found
    /// @throws DamagedJournalException when acknowledged writes would be lost
    /// @throws ChangedJournalException when two passes over the journal did not find the same
    public static Replay run(
            JournalScan scan,
            long tail,
            long floor,
            Geometry geometry,
            DirtyIndex dirty,
            MemorySegment region,
            Memory memory)
            throws DamagedJournalException {
        Replay replay = new Replay(geometry.copy(), dirty, region, memory);
        long end = replay.pass(scan, tail, floor);
        replay.lastOfFirstPass = replay.lastBatch;
        replay.isSecondPass = true;
        replay.pass(scan, tail, floor);
        boolean isSame =
                replay.truncatedAt == end
                        && replay.lastBatch == replay.lastOfFirstPass
                        && replay.intents.values().stream().allMatch(each -> each.parity != null);
        if (!isSame) {
            throw new ChangedJournalException(
                    String.format(
                            "journal: expected to end at batch %d and sequence %d as when it was"
                                    + " read first, ends at %d and %d: a member reads differently"
                                    + " each time",
                            replay.lastOfFirstPass, end, replay.lastBatch, replay.truncatedAt));
        }
        replay.last.removeIf(op -> op.sequence > end);
        return replay;
    }

    /// Replays what is left of a journal: goes on where acknowledged batches are lost, and says from where on nothing is missing.
    /// Of a transaction of which some records are lost the others count, for it was acknowledged.
    ///
    /// @param scan what was found
    /// @param tail first batch that is needed
    /// @param floor no sequence after the tail's checkpoint is lower
    /// @param geometry shape
    /// @param dirty empty index, which receives the newest versions
    /// @param region memory of recovered blocks
    /// @param memory gives out that memory
    /// @return what was found
    /// @throws DamagedJournalException when there is not enough memory
    public static Replay salvage(
            JournalScan scan,
            long tail,
            long floor,
            Geometry geometry,
            DirtyIndex dirty,
            MemorySegment region,
            Memory memory)
            throws DamagedJournalException {
        Replay replay = new Replay(geometry.copy(), dirty, region, memory);
        replay.isSalvage = true;
        replay.pass(scan, tail, floor);
        replay.lastOfFirstPass = replay.lastBatch;
        replay.isSecondPass = true;
        replay.losses.clear();
        replay.isBehindLoss = false;
        replay.pass(scan, tail, floor);
        if (replay.isBehindLoss) {
            replay.completeFrom = Long.MAX_VALUE;
        }
        replay.intents.values().removeIf(each -> each.parity == null);
        return replay;
    }

    /// {@return batches that were acknowledged and are lost, first and last of each gap, in order; none unless salvaged}
    public List<long[]> losses() {
        return losses;
    }

    /// {@return the lowest sequence from which on nothing is missing, 0 when nothing is at all}
    public long completeFrom() {
        return completeFrom;
    }

    private void lost(long first, long last) {
        assert isSalvage : "batch " + first;
        losses.add(new long[] {first, last});
        isBehindLoss = true;
    }

    private void salvage(MemorySegment batch, Batch.Header header) throws DamagedJournalException {
        if (isBehindLoss) {
            isBehindLoss = false;
            boolean isStart =
                    header.recordCount > 0
                            && Batch.type(batch, Batch.HEADER_BYTES) == Batch.EPOCH_START;
            completeFrom = header.firstSequence + (isStart ? 1 : 0);
        }
        try {
            collect(batch, header);
        } catch (NoMemoryException e) {
            throw e;
        } catch (DamagedJournalException e) {
            lost(header.number, header.number);
        }
    }

    /// Goes over the journal once, and drops the transaction that is not whole at its end.
    ///
    /// @return the last sequence that counts
    private long pass(JournalScan scan, long tail, long floor) throws DamagedJournalException {
        truncatedAt = floor;
        applied = 0;
        lastBatch = tail - 1;
        lastChain = 0;
        lastEpoch = 0;
        lastStandsFor = 0;
        if (isSalvage) {
            scan.replay(tail, this::salvage, (first, later) -> lost(first, later - 1));
        } else {
            scan.replay(tail, this::collect);
        }
        if (!open.isEmpty() && !Plant.FLOOR_ENDS_EPOCH.isPlanted()) {
            // The floor may be later: it is what had been given out, not what was committed. What
            // is
            // dropped here must not be taken for the beginning of what follows the next
            // EPOCH_START.
            truncatedAt = open.getFirst().sequence - 1;
        }
        open.clear();
        return truncatedAt;
    }

    private void collect(MemorySegment batch, Batch.Header header) throws DamagedJournalException {
        long record = Batch.HEADER_BYTES;
        lastBatch = header.number;
        lastChain = header.chain;
        lastEpoch = header.epoch;
        lastStandsFor = 0;
        batches += isSecondPass ? 1 : 0;
        for (int i = 0; i < header.recordCount; i++) {
            int type = Batch.type(batch, record);
            long sequence = Batch.sequence(batch, record);
            if (type == Batch.EPOCH_START) {
                checkStart(header, sequence);
                lastStandsFor = Math.max(0, Batch.extra(batch, record));
                if (!Plant.NO_EPOCH_CUT.isPlanted()) {
                    open.removeIf(op -> op.sequence > sequence);
                }
                // Lower than the floor when a transaction was not whole: the next EPOCH_START,
                // which may
                // have to stand for this one, must cut that off too.
                truncatedAt = Math.max(applied, sequence);
            } else {
                take(batch, header, record, type, sequence);
            }
            record += Batch.recordBytes(batch, record);
        }
        if (isCarried(header)) {
            fillCrcs(batch, record);
        }
    }

    private boolean isCarried(Batch.Header header) {
        return isSecondPass && header.number == lastOfFirstPass;
    }

    private void take(
            MemorySegment batch, Batch.Header header, long record, int type, long sequence)
            throws DamagedJournalException {
        int count = Batch.count(batch, record);
        long block = Batch.block(batch, record);
        long limit = type == Batch.INTENT ? geometry.rowLimit(block) : geometry.allBlocks();
        boolean hasPayload = type == Batch.WRITE || type == Batch.INTENT;
        int first = Batch.payload(batch, record);
        boolean isCut = type == Batch.CUT && geometry.former() != null;
        if (type < Batch.WRITE
                || type > Batch.INTENT && !isCut
                || sequence < 0
                || sequence > header.lastSequence
                || count < 0
                || block < 0
                || block >= limit && !isCut
                || isCut && (block > limit || count < 1 || count > Geometry.MOST_WINDOW_BLOCKS)
                || type < Batch.INTENT && block + count > limit
                || type == Batch.INTENT && !isWholeIntent(batch, record, count)
                || hasPayload && (first < 0 || (long) first + count > header.payloadBlocks)) {
            throw new DamagedJournalException(
                    "journal batch "
                            + header.number
                            + ": a record whose CRC is right says type "
                            + type
                            + ", block "
                            + block
                            + ", count "
                            + count
                            + ": expected a known type inside the volume");
        }
        MemorySegment payload = null;
        if (hasPayload) {
            payload =
                    batch.asSlice(
                            header.headerBytes + (long) first * BLOCK_BYTES,
                            (long) count * BLOCK_BYTES);
        }
        if (isCarried(header)) {
            last.add(carry(batch, record, type, sequence, block, count, payload));
        }
        if (type == Batch.INTENT) {
            takeIntent(batch, record, sequence, block, payload);
            counts(sequence);
            return;
        }
        boolean hasMore = Batch.hasMore(batch, record);
        MemorySegment kept = payload;
        if (hasMore && payload != null && isSecondPass) {
            kept = keep(payload);
        }
        int extra = Batch.extra(batch, record);
        open.add(new Op(type, count, sequence, block, header.number, extra, kept));
        if (!hasMore) {
            boolean isMove = type == Batch.CUT;
            for (Op op : open) {
                apply(op, isMove ? open.getFirst().batch : op.batch);
            }
            open.clear();
            counts(sequence);
        }
    }

    private void counts(long sequence) {
        applied = Math.max(applied, sequence);
        truncatedAt = Math.max(truncatedAt, sequence);
    }

    private static void checkStart(Batch.Header header, long sequence)
            throws DamagedJournalException {
        if (sequence < 0 || sequence > Superblock.MAX_COUNTER) {
            throw new DamagedJournalException(
                    "journal batch "
                            + header.number
                            + ": an epoch that begins at sequence "
                            + sequence
                            + ": expected 0 to "
                            + Superblock.MAX_COUNTER);
        }
    }

    private boolean isWholeIntent(MemorySegment batch, long record, int count) {
        int generations = (Batch.recordBytes(batch, record) - Batch.RECORD_BYTES) / Long.BYTES;
        Geometry shape = geometry.at(Batch.block(batch, record));
        return count == shape.parityCount() && generations == shape.dataCount();
    }

    private void takeIntent(
            MemorySegment batch, long record, long sequence, long row, MemorySegment payload) {
        Intent before = intents.get(row);
        if (isSecondPass) {
            if (before != null && before.sequence == sequence && before.parity == null) {
                before.parity = keep(payload);
            }
            return;
        }
        boolean isOlder = before != null && before.sequence >= sequence;
        if (isOlder || before != null && Plant.FIRST_INTENT.isPlanted()) {
            return;
        }
        long[] generations = new long[geometry.at(row).dataCount()];
        for (int i = 0; i < generations.length; i++) {
            generations[i] = Batch.generation(batch, record, i);
        }
        intents.put(row, new Intent(row, sequence, generations));
    }

    /// A copy that stays when the batch that it came in is gone.
    private MemorySegment keep(MemorySegment payload) {
        long bytes = payload.byteSize();
        if (slab.byteSize() - slabUsed < bytes) {
            long slabBytes = Math.clamp(2 * slab.byteSize(), FIRST_SLAB_BYTES, MOST_SLAB_BYTES);
            slab = Arena.ofAuto().allocate(Math.max(slabBytes, bytes), BLOCK_BYTES);
            slabUsed = 0;
        }
        slabUsed += bytes;
        return slab.asSlice(slabUsed - bytes, bytes).copyFrom(payload);
    }

    private void apply(Op op, long batch) throws DamagedJournalException {
        if (op.type == Batch.CUT) {
            // Of a move whose beginning the journal has let go of everything is at home.
            moveCut(op.block, op.count, open.size() > op.extra || Plant.MOVE_HALF_KEPT.isPlanted());
            return;
        }
        if (!isSecondPass) {
            return;
        }
        byte kind =
                switch (op.type) {
                    case Batch.WRITE -> DirtyIndex.WRITE;
                    case Batch.TRIM -> DirtyIndex.TRIM;
                    default -> DirtyIndex.ZERO;
                };
        for (int i = 0; i < op.count; i++) {
            long block = op.block + i;
            MemorySegment content =
                    kind == DirtyIndex.WRITE
                            ? op.payload.asSlice((long) i * BLOCK_BYTES, BLOCK_BYTES)
                            : null;
            remember(block, op.sequence, kind, content);
            int newest = dirty.newest(block);
            if (newest != DirtyIndex.NONE && dirty.sequence(newest) >= op.sequence) {
                continue;
            }
            int buffer = -1;
            int crc = 0;
            if (content != null) {
                buffer = memory.allocate();
                if (buffer < 0) {
                    throw new NoMemoryException(
                            "recovery needs more memory than the buffer pool has: expected the"
                                    + " pool that the journal was written with, found "
                                    + region.byteSize()
                                    + " bytes");
                }
                MemorySegment.copy(content, 0, region, buffer, BLOCK_BYTES);
                crc = Journal.crc(region, buffer);
            }
            int version = dirty.add(block, op.sequence, kind, buffer, buffer, crc);
            dirty.setBatch(version, batch);
            dirty.commit(version);
        }
    }

    private void moveCut(long block, int count, boolean isWhole) {
        boolean isDescending = geometry.isDescending();
        if (isDescending ? block < geometry.cutBlock() : block > geometry.cutBlock()) {
            geometry.moveCut(block);
        }
        if (!isWhole) {
            return;
        }
        firstMoved = Math.min(firstMoved, isDescending ? block : block - count);
        endMoved = Math.max(endMoved, isDescending ? block + count : block);
    }

    /// {@return the first block of those that were moved by a reshape and may not be home in their new shape}
    public long firstMoved() {
        return firstMoved;
    }

    /// {@return the block behind the last of those, not above the first one if there are none}
    public long endMoved() {
        return endMoved;
    }

    /// Keeps a version that a row's last INTENT was made of.
    private void remember(long block, long sequence, byte kind, MemorySegment content) {
        Intent intent = intents.get(geometry.rowOf(block));
        if (intent == null) {
            return;
        }
        int position = geometry.positionOf(block);
        if (intent.generations[position] == sequence && intent.kinds[position] == 0) {
            intent.kinds[position] = kind;
            if (content != null) {
                intent.data[position] = keep(content);
            }
        }
    }

    private JournalOp carry(
            MemorySegment batch,
            long record,
            int type,
            long sequence,
            long block,
            int count,
            MemorySegment payload) {
        JournalOp op = new JournalOp();
        op.type = type;
        op.hasMore = Batch.hasMore(batch, record);
        op.sequence = sequence;
        op.block = block;
        op.count = count;
        op.extra = Batch.extra(batch, record);
        op.payloadStride = BLOCK_BYTES;
        op.listener = done -> {};
        if (payload != null) {
            op.payload = keep(payload);
        }
        if (type == Batch.INTENT) {
            op.generationCount = geometry.at(block).dataCount();
            op.generations = new long[op.generationCount];
            for (int i = 0; i < op.generationCount; i++) {
                op.generations[i] = Batch.generation(batch, record, i);
            }
        }
        return op;
    }

    private void fillCrcs(MemorySegment batch, long table) {
        int next = 0;
        for (JournalOp op : last) {
            for (int i = 0; i < op.payloadBlocks(); i++) {
                op.crcs[i] = Journal.crc(op.payload, (long) i * BLOCK_BYTES);
                next++;
            }
        }
        assert table + 4L * next <= batch.byteSize() : "crc table of " + next;
    }

    /// {@return shape and size, with the cut of a reshape where the journal has left it}
    public Geometry geometry() {
        return geometry;
    }

    /// {@return last INTENT of each row, by row}
    public List<Intent> intents() {
        List<Intent> list = new ArrayList<>(intents.values());
        // Of a shape that the row's blocks have left.
        list.removeIf(each -> !geometry.isCurrentGroup(geometry.infoGroupOf(each.row)));
        list.sort((a, b) -> Long.compare(a.row, b.row));
        return list;
    }

    /// {@return last sequence that counts}
    public long truncatedAt() {
        return truncatedAt;
    }

    /// {@return batches that count}
    public long batches() {
        return batches;
    }

    /// {@return the record that begins the next epoch}
    public JournalOp epochStart() {
        JournalOp op = new JournalOp();
        op.type = Batch.EPOCH_START;
        op.sequence = truncatedAt;
        op.block = lastBatch;
        op.extra = batches == 0 ? 0 : 1 + (Plant.CARRIED_ONCE.isPlanted() ? 0 : lastStandsFor);
        op.listener = done -> {};
        return op;
    }

    /// {@return records of the last batch that count}
    public List<JournalOp> carried() {
        return last;
    }

    /// {@return where the journal goes on}
    ///
    /// @param scan the scan that was replayed
    /// @param epoch epoch to begin
    /// @param tail first batch that recovery would need
    public JournalStart start(JournalScan scan, long epoch, long tail) {
        assert epoch > lastEpoch : "epoch " + epoch + " after " + lastEpoch;
        Remains remains = scan.remains();
        return new JournalStart(
                remains.segments(geometry.lanes()),
                epoch,
                lastBatch + 1,
                lastChain,
                truncatedAt,
                tail,
                remains.from(lastBatch - lastStandsFor));
    }

    @Override
    public String toString() {
        return batches
                + " batches to "
                + lastBatch
                + ", "
                + intents.size()
                + " intents "
                + Arrays.toString(new long[] {truncatedAt});
    }
}
