package io.quoin.daemon.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.daemon.config.ConfigException;
import io.quoin.daemon.config.DrillVerdict;
import io.quoin.daemon.config.Recurrence;
import io.quoin.daemon.config.SpareSettings;
import io.quoin.daemon.config.StateDirectory;
import io.quoin.daemon.nbd.NbdServer;
import io.quoin.daemon.nbd.NbdSettings;
import io.quoin.daemon.observe.EventLog;
import io.quoin.volume.EngineSettings;
import io.quoin.volume.assembly.VolumeException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Drills of spares on real files, of a host without volumes.
class SpareDrillsTest {
    private static final long BYTES = 48L << 20;

    @TempDir Path folder;
    private StateDirectory state;
    private EventLog events;
    private NbdServer nbd;
    private VolumeHost host;
    private SparePool spares;

    @BeforeEach
    void start() throws ConfigException {
        state = StateDirectory.open(folder.resolve("state"));
        events = new EventLog();
        nbd = new NbdServer(NbdSettings.DEFAULT);
        host = new VolumeHost(nbd, state, EngineSettings.DEFAULT, events);
        spares = host.spares();
        spares.start();
    }

    @AfterEach
    void stop() {
        spares.close();
        nbd.close();
        events.close();
        state.close();
    }

    private Path spare(String name) throws IOException, VolumeException {
        Path path = folder.resolve(name);
        resize(path, BYTES);
        spares.add(new SpareSettings(path, List.of()), false);
        return path;
    }

    private static void resize(Path path, long bytes) throws IOException {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(bytes);
        }
    }

    /// Waits for events, which are taken by a thread of their own.
    private void awaitEvents(int count) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (events.last(10, Optional.empty(), 0).size() < count) {
            assertThat(System.nanoTime()).as("no more than 30 s").isLessThan(end);
            Thread.sleep(10);
        }
    }

    private String failure(Path path) throws VolumeException {
        List<SpareDrills.Drill> drills = spares.drills().drill(Optional.of(path));
        assertThat(drills).hasSize(1);
        return drills.getFirst().verdict().orElseThrow().failure();
    }

    @Test
    void howEachSpareDidIsShownAndOutlivesTheDaemon() throws Exception {
        Path good = spare("good");
        Path gone = spare("gone");
        spare("never");
        Files.delete(gone);
        assertThat(failure(good)).isEmpty();
        assertThat(failure(gone)).isEqualTo("missing: no such file or device");
        DrillVerdict verdict = spares.list().getFirst().verdict().orElseThrow();
        assertThat(verdict.isOk()).isTrue();
        assertThat(verdict.medianMicros()).isBetween(1L, verdict.slowestMicros());
        assertThat(verdict.bytesPerSecond()).isPositive();
        assertThat(spares.list()).noneMatch(SparePool.Spare::isBeingDrilled);
        assertThat(spares.list().getLast().verdict()).isEmpty();
        assertThat(Arrays.mismatch(Files.readAllBytes(good), new byte[(int) BYTES])).isEqualTo(-1);

        stop();
        start();

        assertThat(spares.list().get(0).verdict()).hasValue(verdict);
        assertThat(spares.list().get(1).verdict().orElseThrow().failure()).startsWith("missing");
        assertThat(spares.list().get(2).verdict()).isEmpty();
        spares.remove(good);
        assertThat(state.drills()).extracting(DrillVerdict::path).containsExactly(gone);
    }

    @Test
    void whatIsWrongWithASpareIsSaid() throws Exception {
        Path path = spare("s0");
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.seek(8192);
            file.write(7);
        }
        assertThat(failure(path))
                .startsWith("not blank: expected a blank member, found bytes other than zeros");
        assertThat(failure(path)).startsWith("not blank: "); // said once
        resize(path, 0);
        resize(path, 2 << 20);
        assertThat(failure(path)).startsWith("too small: expected at least 3149824 bytes, found");
        resize(path, BYTES);
        assertThat(failure(path)).isEmpty();
        assertThatThrownBy(() -> failure(folder.resolve("s1")))
                .isInstanceOf(VolumeException.class)
                .hasMessage(
                        folder.resolve("s1") + ": expected one of the spares, which are " + path);
        awaitEvents(3);
        assertThat(events.last(10, Optional.empty(), 0))
                .extracting(EventLog.Entry::message)
                .satisfiesExactly(
                        first -> assertThat(first).contains(path + " failed its drill: not blank"),
                        next -> assertThat(next).contains(path + " failed its drill: too small"),
                        last -> assertThat(last).contains(path + " passed its drill"));
    }

    @Test
    void allAreDrilledOneAfterTheOtherAndNobodyElseMeanwhile() throws Exception {
        assertThat(spares.drills().drill(Optional.empty())).isEmpty();
        Path first = spare("s0");
        Path second = spare("s1");
        CompletableFuture<List<SpareDrills.Drill>> all =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return spares.drills().drill(Optional.empty());
                    } catch (VolumeException e) {
                        throw new AssertionError(e);
                    }
                });
        while (spares.list().stream().noneMatch(SparePool.Spare::isBeingDrilled)) {
            assertThat(all).isNotDone();
            Thread.onSpinWait();
        }
        assertThatThrownBy(() -> failure(second))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("expected no other one under way, found that of all spares");
        assertThat(all.get(60, TimeUnit.SECONDS))
                .extracting(SpareDrills.Drill::path)
                .containsExactly(first, second);
        assertThat(failure(second)).isEmpty();
    }

    @Test
    void aSpareThatIsTakenAwayAmidItsDrillIsLetGoOf() throws Exception {
        Path path = spare("s0");
        CompletableFuture<SpareDrills.Drill> drill =
                CompletableFuture.supplyAsync(() -> {
                    try {
                        return spares.drills().drill(Optional.of(path)).getFirst();
                    } catch (VolumeException e) {
                        throw new AssertionError(e);
                    }
                });
        while (spares.list().stream().noneMatch(SparePool.Spare::isBeingDrilled)) {
            assertThat(drill).isNotDone();
            Thread.onSpinWait();
        }
        spares.remove(path);
        assertThat(drill.get(60, TimeUnit.SECONDS).verdict()).isEmpty();
        spares.add(new SpareSettings(path, List.of()), false);
        assertThat(failure(path)).isEmpty();
    }

    @Test
    void theScheduleDrillsWhatIsDue() throws Exception {
        Path path = spare("s0");
        DrillSchedule schedule = host.drillSchedule(Recurrence.DEFAULT, Clock.systemDefaultZone());
        schedule.look();
        DrillVerdict verdict = spares.list().getFirst().verdict().orElseThrow();
        assertThat(verdict.path()).isEqualTo(path);
        assertThat(System.currentTimeMillis() - verdict.endedMillis())
                .isLessThan(Duration.ofMinutes(1).toMillis());
        schedule.look();
        assertThat(spares.list().getFirst().verdict()).hasValue(verdict);
    }
}
