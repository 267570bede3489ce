package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/// fio on a part of a volume, pass after pass: each writes all of one half in random order, with a CRC-32C of each 512 bytes in
/// them, and reads it back as it goes and at the end; the next pass takes the other half.
///
/// So there is always a half that fio is not at: what it holds was acknowledged, and is verified again when the daemon was killed amid
/// the next pass.
final class VerifyingFio {
    private static final long HALF_BYTES = 4 << 20;

    /// What a part of a volume needs for both halves.
    static final long BYTES = 2 * HALF_BYTES + 4096;

    private final Workbench bench;
    private final String volume;
    private final long offsetBytes;
    private final AtomicInteger passes = new AtomicInteger();

    /// Of the last pass over each half, 0 before the first and while one is under way; the loop's while it goes on.
    private final long[] seeds = new long[2];

    private long bytesPerSecond;
    private long lastSeed;
    private Thread loop;
    private volatile Process fio;
    private volatile boolean isEnding;
    private volatile boolean isKilled;
    private volatile String failure;

    /// @param bench where fio runs
    /// @param volume where it writes
    /// @param offsetBytes where its part of the volume begins
    /// @param seed from which those of its passes are counted
    VerifyingFio(Workbench bench, String volume, long offsetBytes, long seed) {
        this.bench = bench;
        this.volume = volume;
        this.offsetBytes = offsetBytes + 512; // amid a block
        lastSeed = seed;
    }

    /// Begins, or begins again after [#killed].
    ///
    /// @param mostBytesPerSecond how much it writes, and how much it reads; 0: as much as it can
    void start(long mostBytesPerSecond) {
        bytesPerSecond = mostBytesPerSecond;
        isEnding = false;
        isKilled = false;
        loop = Thread.ofPlatform().name("fio").start(this::loop);
    }

    private void loop() {
        try {
            while (!isEnding && !isKilled) {
                pass();
            }
        } catch (IOException | InterruptedException | AssertionError e) {
            failure = e.toString();
        }
    }

    private void pass() throws IOException, InterruptedException {
        long seed = ++lastSeed;
        int half = (int) (seed & 1);
        seeds[half] = 0;
        String said = run(seed);
        if (said.isEmpty()) {
            seeds[half] = seed;
            passes.incrementAndGet();
        } else if (!isKilled || said.contains("verify")) {
            failure = "pass of seed " + seed + ": " + said;
            isEnding = true;
        }
    }

    /// {@return what fio had to complain about; empty when it did what it should}
    private String run(long seed, String... more) throws IOException, InterruptedException {
        Path output = Files.createTempFile(bench.folder, "fio", ".out");
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "fio",
                                "--name=half",
                                "--thread",
                                "--ioengine=nbd",
                                "--uri=" + bench.uri(volume),
                                "--rw=randwrite",
                                "--bssplit=512/10:1536/10:4k/40:7680/10:16k/20:64k/10",
                                "--offset=" + (offsetBytes + (seed & 1) * HALF_BYTES),
                                "--size=" + HALF_BYTES,
                                "--randseed=" + seed,
                                "--iodepth=4",
                                "--verify=crc32c",
                                "--verify_interval=512",
                                "--verify_fatal=1",
                                "--verify_state_save=0"));
        if (bytesPerSecond > 0) {
            command.add("--rate=" + bytesPerSecond);
        }
        command.addAll(Arrays.asList(more));
        fio = bench.start(output, command);
        int exitCode = fio.waitFor();
        String said = Files.readString(output);
        Files.delete(output);
        return exitCode == 0 && said.contains("err= 0") ? "" : exitCode + ": " + said;
    }

    /// {@return how many passes it has made; none of them has failed}
    int expectWorking() {
        assertThat(failure).as("fio").isNull();
        assertThat(loop.isAlive()).as("fio goes on").isTrue();
        return passes.get();
    }

    /// Says that the daemon is about to be killed: fio is told of errors from now on, but of nothing wrong.
    void expectKill() {
        expectWorking();
        isKilled = true;
    }

    /// Waits until fio has ended, after the daemon was killed.
    void killed() throws InterruptedException {
        if (!loop.join(Duration.ofSeconds(10))) {
            Workbench.kill(fio);
            loop.join();
        }
        assertThat(failure).as("fio").isNull();
    }

    /// Ends fio at once, whatever it is at.
    void abandon() throws InterruptedException {
        isKilled = true;
        if (loop != null && !loop.join(Duration.ofMillis(1))) {
            Workbench.kill(fio);
        }
    }

    /// Reads again what the last whole pass over each half left there.
    void verify() throws IOException, InterruptedException {
        for (long seed : seeds) {
            if (seed != 0) {
                assertThat(run(seed, "--verify_only")).as("what seed %d wrote", seed).isEmpty();
            }
        }
    }
}
