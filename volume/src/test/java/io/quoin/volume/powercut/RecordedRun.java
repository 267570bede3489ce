package io.quoin.volume.powercut;

import io.quoin.volume.EngineSettings;
import io.quoin.volume.OpenFiles;
import io.quoin.volume.Volume;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Witness;
import io.quoin.volume.powercut.Ledger.Change;
import io.quoin.volume.powercut.WriteLog.Kind;
import io.quoin.volume.remote.Ownership;
import io.quoin.volume.repair.GovernorLimits;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.agrona.concurrent.UnsafeBuffer;

/// The production volume on recording members, and a client of it.
final class RecordedRun implements AutoCloseable {
    private static final EngineSettings SETTINGS =
            new EngineSettings(1 << 20, 16, 20_000_000, 4, GovernorLimits.DEFAULT, 0);
    private static final int IN_FLIGHT = 12;

    private final WriteLog log;
    private final Volume volume;
    private final List<Change> open = new ArrayList<>();
    private final AtomicInteger refusals = new AtomicInteger();
    private final List<String> notes;

    /// Opens a volume; it recovers.
    ///
    /// @param files its members
    /// @param witnessed what the witness knows
    /// @param log receives what is told to the witness and to the client
    RecordedRun(List<BlockFile> files, Witness.Membership witnessed, WriteLog log)
            throws VolumeException {
        this.log = log;
        notes = new ArrayList<>();
        volume =
                OpenFiles.open(
                        new Volume.Opening(
                                List.of(),
                                new LoggedWitness(witnessed, log),
                                SETTINGS,
                                new UnsafeBuffer(new byte[Counters.BYTES]),
                                event -> {
                                    synchronized (notes) {
                                        notes.add(event.message());
                                    }
                                },
                                Ownership.Host.once()),
                        files);
    }

    private static final class LoggedWitness implements Witness {
        private volatile Membership known;
        private final WriteLog log;

        LoggedWitness(Membership known, WriteLog log) {
            this.known = known;
            this.log = log;
        }

        @Override
        public Membership newest(UUID volume) {
            return known;
        }

        @Override
        public boolean record(UUID volume, Membership membership) {
            known = membership;
            log.add(Kind.WITNESS_TOLD, membership);
            return true;
        }
    }

    /// Writes, trims and zeroes here and there, a dozen at a time, none over another.
    void work(SplittableRandom random, int requests, int sectors, Runnable eachTime)
            throws InterruptedException {
        Semaphore free = new Semaphore(IN_FLIGHT);
        for (int number = 1; number <= requests; number++) {
            int count =
                    switch (random.nextInt(6)) {
                        case 0 -> 1 + random.nextInt(24);
                        case 1, 2, 3 -> 8;
                        case 4 -> 8 * (1 + random.nextInt(16));
                        default -> 1 + random.nextInt(256);
                    };
            int first = random.nextInt(sectors - count + 1);
            first = random.nextInt(3) == 0 ? first : first / 8 * 8;
            submit(random.nextInt(8), number, first, count, free);
            eachTime.run();
        }
        acquire(free, IN_FLIGHT);
        if (refusals.get() > 0) {
            throw new AssertionError(refusals + " requests refused: " + notes());
        }
    }

    private void acquire(Semaphore free, int permits) throws InterruptedException {
        if (!free.tryAcquire(permits, 60, TimeUnit.SECONDS)) {
            throw new AssertionError("requests without an answer: " + open + notes());
        }
    }

    private void submit(int draw, int number, int first, int count, Semaphore free)
            throws InterruptedException {
        // A trim leaves blocks alone that it covers in part.
        int from = draw == 0 ? (first + 7) / 8 * 8 : first;
        int to = draw == 0 ? (first + count) / 8 * 8 : first + count;
        if (from >= to) {
            return;
        }
        Change change = new Change(draw <= 1 ? 0 : number, from, to);
        synchronized (open) {
            if (open.stream().anyMatch(each -> each.overlaps(from, to))) {
                return;
            }
            open.add(change);
        }
        acquire(free, 1);
        Request request =
                new Request(
                        done -> {
                            if (done.outcome == Request.Outcome.OK) {
                                log.add(Kind.REQUEST_ACKNOWLEDGED, change);
                            } else {
                                refusals.incrementAndGet();
                            }
                            synchronized (open) {
                                open.remove(change);
                            }
                            free.release();
                        },
                        null);
        request.op = draw == 0 ? Request.Op.TRIM : draw == 1 ? Request.Op.ZERO : Request.Op.WRITE;
        request.offsetBytes = (long) from * Ledger.SECTOR_BYTES;
        request.lengthBytes = (long) (to - from) * Ledger.SECTOR_BYTES;
        if (request.op == Request.Op.WRITE) {
            long bytes = Request.bufferBytes(request.offsetBytes, request.lengthBytes);
            request.bufferOffset = volume.buffers().allocateWithin(bytes, 60);
            MemorySegment region = volume.buffers().region();
            for (int sector = from; sector < to; sector++) {
                long at = request.payloadOffset() + (long) (sector - from) * Ledger.SECTOR_BYTES;
                Ledger.fill(region, at, number, sector);
            }
        }
        log.add(Kind.REQUEST_ISSUED, change);
        volume.submit(request);
        volume.proceed();
    }

    /// {@return the number in each sector, -1 where it proves nothing}
    int[] read(int sectors) throws InterruptedException, ExecutionException, TimeoutException {
        int[] found = new int[sectors];
        int step = 256;
        for (int first = 0; first < sectors; first += step) {
            int count = Math.min(step, sectors - first);
            CompletableFuture<Request> answer = new CompletableFuture<>();
            Request request = new Request(answer::complete, null);
            request.op = Request.Op.READ;
            request.offsetBytes = (long) first * Ledger.SECTOR_BYTES;
            request.lengthBytes = (long) count * Ledger.SECTOR_BYTES;
            long bytes = Request.bufferBytes(request.offsetBytes, request.lengthBytes);
            request.bufferOffset = volume.buffers().allocateWithin(bytes, 60);
            volume.submit(request);
            volume.proceed();
            Request done = answer.get(60, TimeUnit.SECONDS);
            if (done.outcome != Request.Outcome.OK) {
                throw new AssertionError("sectors from " + first + ": " + done.outcome + notes());
            }
            for (int i = 0; i < count; i++) {
                long at = request.payloadOffset() + (long) i * Ledger.SECTOR_BYTES;
                found[first + i] = Ledger.value(volume.buffers().region(), at, first + i);
            }
            volume.buffers().free(request.bufferOffset);
        }
        return found;
    }

    /// {@return what the volume has reported, for failure messages}
    List<String> notes() {
        synchronized (notes) {
            return List.copyOf(notes);
        }
    }

    @Override
    public void close() {
        volume.close();
    }
}
