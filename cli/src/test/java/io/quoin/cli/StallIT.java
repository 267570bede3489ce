package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.RepeatedTest;

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
}
