package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Volumes that are given another shape.
class ReshapeIT {
    private static final int PIECE_BYTES = 256 << 10;

    @TempDir Path folder;
    private Installation here;

    @BeforeEach
    void install() {
        here = new Installation(folder);
    }

    @AfterEach
    void remove() throws Exception {
        here.close();
    }

    private void create(String level, Object... members) throws Exception {
        Object[] words = {
            "create", "orders", "--level", level, "--size", "120M", "--state", "@state", "--yes"
        };
        Object[] all = Arrays.copyOf(words, words.length + members.length);
        System.arraycopy(members, 0, all, words.length, members.length);
        here.done(all);
    }

    private long sizeBytes() throws Exception {
        return Long.parseLong(
                here.tool("libnbd-bin", "nbdinfo", "--size", here.uri("orders")).strip());
    }

    private JsonObject status() throws Exception {
        return here.json("status", "orders");
    }

    private String shape() throws Exception {
        JsonObject status = status();
        return status.getString("level")
                + " "
                + status.getInt("dataCount")
                + "+"
                + status.getInt("parityCount");
    }

    private boolean isReshaping() throws Exception {
        return status().getArray("jobs", new JsonArray()).stream()
                .anyMatch(each -> ((JsonObject) each).getString("kind").equals("reshape"));
    }

    private void awaitReshaped() throws Exception {
        long deadline = System.nanoTime() + 120_000_000_000L;
        while (isReshaping()) {
            assertThat(System.nanoTime()).as("still reshaping").isLessThan(deadline);
            Thread.sleep(50);
        }
    }

    /// Goal: a member is added to a raid5 under load; nobody notices but by more room. Method: clients that check what they read, before,
    /// amid and after; drills; a restart; a lost member; a scrub.
    @Test
    void aMemberIsAddedBesideClients() throws Exception {
        create("raid5", "@m0", "@m1", "@m2");
        here.serve();
        long before = sizeBytes();
        SplittableRandom random = new SplittableRandom(5);
        SectorModel model = new SectorModel(5, (int) (before / SectorModel.SECTOR_BYTES));
        VerifyingLoad load = new VerifyingLoad(model, here.path("nbd.sock"), "orders");
        load.start(3, random);
        Thread.sleep(500);
        JsonObject planned =
                here.json("reshape", "start", "orders", "--add", "@m3", "--make", "--dry-run");
        assertThat(planned.getString("shape")).contains("raid5 of 4");
        assertThat(Files.exists(here.path("m3"))).isFalse();
        here.done("reshape", "start", "orders", "--add", "@m3", "--make", "--yes", "--wait");
        awaitReshaped();
        assertThat(shape()).isEqualTo("raid5 3+1");
        assertThat(sizeBytes()).isEqualTo(planned.getLong("sizeBytes")).isGreaterThan(before);
        long answered = load.answered();
        Thread.sleep(500);
        assertThat(load.answered()).isGreaterThan(answered);
        load.end();
        assertThat(load.wrong()).isEmpty();
        here.qemuIo(
                "orders",
                "read -P 0 " + before + " " + (sizeBytes() - before),
                "write -f -P 7 " + (sizeBytes() - (1 << 20)) + " 1M");
        here.done("drill", "orders");
        here.stopAll();
        here.serve();
        JsonObject scrub = here.json("scrub", "start", "orders", "--wait");
        assertThat(scrub.getLong("repairedBlocks") + scrub.getLong("suspectRows")).isZero();
        here.done("member", "fail", "orders", "2", "--yes");
        VerifyingLoad again = new VerifyingLoad(model, here.path("nbd.sock"), "orders");
        again.start(2, random);
        Thread.sleep(1000);
        again.end();
        assertThat(again.wrong()).isEmpty();
        here.qemuIo("orders", "read -P 7 " + (sizeBytes() - (1 << 20)) + " 1M");
    }

    /// Goal: a reshape goes on after each kill, goes back where that is asked for, and no byte changes by it. Method: a slow one, killed
    /// again and again with writes in between; a member fails and is replaced amid it; then back, and forth again.
    @Test
    void aReshapeSurvivesKillsAndALostMemberAndGoesBack() throws Exception {
        create("raid5", "@m0", "@m1", "@m2", "@m3");
        Path config =
                Files.writeString(
                        here.path("quoind.toml"),
                        "[engine]\njob-bytes-per-second = 1000000\njob-floor-bytes-per-second = 1000000\n"
                                + "[drill]\nevery-days = 0\n");
        Installation.DaemonProcess daemon = here.serve("--config", config);
        byte[] bytes = new byte[24 << 20];
        Random random = new Random(42);
        random.nextBytes(bytes);
        Path source = Files.write(here.path("source"), bytes);
        here.tool("libnbd-bin", "nbdcopy", "--flush", source, here.uri("orders"));
        here.done(
                "reshape", "start", "orders", "--level", "raid6", "--add", "@m4", "--make",
                "--unit", "64K", "--yes");
        int kills = 0;
        while (isReshaping() && kills < 2) {
            Thread.sleep(200 + random.nextInt(400));
            write(bytes, random);
            daemon.kill();
            if (kills == 0) {
                assertThat(here.done("examine", "@m0")).contains("from raid5 of 4 (3+1)");
                here.done("check", "@m0", "@m1", "@m2", "@m3", "@m4");
            }
            daemon = here.serve("--config", config);
            kills++;
        }
        assertThat(kills).isEqualTo(2);
        assertThat(isReshaping()).as("long enough").isTrue();
        here.refused(ExitCode.FAILED.number(), "not being reshaped", "scrub", "start", "orders");
        // Else it might be over before it goes back.
        here.done("reshape", "pause", "orders");
        here.done("rate", "orders", "0");
        here.done("member", "fail", "orders", "1", "--yes");
        here.done("member", "replace", "orders", "1", "@n1", "--make", "--wait");
        write(bytes, random);
        here.done("reshape", "back", "orders");
        awaitReshaped();
        assertThat(shape()).isEqualTo("raid5 3+1");
        here.expectBytes("orders", bytes);
        here.refused(
                ExitCode.FAILED.number(),
                "blank",
                "reshape",
                "start",
                "orders",
                "--level",
                "raid6",
                "--add",
                "@m4",
                "--yes");
        here.done(
                "reshape", "start", "orders", "--level", "raid6", "--add", "@m4", "--force",
                "--yes", "--wait");
        awaitReshaped();
        assertThat(here.json("rate", "orders").getLong("bytesPerSecond"))
                .as("what was set outlives a change of shape")
                .isZero();
        assertThat(shape()).isEqualTo("raid6 3+2");
        here.expectBytes("orders", bytes);
        here.done("member", "fail", "orders", "0", "--yes");
        here.done("member", "fail", "orders", "3", "--yes");
        here.expectBytes("orders", bytes);
    }

    private void write(byte[] bytes, Random random) throws Exception {
        int piece = random.nextInt(bytes.length / PIECE_BYTES);
        int pattern = 1 + random.nextInt(255);
        here.qemuIo(
                "orders",
                "write -f -P " + pattern + " " + (long) piece * PIECE_BYTES + " " + PIECE_BYTES);
        Arrays.fill(bytes, piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES, (byte) pattern);
    }

    private void refusedToReshape(String message, Object... options) throws Exception {
        Object[] words = {"reshape", "start", "orders", "--yes"};
        Object[] all = Arrays.copyOf(words, words.length + options.length);
        System.arraycopy(options, 0, all, words.length, options.length);
        here.refused(ExitCode.FAILED.number(), message, all);
    }

    /// Goal: a mirror is added and taken away live, what leaves is let go of; what cannot be is refused with nothing changed.
    @Test
    void aMirrorIsAddedAndTakenAway() throws Exception {
        create("raid1", "@m0", "@m1");
        here.serve();
        byte[] bytes = new byte[16 << 20];
        new Random(1).nextBytes(bytes);
        Path source = Files.write(here.path("source"), bytes);
        here.tool("libnbd-bin", "nbdcopy", "--flush", source, here.uri("orders"));
        refusedToReshape("is raid1 of 2 (1+1), unit 16384 already");
        refusedToReshape("expected raid1, raid5, raid6 or k+m", "--level", "raid0");
        refusedToReshape("expected at least 2 members", "--remove", "1");
        refusedToReshape("expected 3 members, was 2", "--level", "1+2");
        here.refused(
                ExitCode.FAILED.number(),
                "Not confirmed",
                "reshape",
                "start",
                "orders",
                "--add",
                "@m2",
                "--make");
        assertThat(Files.exists(here.path("m2"))).isFalse();
        here.done("reshape", "start", "orders", "--add", "@m2", "--make", "--yes", "--wait");
        awaitReshaped();
        assertThat(shape()).isEqualTo("raid1 1+2");
        here.done("member", "fail", "orders", "0", "--yes");
        here.done("member", "fail", "orders", "1", "--yes");
        here.expectBytes("orders", bytes);
        here.done("member", "replace", "orders", "0", "@n0", "--make", "--wait");
        here.done("member", "replace", "orders", "1", "@n1", "--make", "--wait");
        here.done("reshape", "start", "orders", "--remove", "1", "--yes", "--wait");
        awaitReshaped();
        assertThat(shape()).isEqualTo("raid1 1+1");
        here.expectBytes("orders", bytes);
        here.done("spare", "add", "@m2", "--force", "--yes");
        here.stopAll();
        here.serve();
        here.expectBytes("orders", bytes);
    }
}
