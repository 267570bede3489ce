package io.quoin.daemon.observe;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.counter.VolumeEvent;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EventLogTest {
    @Test
    void keepsTheLastEventsInOrder() {
        EventLog log = new EventLog();
        for (int i = 1; i <= 1100; i++) {
            log.report(
                    i % 2 == 0 ? "even" : "odd", new VolumeEvent.JobChanged(i, "scrub", "went on"));
        }
        log.warn("even", "look");
        log.close();
        List<EventLog.Entry> all = log.last(5000, Optional.empty(), 0);
        assertThat(all).hasSize(1024);
        assertThat(all.getLast().id()).isEqualTo(1101);
        assertThat(all.getLast().level()).isEqualTo("warning");
        assertThat(all.getLast().kind()).isEqualTo("note");
        assertThat(all.getFirst().id()).isEqualTo(78);
        assertThat(log.last(2, Optional.of("odd"), 0))
                .extracting(EventLog.Entry::message)
                .containsExactly("scrub 1097: went on", "scrub 1099: went on");
        assertThat(log.last(10, Optional.empty(), 1100)).hasSize(1);
    }
}
