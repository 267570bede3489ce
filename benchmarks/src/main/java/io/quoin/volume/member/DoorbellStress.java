package io.quoin.volume.member;

import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.Z_Result;

/// A consumer that finds nothing and parks is woken by whoever publishes at that moment.
@JCStressTest
@Outcome(id = "true", expect = Expect.ACCEPTABLE, desc = "saw the work, or was woken for it")
@Outcome(id = "false", expect = Expect.FORBIDDEN, desc = "slept through it")
@State
public class DoorbellStress {
    private static final long LONG_NANOS = 2_000_000_000L;

    private final Doorbell bell = new Doorbell();
    private volatile boolean hasWork;

    /// Publishes.
    @Actor
    public void publisher() {
        hasWork = true;
        bell.ring();
    }

    /// Waits as a stage does: again when it woke for nothing.
    ///
    /// @param result whether the work was seen in time
    @Actor
    public void consumer(Z_Result result) {
        long start = System.nanoTime();
        while (!hasWork && System.nanoTime() - start < LONG_NANOS) {
            bell.await(() -> hasWork, LONG_NANOS);
        }
        result.r1 = System.nanoTime() - start < LONG_NANOS;
    }
}
