package io.quoin.volume.member;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.MemoryFile;
import io.quoin.volume.Submissions;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.assembly.Creation;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

final class StagedFaultTest {
    private static final int SLOT = 1;

    private final MemorySegment memory = Arena.ofAuto().allocate(4L * BLOCK_BYTES, BLOCK_BYTES);
    private final List<Io> done = new ArrayList<>();
    private Geometry geometry;
    private Submissions submissions;
    private MemberSet members;
    private long row;

    @BeforeEach
    void create() throws Exception {
        List<MemoryFile> files = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            files.add(new MemoryFile("disk" + i, TestVolumes.LAYOUT.memberBytes()));
        }
        Superblock superblock =
                Creation.create(
                        new Creation.Wish("orders", "raid10", 0, 8192, Guard.CRC32C, 0, 4),
                        files,
                        files.stream().map(file -> true).toList(),
                        TestVolumes.LAYOUT,
                        0,
                        UUID::randomUUID);
        geometry = superblock.geometry();
        submissions = new Submissions(superblock, files);
        members = submissions.members;
        row = (geometry.memberBlocks() - geometry.canaryBlocks() + 1) * geometry.groupCount();
        assertThat(geometry.isCanary(row)).isTrue();
    }

    private Io submit(Io.Kind kind, int slot, long ofRow, int blocks) {
        Io io = new Io();
        long at = members.layout().dataOffset(geometry.memberBlock(ofRow));
        io.set(kind, memory, 0, blocks * BLOCK_BYTES, at);
        io.listener = done::add;
        members.submit(slot, io);
        return io;
    }

    private Io read() {
        return submit(Io.Kind.READ, SLOT, row, 1);
    }

    @Test
    void soManyReadsOfTheBlockFailAndNoMore() {
        StagedFault fault = members.stage(StagedFault.Kind.READ_ERROR, SLOT, row, 2);
        assertThat(fault.hasStruck()).isFalse();
        List<Io> reads = List.of(read(), read(), read());
        submissions.run();
        assertThat(reads)
                .extracting(io -> io.result)
                .containsExactly(IoResult.ERROR, IoResult.ERROR, IoResult.OK);
        assertThat(fault.hasStruck()).isTrue();
        assertThat(members.health(SLOT).readErrors()).as("the member's fault").isZero();
    }

    @Test
    void nothingElseFails() {
        members.stage(StagedFault.Kind.READ_ERROR, SLOT, row, 100);
        submit(Io.Kind.READ, SLOT - 1, row, 1);
        submit(Io.Kind.READ, SLOT + 2, row, 1);
        submit(Io.Kind.READ, SLOT, row + geometry.groupCount(), 1);
        submit(Io.Kind.READ, SLOT, row, 2);
        submit(Io.Kind.READ, SLOT, row - geometry.groupCount(), 2);
        submit(Io.Kind.WRITE, SLOT, row, 1);
        submit(Io.Kind.WRITE_DURABLE, SLOT, row, 1);
        submissions.run();
        assertThat(done).hasSize(7).allMatch(io -> io.result.isOk());
    }

    @Test
    void whatIsOverStrikesNobody() {
        members.stage(StagedFault.Kind.READ_ERROR, SLOT, row, 1);
        members.unstage();
        Io io = read();
        submissions.run();
        assertThat(io.result).isEqualTo(IoResult.OK);
    }

    @Test
    void anOperationThatFailedIsWellWhenItIsUsedAgain() {
        members.stage(StagedFault.Kind.READ_ERROR, SLOT, row, 1);
        Io io = read();
        submissions.run();
        assertThat(io.result).isEqualTo(IoResult.ERROR);
        members.submit(SLOT, io);
        submissions.run();
        assertThat(io.result).isEqualTo(IoResult.OK);
    }

    @Test
    void aReadIsHeldBackUntilTheFaultIsOver() {
        StagedFault fault = members.stage(StagedFault.Kind.STALL, SLOT, row, 1);
        Io held = read();
        Io other = read();
        submissions.run();
        assertThat(done).containsExactly(other);
        assertThat(fault.isHolding()).isTrue();
        assertThat(members.outstanding(SLOT)).isEqualTo(1);
        members.unstage();
        assertThat(fault.isHolding()).isFalse();
        submissions.run();
        assertThat(done).containsExactly(other, held);
        assertThat(held.result).isEqualTo(IoResult.OK);
        assertThat(members.outstanding(SLOT)).isZero();
    }

    /// What waits for its turn in the queue has met the fault, which may be over when the turn comes.
    @Test
    void aReadThatWaitedInTheQueueGoesOnToo() {
        for (int i = 0; i < 256; i++) {
            submit(Io.Kind.READ, SLOT, row + geometry.groupCount(), 1);
        }
        StagedFault fault = members.stage(StagedFault.Kind.STALL, SLOT, row, 1);
        Io held = read();
        assertThat(fault.isHolding()).isFalse();
        members.unstage();
        submissions.run();
        assertThat(done).hasSize(257).contains(held);
        assertThat(members.outstanding(SLOT)).isZero();
    }

    @Test
    void whatIsHeldBackCanBeGivenUp() {
        StagedFault fault = members.stage(StagedFault.Kind.STALL, SLOT, row, 1);
        Io held = read();
        assertThat(held.target.abandon(held)).isTrue();
        assertThat(fault.isHolding()).isFalse();
        members.unstage();
        assertThat(submissions.pending).isEmpty();
    }

    @Test
    void rowsOfClientsAreRefused() {
        long last = (geometry.memberBlocks() - geometry.canaryBlocks() - 1) * geometry.groupCount();
        for (StagedFault.Kind kind : StagedFault.Kind.values()) {
            assertThatThrownBy(() -> members.stage(kind, SLOT, last, 1))
                    .hasMessageContaining("expected a canary row of slot 1, was " + last);
            assertThatThrownBy(() -> members.stage(kind, SLOT, row + 1, 1)) // of the other group
                    .hasMessageContaining("expected a canary row of slot 1, was " + (row + 1));
        }
    }
}
