package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.volume.fault.Plant;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Drills of served volumes, as operators have them.
class DrillIT {
    private static final int KILLS = Integer.getInteger("quoin.drillKills", 4);

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

    private void create(String name, String level, int members) throws IOException {
        Object[] words = {
            "create", name, "--level", level, "--size", "200M", "--state", "@state", "--yes"
        };
        List<Object> all = new ArrayList<>(List.of(words));
        for (int i = 0; i < members; i++) {
            all.add("@" + name + i);
        }
        here.done(all.toArray());
    }

    /// Goal: a drill beside clients harms none of them and finds what it did. Method: fio verifies what it writes
    /// while both volumes are drilled again and again.
    @Test
    void drillsBesideClientsFindAllTheyDid() throws Exception {
        create("orders", "raid5", 3);
        create("ledger", "raid1", 2);
        here.serve();
        JsonObject first = here.json("drill", "orders");
        assertThat(first.getString("state")).isEqualTo("ok");
        assertThat(first.getArray("trials")).hasSize(3 * (2 * 7 + 1));
        Process fio =
                new ProcessBuilder(
                                "fio",
                                "--name=drilled",
                                "--ioengine=nbd",
                                "--uri=" + here.uri("orders"),
                                "--rw=randwrite",
                                "--bs=4k",
                                "--iodepth=8",
                                "--size=64M",
                                "--io_size=96M",
                                "--verify=crc32c",
                                "--verify_fatal=1",
                                "--verify_backlog=64",
                                "--verify_state_save=0")
                        .directory(folder.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(here.path("fio.log").toFile())
                        .start();
        try {
            int drills = 0;
            while (fio.isAlive()) {
                here.done("drill");
                drills++;
            }
            assertThat(fio.waitFor()).as(Files.readString(here.path("fio.log"))).isZero();
            assertThat(drills).isPositive();
        } finally {
            fio.destroyForcibly();
        }
        assertThat(here.done("status", "ledger")).containsPattern("drill +.*: ok, all 30 damages");
        JsonObject status = here.json("status", "orders");
        assertThat(status.getLong("canaryBytes")).isPositive();
        assertThat(status.getObject("counters").getLong("blocks repaired")).isZero();
        for (Object member : status.getArray("members")) {
            assertThat(((JsonObject) member).getLong("repairedBlocks")).isZero();
        }
        JsonObject scrub = here.json("scrub", "start", "orders", "--wait");
        assertThat(scrub.getLong("repairedBlocks") + scrub.getLong("lostBlocks")).isZero();
    }

    /// Goal: where something is not noticed, the drill says so. Method: a daemon that does not look at guards when it reads.
    @Test
    void aDaemonThatDoesNotLookIsFoundOut() throws Exception {
        create("orders", "raid5", 3);
        here.environment("QUOIND_OPTS", "-Dquoin.plant=NONSENSE");
        Installation.expectRefusal(
                here.start().finish(),
                2,
                "-Dquoin.plant: expected the name of a bug that can be planted",
                "quoind: ");
        here.environment("QUOIND_OPTS", "-Dquoin.plant=" + Plant.READ_UNVERIFIED);
        Installation.DaemonProcess daemon = here.serve();
        assertThat(daemon.log()).contains("THE BUG READ_UNVERIFIED IS PLANTED");
        here.refused(1, "orders: 12 of 45 damages not dealt with", "drill", "orders");
        assertThat(here.done("events", "orders"))
                .contains("error  orders: DRILL FAILED: 12 of 45 damages")
                .contains("a read returned wrong bytes");
        assertThat(here.done("status", "orders")).contains("FAILED, 12 of 45");
    }

    /// Goal: a drill that is cut short leaves nothing that a client or a scrub would meet. Method: kill -9 amid drills.
    @Test
    void aKillAmidADrillLeavesNothingBehind() throws Exception {
        create("orders", "raid6", 4);
        Random random = new Random(7);
        Path source = here.file("source", 8 << 20);
        Installation.DaemonProcess daemon = here.serve();
        here.tool("libnbd-bin", "nbdcopy", "--flush", source, here.uri("orders"));
        for (int i = 0; i < KILLS; i++) {
            Installation.DaemonProcess victim = daemon;
            Thread killer =
                    Thread.ofPlatform()
                            .start(() -> {
                                Installation.sleep(300 + random.nextInt(300));
                                victim.process().destroyForcibly();
                            });
            while (victim.process().isAlive()) {
                here.quoin("drill", "orders");
            }
            killer.join();
            victim.kill();
            daemon = here.serve();
            JsonObject scrub = here.json("scrub", "start", "orders", "--wait");
            assertThat(
                            scrub.getLong("repairedBlocks")
                                    + scrub.getLong("lostBlocks")
                                    + scrub.getLong("suspectRows"))
                    .isZero();
        }
        JsonObject drill = here.json("drill", "orders");
        assertThat(drill.getString("state")).isEqualTo("ok");
    }

    /// Goal: what cannot be drilled says why. Method: a volume without a member, and one that is too small.
    @Test
    void whatCannotBeDrilledSaysWhy() throws Exception {
        create("orders", "raid1", 2);
        here.done(
                "create", "small", "--level", "raid0", "--size", "82M", "--unit", "1M", "--state",
                "@state", "--yes", "@small0");
        here.serve();
        here.refused(1, "volume small: drill: expected canary rows, found none", "drill", "small");
        here.done("member", "fail", "orders", "1", "--yes");
        here.refused(1, "volume orders: drill: expected all members in sync", "drill", "orders");
        here.refused(1, "drill: volume orders: drill: expected all members", "drill");
        here.refused(1, "expected one that is served", "drill", "nowhere");
        JsonArray jobs = here.json("status", "orders").getArray("jobs");
        assertThat(jobs).isEmpty();
    }
}
