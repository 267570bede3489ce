package io.quoin.volume.remote;

import io.quoin.volume.format.OwnerMark;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.Lease;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Keeps two hosts from serving one volume, as far as marks on members can that no server enforces. Who opens a volume writes a claim on every
/// member that others can reach, and the last claim counts; who serves shows each second by a beat that he lives, and looks whether the claim
/// is still his. ZFS's multihost and ext4's multi-mount protection work by beats too.
///
/// ```
/// opening:  a claim of another host that says "served"?  watch its beat for 4 s; changes: refused
///           own claim, at once after a last look;
///           a little later still there?                  if not, refused: somebody else was as quick
/// serving:  each second, on each member: whose claim?    own: the next beat; not own, or gone: the volume stops
///           own claim not seen for 3 s on a member:      nothing is acknowledged or written until it is
/// closing:  nothing is under way any more: claim says "let go of"
/// ```
///
/// So an owner that stood still for longer than others wait for him has no lease when he goes on, and finds another's claim before he
/// acknowledges anything. It is no fence: what he had handed to a server before may still be carried out. A late beat of his harms nobody, for
/// claims alone say who owns.
///
/// A thread for each member, so that one which does not answer keeps no other's beat from being written.
public final class Ownership implements Lease {
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long LEASE_NANOS = 3 * PERIOD_NANOS;
    private static final long WATCH_NANOS = 4 * PERIOD_NANOS;
    private static final long LOOK_NANOS = PERIOD_NANOS / 4;

    /// Longest time from a look at a member to the claim on it; others look again after more than that.
    private static final long MOST_CLAIM_NANOS = PERIOD_NANOS / 2;

    private static final int MOST_LOOKS = 5;
    private static final long SETTLE_NANOS = 2 * MOST_CLAIM_NANOS;

    /// Who may own volumes. What ends on a host leaves no owner behind, so its own marks are not waited for.
    ///
    /// @param id the same for one daemon after the other, and for no two at a time
    /// @param name for operators
    public record Host(UUID id, String name) {
        /// {@return a host that is no other's successor}
        public static Host once() {
            return new Host(UUID.randomUUID(), "this host");
        }
    }

    private final Host host;
    private final UUID opening = UUID.randomUUID();
    private final Consumer<String> whenLost;
    private volatile List<Keeper> keepers = List.of();
    private volatile boolean isClosed;

    /// One opening of a volume, that owns nothing yet.
    ///
    /// @param host who opens it
    /// @param whenLost told, with the other one's name, when another host serves the volume
    public Ownership(Host host, Consumer<String> whenLost) {
        this.host = host;
        this.whenLost = whenLost;
    }

    /// Refuses members that another host serves; waits some seconds if one did and was not heard of since.
    ///
    /// @param files members
    /// @throws IOException naming the member and the host
    public void check(List<? extends BlockFile> files) throws IOException {
        check(files, host.id);
    }

    /// Refuses members that any daemon serves, this one too.
    ///
    /// @param files members
    /// @throws IOException naming the member and the host
    public static void checkUnserved(List<? extends BlockFile> files) throws IOException {
        check(files, null);
    }

    private static List<OwnerMark> check(List<? extends BlockFile> files, UUID own)
            throws IOException {
        MemorySegment block = newBlock();
        List<OwnerMark> claims = new ArrayList<>();
        List<BlockFile> doubtful = new ArrayList<>();
        List<OwnerMark> beats = new ArrayList<>();
        for (BlockFile file : files) {
            OwnerMark claim = read(file, block, OwnerMark.CLAIM_OFFSET);
            claims.add(claim);
            if (claim != null && claim.isServed() && !claim.host().equals(own)) {
                doubtful.add(file);
                beats.add(read(file, block, OwnerMark.BEAT_OFFSET));
            }
        }
        long start = BootClock.nanos();
        while (!doubtful.isEmpty() && BootClock.nanos() - start < WATCH_NANOS) {
            LockSupport.parkNanos(LOOK_NANOS);
            for (int i = 0; i < beats.size(); i++) {
                OwnerMark now = read(doubtful.get(i), block, OwnerMark.BEAT_OFFSET);
                if (now != null && !now.equals(beats.get(i))) {
                    throw new IOException(
                            doubtful.get(i).name()
                                    + ": expected a member that nobody serves, found it served by "
                                    + now.hostName()
                                    + " at this moment; close the volume there");
                }
            }
        }
        return claims;
    }

    /// Checks members, claims them, and keeps them.
    ///
    /// @param files members
    /// @throws IOException when another host serves them, was as quick, or may have been
    public void keep(List<? extends BlockFile> files) throws IOException {
        List<OwnerMark> seen = check(files, host.id);
        List<Keeper> added = new ArrayList<>();
        boolean isKept = false;
        try {
            for (int i = 0; i < files.size(); i++) {
                BlockFile file = files.get(i);
                Keeper keeper = new Keeper(file);
                if (file instanceof RemoteFile) {
                    added.add(keeper);
                    keeper.take(seen.get(i));
                } else if (keeper.isClaimed()) {
                    keeper.claim(
                            false); // reached by other hosts once; nobody need wait for them again
                }
            }
            settle(added);
            isKept = true;
        } finally {
            if (!isKept) {
                added.forEach(Keeper::withdraw);
            }
        }
        synchronized (this) {
            List<Keeper> all = new ArrayList<>(keepers);
            all.removeIf(Keeper::isOver);
            all.addAll(added);
            keepers = List.copyOf(all);
        }
        added.forEach(Keeper::start);
    }

    /// Waits until everybody has claimed who looked before our claims, and looks whose they are.
    private static void settle(List<Keeper> added) throws IOException {
        long start = BootClock.nanos();
        while (!added.isEmpty() && BootClock.nanos() - start < SETTLE_NANOS) {
            LockSupport.parkNanos(LOOK_NANOS);
        }
        for (Keeper each : added) {
            String other = each.isOver() ? null : each.other();
            if (other != null) {
                throw new IOException(
                        each.file.name()
                                + ": expected a member that nobody serves, found that "
                                + other
                                + " began to at this moment");
            }
        }
    }

    @Override
    public boolean holds() {
        List<Keeper> all = keepers;
        if (all.isEmpty()) {
            return true;
        }
        long now = BootClock.nanos();
        for (Keeper each : all) {
            if (now - each.seenNanos > LEASE_NANOS && !each.isOver()) {
                return false;
            }
        }
        return true;
    }

    private static MemorySegment newBlock() {
        return Arena.ofAuto().allocate(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
    }

    private static OwnerMark read(BlockFile file, MemorySegment block, long offset) {
        if (file.lengthBytes() < OwnerMark.BEAT_OFFSET + Geometry.BLOCK_BYTES
                || !file.read(block, 0, Geometry.BLOCK_BYTES, offset).isOk()) {
            return null;
        }
        return OwnerMark.of(block);
    }

    /// Keeps one member. Its memory is used by one thread at a time.
    private final class Keeper {
        private final BlockFile file;
        private final MemorySegment block = newBlock();
        private long count;
        private Thread thread;

        /// When the claim was ours at last, at least.
        private volatile long seenNanos = BootClock.nanos();

        private IoResult result = IoResult.OK;

        Keeper(BlockFile file) {
            this.file = file;
        }

        boolean isClaimed() {
            OwnerMark claim = read(file, block, OwnerMark.CLAIM_OFFSET);
            return claim != null && claim.isServed();
        }

        /// Claims the member right after a last look: whoever looked before us has claimed before we look again.
        ///
        /// @param seen its claim when it was checked, or null
        void take(OwnerMark seen) throws IOException {
            long start = look(seen);
            for (int i = 1;
                    i < MOST_LOOKS && BootClock.nanos() - start > MOST_CLAIM_NANOS / 2;
                    i++) {
                start = look(seen);
            }
            if (!claim(true).isOk() && file instanceof RemoteFile remote) {
                remote.giveUp(); // a member that cannot be claimed is none
                return;
            }
            if (BootClock.nanos() - start > MOST_CLAIM_NANOS) {
                throw new IOException(
                        file.name()
                                + ": took too long to claim: this host or the server stood still; try again");
            }
        }

        /// {@return when it began to look}
        private long look(OwnerMark seen) throws IOException {
            long start = BootClock.nanos();
            OwnerMark now = read(file, block, OwnerMark.CLAIM_OFFSET);
            if (now != null && now.isServed() && !now.equals(seen)) {
                throw new IOException(
                        file.name() + ": " + now.hostName() + " began to serve it at this moment");
            }
            return start;
        }

        void start() {
            thread =
                    Thread.ofPlatform()
                            .daemon()
                            .name("quoin-owner " + file.name())
                            .start(this::keep);
        }

        private void keep() {
            while (!isOver()) {
                beat();
                LockSupport.parkNanos(PERIOD_NANOS);
                if (isOver()) {
                    return;
                }
                String other = other();
                if (other != null) {
                    whenLost.accept(other);
                    return;
                }
                if (result == IoResult.NO_ANSWER && file instanceof RemoteFile remote) {
                    remote.giveUp(); // a member that cannot be kept is none
                }
            }
        }

        private boolean isOver() {
            return isClosed || isLost();
        }

        private boolean isLost() {
            return file instanceof RemoteFile remote && remote.isLost();
        }

        /// {@return who has taken the member, or null: our claim is there, or nobody can read what is}
        String other() {
            long before = BootClock.nanos();
            result = file.read(block, 0, Geometry.BLOCK_BYTES, OwnerMark.CLAIM_OFFSET);
            if (!result.isOk()) {
                // Who gets an error for an answer has not been displaced: nobody else can read it
                // either.
                seenNanos = result == IoResult.ERROR ? before : seenNanos;
                return null;
            }
            OwnerMark claim = OwnerMark.of(block);
            if (claim == null) {
                return "somebody else";
            }
            if (claim.opening().equals(opening)) {
                seenNanos = before;
                return null;
            }
            return claim.hostName();
        }

        IoResult claim(boolean isServed) {
            return put(
                    new OwnerMark(opening, host.id, host.name, 0, isServed),
                    OwnerMark.CLAIM_OFFSET);
        }

        /// Lets go of what is still ours.
        void withdraw() {
            if (!isLost() && other() == null && result.isOk()) {
                claim(false);
            }
        }

        private void beat() {
            put(new OwnerMark(opening, host.id, host.name, ++count, true), OwnerMark.BEAT_OFFSET);
        }

        /// Durable or not: it is for those who read it now. What fails ends the connection, or shows elsewhere.
        private IoResult put(OwnerMark mark, long offset) {
            block.fill((byte) 0);
            mark.put(block);
            return file.write(block, 0, Geometry.BLOCK_BYTES, offset, false);
        }

        void end(boolean isQuiet) {
            LockSupport.unpark(thread);
            try {
                if (thread.join(java.time.Duration.ofSeconds(2)) && isQuiet) {
                    withdraw();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Ends, before the members are closed.
    ///
    /// @param isQuiet whether nothing of ours is under way: others need not wait then
    public void end(boolean isQuiet) {
        isClosed = true;
        List<Keeper> all;
        synchronized (this) {
            all = keepers;
            keepers = List.of();
        }
        for (Keeper each : all) {
            each.end(isQuiet);
        }
    }
}
