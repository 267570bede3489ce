package io.quoin.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.daemon.config.Recurrence;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.member.Witness;
import java.time.Clock;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.Test;

/// Volumes made on the first of the month at noon, looked at later.
class ScrubScheduleTest {
    private static final Instant MADE = Instant.parse("2026-11-01T12:00:00Z");

    private final List<String> scrubbed = new ArrayList<>();

    private record Made(String name, String state, List<JobRecord> jobs, List<String> scrubbed)
            implements ScrubSchedule.Scrubbed {
        @Override
        public VolumeStatus status() throws VolumeException {
            if (state.equals("silent")) {
                throw new VolumeException("no answer");
            }
            return new VolumeStatus(
                    name,
                    new UUID(0, 1),
                    MADE.toEpochMilli(),
                    "raid1",
                    1,
                    1,
                    1,
                    1L << 30,
                    0,
                    16_384,
                    "crc32c",
                    state,
                    1,
                    "",
                    Witness.Membership.of(1, List.of()),
                    1,
                    List.of(),
                    jobs,
                    8192,
                    0,
                    0,
                    0,
                    0,
                    Map.of());
        }

        @Override
        public void scrub() {
            scrubbed.add(name);
        }
    }

    private Made volume(String name, JobRecord... jobs) {
        return new Made(name, "optimal", List.of(jobs), scrubbed);
    }

    private static JobRecord job(int kind, int state, String finished) {
        long millis = finished.isEmpty() ? 0 : Instant.parse(finished).toEpochMilli();
        return new JobRecord(1, kind, state, 0, 0, 0, millis, 0, 0, 0, 0, JobOrigin.UNKNOWN);
    }

    private void look(String now, String from, String until, Made... volumes) {
        Recurrence settings = new Recurrence(7, LocalTime.parse(from), LocalTime.parse(until));
        Clock clock = Clock.fixed(Instant.parse(now), ZoneOffset.UTC);
        new ScrubSchedule(settings, clock, () -> List.of(volumes)).look();
    }

    @Test
    void aVolumeIsDueAWeekAfterItWasMadeAndAWeekAfterItsLastScrub() {
        Made fresh = volume("fresh");
        Made done = volume("done", job(JobRecord.SCRUB, JobRecord.DONE, "2026-11-05T00:00:00Z"));
        look("2026-11-08T11:59:59Z", "00:00", "00:00", fresh, done);
        assertThat(scrubbed).isEmpty();
        look("2026-11-08T12:00:00Z", "00:00", "00:00", fresh, done);
        assertThat(scrubbed).containsExactly("fresh");
        look("2026-11-12T00:00:00Z", "00:00", "00:00", done);
        assertThat(scrubbed).containsExactly("fresh", "done");
    }

    @Test
    void scrubsBeginWithinTheWindowAlsoAcrossMidnight() {
        Made due = volume("due");
        look("2026-11-20T12:00:00Z", "22:00", "04:00", due);
        look("2026-11-20T04:00:00Z", "22:00", "04:00", due);
        look("2026-11-20T09:59:00Z", "10:00", "11:00", due);
        assertThat(scrubbed).isEmpty();
        look("2026-11-20T22:00:00Z", "22:00", "04:00", due);
        look("2026-11-20T03:59:00Z", "22:00", "04:00", due);
        look("2026-11-20T10:00:00Z", "10:00", "11:00", due);
        assertThat(scrubbed).hasSize(3);
    }

    @Test
    void whatIsUnderWayPausedOrCancelledIsTheOperatorsBusiness() {
        look(
                "2026-11-20T12:00:00Z",
                "00:00",
                "00:00",
                volume("running", job(JobRecord.SCRUB, JobRecord.RUNNING, "")),
                volume("paused", job(JobRecord.SCRUB, JobRecord.PAUSED, "")),
                volume("rebuilding", job(JobRecord.REBUILD, JobRecord.RUNNING, "")),
                volume(
                        "cancelled",
                        job(JobRecord.SCRUB, JobRecord.CANCELLED, "2026-11-19T00:00:00Z")));
        assertThat(scrubbed).isEmpty();
    }

    @Test
    void oneScrubRunsAtATimeTheLongestDueFirst() {
        Made late = volume("late", job(JobRecord.SCRUB, JobRecord.DONE, "2026-11-05T00:00:00Z"));
        Made later = volume("later", job(JobRecord.SCRUB, JobRecord.DONE, "2026-11-03T00:00:00Z"));
        Made fresh = volume("fresh", job(JobRecord.SCRUB, JobRecord.DONE, "2026-11-19T00:00:00Z"));
        look("2026-11-20T12:00:00Z", "00:00", "00:00", late, fresh, later);
        assertThat(scrubbed).containsExactly("later");
        Made running = volume("running", job(JobRecord.SCRUB, JobRecord.RUNNING, ""));
        look("2026-11-20T12:00:00Z", "00:00", "00:00", late, running, later);
        assertThat(scrubbed).containsExactly("later");
    }

    @Test
    void oneThatCannotBeScrubbedKeepsNoOther() {
        Made silent = new Made("silent", "silent", List.of(), scrubbed);
        Made failed = new Made("failed", "failed", List.of(), scrubbed);
        look("2026-11-20T12:00:00Z", "00:00", "00:00", silent, failed, volume("due"));
        assertThat(scrubbed).containsExactly("due");
    }

    @Test
    void aClockThatWasAheadDoesNotPutScrubsOffForEver() {
        Made ahead = volume("ahead", job(JobRecord.SCRUB, JobRecord.DONE, "2036-01-01T00:00:00Z"));
        look("2026-11-20T12:00:00Z", "00:00", "00:00", ahead);
        assertThat(scrubbed).containsExactly("ahead");
    }
}
