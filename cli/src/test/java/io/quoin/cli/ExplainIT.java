package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `quoin explain` says of blocks in each state that an operator may ask about.
class ExplainIT {
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

    private JsonObject explain(long block) throws IOException {
        return here.json("explain", "orders", block);
    }

    private static JsonObject copyOf(JsonObject found, long block) {
        return found.getArray("copies").stream()
                .map(each -> (JsonObject) each)
                .filter(each -> each.getLong("block", -1) == block)
                .findFirst()
                .orElseThrow();
    }

    /// Goal: at 3 a.m. one command says which members are to blame for a block. Method: write, trim, damage a block on its
    /// member, drop members, and ask each time.
    @Test
    void aBlockIsFollowedThroughItsLife() throws Exception {
        here.serve();
        here.done("create", "orders", "--level", "raid5", "--size", "160M", "@m0", "@m1", "@m2");
        assertThat(explain(5).getString("verdict")).isEqualTo("reads as zeros: unwritten");

        here.qemuIo("orders", "write -P 7 0 1M", "flush");
        JsonObject fresh = explain(5);
        assertThat(fresh.getString("verdict")).contains("in the journal, not home yet");
        long sequence = fresh.getArray("versions").getObject(0).getLong("sequence");
        here.awaitHome("orders");
        JsonObject home = explain(5);
        JsonObject own = copyOf(home, 5);
        assertThat(home.getString("verdict")).isEqualTo("reads from slot " + own.getInt("slot"));
        assertThat(own.getLong("generation")).isEqualTo(sequence);
        assertThat(home.getArray("copies")).hasSize(3);
        assertThat(home.toString()).doesNotContain("damaged", "unreadable", "missed");

        try (var file = new RandomAccessFile(own.getString("member"), "rw")) {
            file.seek(own.getLong("offsetBytes") + 1000);
            assertThat(file.read()).isEqualTo(7);
            file.seek(own.getLong("offsetBytes") + 1000);
            file.write(8);
        }
        JsonObject damaged = explain(5);
        assertThat(damaged.getString("verdict"))
                .isEqualTo("reads are decoded from the other slots");
        assertThat(copyOf(damaged, 5).getString("found")).isEqualTo("damaged");
        assertThat(explain(5).getString("verdict")).as("nothing was changed").contains("decoded");
        here.qemuIo("orders", "read -P 7 0 1M");
        JsonObject repaired = explain(5);
        assertThat(copyOf(repaired, 5).getString("found")).isEqualTo("good");
        assertThat(repaired.getArray("events").toString())
                .contains("block 5 on slot", "guard mismatch");
        assertThat(here.done("explain", "orders", "--offset", "20K"))
                .contains("block 5 (bytes 20480 to 24575)")
                .contains("guard mismatch or unreadable; rewritten");

        here.done("member", "fail", "orders", own.getInt("slot"), "--yes");
        JsonObject degraded = explain(5);
        assertThat(copyOf(degraded, 5).getString("found")).isEqualTo("not held");
        assertThat(degraded.getString("verdict"))
                .isEqualTo("reads are decoded from the other slots");
        JsonObject other =
                degraded.getArray("copies").stream()
                        .map(each -> (JsonObject) each)
                        .filter(each -> each.getString("found").equals("good"))
                        .findFirst()
                        .orElseThrow();
        try (var file = new RandomAccessFile(other.getString("member"), "rw")) {
            file.seek(other.getLong("offsetBytes"));
            file.write(new byte[4096]);
        }
        assertThat(explain(5).getString("verdict"))
                .isEqualTo("lost: fewer than 2 good blocks in the row; reads fail");

        here.qemuIo("orders", "discard 0 64k", "flush");
        here.awaitHome("orders");
        assertThat(explain(5).getString("verdict")).isEqualTo("reads as zeros: trimmed");
        here.refused(1, "block: expected 0 to ", "explain", "orders", 1L << 40);
        here.refused(2, "expected a BLOCK or --offset, was neither", "explain", "orders");
    }
}
