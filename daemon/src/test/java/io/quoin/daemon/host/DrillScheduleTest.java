package io.quoin.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.daemon.config.Recurrence;
import io.quoin.volume.assembly.VolumeException;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Spares that were drilled at some time, looked at later.
class DrillScheduleTest {
    private final List<String> drilled = new ArrayList<>();

    private record Spare(String name, long lastMillis, boolean hasFailed, List<String> drilled)
            implements DrillSchedule.Drilled {
        @Override
        public void drill() throws VolumeException {
            switch (name) {
                case "busy" -> throw new VolumeException("a drill is under way");
                case "buggy" -> throw new IllegalStateException("a bug");
                default -> drilled.add(name);
            }
        }
    }

    private Spare spare(String name, String last) {
        return new Spare(
                name, last.isEmpty() ? 0 : Instant.parse(last).toEpochMilli(), false, drilled);
    }

    private Spare failed(String name, String last) {
        return new Spare(name, Instant.parse(last).toEpochMilli(), true, drilled);
    }

    private void look(String now, int days, String from, String until, Spare... spares) {
        Recurrence settings = new Recurrence(days, LocalTime.parse(from), LocalTime.parse(until));
        Clock clock = Clock.fixed(Instant.parse(now), ZoneOffset.UTC);
        new DrillSchedule("test", settings, clock, () -> List.of(spares)).look();
    }

    @Test
    void aSpareIsDueWhenItNeverWasDrilledAndAWeekAfterItWas() {
        Spare fresh = spare("fresh", "");
        Spare known = spare("known", "2026-11-05T00:00:00Z");
        look("2026-11-11T23:59:59Z", 7, "00:00", "00:00", known, fresh);
        assertThat(drilled).containsExactly("fresh");
        look("2026-11-12T00:00:00Z", 7, "00:00", "00:00", known);
        assertThat(drilled).containsExactly("fresh", "known");
    }

    @Test
    void drillsBeginWithinTheWindowAlsoAcrossMidnight() {
        Spare due = spare("due", "");
        look("2026-11-20T12:00:00Z", 7, "22:00", "04:00", due);
        look("2026-11-20T04:00:00Z", 7, "22:00", "04:00", due);
        assertThat(drilled).isEmpty();
        look("2026-11-20T22:00:00Z", 7, "22:00", "04:00", due);
        look("2026-11-20T03:59:00Z", 7, "22:00", "04:00", due);
        assertThat(drilled).hasSize(2);
    }

    @Test
    void oneThatFailedIsDrilledAgainAfterAnHourWithinTheWindow() {
        Spare failed = failed("failed", "2026-11-20T12:00:00Z");
        look("2026-11-20T12:59:59Z", 7, "00:00", "00:00", failed);
        look("2026-11-20T13:00:00Z", 7, "22:00", "04:00", failed);
        look("2026-11-20T13:00:00Z", 0, "00:00", "00:00", failed);
        assertThat(drilled).isEmpty();
        look("2026-11-20T13:00:00Z", 7, "00:00", "00:00", failed);
        look("2026-11-20T22:00:00Z", 7, "22:00", "04:00", failed);
        assertThat(drilled).hasSize(2);
    }

    @Test
    void noneIsDueWhenDrillsAreSwitchedOff() {
        look("2026-11-20T12:00:00Z", 0, "00:00", "00:00", spare("fresh", ""));
        assertThat(drilled).isEmpty();
    }

    @Test
    void oneThatCannotBeDrilledKeepsNoOther() {
        look(
                "2026-11-20T12:00:00Z",
                7,
                "00:00",
                "00:00",
                spare("busy", ""),
                spare("buggy", ""),
                spare("due", ""));
        assertThat(drilled).containsExactly("due");
    }

    @Test
    void aClockThatWasAheadDoesNotPutDrillsOffForEver() {
        look("2026-11-20T12:00:00Z", 7, "00:00", "00:00", spare("ahead", "2036-01-01T00:00:00Z"));
        assertThat(drilled).containsExactly("ahead");
    }
}
