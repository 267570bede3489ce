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
import java.util.List;
import org.agrona.collections.Long2ObjectHashMap;

/// Info groups in memory: loaded on first use from all members that hold them, kept while dirty or
/// in use, the least recently loaded clean ones given up first.
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

    private final MemberSet members;
    private final Geometry geometry;
    private final int capacity;
    private final int volumeTag;
    private final Long2ObjectHashMap<InfoGroup> groups = new Long2ObjectHashMap<>();
    private final Long2ObjectHashMap<Load> loads = new Long2ObjectHashMap<>();
    private final ArrayDeque<InfoGroup> order = new ArrayDeque<>();
    private final ArrayDeque<MemorySegment> spare = new ArrayDeque<>();
    private Arrival arrival = (group, then) -> then.run();

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

    /// An empty cache.
    ///
    /// @param members whom to read from
    /// @param geometry shape
    /// @param capacity groups kept while clean
    public InfoCache(MemberSet members, Geometry geometry, int capacity) {
        this.members = members;
        this.geometry = geometry;
        this.capacity = capacity;
        this.volumeTag = members.template().volumeTag;
    }

    /// Names who sees each group first.
    ///
    /// @param first told of each group that was read
    public void setArrival(Arrival first) {
        arrival = first;
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
            load.start();
        } else {
            load.waiters.add(waiter);
        }
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

    private static final int ATTEMPTS = 3;

    /// One load under way.
    private final class Load {
        private final long key;
        private final int firstSlot;
        private final int width = geometry.width();
        private final long infoBlock;
        private final List<Waiter> waiters = new ArrayList<>();
        private final MemorySegment[] copies = new MemorySegment[2];
        private final int[] read = new int[2];
        private int held;
        private int pending;
        private int attempt;

        Load(long key) {
            this.key = key;
            this.firstSlot = geometry.firstSlot(key);
            this.infoBlock = geometry.infoBlock(key);
        }

        void start() {
            held = 0;
            read[0] = 0;
            read[1] = 0;
            for (int lane = 0; lane < width; lane++) {
                if (members.holds(firstSlot + lane, key)) {
                    held |= 1 << lane;
                }
            }
            copies[0] = image();
            copies[1] = image();
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

        private MemorySegment image() {
            MemorySegment image = spare.pollLast();
            if (image == null) {
                image = Arena.ofAuto().allocate((long) width * BLOCK_BYTES, BLOCK_BYTES);
            }
            return image.fill((byte) 0);
        }

        private void read(int copy, int lane) {
            Io io = new Io();
            io.set(
                    Io.Kind.READ,
                    copies[copy],
                    (long) lane * BLOCK_BYTES,
                    BLOCK_BYTES,
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
            InfoGroup group = new InfoGroup(key, copies[0]);
            int usable = 0;
            for (int lane = 0; lane < width; lane++) {
                if ((held >> lane & 1) == 0) {
                    continue;
                }
                boolean a = (read[0] >> lane & 1) != 0 && isUsable(0, lane);
                boolean b = (read[1] >> lane & 1) != 0 && isUsable(1, lane);
                long at = (long) lane * BLOCK_BYTES;
                long checkpointA = InfoBlock.checkpoint(copies[0], at);
                long checkpointB = InfoBlock.checkpoint(copies[1], at);
                if (a && (!b || checkpointB < checkpointA)) {
                    group.setWorse(lane, 1);
                } else if (b && (!a || checkpointA < checkpointB)) {
                    group.setWorse(lane, 0);
                    MemorySegment.copy(copies[1], at, copies[0], at, BLOCK_BYTES);
                }
                if (a || b) {
                    usable |= 1 << lane;
                }
            }
            spare.addLast(copies[1]);
            if (Integer.bitCount(usable) < geometry.dataCount() && ++attempt < ATTEMPTS) {
                // What cannot be known now makes blocks bad; it may only have been misread.
                spare.addLast(copies[0]);
                start();
                return;
            }
            InfoTruth.settle(group, geometry, held, usable);
            arrival.arrived(group, () -> finish(group));
        }

        private boolean isUsable(int copy, int lane) {
            long at = (long) lane * BLOCK_BYTES;
            var uuid = members.entry(firstSlot + lane).uuid();
            return Plant.INFO_UNVERIFIED.isPlanted()
                    || InfoBlock.isBlank(copies[copy], at)
                    || InfoBlock.isValid(
                            copies[copy],
                            at,
                            volumeTag,
                            infoBlock,
                            uuid.getMostSignificantBits(),
                            uuid.getLeastSignificantBits());
        }

        private void finish(InfoGroup group) {
            loads.remove(key);
            insert(group);
            for (Waiter waiter : waiters) {
                waiter.loaded(group);
            }
        }
    }
}
