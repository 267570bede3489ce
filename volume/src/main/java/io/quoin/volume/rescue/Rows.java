package io.quoin.volume.rescue;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import io.quoin.codec.guard.Crc16;
import io.quoin.volume.destage.Redo;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.Replay;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberIo;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.Witness;
import io.quoin.volume.repair.Reshaper;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import io.quoin.volume.row.RowImage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/// The rows of a choice of members, as the engine would have them after recovery: its info cache, its redo, its decoding. All slots
/// have a member; of those that are missing nothing can be read but what redo writes.
///
/// ```
/// expect    info of groups that lie together is read together
/// open      all blocks of a group that count, 128 KiB of each member at once
/// resolve   a row of it: judged by its guards, decoded
/// ```
///
/// Blocking, one thread.
final class Rows {
    private static final int INFO_GROUPS = 1024;
    private static final int LANE_BYTES = ROWS_PER_INFO * BLOCK_BYTES;

    private final Geometry geometry;
    private final Overlay[] members;
    private final MemberSet set;
    private final InfoCache cache;
    private final RowImage image;
    private final MemorySegment memory;

    /// By row of the open group, the lanes whose blocks were read.
    private final int[] read = new int[ROWS_PER_INFO];

    /// Groups that are in memory alone what they are: read from the members again they would be what was before.
    private final Set<Long> kept = new HashSet<>();

    private final ArrayDeque<Io> pending = new ArrayDeque<>();
    private InfoGroup group;

    /// Prepares to read; redo is done group by group.
    ///
    /// @param superblock the newest, its table saying which members hold what, its geometry with the cut where the journal left it
    /// @param members by slot
    /// @param replay what was found in the journal
    /// @param dirty its versions; those that redo has brought home leave it
    Rows(Superblock superblock, Overlay[] members, Replay replay, DirtyIndex dirty) {
        this.members = members;
        geometry = superblock.geometry();
        MemberIo[] ios = new MemberIo[members.length];
        for (int slot = 0; slot < ios.length; slot++) {
            ios[slot] = new Immediate();
        }
        set = new MemberSet(superblock, members, ios, Witness.NONE, 0);
        cache = new InfoCache(set, geometry, INFO_GROUPS);
        Reshaper.beginUnused(geometry, cache, replay.firstMoved(), replay.endMoved());
        Crc16 crc16 = superblock.polynomial() == 0 ? Crc16.IBM_3740 : Crc16.T10_DIF;
        for (Replay.Intent intent : replay.intents()) {
            kept.add(geometry.infoGroupOf(intent.row));
        }
        long firstMoved = geometry.rowsFor(replay.firstMoved()) / ROWS_PER_INFO;
        for (long key = firstMoved;
                key * ROWS_PER_INFO < geometry.rowsFor(replay.endMoved());
                key++) {
            kept.add(key);
        }
        new Redo(
                geometry,
                set,
                cache,
                dirty,
                new BlockGuards(superblock.guard(), crc16),
                replay.intents(),
                superblock.tailBatch(),
                1,
                row -> {},
                () -> {});
        image = new RowImage(geometry, new BlockGuards(superblock.guard(), crc16));
        memory = Arena.ofAuto().allocate((long) geometry.lanes() * LANE_BYTES, BLOCK_BYTES);
    }

    /// Carries operations out in the order in which they come, when told to.
    private final class Immediate implements MemberIo {
        @Override
        public void submit(Io io) {
            io.result = null;
            pending.addLast(io);
        }

        @Override
        public boolean abandon(Io io) {
            return false;
        }

        @Override
        public boolean isQuiet() {
            return pending.isEmpty();
        }

        @Override
        public void close() {}
    }

    private void carryOut() {
        for (Io io = pending.pollFirst(); io != null; io = pending.pollFirst()) {
            io.runOn(members[io.slot]);
            set.completed(io);
        }
    }

    /// Reads the info of groups that will be opened.
    ///
    /// @param keys info groups; sorted here
    /// @param count how many
    void expect(long[] keys, int count) {
        cache.expect(keys, count);
        carryOut();
    }

    /// Opens an info group: reads its blocks.
    ///
    /// @param key info group
    void open(long key) {
        group = null;
        cache.require(key, loaded -> group = loaded);
        carryOut();
        assert group != null : "info group " + key;
        Arrays.fill(read, 0);
        int first = geometry.firstSlot(key);
        for (int lane = 0; lane < geometry.at(key).width(); lane++) {
            if (set.holds(first + lane, key)) {
                readLane(key, lane, members[first + lane]);
            }
        }
    }

    private void readLane(long key, int lane, Overlay member) {
        int wanted = 0;
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            boolean isWanted =
                    !group.isUntrusted(lane, index)
                            && !BlockInfo.isContentless(group.image(), group.record(lane, index));
            wanted |= isWanted ? 1 << index : 0;
        }
        if (wanted == 0) {
            return;
        }
        long at = offset(geometry.rowIn(key, 0));
        long to = (long) lane * LANE_BYTES;
        boolean isWhole = member.isThere() && member.read(memory, to, LANE_BYTES, at).isOk();
        for (int index = 0; index < ROWS_PER_INFO; index++) {
            long skip = (long) index * BLOCK_BYTES;
            boolean isRead =
                    (wanted >> index & 1) != 0
                            && (isWhole
                                    || member.read(memory, to + skip, BLOCK_BYTES, at + skip)
                                            .isOk());
            read[index] |= isRead ? 1 << lane : 0;
        }
    }

    private long offset(long row) {
        return set.layout().dataOffset(geometry.memberBlock(row));
    }

    /// Lets go of the open group.
    void close() {
        if (!kept.contains(group.key())) {
            group.takeDirty(); // a copy that is the worse one is written by nobody here
        }
        group = null;
    }

    /// Resolves a row of the open group.
    ///
    /// @param index its place in the group
    /// @return the row, until the next one is resolved
    RowImage resolve(int index) {
        long row = geometry.rowIn(group.key(), index);
        int readable = 0;
        for (int p = 0; p < geometry.at(row).width(); p++) {
            int lane = lane(row, p);
            image.blocks[p] = memory;
            image.offsets[p] = (long) lane * LANE_BYTES + (long) index * BLOCK_BYTES;
            readable |= (read[index] >> lane & 1) << p;
        }
        image.resolve(group, index, row, readable);
        return image;
    }

    private int lane(long row, int position) {
        return geometry.laneOf(geometry.slotAt(row, position));
    }

    /// {@return whether the journal has it that a block of a row is there}
    ///
    /// @param row row of the open group
    /// @param position its position
    boolean isRedone(long row, int position) {
        return members[geometry.slotAt(row, position)].has(offset(row));
    }

    /// {@return the type of what is known of a block}
    ///
    /// @param row row of the open group
    /// @param position its position
    int type(long row, int position) {
        return BlockInfo.type(group.image(), record(row, position));
    }

    /// {@return the sequence that made a block, as far as it is known}
    ///
    /// @param row row of the open group
    /// @param position its position
    long generation(long row, int position) {
        return BlockInfo.generation(group.image(), record(row, position));
    }

    /// {@return the volume block that a record is about}
    ///
    /// @param row row of the open group
    /// @param position its position
    long reference(long row, int position) {
        return BlockInfo.reference(group.image(), record(row, position));
    }

    private long record(long row, int position) {
        return group.record(lane(row, position), geometry.indexInInfoGroup(row));
    }

    /// {@return whether any of these members says what a block should be: its own, or one with parity or another copy}
    ///
    /// @param row row of the open group
    /// @param position its position
    boolean isKnown(long row, int position) {
        Geometry shape = geometry.at(row);
        boolean isKnown = isTrusted(row, position);
        for (int p = shape.dataCount(); p < shape.width(); p++) {
            isKnown |= isTrusted(row, p);
        }
        return isKnown;
    }

    private boolean isTrusted(long row, int position) {
        return set.holds(geometry.slotAt(row, position), group.key())
                && !group.isUntrusted(lane(row, position), geometry.indexInInfoGroup(row));
    }
}
