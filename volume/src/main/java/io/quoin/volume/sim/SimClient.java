package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.intake.Request;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

/// The database: reads, writes, trims and zeroes, aligned or not, some of them at once, and a model of
/// what it may find.
final class SimClient {
    private static final int MOST_OPEN = 8;

    private final SimWorld world;
    private final SplittableRandom random;
    private final Map<Request, SimModel.Read> readers = new HashMap<>();
    private final Map<Request, SimModel.Write> writers = new HashMap<>();
    private int open;

    SimClient(SimWorld world, SplittableRandom random) {
        this.world = world;
        this.random = random;
    }

    int openRequests() {
        return open;
    }

    /// The process that held the requests is gone.
    void forget() {
        readers.clear();
        writers.clear();
        open = 0;
    }

    /// Asks for something, if it finds a range that nobody writes.
    void ask() {
        if (open > MOST_OPEN) {
            return;
        }
        int kind = random.nextInt(10);
        long sectors = world.model.sectorCount();
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
            int grain = isAligned ? 8 : 1;
            first = Math.min(first % 64, sectors - count) / grain * grain;
        }
        boolean isTrim = random.nextBoolean();
        boolean noHole = random.nextBoolean();
        if (!world.happens()) {
            return;
        }
        if (kind < 3) {
            read(first, count);
        } else if (kind < 9) {
            write(first, count);
        } else {
            zero(first, count, isTrim, noHole);
        }
    }

    /// Reads, writes, trims or zeroes whole blocks; all but reads if nobody writes there.
    ///
    /// @param op READ, WRITE, TRIM or ZERO
    /// @param block first block
    /// @param blocks how many, as far as the volume goes
    void ask(Request.Op op, long block, long blocks) {
        long first = block * 8;
        long count = Math.min(blocks * 8, world.model.sectorCount() - first);
        if (open > MOST_OPEN || !world.happens()) {
            return;
        }
        if (op == Request.Op.READ) {
            read(first, count);
        } else if (op == Request.Op.WRITE) {
            write(first, count);
        } else {
            zero(first, count, op == Request.Op.TRIM, false);
        }
    }

    private void read(long first, long count) {
        Request request = newRequest(Request.Op.READ, first, count);
        if (request != null) {
            readers.put(request, world.model.beginRead(first, count));
            submit(request);
        }
    }

    /// Writes a range.
    ///
    /// @return whether nobody else was writing there and there was memory for it
    boolean write(long first, long count) {
        if (!world.model.isFree(first, count)) {
            return false;
        }
        Request request = newRequest(Request.Op.WRITE, first, count);
        if (request == null) {
            return false;
        }
        SimModel.Write write = world.model.begin(first, count, false);
        for (long i = 0; i < count; i++) {
            SimModel.fill(
                    world.engine().pool().region(),
                    request.payloadOffset() + i * SimModel.SECTOR,
                    first + i,
                    write.number);
        }
        writers.put(request, write);
        submit(request);
        return true;
    }

    /// Trims or zeroes a range.
    void zero(long first, long count, boolean isTrim, boolean noHole) {
        long from = isTrim ? (first + 7) / 8 * 8 : first;
        long until = isTrim ? (first + count) / 8 * 8 : first + count;
        if (until <= from || !world.model.isFree(from, until - from)) {
            return;
        }
        Request.Op op = isTrim ? Request.Op.TRIM : Request.Op.ZERO;
        Request request = newRequest(op, isTrim ? from : first, isTrim ? until - from : count);
        request.noHole = noHole;
        writers.put(request, world.model.begin(from, until - from, true));
        submit(request);
    }

    private Request newRequest(Request.Op op, long first, long count) {
        Request request = new Request(this::completed, null);
        request.op = op;
        request.offsetBytes = first * SimModel.SECTOR;
        request.lengthBytes = count * SimModel.SECTOR;
        if (op == Request.Op.READ || op == Request.Op.WRITE) {
            long bytes = Request.bufferBytes(request.offsetBytes, request.lengthBytes);
            request.bufferOffset = world.engine().pool().tryAllocate(bytes);
            return request.bufferOffset < 0 ? null : request;
        }
        return request;
    }

    private void submit(Request request) {
        world.trace(request.op.ordinal() + request.offsetBytes * 31 + request.lengthBytes);
        open++;
        request.submittedNanos = world.nowNanos();
        world.engine().submit(request);
    }

    private void completed(Request request) {
        open--;
        world.trace(request.outcome.ordinal());
        boolean isOk = request.outcome == Request.Outcome.OK;
        SimModel.Read read = readers.remove(request);
        if (read != null) {
            world.tally.reads++;
            if (isOk) {
                read.end(world.engine().pool().region(), request.payloadOffset());
            } else {
                read.fail();
                refused("read of sector " + read.first, request);
            }
            world.engine().pool().free(request.bufferOffset);
            return;
        }
        SimModel.Write write = writers.remove(request);
        if (isOk) {
            world.model.acknowledge(write);
            world.tally.acknowledged++;
        } else {
            refused("write " + write.number, request);
        }
    }

    private void refused(String what, Request request) {
        if (!world.isBeyond) {
            throw new SimModel.Violation(
                    "I23: " + what + " failed within tolerance: " + request.outcome);
        }
    }

    /// Waits for what was asked.
    void finish() {
        int guard = 0;
        while (open > 0) {
            boolean any = world.step(0);
            if (world.isBeyond && !any && guard > 1000) {
                if (world.engine().phase() == Engine.Phase.FAILED) {
                    throw new SimModel.Violation(
                            "R17: a failed volume does not answer: " + world.description());
                }
                return;
            }
            if (++guard > 200_000) {
                throw new SimModel.Violation("R17: requests do not end: " + world.description());
            }
        }
    }

    /// Reads every sector back.
    ///
    /// @return the number of the write whose content it is: 0 zeros, -1 of none, -2 unreadable
    long[] readAll() {
        long[] found = new long[(int) world.model.sectorCount()];
        int chunk = 64;
        for (int first = 0; first < found.length; first += chunk) {
            int count = Math.min(chunk, found.length - first);
            if (!readBack(found, first, count)) {
                Arrays.fill(found, first, found.length, -2);
                return found;
            }
        }
        return found;
    }

    private boolean readBack(long[] found, int first, int count) {
        boolean[] done = new boolean[1];
        Request request =
                new Request(
                        r -> {
                            done[0] = true;
                            keep(found, first, count, r);
                        },
                        null);
        request.op = Request.Op.READ;
        request.offsetBytes = (long) first * SimModel.SECTOR;
        request.lengthBytes = (long) count * SimModel.SECTOR;
        long bytes = Request.bufferBytes(request.offsetBytes, request.lengthBytes);
        int guard = 0;
        while ((request.bufferOffset = world.engine().pool().tryAllocate(bytes)) < 0) {
            world.step(0);
            if (world.isBeyond && guard > 1000) {
                return false;
            }
            if (++guard > 100_000) {
                throw new SimModel.Violation("R18: no memory comes free: " + world.description());
            }
        }
        request.submittedNanos = world.nowNanos();
        world.engine().submit(request);
        guard = 0;
        while (!done[0]) {
            boolean any = world.step(0);
            if (world.isBeyond && !any && guard > 1000) {
                return false;
            }
            if (++guard > 100_000) {
                throw new SimModel.Violation("R17: read does not end: " + world.description());
            }
        }
        return true;
    }

    private void keep(long[] found, int first, int count, Request request) {
        for (int i = 0; i < count; i++) {
            long at = request.payloadOffset() + (long) i * SimModel.SECTOR;
            found[first + i] =
                    request.outcome == Request.Outcome.OK
                            ? SimModel.numberAt(world.engine().pool().region(), at, first + i)
                            : -2;
        }
        world.engine().pool().free(request.bufferOffset);
    }
}
