package io.quoin.daemon.nbd;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/// Sends the replies of one connection from a thread of its own: takes whatever has completed, up to
/// a batch, and writes it at once. Sleeps when there is nothing.
///
/// When the client is gone it goes on until the last request in flight has come back, so that every
/// buffer returns to its pool.
final class ReplyWriter {
    private static final System.Logger LOG = System.getLogger("io.quoin.nbd");

    private final Session session;
    private final Terms terms;
    private final Transport transport;
    private final ByteBuffer output;
    private final ManyToOneConcurrentArrayQueue<Slot> queue;
    private final Bell bell = new Bell();
    private final Progress progress = new Progress();
    private final Thread thread;
    private final BooleanSupplier brokenOrRefusing;
    private volatile boolean isBroken;
    private volatile boolean isReaderDone;

    private final Counter replies = new Counter();
    private final Counter errors = new Counter();
    private final Counter writes = new Counter();
    private final Counter readBytes = new Counter();

    ReplyWriter(
            Session session,
            Terms terms,
            Transport transport,
            ByteBuffer output,
            int maxSlots,
            String name) {
        this.output = output;
        this.session = session;
        this.terms = terms;
        this.transport = transport;
        queue = new ManyToOneConcurrentArrayQueue<>(Math.max(2, maxSlots));
        brokenOrRefusing = () -> isBroken || session.isRefusing();
        thread = Thread.ofPlatform().daemon(true).name(name + "-replies").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /// Hands over a request that has ended; any thread, never waits.
    void enqueue(Slot slot) {
        boolean fits = queue.offer(slot);
        assert fits : "more replies than slots";
        bell.ring();
    }

    /// The reader takes no more requests: waits until the last reply has left.
    void finish() {
        isReaderDone = true;
        bell.ring();
        boolean isInterrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }

    /// {@return whether replies no longer reach the client}
    boolean isBroken() {
        return isBroken;
    }

    /// {@return whether a reader that waits for memory should give up}
    BooleanSupplier brokenOrRefusing() {
        return brokenOrRefusing;
    }

    Progress progress() {
        return progress;
    }

    private void run() {
        try {
            ReplyBatch batch = new ReplyBatch(terms, output);
            Slot slot = next();
            while (slot != null) {
                // What has completed by now makes a batch. Yielding once for more was tried (fio,
                // 4 KiB at depth 32, busy 2-core host): slower in five runs of six, 30 % in the
                // middle.
                while (slot != null) {
                    take(batch, slot);
                    slot = batch.isFull() ? null : queue.poll();
                }
                send(batch);
                for (int i = 0; i < batch.slotCount(); i++) {
                    session.release(batch.slot(i));
                }
                batch.clear();
                session.ringForRoom();
                slot = next();
            }
        } catch (RuntimeException | Error e) {
            LOG.log(
                    System.Logger.Level.ERROR,
                    Thread.currentThread().getName() + " failed: connection closed",
                    e);
        } finally {
            isBroken = true;
            transport.close();
            session.ringForRoom();
        }
    }

    private Slot next() {
        Slot slot = queue.poll();
        while (slot == null) {
            bell.prepare();
            slot = queue.poll();
            if (slot != null) {
                bell.cancel();
            } else if (isReaderDone && session.isIdle()) {
                bell.cancel();
                return null;
            } else {
                bell.sleep();
            }
        }
        return slot;
    }

    private void take(ReplyBatch batch, Slot slot) {
        if (isBroken) {
            batch.addUnanswered(slot);
        } else if (batch.add(slot) != ReplyError.NONE) {
            errors.add(1);
        }
    }

    private void send(ReplyBatch batch) {
        if (isBroken) {
            return;
        }
        replies.add(batch.slotCount());
        readBytes.add(batch.dataBytes());
        writes.add(1);
        try {
            batch.writeTo(transport, progress);
        } catch (IOException e) {
            // The client is gone; closing tells the reader, if it does not know yet.
            isBroken = true;
            transport.close();
            progress.end();
        }
    }

    Counter replies() {
        return replies;
    }

    Counter errors() {
        return errors;
    }

    Counter writes() {
        return writes;
    }

    Counter readBytes() {
        return readBytes;
    }
}
