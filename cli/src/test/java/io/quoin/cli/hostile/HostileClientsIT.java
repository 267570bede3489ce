package io.quoin.cli.hostile;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A quarter of a minute of what `.ci/hostile` does for as long as one likes.
class HostileClientsIT {
    private static final int SECONDS = 15;

    @Test
    @Timeout(180)
    void hostileClientsHarmNobodyElse() throws Exception {
        HostileRun.Report report =
                HostileRun.run(
                        new HostileRun.Plan(
                                Path.of(System.getProperty("quoin.dist")),
                                20_261_120,
                                0,
                                Long.MAX_VALUE / 2,
                                SECONDS,
                                16,
                                true));
        System.out.println(report);
        assertThat(report.findings()).isEmpty();
        assertThat(report.mostIdle()).as("connections at a time").isEqualTo(1000);
        assertThat(report.answers()).as("answers to the good client").isGreaterThan(100);
        // A busy machine plays a tenth of what a quiet one does.
        assertThat(report.played()).as("sessions").isGreaterThan(SECONDS * 50);
    }
}
