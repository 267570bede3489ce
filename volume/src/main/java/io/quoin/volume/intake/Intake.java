package io.quoin.volume.intake;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.counter.Timings;
import io.quoin.volume.counter.Timings.Span;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.Journal;
import io.quoin.volume.journal.JournalOp;
import io.quoin.volume.journal.Sequencer;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.function.LongUnaryOperator;
import org.agrona.collections.LongHashSet;

/// Takes writes, trims and zeroes: admits them while there is room, completes blocks that are only
/// partly written, gives them sequences, and hands them to the journal as transactions of up to
/// 16 MiB. What was committed becomes visible at once and whole, and is acknowledged.
///
/// ```
/// submit -> admission -> edges (read-modify-write, locked) -> sequence, dirty index -> journal
///        -> committed, in order -> visible -> Request.complete
/// ```
///
/// A block whose edge is being completed is locked: no other operation on it gets a sequence until
/// this one has, so that two partial writes of one block both survive.
///
/// In the engine's turns only.
public final class Intake {
    /// Blocks of a transaction: 16 MiB.
    public static final int TRANSACTION_BLOCKS = 4096;

    /// Of what the journal can hold, the share at which destage begins.
    private static final int FILLING_SHARE = 4;

    private final Geometry geometry;
    private final BufferPool pool;
    private final MemorySegment region;
    private final DirtyIndex dirty;
    private final Journal journal;
    private final Sequencer sequencer;
    private final BaseReader base;
    private final Counters counters;
    private final Timings timings;
    private final Request.Listener whenEnded;
    private final long journalLimitBytes;
    private final int reserveSegments;
    private final int intentBlocks;

    private final ArrayDeque<Operation> waiting = new ArrayDeque<>();
    private final ArrayDeque<Operation> blocked = new ArrayDeque<>();
    private final LongHashSet lockedBlocks = new LongHashSet(-1);
    private final List<Operation> operations = new ArrayList<>();
    private final ArrayDeque<Operation> spareOperations = new ArrayDeque<>();
    private final ArrayDeque<JournalOp> spareOps = new ArrayDeque<>();
    private long unappliedBatch = Long.MAX_VALUE;
    private boolean isStopped;
    private boolean isHeld;
    private long edgesBytes; // of requests whose edges are being completed
    private LongUnaryOperator pace = LongUnaryOperator.identity();
    private int open;

    // Blocks that a reshape is about to move: nothing on them gets a sequence.
    private long movedFrom;
    private long movedEnd;
    private long movedBytes; // that the journal keeps room for

    /// The intake of a volume.
    ///
    /// @param geometry shape
    /// @param pool memory of the payload
    /// @param dirty index
    /// @param journal journal
    /// @param sequencer source of sequences
    /// @param base fetches blocks that are partly written
    /// @param counters what is counted
    /// @param whenEnded told of each request that was carried out, before whoever submitted it
    public Intake(
            Geometry geometry,
            BufferPool pool,
            DirtyIndex dirty,
            Journal journal,
            Sequencer sequencer,
            BaseReader base,
            Counters counters,
            Request.Listener whenEnded) {
        this.geometry = geometry;
        this.pool = pool;
        this.region = pool.region();
        this.dirty = dirty;
        this.journal = journal;
        this.sequencer = sequencer;
        this.base = base;
        this.counters = counters;
        timings = counters.timings();
        this.whenEnded = whenEnded;
        this.journalLimitBytes = pool.capacityBytes() / 4 * 3;
        this.reserveSegments = geometry.mostParity() + 2;
        this.intentBlocks = geometry.mostIntentBlocks();
    }

    /// A request on its way.
    private static final class Operation {
        Request request;
        int buffer = -1; // of a WRITE, until its blocks refer to it
        long nextBlock; // first block of the next transaction
        long endBlock; // behind the last block to be done
        long headBlock = -1; // partly covered first block, or -1
        long tailBlock = -1;
        int headBuffer = -1; // of a ZERO's edges
        int tailBuffer = -1;
        boolean headReady;
        boolean tailReady;
        boolean edgesLocked;
        boolean edgeFailed;
        boolean isInFlight; // in the journal's hands
        int pendingEdges;
        Runnable whenMoved;
        final ArrayDeque<JournalOp> transaction = new ArrayDeque<>();
    }

    /// Takes a WRITE, TRIM or ZERO.
    ///
    /// @param request the request, inside the volume
    public void submit(Request request) {
        Operation op = spareOperations.pollFirst();
        if (op == null) {
            op = new Operation();
            operations.add(op);
        }
        op.request = request;
        request.outcome = null;
        op.buffer = request.op == Request.Op.WRITE ? request.bufferOffset : -1;
        open++;
        if (isStopped) {
            end(op, Request.Outcome.IO_ERROR);
            return;
        }
        long first = request.offsetBytes / BLOCK_BYTES;
        long end = request.offsetBytes + request.lengthBytes;
        long headBytes = request.offsetBytes % BLOCK_BYTES;
        long tailBytes = end % BLOCK_BYTES;
        op.nextBlock = first;
        op.endBlock = (end + BLOCK_BYTES - 1) / BLOCK_BYTES;
        op.headBlock = headBytes != 0 ? first : -1;
        op.tailBlock = tailBytes != 0 ? end / BLOCK_BYTES : -1;
        if (op.tailBlock == op.headBlock) {
            op.tailBlock = -1;
        }
        if (request.op == Request.Op.TRIM) {
            // A trim of a part of a block may leave it as it is.
            op.nextBlock = headBytes != 0 ? first + 1 : first;
            op.endBlock = end / BLOCK_BYTES;
            op.headBlock = -1;
            op.tailBlock = -1;
            if (op.nextBlock >= op.endBlock) {
                end(op, Request.Outcome.OK);
                return;
            }
        }
        if (waiting.isEmpty()) {
            advance(op);
        } else {
            waiting.addLast(op);
        }
    }

    /// Goes on with requests that waited for room.
    ///
    /// @return whether any went on
    public boolean retry() {
        boolean any = false;
        while (!waiting.isEmpty() && hasRoom(waiting.peekFirst())) {
            Operation op = waiting.pollFirst();
            advance(op);
            if (waiting.peekFirst() == op) {
                return any; // it waits for memory
            }
            any = true;
        }
        return any;
    }

    /// {@return whether requests wait for room}
    public boolean isWaiting() {
        return !waiting.isEmpty();
    }

    /// {@return requests taken and not completed}
    public int open() {
        return open;
    }

    /// {@return batch of the first record that is durable but not yet visible, or Long.MAX_VALUE: the
    /// journal's tail must not pass it}
    public long unappliedBatch() {
        return unappliedBatch;
    }

    /// Refuses what waits and what comes: the volume has failed. Requests in the journal's hands are
    /// answered too; whether they are durable nobody knows, so they are errors.
    public void stop() {
        isStopped = true;
        while (!waiting.isEmpty()) {
            end(waiting.pollFirst(), Request.Outcome.IO_ERROR);
        }
        while (!blocked.isEmpty()) {
            end(blocked.pollFirst(), Request.Outcome.IO_ERROR);
        }
        for (Operation op : operations) {
            if (op.isInFlight) {
                op.isInFlight = false;
                Request request = op.request;
                op.request = null;
                open--;
                request.complete(Request.Outcome.IO_ERROR);
            }
        }
    }

    /// Names who says how full the journal may be, given how full it may be at most: what comes in faster
    /// than it goes home is slowed down bit by bit, and never stands still until a whole sweep is home.
    ///
    /// @param whose bytes in use at most -> bytes in use for now
    public void setPace(LongUnaryOperator whose) {
        pace = whose;
    }

    /// Holds new writes back, or lets them go on.
    ///
    /// @param held whether to hold
    public void hold(boolean held) {
        isHeld = held;
    }

    private boolean hasRoom(Operation op) {
        if (isHeld) {
            return false;
        }
        long blocks = Math.min(op.endBlock - op.nextBlock, TRANSACTION_BLOCKS);
        return hasRoom(blocks, payloadBytes(op, blocks));
    }

    private boolean hasRoom(long blocks, long payload) {
        long need = payload + payload / 16 + BLOCK_BYTES;
        long used = journal.usedBytes();
        long room = room(blocks);
        // Nothing is dirty and the journal is as empty as it gets: waiting would not help.
        boolean isAllHome =
                dirty.liveCount() == 0
                        && journal.queued() == 0
                        && used <= 2L * journal.segmentBytes()
                        && journal.freeSegments() > reserveSegments;
        if (used + journal.queuedBytes() + edgesBytes + movedBytes + need > pool.capacityBytes()) {
            // Recovery must find memory for all that is in the journal from the tail on, at home or
            // not.
            return isAllHome && journal.isEmpty() && edgesBytes + movedBytes == 0;
        }
        return need <= room && used + need <= pace.applyAsLong(used + room) || isAllHome;
    }

    private static long payloadBytes(Operation op, long blocks) {
        return (op.request.op == Request.Op.WRITE ? blocks : 2) * BLOCK_BYTES;
    }

    /// {@return bytes that the journal can still take beyond the reserve, what was admitted before, and what
    /// destage will write to it, with so many blocks more}
    private long room(long moreBlocks) {
        long free = (long) (journal.freeSegments() - reserveSegments) * journal.usableBytes();
        return Math.min(free, journalLimitBytes - journal.usedBytes()) - promisedBytes(moreBlocks);
    }

    private long promisedBytes(long moreBlocks) {
        // Half as much again for headers and for what is left over at the end of segments.
        long intents = (dirty.liveCount() + moreBlocks) * intentBlocks * BLOCK_BYTES * 3 / 2;
        long admitted =
                Plant.ADMIT_WITHOUT_QUEUE.isPlanted()
                        ? 0
                        : journal.queuedBytes() + edgesBytes + movedBytes;
        return intents + admitted + admitted / 16;
    }

    /// {@return free segments of the journal that the reserve, and what was admitted, may need}
    public long promisedSegments() {
        return reserveSegments
                + (promisedBytes(0) + journal.usableBytes() - 1) / journal.usableBytes();
    }

    /// {@return whether the journal is so full that something should go home, though nobody waits yet}
    public boolean isFilling() {
        long used = journal.usedBytes();
        return used > (used + room(0)) / FILLING_SHARE;
    }

    /// {@return whether nothing is left of the journal but what is kept for destage}
    public boolean isJournalFull() {
        return journal.freeSegments() <= reserveSegments;
    }

    private void advance(Operation op) {
        if (!hasRoom(op)) {
            waiting.addFirst(op);
            return;
        }
        assert journal.freeSegments() > reserveSegments
                : "I9: admitted with " + journal.freeSegments() + " free segments";
        if (isBlockLocked(op)) {
            blocked.addLast(op);
            return;
        }
        if (op.edgesLocked || op.headBlock < 0 && op.tailBlock < 0) {
            sequence(op);
            return;
        }
        completeEdges(op);
    }

    private boolean isBlockLocked(Operation op) {
        if (!op.edgesLocked && op.nextBlock < movedEnd && op.endBlock > movedFrom) {
            return true;
        }
        if (lockedBlocks.isEmpty() || op.edgesLocked || Plant.NO_EDGE_LOCK.isPlanted()) {
            return false;
        }
        if (op.endBlock - op.nextBlock <= lockedBlocks.size()) {
            for (long block = op.nextBlock; block < op.endBlock; block++) {
                if (lockedBlocks.contains(block)) {
                    return true;
                }
            }
            return false;
        }
        LongHashSet.LongIterator locked = lockedBlocks.iterator();
        while (locked.hasNext()) {
            long block = locked.nextValue();
            if (block >= op.nextBlock && block < op.endBlock) {
                return true;
            }
        }
        return false;
    }

    private void completeEdges(Operation op) {
        if (op.request.op == Request.Op.ZERO && !takeEdgeBuffers(op)) {
            waiting.addFirst(op);
            return;
        }
        op.edgesLocked = true;
        op.edgeFailed = false;
        edgesBytes += payloadBytes(op, op.endBlock - op.nextBlock);
        op.pendingEdges = 1;
        if (op.headBlock >= 0) {
            lockedBlocks.add(op.headBlock);
            op.pendingEdges++;
        }
        if (op.tailBlock >= 0) {
            lockedBlocks.add(op.tailBlock);
            op.pendingEdges++;
        }
        if (op.headBlock >= 0) {
            fetchEdge(op, op.headBlock);
        }
        if (op.tailBlock >= 0) {
            fetchEdge(op, op.tailBlock);
        }
        edgeDone(op, true);
    }

    private boolean takeEdgeBuffers(Operation op) {
        if (op.headBlock >= 0 && op.headBuffer < 0) {
            op.headBuffer = pool.tryAllocateReserved();
        }
        if (op.tailBlock >= 0 && op.tailBuffer < 0) {
            op.tailBuffer = pool.tryAllocateReserved();
        }
        return (op.headBlock < 0 || op.headBuffer >= 0) && (op.tailBlock < 0 || op.tailBuffer >= 0);
    }

    private void fetchEdge(Operation op, long block) {
        int version = Plant.STALE_BASE.isPlanted() ? DirtyIndex.NONE : dirty.newest(block);
        int scratch = pool.tryAllocateReserved();
        if (scratch < 0) {
            // Without memory for the base the operation starts over when there is some.
            op.pendingEdges--;
            op.edgeFailed = true;
            return;
        }
        if (version != DirtyIndex.NONE) {
            if (dirty.kind(version) == DirtyIndex.WRITE) {
                MemorySegment.copy(region, dirty.payload(version), region, scratch, BLOCK_BYTES);
            } else {
                region.asSlice(scratch, BLOCK_BYTES).fill((byte) 0);
            }
            mergeEdge(op, block, scratch);
            edgeDone(op, true);
            return;
        }
        base.readBlock(
                block,
                region,
                scratch,
                isOk -> {
                    if (isOk) {
                        mergeEdge(op, block, scratch);
                    } else {
                        pool.free(scratch);
                        op.request.outcome = Request.Outcome.IO_ERROR;
                    }
                    edgeDone(op, isOk);
                });
    }

    /// Fills the bytes of the edge block that the request does not cover.
    private void mergeEdge(Operation op, long block, int scratch) {
        Request request = op.request;
        long blockStart = block * BLOCK_BYTES;
        int from = (int) Math.max(0, request.offsetBytes - blockStart);
        int to =
                (int) Math.min(BLOCK_BYTES, request.offsetBytes + request.lengthBytes - blockStart);
        long target = edgeOffset(op, block);
        MemorySegment.copy(region, scratch, region, target, from);
        MemorySegment.copy(region, scratch + to, region, target + to, BLOCK_BYTES - to);
        if (request.op == Request.Op.ZERO) {
            region.asSlice(target + from, to - from).fill((byte) 0);
        }
        pool.free(scratch);
    }

    private long edgeOffset(Operation op, long block) {
        if (op.request.op == Request.Op.ZERO) {
            return block == op.headBlock ? op.headBuffer : op.tailBuffer;
        }
        return op.buffer + (block - op.request.offsetBytes / BLOCK_BYTES) * BLOCK_BYTES;
    }

    private void edgeDone(Operation op, boolean isOk) {
        op.edgeFailed |= !isOk;
        if (--op.pendingEdges > 0) {
            return;
        }
        edgesBytes -= payloadBytes(op, op.endBlock - op.nextBlock);
        if (!op.edgeFailed) {
            sequence(op);
            return;
        }
        boolean isLost = op.request.outcome == Request.Outcome.IO_ERROR;
        unlockEdges(op);
        if (isLost || isStopped) {
            end(op, Request.Outcome.IO_ERROR);
        } else {
            waiting.addFirst(op);
        }
    }

    private void unlockEdges(Operation op) {
        op.edgesLocked = false;
        if (op.headBlock >= 0) {
            lockedBlocks.remove(op.headBlock);
        }
        if (op.tailBlock >= 0) {
            lockedBlocks.remove(op.tailBlock);
        }
        for (int i = blocked.size(); i > 0 && !blocked.isEmpty(); i--) {
            advance(blocked.pollFirst());
        }
    }

    /// Gives the next transaction of an operation its sequences and appends it to the journal.
    private void sequence(Operation op) {
        if (isStopped) {
            end(op, Request.Outcome.IO_ERROR);
            return;
        }
        Request request = op.request;
        long first = request.offsetBytes / BLOCK_BYTES;
        long until = Math.min(op.endBlock, op.nextBlock + TRANSACTION_BLOCKS);
        long block = op.nextBlock;
        op.isInFlight = true;
        if (op.buffer >= 0 && block == first && until < op.endBlock) {
            dirty.retain(op.buffer);
        }
        while (block < until) {
            JournalOp record = newRecord(op);
            if (request.op == Request.Op.WRITE) {
                int count = (int) Math.min(until - block, journal.maxRecordBlocks());
                int payload = op.buffer + (int) (block - first) * BLOCK_BYTES;
                fill(record, block, count, op.buffer, payload);
                block += count;
            } else if (block == op.headBlock || block == op.tailBlock) {
                int edge = block == op.headBlock ? op.headBuffer : op.tailBuffer;
                fill(record, block, 1, edge, edge);
                if (block == op.headBlock) {
                    op.headBuffer = -1;
                } else {
                    op.tailBuffer = -1;
                }
                block++;
            } else {
                long stop = op.tailBlock >= block ? Math.min(until, op.tailBlock) : until;
                boolean keeps = request.op == Request.Op.ZERO && request.noHole;
                fillZeros(record, block, (int) (stop - block), keeps);
                block = stop;
            }
            record.hasMore = block < until;
            op.transaction.addLast(record);
            journal.append(record);
        }
        if (until == op.endBlock) {
            if (op.buffer >= 0 && op.nextBlock > first) {
                dirty.release(op.buffer);
            }
            op.buffer = -1; // the versions own it now
        }
        op.nextBlock = until;
        if (until == op.endBlock && op.edgesLocked) {
            unlockEdges(op);
        }
        if (Plant.ACKNOWLEDGE_VOLATILE.isPlanted() && until == op.endBlock) {
            op.isInFlight = false;
            open--;
            Request done = op.request;
            op.request = null;
            done.complete(Request.Outcome.OK);
        }
    }

    /// Holds back what would change blocks that are to be moved, from those that have no sequence yet on; and keeps room for them in
    /// the journal.
    ///
    /// @param first volume block
    /// @param count how many
    /// @return false: there is no room now, nothing is held back
    public boolean beginMove(long first, int count) {
        assert movedEnd == 0 : "blocks from " + movedFrom + " are being moved";
        long bytes = (long) count * BLOCK_BYTES;
        if (isStopped || !waiting.isEmpty() || !hasRoom(count, bytes)) {
            return false;
        }
        movedFrom = first;
        movedEnd = first + count;
        movedBytes = bytes;
        return true;
    }

    /// {@return whether everything that was to change the blocks before {@link #beginMove} is committed, and visible}
    public boolean isMoveReady() {
        // Whose edges are being completed gets its sequences as soon as they are, wherever the
        // edges lie.
        for (int i = 0; i < operations.size(); i++) {
            Operation op = operations.get(i);
            boolean isMeant = op.nextBlock < movedEnd && op.endBlock > movedFrom;
            if (op.request != null
                    && op.edgesLocked
                    && isMeant
                    && !Plant.EDGES_NOT_AWAITED.isPlanted()) {
                return false;
            }
        }
        for (long block = movedFrom; block < movedEnd; block++) {
            int version = dirty.newest(block);
            if (version != DirtyIndex.NONE && !dirty.isCommitted(version)) {
                return false;
            }
        }
        return true;
    }

    /// Writes what is moved to the journal, as one transaction that ends with the cut.
    ///
    /// @param buffer contents of the blocks, the pool's; whoever needs it last gives it back
    /// @param mask blocks that have content
    /// @param cut first block above the cut from then on
    /// @param then runs when it is committed, and the blocks are dirty
    public void move(int buffer, BitSet mask, long cut, Runnable then) {
        Operation op = spareOperations.pollFirst();
        if (op == null) {
            op = new Operation();
            operations.add(op);
        }
        op.request = null;
        op.isInFlight = false;
        op.whenMoved = then;
        dirty.retain(buffer);
        int next = mask.nextSetBit(0);
        while (next >= 0) {
            int end = Math.min(mask.nextClearBit(next), next + journal.maxRecordBlocks());
            JournalOp record = newRecord(op);
            fill(record, movedFrom + next, end - next, buffer, buffer + next * BLOCK_BYTES);
            record.hasMore = true;
            op.transaction.addLast(record);
            journal.append(record);
            next = mask.nextSetBit(end);
        }
        JournalOp last = newRecord(op);
        last.type = Batch.CUT;
        last.block = cut;
        last.count = (int) (movedEnd - movedFrom);
        last.extra = op.transaction.size();
        last.payload = null;
        last.hasMore = false;
        op.transaction.addLast(last);
        dirty.release(buffer);
        movedBytes = 0;
        journal.append(last);
    }

    /// Lets what was held back by {@link #beginMove} go on.
    public void endMove() {
        movedFrom = 0;
        movedEnd = 0;
        movedBytes = 0;
        for (int i = blocked.size(); i > 0 && !blocked.isEmpty(); i--) {
            advance(blocked.pollFirst());
        }
    }

    private JournalOp newRecord(Operation op) {
        JournalOp record = spareOps.pollFirst();
        if (record == null) {
            record = new JournalOp();
            record.listener = this::committed;
        }
        record.owner = op;
        record.sequence = sequencer.next();
        return record;
    }

    private void fill(JournalOp record, long block, int count, int buffer, int payload) {
        record.type = Batch.WRITE;
        record.block = block;
        record.count = count;
        record.payload = region;
        record.payloadOffset = payload;
        record.payloadStride = BLOCK_BYTES;
        for (int i = 0; i < count; i++) {
            int at = payload + i * BLOCK_BYTES;
            record.crcs[i] = Journal.crc(region, at);
            dirty.add(block + i, record.sequence, DirtyIndex.WRITE, buffer, at, record.crcs[i]);
        }
    }

    private void fillZeros(JournalOp record, long block, int count, boolean keepsSpace) {
        record.type = keepsSpace ? Batch.ZERO : Batch.TRIM;
        record.block = block;
        record.count = count;
        record.payload = null;
        if (Plant.TRIM_ELSEWHERE.isPlanted() && block > 0) {
            record.block = block - 1;
        }
        byte kind = keepsSpace ? DirtyIndex.ZERO : DirtyIndex.TRIM;
        for (int i = 0; i < count; i++) {
            dirty.add(record.block + i, record.sequence, kind, -1, -1, 0);
        }
    }

    private void time(Request request, JournalOp first, JournalOp last) {
        timings.record(Span.INTAKE, first.appendedNanos - request.submittedNanos);
        timings.record(Span.QUEUE, first.begunNanos - first.appendedNanos);
        timings.record(Span.JOURNAL, last.committedNanos - first.begunNanos);
    }

    private void committed(JournalOp record) {
        Operation op = (Operation) record.owner;
        if (record.hasMore) {
            if (unappliedBatch == Long.MAX_VALUE) {
                unappliedBatch = record.batch;
            }
            if (!Plant.TORN_TRANSACTION.isPlanted()) {
                return;
            }
        }
        unappliedBatch = Long.MAX_VALUE;
        if (op.request != null) {
            time(op.request, op.transaction.peekFirst(), record);
        }
        // The journal keeps a move as long as it keeps a part of it: what is on the members in its
        // place counts for nothing.
        long first = op.whenMoved == null ? -1 : op.transaction.peekFirst().batch;
        JournalOp each;
        do {
            each = op.transaction.pollFirst();
            apply(each, first < 0 ? each.batch : first);
            each.owner = null;
            spareOps.addFirst(each);
        } while (each != record);
        if (!record.hasMore && op.whenMoved != null) {
            Runnable then = op.whenMoved;
            op.whenMoved = null;
            spareOperations.addFirst(op);
            then.run();
            return;
        }
        if (record.hasMore || op.request == null) {
            return;
        }
        if (op.nextBlock < op.endBlock) {
            // The rest of a request of more than 16 MiB is a transaction of its own.
            op.isInFlight = false;
            if (waiting.isEmpty()) {
                advance(op);
            } else {
                waiting.addLast(op);
            }
            return;
        }
        Request request = op.request;
        if (request.op == Request.Op.WRITE) {
            counters.add(Counter.WRITTEN_BYTES, request.lengthBytes);
        }
        end(op, Request.Outcome.OK);
    }

    private void apply(JournalOp record, long batch) {
        if (record.type == Batch.CUT) {
            return;
        }
        for (int i = 0; i < record.count; i++) {
            int version = dirty.find(record.block + i, record.sequence);
            dirty.setBatch(version, batch);
            dirty.commit(version);
        }
    }

    private void end(Operation op, Request.Outcome outcome) {
        op.isInFlight = false;
        open--;
        if (op.edgesLocked) {
            unlockEdges(op);
        }
        if (op.buffer >= 0) {
            pool.free(op.buffer);
        }
        if (op.headBuffer >= 0) {
            pool.free(op.headBuffer);
        }
        if (op.tailBuffer >= 0) {
            pool.free(op.tailBuffer);
        }
        Request request = op.request;
        op.request = null;
        op.buffer = -1;
        op.headBuffer = -1;
        op.tailBuffer = -1;
        if (op.transaction.isEmpty()) {
            spareOperations.addFirst(op);
        }
        counters.add(Counter.REQUESTS, 1);
        whenEnded.completed(request);
        request.complete(outcome);
    }
}
