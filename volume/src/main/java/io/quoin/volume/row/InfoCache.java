package io.quoin.volume.row;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.InfoBlock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.agrona.collections.Long2ObjectHashMap;
import org.agrona.collections.LongHashSet;

/// Info groups in memory: loaded on first use from all members that hold them, kept while dirty or
/// in use, the least recently loaded clean ones given up first. Groups that are expected together are
/// loaded together: their info blocks lie side by side on each member.
///
/// Both copies of each info block are read. Of two valid ones that of the later checkpoint counts, and
/// the other is the first to be written at the next checkpoint: a crash may have left it torn, and the
/// good one must not be touched before it is whole again. A slot with neither is untrusted for all its
/// rows.
///
/// In the engine's turns only.
public final class InfoCache {
    /// Groups looked at to find one to give up.
    private static final int MOST_LOOKS = 16;

    /// Times that info is read before it counts as unknown.
    private static final int ATTEMPTS = 3;

    /// Most groups that are read at once: 64 KiB of each member.
    private static final int MOST_TOGETHER = 16;

    /// Memory of such readings that is kept.
    private static final int MOST_SPARE_TOGETHER = 16;

    private final MemberSet members;
    private final Geometry geometry;
    private final int capacity;
    private final int volumeTag;
    private final Long2ObjectHashMap<InfoGroup> groups = new Long2ObjectHashMap<>();
    private final Long2ObjectHashMap<Load> loads = new Long2ObjectHashMap<>();
    private final LongHashSet unused = new LongHashSet(-1);
    private final ArrayDeque<InfoGroup> order = new ArrayDeque<>();
    private final ArrayDeque<MemorySegment> spare = new ArrayDeque<>();
    private final ArrayDeque<MemorySegment> spareTogether = new ArrayDeque<>();
    private final int mostTogether;
    private Arrival arrival = (group, then) -> then.run();
    private DamageListener damage = (key, slot, copy) -> {};

    /// Told when a group is in memory.
    @FunctionalInterface
    public interface Waiter {
        /// The group is here; pin or lock it to keep it beyond this call.
        ///
        /// @param group the group
        void loaded(InfoGroup group);
    }

    /// Makes a group's rows whole before anybody sees them.
    @FunctionalInterface
    public interface Arrival {
        /// The group was read, and nobody has it yet.
        ///
        /// @param group the group
        /// @param then runs when its rows are whole, perhaps at once
        void arrived(InfoGroup group, Runnable then);
    }

    /// Told of info blocks that are not what was written.
    @FunctionalInterface
    public interface DamageListener {
        /// A copy was read, and does not count: torn by a crash, damaged, unreadable, of something else.
        ///
        /// @param key info group
        /// @param slot slot of its member
        /// @param copy 0: A, 1: B
        void damaged(long key, int slot, int copy);
    }

    /// An empty cache.
    ///
    /// @param members whom to read from
    /// @param geometry shape
    /// @param capacity groups kept while clean
    public InfoCache(MemberSet members, Geometry geometry, int capacity) {
        this.members = members;
        this.geometry = geometry;
        this.capacity = capacity;
        this.mostTogether = Math.min(MOST_TOGETHER, capacity / 2);
        this.volumeTag = members.template().volumeTag;
    }

    /// Names who sees each group first.
    ///
    /// @param first told of each group that was read
    public void setArrival(Arrival first) {
        arrival = first;
    }

    /// Names who is told of damaged info.
    ///
    /// @param whom listener
    public void setDamageListener(DamageListener whom) {
        damage = whom;
    }

    /// {@return the group if it is in memory, or null}
    ///
    /// @param key info group
    public InfoGroup peek(long key) {
        return groups.get(key);
    }

    /// Gives the group to the waiter, at once when it is in memory.
    ///
    /// @param key info group
    /// @param waiter receives it
    public void require(long key, Waiter waiter) {
        InfoGroup group = groups.get(key);
        if (group != null) {
            waiter.loaded(group);
            return;
        }
        Load load = loads.get(key);
        if (load == null) {
            load = new Load(key);
            loads.put(key, load);
            load.waiters.add(waiter);
            if (unused.remove(key)) {
                begin(load);
            } else {
                new Reading(load).start();
            }
        } else {
            load.waiters.add(waiter);
        }
    }

    /// {@return groups that are loaded together at most}
    public int mostTogether() {
        return mostTogether;
    }

    /// {@return whether a group is neither here nor on its way, and the members have it}
    ///
    /// @param key info group
    public boolean isAbsent(long key) {
        return !groups.containsKey(key) && !loads.containsKey(key) && !unused.contains(key);
    }

    /// Has a group begin as one of rows that were never written, whatever the members hold in its place. Its info becomes dirty
    /// when somebody requires it.
    ///
    /// @param key info group, not in memory
    public void beginUnused(long key) {
        assert !groups.containsKey(key) && !loads.containsKey(key) : "group " + key + " is in use";
        unused.add(key);
    }

    /// Has all groups of {@link #beginUnused} begin now, so that the next checkpoint writes them.
    public void requireUnused() {
        LongHashSet.LongIterator keys = unused.iterator();
        List<Long> all = new ArrayList<>();
        while (keys.hasNext()) {
            all.add(keys.nextValue());
        }
        all.sort(null);
        for (long key : all) {
            require(key, group -> {});
        }
    }

    private void begin(Load load) {
        InfoGroup group = new InfoGroup(load.key, image());
        for (int lane = 0; lane < geometry.at(load.key).width(); lane++) {
            group.markDirty(lane);
        }
        arrival.arrived(group, () -> finish(load, group));
    }

    /// Gives a group up for good: nothing of it is written any more. Who has it finds it gone.
    ///
    /// @param key info group in memory
    public void discard(long key) {
        InfoGroup group = groups.remove(key);
        order.remove(group);
        group.setGone();
    }

    /// Begins to load groups that will be required, neighbours together.
    ///
    /// @param keys info groups; sorted here
    /// @param count how many
    public void expect(long[] keys, int count) {
        Arrays.sort(keys, 0, count);
        for (int i = 0; i < count; i++) {
            if (!isAbsent(keys[i])) {
                continue;
            }
            int together = 1;
            while (together < mostTogether && isNext(keys, i, count, together)) {
                together++;
            }
            Load[] all = new Load[together];
            for (int j = 0; j < together; j++) {
                all[j] = new Load(keys[i] + (long) j * geometry.groupCount());
                loads.put(all[j].key, all[j]);
            }
            new Reading(all).start();
        }
    }

    /// {@return whether the info block some places after a key's lies right behind those between, is expected
    /// too, and is not here}
    private boolean isNext(long[] keys, int first, int count, int places) {
        long key = keys[first] + (long) places * geometry.groupCount();
        long begin = members.layout().infoOffset(geometry.infoBlock(keys[first]), 0);
        return Arrays.binarySearch(keys, first, count, key) >= 0
                && isAbsent(key)
                && members.layout().infoOffset(geometry.infoBlock(key), 0)
                        == begin + (long) places * BLOCK_BYTES;
    }

    /// Gives a clean group up, so that it is read from the members again.
    ///
    /// @param key info group
    public void forget(long key) {
        InfoGroup group = groups.get(key);
        if (group != null && group.isEvictable()) {
            groups.remove(key);
            order.remove(group);
            spare.addLast(group.image());
        }
    }

    /// {@return groups with dirty info}
    public List<InfoGroup> dirtyGroups() {
        List<InfoGroup> dirty = new ArrayList<>();
        for (InfoGroup group : groups.values()) {
            if (group.dirtyLanes() != 0) {
                dirty.add(group);
            }
        }
        dirty.sort((a, b) -> Long.compare(a.key(), b.key()));
        return dirty;
    }

    private void insert(InfoGroup group) {
        groups.put(group.key(), group);
        order.addLast(group);
        // A few: when more groups are dirty than may be kept, none of them can go, however long one
        // looks.
        int rounds = Math.min(order.size(), MOST_LOOKS);
        while (groups.size() > capacity && rounds-- > 0) {
            InfoGroup oldest = order.removeFirst();
            if (oldest.isEvictable() && oldest != group) {
                groups.remove(oldest.key());
                spare.addLast(oldest.image());
            } else {
                order.addLast(oldest);
            }
        }
    }

    /// A group that is being loaded, and who waits for it.
    private static final class Load {
        final long key;
        final List<Waiter> waiters = new ArrayList<>();
        int held;
        int attempt;

        Load(long key) {
            this.key = key;
        }
    }

    /// The info blocks of groups that lie side by side, on their way into memory.
    private final class Reading {
        private final Load[] all;
        private final int firstSlot;
        private final int width = geometry.lanes();
        private final long infoBlock;
        private final MemorySegment[] copies = new MemorySegment[2];
        private final int[] read = new int[2];
        private final UUID[] readFrom = new UUID[width];
        private int held;
        private int pending;

        Reading(Load... all) {
            this.all = all;
            firstSlot = geometry.firstSlot(all[0].key);
            infoBlock = geometry.infoBlock(all[0].key);
        }

        void start() {
            for (Load load : all) {
                load.held = 0;
                for (int lane = 0; lane < width; lane++) {
                    load.held |= members.holds(firstSlot + lane, load.key) ? 1 << lane : 0;
                }
                held |= load.held;
            }
            for (int lane = 0; lane < width; lane++) {
                readFrom[lane] = members.entry(firstSlot + lane).uuid();
            }
            copies[0] = memory();
            copies[1] = memory();
            pending = 1;
            for (int copy = 0; copy < 2; copy++) {
                for (int lane = 0; lane < width; lane++) {
                    if ((held >> lane & 1) != 0) {
                        pending++;
                        read(copy, lane);
                    }
                }
            }
            readDone();
        }

        private MemorySegment memory() {
            if (all.length == 1) {
                return image();
            }
            MemorySegment memory = spareTogether.pollLast();
            return memory == null
                    ? Arena.ofAuto()
                            .allocate((long) mostTogether * width * BLOCK_BYTES, BLOCK_BYTES)
                    : memory;
        }

        private void giveBack(MemorySegment memory) {
            if (all.length == 1) {
                spare.addLast(memory);
            } else if (spareTogether.size() < MOST_SPARE_TOGETHER) {
                spareTogether.addLast(memory);
            }
        }

        /// Offset of a group's info block of a lane in what was read: by lane, since each is one read.
        private long at(int lane, int place) {
            return ((long) lane * all.length + place) * BLOCK_BYTES;
        }

        private void read(int copy, int lane) {
            Io io = new Io();
            io.set(
                    Io.Kind.READ,
                    copies[copy],
                    at(lane, 0),
                    all.length * BLOCK_BYTES,
                    members.layout().infoOffset(infoBlock, copy));
            io.listener =
                    done -> {
                        if (done.result.isOk()) {
                            read[copy] |= 1 << lane;
                        }
                        readDone();
                    };
            members.submit(firstSlot + lane, io);
        }

        private void readDone() {
            if (--pending > 0) {
                return;
            }
            boolean isWhole = read[0] == held && read[1] == held;
            if (isOfOthers() || all.length > 1 && !isWhole) {
                giveBack(copies[0]);
                giveBack(copies[1]);
                for (Load load : all) { // what one cannot be read for is not the others' loss
                    new Reading(load).start();
                }
                return;
            }
            InfoGroup[] loaded = new InfoGroup[all.length];
            for (int place = 0; place < all.length; place++) {
                loaded[place] = settle(place);
            }
            if (all.length > 1) {
                giveBack(copies[0]);
            }
            giveBack(copies[1]);
            for (int place = 0; place < all.length; place++) {
                Load load = all[place];
                InfoGroup group = loaded[place];
                if (group == null) {
                    new Reading(load).start();
                } else {
                    arrival.arrived(group, () -> finish(load, group));
                }
            }
        }

        /// {@return whether a slot has another member than the one that was read from: its blocks would be taken for damaged}
        private boolean isOfOthers() {
            for (int lane = 0; lane < width; lane++) {
                if (!readFrom[lane].equals(members.entry(firstSlot + lane).uuid())
                        && !Plant.INFO_OF_THE_FORMER.isPlanted()) {
                    return true;
                }
            }
            return false;
        }

        /// {@return a group as the members have it, or null if it is to be read again}
        private InfoGroup settle(int place) {
            Load load = all[place];
            InfoGroup group = new InfoGroup(load.key, all.length == 1 ? copies[0] : image());
            int usable = 0;
            for (int lane = 0; lane < width; lane++) {
                if ((load.held >> lane & 1) != 0 && settle(group, place, lane)) {
                    usable |= 1 << lane;
                }
            }
            if (Integer.bitCount(usable) < geometry.at(load.key).dataCount()
                    && ++load.attempt < ATTEMPTS) {
                // What cannot be known now makes blocks bad; it may only have been misread.
                spare.addLast(group.image());
                return null;
            }
            InfoTruth.settle(group, geometry, load.held, usable);
            return group;
        }

        /// Takes the better copy of a lane's info block.
        ///
        /// @return whether there is one
        private boolean settle(InfoGroup group, int place, int lane) {
            boolean a = isUsable(0, lane, place);
            boolean b = isUsable(1, lane, place);
            if (!a) {
                damage.damaged(group.key(), firstSlot + lane, 0);
            }
            if (!b) {
                damage.damaged(group.key(), firstSlot + lane, 1);
            }
            long at = at(lane, place);
            long checkpointA = InfoBlock.checkpoint(copies[0], at);
            long checkpointB = InfoBlock.checkpoint(copies[1], at);
            MemorySegment best = a ? copies[0] : copies[1];
            if (a && (!b || checkpointB < checkpointA)) {
                group.setWorse(lane, 1);
            } else if (b && (!a || checkpointA < checkpointB)) {
                group.setWorse(lane, 0);
                best = copies[1];
            }
            long to = (long) lane * BLOCK_BYTES;
            if (!a && !b) {
                group.image().asSlice(to, BLOCK_BYTES).fill((byte) 0);
            } else if (best != group.image()) {
                MemorySegment.copy(best, at, group.image(), to, BLOCK_BYTES);
            }
            return a || b;
        }

        private boolean isUsable(int copy, int lane, int place) {
            if ((read[copy] >> lane & 1) == 0) {
                return false;
            }
            var uuid = members.entry(firstSlot + lane).uuid();
            return Plant.INFO_UNVERIFIED.isPlanted()
                    || InfoBlock.isBlank(copies[copy], at(lane, place))
                    || InfoBlock.isValid(
                            copies[copy],
                            at(lane, place),
                            volumeTag,
                            infoBlock + place,
                            uuid.getMostSignificantBits(),
                            uuid.getLeastSignificantBits());
        }
    }

    private MemorySegment image() {
        MemorySegment image = spare.pollLast();
        if (image == null) {
            image = Arena.ofAuto().allocate((long) geometry.lanes() * BLOCK_BYTES, BLOCK_BYTES);
        }
        return image.fill((byte) 0);
    }

    private void finish(Load load, InfoGroup group) {
        loads.remove(load.key);
        insert(group);
        for (Waiter waiter : load.waiters) {
            waiter.loaded(group);
        }
    }
}
