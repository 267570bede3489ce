package io.quoin.volume;

import io.quoin.volume.assembly.Assembly;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.BufferPool;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.MemberIo;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.Port;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.member.Witness;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.remote.Ownership;
import io.quoin.volume.repair.GovernorLimits;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Function;
import org.agrona.concurrent.AtomicBuffer;

/// A volume that serves: its engine, which threads take turns to run ({@link Turns}), and the members' I/O.
///
/// Thread-safe. Whatever throws in the engine is a bug: the volume stops there, answers every
/// waiter with an error and says so; what was acknowledged is in the journal.
public final class Volume implements BlockDevice, AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Volume.class.getName());
    private static final long QUIET_NANOS = 2_000_000_000L;
    private static final int LANES = 5;

    private final Turns turns;
    private final Opening opening;
    private volatile Engine engine;
    private final VolumeEvent.Sink events;
    private final CountDownLatch serving = new CountDownLatch(1);
    private final AgentThreads stages;
    private final Ownership ownership;
    private volatile boolean isFenced;

    private final Handover handover = new Handover(this);

    /// What opening a volume needs.
    ///
    /// @param members paths of its members, in any order
    /// @param witness outside memory, for mirrors
    /// @param settings how to run
    /// @param counters at least Counters.BYTES, where counters are kept
    /// @param events who is told; called in turns of the engine
    /// @param host who opens it
    public record Opening(
            List<MemberAddress> members,
            Witness witness,
            EngineSettings settings,
            AtomicBuffer counters,
            VolumeEvent.Sink events,
            Ownership.Host host) {}

    /// Opens a volume: assembles, recovers, and returns when it serves.
    ///
    /// @param opening what it needs
    /// @return the serving volume
    /// @throws VolumeException naming what is missing, foreign, locked, damaged or lost
    public static Volume open(Opening opening) throws VolumeException {
        List<BlockFile> files = new ArrayList<>();
        try {
            for (MemberAddress address : opening.members) {
                files.add(address.open(true));
            }
        } catch (IOException e) {
            files.forEach(BlockFile::close);
            throw new VolumeException(e.getMessage(), e);
        }
        return open(opening, files);
    }

    /// Opens a volume of files that are open already; they are the volume's from then on, and closed when
    /// it cannot be opened.
    ///
    /// @param opening what it needs, but for the paths
    /// @param files its members, in any order
    /// @return the serving volume
    /// @throws VolumeException naming what is missing, foreign, damaged or lost
    static Volume open(Opening opening, List<? extends BlockFile> files) throws VolumeException {
        Volume volume = null;
        try {
            volume = new Volume(opening, List.copyOf(files));
        } finally {
            if (volume == null) {
                files.forEach(BlockFile::close);
            }
        }
        volume.awaitServing(volume.serving);
        return volume;
    }

    private Volume(Opening opening, List<BlockFile> files) throws VolumeException {
        this.opening = opening;
        this.events = opening.events;
        ownership = new Ownership(opening.host, this::fence);
        turns =
                new Turns(
                        this::die,
                        Port.isSupported()
                                && files.stream().anyMatch(file -> file.durableDescriptor() >= 0));
        stages = new AgentThreads(turns::ring);
        assemble(files); // refuses what this version must not touch
        own(files);
        engine = first(files);
        engine.onMoved(handover::whenMoved);
        // Stale and foreign files are let go, so that one of them can be given back as a new
        // member.
        List<BlockFile> kept = List.of(engine.members().files());
        for (BlockFile file : files) {
            if (!kept.contains(file)) {
                file.close();
            }
        }
        engine.onServing(serving::countDown);
        turns.begin(engine, engine.name() + "-engine");
    }

    Engine engine(Assembly.Assembled assembled, BufferPool memory) throws VolumeException {
        String name = assembled.superblock().name();
        return new Engine(
                assembled,
                new LaneFactory(name, LANES, turns::completed),
                opening.witness,
                opening.settings,
                new Counters(opening.counters),
                opening.events,
                stages,
                System::currentTimeMillis,
                ownership,
                memory);
    }

    Assembly.Assembled assemble(List<BlockFile> files) throws VolumeException {
        return Assembly.assemble(files, opening.witness);
    }

    /// Goes on with another engine; in a turn.
    void follow(Engine next) {
        engine = next;
        turns.exchange(next);
        if (isFenced) { // while there was nobody to be told
            next.fence("another host serves the volume too; one of the two must not");
        }
    }

    Engine engine() {
        return engine;
    }

    Turns turns() {
        return turns;
    }

    Ownership ownership() {
        return ownership;
    }

    void tell(VolumeEvent event) {
        events.accept(event);
    }

    private Engine first(List<BlockFile> files) throws VolumeException {
        boolean isMade = false;
        try {
            Engine made = engine(assemble(files), null);
            isMade = true;
            return made;
        } finally {
            if (!isMade) {
                ownership.end(true);
            }
        }
    }

    private void own(List<BlockFile> files) throws VolumeException {
        try {
            ownership.keep(files);
        } catch (IOException e) {
            throw new VolumeException(e.getMessage(), e);
        }
    }

    private void checkOwner(BlockFile file) throws VolumeException {
        try {
            ownership.check(List.of(file));
        } catch (IOException e) {
            throw new VolumeException(e.getMessage(), e);
        }
    }

    /// Another host serves the volume: nothing more is acknowledged here.
    private void fence(String other) {
        isFenced = true;
        call(each -> {
            each.fence(other + " serves the volume too; one of the two must not");
            return null;
        });
    }

    /// {@return whether another host has taken the volume over}
    public boolean isFenced() {
        return isFenced;
    }

    void awaitServing(CountDownLatch latch) throws VolumeException {
        try {
            while (!latch.await(100, TimeUnit.MILLISECONDS)) {
                Throwable death = turns.death();
                if (death != null || engine.phase() == Engine.Phase.FAILED) {
                    halt();
                    throw new VolumeException(
                            "volume "
                                    + engine.name()
                                    + ": recovery failed"
                                    + (death == null ? ", see the log" : ": " + death),
                            death);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VolumeException("interrupted while volume recovered", e);
        }
    }

    /// Stops the volume where it stands; everybody who waits or comes is told.
    private void die(Throwable cause) {
        LOG.log(System.Logger.Level.ERROR, "volume " + engine.name() + " stopped by a bug", cause);
        try {
            events.accept(new VolumeEvent.VolumeFailed("a bug: " + cause));
            engine.abandon();
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "volume " + engine.name() + ": while stopping", e);
        }
    }

    @Override
    public long sizeBytes() {
        return engine.geometry().volumeBlocks() * BufferPool.BLOCK_BYTES;
    }

    @Override
    public boolean isReadOnly() {
        return false;
    }

    @Override
    public BufferPool buffers() {
        return engine.pool();
    }

    @Override
    public void submit(Request request) {
        if (turns.isHalted()) {
            request.complete(Request.Outcome.SHUTDOWN);
        } else {
            turns.submit(request);
        }
    }

    @Override
    public void proceed() {
        turns.proceed();
    }

    @Override
    public void afterTurn(Runnable action) {
        turns.afterTurn(action);
    }

    @Override
    public Port openPort(int socket) {
        return turns.openPort(socket);
    }

    /// {@return name of the volume}
    public String name() {
        return engine.name();
    }

    /// Runs something in a turn of the engine, at once.
    <T> CompletableFuture<T> call(Function<Engine, T> question) {
        CompletableFuture<T> future = new CompletableFuture<>();
        turns.command(() -> answer(question, future));
        return future;
    }

    /// Answers a question in a turn of the engine.
    ///
    /// @throws VolumeException when it has none, or does not answer
    <T> T ask(Function<Engine, T> question) throws VolumeException {
        return await(call(question));
    }

    /// Has the engine do something in a turn, and while it hands over the next one when it serves.
    private <T> T order(Function<Engine, T> order) throws VolumeException {
        CompletableFuture<T> future = new CompletableFuture<>();
        turns.order(() -> answer(order, future));
        return await(future);
    }

    private <T> void answer(Function<Engine, T> question, CompletableFuture<T> future) {
        try {
            future.complete(question.apply(engine));
        } catch (RuntimeException e) {
            future.completeExceptionally(e);
        }
    }

    /// The same of what says nothing.
    private void orderTo(Consumer<Engine> order) throws VolumeException {
        order(each -> {
            order.accept(each);
            return null;
        });
    }

    private <T> T await(CompletableFuture<T> future) throws VolumeException {
        try {
            return future.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof IllegalArgumentException refusal) {
                throw new VolumeException(refusal.getMessage(), refusal);
            }
            throw new VolumeException("volume " + name() + ": " + e.getCause(), e.getCause());
        } catch (TimeoutException e) {
            throw new VolumeException("volume " + name() + ": no answer in 30 s", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VolumeException("interrupted", e);
        }
    }

    /// {@return the volume as it stands}
    ///
    /// @throws VolumeException when the engine does not answer
    public VolumeStatus status() throws VolumeException {
        return ask(Engine::status);
    }

    /// Drops a member, as if it had failed.
    ///
    /// @param slot its slot
    /// @param reason for the log
    /// @throws VolumeException when there is no such member, or no redundancy to spare
    public void failMember(int slot, String reason) throws VolumeException {
        orderTo(each -> {
            each.failMember(slot, reason);
        });
    }

    /// Puts a new member in a slot whose member was dropped or is missing, and rebuilds it.
    ///
    /// @param slot slot
    /// @param address the new member; must be blank unless forced
    /// @param force take it although it holds something
    /// @param origin why, and who asks
    /// @return the rebuild's job id
    /// @throws VolumeException when the slot's member is in sync, or the address cannot be a member's
    public long replaceMember(int slot, MemberAddress address, boolean force, JobOrigin origin)
            throws VolumeException {
        // The old member is let go first, so that its own path can be given back as a blank one;
        // and a slot
        // that cannot be replaced is refused before anything is written.
        letGo(order(each -> each.prepareReplacement(slot)));
        return take(
                slot,
                address,
                file -> {
                    UUID uuid = clear(file, force);
                    return (of, io) -> of.replaceMember(slot, uuid, file, io, origin);
                });
    }

    void checkLength(BlockFile file) throws VolumeException {
        if (file.lengthBytes() < memberBytes()) {
            throw new VolumeException(
                    file.name()
                            + ": expected at least "
                            + memberBytes()
                            + " bytes, was "
                            + file.lengthBytes());
        }
    }

    UUID clear(BlockFile file, boolean force) throws VolumeException {
        try {
            Ownership.checkUnserved(List.of(file));
        } catch (IOException e) {
            throw new VolumeException(e.getMessage(), e);
        }
        Creation.clear(file, engine.members().layout(), MemberFiles.checkBlank(file, force));
        return UUID.randomUUID();
    }

    /// Who has a member copied, and is told.
    public interface Copying {
        /// The new member holds nothing that could be taken for something else; from now on it may become the member at any time.
        ///
        /// @throws VolumeException to call the copy off
        void cleared() throws VolumeException;

        /// A member is needed no more, and closed; told by a thread of its own.
        ///
        /// @param address the old one, once the new one has taken its place, or the new one that could not
        void left(MemberAddress address);
    }

    /// Copies a slot's member to a new one while it serves; the new one takes its place once it has everything.
    ///
    /// @param slot slot
    /// @param address the new member; must be blank unless forced
    /// @param force take it although it holds something
    /// @param origin why, and who asks
    /// @param copying who is told
    /// @return the job's id
    /// @throws VolumeException when the slot's member is not in sync, another rebuild goes on, or the path cannot be a member
    public long copyMember(
            int slot, MemberAddress address, boolean force, JobOrigin origin, Copying copying)
            throws VolumeException {
        orderTo(each -> {
            each.checkCopyable(slot);
        });
        return take(
                slot,
                address,
                file -> {
                    UUID uuid = clear(file, force);
                    copying.cleared();
                    return (of, io) ->
                            of.copyMember(
                                    slot, uuid, file, io, origin, left -> letGo(left, copying));
                });
    }

    /// Closing waits for a device, which a turn must not.
    private void letGo(MemberSet.Detached left, Copying copying) {
        Thread.ofPlatform()
                .daemon()
                .name("quoin-let-go-" + name())
                .start(() -> {
                    left.close();
                    copying.left(MemberAddress.parse(left.file().name()));
                });
    }

    /// Takes a dropped member back as it was left: only what it has missed is copied, the rest is verified.
    ///
    /// @param slot its slot
    /// @param address the member
    /// @param origin why, and who asks
    /// @return the rebuild's job id
    /// @throws VolumeException when the slot's member is in sync, or it may not come back so
    public long returnMember(int slot, MemberAddress address, JobOrigin origin)
            throws VolumeException {
        MemberSet.Detached old = order(each -> each.prepareReplacement(slot));
        letGo(old);
        if (old != null && !old.io().isQuiet()) {
            throw new VolumeException(
                    address
                            + ": an operation of before it was dropped is stuck in the device, and might"
                            + " be carried out late: replace the member, or restart the daemon");
        }
        return take(
                slot,
                address,
                file -> {
                    Superblock found = SuperblockIo.read(file).superblock();
                    if (found == null) {
                        throw new VolumeException(
                                address + ": expected a member of the volume, found no superblock");
                    }
                    orderTo(each -> {
                        each.checkReturn(slot, found);
                    });
                    checkOwner(file);
                    Creation.clearJournal(file, found.layout());
                    return (of, io) -> of.returnMember(slot, found, file, io, origin);
                });
    }

    /// Makes the volume larger, as far as its smallest member allows; waits until it is. Clients that are connected go on; who
    /// connects from then on is told the new size.
    ///
    /// @param fileBytes how large members are made first that are files, and smaller; 0: they stay as they are
    /// @return what was done
    /// @throws VolumeException when the members are not larger than they are used, not all in sync, or a job is not over; what there
    ///     was is there still
    public GrowthPlan grow(long fileBytes) throws VolumeException {
        return VolumeGrowth.grow(new GrowthSteps(), fileBytes);
    }

    /// {@return what {@link #grow} would do}
    ///
    /// @param fileBytes how large members would be made that are files
    /// @throws VolumeException as of {@link #grow}
    public GrowthPlan planGrowth(long fileBytes) throws VolumeException {
        return VolumeGrowth.plan(new GrowthSteps(), fileBytes);
    }

    private final class GrowthSteps implements VolumeGrowth.Steps {
        @Override
        public List<BlockFile> files() throws VolumeException {
            return ask(each -> List.of(each.members().files()));
        }

        @Override
        public GrowthPlan plan(long leastBytes, String leastName) throws VolumeException {
            return order(each -> each.planGrowth(leastBytes, leastName));
        }

        @Override
        public void lengthen(GrowthPlan plan) throws VolumeException {
            durably((each, then) -> each.lengthen(plan, then));
        }

        @Override
        public void enlarge() throws VolumeException {
            durably(Engine::enlarge);
        }

        @Override
        public void cancel() {
            call(each -> {
                each.cancelGrowth();
                return null;
            });
        }
    }

    /// Has the engine do something, and waits until it is durable.
    private void durably(BiConsumer<Engine, Runnable> action) throws VolumeException {
        CompletableFuture<Void> durable = new CompletableFuture<>();
        orderTo(each -> {
            action.accept(each, () -> durable.complete(null));
        });
        await(durable);
    }

    /// {@return its shape and size}
    public Geometry geometry() {
        return engine.geometry();
    }

    /// {@return bytes of each member that are in use}
    public long memberBytes() {
        return engine.members().layout().memberBytes();
    }

    /// Says how the volume would be after a reshape.
    ///
    /// @param level `raid1`, `raid5`, `raid6` or `k+m`
    /// @param joining how many members more it is to have, or fewer
    /// @param unitBytes its stripe unit; 0: as it is
    /// @return its shape then
    /// @throws VolumeException when it cannot be reshaped so
    public Geometry planReshape(String level, int joining, int unitBytes) throws VolumeException {
        return handover.plan(level, joining, unitBytes);
    }

    /// Begins to give the volume another shape; clients wait for a moment, and go on while its blocks are moved.
    ///
    /// @param level `raid1`, `raid5`, `raid6` or `k+m`
    /// @param joining members that it has then besides
    /// @param leaving how many of its last slots it has no more then
    /// @param unitBytes its stripe unit; 0: as it is
    /// @param force take new members although they hold something
    /// @param origin why, and who asks
    /// @return identities of the new members
    /// @throws VolumeException when it cannot be reshaped so, or a new member cannot be one; the volume is as before then
    public List<UUID> reshape(
            String level,
            List<MemberAddress> joining,
            int leaving,
            int unitBytes,
            boolean force,
            JobOrigin origin)
            throws VolumeException {
        return handover.reshape(level, joining, leaving, unitBytes, force, origin);
    }

    /// Has a reshape go back, from where it is.
    ///
    /// @param origin why, and who asks
    /// @throws VolumeException when the volume is not being reshaped
    public void turnBack(JobOrigin origin) throws VolumeException {
        handover.turnBack(origin);
    }

    /// Names who is told where a member was that the volume has no more after a reshape.
    ///
    /// @param whom told in a thread of its own
    public void onLeft(Consumer<MemberAddress> whom) {
        handover.onLeft(whom);
    }

    /// Puts a file in a slot, in a turn.
    @FunctionalInterface
    private interface Joining {
        long join(Engine engine, MemberIo io);
    }

    /// Makes a file ready to be put in a slot.
    @FunctionalInterface
    private interface Preparation {
        Joining prepare(BlockFile file) throws VolumeException;
    }

    private long take(int slot, MemberAddress address, Preparation preparation)
            throws VolumeException {
        BlockFile file;
        try {
            file = address.open(true);
        } catch (IOException e) {
            throw new VolumeException(e.getMessage(), e);
        }
        MemberIo lanes = null;
        try {
            checkLength(file);
            Joining joining = preparation.prepare(file);
            ownership.keep(List.of(file));
            lanes = new LaneFactory(name(), LANES, turns::completed).open(slot, file);
            MemberIo io = lanes;
            return order(each -> joining.join(each, io));
        } catch (VolumeException | IOException e) {
            if (lanes != null) {
                lanes.close();
            }
            file.close();
            throw e instanceof VolumeException refusal
                    ? refusal
                    : new VolumeException(e.getMessage(), e);
        }
    }

    private void letGo(MemberSet.Detached old) {
        if (old != null) {
            old.close();
        }
    }

    /// Starts a scrub.
    ///
    /// @param origin why, and who asks
    /// @return its job id
    /// @throws VolumeException when a job is under way
    public long startScrub(JobOrigin origin) throws VolumeException {
        return order(each -> each.startScrub(origin));
    }

    /// Pauses, resumes or cancels a job; it is durably so, and quiet if it was stopped, when this returns.
    ///
    /// @param job its id
    /// @param change what to do
    /// @throws VolumeException when there is no such job under way, or it has not come to rest in 30 s
    public void changeJob(long job, JobChange change) throws VolumeException {
        CompletableFuture<Void> done = new CompletableFuture<>();
        orderTo(each -> {
            each.changeJob(job, change, () -> done.complete(null));
        });
        try {
            done.get(30, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new VolumeException(
                    "volume "
                            + name()
                            + ": job "
                            + job
                            + " was told to "
                            + change.name().toLowerCase(Locale.ROOT)
                            + ", but what it has in flight has not ended in 30 s: is a member stuck? `quoin"
                            + " status` shows when it has come to rest",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new VolumeException("interrupted", e);
        }
    }

    /// Explains a block: reads its row from all members that hold it, and changes nothing.
    ///
    /// @param block volume block
    /// @return what is known of it
    /// @throws VolumeException when there is no such block, or no answer in 30 s
    public Explanation explain(long block) throws VolumeException {
        CompletableFuture<Explanation> answer = new CompletableFuture<>();
        orderTo(each -> {
            each.explain(block, answer::complete);
        });
        return await(answer);
    }

    /// Damages canary rows on the members, and sees whether that is noticed and mended.
    ///
    /// @return what it found out
    /// @throws VolumeException when the volume has no such rows, is not whole, has other work to do, or fails meanwhile
    public DrillReport drill() throws VolumeException {
        CompletableFuture<DrillReport> answer = new CompletableFuture<>();
        orderTo(each -> {
            each.drill(answer::complete);
        });
        while (true) {
            try {
                return answer.get(1, TimeUnit.SECONDS);
            } catch (TimeoutException e) { // hundreds of trials on slow disks take a while
                if (turns.isHalted() || engine.phase() == Engine.Phase.FAILED) {
                    throw new VolumeException("volume " + name() + ": gone amid its drill", e);
                }
            } catch (ExecutionException e) {
                throw new VolumeException("volume " + name() + ": " + e.getCause(), e.getCause());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new VolumeException("interrupted", e);
            }
        }
    }

    /// Sets how fast jobs may be.
    ///
    /// @param limits what the operator wants
    /// @throws VolumeException when the engine does not answer
    public void setJobLimits(GovernorLimits limits) throws VolumeException {
        orderTo(each -> {
            each.setJobLimits(limits);
        });
    }

    /// {@return how fast jobs may be}
    ///
    /// @throws VolumeException when the engine does not answer
    public GovernorLimits jobLimits() throws VolumeException {
        return ask(Engine::jobLimits);
    }

    /// What can be done with a job.
    public enum JobChange {
        /// Stop at the cursor.
        PAUSE,
        /// Go on from the cursor.
        RESUME,
        /// End it.
        CANCEL
    }

    /// Stops in order: answers what is under way, carries everything home, marks the members clean.
    ///
    /// @param timeout how long at most
    /// @return whether everything is home; if not, the journal has the rest
    public boolean stop(Duration timeout) {
        boolean[] isClean = {false};
        if (!handover.apart(timeout, () -> isClean[0] = end(timeout))) {
            halt(); // an engine that hands over cannot stop; what is acknowledged is in the journal
        }
        return isClean[0];
    }

    private boolean end(Duration timeout) {
        CompletableFuture<Void> stopped = new CompletableFuture<>();
        call(each -> {
            each.stop(() -> stopped.complete(null));
            return null;
        });
        boolean isClean;
        try {
            stopped.get(timeout.toNanos(), TimeUnit.NANOSECONDS);
            isClean = engine.phase() == Engine.Phase.STOPPED;
        } catch (ExecutionException | TimeoutException e) {
            isClean = false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            isClean = false;
        }
        halt();
        return isClean;
    }

    /// {@return whether nothing of ours can reach a member any more}
    static boolean awaitQuiet(BooleanSupplier isQuiet) {
        long start = System.nanoTime();
        while (!isQuiet.getAsBoolean()) {
            if (System.nanoTime() - start > QUIET_NANOS) {
                return false;
            }
            LockSupport.parkNanos(1_000_000);
        }
        return true;
    }

    private void halt() {
        turns.halt();
        stages.close();
        ownership.end(awaitQuiet(engine.members()::isQuiet));
        engine.members().close();
        try {
            engine.pool().close();
        } catch (IllegalStateException e) {
            // A session is still in a read or write on it; the memory stays until the process ends.
            LOG.log(
                    System.Logger.Level.WARNING,
                    "volume {0}: its buffers are still in use and are kept",
                    engine.name());
        }
    }

    /// Stops within 30 seconds.
    @Override
    public void close() {
        if (!turns.isHalted()) {
            stop(Duration.ofSeconds(30));
        }
    }
}
