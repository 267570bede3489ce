package io.quoin.volume.sim;

import static java.util.concurrent.TimeUnit.MILLISECONDS;

import io.quoin.volume.Engine;
import io.quoin.volume.EngineSettings;
import io.quoin.volume.assembly.Assembly;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.MemberIo;
import io.quoin.volume.member.Witness;
import io.quoin.volume.repair.Stages;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.UUID;
import org.agrona.concurrent.Agent;
import org.agrona.concurrent.UnsafeBuffer;

/// One history: the production engine on simulated disks, driven step by step from a seed.
///
/// The world holds the operations that are under way; each step the seed draws whether one of them is
/// done now, whether the engine goes on, or whether the client asks for something. A crash may come
/// before any step: the engine is thrown away, the disks keep what a power cut leaves of them, and a
/// new engine recovers.
final class SimRun {
    static final EngineSettings SETTINGS = new EngineSettings(1 << 20, 8, 200, 4, 0);

    /// The seed crashed the process here.
    static final class Crash extends RuntimeException {
        private static final long serialVersionUID = 1;

        Crash() {
            super("crash", null, false, false);
        }
    }

    private final SplittableRandom random;
    private final EngineSettings settings;
    final SimSpec spec;
    final SimTally tally;
    final SimModel model;
    SimDisk[] disks;
    boolean[] present;
    final Map<UUID, Long> witnessEpochs = new HashMap<>();
    final Superblock superblock;

    private final List<Io> pending = new ArrayList<>();
    private final Map<Io, Integer> sourceHash = new HashMap<>();
    private final List<String> log = new ArrayList<>();
    private Engine engine;
    private long now;
    private int openRequests;
    private int readsOpen;
    boolean isBeyond;

    SimRun(long seed, SimSpec spec, SimTally tally) {
        this(seed, spec, tally, 24, SETTINGS);
    }

    /// A smaller world, for histories that are forked at every operation.
    static SimRun small(long seed, SimSpec spec, SimTally tally) {
        return new SimRun(seed, spec, tally, 12, new EngineSettings(1 << 18, 8, 200, 4, 0));
    }

    private SimRun(long seed, SimSpec spec, SimTally tally, int slots, EngineSettings settings) {
        this.settings = settings;
        this.random = new SplittableRandom(seed);
        this.spec = spec;
        this.tally = tally;
        disks = new SimDisk[spec.members()];
        present = new boolean[spec.members()];
        int segmentBytes = slots == 24 ? 64 << 10 : 32 << 10;
        int zoneBlocks = 64;
        long journal = 128 << 10;
        long zones = journal + (long) segmentBytes * slots;
        long bytes = zones + 2 * MemberLayout.zoneBytes(zoneBlocks) + MemberLayout.END_BYTES;
        List<Boolean> blank = new ArrayList<>();
        for (int i = 0; i < disks.length; i++) {
            disks[i] = new SimDisk("disk" + i, (int) (bytes / SimDisk.PAGE));
            present[i] = true;
            blank.add(true);
        }
        MemberLayout layout =
                new MemberLayout(bytes, journal, segmentBytes, slots, zones, zoneBlocks, 2);
        Guard guard = Guard.values()[random.nextInt(4)];
        try {
            superblock =
                    Creation.create(
                            new Creation.Wish(
                                    "sim", spec.level(), spec.copies(), spec.unitBytes(), guard, 0),
                            List.of(disks),
                            blank,
                            layout,
                            0);
        } catch (VolumeException e) {
            throw new AssertionError(e);
        }
        witnessEpochs.put(superblock.volume(), superblock.configEpoch());
        model =
                new SimModel(
                        Math.min(superblock.geometry().volumeBlocks(), slots == 24 ? 192 : 24) * 8);
    }

    /// A copy of the world after a power cut now, to be recovered on its own.
    private SimRun(SimRun from, long seed) {
        random = new SplittableRandom(seed);
        settings = from.settings;
        spec = from.spec;
        tally = from.tally;
        superblock = from.superblock;
        model = from.model.copy();
        present = from.present.clone();
        witnessEpochs.putAll(from.witnessEpochs);
        disks = from.crashedDisks(random);
        now = from.now;
    }

    SimRun fork(long seed) {
        tally.crashes++;
        return new SimRun(this, seed);
    }

    List<String> log() {
        return log;
    }

    SplittableRandom random() {
        return random;
    }

    private SimDisk[] crashedDisks(SplittableRandom how) {
        SimDisk[] after = new SimDisk[disks.length];
        for (int i = 0; i < disks.length; i++) {
            Map<Integer, List<byte[]>> inFlight = new HashMap<>();
            for (Io io : pending) {
                if (io.slot == i
                        && (io.kind == Io.Kind.WRITE || io.kind == Io.Kind.WRITE_DURABLE)) {
                    for (int at = 0; at < io.lengthBytes; at += SimDisk.PAGE) {
                        byte[] page = new byte[SimDisk.PAGE];
                        MemorySegment.ofArray(page)
                                .copyFrom(io.segment.asSlice(io.segmentOffset + at, SimDisk.PAGE));
                        inFlight.computeIfAbsent(
                                        (int) ((io.offsetBytes + at) / SimDisk.PAGE),
                                        p -> new ArrayList<>())
                                .add(page);
                    }
                }
            }
            after[i] = disks[i].afterCrash(how, inFlight);
        }
        return after;
    }

    /// Throws the world away.
    void discard() {
        if (engine != null) {
            engine.pool().close();
        }
        engine = null;
    }

    /// Power cut: the engine is gone, the disks keep what they keep.
    void crash() {
        tally.crashes++;
        disks = crashedDisks(random);
        pending.clear();
        sourceHash.clear();
        agents.clear();
        discard();
        openRequests = 0;
        readsOpen = 0;
        log.add("crash");
    }

    /// Members vanish, as long as no more than `most` are gone.
    void lose(int most) {
        int gone = 0;
        for (boolean is : present) {
            gone += is ? 0 : 1;
        }
        int more = most - gone <= 0 ? 0 : 1 + random.nextInt(most - gone);
        for (int i = 0; i < more; i++) {
            int member = random.nextInt(present.length);
            if (present[member]) {
                present[member] = false;
                tally.membersLost++;
                log.add("lost disk" + member);
            }
        }
    }

    /// Puts a blank disk where a member was lost or dropped, and starts its rebuild.
    ///
    /// @return whether there was such a slot
    boolean replace() {
        for (int slot = 0; slot < disks.length; slot++) {
            if (engine.members().entry(slot).state() != MemberEntry.FAULTY) {
                continue;
            }
            SimDisk blank = new SimDisk("disk" + slot + "'", disks[slot].pages());
            try {
                Creation.clear(blank, superblock.layout(), true);
            } catch (VolumeException e) {
                throw new AssertionError(e);
            }
            dropPending(slot);
            disks[slot] = blank;
            present[slot] = true;
            engine.replaceMember(slot, new UUID(random.nextLong(), slot), blank, new SimIo(blank));
            tally.rebuilds++;
            return true;
        }
        return false;
    }

    /// Operations on a disk that is pulled are never done well.
    private void dropPending(int slot) {
        for (Io io : List.copyOf(pending)) {
            if (io.slot == slot) {
                pending.remove(io);
                sourceHash.remove(io);
                owners.remove(io);
                io.result = IoResult.ERROR;
                engine.completed(io);
            }
        }
    }

    /// Any member may be away, and one that was away may be back as it was.
    void loseAndFind() {
        for (int i = 0; i < present.length; i++) {
            if (random.nextInt(4) == 0) {
                present[i] = !present[i];
                tally.membersLost++;
                log.add((present[i] ? "found disk" : "lost disk") + i);
            }
        }
    }

    /// Damages every copy of a batch that is not among the last: the journal has a hole that no copy
    /// mends. (The very last batch damaged on every copy cannot be told from one that was never
    /// acknowledged, by anybody.)
    void rotJournal() {
        java.util.TreeMap<Long, List<Runnable>> batches = new java.util.TreeMap<>();
        MemberLayout layout = superblock.layout();
        for (SimDisk disk : disks) {
            for (long at = layout.journalOffset(); at < layout.zonesOffset(); at += SimDisk.PAGE) {
                MemorySegment page = MemorySegment.ofArray(disk.pageAt(at));
                long number = Batch.numberIfHeader(page, 0);
                if (number >= 0) {
                    long place = at + 64 + random.nextInt(64);
                    batches.computeIfAbsent(number, n -> new ArrayList<>())
                            .add(() -> disk.flip(place, 3));
                }
            }
        }
        if (batches.size() > 4) {
            List<Long> numbers = new ArrayList<>(batches.keySet());
            long victim = numbers.get(numbers.size() - 3 - random.nextInt(numbers.size() - 3));
            batches.get(victim).forEach(Runnable::run);
            tally.bitFlips++;
            log.add("damaged batch " + victim + " everywhere");
        }
    }

    /// Steps until no job is open.
    void finishJobs() {
        int guard = 0;
        while (hasOpenJob()) {
            step(8);
            if (++guard > 400_000) {
                throw new SimModel.Violation("R17: job does not end: " + state());
            }
        }
        for (JobRecord job : engine.status().jobs()) {
            if (job.suspect() != 0 || job.lost() != 0) {
                throw new SimModel.Violation("within tolerance a job found " + job);
            }
        }
    }

    boolean hasOpenJob() {
        return engine.status().jobs().stream().anyMatch(JobRecord::isOpen);
    }

    /// A scrub right after a scrub finds nothing: what was found was put to rights, and nothing is found
    /// without cause.
    void checkScrub() {
        for (int pass = 0; pass < 2; pass++) {
            engine.startScrub();
            finishJobs();
            JobRecord job =
                    engine.status().jobs().stream()
                            .filter(each -> each.kind() == JobRecord.SCRUB)
                            .findFirst()
                            .orElseThrow();
            if (job.state() != JobRecord.DONE
                    || job.lost() != 0
                    || job.suspect() != 0
                    || pass == 1 && job.repaired() != 0) {
                throw new SimModel.Violation("scrub pass " + pass + " found " + job);
            }
        }
    }

    boolean isOptimal() {
        return engine.status().state().equals("optimal");
    }

    /// Damages blocks at rest on one disk: flipped bits, foreign bytes, an older page, an unreadable one.
    void rot(int member, int blocks) {
        long first = superblock.layout().zonesOffset();
        long end = superblock.layout().memberBytes() - MemberLayout.END_BYTES;
        for (int i = 0; i < blocks; i++) {
            long at = first + random.nextLong((end - first) / SimDisk.PAGE) * SimDisk.PAGE;
            switch (random.nextInt(4)) {
                case 0 -> disks[member].flip(at + random.nextInt(SimDisk.PAGE), random.nextInt(8));
                case 1 -> disks[member].spoil(at);
                case 2 -> {
                    long other =
                            first + random.nextLong((end - first) / SimDisk.PAGE) * SimDisk.PAGE;
                    disks[member].overwrite(at, disks[member].pageAt(other));
                }
                default -> {
                    byte[] noise = new byte[SimDisk.PAGE];
                    random.nextBytes(noise);
                    disks[member].overwrite(at, noise);
                }
            }
            tally.bitFlips++;
        }
    }

    private final Witness witness =
            new Witness() {
                @Override
                public long configEpoch(UUID volume) {
                    return witnessEpochs.getOrDefault(volume, -1L);
                }

                @Override
                public boolean record(UUID volume, long configEpoch) {
                    witnessEpochs.put(volume, configEpoch);
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
        Assembly.Assembled assembled = Assembly.assemble(files, witness);
        byte[] counters = new byte[Counters.BYTES];
        engine =
                new Engine(
                        assembled,
                        (slot, file) -> new SimIo(file),
                        witness,
                        settings,
                        new Counters(new UnsafeBuffer(counters)),
                        this::event,
                        stages,
                        () -> 0);
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
    }

    Engine engine() {
        return engine;
    }

    private final class SimIo implements MemberIo {
        private final SimDisk disk;

        SimIo(BlockFile file) {
            this.disk = (SimDisk) file;
        }

        @Override
        public void submit(Io io) {
            pending.add(io);
            sourceHash.put(io, hash(io));
            // The slot of an operation is the engine's; the disk is found by the world through it.
            assert disks[diskOf(disk)] == disk : "operation on a disk of an earlier life";
            owners.put(io, disk);
        }

        @Override
        public void close() {}
    }

    private final Map<Io, SimDisk> owners = new HashMap<>();

    private int diskOf(SimDisk disk) {
        for (int i = 0; i < disks.length; i++) {
            if (disks[i] == disk) {
                return i;
            }
        }
        throw new AssertionError("unknown disk " + disk.name());
    }

    private static int hash(Io io) {
        if (io.kind != Io.Kind.WRITE && io.kind != Io.Kind.WRITE_DURABLE) {
            return 0;
        }
        int hash = 1;
        for (long at = 0; at < io.lengthBytes; at += 256) {
            hash =
                    31 * hash
                            + Long.hashCode(
                                    io.segment.get(
                                            java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED,
                                            io.segmentOffset + at));
        }
        return hash;
    }

    int pendingCount() {
        return pending.size();
    }

    /// One of the operations under way is done.
    void completeOne() {
        Io io = pending.remove(random.nextInt(pending.size()));
        int before = sourceHash.remove(io);
        if (before != hash(io)) {
            throw new SimModel.Violation("a buffer changed while it was written: " + io);
        }
        tally.operations++;
        SimFaults.run(io, owners.remove(io), random, tally);
        engine.completed(io);
    }

    /// One step of the world.
    ///
    /// @return whether anything could happen
    boolean step(int maxPending) {
        now += 1 + random.nextInt(20);
        if (!pending.isEmpty() && (pending.size() > maxPending || random.nextInt(3) != 0)) {
            completeOne();
            engine.step(now);
            return true;
        }
        boolean any = stepAgents();
        return engine.step(now) || any || !pending.isEmpty();
    }

    /// Steps until nothing happens any more.
    void settle() {
        int idle = 0;
        int guard = 0;
        while (idle < 3) {
            boolean any = step(0);
            idle = any || !pending.isEmpty() ? 0 : idle + 1;
            if (++guard > 400_000) {
                throw new SimModel.Violation("R17: does not come to rest: " + state());
            }
        }
    }

    private String state() {
        return engine.phase()
                + ", "
                + pending.size()
                + " operations, "
                + openRequests
                + " requests, dirty "
                + engine.dirtyBlocks();
    }

    /// Steps until the engine serves.
    void recover() {
        int guard = 0;
        int idle = 0;
        while (engine.phase() == Engine.Phase.RECOVERING) {
            idle = step(0) || !pending.isEmpty() ? 0 : idle + 1;
            if (isBeyond && idle > 5) {
                return; // suspended: it may wait, it may not lie
            }
            if (idle > 10 || ++guard > 200_000) {
                throw new SimModel.Violation("R17: recovery does not end: " + state());
            }
        }
    }

    /// The client asks for something, if it finds a range that nobody writes.
    void client() {
        if (openRequests > 8) {
            return;
        }
        int kind = random.nextInt(10);
        long sectors = model.sectorCount();
        boolean isAligned = random.nextInt(3) != 0;
        long count;
        long first;
        if (isAligned) {
            long blocks = random.nextInt(8) == 0 ? 1 + random.nextInt(40) : 1 + random.nextInt(3);
            count = Math.min(blocks * 8, sectors);
            first = random.nextLong((sectors - count) / 8 + 1) * 8;
        } else {
            count = 1 + random.nextInt(20);
            first = random.nextLong(sectors - count + 1);
        }
        if (random.nextInt(3) == 0) {
            first =
                    Math.min(first % 64, sectors - count)
                            / (isAligned ? 8 : 1)
                            * (isAligned ? 8 : 1);
        }
        if (kind < 3) {
            read(first, count);
        } else if (kind < 9) {
            write(first, count);
        } else {
            zero(first, count);
        }
    }

    private void read(long first, long count) {
        Request request = newRequest(Request.Op.READ, first, count);
        if (request == null) {
            return;
        }
        SimModel.Read read = model.beginRead(first, count);
        readers.put(request, read);
        openRequests++;
        readsOpen++;
        engine.submit(request);
    }

    private final Map<Request, SimModel.Read> readers = new HashMap<>();
    private final Map<Request, SimModel.Write> writers = new HashMap<>();

    private void completed(Request request) {
        openRequests--;
        SimModel.Read read = readers.remove(request);
        if (read != null) {
            readsOpen--;
            tally.reads++;
            if (request.outcome == Request.Outcome.OK) {
                read.end(engine.pool().region(), request.payloadOffset());
            } else if (!isBeyond) {
                throw new SimModel.Violation(
                        "I23: read of sector "
                                + read.first
                                + " failed within tolerance: "
                                + request.outcome);
            }
            engine.pool().free(request.bufferOffset);
            return;
        }
        SimModel.Write write = writers.remove(request);
        if (request.outcome == Request.Outcome.OK) {
            model.acknowledge(write);
            tally.acknowledged++;
        } else if (!isBeyond) {
            throw new SimModel.Violation("I23: write failed within tolerance: " + request.outcome);
        }
    }

    private Request newRequest(Request.Op op, long first, long count) {
        Request request = new Request(this::completed, null);
        request.op = op;
        request.offsetBytes = first * SimModel.SECTOR;
        request.lengthBytes = count * SimModel.SECTOR;
        if (op == Request.Op.READ || op == Request.Op.WRITE) {
            request.bufferOffset =
                    engine.pool()
                            .tryAllocate(
                                    Request.bufferBytes(request.offsetBytes, request.lengthBytes));
            return request.bufferOffset < 0 ? null : request;
        }
        return request;
    }

    private void write(long first, long count) {
        if (!model.isFree(first, count)) {
            return;
        }
        Request request = newRequest(Request.Op.WRITE, first, count);
        if (request == null) {
            return;
        }
        SimModel.Write write = model.begin(first, count, false);
        for (long i = 0; i < count; i++) {
            SimModel.fill(
                    engine.pool().region(),
                    request.payloadOffset() + i * SimModel.SECTOR,
                    first + i,
                    write.number);
        }
        openRequests++;
        writers.put(request, write);
        engine.submit(request);
    }

    private void zero(long first, long count) {
        boolean isTrim = random.nextBoolean();
        long from = isTrim ? (first + 7) / 8 * 8 : first;
        long until = isTrim ? (first + count) / 8 * 8 : first + count;
        if (until <= from || !model.isFree(from, until - from)) {
            return;
        }
        Request request =
                newRequest(
                        isTrim ? Request.Op.TRIM : Request.Op.ZERO,
                        isTrim ? from : first,
                        isTrim ? until - from : count);
        request.noHole = random.nextBoolean();
        SimModel.Write write = model.begin(from, until - from, true);
        openRequests++;
        writers.put(request, write);
        engine.submit(request);
    }

    /// Reads every sector back.
    long[] readAll() {
        long[] found = new long[(int) model.sectorCount()];
        int chunk = 64;
        for (int first = 0; first < found.length; first += chunk) {
            int count = Math.min(chunk, found.length - first);
            int at = first;
            boolean[] done = new boolean[1];
            Request request =
                    new Request(
                            r -> {
                                done[0] = true;
                                for (int i = 0; i < count; i++) {
                                    found[at + i] =
                                            r.outcome == Request.Outcome.OK
                                                    ? SimModel.numberAt(
                                                            engine.pool().region(),
                                                            r.payloadOffset()
                                                                    + (long) i * SimModel.SECTOR,
                                                            at + i)
                                                    : -2;
                                }
                                engine.pool().free(r.bufferOffset);
                            },
                            null);
            request.op = Request.Op.READ;
            request.offsetBytes = (long) first * SimModel.SECTOR;
            request.lengthBytes = (long) count * SimModel.SECTOR;
            long bytes = Request.bufferBytes(request.offsetBytes, request.lengthBytes);
            int guard = 0;
            while ((request.bufferOffset = engine.pool().tryAllocate(bytes)) < 0) {
                step(0);
                if (isBeyond && guard > 1000) {
                    java.util.Arrays.fill(found, first, found.length, -2);
                    return found;
                }
                if (++guard > 100_000) {
                    throw new SimModel.Violation("R18: no memory comes free: " + state());
                }
            }
            engine.submit(request);
            guard = 0;
            while (!done[0]) {
                boolean any = step(0);
                if (isBeyond && !any && guard > 1000) {
                    java.util.Arrays.fill(found, first, found.length, -2);
                    return found;
                }
                if (++guard > 100_000) {
                    throw new SimModel.Violation("R17: read does not end: " + state());
                }
            }
        }
        return found;
    }

    /// Everything that was acknowledged is there, each request whole or absent.
    void verify() {
        int guard = 0;
        while (openRequests > 0) {
            boolean any = step(0);
            if (isBeyond && !any && guard > 1000) {
                break;
            }
            if (++guard > 200_000) {
                throw new SimModel.Violation("R17: requests do not end: " + state());
            }
        }
        model.settle(readAll(), isBeyond);
    }

    /// Stops in order.
    void stop() {
        boolean[] stopped = new boolean[1];
        engine.stop(() -> stopped[0] = true);
        int guard = 0;
        while (!stopped[0]) {
            step(0);
            if (++guard > 200_000) {
                throw new SimModel.Violation("R17: stop does not end: " + state());
            }
        }
        engine.pool().close();
        engine = null;
        pending.clear();
    }

    long nowMillis() {
        return MILLISECONDS.convert(now, java.util.concurrent.TimeUnit.NANOSECONDS);
    }
}
