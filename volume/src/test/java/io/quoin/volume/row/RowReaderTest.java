package io.quoin.volume.row;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.guard.Crc16;
import io.quoin.volume.MemoryFile;
import io.quoin.volume.Planted;
import io.quoin.volume.Submissions;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;

final class RowReaderTest {
    private static final int INDEX = 5;
    private static final BlockGuards GUARDS = new BlockGuards(Guard.CRC32C, Crc16.IBM_3740);

    /// Goal: a guard that a repair has made is made durable, or the block is lost with the other copy. Method: of two copies of
    /// a block one has a record without a guard, as the other implied it.
    @Test
    void aGuardThatARepairHasMadeIsKept() {
        List<MemoryFile> files = new ArrayList<>();
        for (int slot = 0; slot < 2; slot++) {
            files.add(new MemoryFile("disk" + slot, TestVolumes.LAYOUT.memberBytes()));
        }
        Superblock superblock = TestVolumes.create("raid1", files);
        Geometry geometry = superblock.geometry();
        Submissions submissions = new Submissions(superblock, files);
        MemorySegment block = Arena.ofAuto().allocate(BLOCK_BYTES, BLOCK_BYTES).fill((byte) 0x5A);
        MemorySegment image = Arena.ofAuto().allocate(2L * BLOCK_BYTES, BLOCK_BYTES);
        InfoGroup group = new InfoGroup(0, image);
        for (int slot = 0; slot < 2; slot++) {
            long at = submissions.members.layout().dataOffset(INDEX);
            files.get(slot).write(block, 0, BLOCK_BYTES, at, true);
            BlockInfo.set(image, group.record(slot, INDEX), BlockInfo.DATA, INDEX, 77);
        }
        GUARDS.seal(block, 0, image, group.record(0, INDEX));
        List<VolumeEvent> events = new ArrayList<>();
        RowReader rows =
                new RowReader(
                        geometry,
                        () -> GUARDS,
                        submissions.members,
                        new Counters(new UnsafeBuffer(new byte[Counters.BYTES])),
                        events::add);

        rows.read(group, INDEX, frame -> rows.repair(frame, () -> rows.release(frame)));
        submissions.run();

        assertThat(events).hasSize(1);
        assertThat(GUARDS.matches(block, 0, image, group.record(1, INDEX))).isTrue();
        assertThat(group.dirtyLanes()).isEqualTo(0b10);
    }

    @Test
    void itIsNoticedWhenTheGuardIsInMemoryOnly() {
        assertThat(Planted.noticed(Plant.GUARD_NOT_KEPT, this::aGuardThatARepairHasMadeIsKept))
                .isInstanceOf(AssertionError.class);
    }
}
