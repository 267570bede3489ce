package io.quoin.volume.sim;

import io.quoin.volume.member.Io;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.MemberIo;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// The operations of a world that are on their way to a disk and back, and those that the engine gave up
/// and the disk has still.
final class SimTraffic {
    /// An operation on its way to a disk and back.
    private static final class Pending {
        final Io io;
        final SimDisk disk;
        final Io work = new Io();
        final int hash;
        final long startedNanos;
        long dueNanos;

        Pending(Io io, SimDisk disk, long startedNanos, long dueNanos) {
            this.io = io;
            this.disk = disk;
            this.startedNanos = startedNanos;
            this.dueNanos = dueNanos;
            work.setAs(io);
            work.slot = io.slot;
            hash = hash();
        }

        boolean isWrite() {
            return work.kind == Io.Kind.WRITE || work.kind == Io.Kind.WRITE_DURABLE;
        }

        int hash() {
            if (!isWrite()) {
                return 0;
            }
            int hash = 1;
            for (long at = 0; at < work.lengthBytes; at += 256) {
                long word =
                        work.segment.get(ValueLayout.JAVA_LONG_UNALIGNED, work.segmentOffset + at);
                hash = 31 * hash + Long.hashCode(word);
            }
            return hash;
        }
    }

    private final SimWorld world;
    private final List<Pending> pending = new ArrayList<>();
    private final List<Pending> givenUp = new ArrayList<>();
    private final Map<SimDisk, Long> standingStill = new HashMap<>();

    SimTraffic(SimWorld world) {
        this.world = world;
    }

    boolean isIdle() {
        return pending.isEmpty();
    }

    int count() {
        return pending.size();
    }

    /// {@return whether a write to a zone is under way, or, when none is named, a flush}
    ///
    /// @param zone zone, or null
    boolean isWriting(Zone zone) {
        for (Pending each : pending) {
            boolean is =
                    zone == null
                            ? each.work.kind == Io.Kind.FLUSH
                            : each.isWrite()
                                    && Zone.of(world.superblock.layout(), each.work.offsetBytes)
                                            == zone;
            if (is) {
                return true;
            }
        }
        return false;
    }

    /// {@return kind of the operation that has been under way longest, for the log}
    String oldest() {
        return pending.isEmpty() ? "idle" : pending.getFirst().work.kind.name();
    }

    /// The engine is gone.
    void clear() {
        pending.clear();
        givenUp.clear();
        standingStill.clear();
    }

    /// {@return pages of writes to a disk that were submitted and are not done}
    Map<Integer, List<byte[]>> inFlight(SimDisk disk) {
        Map<Integer, List<byte[]>> inFlight = new HashMap<>();
        for (List<Pending> list : List.of(pending, givenUp)) {
            for (Pending each : list) {
                if (each.disk == disk && each.isWrite()) {
                    addPages(each.work, inFlight);
                }
            }
        }
        return inFlight;
    }

    private static void addPages(Io io, Map<Integer, List<byte[]>> pages) {
        for (int at = 0; at < io.lengthBytes; at += SimDisk.PAGE) {
            byte[] page = new byte[SimDisk.PAGE];
            MemorySegment.ofArray(page)
                    .copyFrom(io.segment.asSlice(io.segmentOffset + at, SimDisk.PAGE));
            int number = (int) ((io.offsetBytes + at) / SimDisk.PAGE);
            pages.computeIfAbsent(number, p -> new ArrayList<>()).add(page);
        }
    }

    /// Operations on a disk that is pulled are never done well.
    void pull(SimDisk disk) {
        for (Pending each : List.copyOf(pending)) {
            if (each.disk == disk) {
                pending.remove(each);
                each.io.result = IoResult.ERROR;
                world.engine().completed(each.io);
            }
        }
        givenUp.removeIf(each -> each.disk == disk);
    }

    /// Nothing that a disk has to do is done for a while, unless it has just stood still: half the limit is not reached.
    void standStill(SimDisk disk) {
        long now = world.nowNanos();
        if (standingStill.getOrDefault(disk, now) > now) {
            return;
        }
        long until = now + world.random.nextLong(100_000, SimWorld.LIMIT_NANOS / 3);
        standingStill.put(disk, until);
        for (Pending each : pending) {
            if (each.disk == disk && until - each.startedNanos < SimWorld.LIMIT_NANOS / 2) {
                each.dueNanos = Math.max(each.dueNanos, until);
            }
        }
    }

    /// {@return I/O for a disk}
    MemberIo io(SimDisk disk) {
        return new SimIo(disk);
    }

    private final class SimIo implements MemberIo {
        private final SimDisk disk;

        SimIo(SimDisk disk) {
            this.disk = disk;
        }

        @Override
        public void submit(Io io) {
            assert Arrays.asList(world.disks).contains(disk) || world.twins.isInUse(disk)
                    : "operation on a disk of an earlier life";
            long delay = 0;
            if (disk.faults != null) {
                long offset = io.kind == Io.Kind.FLUSH ? -1 : io.offsetBytes;
                delay = disk.faults.delayNanos(io.kind.name(), offset, SimWorld.LIMIT_NANOS);
            }
            long now = world.nowNanos();
            long due = delay == Long.MAX_VALUE ? delay : now + delay;
            due = Math.max(due, standingStill.getOrDefault(disk, now));
            pending.add(new Pending(io, disk, now, due));
        }

        @Override
        public boolean abandon(Io io) {
            for (Pending each : pending) {
                if (each.io == io) {
                    boolean isDue = each.dueNanos <= world.nowNanos();
                    if (isDue && world.random.nextInt(4) == 0) {
                        return false; // it is just being completed
                    }
                    pending.remove(each);
                    givenUp.add(each);
                    return true;
                }
            }
            throw new AssertionError("given up, but not under way: " + io);
        }

        @Override
        public boolean isQuiet() {
            return givenUp.stream().noneMatch(each -> each.disk == disk);
        }

        @Override
        public void close() {}
    }

    /// The operation that has been under way longest is done.
    ///
    /// @return what it was, or null when none was
    Io.Kind completeOldest() {
        if (pending.isEmpty()) {
            return null;
        }
        Pending oldest = pending.getFirst();
        complete(oldest);
        return oldest.work.kind;
    }

    /// One of the operations under way whose time has come is done.
    ///
    /// @return whether there was one
    boolean completeOne() {
        long now = world.nowNanos();
        Pending chosen = null;
        int candidates = 0;
        for (Pending each : pending) {
            if (each.dueNanos > now) {
                continue;
            }
            if (now - Math.max(each.startedNanos, each.dueNanos) > SimWorld.LIMIT_NANOS / 10) {
                chosen = each; // none waits for long only because the seed passes it over
                break;
            }
            candidates++;
            if (world.random.nextInt(candidates) == 0) {
                chosen = each;
            }
        }
        if (chosen != null) {
            complete(chosen);
        }
        return chosen != null;
    }

    private void complete(Pending chosen) {
        pending.remove(chosen);
        if (chosen.hash != chosen.hash()) {
            throw new SimModel.Violation("a buffer changed while it was written: " + chosen.io);
        }
        Io io = chosen.io;
        io.runOn(chosen.disk);
        world.trace(io.offsetBytes * 31 + io.lengthBytes + io.kind.ordinal() + io.slot * 7L);
        world.trace(io.result.ordinal() + 31L * chosen.hash);
        world.done(io, chosen.disk);
    }

    /// What was given up may still reach its disk, with whatever its memory holds by then.
    void landLate() {
        if (givenUp.isEmpty()) {
            return;
        }
        for (Pending each : List.copyOf(givenUp)) {
            if (each.dueNanos <= world.nowNanos()) {
                givenUp.remove(each);
                if (each.work.kind != Io.Kind.READ) {
                    each.work.runOn(each.disk);
                }
            }
        }
    }

    /// {@return when an operation is due, or the watchdog may bark, if nothing else happens before; now when one
    /// is due already}
    long nextDueNanos() {
        long now = world.nowNanos();
        long next = now + SimWorld.LIMIT_NANOS / 16;
        for (Pending each : pending) {
            next = Math.min(next, Math.max(now, each.dueNanos));
        }
        return next;
    }
}
