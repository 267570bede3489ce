package io.quoin.volume.remote;

import io.quoin.volume.format.OwnerMark;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.BlockFile;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// Keeps two hosts from serving one volume, as far as marks on members can that no server enforces: who serves renews his mark each second on
/// every member that others can reach, and who wants to serve waits whether somebody does. As ZFS's multihost and ext4's multi-mount
/// protection do.
///
/// ```
/// opening:  a mark of another host that says "served"?  watch it for 4 s; changes: refused
///           own mark; a little later still there?       if not, refused: somebody else was as quick
/// serving:  each second, on each member: whose mark?    another's: the volume stops; own: renewed
/// closing:  mark says "let go of"
/// ```
///
/// It is no fence: an owner that stood still for longer than others wait may write for up to a second more. A thread for each member, so that
/// one which does not answer keeps no other's mark from being renewed.
public final class Ownership implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Ownership.class.getName());
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(1);
    private static final long WATCH_NANOS = 4 * PERIOD_NANOS;
    private static final long LOOK_NANOS = PERIOD_NANOS / 4;

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
    private final List<Keeper> keepers = new ArrayList<>();
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

    /// Refuses members that any daemon serves.
    ///
    /// @param files members
    /// @throws IOException naming the member and the host
    public static void checkUnserved(List<? extends BlockFile> files) throws IOException {
        check(files, null);
    }

    private static void check(List<? extends BlockFile> files, UUID own) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
            List<BlockFile> doubtful = new ArrayList<>();
            List<OwnerMark> marks = new ArrayList<>();
            for (BlockFile file : files) {
                OwnerMark mark = read(file, block);
                if (mark != null && mark.isServed() && !mark.host().equals(own)) {
                    doubtful.add(file);
                    marks.add(mark);
                }
            }
            long start = System.nanoTime();
            while (!doubtful.isEmpty() && System.nanoTime() - start < WATCH_NANOS) {
                LockSupport.parkNanos(LOOK_NANOS);
                for (int i = 0; i < marks.size(); i++) {
                    OwnerMark now = read(doubtful.get(i), block);
                    if (now != null && now.isServed() && !now.equals(marks.get(i))) {
                        throw new IOException(
                                doubtful.get(i).name()
                                        + ": expected a member that nobody serves, found it served by "
                                        + now.hostName()
                                        + " at this moment; close the volume there");
                    }
                }
            }
        }
    }

    /// Marks members, and keeps them marked.
    ///
    /// @param files members that were checked
    /// @throws IOException when another host was as quick
    public void keep(List<? extends BlockFile> files) throws IOException {
        List<Keeper> added = new ArrayList<>();
        for (BlockFile file : files) {
            Keeper keeper = new Keeper(file);
            if (file instanceof RemoteFile) {
                keeper.write(true);
                added.add(keeper);
            } else if (keeper.other() != null) {
                keeper.write(false); // reached by other hosts once; nobody need wait for them again
            }
        }
        if (added.isEmpty()) {
            return;
        }
        LockSupport.parkNanos(LOOK_NANOS);
        for (Keeper each : added) {
            String other = each.other();
            if (other != null) {
                throw new IOException(
                        each.file.name()
                                + ": expected a member that nobody serves, found that "
                                + other
                                + " began to at this moment");
            }
        }
        synchronized (this) {
            keepers.addAll(added);
            added.forEach(Keeper::start);
        }
    }

    private static OwnerMark read(BlockFile file, MemorySegment block) {
        if (file.lengthBytes() < OwnerMark.OFFSET + Geometry.BLOCK_BYTES
                || !file.read(block, 0, Geometry.BLOCK_BYTES, OwnerMark.OFFSET).isOk()) {
            return null;
        }
        return OwnerMark.of(block);
    }

    /// Renews the mark of one member. Its memory is used by one thread at a time.
    private final class Keeper {
        private final BlockFile file;
        private final MemorySegment block =
                Arena.ofAuto().allocate(Geometry.BLOCK_BYTES, Geometry.BLOCK_BYTES);
        private long count;
        private Thread thread;

        Keeper(BlockFile file) {
            this.file = file;
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
                LockSupport.parkNanos(PERIOD_NANOS);
                if (isOver()) {
                    return;
                }
                String other = other();
                if (other != null) {
                    whenLost.accept(other);
                    return;
                }
                write(true);
            }
        }

        private boolean isOver() {
            return isClosed || isLost();
        }

        private boolean isLost() {
            return file instanceof RemoteFile remote && remote.isLost();
        }

        /// {@return the name of another owner, or null}
        String other() {
            OwnerMark mark = read(file, block);
            return mark == null || !mark.isServed() || mark.opening().equals(opening)
                    ? null
                    : mark.hostName();
        }

        void write(boolean isServed) {
            block.fill((byte) 0);
            new OwnerMark(opening, host.id, host.name, ++count, isServed).put(block);
            // Durable or not: it is for those who read it now. What fails ends the connection, or
            // shows elsewhere.
            file.write(block, 0, Geometry.BLOCK_BYTES, OwnerMark.OFFSET, false);
        }

        void end() {
            LockSupport.unpark(thread);
            try {
                if (thread.join(java.time.Duration.ofSeconds(2)) && !isLost() && other() == null) {
                    write(false);
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    /// Lets go of the members; before they are closed.
    @Override
    public void close() {
        isClosed = true;
        List<Keeper> all;
        synchronized (this) {
            all = List.copyOf(keepers);
            keepers.clear();
        }
        for (Keeper each : all) {
            each.end();
        }
        LOG.log(System.Logger.Level.DEBUG, "{0} members let go of", all.size());
    }
}
