package io.quoin.volume.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Short histories of the production engine in simulated worlds, from seeds; `quoin simulate` runs more.
final class VolumeSimulation {
    @ParameterizedTest
    @EnumSource
    void noPromiseIsBroken(Profile profile) {
        int seeds =
                switch (profile) {
                    case EVERY_CRASH -> 4;
                    case REPAIRS, STORM -> 20;
                    default -> 40;
                };
        Simulator.Report report =
                Simulator.run(
                        new Simulator.Plan(
                                0,
                                seeds,
                                Long.MAX_VALUE,
                                List.of(profile),
                                Simulator.LAYOUTS,
                                Runtime.getRuntime().availableProcessors(),
                                false));
        System.out.println(profile + ": " + report.tally().total());
        if (report.failure() != null) {
            throw new AssertionError(
                    "quoin simulate " + report.failure().history().options(),
                    report.failure().cause());
        }
        assertThat(report.tally().runs()).isEqualTo((long) seeds * Simulator.LAYOUTS.size());
    }
}
