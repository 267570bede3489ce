package io.quoin.volume.member;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import org.openjdk.jcstress.annotations.Actor;
import org.openjdk.jcstress.annotations.Arbiter;
import org.openjdk.jcstress.annotations.Expect;
import org.openjdk.jcstress.annotations.JCStressTest;
import org.openjdk.jcstress.annotations.Outcome;
import org.openjdk.jcstress.annotations.State;
import org.openjdk.jcstress.infra.results.ZZI_Result;

/// A read is handed over or given up, never both; and memory of one that was given up may be used again
/// at once.
@JCStressTest
@Outcome(id = "true, false, 1", expect = Expect.ACCEPTABLE, desc = "handed over")
@Outcome(
        id = "false, true, 2",
        expect = Expect.ACCEPTABLE,
        desc = "given up, and its memory used again")
@Outcome(
        expect = Expect.FORBIDDEN,
        desc = "both, neither, or a late read in memory that was used again")
@State
public class AbandonStress {
    private static final MemorySegment READ = Arena.global().allocate(8, 8).fill((byte) 1);

    private final MemorySegment target = MemorySegment.ofArray(new byte[8]);
    private final IoLanes.Event event = new IoLanes.Event();
    private final Io io = new Io();

    /// A read under way.
    public AbandonStress() {
        io.set(Io.Kind.READ, target, 0, 8, 0);
        event.take(io);
    }

    /// The lane: the device is done.
    ///
    /// @param result whether it handed over
    @Actor
    public void lane(ZZI_Result result) {
        Io taken = event.owner();
        if (taken != null) {
            event.work.result = IoResult.OK;
            result.r1 = event.handOver(taken, READ);
        }
    }

    /// The engine: the limit is over.
    ///
    /// @param result whether it gave up
    @Actor
    public void engine(ZZI_Result result) {
        result.r2 = event.abandon(io);
        if (result.r2) {
            target.set(ValueLayout.JAVA_BYTE, 0, (byte) 2);
        }
    }

    /// Looks at the memory.
    ///
    /// @param result what it has
    @Arbiter
    public void look(ZZI_Result result) {
        result.r3 = target.get(ValueLayout.JAVA_BYTE, 0);
    }
}
