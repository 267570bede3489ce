package io.quoin.volume.read;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.MemoryFile;
import io.quoin.volume.Submissions;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.row.InfoCache;
import io.quoin.volume.row.InfoGroup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Goal: each block arrives where its reader wants it, however the reads are joined. Method: members in memory, each block of
/// which says where it lies; units are of two blocks.
final class RunsTest {
    private static final long UNTOUCHED = -1;

    private final Set<Long> landed = new HashSet<>();
    private final List<String> ended = new ArrayList<>();
    private Superblock superblock;
    private Geometry geometry;
    private Submissions submissions;
    private Runs<String> runs;
    private InfoCache cache;

    private void volume(String level, int count) {
        List<MemoryFile> files = TestVolumes.members(level, count);
        superblock = SuperblockIo.read(files.getFirst()).superblock();
        geometry = superblock.geometry();
        MemorySegment block = Arena.ofAuto().allocate(BLOCK_BYTES, BLOCK_BYTES);
        for (int slot = 0; slot < count; slot++) {
            for (long at = 0; at < geometry.memberBlocks(); at++) {
                block.set(ValueLayout.JAVA_LONG, 0, said(slot, at));
                files.get(slot)
                        .write(block, 0, BLOCK_BYTES, superblock.layout().dataOffset(at), true);
            }
        }
        submissions = new Submissions(superblock, files);
        runs =
                new Runs<>(
                        geometry,
                        submissions.members,
                        new Runs.Owner<>() {
                            @Override
                            public void landed(
                                    String whom,
                                    InfoGroup group,
                                    long block,
                                    int slot,
                                    long generation,
                                    boolean wasRead) {
                                assertThat(wasRead).isTrue();
                                assertThat(landed.add(block)).isTrue();
                            }

                            @Override
                            public void ended(String whom, boolean wasRead) {
                                ended.add(whom);
                            }
                        });
        cache = new InfoCache(submissions.members, geometry, 64);
    }

    private static long said(int slot, long memberBlock) {
        return 1_000_000L * (slot + 1) + memberBlock;
    }

    private int slotOf(long block) {
        return geometry.slotAt(geometry.rowOf(block), geometry.positionOf(block));
    }

    private InfoGroup groupOf(long block) {
        long key = geometry.infoGroupOf(geometry.rowOf(block));
        cache.require(key, group -> {});
        submissions.run();
        return cache.peek(key);
    }

    private static MemorySegment memory(long blocks) {
        return Arena.ofAuto().allocate(blocks * BLOCK_BYTES, BLOCK_BYTES).fill((byte) UNTOUCHED);
    }

    /// Plans block by block, as if each were a piece of its own.
    private int plan(String whom, long first, long end, MemorySegment memory) {
        int reads = 0;
        for (long block = first; block < end; block++) {
            InfoGroup group = groupOf(block);
            long at = (block - first) * BLOCK_BYTES;
            reads += runs.plan(whom, group, block, 1, slotOf(block), memory, at) ? 1 : 0;
        }
        return reads;
    }

    private void assertArrived(long first, long end, MemorySegment memory) {
        for (long block = first; block < end; block++) {
            assertThat(landed).contains(block);
            assertThat(memory.get(ValueLayout.JAVA_LONG, (block - first) * BLOCK_BYTES))
                    .as("block %d", block)
                    .isEqualTo(said(slotOf(block), geometry.memberBlock(geometry.rowOf(block))));
        }
    }

    /// 16 stripes of two rows. Three units of a slot lie between two of parity; of two slots, none at the edges.
    @ParameterizedTest
    @CsvSource({
        "raid5, 4, 0, 96, 18",
        "raid1, 2, 0, 32, 0",
        "raid10, 4, 0, 64, 0",
        "raid6, 4, 0, 64, 0"
    })
    void aWholeGroupArrives(String level, int count, long first, long end, int expected) {
        volume(level, count);
        MemorySegment memory = memory(end - first);

        int reads = plan("a", first, end, memory);
        runs.submit();

        assertThat(submissions.run()).isEqualTo(reads);
        assertThat(ended).hasSize(reads);
        assertArrived(first, end, memory);
        if (expected > 0) {
            assertThat(reads).isEqualTo(expected);
        }
    }

    @Test
    void anyRangeArrivesWhole() {
        SplittableRandom random = new SplittableRandom(20_261_121);
        for (String level : List.of("raid0", "raid1", "raid5", "raid6", "raid10", "5+2")) {
            volume(level, level.equals("5+2") ? 7 : 4);
            for (int i = 0; i < 200; i++) {
                long first = random.nextLong(geometry.volumeBlocks());
                long end =
                        first + 1 + random.nextLong(Math.min(200, geometry.volumeBlocks() - first));
                landed.clear();
                MemorySegment memory = memory(end - first);
                plan(level + i, first, end, memory);
                runs.submit();
                submissions.run();
                assertArrived(first, end, memory);
            }
        }
    }

    @Test
    void readsOfTwoAreNotJoined() {
        volume("raid1", 2);
        MemorySegment memory = memory(2);

        boolean first = runs.plan("a", groupOf(0), 0, 1, 0, memory, 0);
        boolean second = runs.plan("b", groupOf(1), 1, 1, 0, memory, BLOCK_BYTES);
        runs.submit();
        submissions.run();

        assertThat(first && second).isTrue();
        assertThat(ended).containsExactly("a", "b");
    }

    @Test
    void aReadIsNoLongerThanItsMost() {
        volume("raid1", 2);

        plan("a", 0, 64, memory(64));
        runs.submit();

        assertThat(submissions.pending)
                .extracting(io -> io.lengthBytes)
                .allMatch(bytes -> bytes <= 32 * BLOCK_BYTES);
    }

    @Test
    void whatIsPlannedCountsAsOutstanding() {
        volume("raid1", 2);
        InfoGroup group = groupOf(0);

        runs.plan("a", group, 0, 1, 1, memory(1), 0);

        assertThat(runs.outstanding(1)).isEqualTo(1);
        runs.submit();
        assertThat(runs.outstanding(1)).isEqualTo(1);
        assertThat(submissions.pending).extracting((Io io) -> io.slot).containsExactly(1);
        submissions.run();
        assertThat(runs.outstanding(1)).isZero();
    }
}
