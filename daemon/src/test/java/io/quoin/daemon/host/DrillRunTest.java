package io.quoin.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.member.MemberDrill;
import java.io.IOException;
import java.nio.file.Path;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

/// Drills that end, leave off, fail, or are stuck in the device.
class DrillRunTest {
    private static final Path PATH = Path.of("/dev/s0");
    private static final long PATIENCE_MILLIS = 20_000;

    @Test
    void aDrillLeavesOffWhenItIsToGiveWay() {
        DrillRun run =
                DrillRun.start(
                        PATH,
                        isStopped -> {
                            while (!isStopped.getAsBoolean()) {
                                LockSupport.parkNanos(100_000);
                            }
                            return new MemberDrill.Stopped();
                        });
        assertThat(run.await(1)).isFalse();
        assertThat(run.giveWay(PATIENCE_MILLIS)).isTrue();
        assertThat(run.result()).isEqualTo(new MemberDrill.Stopped());
    }

    @Test
    void whoWaitsForOneThatIsStuckWaitsOnce() throws InterruptedException {
        CountDownLatch device = new CountDownLatch(1);
        DrillRun run =
                DrillRun.start(
                        PATH,
                        isStopped -> {
                            try {
                                device.await();
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                            return new MemberDrill.Stopped();
                        });
        AtomicInteger released = new AtomicInteger();
        CountDownLatch isReleased = new CountDownLatch(1);
        run.whenEnded(released::incrementAndGet);
        run.whenEnded(isReleased::countDown);
        assertThat(run.giveWay(50)).isFalse();
        long begin = System.nanoTime();
        assertThat(run.giveWay(PATIENCE_MILLIS)).isFalse();
        assertThat(System.nanoTime() - begin).isLessThan(PATIENCE_MILLIS * 1_000_000 / 2);
        assertThat(released.get()).isZero();

        device.countDown();

        assertThat(run.await(PATIENCE_MILLIS)).isTrue();
        assertThat(isReleased.await(PATIENCE_MILLIS, TimeUnit.MILLISECONDS)).isTrue();
        run.whenEnded(released::incrementAndGet);
        assertThat(released.get()).isEqualTo(2);
    }

    @Test
    void whatIsThrownIsAFailureInWords() {
        assertThat(
                        failure(isStopped -> {
                            throw new IOException("/dev/s0: read-only, a member must be writable");
                        }))
                .isEqualTo("read-only, a member must be writable");
        assertThat(
                        failure(isStopped -> {
                            throw new VolumeException(
                                    "/dev/s0: in use by volume orders of this daemon");
                        }))
                .isEqualTo("in use by volume orders of this daemon");
        assertThat(
                        failure(isStopped -> {
                            throw new IllegalStateException("oops");
                        }))
                .contains("a bug", "oops");
    }

    private static String failure(DrillRun.Work work) {
        DrillRun run = DrillRun.start(PATH, work);
        assertThat(run.await(PATIENCE_MILLIS)).isTrue();
        return ((MemberDrill.Failed) run.result()).reason();
    }
}
