package io.quoin.volume;

import java.lang.invoke.VarHandle;
import java.util.concurrent.atomic.AtomicBoolean;

/// Says whose turn it is. Whoever has news publishes them and then asks for the turn; who is refused may
/// leave, if whoever has it looks for news once more after letting go:
///
/// ```
/// publisher:  publish; fence; taken?  yes: leave it to whoever has the turn
/// holder:     let go;  fence; news?   yes: ask again
/// ```
///
/// Each writes before it reads what the other wrote, so one of them sees the other.
///
/// Thread-safe.
final class Baton {
    private final AtomicBoolean isTaken = new AtomicBoolean(true);

    /// Asks for the turn, after whatever the thread wrote is visible. From the start somebody has it.
    ///
    /// @return whether it is this thread's now
    boolean tryTake() {
        VarHandle.fullFence();
        return !isTaken.get() && isTaken.compareAndSet(false, true);
    }

    /// Lets the next one have it; what this thread reads from now on is as new as what others write before
    /// they are refused.
    void letGo() {
        isTaken.set(false);
        VarHandle.fullFence();
    }
}
