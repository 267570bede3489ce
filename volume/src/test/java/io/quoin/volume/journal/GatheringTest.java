package io.quoin.volume.journal;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.PriorityQueue;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// Goal: a crowd on a slow disk shares its batches, and nobody waits who gains nothing by it. Method: clients
/// of a model, each of which comes back some time after its answer, and a disk that takes one batch at a time.
final class GatheringTest {
    private static final long MICRO = 1000;
    private static final long MILLI = 1000 * MICRO;

    /// A disk, clients, and what a journal does with both.
    private static final class Model {
        private final Gathering gathering = new Gathering();
        private final SplittableRandom random = new SplittableRandom(1);
        private final PriorityQueue<Long> returns = new PriorityQueue<>();
        private final long batchNanos;
        private final long leastAway;
        private final long mostAway;
        private long now;
        private int queued;
        private int batches;
        private int commits;
        private long waited;
        private long longestWait;

        Model(int clients, long batchNanos, long leastAway, long mostAway) {
            this.batchNanos = batchNanos;
            this.leastAway = leastAway;
            this.mostAway = mostAway;
            for (int i = 0; i < clients; i++) {
                returns.add(away());
            }
        }

        private long away() {
            return now + leastAway + random.nextLong(mostAway - leastAway + 1);
        }

        private void arriveUntil(long end) {
            while (!returns.isEmpty() && returns.peek() <= end) {
                now = Math.max(now, returns.remove());
                gathering.at(now);
                gathering.arrived();
                queued++;
            }
        }

        Model run(int count) {
            batches = 0;
            commits = 0;
            waited = 0;
            while (batches < count) {
                if (queued == 0) {
                    arriveUntil(returns.peek());
                }
                long since = now;
                while (gathering.waitNanos() > 0) {
                    long end = now + gathering.waitNanos();
                    arriveUntil(returns.isEmpty() ? end : Math.min(end, returns.peek()));
                    if (returns.isEmpty() || returns.peek() > end) {
                        now = end;
                        gathering.at(now);
                    }
                }
                waited += now - since;
                longestWait = Math.max(longestWait, now - since);
                gathering.written();
                int size = queued;
                queued = 0;
                long end = now + batchNanos;
                arriveUntil(end);
                now = end;
                gathering.at(now);
                gathering.committed(size, queued);
                batches++;
                commits += size;
                for (int i = 0; i < size; i++) {
                    returns.add(away());
                }
            }
            return this;
        }

        double perBatch() {
            return (double) commits / batches;
        }
    }

    @Test
    void aCrowdOnASlowDiskSharesItsBatches() {
        Model crowd = new Model(32, MILLI, 20 * MICRO, 250 * MICRO);
        crowd.run(50);
        crowd.run(1000);
        assertThat(crowd.perBatch()).isGreaterThan(30);
        assertThat(crowd.longestWait).isLessThanOrEqualTo(MILLI / Gathering.SHARE);
    }

    @Test
    void oneAloneIsNeverKeptWaiting() {
        for (long away : new long[] {0, 50 * MICRO, 300 * MICRO, 5 * MILLI}) {
            Model alone = new Model(1, MILLI, away, away).run(1000);
            assertThat(alone.waited).as("away for %d", away).isZero();
        }
    }

    @Test
    void twoFallIntoStep() {
        Model two = new Model(2, MILLI, 20 * MICRO, 80 * MICRO);
        two.run(50);
        assertThat(two.run(1000).perBatch()).isGreaterThan(1.9);
    }

    @Test
    void nobodyWaitsForThoseWhoDoNotComeSoon() {
        Model slow = new Model(32, MILLI, 2 * MILLI, 20 * MILLI);
        slow.run(1000);
        assertThat(slow.waited).isLessThan(1000 * MILLI / 10);
    }

    @Test
    void nobodyWaitsOnAFastDisk() {
        Model fast = new Model(32, Gathering.LEAST_NANOS - 1, 20 * MICRO, 100 * MICRO);
        assertThat(fast.run(1000).waited).isZero();
    }

    @Test
    void aBatchThatStoodStillForAMinuteMakesNobodyWaitLong() {
        Model crowd = new Model(32, 60_000 * MILLI, 20 * MICRO, 250 * MICRO);
        crowd.run(50);
        assertThat(crowd.longestWait).isLessThanOrEqualTo(Gathering.MOST_NANOS / Gathering.SHARE);
    }
}
