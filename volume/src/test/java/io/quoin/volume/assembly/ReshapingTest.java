package io.quoin.volume.assembly;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.format.Guard;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.LevelSpec;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.LocalFile;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ReshapingTest {
    private static final long POOL_BYTES = 1L << 30;

    @TempDir Path folder;

    private Superblock volume(String level, int members) throws Exception {
        List<BlockFile> files = new ArrayList<>();
        try {
            for (int i = 0; i < members; i++) {
                Path path = folder.resolve("m" + i);
                try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
                    file.setLength(220L << 20);
                }
                files.add(LocalFile.open(path, true));
            }
            return Creation.create(
                    new Creation.Wish("orders", level, 0, 16 << 10, Guard.CRC32C, 0),
                    files,
                    files.stream().map(file -> true).toList(),
                    null,
                    0,
                    UUID::randomUUID);
        } finally {
            files.forEach(BlockFile::close);
        }
    }

    private static Superblock reshaped(Superblock now, String level, int members, int unitBytes) {
        Geometry target =
                Reshaping.plan(now, LevelSpec.parse(level, members, 0), unitBytes, POOL_BYTES)
                        .target();
        Superblock.Builder next = now.toBuilder();
        next.geometry = target;
        next.members = new ArrayList<>(now.members());
        while (next.members.size() > members) {
            next.members.removeLast();
        }
        while (next.members.size() < members) {
            next.members.add(now.members().getFirst());
        }
        return next.build();
    }

    /// Goal: no way through shapes ends drills for good. Method: units and members to and fro, where there is not room for all canary rows
    /// of each shape beside what clients have; some stay, and nothing of the clients' goes.
    @Test
    void keepsCanaryRowsThroughAllShapes() throws Exception {
        Superblock now = volume("raid1", 2);
        assertThat(now.geometry().canaryBlocks()).isPositive();
        record Step(String level, int members, int unitBytes) {}
        List<Step> steps =
                List.of(
                        new Step("raid1", 2, 64 << 10),
                        new Step("raid1", 3, 64 << 10),
                        new Step("raid1", 2, 64 << 10),
                        new Step("raid5", 3, 64 << 10),
                        new Step("raid6", 4, 128 << 10),
                        new Step("raid6", 4, 16 << 10));
        for (Step step : steps) {
            Superblock next = reshaped(now, step.level, step.members, step.unitBytes);
            assertThat(next.geometry().canaryBlocks()).as(step.toString()).isPositive();
            assertThat(next.geometry().volumeBlocks())
                    .as(step.toString())
                    .isGreaterThanOrEqualTo(now.geometry().volumeBlocks());
            now = next;
        }
    }
}
