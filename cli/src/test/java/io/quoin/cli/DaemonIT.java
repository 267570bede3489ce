package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The daemon and the command line as an operator has them: processes, files, stock clients.
class DaemonIT {
    private static final int SOURCE_BYTES = 24 << 20;

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

    private Path source() throws IOException {
        byte[] bytes = new byte[SOURCE_BYTES];
        new Random(42).nextBytes(bytes);
        return Files.write(here.path("source"), bytes);
    }

    private void expectSource(String volume, Path source) throws IOException {
        here.expectBytes(volume, Files.readAllBytes(source));
    }

    /// Goal: guards and parity are right before, while and after vector kernels take the scalar ones' place. Method: random bytes
    /// into a volume that uses all of them, until the log tells of each; then the bytes back.
    @Test
    void vectorKernelsTakeOverWhileClientsAreServed() throws Exception {
        here.done(
                "create",
                "orders",
                "--level",
                "raid6",
                "--size",
                "160M",
                "--guard",
                "xxh3+hamming",
                "@m0",
                "@m1",
                "@m2",
                "@m3",
                "--state",
                "@state");
        Installation.DaemonProcess daemon = here.serve();
        Path source = source();
        here.tool("libnbd-bin", "nbdcopy", "--flush", source, here.uri("orders"));
        if (daemon.log().contains("kernels: vector: ")) {
            for (String kernel : List.of("crc16", "parity", "xxh3")) {
                Workbench.await(
                        "kernel " + kernel + " to be judged",
                        Duration.ofSeconds(60),
                        () -> says(daemon, "kernel " + kernel + ": compared with"));
            }
        }
        assertThat(daemon.log()).doesNotContain("the scalar kernel stays in use");
        expectSource("orders", source);
        here.tool("libnbd-bin", "nbdcopy", "--flush", source, here.uri("orders"));
        here.awaitHome("orders");
        expectSource("orders", source);
        JsonObject scrub = here.json("scrub", "start", "orders", "--wait");
        assertThat(scrub.getString("state")).isEqualTo("done");
        assertThat(scrub.getLong("repairedBlocks")).isZero();
    }

    private static boolean says(Installation.DaemonProcess daemon, String what) {
        try {
            return daemon.log().contains(what);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Goal: two commands are enough. Method: create without a daemon, serve, look at it with stock
    /// clients, copy there and back.
    @Test
    void twoCommandsMakeAndServeAVolume() throws IOException {
        String created =
                here.done(
                        "create", "orders", "--level", "raid5", "--size", "160M", "@m0", "@m1",
                        "@m2", "--state", "@state");
        assertThat(created).startsWith("volume orders (").contains("not served yet");
        here.serve();
        String info = here.tool("libnbd-bin", "nbdinfo", here.uri("orders"));
        assertThat(info).contains("export=\"orders\"").contains("can_fua: true");
        assertThat(here.tool("libnbd-bin", "nbdinfo", "--list", here.uri(""))).contains("orders");
        Path source = source();
        here.tool("libnbd-bin", "nbdcopy", source, here.uri("orders"));
        expectSource("orders", source);
        assertThat(here.done("list")).containsPattern("orders +optimal +raid5 .* 3/3 +1");
        JsonObject status = here.json("status", "orders");
        assertThat(status.getString("state")).isEqualTo("optimal");
        assertThat(status.getInt("redundancyLeft")).isEqualTo(1);
        assertThat(status.getArray("uris").getString(0)).isEqualTo(here.uri("orders"));
        assertThat(status.getObject("counters").getLong("writtenBytes")).isEqualTo(SOURCE_BYTES);
        assertThat(here.json("counters", "orders", "--state", "@state").getLong("writtenBytes"))
                .isEqualTo(SOURCE_BYTES);
        assertThat(here.done("status")).contains("guarantee").contains(here.uri("orders"));
        assertThat(
                        here.done("status", "orders", "--watch", "0.1", "--count", "3", "--json")
                                .lines()
                                .toList())
                .hasSize(3);
    }

    /// Goal: what was acknowledged is there after a kill -9, again and again. Method: write a pattern,
    /// kill, restart, read it and those before.
    @Test
    void whatWasAcknowledgedSurvivesKills() throws IOException {
        Installation.DaemonProcess daemon = here.serve();
        here.done(
                "create", "orders", "--level", "raid6", "--size", "160M", "@m0", "@m1", "@m2",
                "@m3");
        for (int round = 1; round <= 3; round++) {
            here.qemuIo("orders", "write -P " + round + " " + round + "M 300k");
            daemon.kill();
            JsonObject check = here.json("check", "@m0", "@m1", "@m2", "@m3");
            assertThat(check.getBoolean("isServable")).isTrue();
            assertThat(check.getLong("journalBatches")).isPositive();
            daemon = here.serve();
            for (int earlier = 1; earlier <= round; earlier++) {
                here.qemuIo("orders", "read -P " + earlier + " " + earlier + "M 300k");
            }
        }
        Shell.Result stopped = daemon.stop();
        assertThat(stopped.exitCode()).isZero();
        assertThat(stopped.err()).contains("quoind stopped").doesNotContain(" error ");
        JsonObject check = here.json("check", "@m0", "@m1", "@m2", "@m3");
        assertThat(check.getBoolean("isClean")).isTrue();
        assertThat(check.getLong("journalBatches")).isZero();
    }

    /// Goal: a lost member costs nothing but redundancy, and comes back by a rebuild that survives a
    /// kill. Method: fail, read degraded, replace slowly, kill, restart, wait, read, scrub.
    @Test
    void aMemberIsLostAndRebuilt() throws IOException {
        Installation.DaemonProcess daemon = here.serve();
        here.done("create", "orders", "--level", "raid5", "--size", "160M", "@m0", "@m1", "@m2");
        Path source = source();
        here.tool("libnbd-bin", "nbdcopy", source, here.uri("orders"));
        here.refused(1, "Not confirmed", "member", "fail", "orders", "1");
        assertThat(here.json("status", "orders").getString("state")).isEqualTo("optimal");
        JsonObject failed = here.json("member", "fail", "orders", "@m1", "--yes");
        assertThat(failed.getString("state")).isEqualTo("degraded");
        assertThat(failed.getInt("redundancyLeft")).isZero();
        expectSource("orders", source);
        here.refused(1, "slot 2", "member", "fail", "orders", "2", "--yes");

        here.done("rate", "orders", "1M");
        assertThat(here.done("member", "replace", "orders", "1", "@n1", "--make"))
                .contains("rebuild")
                .contains("of slot 1 running");
        daemon.kill();
        daemon = here.serve();
        JsonObject rebuilt = here.json("rebuild", "status", "orders", "--wait");
        assertThat(rebuilt.getString("state")).isEqualTo("done");
        JsonObject status = here.json("status", "orders");
        assertThat(status.getString("state")).isEqualTo("optimal");
        assertThat(status.getArray("members").getObject(1).getString("path"))
                .isEqualTo(here.path("n1").toString());
        expectSource("orders", source);
        JsonObject scrub = here.json("scrub", "start", "orders", "--wait");
        assertThat(scrub.getString("state")).isEqualTo("done");
        assertThat(scrub.getLong("checkedBlocks")).isPositive();
        assertThat(here.done("jobs"))
                .containsPattern("orders +rebuild 1 of slot 1 +done +100.0 % .*operator")
                .containsPattern("orders +scrub 2 +done +100.0 % .*operator");
        JsonObject job = here.json("jobs", "orders").getArray("jobs").getObject(0);
        assertThat(job.getString("reason")).isEqualTo("operator");
        assertThat(job.getString("who")).isEqualTo(System.getProperty("user.name"));
        assertThat(scrub.getLong("repairedBlocks") + scrub.getLong("lostBlocks")).isZero();
        assertThat(here.done("events", "orders")).contains("rebuild").contains("scrub");

        // The one that was dropped is stale, and says so.
        daemon.stop();
        JsonObject check = here.json("check", "@m0", "@m1", "@m2", "@n1");
        assertThat(check.getString("state")).isEqualTo("optimal");
        assertThat(check.getArray("files").getObject(1).getBoolean("isStale")).isTrue();
    }

    /// Goal: a job is what the operator was told that it is, after a kill too. Method: pause, resume and
    /// cancel a slow scrub that has reads in flight, with a kill after the last.
    @Test
    void aScrubIsPausedResumedAndCancelled() throws IOException {
        Installation.DaemonProcess daemon = here.serve();
        here.done("create", "orders", "--level", "raid1", "--size", "160M", "@m0", "@m1");
        here.qemuIo("orders", "write -P 7 0 16M");
        here.done("rate", "orders", "1M");
        here.done("scrub", "start", "orders");
        assertThat(here.quoin("scrub", "start", "--all").err()).contains("under way already");
        assertThat(here.json("scrub", "pause", "orders").getString("state")).isEqualTo("paused");
        assertThat(here.json("scrub", "status", "orders").getString("state")).isEqualTo("paused");
        assertThat(here.json("scrub", "resume", "orders").getString("state")).isEqualTo("running");
        assertThat(here.json("scrub", "cancel", "orders").getString("state"))
                .isEqualTo("cancelled");
        daemon.kill();
        here.serve();
        assertThat(here.json("scrub", "status", "orders").getString("state"))
                .isEqualTo("cancelled");
        here.refused(1, "expected a scrub under way, found none", "scrub", "pause", "orders");
        here.done("scrub", "start", "orders");
    }

    /// Goal: flipped bits and rotten blocks are found and repaired. Method: damage a member's data while
    /// the daemon is stopped, scrub, read.
    @Test
    void aScrubRepairsWhatRots() throws IOException {
        Installation.DaemonProcess daemon = here.serve();
        here.done("create", "orders", "--level", "raid5", "--size", "160M", "@m0", "@m1", "@m2");
        Path source = source();
        here.tool("libnbd-bin", "nbdcopy", source, here.uri("orders"));
        daemon.stop();
        long zones = here.json("examine", "@m1").getObject("superblock").getLong("zonesOffset");
        try (var file = new java.io.RandomAccessFile(here.path("m1").toFile(), "rw")) {
            for (long at = zones + (4 << 20); at < zones + (5 << 20); at += 64 << 10) {
                file.seek(at);
                file.write(new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
            }
        }
        here.serve();
        JsonObject scrub = here.json("scrub", "start", "orders", "--wait");
        assertThat(scrub.getLong("repairedBlocks")).isPositive();
        assertThat(scrub.getLong("lostBlocks")).isZero();
        expectSource("orders", source);
        assertThat(here.json("scrub", "start", "orders", "--wait").getLong("repairedBlocks"))
                .isZero();
    }

    @Test
    void manyVolumesComeBackAfterARestartAndOneIsForgotten() throws IOException {
        Installation.DaemonProcess daemon = here.serve();
        for (String name : List.of("a", "b", "c d")) {
            here.done(
                    "create",
                    name,
                    "--level",
                    "raid1",
                    "--size",
                    "100M",
                    "@" + name + "0",
                    "@" + name + "1");
        }
        here.done("close", "b");
        assertThat(here.done("list")).contains("c d").doesNotContainPattern("^b ");
        here.done("close", "a", "--forget");
        daemon.stop();
        daemon = here.serve();
        assertThat(here.json("list").getArray("volumes"))
                .extracting(each -> ((JsonObject) each).getString("name"))
                .containsExactly("b", "c d");
        here.tool("libnbd-bin", "nbdinfo", "--size", here.uri("c%20d"));
        assertThat(here.json("open", "@a1", "@a0").getString("name")).isEqualTo("a");
        daemon.stop();
        here.serve();
        assertThat(here.json("list").getArray("volumes")).hasSize(3);
    }

    @Test
    void aSettingsFileServesItsVolumes() throws IOException {
        here.done(
                "create",
                "orders",
                "--level",
                "raid1",
                "--size",
                "100M",
                "@m0",
                "@m1",
                "--offline");
        Files.writeString(
                here.path("quoind.toml"),
                """
                [listen]
                unix = "%1$s/nbd.sock"
                tcp = ["127.0.0.1:0"]
                [[volume]]
                name = "orders"
                members = ["%1$s/m0", "%1$s/m1"]
                buffer = "16M"
                """
                        .formatted(folder));
        here.serve("--config", "@quoind.toml");
        JsonObject status = here.json("status", "orders");
        assertThat(status.getLong("bufferFreeBytes")).isEqualTo(16 << 20);
        assertThat(status.getBoolean("isRemembered")).isFalse();
        String tcp = status.getArray("uris").getString(1);
        assertThat(tcp).startsWith("nbd://127.0.0.1:");
        assertThat(here.tool("libnbd-bin", "nbdinfo", "--size", tcp).strip())
                .isEqualTo(Long.toString(status.getLong("sizeBytes")));
    }

    @Test
    void aVolumeIsAttachedAsAFileAndDetached() throws IOException {
        here.serve();
        here.done("create", "orders", "--level", "raid5", "--size", "160M", "@m0", "@m1", "@m2");
        Path file = here.path("volume file");
        here.done("attach", "orders", file);
        try {
            assertThat(Files.size(file))
                    .isEqualTo(here.json("status", "orders").getLong("sizeBytes"));
            here.refused(1, "something is attached there already", "attach", "orders", file);
            try (var raw = new java.io.RandomAccessFile(file.toFile(), "rw")) {
                raw.seek(1_000_001);
                raw.write("an order".getBytes());
                raw.getFD().sync();
            }
        } finally {
            here.done("detach", file);
        }
        assertThat(Files.size(file)).isZero();
        here.refused(1, "nothing is attached there", "detach", file);
        here.qemuIo("orders", "read -P 0 0 1000001");
        here.refused(1, "volume none: expected one that is served", "attach", "none", file);
    }

    @Test
    void examineAndCheckOnlyRead() throws IOException {
        here.done(
                "create",
                "orders",
                "--level",
                "2+1",
                "--size",
                "100M",
                "@m0",
                "@m1",
                "@m2",
                "--offline");
        Path before = here.path("before");
        Files.copy(here.path("m1"), before, StandardCopyOption.REPLACE_EXISTING);
        String examined = here.done("examine", "@m1", "--dump");
        assertThat(examined)
                .contains("member of slot 1 of volume orders")
                .contains("# magic QUOINSB1")
                .contains("# configEpoch");
        assertThat(here.done("check", "@m2", "@m0", "@m1")).contains("optimal");
        assertThat(here.json("check", "@m0", "@m1").getInt("redundancyLeft")).isZero();
        assertThat(Files.mismatch(here.path("m1"), before)).isEqualTo(-1);
    }
}
