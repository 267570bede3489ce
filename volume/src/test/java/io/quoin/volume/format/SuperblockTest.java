package io.quoin.volume.format;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.codec.guard.Crc32c;
import io.quoin.volume.geometry.Geometry;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.reflect.Field;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import net.openhft.chronicle.bytes.HexDumpBytes;
import org.junit.jupiter.api.Test;

final class SuperblockTest {
    private static final int CRC_AT = 8;
    private static final int INCOMPAT_AT = 24;
    private static final int GUARD_AT = 167;
    private static final int REASON_AT = 288 + 72;

    @Test
    void theBytesOnDiskAreThoseOfTheAnnotatedDump() throws IOException {
        HexDumpBytes dump = new HexDumpBytes();
        Samples.superblock().build().writeTo(dump);
        Golden.check("superblock.txt", Golden.withoutPadding(dump.toHexString()));
        dump.releaseLast();
    }

    @Test
    void theBytesOnDiskOfAVolumeWithDigestsAreThoseOfItsAnnotatedDump() throws IOException {
        Superblock.Builder builder = Samples.superblock();
        builder.guard = Guard.XXH3_HAMMING;
        HexDumpBytes dump = new HexDumpBytes();
        builder.build().writeTo(dump);
        Golden.check("superblock-xxh3.txt", Golden.withoutPadding(dump.toHexString()));
        dump.releaseLast();
    }

    @Test
    void theBytesOnDiskOfAVolumeWithCanaryRowsAreThoseOfItsAnnotatedDump() throws IOException {
        Superblock.Builder builder = Samples.superblock();
        builder.geometry = builder.geometry.withCanary(builder.geometry.leastCanary());
        HexDumpBytes dump = new HexDumpBytes();
        builder.build().writeTo(dump);
        Golden.check("superblock-canary.txt", Golden.withoutPadding(dump.toHexString()));
        dump.releaseLast();
    }

    @Test
    void canaryRowsComeBackAndAreAFeatureBit() {
        Superblock.Builder builder = Samples.superblock();
        builder.incompat = 0;
        builder.geometry = builder.geometry.withCanary(builder.geometry.leastCanary());
        MemorySegment block = Samples.block();
        builder.build().store(block, 0);
        assertThat(block.get(BlockInfo.LONG, INCOMPAT_AT)).isEqualTo(2);
        Geometry read = Superblock.load(block, 0).geometry();
        assertThat(read.canaryBlocks()).isEqualTo(builder.geometry.canaryBlocks());
        assertThat(read.volumeBlocks()).isLessThan(read.allBlocks());
        assertThat(Superblock.load(block, 0).unknownIncompat()).isZero();
    }

    @Test
    void theBytesOnDiskOfAVolumeThatIsReshapedAreThoseOfItsAnnotatedDump() throws IOException {
        HexDumpBytes dump = new HexDumpBytes();
        Samples.reshaped().build().writeTo(dump);
        Golden.check("superblock-reshape.txt", Golden.withoutPadding(dump.toHexString()));
        dump.releaseLast();
    }

    @Test
    void aReshapeComesBackAndIsAFeatureBit() {
        Superblock.Builder builder = Samples.reshaped();
        builder.incompat = 0;
        MemorySegment block = Samples.block();
        builder.build().store(block, 0);
        assertThat(block.get(BlockInfo.LONG, INCOMPAT_AT)).isEqualTo(4);
        Superblock read = Superblock.load(block, 0);
        assertThat(read.unknownIncompat()).isZero();
        assertThat(read.reshape()).isEqualTo(builder.reshape);
        assertThat(read.members()).isEqualTo(builder.members);
        Geometry both = read.geometry();
        assertThat(both).hasToString(builder.geometry.toString());
        assertThat(both.former()).hasToString(builder.geometry.former().toString());
        assertThat(both.cutBlock()).isEqualTo(64);
        assertThat(both.volumeBlocks()).isEqualTo(8_001);
        assertThat(both.isDescending()).isFalse();
    }

    /// A reshape whose bytes make no sense makes the copy one that is damaged.
    @Test
    void aReshapeOfNonsenseIsNoSuperblock() {
        int at = 2048;
        for (long[] each :
                new long[][] {
                    {at, 99},
                    {at + 1, 4},
                    {at + 2, 0},
                    {at + 8, 3},
                    {at + 16, 0},
                    {at + 24, -1},
                    {at + 24, 8_002},
                    {at + 32, 0}
                }) {
            MemorySegment block = Samples.block();
            Samples.reshaped().build().store(block, 0);
            if (each[0] < at + 2) {
                block.set(JAVA_BYTE, each[0], (byte) each[1]);
            } else if (each[0] < at + 16) {
                block.set(java.lang.foreign.ValueLayout.JAVA_SHORT, each[0], (short) each[1]);
            } else {
                block.set(BlockInfo.LONG, each[0], each[1]);
            }
            block.set(BlockInfo.INT, CRC_AT, 0);
            block.set(BlockInfo.INT, CRC_AT, Crc32c.of(block, 0, Superblock.BYTES));
            assertThat(Superblock.load(block, 0)).as("%d at %d", each[1], each[0] - at).isNull();
        }
    }

    /// A job goes on whoever asked for it.
    @Test
    void whoAskedForAJobIsKeptAsFarAsItCanBe() {
        for (String[] each :
                new String[][] {
                    {"root", "root"},
                    {"", ""},
                    {"a-name-that-is-too-long", "a-name-that-is-"},
                    {"J\u00fcrgen K", "J?rgen?K"}
                }) {
            Superblock.Builder builder = Samples.superblock();
            builder.jobs =
                    List.of(JobRecord.begun(7, JobRecord.SCRUB, 0, 1, JobOrigin.operator(each[0])));
            MemorySegment block = Samples.block();
            builder.build().store(block, 0);
            assertThat(Superblock.load(block, 0).jobs().getFirst().origin())
                    .isEqualTo(new JobOrigin(JobOrigin.Reason.OPERATOR, each[1]));
            block.set(JAVA_BYTE, REASON_AT, (byte) 77);
            block.set(BlockInfo.INT, CRC_AT, 0);
            block.set(BlockInfo.INT, CRC_AT, Crc32c.of(block, 0, Superblock.BYTES));
            assertThat(Superblock.load(block, 0).jobs().getFirst().origin())
                    .isEqualTo(JobOrigin.UNKNOWN);
        }
    }

    @Test
    void everyGuardComesBackAndChangesNoOtherField() {
        for (Guard guard : Guard.values()) {
            Superblock.Builder builder = Samples.superblock();
            builder.guard = guard;
            MemorySegment block = Samples.block();
            builder.build().store(block, 0);
            Superblock read = Superblock.load(block, 0);
            assertThat(read.guard()).isEqualTo(guard);
            assertThat(read.unknownIncompat()).isEqualTo(builder.incompat);
        }
    }

    /// A version that knows codes 1 to 4 and no feature reads a superblock whose feature it refuses by name, not one that is damaged.
    @Test
    void aDigestIsAFeatureBitToVersionsThatDoNotKnowIt() {
        for (Guard guard : new Guard[] {Guard.XXH3, Guard.XXH3_HAMMING}) {
            Superblock.Builder builder = Samples.superblock();
            builder.incompat = 0;
            builder.guard = guard;
            MemorySegment block = Samples.block();
            builder.build().store(block, 0);
            assertThat(block.get(BlockInfo.LONG, INCOMPAT_AT)).isEqualTo(1);
            assertThat(Guard.ofCode(block.get(JAVA_BYTE, GUARD_AT)))
                    .isEqualTo(guard == Guard.XXH3 ? Guard.CRC32C : Guard.CRC32C_HAMMING);
        }
    }

    @Test
    void aGuardThatItsFeatureBitDoesNotFitIsNoGuard() {
        for (int features = 0; features <= 1; features++) {
            for (int code = 0; code < 256; code++) {
                MemorySegment block = Samples.block();
                Samples.superblock().build().store(block, 0);
                block.set(BlockInfo.LONG, INCOMPAT_AT, features);
                block.set(JAVA_BYTE, GUARD_AT, (byte) code);
                block.set(BlockInfo.INT, CRC_AT, 0);
                block.set(BlockInfo.INT, CRC_AT, Crc32c.of(block, 0, Superblock.BYTES));
                boolean isGuard = features == 0 ? code >= 1 && code <= 4 : code == 3 || code == 4;
                assertThat(Superblock.load(block, 0) != null)
                        .as("features %d, code %d", features, code)
                        .isEqualTo(isGuard);
            }
        }
    }

    @Test
    void everyFieldComesBackAsItWasWritten() throws IllegalAccessException {
        Superblock.Builder written = Samples.superblock();
        MemorySegment block = Samples.block();
        written.build().store(block, 0);
        Superblock.Builder read = Superblock.load(block, 0).toBuilder();
        for (Field field : Superblock.Builder.class.getFields()) {
            Object expected = field.get(written);
            Object found = field.get(read);
            if (field.getName().equals("geometry")) {
                expected = expected.toString();
                found = found.toString();
            }
            assertThat(found).as(field.getName()).isEqualTo(expected);
        }
        assertThat(read.geometry.memberBlocks()).isEqualTo(written.geometry.memberBlocks());
        assertThat(read.geometry.level()).isEqualTo(written.geometry.level());
    }

    @Test
    void aFullTableOf32MembersAndANameOf64BytesFit() {
        Superblock.Builder builder = Samples.superblock();
        builder.name = "ä".repeat(32);
        builder.geometry =
                io.quoin.volume.geometry.LevelSpec.parse("29+3", 32, 0)
                        .geometry(4096, builder.layout.dataBlocks());
        List<MemberEntry> members = new ArrayList<>();
        for (int i = 0; i < 32; i++) {
            members.add(new MemberEntry(new UUID(i, ~i), 1 + i % 3, i, 2 * i));
        }
        builder.members = members;
        MemorySegment block = Samples.block();
        builder.build().store(block, 0);
        Superblock read = Superblock.load(block, 0);
        assertThat(read.members()).isEqualTo(members);
        assertThat(read.name()).isEqualTo(builder.name);
    }

    @Test
    void everySingleFlippedBitIsNoticed() {
        MemorySegment block = Samples.block();
        Samples.superblock().build().store(block, 0);
        assertThat(Superblock.load(block, 0)).isNotNull();
        for (long bit = 0; bit < 8 * Superblock.BYTES; bit++) {
            Samples.flip(block, bit);
            assertThat(Superblock.load(block, 0)).as("bit %d", bit).isNull();
            Samples.flip(block, bit);
        }
        assertThat(Superblock.load(block, 0)).isNotNull();
    }

    @Test
    void aTornWriteOfANewerSuperblockIsNoticedAtEverySector() {
        MemorySegment older = Samples.block();
        MemorySegment newer = Samples.block();
        Samples.superblock().build().store(older, 0);
        Superblock.Builder next = Samples.superblock();
        next.sequence++;
        next.nextJob++;
        next.members =
                List.of(
                        next.members.get(0),
                        next.members.get(1),
                        next.members.get(2).with(MemberEntry.IN_SYNC, 0));
        next.build().store(newer, 0);
        // Sectors 0 and 1 differ; any mixture of them is neither superblock.
        for (int mix = 1; mix < 3; mix++) {
            MemorySegment torn = Samples.block().copyFrom(older);
            MemorySegment.copy(newer, (mix - 1) * 512L, torn, (mix - 1) * 512L, 512);
            assertThat(Superblock.load(torn, 0)).isNull();
        }
    }

    @Test
    void bytesThatAreNoSuperblockAreNone() {
        assertThat(Superblock.load(Samples.block(), 0)).isNull();
        assertThat(Superblock.load(Samples.random(4096, 3), 0)).isNull();
    }
}
