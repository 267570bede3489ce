package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The clients that people use get back what they wrote, on every level, optimal and with as many
/// members lost as the level bears.
///
/// Each test serves a fresh volume and lets `qemu-io`, `nbdcopy`, `nbdinfo` and `fio` work on it, one
/// after the other; fio over four connections, with checksums in what it writes and trims between. Then
/// a scrub must find nothing to repair, the daemon is killed with SIGKILL, and what fio wrote is
/// verified once more through a new one. `-Dquoin.rounds=20` repeats all that with 20 seeds.
@Timeout(1800)
class StockClientsMatrixIT {
    private static final String VOLUME = "orders";
    private static final int ROUNDS = Integer.getInteger("quoin.rounds", 1);
    private static final int COPY_BYTES = 24 << 20;
    private static final long MIB = 1 << 20;

    /// Enough for a volume of 96 MiB, of which the clients use 64: the journal and the zones' tables take the
    /// rest. The least that a member may have is 93,454,336 bytes.
    private static final String MEMBER_SIZE = "192M";

    /// A level on as few members as make it worth while.
    enum Layout {
        RAID0("raid0", 2, 0),
        RAID1("raid1", 2, 1),
        RAID5("raid5", 4, 1),
        RAID6("raid6", 5, 2),
        RAID10("raid10", 4, 1),
        ERASURE_4_3("4+3", 7, 3);

        private final String level;
        private final int memberCount;
        private final int bearableLosses;

        Layout(String level, int memberCount, int bearableLosses) {
            this.level = level;
            this.memberCount = memberCount;
            this.bearableLosses = bearableLosses;
        }
    }

    private Workbench bench;

    @BeforeEach
    void open() throws IOException {
        bench = new Workbench();
    }

    @AfterEach
    void close() {
        bench.close();
    }

    @ParameterizedTest
    @EnumSource
    void stockClientsGetBackWhatTheyWrote(Layout layout) throws Exception {
        serve(layout);
        assertThat(map())
                .as("map of a new volume")
                .singleElement()
                .satisfies(extent ->
                        assertThat(extent.getString("description")).isEqualTo("hole,zero"));
        for (int round = 0; round < ROUNDS; round++) {
            work(round);
        }
        scrubFindsNothing();
        bench.killDaemon();
        bench.serve();
        fio(ROUNDS - 1, true);
    }

    @ParameterizedTest
    @EnumSource(mode = EnumSource.Mode.EXCLUDE, names = "RAID0")
    void stockClientsGetBackWhatTheyWroteWithMembersLost(Layout layout) throws Exception {
        serve(layout);
        for (int round = 0; round < ROUNDS; round++) {
            long seed = 100 + round;
            if (round == 0) {
                fio(seed, false);
                loseMembers(layout);
                fio(seed, true);
            }
            work(seed);
        }
        bench.killDaemon();
        for (int slot = 0; slot < layout.bearableLosses; slot++) {
            Files.delete(bench.member(slot));
        }
        bench.serve();
        fio(100 + ROUNDS - 1, true);
    }

    private void serve(Layout layout) throws Exception {
        bench.create(VOLUME, layout.level, layout.memberCount, MEMBER_SIZE);
        bench.serve();
    }

    private void loseMembers(Layout layout) throws IOException {
        for (int slot = 0; slot < layout.bearableLosses; slot++) {
            bench.quoin("member", "fail", VOLUME, slot, "--yes");
        }
        JsonObject status = bench.status(VOLUME);
        assertThat(status.getString("state")).isEqualTo("degraded");
        assertThat(status.getInt("redundancyLeft")).isZero();
    }

    private void scrubFindsNothing() throws IOException {
        bench.quoin("scrub", "start", VOLUME, "--wait");
        JsonObject counters = bench.status(VOLUME).getObject("counters");
        for (String counter : List.of("blocksRepaired", "blocksLost", "rowsSuspect")) {
            assertThat(counters.getLong(counter)).as(counter).isZero();
        }
    }

    private void work(long seed) throws Exception {
        qemuIo(
                "write -P 0x5a 0 1M",
                "write -f -P 0x11 1000 3000",
                "write -P 0x22 4097 70001",
                "flush",
                "read -P 0x5a 0 1000",
                "read -P 0x11 1000 3000",
                "read -P 0x5a 4000 97",
                "read -P 0x22 4097 70001",
                "read -P 0x5a 74098 200000",
                "discard 256k 128k",
                "read -P 0 256k 128k",
                "read -P 0x5a 384k 640k",
                "write -z 513k 127k",
                "read -P 0x5a 512k 1k",
                "read -P 0 513k 127k",
                "write -z -u 768k 64k",
                "read -P 0 768k 64k",
                "aio_write -P 0x33 32M 1M",
                "aio_write -P 0x44 33M 512",
                "aio_write -P 0x66 40M 16M",
                "aio_flush",
                "read -P 0x33 32M 1M",
                "read -P 0x44 33M 512",
                "read -P 0x66 40M 16M",
                "discard 32M 32M",
                "read -P 0 32M 32M");
        List<JsonObject> map = map();
        assertThat(typeAt(map, 0)).isEqualTo("data");
        assertThat(typeAt(map, 256 << 10)).isEqualTo("hole,zero");
        assertThat(typeAt(map, (384 << 10) - 1)).isEqualTo("hole,zero");
        assertThat(typeAt(map, 384 << 10)).isEqualTo("data");
        assertThat(typeAt(map, 576 << 10)).as("zeros that keep their space").doesNotContain("hole");
        assertThat(typeAt(map, 800 << 10)).as("zeros that need not").contains("zero");
        assertThat(typeAt(map, 48 * MIB)).as("discarded").isEqualTo("hole,zero");
        copy(seed);
        fio(seed, false);
    }

    private void qemuIo(String... commands) throws IOException {
        List<Object> line = new ArrayList<>(List.of("qemu-io", "-f", "raw", bench.uri(VOLUME)));
        for (String command : commands) {
            line.add("-c");
            line.add(command);
        }
        assertThat(bench.run(line.toArray())).doesNotContainIgnoringCase("failed");
    }

    private List<JsonObject> map() throws Exception {
        String text = bench.run("nbdinfo", "--map", "--json", bench.uri(VOLUME));
        JsonArray extents = JsonParser.array().from(text);
        return extents.stream().map(JsonObject.class::cast).toList();
    }

    private static String typeAt(List<JsonObject> map, long offset) {
        for (JsonObject extent : map) {
            if (offset < extent.getLong("offset") + extent.getLong("length")) {
                return extent.getString("description");
            }
        }
        throw new AssertionError("no extent at " + offset);
    }

    /// There and back, with random bytes and, between them, zeros that nbdcopy trims.
    private void copy(long seed) throws IOException {
        byte[] data = new byte[COPY_BYTES];
        new Random(seed).nextBytes(data);
        Arrays.fill(data, 5_000_000, 7_000_000, (byte) 0);
        Path source = Files.write(bench.folder.resolve("source.img"), data);
        Path target = bench.folder.resolve("target.img");
        bench.run("nbdcopy", "--connections=4", "--flush", source, bench.uri(VOLUME));
        bench.run("nbdcopy", "--connections=4", bench.uri(VOLUME), target);
        try (var back = Files.newInputStream(target)) {
            byte[] found = back.readNBytes(COPY_BYTES);
            assertThat(Arrays.mismatch(data, found)).as("first byte that differs").isEqualTo(-1);
        }
        Files.delete(source);
        Files.delete(target);
    }

    /// Four jobs, a connection each, at the same time, in regions that begin amid a block: two write in
    /// random order and read back as they go, one trims a range and then writes it, one only trims
    /// (fio cannot tell which of its writes a trim of its own took, so it has that region alone; and
    /// its job that trims before it writes works from offset 0 only). All verify what they wrote again
    /// at the end; with `again` they do only that.
    ///
    /// Each 512 bytes carry a header with a CRC-32C of the rest.
    private void fio(long seed, boolean again) throws Exception {
        Path jobs = bench.folder.resolve("jobs.fio");
        Files.writeString(
                jobs,
                """
                [global]
                ioengine=nbd
                uri=%s
                randseed=%d
                bssplit=512/20:1536/10:4k/20:7680/10:16k/15:64k/10:66048/5:256k/6:1M/4
                iodepth=8
                size=8M
                verify_fatal=1
                [write-low]
                rw=randwrite
                offset=8389120
                verify=crc32c
                verify_backlog=64
                [write-high]
                rw=randwrite
                offset=25166336
                verify=crc32c
                verify_backlog=64
                [trim-then-write]
                rw=randtrimwrite
                serialize_overlap=1
                verify=crc32c
                [trim]
                rw=randtrim
                offset=16777728
                loops=3
                """
                        .formatted(bench.uri(VOLUME), seed));
        Path report = bench.folder.resolve("fio.json");
        List<Object> command =
                new ArrayList<>(
                        List.of(
                                "fio",
                                "--verify_state_save=0",
                                "--output-format=json",
                                "--output=" + report));
        if (again) {
            command.add("--verify_only");
            for (String section : List.of("write-low", "write-high", "trim-then-write")) {
                command.add("--section=" + section);
            }
        }
        command.add(jobs);
        Shell.Result result = bench.attempt(command.toArray());
        String text = Files.readString(report);
        assertThat(result.exitCode())
                .as("fio, seed %d: %s%s%s", seed, result.out(), result.err(), text)
                .isZero();
        // What fio has to say stands before its report.
        JsonObject all = JsonParser.object().from(text.substring(text.indexOf('{')));
        for (Object each : all.getArray("jobs")) {
            JsonObject job = (JsonObject) each;
            String name = job.getString("jobname");
            assertThat(job.getInt("error")).as("error of job " + name).isZero();
            if (!name.equals("trim")) {
                assertThat(job.getObject("read").getLong("io_bytes"))
                        .as("bytes that job %s verified", name)
                        .isEqualTo(8 * MIB);
            }
            if (name.startsWith("trim") && !again) {
                assertThat(job.getObject("trim").getLong("total_ios")).as(name).isPositive();
            }
        }
        Files.delete(report);
    }
}
