package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One rebuild, and `kill -9` again and again while it goes on. `-Dquoin.rebuildKills=100` for many.
class RebuildKillsIT {
    private static final int KILLS = Integer.getInteger("quoin.rebuildKills", 4);
    private static final int SOURCE_BYTES = 160 << 20;
    private static final int PIECE_BYTES = 64 << 10;

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

    /// Goal: a rebuild goes on where it was, however often the daemon dies, and its result is right. Method: a slow rebuild; writes
    /// beside it, a kill, a look at the cursor, again; at the end all bytes, a scrub, and the bytes without another member.
    @Test
    void aRebuildGoesOnAfterEachKill() throws Exception {
        Path source = here.path("source");
        byte[] bytes = new byte[SOURCE_BYTES];
        Random random = new Random(42);
        random.nextBytes(bytes);
        Files.write(source, bytes);
        here.done(
                "create", "orders", "--level", "raid5", "--size", "200M", "--state", "@state",
                "--yes", "@m0", "@m1", "@m2");
        // The rebuild reads some 160 MiB, and lasts longer than all the lives.
        long pace = (160L << 20) / (KILLS * 3L);
        Path config =
                Files.writeString(
                        here.path("quoind.toml"),
                        "[engine]\njob-bytes-per-second = "
                                + pace
                                + "\njob-floor-bytes-per-second = "
                                + pace
                                + "\n[drill]\nevery-days = 0\n");
        Installation.DaemonProcess daemon = here.serve("--config", config);
        here.tool("libnbd-bin", "nbdcopy", "--flush", source, here.uri("orders"));
        here.done("member", "fail", "orders", "1", "--yes");
        here.done("member", "replace", "orders", "1", "@n1", "--make");
        long before = 0;
        int kills = 0;
        while (kills < KILLS) {
            Installation.sleep(300 + random.nextInt(500));
            int piece = random.nextInt(SOURCE_BYTES / PIECE_BYTES);
            int pattern = 1 + random.nextInt(255);
            here.qemuIo(
                    "orders",
                    "write -f -P "
                            + pattern
                            + " "
                            + (long) piece * PIECE_BYTES
                            + " "
                            + PIECE_BYTES);
            Arrays.fill(bytes, piece * PIECE_BYTES, (piece + 1) * PIECE_BYTES, (byte) pattern);
            JsonObject member = member();
            if (!member.getString("state").equals("rebuilding")) {
                break;
            }
            daemon.kill();
            kills++;
            daemon = here.serve("--config", config);
            member = member();
            assertThat(member.getLong("cursor"))
                    .as("cursor after kill " + kills + ", " + member.getString("state"))
                    .isGreaterThanOrEqualTo(before);
            before = Math.max(before, member.getLong("cursor"));
        }
        System.out.println(
                "RebuildKillsIT: "
                        + kills
                        + " kills, cursor "
                        + before
                        + " of "
                        + member().getLong("total"));
        assertThat(kills).as("kills amid the rebuild").isEqualTo(KILLS);
        assertThat(before).as("the cursor that was kept").isPositive();
        here.done("rate", "orders", "0");
        here.awaitOptimal("orders", "n1");
        here.expectBytes("orders", bytes);
        JsonObject scrub = here.json("scrub", "start", "orders", "--wait");
        assertThat(
                        scrub.getLong("repairedBlocks")
                                + scrub.getLong("lostBlocks")
                                + scrub.getLong("suspectRows"))
                .isZero();
        here.done("member", "fail", "orders", "0", "--yes");
        here.expectBytes("orders", bytes);
    }

    private JsonObject member() throws IOException {
        return here.json("status", "orders").getArray("members").getObject(1);
    }
}
