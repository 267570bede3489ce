package io.quoin.daemon.nbd;

import io.quoin.volume.BlockDevice;
import io.quoin.volume.intake.BufferPool;
import io.quoin.volume.intake.Request;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/// A block device in memory that keeps the contract of a volume: requests complete on another
/// thread, each whole, begun when it is told to proceed, and, when asked, late, out of order, or badly.
///
/// Contents lie in 64 KiB pages that exist once written, so an export of many gigabytes costs what
/// was written to it; a page that does not exist is a hole.
final class MemoryDevice implements BlockDevice, AutoCloseable {
    private static final int PAGE_BYTES = 64 << 10;
    private static final byte[] NOTHING = new byte[PAGE_BYTES];

    private final byte[][] pages;
    private final boolean[] isHole;
    private final long sizeBytes;
    private final BufferPool pool;
    private final ByteBuffer region;
    private final ManyToOneConcurrentArrayQueue<Request> ring =
            new ManyToOneConcurrentArrayQueue<>(1 << 14);
    private final Bell bell = new Bell();
    private final Thread engine;

    // Engine thread only.
    private final List<Request> late = new ArrayList<>();
    private final List<Runnable> afterwards = new ArrayList<>();
    private final Random random;

    private volatile boolean isReadOnly;
    private volatile boolean isHeld;
    private volatile boolean throwsOnSubmit;
    private volatile boolean isClosed;
    private volatile int shuffleDepth;
    private volatile Function<Request, Request.Outcome> verdict = request -> Request.Outcome.OK;
    final AtomicLong submitted = new AtomicLong();
    final AtomicLong proceeds = new AtomicLong();
    final AtomicLong writesApplied = new AtomicLong();

    MemoryDevice(long sizeBytes) {
        this(sizeBytes, 128 << 20, 1);
    }

    MemoryDevice(long sizeBytes, long poolBytes, long seed) {
        this.sizeBytes = sizeBytes;
        pool = new BufferPool(poolBytes);
        region = pool.newView();
        random = new Random(seed);
        int pageCount = Math.toIntExact((sizeBytes + PAGE_BYTES - 1) / PAGE_BYTES);
        pages = new byte[pageCount][];
        isHole = new boolean[pageCount];
        Arrays.fill(isHole, true);
        engine = Thread.ofPlatform().daemon(true).name("memory-device").start(this::run);
    }

    /// Carries requests out in random order, up to so many of them at a time; 0 for the order of
    /// arrival.
    MemoryDevice shuffled(int depth) {
        shuffleDepth = depth;
        return this;
    }

    MemoryDevice readOnly() {
        isReadOnly = true;
        return this;
    }

    /// Lets every request that passes the verdict end as OK; another outcome ends it so, unapplied.
    void judge(Function<Request, Request.Outcome> outcome) {
        verdict = outcome;
    }

    /// Throws out of the next submit, as only a broken volume would.
    void refuseNextSubmit() {
        throwsOnSubmit = true;
    }

    /// Completes nothing until {@link #release}.
    void hold() {
        isHeld = true;
    }

    void release() {
        isHeld = false;
        bell.ring();
    }

    @Override
    public long sizeBytes() {
        return sizeBytes;
    }

    @Override
    public boolean isReadOnly() {
        return isReadOnly;
    }

    @Override
    public BufferPool buffers() {
        return pool;
    }

    @Override
    public void submit(Request request) {
        if (throwsOnSubmit) {
            throwsOnSubmit = false;
            throw new IllegalStateException("submit refused by the test");
        }
        submitted.incrementAndGet();
        while (!ring.offer(request)) {
            Thread.onSpinWait();
        }
    }

    @Override
    public void proceed() {
        proceeds.incrementAndGet();
        bell.ring();
    }

    @Override
    public void afterTurn(Runnable action) {
        if (Thread.currentThread() == engine) {
            afterwards.add(action);
        } else {
            action.run();
        }
    }

    private void run() {
        while (!isClosed) {
            Request request = isHeld ? null : ring.poll();
            if (request == null) {
                afterwards.forEach(Runnable::run);
                afterwards.clear();
            }
            if (request == null && !late.isEmpty() && !isHeld) {
                completeOne();
            } else if (request == null) {
                bell.prepare();
                if (isClosed || !isHeld && !ring.isEmpty()) {
                    bell.cancel();
                } else {
                    bell.sleep();
                }
            } else if (shuffleDepth > 0) {
                late.add(request);
                if (late.size() >= shuffleDepth) {
                    completeOne();
                }
            } else {
                carryOut(request);
            }
        }
    }

    private void completeOne() {
        int index = random.nextInt(late.size());
        Request request = late.get(index);
        late.set(index, late.getLast());
        late.removeLast();
        carryOut(request);
    }

    private void carryOut(Request request) {
        Request.Outcome outcome = verdict.apply(request);
        try {
            outcome = apply(request, outcome);
        } catch (OutOfMemoryError e) {
            outcome = Request.Outcome.IO_ERROR;
        }
        if (request.op == Request.Op.WRITE) {
            pool.free(request.bufferOffset);
        }
        request.complete(outcome);
    }

    private Request.Outcome apply(Request request, Request.Outcome outcome) {
        if (outcome == Request.Outcome.OK) {
            switch (request.op) {
                case READ -> copy(request, false);
                case WRITE -> {
                    copy(request, true);
                    writesApplied.incrementAndGet();
                }
                case TRIM, ZERO -> zero(request);
                case BLOCK_STATUS -> status(request);
                case FLUSH, CACHE -> {}
            }
        }
        return outcome;
    }

    private void copy(Request request, boolean isWrite) {
        long left = request.lengthBytes;
        long at = request.offsetBytes;
        int memory = request.payloadOffset();
        while (left > 0) {
            int page = (int) (at / PAGE_BYTES);
            int within = (int) (at % PAGE_BYTES);
            int count = (int) Math.min(left, PAGE_BYTES - within);
            if (isWrite) {
                if (pages[page] == null) {
                    pages[page] = new byte[PAGE_BYTES];
                }
                isHole[page] = false;
                region.get(memory, pages[page], within, count);
            } else if (pages[page] == null) {
                region.put(memory, NOTHING, 0, count);
            } else {
                region.put(memory, pages[page], within, count);
            }
            at += count;
            memory += count;
            left -= count;
        }
    }

    private void zero(Request request) {
        long left = request.lengthBytes;
        long at = request.offsetBytes;
        boolean keeps = request.op == Request.Op.ZERO && request.noHole;
        while (left > 0) {
            int page = (int) (at / PAGE_BYTES);
            int within = (int) (at % PAGE_BYTES);
            int count = (int) Math.min(left, PAGE_BYTES - within);
            if (count == PAGE_BYTES) {
                pages[page] = null;
                isHole[page] = !keeps;
            } else {
                if (pages[page] != null) {
                    Arrays.fill(pages[page], within, within + count, (byte) 0);
                }
                isHole[page] &= !keeps;
            }
            at += count;
            left -= count;
        }
    }

    private void status(Request request) {
        long left = request.lengthBytes;
        long at = request.offsetBytes;
        boolean fits = true;
        while (left > 0 && fits) {
            int page = (int) (at / PAGE_BYTES);
            long count = Math.min(left, PAGE_BYTES - at % PAGE_BYTES);
            int flags = pages[page] != null ? 0 : Request.EXTENT_ZERO;
            flags |= isHole[page] ? Request.EXTENT_HOLE : 0;
            fits = request.addExtent(count, flags);
            at += count;
            left -= count;
        }
    }

    @Override
    public void close() {
        isClosed = true;
        bell.ring();
        try {
            engine.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        pool.close();
    }
}
