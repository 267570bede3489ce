package io.quoin.volume;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.CanaryRows.Target;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.BufferPool;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.read.HomeReader;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import io.quoin.volume.row.RowImage;
import io.quoin.volume.row.RowReader;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.function.Consumer;

/// What the trials of one drill have in common: canary rows as a client reads them, as a scrub reads them, and as they lie on the
/// members; and what they should hold.
///
/// In the engine's turns only.
final class CanaryBench {
    /// Contents that each row is given, one after the other.
    static final int VERSIONS = 2;

    /// Blocks of memory that a trial may use as it likes.
    private static final int SCRATCH = 6;

    /// What there is of an engine.
    ///
    /// @param geometry shape
    /// @param members whose blocks are damaged
    /// @param cache info groups
    /// @param rows reads and repairs rows, as a scrub does
    /// @param reader reads, as clients do
    /// @param pool memory of requests
    /// @param front takes requests
    record Parts(
            Geometry geometry,
            MemberSet members,
            InfoCache cache,
            RowReader rows,
            HomeReader reader,
            BufferPool pool,
            Front front) {}

    /// The engine as those see it who ask it for something.
    interface Front {
        /// Takes a request.
        ///
        /// @param request inside the volume or its canary rows
        void submit(Request request);

        /// Has everything brought home soon.
        void bringHome();

        /// Has all info written.
        ///
        /// @param then runs when it is durable; never, if the volume fails meanwhile
        void checkpoint(Runnable then);

        /// {@return whether a group is just being written}
        ///
        /// @param group info group
        boolean isBeingWritten(InfoGroup group);

        /// {@return whether requests are answered}
        boolean isServing();

        /// {@return the monotonic clock, as of this turn}
        long nowNanos();

        /// {@return how long an operation on a member may take; 0: for ever}
        long ioLimitNanos();
    }

    /// Looks at a row.
    @FunctionalInterface
    interface Look {
        /// The row is read and resolved.
        ///
        /// @param group its info group, locked
        /// @param frame to be given back
        void at(InfoGroup group, RowReader.Frame frame);
    }

    final Geometry geometry;
    final MemberSet members;
    final InfoCache cache;
    final BufferPool pool;
    final Front front;
    final List<Target> targets;

    /// What targets hold: the older version of each, then the newer one; then an answer; then scratch.
    final MemorySegment memory;

    private final RowReader rows;
    private final HomeReader reader;
    private final long answer;

    CanaryBench(Parts parts) {
        geometry = parts.geometry;
        members = parts.members;
        cache = parts.cache;
        pool = parts.pool;
        front = parts.front;
        rows = parts.rows;
        reader = parts.reader;
        targets = CanaryRows.targets(geometry);
        answer = (long) VERSIONS * targets.size() * BLOCK_BYTES;
        memory = Arena.ofAuto().allocate(answer + (1L + SCRATCH) * BLOCK_BYTES, BLOCK_BYTES);
    }

    /// {@return offset in memory of what a target holds}
    ///
    /// @param index of the target
    /// @param version 1 or 2
    long held(int index, int version) {
        return ((version - 1L) * targets.size() + index) * BLOCK_BYTES;
    }

    /// {@return offset in memory of a block of scratch}
    ///
    /// @param place 0 to 5
    long scratch(int place) {
        assert place >= 0 && place < SCRATCH : "place " + place;
        return answer + (1L + place) * BLOCK_BYTES;
    }

    /// Reads a row under lock.
    ///
    /// @param row row
    /// @param look is shown it
    void withRow(long row, Look look) {
        locked(
                row,
                group ->
                        rows.read(
                                group,
                                geometry.indexInInfoGroup(row),
                                frame -> look.at(group, frame)));
    }

    /// Locks the info group of a row.
    ///
    /// @param row row
    /// @param then is given it
    void locked(long row, Consumer<InfoGroup> then) {
        cache.require(geometry.infoGroupOf(row), group -> group.lock(() -> then.accept(group)));
    }

    /// Gives a row back, repaired.
    ///
    /// @param group its group
    /// @param frame the row
    /// @param after runs when that is done
    void release(InfoGroup group, RowReader.Frame frame, Runnable after) {
        rows.repair(
                frame,
                () -> {
                    giveBack(group, frame);
                    after.run();
                });
    }

    /// Gives a row back as it is.
    ///
    /// @param group its group
    /// @param frame the row
    void giveBack(InfoGroup group, RowReader.Frame frame) {
        rows.release(frame);
        group.unlock();
    }

    /// {@return where a canary row lies on its members}
    ///
    /// @param row row
    long dataOffset(long row) {
        assert geometry.isCanary(row) : "row " + row;
        return members.layout().dataOffset(geometry.memberBlock(row));
    }

    /// {@return where a copy of the info of a canary row lies on its members}
    ///
    /// @param row row
    /// @param copy 0: A, 1: B
    long infoOffset(long row, int copy) {
        long key = geometry.infoGroupOf(row);
        assert geometry.isCanary(geometry.rowIn(key, 0)) : "rows of clients beside row " + row;
        return members.layout().infoOffset(geometry.infoBlock(key), copy);
    }

    /// Writes a block to a member, as no client can; not to one that has left meanwhile.
    ///
    /// @param group info group of what is written, locked
    /// @param slot slot of the member
    /// @param offset on it
    /// @param from offset in memory
    /// @param after runs when it is durable, or the member has left
    void write(InfoGroup group, int slot, long offset, long from, Runnable after) {
        move(
                Io.Kind.WRITE_DURABLE,
                group,
                slot,
                offset,
                from,
                done -> {
                    if (!done.result.isOk()) {
                        members.fail(done);
                    }
                    after.run();
                },
                after);
    }

    /// Reads a block from a member.
    ///
    /// @param group info group of what is read, locked
    /// @param slot slot of the member
    /// @param offset on it
    /// @param to offset in memory
    /// @param then told whether it was read
    void read(InfoGroup group, int slot, long offset, long to, Consumer<Boolean> then) {
        move(
                Io.Kind.READ,
                group,
                slot,
                offset,
                to,
                done -> then.accept(done.result.isOk()),
                () -> then.accept(false));
    }

    private void move(
            Io.Kind kind,
            InfoGroup group,
            int slot,
            long offset,
            long at,
            Io.Listener listener,
            Runnable whenGone) {
        if (!members.holds(slot, group.key())) { // dropped, or another one has the slot
            whenGone.run();
            return;
        }
        Io io = new Io();
        io.set(kind, memory, at, BLOCK_BYTES, offset);
        io.listener = listener;
        members.submit(slot, io);
    }

    /// {@return whether a target is what clients read}
    ///
    /// @param target the target
    boolean isRead(Target target) {
        return geometry.isMirror() || target.position() < geometry.dataCount();
    }

    /// Reads a target as a client does; what is parity no client reads.
    ///
    /// @param index of the target
    /// @param then told what is wrong with the answer; null: nothing
    void ask(int index, Consumer<String> then) {
        Target target = targets.get(index);
        if (!isRead(target)) {
            then.accept(null);
            return;
        }
        int position = geometry.isMirror() ? 0 : target.position();
        memory.asSlice(answer, BLOCK_BYTES)
                .fill((byte) 0); // another trial's answer may be the right one
        reader.readBlock(
                geometry.blockAt(target.row(), position),
                memory,
                answer,
                isOk -> {
                    String failed = isOk ? null : CanaryTrial.READ_FAILED;
                    boolean isRight = isOk && isRight(memory, answer, index);
                    then.accept(isOk && !isRight ? CanaryTrial.WRONG_BYTES : failed);
                });
    }

    private boolean isRight(MemorySegment found, long at, int index) {
        return isEqual(found, at, held(index, VERSIONS));
    }

    /// {@return whether a block has the bytes of one in memory}
    ///
    /// @param found segment of the block
    /// @param at its offset
    /// @param right offset of the other one
    boolean isEqual(MemorySegment found, long at, long right) {
        return MemorySegment.mismatch(
                        memory, right, right + BLOCK_BYTES, found, at, at + BLOCK_BYTES)
                < 0;
    }

    /// {@return whether a target's member has the right bytes, and all that it takes to know so}
    ///
    /// @param frame its row
    /// @param index of the target
    boolean isWhole(RowReader.Frame frame, int index) {
        RowImage image = frame.image();
        int position = targets.get(index).position();
        int bit = 1 << position;
        boolean wasGood = (image.good & bit) != 0 && ((image.corrected | image.decoded) & bit) == 0;
        return wasGood && isRight(frame.memory(), frame.offset(position), index);
    }

    /// Looks at a target's row once more, and tells when reads of it fail.
    ///
    /// @param trial whose
    /// @param then told whether its member has the right bytes
    void look(CanaryTrial trial, Consumer<Boolean> then) {
        Target target = trial.target;
        withRow(
                target.row(),
                (group, frame) -> {
                    boolean isWhole = isWhole(frame, trial.index);
                    if ((frame.image().readable >> target.position() & 1) == 0) {
                        trial.course.trouble(
                                "reads of member " + members.name(target.slot()) + " fail");
                    }
                    giveBack(group, frame);
                    then.accept(isWhole);
                });
    }

    /// {@return whether a row's data is what was written; parity is what it is}
    ///
    /// @param row row
    /// @param frame the row
    /// @param version of its content
    boolean isAsWritten(long row, RowReader.Frame frame, int version) {
        for (int p = 0; p < geometry.dataCount(); p++) {
            CanaryRows.fill(memory, answer, geometry.blockAt(row, p), version);
            if ((frame.image().lost >> p & 1) != 0
                    || !isEqual(frame.memory(), frame.offset(p), answer)) {
                return false;
            }
        }
        return true;
    }

    /// Writes a block as a client does.
    ///
    /// @param block a block of canary rows
    /// @param version of its content
    /// @param listener told at the end
    /// @return false: there is no memory for it now
    boolean submit(long block, int version, Request.Listener listener) {
        int buffer = pool.tryAllocate(BLOCK_BYTES);
        if (buffer < 0) {
            return false;
        }
        Request request = new Request(listener, null);
        request.op = Request.Op.WRITE;
        request.offsetBytes = block * BLOCK_BYTES;
        request.lengthBytes = BLOCK_BYTES;
        request.bufferOffset = buffer;
        CanaryRows.fill(pool.region(), buffer, block, version);
        front.submit(request);
        return true;
    }
}
