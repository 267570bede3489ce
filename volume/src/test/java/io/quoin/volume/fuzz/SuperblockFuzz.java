package io.quoin.volume.fuzz;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;

import io.quoin.codec.guard.Crc32c;
import io.quoin.fuzz.FuzzTarget;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.assembly.Examination;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.SuperblockIo;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

/// A superblock whose CRC is right and whose fields are not: it is none, or every field of it comes
/// back as it was and what it says of the member stays within the member.
public final class SuperblockFuzz implements FuzzTarget {
    static final int CRC_AT = 8;
    private static final int DUMPED = 16;

    @Override
    public String name() {
        return "superblock";
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(image("raid5", 3), image("raid1", 2), image("raid10", 4), withJobs());
    }

    static byte[] image(String level, int members) {
        return bytes(
                SuperblockIo.read(TestVolumes.members(level, members).getFirst()).superblock());
    }

    private static byte[] withJobs() {
        Superblock.Builder builder =
                SuperblockIo.read(TestVolumes.members("4+2", 6).getFirst())
                        .superblock()
                        .toBuilder();
        builder.compat = 5;
        builder.jobs =
                List.of(
                        new JobRecord(
                                2,
                                JobRecord.REBUILD,
                                JobRecord.RUNNING,
                                1,
                                3,
                                4,
                                0,
                                5,
                                6,
                                7,
                                8,
                                JobOrigin.SPARE),
                        new JobRecord(
                                1,
                                JobRecord.SCRUB,
                                JobRecord.DONE,
                                0,
                                9,
                                1,
                                2,
                                3,
                                4,
                                5,
                                6,
                                JobOrigin.operator("root")));
        return bytes(builder.build());
    }

    /// {@return a superblock's bytes without the zeros at the end}
    static byte[] bytes(Superblock superblock) {
        byte[] image = new byte[Superblock.BYTES];
        superblock.store(MemorySegment.ofArray(image), 0);
        int end = image.length;
        while (image[end - 1] == 0) {
            end--;
        }
        return Arrays.copyOf(image, end);
    }

    /// {@return a whole superblock made of an input, its CRC right}
    static MemorySegment seal(byte[] input) {
        MemorySegment block = MemorySegment.ofArray(Arrays.copyOf(input, Superblock.BYTES));
        var little = JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
        block.set(little, CRC_AT, 0);
        block.set(little, CRC_AT, Crc32c.of(block, 0, Superblock.BYTES));
        return block;
    }

    @Override
    public void run(byte[] input) {
        MemorySegment block = seal(input);
        Superblock superblock = Superblock.load(block, 0);
        if (superblock == null) {
            return;
        }
        MemorySegment again = MemorySegment.ofArray(new byte[Superblock.BYTES]);
        superblock.store(again, 0);
        expectSame(block, again, 12, 96, "identity");
        expectSame(block, again, 160, 169, "kind");
        expectSame(block, again, 170, 196, "shape");
        expectSame(block, again, 200, 288, "epochs");
        MemorySegment third = MemorySegment.ofArray(new byte[Superblock.BYTES]);
        Superblock.load(again, 0).store(third, 0);
        expectSame(again, third, 0, Superblock.BYTES, "all that was kept");
        expectLayoutWithin(superblock.layout());
        superblock.jobs().forEach(job -> (job.kindText() + job.stateText()).isEmpty());
        superblock.members().forEach(member -> member.stateText().isEmpty());
        if (input.length % DUMPED == 0) {
            Examination.dump(superblock);
        }
    }

    private static void expectSame(
            MemorySegment expected, MemorySegment found, int from, int to, String what) {
        long at = expected.asSlice(from, to - from).mismatch(found.asSlice(from, to - from));
        if (at >= 0) {
            throw new AssertionError(
                    what
                            + ": at "
                            + (from + at)
                            + " expected "
                            + expected.get(JAVA_BYTE, from + at)
                            + ", was "
                            + found.get(JAVA_BYTE, from + at));
        }
    }

    private static void expectLayoutWithin(MemberLayout layout) {
        long blocks = layout.dataBlocks();
        for (long block : new long[] {0, blocks / 2, blocks - 1}) {
            expectWithin(layout, layout.dataOffset(block));
            expectWithin(layout, layout.infoOffset(block / 32, 0));
            expectWithin(layout, layout.infoOffset(block / 32, 1));
        }
        expectWithin(layout, layout.segmentOffset(layout.segmentSlots() - 1));
        for (int copy = 0; copy < Superblock.COPIES; copy++) {
            expectWithin(layout, layout.superblockOffset(copy));
        }
    }

    private static void expectWithin(MemberLayout layout, long offset) {
        if (offset < 4096 || offset > layout.memberBytes() - 4096) {
            throw new AssertionError("offset " + offset + " of " + layout);
        }
    }
}
