package io.quoin.daemon.nbd;

import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/// Wakes the one thread that sleeps by it, and costs a ringer nothing but a fence when it is awake.
///
/// The sleeper calls {@link #prepare}, looks once more for what it waits for, then
/// {@link #sleep} or {@link #cancel}. The ringer makes its news visible, then calls {@link #ring}.
/// Each writes before it reads what the other wrote, so one of them sees the other.
final class Bell {
    private final AtomicReference<Thread> sleeper = new AtomicReference<>();

    void prepare() {
        sleeper.set(Thread.currentThread());
    }

    /// Sleeps until rung, or for no reason.
    void sleep() {
        if (sleeper.get() != null) {
            LockSupport.park(this);
        }
        sleeper.set(null);
    }

    /// Sleeps until rung, for no reason, or until time is up.
    void sleep(long nanos) {
        if (sleeper.get() != null) {
            LockSupport.parkNanos(this, nanos);
        }
        sleeper.set(null);
    }

    void cancel() {
        sleeper.set(null);
    }

    void ring() {
        VarHandle.fullFence();
        Thread thread = sleeper.get();
        if (thread != null && sleeper.compareAndSet(thread, null)) {
            LockSupport.unpark(thread);
        }
    }
}
