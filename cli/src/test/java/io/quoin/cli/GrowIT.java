package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A volume whose members have become larger.
class GrowIT {
    private static final long MEMBER_BYTES = 200L << 20;
    private static final long LARGER_BYTES = 500L << 20;
    private static final List<String> MEMBERS = List.of("m0", "m1", "m2");

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

    private Installation.DaemonProcess createAndServe() throws Exception {
        for (String name : MEMBERS) {
            here.file(name, MEMBER_BYTES);
        }
        here.done(
                "create", "orders", "--level", "raid5", "--state", "@state", "--yes", "@m0", "@m1",
                "@m2");
        return here.serve();
    }

    /// What is new holds what somebody left there.
    private void lengthenWithGarbage(String name) throws Exception {
        byte[] garbage = new byte[1 << 20];
        new Random(7).nextBytes(garbage);
        try (RandomAccessFile file = new RandomAccessFile(here.path(name).toFile(), "rw")) {
            file.seek(MEMBER_BYTES);
            while (file.getFilePointer() < LARGER_BYTES) {
                file.write(garbage);
            }
        }
    }

    private long sizeBytes() throws Exception {
        return Long.parseLong(
                here.tool("libnbd-bin", "nbdinfo", "--size", here.uri("orders")).strip());
    }

    /// Goal: clients go on while a volume grows, what is new reads as zeros and can be written, and all of it lasts. Method: clients that
    /// check what they read; drills before and after; kill -9; a lost member and its rebuild; a scrub.
    @Test
    void aVolumeGrowsBesideItsClients() throws Exception {
        Installation.DaemonProcess daemon = createAndServe();
        long before = sizeBytes();
        here.done("drill", "orders");
        SplittableRandom random = new SplittableRandom(5);
        SectorModel model = new SectorModel(5, (int) (before / SectorModel.SECTOR_BYTES));
        VerifyingLoad load = new VerifyingLoad(model, here.path("nbd.sock"), "orders");
        load.start(3, random);
        for (String name : MEMBERS) {
            lengthenWithGarbage(name);
        }
        JsonObject planned = here.json("grow", "orders", "--dry-run");
        assertThat(sizeBytes()).isEqualTo(before);
        JsonObject grown = here.json("grow", "orders", "--yes");
        long after = sizeBytes();
        assertThat(grown.getLong("formerBytes")).isEqualTo(before);
        assertThat(grown.getLong("sizeBytes")).isEqualTo(after);
        assertThat(planned.getLong("sizeBytes")).isEqualTo(after);
        assertThat(after).isGreaterThan(2 * before);

        long answered = load.answered();
        here.qemuIo("orders", "read -P 0 " + before + " " + (after - before));
        here.qemuIo("orders", "write -f -P 9 " + (before - 4096) + " 8M");
        here.qemuIo("orders", "write -f -P 8 " + (after - 65536) + " 65536");
        Thread.sleep(500);
        assertThat(load.answered()).isGreaterThan(answered);
        load.end();
        assertThat(load.wrong()).isEmpty();
        here.done("drill", "orders");

        daemon.kill();
        here.serve();
        assertThat(sizeBytes()).isEqualTo(after);
        here.qemuIo(
                "orders",
                "read -P 9 " + before + " 4M",
                "read -P 8 " + (after - 65536) + " 65536",
                "read -P 0 " + (before + (16L << 20)) + " 16M");
        here.done("member", "fail", "orders", "1", "--yes");
        here.refused(ExitCode.FAILED.number(), "in sync, slot 1 is faulty", "grow", "orders");
        here.done("member", "replace", "orders", "1", "@spare", "--make", "--wait");
        assertThat(Files.size(here.path("spare"))).isEqualTo(LARGER_BYTES);
        here.qemuIo("orders", "read -P 9 " + before + " 4M");
        here.done("scrub", "start", "orders", "--wait");
        assertThat(here.json("status", "orders").getObject("counters").getLong("blocksRepaired"))
                .isZero();
        here.done("member", "fail", "orders", "0", "--yes");
        here.qemuIo("orders", "read -P 8 " + (after - 65536) + " 65536");
    }

    /// Goal: files are made larger where that is asked for, and what cannot be is refused with nothing changed.
    @Test
    void filesAreMadeLargerOnRequestAndOtherMembersMustBe() throws Exception {
        createAndServe();
        long before = sizeBytes();
        here.refused(
                ExitCode.FAILED.number(), "bytes to hold more, was 209715200", "grow", "orders");
        here.refused(
                ExitCode.FAILED.number(),
                "bytes to hold more",
                "grow",
                "orders",
                "--yes",
                "--member-size",
                "201M");
        here.refused(
                ExitCode.FAILED.number(),
                "Not confirmed",
                "grow",
                "orders",
                "--member-size",
                "400M");
        assertThat(Files.size(here.path("m0"))).isEqualTo(MEMBER_BYTES);
        assertThat(sizeBytes()).isEqualTo(before);
        here.done("grow", "orders", "--yes", "--member-size", "400M");
        assertThat(Files.size(here.path("m0"))).isEqualTo(400L << 20);
        long after = sizeBytes();
        assertThat(after).isGreaterThan(before);
        here.qemuIo("orders", "write -f -P 5 " + before + " 1M");
        here.stopAll();
        here.serve();
        assertThat(sizeBytes()).isEqualTo(after);
        here.qemuIo("orders", "read -P 5 " + before + " 1M");
        here.stopAll();
        assertThat(here.done("check", "@m0", "@m1", "@m2")).doesNotContain("damaged");
        assertThat(here.done("examine", "@m0")).contains("orders");
    }
}
