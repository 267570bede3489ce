package io.quoin.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.assembly.Creation;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.format.Guard;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.Witness;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.remote.Ownership;
import java.io.RandomAccessFile;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A bit that flips in memory between a block's acknowledgement and its way home.
@Timeout(60)
final class MemoryFaultTest {
    private static final int UNIT = 16 << 10;
    private static final long LATER = 500_000_000L;
    private static final int BLOCK = 4096;

    @TempDir Path folder;
    private final List<Path> members = new ArrayList<>();
    private final List<String> events = new CopyOnWriteArrayList<>();

    private void create(String level, int count, Guard guard) throws Exception {
        List<BlockFile> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Path path = folder.resolve("m" + i);
            try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
                file.setLength(200L << 20);
            }
            members.add(path);
            files.add(LocalFile.open(path, true));
        }
        Creation.create(
                new Creation.Wish("orders", level, 0, UNIT, guard, 0),
                files,
                files.stream().map(file -> true).toList(),
                null,
                0,
                UUID::randomUUID);
        files.forEach(BlockFile::close);
    }

    private Volume open() throws Exception {
        EngineSettings settings =
                new EngineSettings(
                        16 << 20,
                        256,
                        LATER,
                        4,
                        EngineSettings.DEFAULT.jobLimits(),
                        10_000_000_000L);
        return Volume.open(
                new Volume.Opening(
                        members.stream().map(MemberAddress::of).toList(),
                        Witness.NONE,
                        settings,
                        new UnsafeBuffer(new byte[Counters.BYTES]),
                        event -> events.add(event.message()),
                        Ownership.Host.once()));
    }

    private static Request carryOut(
            Volume volume, Request.Op op, long offset, int length, byte fill) throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Request request = new Request(completed -> done.complete(null), null);
        request.op = op;
        request.offsetBytes = offset;
        request.lengthBytes = length;
        request.bufferOffset = volume.buffers().tryAllocate(length);
        if (op == Request.Op.WRITE) {
            volume.buffers().region().asSlice(request.bufferOffset, length).fill(fill);
        }
        volume.submit(request);
        volume.proceed();
        done.get(30, TimeUnit.SECONDS);
        return request;
    }

    @ParameterizedTest
    @CsvSource({
        "raid0, 2, CRC32C, 1",
        "raid0, 2, CRC32C, 8", // whole rows
        "raid1, 2, CRC16, 1",
        "raid5, 4, CRC32C, 12", // the whole stripe: seen in the sum
        "raid5, 4, CRC32C, 1", // a part of it
        "raid5, 4, CRC16, 12",
        "raid6, 5, XXH3_HAMMING, 12"
    })
    void aBlockThatChangedInMemoryNeverGoesHome(String level, int count, Guard guard, int blocks)
            throws Exception {
        create(level, count, guard);
        Volume volume = open();
        Request write = carryOut(volume, Request.Op.WRITE, 0, blocks * BLOCK, (byte) 0x5A);
        assertThat(write.outcome).isEqualTo(Request.Outcome.OK);
        MemorySegment region = volume.buffers().region();
        long at = write.bufferOffset + (blocks - 1L) * BLOCK + 1234;
        region.set(ValueLayout.JAVA_BYTE, at, (byte) (0x5A ^ 0x10));
        awaitStop();
        volume.close();
        assertThat(events)
                .anyMatch(each ->
                        each.contains("block " + (blocks - 1) + " changed in memory")
                                && each.contains("expected CRC-32C"));

        try (Volume again = open()) {
            Request read = carryOut(again, Request.Op.READ, 0, blocks * BLOCK, (byte) 0);
            assertThat(read.outcome).isEqualTo(Request.Outcome.OK);
            byte[] found =
                    again.buffers()
                            .region()
                            .asSlice(read.bufferOffset, (long) blocks * BLOCK)
                            .toArray(ValueLayout.JAVA_BYTE);
            assertThat(found).containsOnly(0x5A);
        }
    }

    /// Equal changes at the same place of two blocks cancel out in the sum.
    @Test
    void changesThatCancelOutAreNotReadAsGood() throws Exception {
        create("raid5", 4, Guard.CRC32C);
        try (Volume volume = open()) {
            Request write = carryOut(volume, Request.Op.WRITE, 0, 12 * BLOCK, (byte) 0x5A);
            MemorySegment region = volume.buffers().region();
            for (int unit = 0; unit < 2; unit++) {
                long at = write.bufferOffset + (long) unit * UNIT + 99;
                region.set(ValueLayout.JAVA_BYTE, at, (byte) (0x5A ^ 1));
            }
            Thread.sleep(4 * LATER / 1_000_000);
            assertThat(carryOut(volume, Request.Op.READ, 0, BLOCK, (byte) 0).outcome)
                    .isEqualTo(Request.Outcome.IO_ERROR);
            Request good = carryOut(volume, Request.Op.READ, BLOCK, BLOCK, (byte) 0);
            assertThat(good.outcome).isEqualTo(Request.Outcome.OK);
        }
    }

    private void awaitStop() throws InterruptedException {
        while (events.stream().noneMatch(each -> each.contains("a bug: "))) {
            Thread.sleep(20);
        }
    }
}
