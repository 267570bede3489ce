package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Members that get more and more wrong.
class ErrorBudgetIT {
    private static final int BLOCK_BYTES = 4096;
    private static final int SOURCE_BYTES = 32 << 20;

    @TempDir Path folder;
    private Installation here;
    private byte[] source;

    @BeforeEach
    void install() {
        here = new Installation(folder);
    }

    @AfterEach
    void remove() throws IOException {
        here.close();
    }

    /// Serves a volume with a budget of 20, written and at home.
    private void serve(String level, int members) throws Exception {
        List<Object> create =
                new ArrayList<>(
                        List.of("create", "orders", "--level", level, "--size", "200M", "--state"));
        create.addAll(List.of("@state", "--yes"));
        for (int i = 0; i < members; i++) {
            create.add("@m" + i);
        }
        here.done(create.toArray());
        Path config =
                Files.writeString(here.path("quoind.toml"), "[engine]\nmember-error-budget = 20\n");
        here.serve("--config", config);
        source = new byte[SOURCE_BYTES];
        new Random(3).nextBytes(source);
        Path file = Files.write(here.path("source"), source);
        here.tool("libnbd-bin", "nbdcopy", "--flush", file, here.uri("orders"));
        here.awaitHome("orders");
    }

    /// Damages blocks of the member of slot 1 that lie side by side.
    private void damage(int first, int blocks) throws IOException {
        JsonObject copy =
                here.json("explain", "orders", "0").getArray("copies").stream()
                        .map(each -> (JsonObject) each)
                        .filter(each -> each.getInt("slot") == 1)
                        .findFirst()
                        .orElseThrow();
        try (RandomAccessFile member = new RandomAccessFile(here.path("m1").toFile(), "rw")) {
            for (int i = first; i < first + blocks; i++) {
                long at = copy.getLong("offsetBytes") + (long) i * BLOCK_BYTES + 100;
                member.seek(at);
                int was = member.read();
                member.seek(at);
                member.write(was ^ 0x5A);
            }
            member.getFD().sync();
        }
    }

    private void scrub(int expected) throws IOException {
        JsonObject scrub = here.json("scrub", "start", "orders", "--wait");
        assertThat(scrub.getLong("repairedBlocks")).isEqualTo(expected);
        assertThat(scrub.getLong("lostBlocks")).isZero();
    }

    private JsonObject member() throws IOException {
        return here.json("status", "orders").getArray("members").getObject(1);
    }

    /// Goal: who gets too much wrong makes way for a spare, and helps until then. Method: 20 bad blocks, then 20 more.
    @Test
    void aWornMemberIsCopiedToASpare() throws Exception {
        serve("raid5", 3);
        here.file("s0", 210 << 20);
        here.done("spare", "add", "@s0", "--yes");
        damage(0, 20);
        scrub(20);
        assertThat(member().getBoolean("isWorn")).isFalse();
        damage(100, 20);
        scrub(20);
        here.awaitOptimal("orders", "s0");
        assertThat(here.done("events", "orders"))
                .contains("is past its error budget: 0 reads that failed, 40 damaged blocks")
                .contains("takes the place of slot 1")
                .doesNotContain("faulty");
        assertThat(member().getBoolean("isWorn")).isFalse();
        here.expectBytes("orders", source);
        here.done("member", "fail", "orders", "0", "--yes");
        here.expectBytes("orders", source);
    }

    /// Goal: without a spare a member that still helps stays, and the operator is told.
    @Test
    void aWornMemberStaysWhereThereIsNoSpare() throws Exception {
        serve("raid6", 4);
        damage(0, 40);
        scrub(40);
        Workbench.await(
                "the event", Duration.ofSeconds(30), () -> says("is past its error budget"));
        Installation.sleep(3000);
        JsonObject member = member();
        assertThat(member.getString("state")).isEqualTo("in sync");
        assertThat(member.getString("path")).isEqualTo(here.path("m1").toString());
        assertThat(member.getBoolean("isWorn")).isTrue();
        assertThat(here.done("status", "orders")).contains("in sync, worn");
        here.expectBytes("orders", source);
    }

    private boolean says(String what) {
        try {
            return here.done("events", "orders").contains(what);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
