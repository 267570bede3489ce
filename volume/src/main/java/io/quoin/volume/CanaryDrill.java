package io.quoin.volume;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.CanaryRows.Target;
import io.quoin.volume.DrillReport.Damage;
import io.quoin.volume.DrillReport.Trial;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.format.MemberEntry;
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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Damages canary rows on the members themselves, and holds what the volume makes of it against what it should.
///
/// ```
/// write twice, as clients do --> all home --> for each slot, position and kind of damage:
///   the member's block replaced by raw I/O --> read as a client reads --> row read and repaired as a scrub does
///   --> row read again: the member has the right bytes, or they are put back here
/// ```
///
/// One drill at a time, in the engine's turns only. What it finds about the row it has just damaged is its own, and
/// told to nobody else; everything else is.
final class CanaryDrill {
    private static final String WRONG_BYTES = "a read returned wrong bytes";

    /// Takes requests as the engine does those of clients.
    interface Front {
        /// Takes a request.
        ///
        /// @param request inside the volume or its canary rows
        void submit(Request request);

        /// Has everything brought home soon.
        void bringHome();

        /// {@return whether requests are answered}
        boolean isServing();
    }

    private final Geometry geometry;
    private final MemberSet members;
    private final DirtyIndex dirty;
    private final InfoCache cache;
    private final RowReader rows;
    private final HomeReader reader;
    private final BufferPool pool;
    private final Front front;

    private Run run;

    CanaryDrill(
            Geometry geometry,
            MemberSet members,
            DirtyIndex dirty,
            InfoCache cache,
            RowReader rows,
            HomeReader reader,
            BufferPool pool,
            Front front) {
        this.geometry = geometry;
        this.members = members;
        this.dirty = dirty;
        this.cache = cache;
        this.rows = rows;
        this.reader = reader;
        this.pool = pool;
        this.front = front;
    }

    /// {@return whether a drill is under way}
    boolean isActive() {
        return run != null;
    }

    /// Begins a drill.
    ///
    /// @param then told once, in a turn; never, if the volume fails meanwhile
    /// @throws IllegalArgumentException when the volume has no canary rows, is not whole, or a drill is under way
    void begin(Consumer<DrillReport> then) {
        if (geometry.canaryBlocks() == 0) {
            throw new IllegalArgumentException(
                    "drill: expected canary rows, found none: the volume was too small for them, or is older than they are");
        }
        if (run != null) {
            throw new IllegalArgumentException("drill: expected no other under way, found one");
        }
        for (int slot = 0; slot < geometry.slotCount(); slot++) {
            if (members.entry(slot).state() != MemberEntry.IN_SYNC) {
                throw new IllegalArgumentException(
                        "drill: expected all members in sync, since it damages one at a time; slot "
                                + slot
                                + " is "
                                + members.entry(slot).stateText());
            }
        }
        run = new Run(then);
        run.write();
    }

    /// Goes on with a drill that waits for its writes to be at home.
    ///
    /// @return whether anything was done
    boolean step() {
        return run != null && run.step();
    }

    private boolean isExpected(long row, int slot) {
        return run != null && run.isExpected(row, slot);
    }

    /// Takes an event that is the drill's own.
    ///
    /// @param event what happened to the volume
    /// @return whether it was
    boolean takes(VolumeEvent event) {
        return switch (event) {
            case VolumeEvent.BlockRepaired repaired
                    when isExpected(repaired.row(), repaired.slot()) -> {
                run.finding = repaired.finding();
                yield true;
            }
            case VolumeEvent.BlockLost lost when isExpected(lost.row(), -1) -> {
                run.finding = lost.finding();
                yield true;
            }
            default -> false;
        };
    }

    /// One drill.
    private final class Run {
        private static final int VERSIONS = 2;

        /// Writes of its own under way at a time.
        private static final int MOST_WRITES = 32;

        private final Consumer<DrillReport> then;
        private final List<Target> targets = CanaryRows.targets(geometry);
        private final long[] targetRows =
                targets.stream().mapToLong(Target::row).distinct().sorted().toArray();
        private final long epoch = members.template().configEpoch;
        private final List<Trial> trials = new ArrayList<>();

        /// What targets hold: the older version of each, then the newer one; then room for an answer and for damage.
        private final MemorySegment memory =
                Arena.ofAuto()
                        .allocate((VERSIONS * targets.size() + 2L) * BLOCK_BYTES, BLOCK_BYTES);

        private final long answer = (long) VERSIONS * targets.size() * BLOCK_BYTES;
        private final long damaged = answer + BLOCK_BYTES;

        private final long[] blocks =
                Arrays.stream(targetRows)
                        .flatMap(row ->
                                IntStream.range(0, geometry.dataCount())
                                        .mapToLong(p -> geometry.blockAt(row, p)))
                        .toArray();

        private int version = 1;
        private int written;
        private int pending;
        private boolean isHome;
        private int next;
        private Target target;
        private Damage damage;
        private String finding;
        private String wrongAnswer;
        private String trouble;

        Run(Consumer<DrillReport> then) {
            this.then = then;
        }

        boolean isExpected(long row, int slot) {
            return target != null && target.row() == row && (slot < 0 || slot == target.slot());
        }

        private long held(int index, int ofVersion) {
            return ((ofVersion - 1L) * targets.size() + index) * BLOCK_BYTES;
        }

        // Canary rows are written through the journal and by destage, like everything else.
        void write() {
            written = 0;
            isHome = false;
            writeMore();
        }

        /// Writes what there is memory for now.
        private void writeMore() {
            while (written < blocks.length && pending < MOST_WRITES) {
                int buffer = pool.tryAllocate(BLOCK_BYTES);
                if (buffer < 0) {
                    return;
                }
                long block = blocks[written++];
                pending++;
                Request request = new Request(this::written, null);
                request.op = Request.Op.WRITE;
                request.offsetBytes = block * BLOCK_BYTES;
                request.lengthBytes = BLOCK_BYTES;
                request.bufferOffset = buffer;
                CanaryRows.fill(pool.region(), buffer, block, version);
                front.submit(request);
            }
        }

        private void written(Request request) {
            pending--;
            if (request.outcome != Request.Outcome.OK && trouble == null) {
                trouble = "a write of the drill's own was refused";
            }
        }

        boolean step() {
            if (isHome) {
                return false;
            }
            if (isCutShort()) {
                if (pending == 0) {
                    end();
                }
                return pending == 0;
            }
            if (written < blocks.length) {
                int before = written;
                writeMore();
                return written > before;
            }
            if (pending > 0) {
                return false;
            }
            for (long block : blocks) {
                if (dirty.newest(block) != DirtyIndex.NONE) {
                    front.bringHome();
                    return false;
                }
            }
            isHome = true;
            keep(0);
            return true;
        }

        private boolean isCutShort() {
            if (trouble == null && !front.isServing()) {
                trouble = "the volume is stopping";
            } else if (trouble == null && members.template().configEpoch != epoch) {
                trouble = "a member failed or was changed meanwhile";
            }
            return trouble != null;
        }

        /// Keeps what the targets hold now, one after the other.
        private void keep(int index) {
            if (index == targets.size()) {
                if (version < VERSIONS) {
                    version++;
                    write();
                } else {
                    goOn();
                }
                return;
            }
            Target each = targets.get(index);
            withRow(
                    each.row(),
                    (group, frame) -> {
                        MemorySegment.copy(
                                frame.memory(),
                                frame.offset(each.position()),
                                memory,
                                held(index, version),
                                BLOCK_BYTES);
                        boolean isRight = isAsWritten(each, frame);
                        release(
                                group,
                                frame,
                                () -> {
                                    if (isRight) {
                                        keep(index + 1);
                                    } else {
                                        trouble =
                                                "row "
                                                        + each.row()
                                                        + " does not hold what the drill wrote to it";
                                        end();
                                    }
                                });
                    });
        }

        /// Of parity only its having been read is known here; the blocks that it is made of are held against what was written.
        private boolean isAsWritten(Target each, RowReader.Frame frame) {
            for (int p = 0; p < geometry.dataCount(); p++) {
                CanaryRows.fill(memory, answer, geometry.blockAt(each.row(), p), version);
                long at = frame.offset(p);
                if ((frame.image().lost >> p & 1) != 0
                        || MemorySegment.mismatch(
                                        memory,
                                        answer,
                                        answer + BLOCK_BYTES,
                                        frame.memory(),
                                        at,
                                        at + BLOCK_BYTES)
                                >= 0) {
                    return false;
                }
            }
            return true;
        }

        @FunctionalInterface
        private interface Look {
            void at(InfoGroup group, RowReader.Frame frame);
        }

        private void withRow(long row, Look look) {
            cache.require(
                    geometry.infoGroupOf(row),
                    group ->
                            group.lock(() ->
                                    rows.read(
                                            group,
                                            geometry.indexInInfoGroup(row),
                                            frame -> look.at(group, frame))));
        }

        private void release(InfoGroup group, RowReader.Frame frame, Runnable after) {
            rows.repair(
                    frame,
                    () -> {
                        rows.release(frame);
                        group.unlock();
                        after.run();
                    });
        }

        private void goOn() {
            if (isCutShort() || next == targets.size() * kinds()) {
                end();
                return;
            }
            int index = next / kinds();
            target = targets.get(index);
            damage = Damage.values()[next++ % kinds()];
            finding = null;
            CanaryRows.damage(
                    damage,
                    target,
                    memory,
                    held(index, VERSIONS),
                    held(index, 1),
                    geometry.allBlocks() + target.row(),
                    damaged);
            replace(damaged, () -> ask(index));
        }

        private int kinds() {
            return Damage.values().length;
        }

        /// Replaces the target's block on its member, as no client can.
        private void replace(long from, Runnable after) {
            Target mine = target;
            assert geometry.isCanary(mine.row()) : "row " + mine.row();
            boolean isDamage = from == damaged;
            cache.require(
                    geometry.infoGroupOf(mine.row()),
                    group ->
                            group.lock(() -> {
                                if (isDamage && isCutShort()) {
                                    group.unlock();
                                    end();
                                    return;
                                }
                                if (!members.holds(mine.slot(), group.key())) {
                                    group.unlock(); // gone meanwhile, or given to another member
                                    after.run();
                                    return;
                                }
                                Io io = new Io();
                                io.set(
                                        Io.Kind.WRITE_DURABLE,
                                        memory,
                                        from,
                                        BLOCK_BYTES,
                                        members.layout()
                                                .dataOffset(geometry.memberBlock(mine.row())));
                                io.listener =
                                        done -> {
                                            if (!done.result.isOk()) {
                                                members.fail(done);
                                            }
                                            group.unlock();
                                            after.run();
                                        };
                                members.submit(mine.slot(), io);
                            }));
        }

        /// Reads as a client does; what is parity no client reads.
        private void ask(int index) {
            boolean isRead = geometry.isMirror() || target.position() < geometry.dataCount();
            if (!isRead) {
                wrongAnswer = null;
                check(index);
                return;
            }
            int position = geometry.isMirror() ? 0 : target.position();
            reader.readBlock(
                    geometry.blockAt(target.row(), position),
                    memory,
                    answer,
                    isOk -> {
                        if (isOk) {
                            boolean isRight = isEqual(memory, answer, index);
                            wrongAnswer = isRight ? null : WRONG_BYTES;
                        } else {
                            // Without redundancy an error is the right answer.
                            wrongAnswer = geometry.parityCount() == 0 ? null : "a read failed";
                        }
                        check(index);
                    });
        }

        private boolean isEqual(MemorySegment found, long at, int index) {
            long right = held(index, VERSIONS);
            return MemorySegment.mismatch(
                            memory, right, right + BLOCK_BYTES, found, at, at + BLOCK_BYTES)
                    < 0;
        }

        /// Judges the row and mends it, as a scrub does.
        private void check(int index) {
            withRow(
                    target.row(),
                    (group, frame) ->
                            release(
                                    group,
                                    frame,
                                    () ->
                                            withRow(
                                                    target.row(),
                                                    (of, again) -> {
                                                        boolean isMended = isWhole(again, index);
                                                        int bit = 1 << target.position();
                                                        if ((again.image().readable & bit) == 0) {
                                                            trouble =
                                                                    "reads of member "
                                                                            + members.name(
                                                                                    target.slot())
                                                                            + " fail";
                                                        }
                                                        rows.release(again);
                                                        of.unlock();
                                                        judge(index, isMended);
                                                    })));
        }

        private boolean isWhole(RowReader.Frame frame, int index) {
            RowImage image = frame.image();
            int bit = 1 << target.position();
            boolean wasGood =
                    (image.good & bit) != 0 && ((image.corrected | image.decoded) & bit) == 0;
            return wasGood && isEqual(frame.memory(), frame.offset(target.position()), index);
        }

        private void judge(int index, boolean isMended) {
            // Wrong bytes are wrong whatever else happened.
            if (!isCutShort() || WRONG_BYTES.equals(wrongAnswer)) {
                trials.add(
                        new Trial(
                                damage,
                                target.slot(),
                                members.name(target.slot()),
                                target.row(),
                                finding,
                                wrongAnswer,
                                isMended || geometry.parityCount() == 0));
            }
            if (isMended) {
                target = null;
                goOn();
                return;
            }
            replace(
                    held(index, VERSIONS),
                    () -> {
                        target = null;
                        goOn();
                    });
        }

        private void end() {
            isHome = true;
            target = null;
            run = null;
            then.accept(new DrillReport(List.copyOf(trials), trouble));
        }
    }
}
