package io.quoin.daemon.host;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;

/// A thread that looks whether something is due, time and again. A look that meets a bug is not the last one.
final class Periodic implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger("io.quoin.host");

    private final Thread thread;
    private volatile boolean isClosed;

    /// A thread that waits to be started.
    ///
    /// @param name its name
    /// @param period time between looks
    /// @param isAtOnce whether it looks as soon as it runs, and not a period later
    /// @param look what it does
    Periodic(String name, Duration period, boolean isAtOnce, Runnable look) {
        long nanos = period.toNanos();
        thread =
                Thread.ofPlatform()
                        .daemon(true)
                        .name(name)
                        .unstarted(() -> {
                            if (!isAtOnce) {
                                LockSupport.parkNanos(nanos);
                            }
                            while (!isClosed) {
                                carryOut(look);
                                LockSupport.parkNanos(nanos);
                            }
                        });
    }

    private void carryOut(Runnable look) {
        try {
            look.run();
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.ERROR, thread.getName() + ": a bug", e);
        }
    }

    void start() {
        thread.start();
    }

    /// {@return whether it is to end}
    boolean isClosed() {
        return isClosed;
    }

    /// Ends it after the look that is under way; does not wait.
    @Override
    public void close() {
        isClosed = true;
        LockSupport.unpark(thread);
    }
}
