package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Members that were away and come back as they were left.
class ReturnIT {
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

    private JsonObject rebuild() throws IOException {
        return here.json("rebuild", "status", "orders");
    }

    private String state() throws IOException {
        return here.json("status", "orders").getString("state");
    }

    /// Goal: only what was written meanwhile is copied, and the member holds everything afterwards. Method: 64 MiB before, 2 MiB
    /// and a trim while a member is away; it returns; another member goes, and all is read.
    @ParameterizedTest
    @CsvSource({"raid1, 2, 1", "raid5, 3, 2", "raid6, 4, 0"})
    void onlyWhatWasMissedIsCopied(String level, int members, int away) throws Exception {
        here.serve();
        here.done(create(level, members));
        here.qemuIo("orders", "write -P 1 0 64M", "flush");
        here.done("member", "fail", "orders", away, "--yes");
        here.qemuIo("orders", "write -P 2 10M 2M", "discard 30M 1M", "write -P 3 70M 1M", "flush");
        here.awaitHome("orders"); // what only the journal has is brought home to all

        here.done("member", "return", "orders", away, "--wait");

        assertThat(state()).isEqualTo("optimal");
        JsonObject job = rebuild();
        assertThat(job.getString("state")).isEqualTo("done");
        assertThat(job.getLong("checkedBlocks"))
                .as("blocks of other members read")
                .isBetween(512L, 64L << 20 >> 12);
        assertThat(job.getLong("lostBlocks")).isZero();
        here.done("scrub", "start", "orders", "--wait");
        JsonObject scrub = here.json("scrub", "status", "orders");
        assertThat(scrub.getLong("repairedBlocks")).isZero();
        here.done("member", "fail", "orders", away == 0 ? 1 : 0, "--yes");
        here.qemuIo(
                "orders",
                "read -P 1 0 10M",
                "read -P 2 10M 2M",
                "read -P 1 12M 18M",
                "read -P 0 30M 1M",
                "read -P 1 31M 33M",
                "read -P 3 70M 1M");
    }

    private Object[] create(String level, int members) {
        Object[] command = new Object[6 + members];
        Object[] head = {"create", "orders", "--level", level, "--size", "400M"};
        System.arraycopy(head, 0, command, 0, head.length);
        for (int i = 0; i < members; i++) {
            command[6 + i] = "@m" + i;
        }
        return command;
    }

    /// Goal: what rotted while nobody looked is found before the member counts. Method: bytes of the member are changed while
    /// the daemon is down and the member elsewhere; it returns from there; the other copy goes.
    @Test
    void whatRottedWhileAwayIsRepaired() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        here.done(create("raid1", 2));
        here.qemuIo("orders", "write -P 1 0 16M", "flush");
        assertThat(daemon.stop().exitCode()).isZero();
        Files.move(here.path("m1"), here.path("elsewhere"));
        daemon = here.serve();
        assertThat(state()).isEqualTo("degraded");
        here.qemuIo("orders", "write -P 2 1M 1M", "flush");
        try (var file = new RandomAccessFile(here.path("elsewhere").toFile(), "rw")) {
            long found = -1;
            byte[] page = new byte[4096];
            for (long at = file.length() - (1 << 20); at > 0 && found < 0; at -= 4096) {
                file.seek(at);
                file.readFully(page);
                found = page[0] == 1 && page[4095] == 1 ? at : -1;
            }
            file.seek(found + 100);
            file.write(new byte[300]);
        }

        here.done("member", "return", "orders", "1", "@elsewhere", "--wait");

        assertThat(state()).isEqualTo("optimal");
        here.done("member", "fail", "orders", "0", "--yes");
        here.qemuIo("orders", "read -P 1 0 1M", "read -P 2 1M 1M", "read -P 1 2M 14M");
        assertThat(daemon.stop().exitCode()).isZero();
        daemon = here.serve();
        assertThat(here.json("status", "orders").toString()).contains("elsewhere");
        here.qemuIo("orders", "read -P 1 0 1M", "read -P 2 1M 1M", "read -P 1 2M 14M");
    }

    /// Goal: a disk that was unplugged at the start is plugged in again. Method: the member's file is away when the daemon
    /// starts, and back where it was when the member returns; the next start finds all.
    @Test
    void oneThatIsBackWhereItWasIsFoundByTheNextStart() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        here.done(create("raid1", 2));
        here.qemuIo("orders", "write -P 1 0 4M", "flush");
        assertThat(daemon.stop().exitCode()).isZero();
        Files.move(here.path("m1"), here.path("unplugged"));
        daemon = here.serve();
        here.qemuIo("orders", "write -P 2 0 1M", "flush");
        Files.move(here.path("unplugged"), here.path("m1"));

        here.done("member", "return", "orders", "1", "@m1", "--wait");

        assertThat(state()).isEqualTo("optimal");
        assertThat(daemon.stop().exitCode()).isZero();
        here.serve();
        assertThat(state()).isEqualTo("optimal");
        here.done("member", "fail", "orders", "0", "--yes");
        here.qemuIo("orders", "read -P 2 0 1M", "read -P 1 1M 3M");
    }

    /// Goal: a crash anywhere in a return is gone on from. Method: kill -9 ever later in it, writes in between; at last the other
    /// copy goes.
    @Test
    void aCrashInAReturnIsGoneOnFrom() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        here.done(create("raid1", 2));
        here.qemuIo("orders", "write -P 1 0 48M", "flush");
        for (int round = 0; round < 5; round++) {
            here.done("member", "fail", "orders", "1", "--yes");
            here.qemuIo("orders", "write -P " + (2 + round) + " " + (8 + round) + "M 1M", "flush");
            here.done("member", "return", "orders", "1");
            Thread.sleep(round * 20L);
            daemon.kill();
            daemon = here.serve();
            here.awaitStatus(
                    "orders", "optimal", status -> status.getString("state").equals("optimal"));
        }
        here.done("member", "fail", "orders", "0", "--yes");
        here.qemuIo("orders", "read -P 1 0 8M", "read -P 1 13M 35M");
        for (int round = 0; round < 5; round++) {
            here.qemuIo("orders", "read -P " + (2 + round) + " " + (8 + round) + "M 1M");
        }
    }

    /// Goal: the last copy of a write is not overwritten. Method: one copy is an old image of itself and the only one at a start;
    /// the other, which has what was written since, returns.
    @Test
    void aWriteThatOnlyTheReturningMemberHasIsNotOverwritten() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        here.done(create("raid1", 2));
        here.qemuIo("orders", "write -P 1 0 4M", "flush");
        here.awaitHome("orders");
        Files.copy(here.path("m0"), here.path("image")); // no epoch begins until the kill
        here.qemuIo("orders", "write -P 2 0 1M", "flush");
        here.awaitHome("orders");
        daemon.kill();
        Files.move(here.path("image"), here.path("m0"), StandardCopyOption.REPLACE_EXISTING);
        Files.move(here.path("m1"), here.path("newer"));
        here.serve();
        assertThat(state()).isEqualTo("degraded");

        here.quoin("member", "return", "orders", "1", "@newer", "--wait");

        here.awaitStatus(
                "orders", "degraded", status -> status.getString("state").equals("degraded"));
        assertThat(here.done("events", "--count", "50"))
                .contains("a write that the volume does not know");
        here.qemuIo("orders", "read -P 1 0 4M");
        byte[] newer = new byte[4096];
        long kept = 0;
        try (var file = new RandomAccessFile(here.path("newer").toFile(), "r")) {
            for (long at = 0; at < file.length(); at += newer.length) {
                file.seek(at);
                file.readFully(newer);
                kept += newer[0] == 2 && newer[4095] == 2 ? 1 : 0;
            }
        }
        assertThat(kept).as("blocks of the newer write").isGreaterThanOrEqualTo(256);
    }

    @Test
    void whatMayNotComeBackIsRefused() throws Exception {
        here.serve();
        here.done(create("raid1", 2));
        here.qemuIo("orders", "write -P 1 0 4M", "flush");
        here.refused(
                1,
                "expected a member that is dropped or missing, is in sync",
                "member",
                "return",
                "orders",
                "1");
        here.done("create", "other", "--level", "raid1", "--size", "400M", "@n0", "@n1");
        here.done("member", "fail", "orders", "1", "--yes");
        here.refused(1, "in use by volume other", "member", "return", "orders", "1", "@n1");
        here.done("close", "other");
        here.refused(
                1,
                "expected a member of volume orders, found one of other",
                "member",
                "return",
                "orders",
                "1",
                "@n1");
        here.file("blank", 400 << 20);
        here.refused(1, "found no superblock", "member", "return", "orders", "1", "@blank");
        here.refused(1, "no such file", "member", "return", "orders", "1", "@nowhere");
        here.qemuIo("orders", "read -P 1 0 4M");
        here.done("member", "return", "orders", "1", "--wait");
        assertThat(state()).isEqualTo("optimal");
    }
}
