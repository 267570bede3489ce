package io.quoin.volume.journal;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.codec.guard.Crc32c;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.function.ObjIntConsumer;
import net.openhft.chronicle.bytes.Bytes;

/// Writes batches, one at a time, the same bytes to each copy, and commits in order.
///
/// A batch is committed when every copy is durable on a member that is in sync at that moment. When a
/// copy fails, its member leaves the set first (which is made durable), then the batch is written
/// again under its number into a new segment on a new ensemble; only then it commits.
///
/// A copy that is late is not waited for while enough other members can hold one: the batch is written again like
/// that, and the late copy counts for nothing. Its member stays in sync, and is left out of the journal for a while, as is one
/// that is slow all the time. Until such a copy has ended nothing else is put where it may land.
///
/// In the engine's turns only. Appending and committing allocate nothing in steady state.
public final class Journal {
    /// Told in the engine's turn.
    public interface Listener {
        /// A batch was committed and its records' listeners were told.
        void batchCommitted();

        /// A batch is written again, on other members, since copies are late.
        ///
        /// @param slots whose, a bit for each
        /// @param nanos how long they have been under way
        default void copiesLate(int slots, long nanos) {}
    }

    static final int MAX_HEADER_BYTES = 32 << 10;

    private final MemberSet members;
    private final int parityCount;
    private final int segmentBytes;
    private final int maxBatchBytes;
    private final Segments segments;
    private final Listener listener;

    private final Batch.Header header = new Batch.Header();
    private final ArrayDeque<JournalOp> queue = new ArrayDeque<>();
    private final JournalOp[] inBatch = new JournalOp[Batch.MAX_RECORDS + 1];
    private int inBatchCount;
    private long turnNanos;
    private int clientOps;
    private int headerBytes;
    private int totalBytes;
    private long queuedBytes;
    private boolean hasBatch;
    private BatchWrite write;
    private BatchWrite spare;
    private boolean isStalled;
    private final FirstRoom firstRoom;
    private final Gathering gathering = new Gathering();
    private final Laggards laggards;
    private LongSupplier promisedSegments = () -> Long.MAX_VALUE;

    /// Members that were to be avoided when the segment was last judged by that.
    private int avoidedThen;

    private Segments.Segment segment;
    private long nextBatch;
    private long epoch;
    private int chain;
    private long commitSequence;
    private long tailBatch;
    private long committedBatches;
    private long carriedUpTo;
    private int freeSegments = -1; // computed when asked; -1 after each change

    /// A journal that continues where recovery ended.
    ///
    /// @param members who holds copies
    /// @param parityCount m; a batch has min(m + 1, members in sync) copies, all in one group
    /// @param start where recovery ended
    /// @param lateNanos what a copy may take before the batch is written elsewhere, where that is possible; 0: any time
    /// @param listener told after each batch
    public Journal(
            MemberSet members,
            int parityCount,
            JournalStart start,
            long lateNanos,
            Listener listener) {
        this.members = members;
        this.parityCount = parityCount;
        this.listener = listener;
        this.segments = start.segments();
        this.segment = segments.newest();
        this.nextBatch = start.nextBatch();
        this.epoch = start.epoch();
        this.chain = start.chain();
        this.commitSequence = start.commitSequence();
        this.tailBatch = start.tailBatch();
        this.firstRoom = new FirstRoom(members, segments, start);
        segments.forEach(each -> each.ownFrom = each.usedBytes);
        segmentBytes = members.layout().segmentBytes();
        maxBatchBytes =
                Math.min(segmentBytes, MAX_HEADER_BYTES + Batch.MAX_PAYLOAD_BLOCKS * BLOCK_BYTES);
        laggards = new Laggards(members.slotCount(), lateNanos);
        write = newWrite();
    }

    private BatchWrite newWrite() {
        return new BatchWrite(maxBatchBytes, members.slotCount(), this::copyDone);
    }

    /// Names who knows how many free segments are spoken for. Without that no batch is written elsewhere: what is left of a
    /// segment is lost by it.
    ///
    /// @param segments how many
    public void setPromised(LongSupplier segments) {
        promisedSegments = segments;
    }

    /// Begins the epoch: the first batch says where earlier epochs end and carries the records of their
    /// last batch, which may have reached one copy only. Call once, before anything is appended.
    ///
    /// @param start record of type EPOCH_START
    /// @param carried records of the last batch that count
    public void begin(JournalOp start, List<JournalOp> carried) {
        assert start.type == Batch.EPOCH_START && queue.isEmpty() : "begin";
        carriedUpTo = commitSequence;
        queue.addLast(start);
        queue.addAll(carried);
        for (JournalOp op : queue) {
            queuedBytes += (long) op.payloadBlocks() * BLOCK_BYTES;
        }
    }

    /// {@return most payload blocks of one record, so that it fits a batch}
    public int maxRecordBlocks() {
        return Math.min(Batch.MAX_PAYLOAD_BLOCKS, (maxBatchBytes - 2 * BLOCK_BYTES) / BLOCK_BYTES);
    }

    /// Queues a record; it is committed after all before it.
    ///
    /// @param op record, complete with its sequence
    public void append(JournalOp op) {
        assert op.payloadBlocks() <= maxRecordBlocks() : "record of " + op.count + " blocks";
        queuedBytes += (long) op.payloadBlocks() * BLOCK_BYTES;
        op.appendedNanos = turnNanos;
        queue.addLast(op);
        if (op.type != Batch.INTENT) {
            gathering.arrived();
        }
    }

    /// Tells the time, before anything else of a turn.
    ///
    /// @param nowNanos monotonic clock
    public void at(long nowNanos) {
        turnNanos = nowNanos;
        gathering.at(nowNanos);
        laggards.at(nowNanos);
    }

    /// {@return nanoseconds for which records wait although no batch is under way, so that others join them; 0
    /// or less: none do}
    public long waitNanos() {
        boolean mayWait =
                !hasBatch
                        && !queue.isEmpty()
                        && queue.size() < Batch.MAX_RECORDS
                        && queuedBytes < (long) maxRecordBlocks() * BLOCK_BYTES
                        && queue.peekFirst().type != Batch.EPOCH_START;
        return mayWait ? gathering.waitNanos() : 0;
    }

    /// {@return last sequence that is durable, with all before it, on all copies}
    public long commitSequence() {
        return commitSequence;
    }

    /// {@return number of the next batch}
    public long nextBatch() {
        return nextBatch;
    }

    /// {@return first batch that recovery needs}
    public long tailBatch() {
        return tailBatch;
    }

    /// {@return batches committed since the start}
    public long committedBatches() {
        return committedBatches;
    }

    /// {@return records that wait for a batch}
    public int queued() {
        return queue.size() + inBatchCount;
    }

    /// {@return bytes of payload that wait for a batch, or whose batch waits for a free segment}
    public long queuedBytes() {
        return queuedBytes + (isStalled ? totalBytes : 0);
    }

    /// {@return whether recovery would need none of the batches written so far}
    public boolean isEmpty() {
        return tailBatch == nextBatch;
    }

    /// {@return segments that can still be opened}
    public int freeSegments() {
        if (freeSegments < 0) {
            freeSegments = segments.freeSegments(members.inSyncMask(), copies());
        }
        return freeSegments;
    }

    /// {@return bytes of a segment}
    public int segmentBytes() {
        return segmentBytes;
    }

    /// {@return how much of a segment is used in any case: what a batch needs may be left over at its end}
    public int usableBytes() {
        return Math.max(segmentBytes / 2, segmentBytes - maxBatchBytes);
    }

    /// {@return bytes written since the tail, whole segments}
    public long usedBytes() {
        return segments.usedBytes();
    }

    /// {@return whether a batch waits for a free segment, and the journal itself can make none free}
    public boolean isStalled() {
        return isStalled && !firstRoom.isBeingMade();
    }

    private int copies() {
        int most = Plant.ONE_COPY.isPlanted() ? 1 : parityCount + 1;
        return Math.min(most, members.mostInSyncOfGroup());
    }

    /// {@return whether {@link #pump} would write}
    public boolean isBatchDue() {
        return hasBatch ? write.pending() == 0 : !queue.isEmpty() && waitNanos() <= 0;
    }

    /// Writes the next batch if none is under way.
    ///
    /// @return whether anything was started
    public boolean pump() {
        if (members.isFailed()
                || members.isFrozen() && !Plant.ACKNOWLEDGE_WHILE_FROZEN.isPlanted()) {
            return false;
        }
        if (hasBatch) {
            return write.pending() == 0 ? writeBatch() : writeElsewhere();
        }
        if (queue.isEmpty() || waitNanos() > 0) {
            return false;
        }
        buildBatch();
        return writeBatch();
    }

    private void buildBatch() {
        int recordBytes = 0;
        int payloadBlocks = 0;
        inBatchCount = 0;
        // An EPOCH_START and all that it carries are one batch, a record more than others have.
        int slack = queue.peekFirst().type == Batch.EPOCH_START ? 1 : 0;
        while (!queue.isEmpty() && inBatchCount < Batch.MAX_RECORDS + slack) {
            JournalOp op = queue.peekFirst();
            int records = recordBytes + op.recordBytes();
            int blocks = payloadBlocks + op.payloadBlocks();
            int bytes = Batch.headerBytes(records, blocks);
            if (inBatchCount > 0
                    && (blocks > Batch.MAX_PAYLOAD_BLOCKS
                            || bytes > MAX_HEADER_BYTES
                            || bytes + blocks * BLOCK_BYTES
                                    > maxBatchBytes - (1 - slack) * BLOCK_BYTES)) {
                break;
            }
            queue.removeFirst();
            queuedBytes -= (long) op.payloadBlocks() * BLOCK_BYTES;
            op.begunNanos = turnNanos;
            inBatch[inBatchCount++] = op;
            recordBytes = records;
            payloadBlocks = blocks;
        }
        headerBytes = Batch.headerBytes(recordBytes, payloadBlocks);
        totalBytes = headerBytes + payloadBlocks * BLOCK_BYTES;
        Bytes<?> headerOut = write.headerOut;
        write.buffer.asSlice(0, headerBytes).fill((byte) 0);
        headerOut.clear();
        headerOut.writePosition(Batch.HEADER_BYTES);
        int payload = 0;
        for (int i = 0; i < inBatchCount; i++) {
            JournalOp op = inBatch[i];
            Batch.writeRecord(
                    headerOut,
                    op.type,
                    op.hasMore ? Batch.MORE : 0,
                    op.generationCount,
                    op.count,
                    op.sequence,
                    op.block,
                    payload,
                    op.extra);
            for (int j = 0; j < op.generationCount; j++) {
                headerOut.writeLong(op.generations[j]);
            }
            copyPayload(op, headerBytes + (long) payload * BLOCK_BYTES);
            payload += op.payloadBlocks();
        }
        for (int i = 0; i < inBatchCount; i++) {
            for (int j = 0; j < inBatch[i].payloadBlocks(); j++) {
                headerOut.writeInt(inBatch[i].crcs[j]);
            }
        }
        header.headerBytes = headerBytes;
        header.totalBytes = totalBytes;
        header.volumeTag = members.template().volumeTag;
        header.epoch = epoch;
        header.number = nextBatch;
        header.firstSequence = inBatch[0].sequence;
        header.lastSequence = inBatch[inBatchCount - 1].sequence;
        header.recordCount = inBatchCount;
        header.payloadBlocks = payloadBlocks;
        header.chain = Batch.chain(chain, write.buffer, 0, headerBytes);
        header.tailBatch = tailBatch;
        header.commitSequence = commitSequence;
        hasBatch = true;
    }

    private void copyPayload(JournalOp op, long target) {
        int blocks = op.payloadBlocks();
        if (blocks == 0) {
            return;
        }
        if (op.payloadStride == BLOCK_BYTES) {
            MemorySegment.copy(
                    op.payload,
                    op.payloadOffset,
                    write.buffer,
                    target,
                    (long) blocks * BLOCK_BYTES);
            return;
        }
        for (int i = 0; i < blocks; i++) {
            MemorySegment.copy(
                    op.payload,
                    op.payloadOffset + i * op.payloadStride,
                    write.buffer,
                    target + (long) i * BLOCK_BYTES,
                    BLOCK_BYTES);
        }
    }

    private boolean writeBatch() {
        boolean fits =
                segment != null
                        && segment.isWhole()
                        && segment.usedBytes + totalBytes <= segmentBytes
                        && (segment.ensemble & ~members.inSyncMask()) == 0
                        && Integer.bitCount(segment.ensemble) >= copies()
                        && !isBetterElsewhere();
        if (!fits) {
            avoidedThen = avoided();
            Segments.Segment opened = segments.open(preferred(), copies());
            if (opened == null) {
                isStalled = true;
                if (inBatch[0].type == Batch.EPOCH_START) {
                    firstRoom.make(() -> {
                        segment = null; // it was followed by another
                        freeSegments = -1;
                    });
                }
                return false;
            }
            segment = opened;
            freeSegments = -1;
        }
        isStalled = false;
        gathering.written();
        laggards.started();
        header.segment = segment.id;
        header.segmentOffset = segment.usedBytes;
        header.ensemble = segment.ensemble;
        write.headerOut.clear();
        header.writeTo(write.headerOut);
        Batch.seal(write.buffer, 0, headerBytes);
        segment.holds(nextBatch);
        segment.usedBytes += totalBytes;
        write.start(members, segment, header.segmentOffset, totalBytes);
        return true;
    }

    /// Members that a batch had better not wait for, a bit for each slot.
    private int avoided() {
        return laggards.mask() | segments.pinnedMembers() | members.slowMask();
    }

    /// {@return whether a slot's member is left out of the journal as far as others can take its place}
    ///
    /// @param slot slot
    public boolean isAvoided(int slot) {
        return (avoided() >> slot & 1) != 0;
    }

    /// Whether somebody has become slow whom the segment could do without. Asked once for each such change: what is left of the
    /// segment is lost.
    private boolean isBetterElsewhere() {
        int avoided = avoided();
        if (avoided == avoidedThen) {
            return false;
        }
        avoidedThen = avoided;
        return (segment.ensemble & avoided) != 0 && canHold(quick());
    }

    private int quick() {
        return members.inSyncMask() & ~avoided();
    }

    /// Whether the next segment may lie on some of the members, chosen for their speed: what was admitted, and what is kept for
    /// destage, must have its place whichever m members are lost then. Without a choice segments spread over all members,
    /// and it has.
    private boolean canHold(int some) {
        return segments.freeAfterLoss(some, members.inSyncMask(), copies(), parityCount)
                >= promisedSegments.getAsLong();
    }

    /// Who had better hold the next segment: the quick ones, if they can; else whoever has nothing late under way.
    private int preferred() {
        int all = members.inSyncMask();
        int quick = quick();
        int answering = all & ~segments.pinnedMembers();
        if (quick == all || canHold(quick)) {
            return quick;
        }
        return answering != all && canHold(answering) ? answering : all;
    }

    /// Writes the batch again, without the members whose copies are late, if others can hold it.
    private boolean writeElsewhere() {
        int late = write.pending();
        boolean isPossible =
                laggards.areLate(gathering.usualNanos())
                        && inBatchCount > 0
                        && inBatch[0].type != Batch.EPOCH_START
                        && canHold(members.inSyncMask() & ~segments.pinnedMembers() & ~late);
        if (!isPossible) {
            return false;
        }
        listener.copiesLate(late, laggards.underWayNanos());
        laggards.leaveOut(late);
        BatchWrite left = write;
        left.pinPending(segments, segment);
        write = spare == null ? newWrite() : spare;
        spare = null;
        MemorySegment.copy(left.buffer, 0, write.buffer, 0, totalBytes);
        if (Plant.LATE_COPY_COUNTS.isPlanted()) {
            acknowledge();
            endBatch();
        } else {
            segment.usedBytes -= totalBytes; // what lands there counts for nothing
        }
        segment = null;
        return !hasBatch || writeBatch();
    }

    private void copyDone(BatchWrite of, Io io) {
        if (!io.result.isOk()) {
            members.fail(io);
        }
        if (of != write) {
            of.unpin(segments, io.slot);
            freeSegments = -1;
            spare = of.pending() == 0 ? of : spare;
            return;
        }
        if (Plant.ACKNOWLEDGE_EARLY.isPlanted() && hasBatch && io.result.isOk()) {
            if (Integer.bitCount(write.pending()) == Integer.bitCount(segment.ensemble) - 1) {
                acknowledge();
            }
            if (write.pending() == 0) {
                endBatch();
            }
            return;
        }
        if (write.pending() != 0 || members.isFailed()) {
            return;
        }
        complete();
    }

    /// The membership changed and is durable: a batch that waited for it is judged again.
    public void resumed() {
        freeSegments = -1;
        if (hasBatch && write.pending() == 0 && !isStalled) {
            complete();
        }
    }

    private void complete() {
        if (members.isFrozen() && !Plant.ACKNOWLEDGE_WHILE_FROZEN.isPlanted()
                || (segment.ensemble & ~members.inSyncMask()) != 0
                || Integer.bitCount(segment.ensemble) < copies()) {
            return; // written again by pump(), on members that are in sync
        }
        acknowledge();
        endBatch();
    }

    private void acknowledge() {
        assert (segment.ensemble & ~members.inSyncMask()) == 0
                                && Integer.bitCount(segment.ensemble) >= copies()
                        || Plant.ACKNOWLEDGE_EARLY.isPlanted()
                : "I1: batch " + nextBatch + " on " + Integer.toBinaryString(segment.ensemble);
        if (inBatch[0].type == Batch.EPOCH_START) {
            segments.freeReplaced(nextBatch - inBatch[0].extra, nextBatch, nextBatch);
            freeSegments = -1;
        }
        if (Plant.BATCH_COMMITTED_AT_ONCE.isPlanted()) {
            commitSequence = Math.max(commitSequence, header.lastSequence);
        }
        clientOps = 0;
        for (int i = 0; i < inBatchCount; i++) {
            JournalOp op = inBatch[i];
            inBatch[i] = null;
            op.batch = nextBatch;
            op.committedNanos = turnNanos;
            // One after the other: whoever is told may begin to carry home what counts as
            // committed,
            // and of the next ones it is not known yet where the journal has them.
            if ((!op.hasMore || Plant.TORN_TRANSACTION.isPlanted()) && op.sequence > carriedUpTo) {
                assert op.sequence > commitSequence || Plant.BATCH_COMMITTED_AT_ONCE.isPlanted()
                        : "I2: commit " + op.sequence + " after " + commitSequence;
                commitSequence = Math.max(commitSequence, op.sequence);
            }
            clientOps += op.type == Batch.INTENT ? 0 : 1;
            op.listener.committed(op);
        }
        inBatchCount = 0;
        committedBatches++;
    }

    private void endBatch() {
        chain = header.chain;
        nextBatch++;
        hasBatch = false;
        gathering.committed(clientOps, queue.size());
        listener.batchCommitted();
    }

    /// Moves the tail: everything before it is at home and flushed, and a superblock that says so is
    /// durable on every member.
    ///
    /// @param batch first batch that recovery needs
    public void advanceTail(long batch) {
        assert batch >= tailBatch : "I2: tail moves back from " + tailBatch + " to " + batch;
        tailBatch = Plant.SEGMENT_FREED_EARLY.isPlanted() ? nextBatch : batch;
        segments.freeBefore(tailBatch);
        freeSegments = -1;
    }

    /// Most bytes of a batch.
    int maxBatchBytes() {
        return maxBatchBytes;
    }

    /// Whether recovery would need a batch of a segment.
    boolean isLive(Segments.Segment of) {
        return of.lastBatch >= tailBatch && segments.contains(of);
    }

    /// Tells each segment that recovery would need, and where its committed batches end.
    void forEachLive(ObjIntConsumer<Segments.Segment> action) {
        segments.forEach(each -> {
            if (isLive(each)) {
                boolean isBeingWritten = hasBatch && header.segment == each.id;
                action.accept(each, isBeingWritten ? header.segmentOffset : each.usedBytes);
            }
        });
    }

    /// A member left or was replaced: its journal slots hold nothing that counts.
    ///
    /// @param slot its slot
    public void forget(int slot) {
        segments.forget(slot);
        laggards.forget(slot);
        freeSegments = -1;
    }

    /// {@return CRC-32C of a payload block, for the record that carries it}
    ///
    /// @param payload segment
    /// @param at offset
    public static int crc(MemorySegment payload, long at) {
        return Crc32c.of(payload, at, BLOCK_BYTES);
    }
}
