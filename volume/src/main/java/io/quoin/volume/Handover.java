package io.quoin.volume;

import io.quoin.volume.assembly.Assembly;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.repair.GovernorLimits;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import java.util.function.IntPredicate;

/// What of a served volume's reshape has to wait for devices: its beginning, its turn and its end, at each of which the engine hands over
/// to another one, on members that say something else then. What clients and operators ask for meanwhile, the next engine does.
///
/// ```
/// held -> stopped, the journal empty -> quiet -> parted -> superblocks -> the next engine, recovered -> goes on
/// ```
///
/// Any thread; one handover at a time.
final class Handover {
    private static final System.Logger LOG = System.getLogger(Handover.class.getName());
    private static final long AGAIN_NANOS = 2_000_000_000L;

    private final Volume volume;

    /// Whoever changes the engine, or ends the volume, has it.
    private final ReentrantLock life = new ReentrantLock();

    private volatile Consumer<MemberAddress> whenLeft = address -> {};

    Handover(Volume volume) {
        this.volume = volume;
    }

    void onLeft(Consumer<MemberAddress> whom) {
        whenLeft = whom;
    }

    /// Does something of which no handover may come in between.
    ///
    /// @param timeout how long to wait for one that goes on, at most
    /// @param action what
    /// @return whether it was done
    boolean apart(Duration timeout, Runnable action) {
        boolean hasLife = false;
        try {
            hasLife = life.tryLock(timeout.toNanos(), TimeUnit.NANOSECONDS);
            if (hasLife) {
                action.run();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            if (hasLife) {
                life.unlock();
            }
        }
        return hasLife;
    }

    /// {@return how the volume would be after a reshape}
    Geometry plan(String level, int joining, int unitBytes) throws VolumeException {
        Superblock now = current();
        return VolumeReshape.check(wish(level, joining, unitBytes, now), now, poolBytes()).target();
    }

    private Superblock current() throws VolumeException {
        return volume.ask(each -> each.members().current());
    }

    private static VolumeReshape.Wish wish(
            String level, int joining, int unitBytes, Superblock now) {
        return new VolumeReshape.Wish(level, now.members().size() + joining, unitBytes);
    }

    private long poolBytes() {
        return volume.buffers().capacityBytes();
    }

    /// Begins a reshape, as of {@link Volume#reshape}.
    List<UUID> reshape(
            String level,
            List<MemberAddress> joining,
            int leaving,
            int unitBytes,
            boolean force,
            JobOrigin origin)
            throws VolumeException {
        life.lock();
        try {
            Superblock now = current();
            VolumeReshape.Wish wish = wish(level, joining.size() - leaving, unitBytes, now);
            VolumeReshape.check(wish, now, poolBytes());
            List<BlockFile> files = new ArrayList<>();
            List<UUID> identities = new ArrayList<>();
            boolean[] isBegun = {false};
            try {
                for (MemberAddress address : joining) {
                    BlockFile file = address.open(true);
                    files.add(file);
                    volume.checkLength(file);
                    identities.add(volume.clear(file, force));
                }
                volume.ownership().keep(files);
                VolumeReshape begin =
                        VolumeReshape.begin(
                                wish,
                                poolBytes(),
                                files,
                                identities,
                                System.currentTimeMillis(),
                                origin);
                exchange((said, members) -> {
                    List<BlockFile> all = begin.apply(said, members);
                    isBegun[0] = true;
                    return all;
                });
                return identities;
            } catch (IOException e) {
                throw new VolumeException(e.getMessage(), e);
            } catch (VolumeException e) {
                if (!isBegun[0]) {
                    throw e;
                }
                // The members say that it has begun: whoever opens the volume next goes on with it.
                LOG.log(System.Logger.Level.ERROR, e.getMessage(), e);
                return identities;
            } finally {
                if (!isBegun[0]) {
                    files.forEach(BlockFile::close);
                }
            }
        } finally {
            life.unlock();
        }
    }

    /// Has a reshape go back, as of {@link Volume#turnBack}.
    void turnBack(JobOrigin origin) throws VolumeException {
        life.lock();
        try {
            if (current().reshape() == null) {
                throw new VolumeException(
                        "reshape: volume " + volume.name() + " is not being reshaped");
            }
            exchange(VolumeReshape.back(origin));
        } finally {
            life.unlock();
        }
    }

    /// Ends a reshape of which every block has moved, in a thread of its own; the engine's to call.
    void whenMoved() {
        Thread.ofPlatform()
                .daemon()
                .name("quoin-reshape-" + volume.name())
                .start(() -> {
                    while (!end()) {
                        LockSupport.parkNanos(AGAIN_NANOS);
                    }
                });
    }

    /// {@return whether this engine's reshape is over, or will not end by another try}
    private boolean end() {
        try {
            tryToEnd();
            return true;
        } catch (VolumeException e) {
            LOG.log(System.Logger.Level.WARNING, e.getMessage(), e);
            Turns turns = volume.turns();
            return turns.isHalted() || turns.death() != null || !volume.engine().isMoved();
        }
    }

    private void tryToEnd() throws VolumeException {
        List<BlockFile> left;
        life.lock();
        try {
            if (volume.turns().isHalted() || !volume.ask(Engine::isMoved)) {
                return;
            }
            Superblock now = current();
            int kept = now.geometry().target().slotCount();
            left = files(slot -> slot >= kept);
            checkLease();
            VolumeReshape.clearUnused(now, inSync());
            exchange(VolumeReshape.end());
        } finally {
            life.unlock();
        }
        volume.tell(new VolumeEvent.Note("reshaped to " + volume.geometry()));
        left.forEach(each -> whenLeft.accept(MemberAddress.parse(each.name())));
    }

    private void checkLease() throws VolumeException {
        if (!volume.ownership().holds()) {
            throw new VolumeException(
                    "volume " + volume.name() + ": another host may have become its owner");
        }
    }

    private List<BlockFile> inSync() throws VolumeException {
        return volume.ask(each -> files(each.members(), each.members()::isInSync));
    }

    private List<BlockFile> files(IntPredicate isWanted) throws VolumeException {
        return volume.ask(each -> files(each.members(), isWanted));
    }

    private static List<BlockFile> files(MemberSet members, IntPredicate isWanted) {
        List<BlockFile> files = new ArrayList<>();
        for (int slot = 0; slot < members.slotCount(); slot++) {
            if (members.file(slot) != null && isWanted.test(slot)) {
                files.add(members.file(slot));
            }
        }
        return files;
    }

    /// Has the engine hand over to another one, on members that say something else then.
    ///
    /// @param change what they say
    /// @throws VolumeException when that could not be; another engine serves the volume as it was, if one can
    private void exchange(VolumeReshape change) throws VolumeException {
        Turns turns = volume.turns();
        Engine before = volume.engine();
        GovernorLimits[] limits = {null};
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        awaitTurn(
                volume.call(each -> {
                    turns.hold(each.handOver(() -> stopped.complete(null)));
                    limits[0] = each.jobLimits();
                    return null;
                }));
        awaitTurn(stopped);
        VolumeException refusal = null;
        Engine next = null;
        MemberSet members = before.members();
        // Those that were dropped are stale, and one of them may hang whoever reads it.
        List<BlockFile> files =
                files(members, slot -> members.entry(slot).state() != MemberEntry.FAULTY);
        List<BlockFile> stuck = List.of();
        try {
            if (before.phase() != Engine.Phase.STOPPED
                    || !Volume.awaitQuiet(members::isQuietButForDropped)) {
                throw new VolumeException(
                        "volume "
                                + volume.name()
                                + ": a member does not answer, nothing was changed");
            }
            awaitTurn(
                    volume.call(each -> {
                        turns.part();
                        return null;
                    }));
            stuck = members.stuckFiles();
            members.leave();
            Assembly.Assembled now = volume.assemble(files);
            try {
                checkLease();
                files = change.apply(now.superblock(), now.files());
            } catch (VolumeException e) {
                refusal = e; // and the members that there were say what they said
            }
            next = volume.engine(volume.assemble(files), before.pool());
        } finally {
            if (next == null) {
                turns.command(() -> {
                    throw new IllegalStateException("no engine follows the one that has stopped");
                });
            }
        }
        Engine now = next;
        now.setJobLimits(limits[0]);
        CountDownLatch isServing = new CountDownLatch(1);
        now.onServing(() -> {
            turns.goOn();
            isServing.countDown();
        });
        now.onMoved(this::whenMoved);
        List<BlockFile> kept = List.of(now.members().files());
        for (BlockFile file : members.files()) {
            if (!kept.contains(file) && (!stuck.contains(file) || file.isClosableWhenStuck())) {
                file.close();
            }
        }
        turns.command(() -> volume.follow(now));
        volume.awaitServing(isServing);
        if (refusal != null) {
            throw refusal;
        }
    }

    /// Waits for the engine however long it takes, a stopped process included: what was asked for cannot be taken back.
    private void awaitTurn(CompletableFuture<Void> future) throws VolumeException {
        boolean isInterrupted = false;
        try {
            while (true) {
                try {
                    future.get(100, TimeUnit.MILLISECONDS);
                    return;
                } catch (TimeoutException e) {
                    if (volume.turns().isHalted()) {
                        throw new VolumeException(
                                "volume "
                                        + volume.name()
                                        + ": was stopped while its engine handed over",
                                e);
                    }
                } catch (InterruptedException e) {
                    isInterrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw new VolumeException(e.getCause().getMessage(), e.getCause());
        } finally {
            if (isInterrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
