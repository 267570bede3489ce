package io.quoin.codec.kernel;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import org.junit.jupiter.api.Test;

final class KernelTrialTest {
    private static final int MANY = 200_000;

    /// A clock by which the first half of a round takes so long, and the second half so.
    private static LongSupplier clock(int scalarNanos, int vectorNanos) {
        long[] state = new long[2];
        return () -> {
            int[] steps = {1, scalarNanos, vectorNanos};
            state[0] += steps[(int) (state[1]++ % 3)];
            return state[0];
        };
    }

    private static KernelTrial.Verdict judge(KernelTrial trial, LongSupplier clock) {
        KernelTrial.Verdict verdict = KernelTrial.Verdict.GO_ON;
        for (int i = 0; i < MANY && verdict == KernelTrial.Verdict.GO_ON; i++) {
            verdict = trial.round(clock);
        }
        return verdict;
    }

    @Test
    void everyVectorKernelOfThisMachineIsRightUntilItIsWarm() {
        for (KernelTrial each : Kernels.trials()) {
            assertThat(judge(each, clock(2, 1)))
                    .as(each.name())
                    .isEqualTo(KernelTrial.Verdict.WARM);
        }
    }

    @Test
    void aKernelIsTakenWhenItIsTheFasterOne() {
        Warmth warmth = new Warmth();
        warmth.begin(() -> {});
        assertThat(judge(new Same(warmth), clock(2, 1))).isEqualTo(KernelTrial.Verdict.WARM);
        assertThat(warmth.isCold()).isFalse();
    }

    @Test
    void aKernelThatDoesNotBecomeFasterIsNotTaken() {
        Warmth warmth = new Warmth();
        warmth.begin(() -> {});
        assertThat(judge(new Same(warmth), clock(2, 2))).isEqualTo(KernelTrial.Verdict.SLOW);
        assertThat(warmth.isCold()).isTrue();
    }

    @Test
    void aKernelThatIsOnceWrongIsNotTaken() {
        Warmth warmth = new Warmth();
        warmth.begin(() -> {});
        KernelTrial trial = new WrongOnce(warmth, 1711);
        assertThat(judge(trial, clock(2, 1))).isEqualTo(KernelTrial.Verdict.WRONG);
        assertThat(trial.rounds()).isEqualTo(1711);
        assertThat(warmth.isCold()).isTrue();
    }

    @Test
    void kernelsAreWarmUnlessTheyWereMadeCold() {
        Warmth warmth = new Warmth();
        assertThat(warmth.isCold()).isFalse();
        assertThat(warmth.isWanted()).isFalse();
    }

    @Test
    void theFirstWhoUsesAColdKernelIsHeard() {
        Warmth warmth = new Warmth();
        AtomicInteger calls = new AtomicInteger();
        warmth.begin(calls::incrementAndGet);
        assertThat(warmth.isWanted()).isFalse();
        assertThat(warmth.isCold()).isTrue();
        assertThat(warmth.isCold()).isTrue();
        assertThat(warmth.isWanted()).isTrue();
        assertThat(calls).hasValue(1);
        warmth.end();
        assertThat(warmth.isCold()).isFalse();
        assertThat(warmth.isWanted()).isFalse();
    }

    private static class Same extends KernelTrial {
        Same(Warmth warmth) {
            super("same", warmth);
        }

        @Override
        void workByScalar(int round) {}

        @Override
        void workByVector(int round) {}

        @Override
        boolean isSame() {
            return true;
        }
    }

    private static final class WrongOnce extends Same {
        private final int wrong;

        WrongOnce(Warmth warmth, int wrong) {
            super(warmth);
            this.wrong = wrong;
        }

        @Override
        boolean isSame() {
            return rounds() != wrong;
        }
    }
}
