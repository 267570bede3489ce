package io.quoin.daemon.observe;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Timings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CountersFileTest {
    @TempDir Path folder;

    @Test
    void anotherProcessReadsWhatTheEngineCounts() throws IOException {
        Path path = folder.resolve("counters/orders");
        CountersFile file = CountersFile.create(path);
        Counters counters = new Counters(file.values());
        counters.add(Counters.Counter.REQUESTS, 3);
        counters.set(Counters.Counter.READ_ERRORS, -1);
        counters.timings().record(Timings.Span.COMMIT, 5_000);
        counters.timings().record(Timings.Span.COMMIT, 900_000);
        CountersFile.Contents found = CountersFile.read(path);
        Timings.Histogram commits = found.times().getFirst();
        assertThat(commits.label()).isEqualTo("commit");
        assertThat(commits.count()).isEqualTo(2);
        assertThat(commits.sumNanos()).isEqualTo(905_000);
        assertThat(commits.quantile(0.5)).isBetween(5_000L, 6_250L);
        assertThat(commits.quantile(0.99)).isBetween(900_000L, 1_125_000L);
        assertThat(found.times()).hasSize(Timings.Span.values().length);
        assertThat(found.counters())
                .hasSize(Counters.Counter.values().length)
                .containsEntry("requests", 3L)
                .containsEntry("read errors", -1L)
                .containsEntry("written bytes", 0L);
    }

    @Test
    void aNewFileDoesNotTouchTheOneThatIsMapped() throws IOException {
        Path path = folder.resolve("orders");
        CountersFile first = CountersFile.create(path);
        CountersFile second = CountersFile.create(path);
        new Counters(first.values()).add(Counters.Counter.REQUESTS, 1);
        new Counters(second.values()).add(Counters.Counter.REQUESTS, 2);
        assertThat(CountersFile.read(path).counters()).containsEntry("requests", 2L);
    }

    @Test
    void refusesWhatIsNoCountersFile() throws IOException {
        Path path = Files.writeString(folder.resolve("x"), "x".repeat(8192));
        assertThatThrownBy(() -> CountersFile.read(path))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("expected counters of Quoin");
        Path cut = folder.resolve("cut");
        CountersFile.create(cut);
        Files.write(cut, java.util.Arrays.copyOf(Files.readAllBytes(cut), 4500));
        assertThatThrownBy(() -> CountersFile.read(cut)).hasMessageContaining("was cut short");
    }
}
