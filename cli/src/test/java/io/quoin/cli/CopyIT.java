package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A member in sync replaced by another one: it serves until that has everything.
class CopyIT {
    private static final int SOURCE_BYTES = 96 << 20;
    private static final int PIECE_BYTES = 64 << 10;

    @TempDir Path folder;
    private Installation here;
    private final byte[] bytes = new byte[SOURCE_BYTES];
    private final Random random = new Random(7);

    @BeforeEach
    void install() {
        here = new Installation(folder);
    }

    @AfterEach
    void remove() throws IOException {
        here.close();
    }

    /// Makes a volume and fills it.
    private Installation.DaemonProcess serve(String level, int members, long jobBytesPerSecond)
            throws Exception {
        Object[] create = {
            "create", "orders", "--level", level, "--size", "240M", "--state", "@state", "--yes"
        };
        create = Arrays.copyOf(create, create.length + members);
        for (int i = 0; i < members; i++) {
            create[create.length - members + i] = "@m" + i;
        }
        here.done(create);
        Files.writeString(
                here.path("quoind.toml"),
                "[engine]\njob-bytes-per-second = "
                        + jobBytesPerSecond
                        + "\njob-floor-bytes-per-second = "
                        + Math.max(1, jobBytesPerSecond)
                        + "\n[drill]\nevery-days = 0\n");
        Installation.DaemonProcess daemon = again();
        random.nextBytes(bytes);
        Path source = Files.write(here.path("source"), bytes);
        here.tool("libnbd-bin", "nbdcopy", "--flush", source, here.uri("orders"));
        return daemon;
    }

    private Installation.DaemonProcess again() throws Exception {
        return here.serve("--config", here.path("quoind.toml"));
    }

    private void writeSomewhere() throws IOException {
        int piece = random.nextInt(SOURCE_BYTES / PIECE_BYTES);
        int pattern = 1 + random.nextInt(255);
        long at = (long) piece * PIECE_BYTES;
        here.qemuIo("orders", "write -f -P " + pattern + " " + at + " " + PIECE_BYTES);
        Arrays.fill(bytes, piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES, (byte) pattern);
    }

    private JsonObject status() throws IOException {
        return here.json("status", "orders");
    }

    private String memberPath(int slot) throws IOException {
        return status().getArray("members").getObject(slot).getString("path");
    }

    private boolean isJobOpen() throws IOException {
        return here.json("jobs", "orders").getArray("jobs").stream()
                .map(each -> ((JsonObject) each).getString("state"))
                .anyMatch(state -> state.equals("running") || state.equals("paused"));
    }

    private long cursor() throws IOException {
        return here.json("jobs", "orders").getArray("jobs").getObject(0).getLong("cursor");
    }

    /// Goal: the volume can lose as many members as before at every moment, what is written meanwhile is on both, the old member is free
    /// afterwards, and the new one is enough alone. Method: writes amid the copy; then without the other member; then a restart.
    @Test
    void aMemberThatServesIsReplacedWithoutBeingMissed() throws Exception {
        Installation.DaemonProcess daemon = serve("raid1", 2, 64 << 20);
        here.done("member", "replace", "orders", "0", "@n0", "--make");
        int writes = 0;
        while (isJobOpen()) {
            assertThat(status().getInt("redundancyLeft")).isEqualTo(1);
            writeSomewhere();
            writes++;
        }
        assertThat(writes).as("writes amid the copy").isPositive();
        Workbench.await(
                "the new member",
                Duration.ofSeconds(20),
                () -> {
                    try {
                        return memberPath(0).equals(here.path("n0").toString());
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
        writeSomewhere();
        here.expectBytes("orders", bytes);
        // The old one belongs to nobody any more.
        Workbench.await(
                "m0 is let go of",
                Duration.ofSeconds(20),
                () -> {
                    try {
                        return daemon.log().contains(here.path("m0") + " is let go of");
                    } catch (IOException e) {
                        throw new AssertionError(e);
                    }
                });
        here.done("create", "other", "--level", "raid0", "--force", "--yes", "@m0");
        daemon.kill();
        again();
        assertThat(status().getString("state")).isEqualTo("optimal");
        assertThat(memberPath(0)).isEqualTo(here.path("n0").toString());
        here.done("member", "fail", "orders", "1", "--yes");
        here.expectBytes("orders", bytes);
    }

    /// Goal: a volume without redundancy moves to another disk while it serves. Method: raid0, both members in turn.
    @Test
    void aVolumeWithoutRedundancyMovesWhileItServes() throws Exception {
        Installation.DaemonProcess daemon = serve("raid0", 2, 0);
        here.done("member", "replace", "orders", "0", "@n0", "--make", "--wait");
        writeSomewhere();
        here.done("member", "replace", "orders", "1", "@n1", "--make", "--wait");
        writeSomewhere();
        here.expectBytes("orders", bytes);
        daemon.kill();
        Files.delete(here.path("m0"));
        Files.delete(here.path("m1"));
        again();
        here.expectBytes("orders", bytes);
        assertThat(here.json("scrub", "start", "orders", "--wait").getLong("repairedBlocks"))
                .isZero();
    }

    /// Goal: whatever the moment of a kill -9, the volume is whole with the one member or the other. Method: kills at any moment of
    /// copies; the copy begins anew with the same file.
    @Test
    void aKillAmidACopyLosesNothing() throws Exception {
        Installation.DaemonProcess daemon = serve("raid5", 3, 400 << 20);
        String next = "@n0";
        for (int kill = 0; kill < 5; kill++) {
            here.done("member", "replace", "orders", "1", next, "--make", "--force", "--yes");
            writeSomewhere();
            Installation.sleep(random.nextInt(600));
            daemon.kill();
            daemon = again();
            assertThat(status().getString("state")).as("after kill " + kill).isEqualTo("optimal");
            writeSomewhere();
            if (memberPath(1).equals(here.path(next.substring(1)).toString())) {
                next = "@n" + (kill + 1);
            }
        }
        here.done("member", "replace", "orders", "1", next, "--make", "--force", "--yes", "--wait");
        here.expectBytes("orders", bytes);
        assertThat(here.json("scrub", "start", "orders", "--wait").getLong("repairedBlocks"))
                .isZero();
        here.done("member", "fail", "orders", "0", "--yes");
        here.expectBytes("orders", bytes);
    }

    /// Goal: what cannot be is refused in a line; a copy that was paused goes on where it was; one that is called off leaves
    /// everything as it was.
    @Test
    void whatCannotBeIsRefused() throws Exception {
        serve("raid1", 2, 8 << 20);
        here.file("small", 10 << 20);
        here.refused(1, "expected at least", "member", "replace", "orders", "0", "@small");
        here.refused(1, "in use by volume orders", "member", "replace", "orders", "0", "@m0");
        here.refused(1, "in use by volume orders", "member", "replace", "orders", "0", "@m1");
        here.refused(1, "no such file", "member", "replace", "orders", "0", "@nowhere");
        Files.write(here.path("full"), new byte[] {1, 2, 3});
        here.refused(1, "full", "member", "replace", "orders", "0", "@full");
        here.done("member", "replace", "orders", "0", "@n0", "--make");
        here.refused(
                1,
                "wait for it, or cancel it",
                "member",
                "replace",
                "orders",
                "1",
                "@n1",
                "--make");
        here.refused(1, "in use by volume orders", "member", "replace", "orders", "1", "@n0");
        assertThat(here.done("status", "orders")).contains("in sync, copied to " + here.path("n0"));
        Installation.sleep(1500);
        here.done("rebuild", "pause", "orders");
        long cursor = cursor();
        assertThat(cursor).as("cursor of the paused copy").isPositive();
        writeSomewhere();
        here.done("rebuild", "resume", "orders");
        Installation.sleep(300);
        assertThat(cursor()).as("cursor of the resumed copy").isGreaterThanOrEqualTo(cursor);
        here.done("rebuild", "cancel", "orders");
        assertThat(status().getString("state")).isEqualTo("optimal");
        assertThat(memberPath(0)).isEqualTo(here.path("m0").toString());
        writeSomewhere();
        here.expectBytes("orders", bytes);
    }
}
