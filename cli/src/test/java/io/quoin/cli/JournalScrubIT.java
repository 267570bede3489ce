package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;

/// The journal that nobody reads but after a crash.
class JournalScrubIT {
    private static final int MIB = 1 << 20;

    /// Goal: a copy of the live journal that rots is found by a scrub, and no write is lost with it. Method: blocks of one
    /// member's journal are overwritten while clients write, until a scrub finds it; everything comes home, the other member goes, and all is read.
    @Test
    void rotInTheLiveJournalIsFoundByAScrub() throws Exception {
        try (Workbench bench = new Workbench();
                Installation here = new Installation(bench.folder)) {
            here.serve();
            here.done("create", "orders", "--level", "raid1", "--size", "512M", "@m0", "@m1");
            here.qemuIo("orders", "write -P 1 300M 6M", "flush");
            Process load =
                    bench.start(
                            here.path("fio.out"), here.randomWrites("orders", "--rate_iops=300"));
            here.awaitStatus("orders", "load", status -> status.getLong("dirtyBlocks") > 100);
            here.done("scrub", "start", "orders", "--wait");
            assertThat(findings(here)).as("found without any rot").isZero();
            long journal =
                    here.json("examine", "@m1").getObject("superblock").getLong("journalOffset");
            AtomicBoolean isEnough = new AtomicBoolean();
            Thread rot = Thread.ofPlatform().start(() -> rot(here, journal, isEnough));
            for (int scrub = 0; scrub < 10 && findings(here) == 0; scrub++) {
                here.done("scrub", "start", "orders", "--wait");
            }
            isEnough.set(true);
            rot.join();
            Workbench.kill(load);

            assertThat(findings(here)).isPositive();
            assertThat(here.done("events", "--count", "100"))
                    .contains("slot 1: journal segment ")
                    .contains("the copy is damaged; what it holds is brought home now")
                    .doesNotContain("slot 0: journal");
            here.awaitHome("orders");
            here.done("member", "fail", "orders", "0", "--yes");
            here.qemuIo("orders", "read 0 200M", "read -P 1 300M 6M");
        }
    }

    private static long findings(Installation here) throws IOException {
        return here.json("status", "orders")
                .getObject("counters")
                .getLong("journalCopiesDamaged", -1);
    }

    /// Overwrites a block of each 32 KiB of what may be journal of `m1`, again and again; past the page cache, as the daemon writes.
    private static void rot(Installation here, long journal, AtomicBoolean isEnough) {
        List<Object> command =
                new ArrayList<>(
                        List.of(
                                "qemu-io",
                                "--image-opts",
                                "driver=raw,file.driver=file,file.locking=off,file.cache.direct=on,"
                                        + "file.filename="
                                        + here.path("m1")));
        for (long at = 4096; at < 64L * MIB; at += 32 << 10) {
            command.addAll(List.of("-c", "write -q -P 85 " + (journal + at) + " 4k"));
        }
        try {
            while (!isEnough.get()) {
                here.tool("qemu-utils", command.toArray());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
