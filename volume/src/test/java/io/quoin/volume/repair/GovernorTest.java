package io.quoin.volume.repair;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.quoin.volume.intake.Request;
import java.util.SplittableRandom;
import java.util.function.DoubleUnaryOperator;
import org.junit.jupiter.api.Test;

/// A client and a job in simulated time: what the client waits depends on how fast the job was.
class GovernorTest {
    private static final long MIB = 1 << 20;
    private static final long TASK_BYTES = 128 << 10;
    private static final long STEP_NANOS = 200_000;

    private boolean isAsked;
    private final Governor governor = new Governor(() -> isAsked);
    private final Request commit = new Request(request -> {}, null);
    private final SplittableRandom random = new SplittableRandom(11);
    private long now = -5_000_000_000L; // a monotonic clock may be negative
    private long takenBytes;
    private long restedNanos;

    GovernorTest() {
        commit.op = Request.Op.WRITE;
        governor.at(now);
    }

    /// Lets seconds pass: a commit each step, unless micros is null.
    private void pass(double seconds, boolean isWorking, DoubleUnaryOperator micros) {
        long until = now + (long) (seconds * 1e9);
        double recent = 0; // bytes a second
        while (now < until) {
            now += STEP_NANOS;
            governor.at(now);
            double bytes = 0;
            if (isWorking) {
                governor.step(0);
                while (governor.mayTake() && bytes < 4 * MIB) {
                    governor.taken(TASK_BYTES);
                    bytes += TASK_BYTES;
                }
                restedNanos += bytes == 0 && governor.waitNanos() > 50_000_000 ? STEP_NANOS : 0;
            }
            takenBytes += (long) bytes;
            recent = 0.9 * recent + 0.1 * bytes * 1e9 / STEP_NANOS;
            if (micros != null) {
                double wait =
                        micros.applyAsDouble(recent / MIB) * (0.8 + 0.4 * random.nextDouble());
                commit.submittedNanos = now - (long) (wait * 1_000);
                governor.ended(commit);
            }
        }
    }

    @Test
    void withoutClientsThereIsNoLimit() {
        governor.begin();
        pass(1, true, null);
        assertThat(governor.bytesPerSecond()).isZero();
        assertThat(takenBytes).isGreaterThan(1_000 * MIB);
    }

    @Test
    void aClientThatWaitsLongIsNotTakenForNone() {
        pass(3, false, rate -> 200);
        governor.begin();
        pass(5, true, rate -> rate > 0.1 ? 2_000 : 200);
        takenBytes = 0;
        isAsked = true;
        pass(2, true, null); // its request takes two seconds
        assertThat(takenBytes / 2 / MIB).isLessThan(100);
    }

    @Test
    void takesWhatClientsDoNotFeel() {
        pass(3, false, rate -> 200);
        governor.begin();
        pass(60, true, rate -> 200 + rate / 4); // 1.3 times at 240 MiB a second
        takenBytes = 0;
        pass(60, true, rate -> 200 + rate / 4);
        assertThat(takenBytes / 60 / MIB).isBetween(150L, 330L);
        assertThat(restedNanos)
                .as("rests, so that the baseline moves")
                .isGreaterThan(1_000_000_000L);
    }

    @Test
    void keepsToTheFloorWhenClientsFeelEverything() {
        pass(3, false, rate -> 200);
        governor.begin();
        pass(20, true, rate -> rate > 0.1 ? 2_000 : 200);
        takenBytes = 0;
        pass(20, true, rate -> rate > 0.1 ? 2_000 : 200);
        long floor = GovernorLimits.DEFAULT.floorBytes();
        assertThat(takenBytes / 20).isBetween(floor * 8 / 10, floor * 15 / 10);
    }

    @Test
    void keepsToTheCeilingWithAndWithoutClients() {
        governor.setLimits(GovernorLimits.DEFAULT.withCeiling(20 * MIB));
        governor.begin();
        pass(10, true, null);
        assertThat(takenBytes / 10).isBetween(19 * MIB, 21 * MIB);
        takenBytes = 0;
        pass(10, true, rate -> 100);
        assertThat(takenBytes / 10).isBetween(10 * MIB, 21 * MIB);
    }

    @Test
    void aCeilingCountsBeforeTheFloor() {
        governor.setLimits(GovernorLimits.DEFAULT.withCeiling(MIB));
        governor.begin();
        pass(10, true, rate -> 100);
        assertThat(takenBytes / 10).isLessThanOrEqualTo(MIB + TASK_BYTES);
    }

    @Test
    void aHeavierLoadBecomesTheBaseline() {
        pass(3, false, rate -> 200);
        governor.begin();
        pass(10, true, rate -> 200);
        pass(120, true, rate -> 800); // more clients, which the job does not slow
        takenBytes = 0;
        pass(10, true, rate -> 800);
        assertThat(takenBytes / 10 / MIB).isGreaterThan(100);
    }

    @Test
    void clientsThatComeDuringAJobAreMeasuredWithoutIt() {
        governor.begin();
        pass(5, true, null);
        pass(60, true, rate -> 200 + rate / 4);
        takenBytes = 0;
        pass(30, true, rate -> 200 + rate / 4);
        assertThat(takenBytes / 30 / MIB).isBetween(150L, 330L);
    }

    @Test
    void limitsThatMakeNoSenseAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GovernorLimits(100, 1, 0))
                .withMessage("latency percent: expected from 101 to 100000, was 100");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GovernorLimits(130, 0, 0))
                .withMessageContaining("floor: expected at least 1 byte");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new GovernorLimits(130, 1, -1))
                .withMessageContaining("ceiling: expected 0 or more");
    }
}
