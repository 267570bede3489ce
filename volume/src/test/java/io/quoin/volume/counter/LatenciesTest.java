package io.quoin.volume.counter;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LatenciesTest {
    private final Latencies latencies = new Latencies();

    @Test
    void quantilesAreWithinASixteenthAbove() {
        SplittableRandom random = new SplittableRandom(7);
        long[] all = new long[10_000];
        for (int i = 0; i < all.length; i++) {
            all[i] = (long) (1_100 * Math.exp(random.nextDouble() * 14));
            latencies.record(all[i]);
        }
        Arrays.sort(all);
        for (double share : new double[] {0.001, 0.1, 0.5, 0.9, 0.99, 0.999, 1}) {
            long exact = all[(int) Math.ceil(share * all.length) - 1];
            assertThat(latencies.quantile(share))
                    .as("share " + share)
                    .isGreaterThanOrEqualTo(exact)
                    .isLessThanOrEqualTo(exact + exact / 16 + 1);
        }
    }

    @Test
    void whatIsOutsideCountsWithTheNearest() {
        latencies.record(-5);
        latencies.record(0);
        latencies.record(Long.MAX_VALUE);
        assertThat(latencies.count()).isEqualTo(3);
        assertThat(latencies.quantile(0.5)).isLessThan(1_100);
        assertThat(latencies.quantile(1)).isEqualTo(1L << 36);
    }

    @Test
    void forgets() {
        assertThat(latencies.quantile(0.99)).isZero();
        for (int i = 0; i < 8; i++) {
            latencies.record(5_000);
        }
        latencies.halve();
        assertThat(latencies.count()).isEqualTo(4);
        latencies.clear();
        assertThat(latencies.count()).isZero();
    }
}
