package io.quoin.volume.destage;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.Replay.Intent;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.function.LongConsumer;
import org.agrona.collections.Long2ObjectHashMap;

/// Redoes, after a crash, the home write of each row that has an INTENT: the parity the INTENT
/// carries, and the data versions it was made of that the journal still has. Afterwards the row is
/// whole at the INTENT's version, whatever of it had reached the members, and also when one of them
/// is gone. That closes the write hole.
///
/// | the members' info of the row | row |
/// |---|---|
/// | parity later than the INTENT, or data later than the INTENT says | was written home again, whole, after it: left alone |
/// | no member holds parity of the row | nothing can disagree: its dirty blocks go home like any |
/// | else | redone |
///
/// The volume serves meanwhile. No info group is given to anybody before its rows are redone
/// (invariant I26), so a row that somebody wants is redone at once, the others one after the other;
/// and until the last one is, the journal keeps all that was recovered.
///
/// Idempotent: a crash in here is recovered from by doing it all again. In the engine's turns only.
public final class Redo implements InfoCache.Arrival {
    private final Geometry geometry;
    private final MemberSet members;
    private final InfoCache cache;
    private final DirtyIndex dirty;
    private final BlockGuards guards;
    private final long firstBatch;
    private final int mostFetching;
    private final LongConsumer rowIsHome;
    private final Runnable done;
    private final MemorySegment zeros;
    private final Long2ObjectHashMap<List<Intent>> todo = new Long2ObjectHashMap<>();
    private final ArrayDeque<Long> order = new ArrayDeque<>();
    private List<Row> unflushed = new ArrayList<>();
    private boolean isFlushing;
    private int fetching;
    private int open;
    private int redone;

    /// Prepares the redo.
    ///
    /// @param geometry shape
    /// @param members who holds what
    /// @param cache info groups
    /// @param dirty recovered versions; those that are home afterwards leave it
    /// @param guards its own guards
    /// @param intents last INTENT of each row, in order of rows
    /// @param firstBatch first journal batch that was recovered
    /// @param mostFetching info groups on their way that nobody has asked for
    /// @param rowIsHome told of each row of which nothing is dirty any more
    /// @param done runs when the last one is redone
    public Redo(
            Geometry geometry,
            MemberSet members,
            InfoCache cache,
            DirtyIndex dirty,
            BlockGuards guards,
            List<Intent> intents,
            long firstBatch,
            int mostFetching,
            LongConsumer rowIsHome,
            Runnable done) {
        this.geometry = geometry;
        this.members = members;
        this.cache = cache;
        this.dirty = dirty;
        this.guards = guards;
        this.firstBatch = firstBatch;
        this.mostFetching = mostFetching;
        this.rowIsHome = rowIsHome;
        this.done = done;
        zeros = Arena.ofAuto().allocate(BLOCK_BYTES, BLOCK_BYTES);
        for (Intent intent : intents) {
            long key = geometry.infoGroupOf(intent.row);
            List<Intent> ofGroup = todo.get(key);
            if (ofGroup == null) {
                ofGroup = new ArrayList<>();
                todo.put(key, ofGroup);
                order.addLast(key);
            }
            ofGroup.add(intent);
        }
        open = todo.size();
        cache.setArrival(this);
    }

    /// {@return rows redone}
    public int redone() {
        return redone;
    }

    /// {@return whether nothing is left to do}
    public boolean isDone() {
        return open == 0;
    }

    /// {@return the first journal batch that is still needed, or Long.MAX_VALUE}
    public long firstBatch() {
        return isDone() ? Long.MAX_VALUE : firstBatch;
    }

    /// Starts, or goes on.
    public void pump() {
        while (fetching < mostFetching && !order.isEmpty() && !members.isFailed()) {
            long key = order.pollFirst();
            if (todo.containsKey(key)) {
                fetching++;
                cache.require(
                        key,
                        group -> {
                            fetching--;
                            pump();
                        });
            }
        }
    }

    @Override
    public void arrived(InfoGroup group, Runnable then) {
        List<Intent> intents = todo.remove(group.key());
        if (intents == null) {
            then.run();
            return;
        }
        if (Plant.ROW_BEFORE_REDO.isPlanted()) {
            then.run();
        }
        Group each = new Group(group, then);
        for (Intent intent : intents) {
            each.rows++;
            new Row(intent, each).start();
        }
        each.rowEnded();
    }

    private final class Group {
        private final InfoGroup info;
        private final Runnable then;
        private int rows = 1;

        Group(InfoGroup info, Runnable then) {
            this.info = info;
            this.then = then;
        }

        void rowEnded() {
            if (--rows > 0) {
                return;
            }
            open--;
            if (!Plant.ROW_BEFORE_REDO.isPlanted()) {
                then.run();
            }
            if (isDone()) {
                done.run();
            }
        }
    }

    /// Flushes what rows have written: one flush of a member for all rows that wait when it begins. A
    /// flush for each row would be most of the time until the volume serves.
    private void flush() {
        if (isFlushing || unflushed.isEmpty()) {
            return;
        }
        isFlushing = true;
        List<Row> rows = unflushed;
        unflushed = new ArrayList<>();
        int written = 0;
        for (Row row : rows) {
            written |= row.written;
        }
        members.flush(written, () -> flushed(rows));
    }

    private void flushed(List<Row> rows) {
        isFlushing = false;
        for (Row row : rows) {
            if (!members.isFailed()) {
                row.record();
            }
            row.owner.rowEnded();
        }
        flush();
    }

    private final class Row {
        private final Intent intent;
        private final Group owner;
        private final InfoGroup group;
        private final Geometry shape;
        private final int index;
        private int pending = 1;
        private int written;

        Row(Intent intent, Group owner) {
            this.intent = intent;
            this.owner = owner;
            this.group = owner.info;
            this.shape = geometry.at(intent.row);
            this.index = geometry.indexInInfoGroup(intent.row);
        }

        private long record(int position) {
            return group.record(geometry.laneOf(geometry.slotAt(intent.row, position)), index);
        }

        void start() {
            if (!isNeeded() || Plant.INTENT_NOT_REDONE.isPlanted()) {
                owner.rowEnded();
                return;
            }
            redone++;
            long at = members.layout().dataOffset(geometry.memberBlock(intent.row));
            for (int p = 0; p < shape.width(); p++) {
                int slot = geometry.slotAt(intent.row, p);
                if (!members.holds(slot, group.key())) {
                    continue;
                }
                if (p >= shape.dataCount()) {
                    long offset = (long) (p - shape.dataCount()) * BLOCK_BYTES;
                    write(slot, intent.parity, offset, at);
                } else if (intent.kinds[p] == DirtyIndex.WRITE) {
                    write(slot, intent.data[p], 0, at);
                } else if (intent.kinds[p] == DirtyIndex.ZERO) {
                    write(slot, zeros, 0, at);
                }
            }
            written();
        }

        /// Whether the members may hold the row at an older version, or torn.
        private boolean isNeeded() {
            MemorySegment info = group.image();
            boolean isParityHeld = false;
            for (int p = shape.dataCount(); p < shape.width(); p++) {
                if (BlockInfo.generation(info, record(p)) > intent.sequence
                        && !Plant.REDO_OVER_NEWER.isPlanted()) {
                    return false;
                }
                isParityHeld |= members.holds(geometry.slotAt(intent.row, p), group.key());
            }
            for (int p = 0; p < shape.dataCount(); p++) {
                int slot = geometry.slotAt(intent.row, p);
                boolean isKnown =
                        members.holds(slot, group.key())
                                && !group.isUntrusted(geometry.laneOf(slot), index);
                if (isKnown
                        && BlockInfo.generation(info, record(p)) > intent.generations[p]
                        && !Plant.REDO_OVER_NEWER.isPlanted()) {
                    return false;
                }
            }
            return isParityHeld;
        }

        private void write(int slot, MemorySegment segment, long offset, long at) {
            pending++;
            written |= 1 << slot;
            Io io = new Io();
            io.set(Io.Kind.WRITE, segment, offset, BLOCK_BYTES, at);
            io.listener =
                    ended -> {
                        if (!ended.result.isOk()) {
                            members.fail(ended);
                        }
                        written();
                    };
            members.submit(slot, io);
        }

        private void written() {
            if (--pending > 0) {
                return;
            }
            unflushed.add(this);
            flush();
        }

        private void record() {
            MemorySegment info = group.image();
            int k = shape.dataCount();
            boolean hasContent = false;
            for (int p = 0; p < k; p++) {
                long at = record(p);
                long block = geometry.blockAt(intent.row, p);
                long generation = intent.generations[p];
                if (generation == Batch.BAD_GENERATION) {
                    BlockInfo.set(info, at, BlockInfo.BAD, block, generation);
                    settled(p);
                } else if (intent.kinds[p] != 0) {
                    boolean isTrim = intent.kinds[p] == DirtyIndex.TRIM;
                    int type = isTrim ? BlockInfo.TRIMMED : BlockInfo.DATA;
                    BlockInfo.set(info, at, type, block, generation);
                    if (!isTrim) {
                        MemorySegment content = intent.data[p] == null ? zeros : intent.data[p];
                        guards.seal(content, 0, info, at);
                    }
                    settled(p);
                    int version = dirty.newest(block);
                    if (version != DirtyIndex.NONE && dirty.sequence(version) == generation) {
                        dirty.freeze(version);
                        dirty.clean(version);
                    }
                } else if (BlockInfo.generation(info, at) != generation
                        && !Plant.REDO_LEAVES_UNKNOWN.isPlanted()) {
                    // Its own record is not to be had, or it missed a write. The parity has
                    // the block as the INTENT says.
                    int type = generation == 0 ? BlockInfo.UNWRITTEN : BlockInfo.DATA;
                    BlockInfo.set(info, at, type, block, generation);
                    int slot = geometry.slotAt(intent.row, p);
                    group.setUntrusted(geometry.laneOf(slot), index, true);
                }
                hasContent |= !BlockInfo.isContentless(info, at);
            }
            for (int p = k; p < shape.width(); p++) {
                long at = record(p);
                int type = hasContent ? BlockInfo.PARITY : BlockInfo.TRIMMED;
                BlockInfo.set(info, at, type, Geometry.referenceOf(intent.row), intent.sequence);
                if (hasContent) {
                    guards.seal(intent.parity, (long) (p - k) * BLOCK_BYTES, info, at);
                }
                for (int i = 0; i < k; i++) {
                    BlockInfo.setVector(info, at, i, k, intent.generations[i]);
                }
                settled(p);
            }
            noteIfHome();
        }

        private void noteIfHome() {
            for (int p = 0; p < shape.dataCount(); p++) {
                if (dirty.newest(geometry.blockAt(intent.row, p)) != DirtyIndex.NONE) {
                    return;
                }
            }
            rowIsHome.accept(intent.row);
        }

        private void settled(int position) {
            int slot = geometry.slotAt(intent.row, position);
            group.markDirty(geometry.laneOf(slot));
            if (members.holds(slot, group.key())) {
                group.setUntrusted(geometry.laneOf(slot), index, false);
            }
        }
    }
}
