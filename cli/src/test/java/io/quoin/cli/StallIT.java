package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.RepeatedTest;

/// A member that stands still amid load.
class StallIT {
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final long MEMBER_BYTES = 512L << 20;

    /// Goal: a member that answers nothing is dropped and clients go on, though it answers nothing, whatever it was about to do.
    /// Method: a mirror of a file and a file of nbdfuse; the server of the latter is stopped amid writes, flushes and
    /// destage. It goes on only when the volume has gone on without it.
    @RepeatedTest(2)
    void aMemberThatAnswersNothingIsDropped() throws Exception {
        try (Workbench bench = new Workbench();
                Installation here = new Installation(bench.folder)) {
            Process server = offerSlowFile(bench, here);
            here.file("near", MEMBER_BYTES);
            Files.writeString(here.path("quoind.toml"), "[engine]\nio-limit-ms = 1000\n");
            here.serve("--config", "@quoind.toml");
            here.done("create", "orders", "--level", "raid1", "@near", "@slow");
            JsonArray members = here.json("status", "orders").getArray("members");
            assertThat(members.getObject(1).getString("mode"))
                    .as("FUSE may let a submitter to io_uring wait")
                    .isEqualTo("O_DIRECT|O_DSYNC");
            bench.start(here.path("fio.out"), load(here));
            here.awaitStatus("orders", "destage", status -> status.getLong("dirtyBlocks") > 1000);
            Thread.sleep(2000); // the more of all kinds is under way

            bench.run("kill", "-STOP", server.pid());
            here.awaitStatus(
                    "orders", "degraded", status -> status.getString("state").equals("degraded"));
            here.qemuIo("orders", "write -P 9 350M 1M", "flush", "read -P 9 350M 1M");

            bench.run("kill", "-CONT", server.pid());
            here.qemuIo("orders", "read -P 9 350M 1M");
        }
    }

    private static Process offerSlowFile(Workbench bench, Installation here) throws Exception {
        Path socket = here.path("nbdkit.sock");
        Path out = here.path("nbdkit.out");
        Process server =
                bench.start(
                        out,
                        List.of(
                                "nbdkit",
                                "--foreground",
                                "--unix",
                                socket,
                                "file",
                                here.file("far", MEMBER_BYTES)));
        Workbench.await("nbdkit", PATIENCE, () -> Files.exists(socket));
        Path slow = Files.createFile(here.path("slow"));
        bench.start(out, List.of("nbdfuse", slow, "nbd+unix:///?socket=" + socket));
        bench.undo(() -> bench.run("fusermount3", "-u", "-z", slow));
        Workbench.await("nbdfuse", PATIENCE, () -> slow.toFile().length() == MEMBER_BYTES);
        return server;
    }

    private static List<String> load(Installation here) {
        return List.of(
                "fio",
                "--name=load",
                "--thread",
                "--ioengine=nbd",
                "--uri=" + here.uri("orders"),
                "--rw=randwrite",
                "--bs=4k",
                "--iodepth=4",
                "--fsync=8",
                "--size=300M",
                "--time_based",
                "--runtime=300");
    }
}
