package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.EngineSettings;
import io.quoin.volume.assembly.Assembly;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.Lease;
import io.quoin.volume.member.Witness;
import io.quoin.volume.repair.GovernorLimits;
import io.quoin.volume.repair.Stages;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.UUID;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.UnsafeBuffer;

/// One world: the production engine on simulated disks, driven step by step from a seed.
///
/// The world holds the operations that are under way; each step the seed draws whether one of them is
/// done now, or the engine goes on. A crash may come before any step: the engine is thrown away, the
/// disks keep what a power cut leaves of them, and a new engine recovers. Time passes by microseconds
/// while something happens, and leaps when nothing does.
final class SimWorld {
    /// A member that takes longer than this is dropped.
    static final long LIMIT_NANOS = 50_000_000L;

    /// Copies of a batch that take longer are late: in half of the worlds, and in all that stall.
    private static final long LATE_NANOS = 1_000_000L;

    /// Jobs are fast, so that they meet what is not home yet; their governor rests now and then.
    static final GovernorLimits JOBS = new GovernorLimits(130, 1L << 40, 0);

    static final EngineSettings SETTINGS =
            new EngineSettings(1 << 20, 8, 2_000_000, 4, JOBS, LIMIT_NANOS);

    private static final EngineSettings SMALL =
            new EngineSettings(1 << 18, 8, 2_000_000, 4, JOBS, LIMIT_NANOS);

    /// How large a world is.
    ///
    /// @param slots journal slots of a member
    /// @param segmentBytes size of each
    /// @param zoneBlocks data blocks of a zone, of which a member has two
    /// @param blocks most blocks of the volume that the client uses
    /// @param settings how the engine is run
    /// @param canaryShare one part of so many of the volume may be canary rows; 0: none
    private record Size(
            int slots,
            int segmentBytes,
            int zoneBlocks,
            int blocks,
            EngineSettings settings,
            int canaryShare) {
        Size with(EngineSettings others) {
            return new Size(slots, segmentBytes, zoneBlocks, blocks, others, canaryShare);
        }
    }

    private static final Size USUAL = new Size(24, 64 << 10, 64, 192, SETTINGS, 0);
    private static final Size LITTLE = new Size(12, 32 << 10, 64, 24, SMALL, 0);
    private static final Size DRILLED = new Size(24, 64 << 10, 64, 192, SETTINGS, 4);

    private static final Size GROWING = new Size(24, 64 << 10, 64, 1 << 20, SETTINGS, 4);

    private static final Size RESHAPED =
            new Size(
                    48,
                    64 << 10,
                    128,
                    1 << 20,
                    new EngineSettings(4 << 20, 8, 2_000_000, 4, JOBS, LIMIT_NANOS),
                    8);

    private static final int MOST_LOG = 100_000;

    final SplittableRandom random;
    private final SplittableRandom ofFaults;
    private final EngineSettings settings;
    final SimSpec spec;
    final SimTally tally;
    final SimModel model;
    final SimClient client;
    final SimTraffic traffic;
    final SimTwins twins = new SimTwins(this);
    SimDisk[] disks;
    boolean[] present;
    final Map<UUID, Witness.Membership> witnessed = new HashMap<>();
    final Superblock superblock;

    /// What the volume is, or is on its way from and to.
    Geometry shape;

    final List<String> log = new ArrayList<>();

    private Engine engine;
    private long now;
    private long wallMillis;
    private boolean keepsMarks;
    private boolean isGrowing;

    /// Slots whose member has done something to be dropped for.
    final Set<Integer> suspects = new HashSet<>();

    /// Those of rounds that are over.
    final Set<Integer> formerSuspects = new HashSet<>();

    /// Slots whose member reported an error on a write or flush since it joined.
    private final Set<Integer> failed = new HashSet<>();

    /// Slots whose member was dropped, durably, and not replaced since.
    private final Set<Integer> dropped = new HashSet<>();

    /// The events that happen, by number; null: all.
    BitSet only;

    private int events;

    /// More goes wrong than the volume promises to bear: errors are allowed.
    boolean isBeyond;

    SimWorld(long seed, SimSpec spec, SimTally tally) {
        this(seed, spec, tally, USUAL);
    }

    /// A smaller world, for histories that are forked at every operation.
    static SimWorld small(long seed, SimSpec spec, SimTally tally) {
        return new SimWorld(seed, spec, tally, LITTLE);
    }

    /// A world in which every limit is near: little memory, short sweeps, dirty blocks that go home soon.
    static SimWorld tight(long seed, SimSpec spec, SimTally tally) {
        return new SimWorld(seed, spec, tally, tight(seed));
    }

    /// A world in which copies of batches are late soon; in half of them every limit is near.
    static SimWorld stalling(long seed, SimSpec spec, SimTally tally) {
        Size size = seed % 2 == 0 ? USUAL : tight(seed);
        return new SimWorld(seed, spec, tally, size.with(size.settings.withLateNanos(LATE_NANOS)));
    }

    private static Size tight(long seed) {
        SplittableRandom how = new SplittableRandom(~seed);
        EngineSettings settings =
                new EngineSettings(
                        how.nextInt(3) == 0 ? 1 << 18 : 1 << 20,
                        4 + how.nextInt(5),
                        20_000L << 2 * how.nextInt(4),
                        1 << how.nextInt(3),
                        JOBS,
                        LIMIT_NANOS,
                        0,
                        1 + how.nextInt(8),
                        100);
        return new Size(
                how.nextBoolean() ? 10 : 24, 64 << 10, 64 << how.nextInt(2), 640, settings, 0);
    }

    /// A world whose volume has canary rows.
    static SimWorld drilled(long seed, SimSpec spec, SimTally tally) {
        return new SimWorld(seed, spec, tally, DRILLED);
    }

    /// A world whose volume may grow: clients use all of it, and it has canary rows.
    static SimWorld growing(long seed, SimSpec spec, SimTally tally) {
        SimWorld world = new SimWorld(seed, spec, tally, GROWING);
        world.isGrowing = true;
        return world;
    }

    /// A world whose volume may be reshaped: clients use all of it, and what moves at a time fits its buffers.
    static SimWorld reshaping(long seed, SimSpec spec, SimTally tally) {
        SimWorld world = new SimWorld(seed, spec, tally, RESHAPED);
        world.isGrowing = true;
        return world;
    }

    /// There are more disks, or fewer.
    void resize(int count) {
        int before = disks.length;
        disks = java.util.Arrays.copyOf(disks, count);
        present = java.util.Arrays.copyOf(present, count);
        for (int slot = before; slot < count; slot++) {
            present[slot] = true;
        }
    }

    boolean hasEngine() {
        return engine != null;
    }

    Witness witness() {
        return witness;
    }

    /// The model is as large as the volume is.
    void growModel() {
        long sectors = engine.geometry().volumeBlocks() * 8;
        if (sectors > model.sectorCount()) {
            model.grow(sectors);
        }
    }

    private SimWorld(long seed, SimSpec spec, SimTally tally, Size size) {
        boolean isLate = size.settings.lateNanos() == LATE_NANOS || seed % 2 == 0;
        settings = size.settings.withLateNanos(isLate ? LATE_NANOS : 0);
        random = new SplittableRandom(seed);
        ofFaults = random.split();
        this.spec = spec;
        this.tally = tally;
        disks = new SimDisk[spec.members()];
        present = new boolean[spec.members()];
        MemberLayout layout = layout(size);
        List<Boolean> blank = new ArrayList<>();
        for (int i = 0; i < disks.length; i++) {
            int sector = random.nextInt(4) == 0 ? 4096 : 512;
            int pages = (int) (layout.memberBytes() / SimDisk.PAGE);
            disks[i] = new SimDisk("disk" + i, pages, sector);
            present[i] = true;
            blank.add(true);
        }
        Guard guard = drawGuard(seed);
        try {
            superblock =
                    Creation.create(
                            new Creation.Wish(
                                    "sim",
                                    spec.level(),
                                    spec.copies(),
                                    spec.unitBytes(),
                                    guard,
                                    0,
                                    size.canaryShare),
                            List.of(disks),
                            blank,
                            layout,
                            0,
                            this::uuid);
        } catch (VolumeException e) {
            throw new AssertionError(e);
        }
        shape = superblock.geometry();
        witness.record(
                superblock.volume(),
                Witness.Membership.of(superblock.configEpoch(), superblock.members()));
        long blocks = Math.min(superblock.geometry().volumeBlocks(), size.blocks);
        model = new SimModel(blocks * 8);
        client = new SimClient(this, random.split());
        traffic = new SimTraffic(this);
    }

    /// One of four, and half of those with a CRC-32C get a digest too. That is drawn apart: a seed's history stays what it was before
    /// there were digests.
    private Guard drawGuard(long seed) {
        Guard guard = Guard.values()[random.nextInt(4)];
        if (!guard.hasCrc32c() || new SplittableRandom(~seed).nextBoolean()) {
            return guard;
        }
        return guard.hasHamming() ? Guard.XXH3_HAMMING : Guard.XXH3;
    }

    private static MemberLayout layout(Size size) {
        long journal = 128 << 10;
        long zones = journal + (long) size.segmentBytes * size.slots;
        long bytes = zones + 2 * MemberLayout.zoneBytes(size.zoneBlocks) + MemberLayout.END_BYTES;
        return new MemberLayout(
                bytes, journal, size.segmentBytes, size.slots, zones, size.zoneBlocks, 2);
    }

    /// A copy of the world after a power cut now, to be recovered on its own.
    private SimWorld(SimWorld from, long seed) {
        random = new SplittableRandom(seed);
        ofFaults = random.split();
        settings = from.settings;
        spec = from.spec;
        tally = from.tally;
        superblock = from.superblock;
        shape = from.shape;
        model = from.model.copy();
        client = new SimClient(this, random.split());
        traffic = new SimTraffic(this);
        present = from.present.clone();
        suspects.addAll(from.suspects);
        formerSuspects.addAll(from.formerSuspects);
        dropped.addAll(from.dropped);
        isGrowing = from.isGrowing;
        witnessed.putAll(from.witnessed);
    }

    /// The same, with the disks as the caller says. What becomes of it follows from those, from what the
    /// witness knows, and from the seed: its clock begins anew.
    SimWorld fork(SimDisk[] after, long seed) {
        tally.crashes++;
        SimWorld image = new SimWorld(this, seed);
        image.disks = after;
        return image;
    }

    SimWorld fork(long seed) {
        tally.crashes++;
        twins.look(engine);
        SimWorld image = new SimWorld(this, seed);
        image.disks = crashedDisks(image.random);
        image.twins.take(twins, crashedOther(image.random));
        image.now = now;
        return image;
    }

    /// {@return whether the request or fault that was drawn now happens}
    boolean happens() {
        int event = events++;
        return only == null || only.get(event);
    }

    int events() {
        return events;
    }

    UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    Engine engine() {
        return engine;
    }

    int tolerance() {
        return shape.leastParity();
    }

    /// Notes that a fault struck.
    void note(Fault fault, String where) {
        tally.fault(fault);
        if (keepsMarks) {
            tally.marks.merge(fault + " " + state(), 1L, Long::sum);
        }
        if (log.size() < MOST_LOG) {
            log.add(fault + " " + where);
        }
    }

    void keepMarks() {
        keepsMarks = true;
    }

    /// {@return whether the engine has not come to terms yet with what the last crash left}
    boolean isRecovering() {
        return engine.phase() == Engine.Phase.RECOVERING || engine.hasIntents();
    }

    /// What the volume is about, for marks.
    private String state() {
        if (engine == null) {
            return "down";
        }
        if (engine.phase() == Engine.Phase.SERVING) {
            for (JobRecord job : engine.openJobs()) {
                if (job.state() == JobRecord.RUNNING) {
                    return job.kind() == JobRecord.SCRUB ? "scrubbing" : "rebuilding";
                }
            }
            if (engine.hasIntents()) {
                return "redoing";
            }
        }
        return engine.phase().name().toLowerCase(java.util.Locale.ROOT);
    }

    /// {@return faults for a disk, none yet}
    SimFaults newFaults(int disk) {
        return new SimFaults(
                ofFaults.split(),
                superblock.layout(),
                superblock.guard(),
                (fault, where) -> strikes(fault, where, disk));
    }

    private boolean strikes(Fault fault, String where, int disk) {
        if (!happens()) {
            return false;
        }
        tally.fault(fault);
        if (keepsMarks) {
            tally.marks.merge(fault + " " + where + " " + state(), 1L, Long::sum);
        }
        if (log.size() < MOST_LOG) {
            log.add(fault + " " + where + " disk" + disk);
        }
        return true;
    }

    private SimDisk[] crashedDisks(SplittableRandom how) {
        SimDisk[] after = new SimDisk[disks.length];
        for (int i = 0; i < disks.length; i++) {
            after[i] = disks[i].afterCrash(how, traffic.inFlight(disks[i]), tally);
        }
        return after;
    }

    private SimDisk crashedOther(SplittableRandom how) {
        SimDisk other = twins.other();
        return other == null ? null : other.afterCrash(how, traffic.inFlight(other), tally);
    }

    /// Throws the world away.
    void discard() {
        if (engine != null) {
            tally.detours += engine.counters().get(Counters.Counter.BATCHES_REWRITTEN);
            tally.near += engine.counters().get(Counters.Counter.ROWS_NEAR_CHECKED);
            engine.pool().close();
        }
        engine = null;
    }

    /// Power cut: the engine is gone, the disks keep what they keep.
    void crash() {
        tally.crashes++;
        note(isRecovering() ? Fault.CRASH_IN_RECOVERY : Fault.CRASH, traffic.oldest());
        twins.look(engine);
        SimDisk[] after = crashedDisks(random);
        twins.crashed(crashedOther(random));
        disks = after;
        trace(disks.length);
        endLife();
        discard();
    }

    private void endLife() {
        traffic.clear();
        agents.clear();
        failed.clear(); // whether that became known before the end is not certain
        client.forget();
    }

    /// The process stands still; its members go on, and the clock does.
    void pause() {
        long nanos = random.nextLong(60_000_000_000L);
        if (!happens()) {
            return;
        }
        note(Fault.PAUSE, traffic.isIdle() ? "idle" : "busy");
        now += nanos;
    }

    void jumpWallClock() {
        long most = 10L * 365 * 86_400_000;
        long millis = random.nextLong(-most, most);
        if (happens()) {
            note(Fault.CLOCK_JUMP, "wall");
            wallMillis += millis;
        }
    }

    /// Nothing happens for a while.
    void idle(long nanos) {
        long gap = random.nextLong(1 + nanos);
        now += gap;
        tally.seconds += gap / 1e9;
    }

    private final Witness witness =
            new Witness() {
                @Override
                public Membership newest(UUID volume) {
                    return witnessed.get(volume);
                }

                @Override
                public boolean record(UUID volume, Membership membership) {
                    witnessed.put(volume, membership);
                    return true;
                }
            };

    /// Assembles and starts an engine; it recovers as it is stepped.
    void open() throws VolumeException {
        List<BlockFile> files = new ArrayList<>();
        for (int i = 0; i < disks.length; i++) {
            if (present[i]) {
                files.add(disks[i]);
            }
        }
        if (twins.other() != null) {
            files.add(twins.other());
        }
        open(files);
    }

    /// The same, from given files.
    void open(List<BlockFile> files) throws VolumeException {
        Assembly.Assembled assembled = Assembly.assemble(files, witness);
        for (String note : assembled.notes()) {
            log.add(note);
        }
        byte[] counters = new byte[Counters.BYTES];
        engine =
                new Engine(
                        assembled,
                        (slot, file) -> traffic.io((SimDisk) file),
                        witness,
                        settings,
                        new Counters(new UnsafeBuffer(counters)),
                        this::event,
                        stages,
                        () -> wallMillis,
                        Lease.FOR_EVER);
        twins.opened(engine);
        if (isGrowing) {
            growModel();
        }
        tally.recoveries++;
    }

    /// The computing stages of a job, stepped as the seed says.
    private final List<Agent> agents = new ArrayList<>();

    private final Stages stages =
            new Stages() {
                @Override
                public void start(Agent agent) {
                    agents.add(agent);
                }

                @Override
                public void stop(Agent agent) {
                    agents.remove(agent);
                }

                @Override
                public void ring(Agent agent) {}

                @Override
                public void wake() {}
            };

    private boolean stepAgents() {
        boolean any = false;
        for (Agent agent : List.copyOf(agents)) {
            try {
                any |= random.nextInt(3) != 0 && agent.doWork() > 0;
            } catch (Exception e) {
                throw new AssertionError(e);
            }
        }
        return any;
    }

    private void event(VolumeEvent event) {
        log.add(event.message());
        if (event instanceof VolumeEvent.JournalDamaged damaged
                && !suspects.contains(damaged.slot())
                && !formerSuspects.contains(damaged.slot())
                && !isBeyond) {
            throw new SimModel.Violation("I28: nobody touched " + damaged.message());
        }
        trace(event.getClass().getSimpleName().hashCode());
    }

    void trace(long word) {
        tally.trace = (tally.trace ^ word) * 0x9E3779B97F4A7C15L;
        tally.trace ^= tally.trace >>> 29;
    }

    /// One step of the world.
    ///
    /// @return whether anything could happen
    boolean step(int maxPending) {
        long before = now;
        now += 1000 + random.nextInt(20_000);
        traffic.landLate();
        boolean completes =
                !traffic.isIdle() && (traffic.count() > maxPending || random.nextInt(3) != 0);
        boolean any = completes && traffic.completeOne();
        if (!any) {
            any = stepAgents();
        }
        any |= engine.step(now) || engine.waitNanos() > 0;
        if (engine.phase() == Engine.Phase.SERVING && engine.isJournalStalled() && !isBeyond) {
            throw new SimModel.Violation("I9: what was admitted does not fit the journal");
        }
        if (!any && !traffic.isIdle()) {
            any = true;
            now = Math.max(now, traffic.nextDueNanos());
        }
        tally.seconds += (now - before) / 1e9;
        return any;
    }

    /// The oldest operation under way is done, and the engine goes on until it has nothing to do.
    ///
    /// @return what it was, or null when none was under way
    Io.Kind completeOldest() {
        Io.Kind kind = traffic.completeOldest();
        now += 1000;
        while (engine.step(now) || engine.waitNanos() > 0) {
            now += 1000;
        }
        return kind;
    }

    /// An operation on a slot's member was done.
    void done(Io io, SimDisk disk) {
        tally.operations++;
        twins.look(engine);
        if (!io.result.isOk() && io.kind != Io.Kind.READ && disks[io.slot] == disk) {
            failed.add(io.slot);
        }
        engine.completed(io);
    }

    long nowNanos() {
        return now;
    }

    /// Steps until nothing happens any more.
    void settle() {
        int idle = 0;
        int guard = 0;
        while (idle < 3) {
            boolean any = step(0);
            idle = any || !traffic.isIdle() ? 0 : idle + 1;
            if (++guard > 400_000) {
                throw new SimModel.Violation("R17: does not come to rest: " + description());
            }
        }
    }

    String description() {
        return engine.phase()
                + ", "
                + traffic.count()
                + " operations, "
                + client.openRequests()
                + " requests, dirty "
                + engine.dirtyBlocks();
    }

    /// Steps until the engine serves.
    void recover() {
        int guard = 0;
        int idle = 0;
        while (engine.phase() == Engine.Phase.RECOVERING) {
            idle = step(0) || !traffic.isIdle() ? 0 : idle + 1;
            if (isBeyond && idle > 5) {
                return; // suspended: it may wait, it may not lie
            }
            if (idle > 10 || ++guard > 200_000) {
                throw new SimModel.Violation("R17: recovery does not end: " + description());
            }
        }
    }

    /// Everything that was acknowledged is there, each request whole or absent.
    void verify() {
        model.settle(readBack(), isBeyond);
    }

    /// Everything that is there, as {@link SimClient#readAll}; who is a member has been looked at.
    long[] readBack() {
        client.finish();
        if (!isBeyond) {
            checkMembers();
        }
        return client.readAll();
    }

    /// Who is dropped has given cause; who gave cause is dropped, and stays so until replaced.
    private void checkMembers() {
        for (int slot = 0; slot < disks.length; slot++) {
            boolean isFaulty = engine.members().entry(slot).state() == MemberEntry.FAULTY;
            boolean isInSync = engine.members().isInSync(slot);
            String member = "member of slot " + slot;
            if (isFaulty && !suspects.contains(slot)) {
                throw new SimModel.Violation("R12: " + member + " dropped without cause");
            }
            if (isInSync && failed.contains(slot)) {
                throw new SimModel.Violation("R9: " + member + " failed and is in sync");
            }
            if (isInSync && dropped.contains(slot)) {
                throw new SimModel.Violation("R8: " + member + " is stale and in sync");
            }
            if (isFaulty && !engine.members().isFrozen()) {
                dropped.add(slot);
            }
        }
    }

    /// A new member stands in a slot.
    void joined(int slot) {
        failed.remove(slot);
        dropped.remove(slot);
    }

    /// With all members in sync any m of them can go: an image of the world loses them at a power cut.
    void proveRedundancy() throws VolumeException {
        if (tolerance() == 0) {
            return;
        }
        SimWorld image = fork(random.nextLong());
        for (SimDisk disk : image.disks) {
            disk.faults = null;
        }
        try {
            new SimOperator(image).lose(tolerance());
            image.open();
            image.recover();
            image.verify();
        } catch (RuntimeException | AssertionError e) {
            log.addAll(image.log);
            throw e;
        } finally {
            image.discard();
        }
    }

    /// Stops in order.
    void stop() {
        boolean[] stopped = new boolean[1];
        engine.stop(() -> stopped[0] = true);
        int guard = 0;
        while (!stopped[0]) {
            step(0);
            if (++guard > 200_000) {
                throw new SimModel.Violation("R17: stop does not end: " + description());
            }
        }
        endLife();
        discard();
    }
}
