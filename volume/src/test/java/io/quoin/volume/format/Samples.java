package io.quoin.volume.format;

import io.quoin.volume.geometry.LevelSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.UUID;

/// A superblock in which no two fields are equal, so that a swap shows.
final class Samples {
    static final UUID MEMBER = new UUID(0x6D656D6265720000L, 0x11);

    private Samples() {}

    static Superblock.Builder superblock() {
        Superblock.Builder builder = new Superblock.Builder();
        builder.compat = 0x100;
        builder.incompat = 0x200;
        builder.roCompat = 0x300;
        builder.sequence = 77;
        builder.volume = new UUID(0x766F6C756D650000L, 0x22);
        builder.member = MEMBER;
        builder.pool = new UUID(0x706F6F6C00000000L, 0x33);
        builder.name = "orders";
        builder.volumeTag = 0x22;
        builder.slot = 1;
        builder.layout = MemberLayout.forMember(100L << 20, 4);
        builder.geometry =
                LevelSpec.parse("raid5", 3, 0).geometry(65_536, builder.layout.dataBlocks());
        builder.guard = Guard.CRC32C_HAMMING;
        builder.polynomial = 1;
        builder.clean = true;
        builder.createdMillis = 1_790_000_000_000L;
        builder.configEpoch = 5;
        builder.witnessedEpoch = 4;
        builder.witnessedInSync = 0x1122_3344_5566_7788L;
        builder.ownerEpoch = 6;
        builder.journalEpoch = 7;
        builder.checkpoint = 8;
        builder.tailBatch = 9;
        builder.sequenceFloor = 10;
        builder.nextJob = 13;
        builder.jobs =
                List.of(
                        new JobRecord(
                                12,
                                JobRecord.REBUILD,
                                JobRecord.RUNNING,
                                2,
                                3,
                                4,
                                0,
                                14,
                                15,
                                16,
                                17,
                                JobOrigin.SPARE),
                        new JobRecord(
                                11,
                                JobRecord.SCRUB,
                                JobRecord.DONE,
                                0,
                                18,
                                19,
                                20,
                                21,
                                22,
                                23,
                                24,
                                JobOrigin.operator("storage-operator")));
        builder.members =
                List.of(
                        new MemberEntry(
                                new UUID(0x6D656D6265720000L, 0x10), MemberEntry.IN_SYNC, 0, 1),
                        new MemberEntry(MEMBER, MemberEntry.IN_SYNC, 0, 1),
                        new MemberEntry(
                                new UUID(0x6D656D6265720000L, 0x12), MemberEntry.REBUILDING, 3, 4));
        return builder;
    }

    /// The same, on its way to raid6 of four.
    static Superblock.Builder reshaped() {
        Superblock.Builder builder = superblock();
        builder.geometry =
                LevelSpec.parse("raid6", 4, 0)
                        .geometry(16_384, builder.layout.dataBlocks())
                        .reshapedFrom(builder.geometry, false, 8_001, 64);
        builder.reshape =
                new ReshapeRecord(14, true, 25, 64, JobOrigin.operator("storage-operator"));
        List<MemberEntry> members = new java.util.ArrayList<>(builder.members);
        members.add(
                new MemberEntry(new UUID(0x6D656D6265720000L, 0x13), MemberEntry.IN_SYNC, 0, 5));
        builder.members = members;
        return builder;
    }

    static MemorySegment block() {
        return Arena.ofAuto().allocate(4096, 4096);
    }

    static MemorySegment random(long bytes, long seed) {
        byte[] content = new byte[(int) bytes];
        new java.util.Random(seed).nextBytes(content);
        return Arena.ofAuto().allocate(bytes, 4096).copyFrom(MemorySegment.ofArray(content));
    }

    static void flip(MemorySegment segment, long bit) {
        byte old = segment.get(java.lang.foreign.ValueLayout.JAVA_BYTE, bit / 8);
        segment.set(java.lang.foreign.ValueLayout.JAVA_BYTE, bit / 8, (byte) (old ^ 1 << bit % 8));
    }
}
