package io.quoin.volume.row;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.MemoryFile;
import io.quoin.volume.Planted;
import io.quoin.volume.Submissions;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.InfoBlock;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.Twin;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Goal: groups that are read together are what each would be alone. Method: members in memory whose info blocks say whose
/// they are, in each record.
final class InfoCacheTest {
    private static final int ZONE_GROUPS = 8;
    private static final int ZONES = 3;

    private final List<MemoryFile> files = new ArrayList<>();
    private Superblock superblock;
    private Submissions submissions;
    private MemberSet members;

    private InfoCache cache(String level, int count, int capacity) throws Exception {
        int zoneBlocks = ZONE_GROUPS * Geometry.ROWS_PER_INFO;
        long journal = 128 << 10;
        long zones = journal + (8L * 64 << 10);
        long bytes = zones + ZONES * MemberLayout.zoneBytes(zoneBlocks) + MemberLayout.END_BYTES;
        var layout = new MemberLayout(bytes, journal, 64 << 10, 8, zones, zoneBlocks, ZONES);
        for (int i = 0; i < count; i++) {
            files.add(new MemoryFile("disk" + i, bytes));
        }
        superblock =
                Creation.create(
                        new Creation.Wish("orders", level, 0, 8192, Guard.CRC32C, 0),
                        files,
                        files.stream().map(file -> true).toList(),
                        layout,
                        1_790_000_000_000L,
                        UUID::randomUUID);
        submissions = new Submissions(superblock, files);
        members = submissions.members;
        for (int slot = 0; slot < count; slot++) {
            for (long infoBlock = 0; infoBlock < ZONES * ZONE_GROUPS; infoBlock++) {
                write(slot, infoBlock, 0);
                write(slot, infoBlock, 1);
            }
        }
        return new InfoCache(members, superblock.geometry(), capacity);
    }

    private void write(int slot, long infoBlock, int copy) {
        UUID uuid = superblock.members().get(slot).uuid();
        write(files.get(slot), uuid, slot, infoBlock, copy);
    }

    /// An info block whose records say slot, group and row by their generation.
    private void write(MemoryFile file, UUID uuid, int slot, long infoBlock, int copy) {
        MemorySegment block = Arena.ofAuto().allocate(BLOCK_BYTES, BLOCK_BYTES);
        for (int index = 0; index < Geometry.ROWS_PER_INFO; index++) {
            long at = InfoBlock.record(0, index);
            BlockInfo.set(block, at, BlockInfo.DATA, index, generation(slot, infoBlock, index));
        }
        InfoBlock.stamp(
                block,
                0,
                superblock.volumeTag(),
                infoBlock,
                uuid.getMostSignificantBits(),
                uuid.getLeastSignificantBits(),
                7);
        file.write(block, 0, BLOCK_BYTES, members.layout().infoOffset(infoBlock, copy), true);
    }

    /// Of mirrors, which must agree, without the slot.
    private long generation(int slot, long infoBlock, int index) {
        int said = superblock.geometry().groupCount() > 1 ? slot / 2 : 0;
        return 1000 * (infoBlock + 1) + 100 * said + index;
    }

    private static void expect(InfoCache cache, List<Long> keys) {
        List<Long> shuffled = new ArrayList<>(keys);
        Collections.reverse(shuffled);
        cache.expect(shuffled.stream().mapToLong(key -> key).toArray(), keys.size());
    }

    private static List<Long> range(long first, long end) {
        return LongStream.range(first, end).boxed().toList();
    }

    private void assertWhole(InfoCache cache, long key, int untrusted) {
        InfoGroup group = cache.peek(key);
        assertThat(group).as("group %d", key).isNotNull();
        int firstSlot = superblock.geometry().firstSlot(key);
        long infoBlock = superblock.geometry().infoBlock(key);
        for (int lane = 0; lane < superblock.geometry().width(); lane++) {
            for (int index = 0; index < Geometry.ROWS_PER_INFO; index++) {
                assertThat(BlockInfo.generation(group.image(), group.record(lane, index)))
                        .isEqualTo(generation(firstSlot + lane, infoBlock, index));
                assertThat(group.isUntrusted(lane, index))
                        .as("group %d, lane %d, row %d untrusted", key, lane, index)
                        .isEqualTo((untrusted >> lane & 1) != 0);
            }
        }
    }

    /// A zone's info blocks lie together, the next zone's do not; mirrors behind a stripe have every other group.
    @ParameterizedTest
    @CsvSource({
        "raid1, 2, 3, 8, 4",
        "raid1, 2, 3, 12, 8",
        "raid1, 2, 0, 24, 12",
        "raid10, 4, 6, 16, 8"
    })
    void neighboursAreReadTogether(String level, int count, long first, long end, int reads)
            throws Exception {
        InfoCache cache = cache(level, count, 64);

        expect(cache, range(first, end));

        assertThat(range(first, end)).allMatch(key -> !cache.isAbsent(key));
        assertThat(submissions.run()).isEqualTo(reads);
        for (long key = first; key < end; key++) {
            assertWhole(cache, key, 0);
        }
    }

    @Test
    void whatIsHereOrOnItsWayIsNotReadAgain() throws Exception {
        InfoCache cache = cache("raid1", 2, 64);
        List<InfoGroup> given = new ArrayList<>();
        cache.require(2, given::add);
        submissions.run();
        cache.require(4, given::add);

        expect(cache, range(1, 6));
        cache.require(3, given::add);

        assertThat(submissions.pending).extracting(io -> io.lengthBytes).containsOnly(BLOCK_BYTES);
        assertThat(submissions.run()).isEqualTo(4 + 3 * 4);
        assertThat(given).extracting(InfoGroup::key).containsExactlyInAnyOrder(2L, 3L, 4L);
    }

    @Test
    void whatWasReadFromAFormerMemberIsReadAgain() throws Exception {
        promoteAmidALoad();
        files.clear();
        assertThat(Planted.noticed(Plant.INFO_OF_THE_FORMER, this::promoteAmidALoad)).isNotNull();
    }

    private void promoteAmidALoad() throws Exception {
        InfoCache cache = cache("raid1", 2, 64);
        members.setListener(new NoListener());
        MemoryFile next = new MemoryFile("next", files.getFirst().lengthBytes());
        UUID uuid = UUID.randomUUID();
        for (int copy = 0; copy < 2; copy++) {
            for (long infoBlock = 0; infoBlock < ZONES * ZONE_GROUPS; infoBlock++) {
                write(next, uuid, 0, infoBlock, copy);
            }
        }
        members.adoptTwin(
                new Twin(0, uuid, next, submissions.io(next), members.layout(), left -> {}));

        cache.require(2, group -> {});
        expect(cache, range(4, 8));
        members.promoteTwin(() -> {});
        submissions.run();

        assertThat(members.entry(0).uuid()).isEqualTo(uuid);
        assertWhole(cache, 2, 0);
        for (long key = 4; key < 8; key++) {
            assertWhole(cache, key, 0);
        }
    }

    private static final class NoListener implements MemberSet.Listener {
        @Override
        public void memberFailed(int slot, String cause) {
            throw new AssertionError(cause);
        }

        @Override
        public void resumed() {}

        @Override
        public void memberLate(int slot, String what) {}

        @Override
        public void volumeFailed(String cause) {
            throw new AssertionError(cause);
        }
    }

    @Test
    void moreThanHalfTheRoomIsNotTakenAtOnce() throws Exception {
        InfoCache cache = cache("raid1", 2, 6);

        expect(cache, range(0, 7));

        assertThat(cache.mostTogether()).isEqualTo(3);
        assertThat(submissions.run()).isEqualTo(3 * 4);
    }

    @Test
    void aBlockThatCannotBeReadIsNotItsNeighboursLoss() throws Exception {
        InfoCache cache = cache("raid1", 2, 64);
        files.getFirst().spoil(members.layout().infoOffset(5, 0));
        files.getFirst().spoil(members.layout().infoOffset(5, 1));

        expect(cache, range(3, 8));
        submissions.run();

        for (long key = 3; key < 8; key++) {
            assertWhole(cache, key, key == 5 ? 0b01 : 0);
        }
    }

    @Test
    void aDamagedBlockIsNotItsNeighboursLoss() throws Exception {
        InfoCache cache = cache("raid1", 2, 64);
        files.get(1).flip(members.layout().infoOffset(4, 0) + 300, 3);
        files.get(1).flip(members.layout().infoOffset(6, 0) + 300, 3);
        files.get(1).flip(members.layout().infoOffset(6, 1) + 300, 3);

        expect(cache, range(3, 8));
        submissions.run();

        for (long key = 3; key < 8; key++) {
            assertWhole(cache, key, key == 6 ? 0b10 : 0);
        }
        assertThat(cache.peek(4).firstCopy(1)).isZero();
        assertThat(cache.peek(4).dirtyLanes()).isEqualTo(0b10);
        assertThat(cache.peek(5).dirtyLanes()).isZero();
    }
}
