package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;

/// A member that stands still amid load.
class StallIT {
    private static final long MEMBER_BYTES = 512L << 20;

    /// Goal: a member that answers nothing is dropped and clients go on, though it answers nothing, whatever it was about to do.
    /// Method: a mirror of a file and a file of nbdfuse; the server of the latter is stopped amid writes, flushes and
    /// destage. It goes on only when the volume has gone on without it.
    @RepeatedTest(2)
    void aMemberThatAnswersNothingIsDropped() throws Exception {
        try (Workbench bench = new Workbench();
                Installation here = new Installation(bench.folder)) {
            here.file("near", MEMBER_BYTES);
            Path far = here.file("far", MEMBER_BYTES);
            Process server = bench.showBySocket(here.path("slow"), far, List.of(), List.of());
            Files.writeString(here.path("quoind.toml"), "[engine]\nio-limit-ms = 1000\n");
            here.serve("--config", "@quoind.toml");
            here.done("create", "orders", "--level", "raid1", "@near", "@slow");
            JsonArray members = here.json("status", "orders").getArray("members");
            assertThat(members.getObject(1).getString("mode"))
                    .as("FUSE may let a submitter to io_uring wait")
                    .isEqualTo("O_DIRECT|O_DSYNC");
            bench.start(here.path("fio.out"), here.randomWrites("orders", "--fsync=8"));
            // Writes, flushes and destage are under way by then.
            here.awaitStatus(
                    "orders",
                    "destage",
                    status -> status.getObject("counters").getLong("rowsDestaged") > 5000);

            bench.run("kill", "-STOP", server.pid());
            here.awaitStatus(
                    "orders", "degraded", status -> status.getString("state").equals("degraded"));
            here.qemuIo("orders", "write -P 9 350M 1M", "flush", "read -P 9 350M 1M");

            bench.run("kill", "-CONT", server.pid());
            here.qemuIo("orders", "read -P 9 350M 1M");
        }
    }

    /// Goal: clients commit while a member stands still that the journal can do without, long before it would be dropped. Method:
    /// raid5 of four, one of them a file of nbdfuse whose server is stopped amid writes; every write from then on is answered
    /// before it goes on. Then all is verified.
    @Test
    void commitsGoOnWithoutAMemberThatStandsStill() throws Exception {
        try (Workbench bench = new Workbench();
                Installation here = new Installation(bench.folder)) {
            for (String name : List.of("m0", "m1", "m2")) {
                here.file(name, MEMBER_BYTES);
            }
            Path far = here.file("far", MEMBER_BYTES);
            Process server = bench.showBySocket(here.path("slow"), far, List.of(), List.of());
            here.serve();
            here.done("create", "orders", "--level", "raid5", "@m0", "@m1", "@slow", "@m2");
            for (int round = 1; round <= 3; round++) {
                bench.run("kill", "-STOP", server.pid());
                for (int i = 0; i < 20; i++) {
                    here.qemuIo("orders", "write -f -P " + round + " " + i + "M 64k");
                }
                JsonObject status = here.json("status", "orders");
                assertThat(status.getString("state")).isEqualTo("optimal");
                assertThat(status.getObject("counters").getLong("journalBatchesWrittenElsewhere"))
                        .as("how often somebody had to notice")
                        .isBetween(1L, (long) round);
                assertThat(status.getArray("members").getObject(2).getBoolean("isSlow")).isTrue();
                here.qemuIo("orders", "read -P " + round + " 19M 64k");
                bench.run("kill", "-CONT", server.pid());
                here.awaitHome("orders");
            }
            here.done("scrub", "start", "orders", "--wait");
            assertThat(
                            here.json("status", "orders")
                                    .getObject("counters")
                                    .getLong("blocksRepaired"))
                    .isZero();
            assertThat(here.done("events", "orders")).contains("the journal goes on without it");
            here.done("member", "fail", "orders", "0", "--yes");
            for (int i = 0; i < 20; i++) {
                here.qemuIo("orders", "read -P 3 " + i + "M 64k");
            }
        }
    }
}
