package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Members in waiting: who takes which place, what is refused, and what a crash in between does.
class SparesIT {
    private static final long MIB = 1 << 20;

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

    private static String paths(JsonObject status) {
        return status.getArray("members").stream()
                .map(each -> ((JsonObject) each).getString("path"))
                .toList()
                .toString();
    }

    private JsonArray spares() throws IOException {
        return here.json("spare", "list").getArray("spares");
    }

    private void create(String name, String level, Object... members) throws IOException {
        List<Object> command = new ArrayList<>(List.of("create", name, "--level", level));
        command.addAll(List.of("--size", "160M"));
        command.addAll(List.of(members));
        here.done(command.toArray());
    }

    /// Goal: nobody has to be awake. Method: write, add a spare, lose a member, wait, lose another one, read; restart.
    @Test
    void aSpareTakesTheLostPlace() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        create("orders", "raid5", "@m0", "@m1", "@m2");
        here.qemuIo("orders", "write -P 7 0 24M");
        here.file("s0", 160 * MIB);
        assertThat(here.done("spare", "add", "@s0")).containsPattern("s0 +160 MiB +any +ready");
        assertThat(here.done("status", "orders")).contains("spare      " + here.path("s0"));

        here.done("member", "fail", "orders", "1", "--yes");

        here.awaitOptimal("orders", "s0");
        assertThat(here.json("jobs").getArray("jobs").getObject(0).getString("reason"))
                .isEqualTo("spare");
        assertThat(spares()).isEmpty();
        assertThat(here.done("events", "--count", "50"))
                .contains("spare " + here.path("s0") + " takes the place of slot 1")
                .contains(here.path("m1").toString());
        here.done("member", "fail", "orders", "0", "--yes");
        here.qemuIo("orders", "read -P 7 0 24M");

        assertThat(daemon.stop().exitCode()).isZero();
        daemon = here.serve();
        JsonObject status = here.json("status", "orders");
        assertThat(paths(status)).contains(here.path("s0").toString());
        here.qemuIo("orders", "read -P 7 0 24M");
    }

    /// Goal: a spare may wait for one volume or for all, the largest goes first, and the next one when that fails. Method:
    /// spares of three sizes, one of another volume's, one written to meanwhile; a member that is missing at the start.
    @Test
    void theLargestThatAVolumeMayHaveIsTaken() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        create("orders", "raid1", "@m0", "@m1");
        create("other", "raid1", "@n0", "@n1");
        here.file("small", 161 * MIB);
        here.file("large", 170 * MIB);
        here.file("foreign", 200 * MIB);
        Path spoiled = here.file("spoiled", 180 * MIB);
        here.done("spare", "add", "@small", "--for", "orders", "--for", "other");
        here.done("spare", "add", "@large");
        here.done("spare", "add", "@foreign", "--for", "other");
        here.done("spare", "add", "@spoiled");
        Files.write(spoiled, new byte[] {1, 2, 3, 4}, java.nio.file.StandardOpenOption.WRITE);

        here.done("member", "fail", "orders", "0", "--yes");

        here.awaitOptimal("orders", "large");
        try (var file = new RandomAccessFile(spoiled.toFile(), "r")) {
            assertThat(file.readInt()).isEqualTo(0x01020304);
        }
        assertThat(here.json("status", "orders").getArray("spares").toString())
                .contains("spoiled", "in trouble", "bytes other than zeros")
                .doesNotContain("foreign");

        assertThat(daemon.stop().exitCode()).isZero();
        Files.delete(here.path("m1"));
        daemon = here.serve();
        here.awaitOptimal("orders", "small");
        assertThat(spares()).hasSize(2);
    }

    /// Goal: a copy of a failing disk, made by hand onto a spare, is not what the spare is rebuilt over. Method: copy a member
    /// there while no daemon runs, and take the member away.
    @Test
    void aCopyOfAMemberIsNotOverwritten() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        create("orders", "raid1", "@m0", "@m1");
        here.qemuIo("orders", "write -P 9 0 1M");
        Path spare = here.file("s0", 160 * MIB);
        here.done("spare", "add", "@s0");
        daemon.stop();
        Files.move(here.path("m1"), spare, StandardCopyOption.REPLACE_EXISTING);
        byte[] before = Files.readAllBytes(spare);

        here.serve();

        String refusal = "expected a blank member, found member 1 of volume orders";
        assertThat(here.json("status", "orders").toString()).contains("degraded", refusal);
        assertThat(Files.readAllBytes(spare)).isEqualTo(before);
        assertThat(here.done("events")).containsOnlyOnce(refusal);
    }

    @Test
    void whatCannotBeASpareIsRefused() throws Exception {
        here.serve();
        create("orders", "raid1", "@m0", "@m1");
        here.refused(1, "no such file", "spare", "add", "@nowhere");
        here.refused(1, "in use by volume orders", "spare", "add", "@m0");
        here.file("s0", 100 * MIB);
        here.refused(1, "expected at least", "spare", "add", "@s0");
        here.file("s0", 160 * MIB);
        here.refused(1, "expected one that is served", "spare", "add", "@s0", "--for", "odrers");
        Files.write(here.path("s0"), new byte[] {1}, java.nio.file.StandardOpenOption.WRITE);
        here.refused(1, "bytes other than zeros", "spare", "add", "@s0");
        here.refused(1, "Not confirmed", "spare", "add", "@s0", "--force");
        here.done("spare", "add", "@s0", "--force", "--yes");
        here.refused(1, "in use by the spares", "spare", "add", "@s0");
        here.refused(
                1,
                "in use by the spares",
                "create",
                "more",
                "--level",
                "raid0",
                "@s0",
                "@s1",
                "--size",
                "160M",
                "--yes");
        here.refused(1, "expected one of the spares", "spare", "remove", "@m0");
        here.done("spare", "remove", "@s0");
        here.done("member", "fail", "orders", "1", "--yes");
        here.done("member", "replace", "orders", "1", "@s0", "--wait");
        here.refused(
                1,
                "expected a blank member, found member 1 of volume orders",
                "spare",
                "add",
                "@m1");
        here.refused(1, "which are none", "spare", "remove", "@s0");
        assertThat(spares()).isEmpty();
        assertThat(here.json("status", "orders").getString("state")).isEqualTo("optimal");
    }

    @Test
    void aListThatCannotBeReadIsKept() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        create("orders", "raid1", "@m0", "@m1");
        here.file("s0", 160 * MIB);
        here.done("spare", "add", "@s0");
        daemon.stop();
        Path list = here.path("state").resolve("spares.toml");
        String damaged = Files.readString(list).replace("path", "pa");
        Files.writeString(list, damaged);

        here.serve();

        assertThat(here.json("status", "orders").getString("state")).isEqualTo("optimal");
        assertThat(here.done("events")).contains("no spares: " + list).contains("unknown");
        here.refused(1, "mend or remove it", "spare", "add", "@s0");
        assertThat(Files.readString(list)).isEqualTo(damaged);
    }

    /// Goal: a crash anywhere in an adoption leaves either a spare or a member, and the next daemon goes on. Method: kill -9
    /// ever later after a member was lost; each time the volume must become whole, with what was written.
    @Test
    void aCrashInAnAdoptionIsGoneOnFrom() throws Exception {
        Installation.DaemonProcess daemon = here.serve();
        create("orders", "raid1", "@m0", "@m1");
        here.qemuIo("orders", "write -P 9 0 8M");
        String lost = "m1";
        for (int round = 0; round < 6; round++) {
            String spare = "s" + round;
            here.file(spare, 160 * MIB);
            here.done("spare", "add", "@" + spare);
            here.done("member", "fail", "orders", "@" + lost, "--yes");
            Thread.sleep(round * 15L);
            daemon.kill();
            daemon = here.serve();
            here.awaitOptimal("orders", spare);
            assertThat(spares()).isEmpty();
            here.qemuIo("orders", "read -P 9 0 8M");
            lost = spare;
        }
    }
}
