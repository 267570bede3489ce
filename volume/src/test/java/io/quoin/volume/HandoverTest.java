package io.quoin.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.assembly.Creation;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.Witness;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.remote.Ownership;
import io.quoin.volume.repair.GovernorLimits;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// The production volume, threads and all: what operators ask for while one engine hands over to the next.
@Timeout(120)
final class HandoverTest {
    @TempDir Path folder;

    private Path file(String name) throws Exception {
        Path path = folder.resolve(name);
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(200L << 20);
        }
        return path;
    }

    private Volume open() throws Exception {
        List<MemberAddress> addresses = new ArrayList<>();
        List<BlockFile> files = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            Path path = file("m" + i);
            addresses.add(MemberAddress.of(path));
            files.add(LocalFile.open(path, true));
        }
        Creation.create(
                new Creation.Wish("orders", "raid1", 0, 16 << 10, Guard.CRC32C, 0),
                files,
                files.stream().map(each -> true).toList(),
                null,
                0,
                UUID::randomUUID);
        files.forEach(BlockFile::close);
        return Volume.open(
                new Volume.Opening(
                        addresses,
                        Witness.NONE,
                        EngineSettings.DEFAULT,
                        new UnsafeBuffer(new byte[Counters.BYTES]),
                        event -> {},
                        Ownership.Host.once()));
    }

    private static void awaitShape(Volume volume, int members) {
        while (volume.geometry().slotCount() != members || volume.geometry().former() != null) {
            LockSupport.parkNanos(1_000_000);
        }
    }

    @Test
    void noneIsForgotten() throws Exception {
        try (Volume volume = open()) {
            AtomicBoolean isOver = new AtomicBoolean();
            CompletableFuture<Integer> operator =
                    CompletableFuture.supplyAsync(() -> {
                        int orders = 0;
                        while (!isOver.get()) {
                            GovernorLimits limits =
                                    new GovernorLimits(130, 1 << 20, (1L << 30) + orders++);
                            try {
                                volume.setJobLimits(limits);
                                assertThat(volume.jobLimits()).isEqualTo(limits);
                            } catch (Exception e) {
                                throw new AssertionError(e);
                            }
                        }
                        return orders;
                    });
            for (int round = 0; round < 3 && !operator.isDone(); round++) {
                List<MemberAddress> joining = List.of(MemberAddress.of(file("n" + round)));
                volume.reshape("raid1", joining, 0, 0, false, JobOrigin.UNKNOWN);
                awaitShape(volume, 3);
                volume.reshape("raid1", List.of(), 1, 0, false, JobOrigin.UNKNOWN);
                awaitShape(volume, 2);
            }
            isOver.set(true);
            assertThat(operator.get()).isGreaterThan(100);
        }
    }
}
