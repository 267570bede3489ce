package io.quoin.daemon.nbd;

import io.quoin.volume.BlockDevice;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.agrona.concurrent.ManyToOneConcurrentArrayQueue;

/// Sends the replies of one connection. The thread that ended a request sends what has ended by then, up
/// to a batch in one write, as long as the socket takes it without waiting; what it does not take, and
/// long data, is left to a thread of the connection's own, which otherwise sleeps.
///
/// ```
/// free --> sending, by whoever has replies --> free
///              |  the socket is full, or data is long
///              +--> handed over --> sent, by the connection's thread --> free ... ended
/// ```
///
/// When the client is gone it goes on until the last request in flight has come back, so that every
/// buffer returns to its pool.
final class ReplyWriter {
    private static final System.Logger LOG = System.getLogger("io.quoin.nbd");
    private static final int FREE = 0;
    private static final int SENDING = 1;
    private static final int ENDED = 2;

    private final Session session;
    private final Transport transport;
    private final ReplyBatch batch;
    private final ManyToOneConcurrentArrayQueue<Slot> queue;
    private final Bell bell = new Bell();
    private final Progress progress = new Progress();
    private final BlockDevice device;
    private final Thread thread;
    private final BooleanSupplier brokenOrRefusing;
    private final Runnable sendWhatHasEnded = this::sendWhatHasEnded;

    /// Whether somebody will send soon, of whoever enqueues.
    private final AtomicBoolean isDue = new AtomicBoolean();

    /// Who may take from the queue, use the batch and write.
    private final AtomicInteger state = new AtomicInteger(FREE);

    private volatile boolean isHandedOver;
    private volatile boolean isBroken;
    private volatile boolean isReaderDone;

    /// A bug: slots may be missing for ever.
    private volatile boolean isUnsound;

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
        this.session = session;
        this.transport = transport;
        device = terms.export().device();
        batch = new ReplyBatch(terms, output);
        queue = new ManyToOneConcurrentArrayQueue<>(Math.max(2, maxSlots));
        brokenOrRefusing = () -> isBroken || session.isRefusing();
        thread = Thread.ofPlatform().daemon(true).name(name + "-replies").unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /// Takes a request that has ended; any thread, never waits. The reply leaves when the thread is out of
    /// the volume.
    void enqueue(Slot slot) {
        boolean fits = queue.offer(slot);
        assert fits : "more replies than slots";
        if (!isDue.get() && !isDue.getAndSet(true)) {
            device.afterTurn(sendWhatHasEnded);
        }
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

    private void sendWhatHasEnded() {
        isDue.set(false);
        // Whoever is sending looks once more after it let go.
        while (!queue.isEmpty() && state.compareAndSet(FREE, SENDING)) {
            if (!sendAll(false)) {
                isHandedOver = true;
                bell.ring();
                return;
            }
            letGo();
        }
    }

    private void letGo() {
        state.set(FREE);
        if (isReaderDone) {
            bell.ring();
        }
    }

    private void run() {
        while (true) {
            bell.prepare();
            if (isHandedOver) {
                bell.cancel();
                isHandedOver = false;
                sendAll(true);
                letGo();
                sendWhatHasEnded();
            } else if (isReaderDone
                    && (isUnsound || session.isIdle())
                    && state.compareAndSet(FREE, ENDED)) {
                bell.cancel();
                break;
            } else {
                bell.sleep();
            }
        }
        isBroken = true;
        transport.close();
    }

    /// Sends what is left of the batch, then what has ended.
    ///
    /// @param mayWait whether to wait for the socket
    /// @return whether all of it was sent; else the batch keeps the rest
    private boolean sendAll(boolean mayWait) {
        try {
            do {
                Slot slot = batch.isFull() ? null : queue.poll();
                while (slot != null) {
                    take(slot);
                    slot = batch.isFull() ? null : queue.poll();
                }
                if (!send(mayWait)) {
                    return false;
                }
                if (!isBroken) {
                    replies.add(batch.slotCount());
                    readBytes.add(batch.dataBytes());
                }
                for (int i = 0; i < batch.slotCount(); i++) {
                    session.release(batch.slot(i));
                }
                batch.clear();
                session.ringForRoom();
            } while (!queue.isEmpty());
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, thread.getName() + " failed: connection closed", e);
            isUnsound = true;
            batch.clear(); // some may have been given back already: better lost than twice
            fail();
        }
        return true;
    }

    private void fail() {
        isBroken = true;
        transport.close();
        progress.end();
        session.ringForRoom();
    }

    private void take(Slot slot) {
        if (isBroken) {
            batch.addUnanswered(slot);
        } else if (batch.add(slot) != ReplyError.NONE) {
            errors.add(1);
        }
    }

    private boolean send(boolean mayWait) {
        if (isBroken || batch.slotCount() == 0) {
            return true;
        }
        writes.add(1);
        try {
            if (!mayWait) {
                return batch.tryWriteTo(transport);
            }
            batch.writeTo(transport, progress);
        } catch (IOException e) {
            fail(); // the client is gone; closing tells the reader, if it does not know yet
        }
        return true;
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
