package io.quoin.volume;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.assembly.Creation;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.member.Witness;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.remote.Ownership;
import java.io.RandomAccessFile;
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

/// The production volume, threads and all: one read finds damage, and nobody asks for anything else.
@Timeout(60)
final class NearDamageTest {
    private static final int BLOCK = 4096;

    @TempDir Path folder;
    private final List<Path> members = new ArrayList<>();
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final UnsafeBuffer counters = new UnsafeBuffer(new byte[Counters.BYTES]);

    private void create() throws Exception {
        List<BlockFile> files = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Path path = folder.resolve("m" + i);
            try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
                file.setLength(200L << 20);
            }
            members.add(path);
            files.add(LocalFile.open(path, true));
        }
        Creation.create(
                new Creation.Wish("orders", "raid5", 0, 16 << 10, Guard.CRC32C, 0),
                files,
                files.stream().map(file -> true).toList(),
                null,
                0,
                UUID::randomUUID);
        files.forEach(BlockFile::close);
    }

    private Volume open() throws Exception {
        return Volume.open(
                new Volume.Opening(
                        members.stream().map(MemberAddress::of).toList(),
                        Witness.NONE,
                        EngineSettings.DEFAULT,
                        counters,
                        event -> events.add(event.message()),
                        Ownership.Host.once()));
    }

    private static void carryOut(Volume volume, Request.Op op, long offset, int length)
            throws Exception {
        CompletableFuture<Void> done = new CompletableFuture<>();
        Request request = new Request(completed -> done.complete(null), null);
        request.op = op;
        request.offsetBytes = offset;
        request.lengthBytes = length;
        request.bufferOffset = volume.buffers().tryAllocate(length);
        if (op == Request.Op.WRITE) {
            volume.buffers().region().asSlice(request.bufferOffset, length).fill((byte) 0x5A);
        }
        volume.submit(request);
        volume.proceed();
        done.get(30, TimeUnit.SECONDS);
        assertThat(request.outcome).isEqualTo(Request.Outcome.OK);
        if (op == Request.Op.READ) {
            volume.buffers().free(request.bufferOffset);
        }
    }

    private Superblock superblock() throws Exception {
        BlockFile file = LocalFile.open(members.getFirst(), false);
        try {
            return SuperblockIo.read(file).superblock();
        } finally {
            file.close();
        }
    }

    private void damage(int slot, long at) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(members.get(slot).toFile(), "rw")) {
            file.seek(at + 1000);
            file.write(new byte[] {1, 2, 3, 4});
        }
    }

    @Test
    void itIsCheckedAtOnce() throws Exception {
        create();
        try (Volume volume = open()) {
            carryOut(volume, Request.Op.WRITE, 0, 256 * BLOCK);
        }
        Superblock superblock = superblock();
        Geometry geometry = superblock.geometry();
        damage(geometry.slotAt(3, 0), superblock.layout().dataOffset(3));
        for (int row : new int[] {4, 35, 50}) {
            damage(row % 3, superblock.layout().dataOffset(row));
        }
        try (Volume volume = open()) {
            carryOut(volume, Request.Op.READ, geometry.blockAt(3, 0) * BLOCK, BLOCK);
            String end = "near the damage at row 3: 96 rows checked, 3 blocks repaired, 0 lost";
            for (int i = 0; i < 500 && events.stream().noneMatch(e -> e.contains(end)); i++) {
                Thread.sleep(20);
            }
            assertThat(events).anyMatch(each -> each.contains(end));
            Counters counted = new Counters(counters);
            assertThat(counted.get(Counter.ROWS_NEAR_CHECKED)).isEqualTo(96);
            assertThat(counted.get(Counter.BLOCKS_REPAIRED)).isEqualTo(4);
            assertThat(volume.status().jobs()).isEmpty();
        }
    }

    /// A volume is closed after some milliseconds of it.
    @Test
    void itKeepsNobodyFromClosing() throws Exception {
        create();
        try (Volume volume = open()) {
            carryOut(volume, Request.Op.WRITE, 0, 256 * BLOCK);
        }
        Superblock superblock = superblock();
        Geometry geometry = superblock.geometry();
        for (int pause : new int[] {0, 5, 20, 80}) {
            for (int row = 0; row < 96; row += 7) {
                damage(geometry.slotAt(row, 0), superblock.layout().dataOffset(row));
            }
            try (Volume volume = open()) {
                carryOut(volume, Request.Op.READ, 0, BLOCK);
                Thread.sleep(pause);
            }
        }
        try (Volume volume = open()) {
            carryOut(volume, Request.Op.READ, 0, 192 * BLOCK);
        }
        assertThat(new Counters(counters).get(Counter.BLOCKS_LOST)).isZero();
    }
}
