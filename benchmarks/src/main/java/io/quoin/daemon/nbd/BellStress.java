package io.quoin.daemon.nbd;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.Z_Result;

/// A reply writer that finds no reply and sleeps is woken by whoever brings one at that moment.
@JCStressTest
@Outcome(id = "true", expect = Expect.ACCEPTABLE, desc = "saw it, or was woken")
@Outcome(id = "false", expect = Expect.FORBIDDEN, desc = "slept through it")
@State
public class BellStress {
    private static final long LONG_NANOS = 2_000_000_000L;

    private final Bell bell = new Bell();
    private volatile boolean isThere;

    /// Brings it.
    @Actor
    public void ringer() {
        isThere = true;
        bell.ring();
    }

    /// Waits for it.
    ///
    /// @param result whether it was seen in time
    @Actor
    public void sleeper(Z_Result result) {
        long start = System.nanoTime();
        while (!isThere && System.nanoTime() - start < LONG_NANOS) {
            bell.prepare();
            if (isThere) {
                bell.cancel();
            } else {
                bell.sleep(LONG_NANOS);
            }
        }
        result.r1 = System.nanoTime() - start < LONG_NANOS;
    }
}
