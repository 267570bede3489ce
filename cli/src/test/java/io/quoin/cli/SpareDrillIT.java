package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Spares that are drilled: what is said of them, which is taken, and what a drill leaves when it does not come to its end.
class SpareDrillIT {
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int MIB = 1 << 20;

    @TempDir Path folder;
    private Installation here;

    @BeforeEach
    void install() {
        here = new Installation(folder);
    }

    @AfterEach
    void remove() throws IOException {
        here.close();
    }

    private Path spare(String name, long mib) throws IOException {
        Path path = here.file(name, mib * MIB);
        here.done("spare", "add", "@" + name);
        return path;
    }

    private void create() throws IOException {
        here.done("create", "orders", "--level", "raid1", "--size", "160M", "@m0", "@m1");
    }

    private JsonObject listed(Path spare) throws IOException {
        return here.json("spare", "list").getArray("spares").stream()
                .map(each -> (JsonObject) each)
                .filter(each -> each.getString("path").equals(spare.toString()))
                .findFirst()
                .orElseThrow();
    }

    /// Waits until a drill has begun to write.
    private static void awaitWriting(Path spare) throws InterruptedException {
        Workbench.await(
                "a drill of " + spare,
                PATIENCE,
                () -> {
                    try (var file = new RandomAccessFile(spare.toFile(), "r")) {
                        file.seek(MIB);
                        return file.readLong() != 0;
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    private CompletableFuture<Shell.Result> drillMeanwhile(String name) {
        return CompletableFuture.supplyAsync(() -> {
            try {
                return here.quoin("spare", "drill", "@" + name);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        });
    }

    @Test
    void howSparesDidIsShownAndOutlivesTheDaemon() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        create();
        Path path = spare("s0", 160);
        spare("s1", 170);
        assertThat(here.done("spare", "list")).containsPattern("s0 +160 MiB +any +ready +never");
        assertThat(here.done("status", "orders"))
                .contains(path + ": 160 MiB, for any volume, ready, never drilled");

        String drilled = here.done("spare", "drill");

        assertThat(drilled)
                .containsPattern("s0 +ok +\\d+ us +\\d+ us +\\d+ MiB/s")
                .containsPattern("s1 +ok +\\d+ us");
        assertThat(Arrays.mismatch(Files.readAllBytes(path), new byte[160 * MIB])).isEqualTo(-1);
        assertThat(here.done("status", "orders"))
                .containsPattern("s0: 160 MiB, .*, drilled just now: ok, \\d+ us, \\d+ MiB/s");
        JsonObject verdict = listed(path).getObject("drill");
        assertThat(verdict.getString("state")).isEqualTo("ok");
        assertThat(verdict.getLong("medianMicros")).isBetween(1L, verdict.getLong("slowestMicros"));
        JsonArray drills = here.json("spare", "drill", "@s1").getArray("drills");
        assertThat(drills).hasSize(1);
        assertThat(drills.getObject(0).getString("state")).isEqualTo("ok");
        here.refused(1, "expected one of the spares", "spare", "drill", "@m0");
        here.refused(2, "Unmatched argument", "spare", "drill", "@s0", "@s1");

        daemon.stop();
        here.serve();

        assertThat(listed(path).getObject("drill")).isEqualTo(verdict);
        here.done("spare", "remove", "@s0");
        here.done("spare", "add", "@s0");
        assertThat(listed(path).has("drill")).isFalse();
    }

    /// Goal: a spare that would not do is found while nobody needs it, and is not taken while another one would do. Method: cut
    /// one short, drill, make it whole again without a drill, lose one member, then another.
    @Test
    void aSpareThatFailsItsDrillIsTakenWhenThereIsNoOther() throws Exception {
        here.serve();
        create();
        here.qemuIo("orders", "write -P 9 0 8M");
        Path large = spare("large", 170);
        spare("small", 160);
        here.done("spare", "drill", "@large");
        here.file("large", 100L * MIB);

        Shell.Result result = here.quoin("spare", "drill");

        String failure = "too small: expected at least 167772160 bytes, as the members of orders";
        Installation.expectRefusal(result, 1, "1 of 2 drills not passed: " + large, "quoin: ");
        assertThat(result.out()).containsPattern("large +failed.*" + failure).contains("small");
        assertThat(here.done("events"))
                .contains("spare " + large + " failed its drill: " + failure);
        assertThat(here.done("status", "orders")).contains("drilled just now: FAILED: " + failure);
        assertThat(listed(large).getObject("drill").getString("state")).isEqualTo("failed");

        here.file("large", 170L * MIB);
        here.done("member", "fail", "orders", "0", "--yes");
        here.awaitOptimal("orders", "small");
        here.done("member", "fail", "orders", "1", "--yes");
        here.awaitOptimal("orders", "large");
        assertThat(here.done("events", "--count", "50"))
                .contains("no other was left, and it failed its last drill: too small");
        here.qemuIo("orders", "read -P 9 0 8M");
    }

    @Test
    void aSpareThatPassesAfterAFailureIsSaidToBeWellAgain() throws Exception {
        here.serve();
        Path path = spare("s0", 64);
        Files.delete(path);
        Shell.Result result = here.quoin("spare", "drill", "@s0", "--json");
        assertThat(result.exitCode()).isEqualTo(1);
        assertThat(result.out().lines().toList().getFirst())
                .contains("\"failed\"", "missing: no such file or device");
        here.file("s0", 64L * MIB);
        here.done("spare", "drill", "@s0");
        assertThat(here.done("events"))
                .contains("spare " + path + " failed its drill: missing")
                .contains("spare " + path + " passed its drill, the one before it had failed");
    }

    /// Goal: a crash in a drill leaves a spare. Method: kill -9 when a drill has begun to write, each time a little later; then the
    /// spare is taken, or drilled again, after which nothing is left of the first drill.
    @Test
    void aCrashInADrillLeavesASpare() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        create();
        here.qemuIo("orders", "write -P 9 0 8M");
        for (int round = 0; round < 4; round++) {
            String name = "s" + round;
            Path path = spare(name, 160);
            CompletableFuture<Shell.Result> drill = drillMeanwhile(name);
            awaitWriting(path);
            Thread.sleep(round * 20L);
            daemon.kill();
            assertThat(drill.get(60, TimeUnit.SECONDS).exitCode()).isNotZero();

            daemon = here.serve();

            assertThat(listed(path).getString("state")).isEqualTo("ready");
            if (round % 2 == 0) {
                here.done("member", "fail", "orders", "1", "--yes");
                here.awaitOptimal("orders", name);
                here.qemuIo("orders", "read -P 9 0 8M");
            } else {
                here.done("spare", "drill", "@" + name);
                assertThat(Arrays.mismatch(Files.readAllBytes(path), new byte[160 * MIB]))
                        .isEqualTo(-1);
                here.done("spare", "remove", "@" + name);
            }
        }
    }

    /// Goal: who lost a member does not wait for a drill. Method: lose one as soon as the only spare is written to.
    @Test
    void aDrillGivesWayToAVolumeThatNeedsTheSpare() throws Exception {
        here.serve();
        create();
        here.qemuIo("orders", "write -P 9 0 8M");
        Path path = spare("s0", 160);
        try (ControlClient client = ControlClient.connect(here.control())) {
            JsonObject loss = DaemonOption.request("member.fail", "orders");
            loss.put("slot", 1);
            CompletableFuture<Shell.Result> drill = drillMeanwhile("s0");
            awaitWriting(path);
            client.call(loss);
            here.awaitOptimal("orders", "s0");
            Shell.Result result = drill.get(60, TimeUnit.SECONDS);
            // On a disk that is fast enough it is over by then.
            assertThat(result.out()).containsAnyOf("stopped", "s0  ok");
        }
        assertThat(here.done("events", "--count", "50")).doesNotContain("failed its drill");
        here.qemuIo("orders", "read -P 9 0 8M");
    }

    /// Makes a device of 200 MiB named slow on nbdfuse.
    ///
    /// @return its server; while that is stopped, nothing is answered
    private Process slowDevice(Workbench bench) throws Exception {
        return bench.showBySocket(
                here.path("slow"),
                here.file("far", 200L * MIB),
                List.of("--filter=delay"),
                List.of("delay-write=100ms"));
    }

    /// Goal: a spare that answers nothing keeps nobody. Method: one on nbdfuse, whose server is stopped amid the drill; a member is
    /// lost meanwhile. When the server goes on, the spare is one again.
    @Test
    void aSpareThatAnswersNothingKeepsNobody() throws Exception {
        try (Workbench bench = new Workbench()) {
            Process server = slowDevice(bench);
            Path slow = here.path("slow");
            here.serve();
            create();
            here.done("spare", "add", "@slow");
            spare("s0", 160);
            CompletableFuture<Shell.Result> drill = drillMeanwhile("slow");
            awaitWriting(here.path("far"));

            bench.run("kill", "-STOP", server.pid());
            here.done("member", "fail", "orders", "1", "--yes");
            here.awaitOptimal("orders", "s0");
            Shell.Result result = drill.get(60, TimeUnit.SECONDS);
            Installation.expectRefusal(result, 1, "no answer: expected an end within", "quoin: ");
            assertThat(listed(slow).getString("error")).contains("no answer");
            here.qemuIo("orders", "write -P 9 0 1M", "read -P 9 0 1M");

            bench.run("kill", "-CONT", server.pid());
            Workbench.await(
                    "the spare",
                    PATIENCE,
                    () -> {
                        try {
                            return !listed(slow).getBoolean("isBeingDrilled");
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
            here.done("spare", "drill", "@slow");
            assertThat(listed(slow).getString("state")).isEqualTo("ready");
        }
    }

    /// Goal: a spare whose device hangs while it is looked at keeps no volume, no command and no other spare. Method: the largest
    /// of two hangs, which would be taken first; lose a member. When the device answers again, the spare is one again.
    @Test
    void aSpareThatHangsKeepsNoOtherFromBeingTaken() throws Exception {
        try (Workbench bench = new Workbench()) {
            Process server = slowDevice(bench);
            Path slow = here.path("slow");
            here.serve();
            create();
            here.done("spare", "add", "@slow");
            spare("s0", 160);

            bench.run("kill", "-STOP", server.pid());
            here.done("member", "fail", "orders", "1", "--yes");
            here.awaitOptimal("orders", "s0");
            assertThat(listed(slow).getString("error")).contains("no answer");
            spare("s1", 160);
            here.done("spare", "drill", "@s1");
            Shell.Result result = here.quoin("spare", "drill", "@slow");
            Installation.expectRefusal(result, 1, "no answer: expected", "quoin: ");
            here.done("spare", "remove", "@s1");
            here.qemuIo("orders", "write -P 9 0 1M", "read -P 9 0 1M");

            bench.run("kill", "-CONT", server.pid());
            Workbench.await(
                    "the spare",
                    PATIENCE,
                    () -> {
                        try {
                            return listed(slow).getString("state").equals("ready");
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    });
            here.done("member", "fail", "orders", "0", "--yes");
            here.awaitOptimal("orders", "slow");
            assertThat(here.done("events", "--count", "50"))
                    .contains("no other was left, and it failed its last drill: no answer");
        }
    }
}
