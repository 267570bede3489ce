package io.quoin.volume.rescue;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.MemoryFile;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.assembly.Salvage;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.member.Witness;
import io.quoin.volume.rescue.DoomedVolume.Destage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Goal: with enough members a rescue gives every block as it was acknowledged, whatever was not home; with fewer, a block is right, or
/// it is said to be unconfirmed or lost, and lost are those that nobody has. Method: the production volume, halted, and each
/// subset of its members.
final class RescueTest {
    private static final int BLOCK = Geometry.BLOCK_BYTES;
    private static final MemberLayout LAYOUT = DoomedVolume.LAYOUT;
    private static final long SEED = Long.getLong("quoin.seed", 20261122);

    /// A member that must not be written to.
    private record Unwritable(MemoryFile file) implements BlockFile {
        @Override
        public String name() {
            return file.name();
        }

        @Override
        public long lengthBytes() {
            return file.lengthBytes();
        }

        @Override
        public IoResult read(MemorySegment target, long to, int length, long at) {
            return file.read(target, to, length, at);
        }

        @Override
        public IoResult write(MemorySegment source, long from, int length, long at, boolean is) {
            throw new AssertionError(name() + " is written to at offset " + at);
        }

        @Override
        public IoResult flush() {
            throw new AssertionError(name() + " is flushed");
        }

        @Override
        public void close() {
            throw new AssertionError(name() + " is the caller's to close");
        }
    }

    /// What a rescue found.
    private static final class Found {
        final Fate[] fates;
        final byte[][] bytes;
        final Rescue rescue;

        Found(List<MemoryFile> files, Witness witness) throws VolumeException {
            rescue = Rescue.of(files.stream().map(Unwritable::new).toList(), witness, false);
            fates = new Fate[(int) rescue.volumeBlocks()];
            bytes = new byte[fates.length][];
            rescue.run(this::take);
        }

        private void take(long first, int count, Fate fate, MemorySegment content) {
            assertThat(first == 0 || fates[(int) first - 1] != null).isTrue();
            for (int i = 0; i < count; i++) {
                assertThat(fates[(int) first + i]).isNull();
                fates[(int) first + i] = fate;
                byte[] block = new byte[BLOCK];
                if (content != null) {
                    MemorySegment.ofArray(block).copyFrom(content.asSlice((long) i * BLOCK, BLOCK));
                }
                bytes[(int) first + i] = block;
            }
        }

        boolean is(int block, long version) {
            return DoomedVolume.is(MemorySegment.ofArray(bytes[block]), block, version);
        }

        Map<Fate, Integer> counts() {
            Map<Fate, Integer> counts = new EnumMap<>(Fate.class);
            Arrays.stream(fates).forEach(each -> counts.merge(each, 1, Integer::sum));
            return counts;
        }
    }

    private static void assertSame(MemoryFile one, MemoryFile other) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment a = arena.allocate(one.lengthBytes(), BLOCK);
            MemorySegment b = arena.allocate(one.lengthBytes(), BLOCK);
            for (long at = 0; at + BLOCK <= one.lengthBytes(); at += BLOCK) {
                one.read(a, at, BLOCK, at);
                other.read(b, at, BLOCK, at);
            }
            assertThat(a.mismatch(b)).as("%s was written to", one.name()).isEqualTo(-1);
        }
    }

    private static void assertRight(DoomedVolume world, Found found, String where) {
        for (int block = 0; block < world.model.length; block++) {
            Fate fate = found.fates[block];
            String as = where + ", block " + block + " " + fate;
            if (fate.isCertain()) {
                assertThat(found.is(block, world.model[block])).as(as).isTrue();
            } else if (fate == Fate.UNCONFIRMED) {
                int at = block;
                assertThat(world.history.get(block)).as(as).anyMatch(each -> found.is(at, each));
            }
        }
    }

    private static void assertAll(DoomedVolume world, Found found, String where) {
        for (int block = 0; block < world.model.length; block++) {
            assertThat(found.fates[block].isCertain())
                    .as(
                            "%s, block %d %s %s",
                            where, block, found.fates[block], found.rescue.doubts())
                    .isTrue();
        }
        assertRight(world, found, where);
    }

    private static int missingOfRow(Geometry geometry, long row, int subset) {
        int missing = 0;
        for (int p = 0; p < geometry.width(); p++) {
            missing += (subset >> geometry.slotAt(row, p) & 1) == 0 ? 1 : 0;
        }
        return missing;
    }

    private static boolean isParityThere(Geometry geometry, long row, int subset) {
        boolean is = false;
        for (int p = geometry.dataCount(); p < geometry.width(); p++) {
            is |= (subset >> geometry.slotAt(row, p) & 1) != 0;
        }
        return is;
    }

    /// What can be said of a block that all is at home of.
    private enum Home {
        /// Its member is there, or enough others are.
        HAD,
        /// Nobody has it.
        GONE,
        /// Never written, and parity says so, or trimmed since; or it counts as gone.
        EMPTY
    }

    private static Home home(DoomedVolume world, Geometry geometry, int block, int subset) {
        long row = geometry.rowOf(block);
        int slot = geometry.slotAt(row, geometry.positionOf(block));
        if ((subset >> slot & 1) != 0
                || missingOfRow(geometry, row, subset) <= geometry.parityCount()) {
            return Home.HAD;
        }
        boolean wasWritten = world.history.get(block).size() > 1 || world.zeroed[block];
        return isParityThere(geometry, row, subset) && !wasWritten ? Home.EMPTY : Home.GONE;
    }

    private static void assertLost(Found found, int block, Home home, String where) {
        if (home != Home.EMPTY) {
            assertThat(found.fates[block] == Fate.LOST)
                    .as("%s, block %d %s, is %s", where, block, found.fates[block], home)
                    .isEqualTo(home == Home.GONE);
        }
    }

    private static boolean isEnough(Geometry geometry, int subset) {
        for (int group = 0; group < geometry.groupCount(); group++) {
            if (geometry.spare(group, slot -> (subset >> slot & 1) != 0) < 0) {
                return false;
            }
        }
        return true;
    }

    private static List<MemoryFile> subset(List<MemoryFile> files, int mask) {
        List<MemoryFile> subset = new ArrayList<>();
        for (int slot = 0; slot < files.size(); slot++) {
            if ((mask >> slot & 1) != 0) {
                subset.add(files.get(slot));
            }
        }
        Collections.reverse(subset);
        return subset;
    }

    @ParameterizedTest
    @CsvSource({"raid0, 2", "raid1, 2", "raid5, 3", "raid6, 4", "raid10, 4", "3+3, 6"})
    void ofAVolumeStoppedInOrderExactlyThoseBlocksAreLostThatNobodyHas(String level, int members)
            throws Exception {
        try (DoomedVolume world = new DoomedVolume(level, members, SEED)) {
            world.open(Destage.SOON).work(150, 0, world.model.length / 2);
            world.stop();
            Geometry geometry = world.superblock().geometry();
            List<MemoryFile> files = world.halt();
            for (int mask = 1; mask < 1 << members; mask++) {
                String where = level + " members " + Integer.toBinaryString(mask);
                Found found = new Found(subset(files, mask), world.witness);
                assertRight(world, found, where);
                for (int block = 0; block < world.model.length; block++) {
                    assertLost(found, block, home(world, geometry, block, mask), where);
                    assertThat(found.fates[block]).as(where).isNotEqualTo(Fate.UNCONFIRMED);
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"raid0, 2", "raid1, 2", "raid5, 3", "raid6, 4", "raid10, 4", "3+3, 6"})
    void whatIsInTheJournalAloneIsThereOrInDoubt(String level, int members) throws Exception {
        try (DoomedVolume world = new DoomedVolume(level, members, SEED)) {
            int half = world.model.length / 2;
            world.open(Destage.SOON).work(80, 0, world.model.length);
            world.stop();
            Home[][][] before = {null};
            List<MemoryFile> files =
                    world.inJournalAlone(() -> {
                        before[0] = homes(world, members);
                        world.forgetTouched();
                        world.work(6, 0, half);
                    });
            Home[][] homes = before[0];
            Geometry geometry = world.superblock().geometry();
            int salvaged = 0;
            for (int mask = 1; mask < 1 << members; mask++) {
                String where = level + " members " + Integer.toBinaryString(mask);
                Found found = new Found(subset(files, mask), world.witness);
                if (isEnough(geometry, mask)) {
                    assertAll(world, found, where);
                    assertThat(found.counts()).as(where).containsKey(Fate.JOURNAL);
                    continue;
                }
                assertRight(world, found, where);
                for (int block = 0; block < world.model.length; block++) {
                    boolean isLost = found.fates[block] == Fate.LOST;
                    Home home = homes[mask][block];
                    if (world.touched[block]) {
                        assertThat(home != Home.HAD || !isLost).as(where).isTrue();
                        salvaged += home == Home.GONE && !isLost ? 1 : 0;
                    } else if (home == Home.GONE && !isLost) {
                        // From what the journal keeps of the life before, parity of rows included.
                        assertThat(found.is(block, world.model[block])).as(where).isTrue();
                    } else {
                        assertLost(found, block, home, where);
                    }
                }
                assertThat(found.rescue.doubts()).as(where).isNotEmpty();
            }
            assertThat(salvaged > 0 || level.equals("raid1")).as("from the journal alone").isTrue();
        }
    }

    private static Home[][] homes(DoomedVolume world, int members) {
        Geometry geometry = world.superblock().geometry();
        Home[][] homes = new Home[1 << members][world.model.length];
        for (int mask = 0; mask < homes.length; mask++) {
            for (int block = 0; block < world.model.length; block++) {
                homes[mask][block] = home(world, geometry, block, mask);
            }
        }
        return homes;
    }

    /// Homes are torn and intents are under way.
    @ParameterizedTest
    @CsvSource({"raid1, 2", "raid5, 3", "raid6, 4", "raid10, 4", "3+3, 6"})
    void whatIsOnItsWayHomeIsRight(String level, int members) throws Exception {
        try (DoomedVolume world = new DoomedVolume(level, members, SEED)) {
            world.open(Destage.SOON).work(60, 0, world.model.length);
            Geometry geometry = world.superblock().geometry();
            for (int round = 0; round < 3; round++) {
                world.work(5, 0, world.model.length);
                List<MemoryFile> files = world.halt();
                for (int mask = 1; mask < 1 << members; mask++) {
                    if (members > 3 && mask % 3 != round) {
                        continue;
                    }
                    String where = level + " members " + Integer.toBinaryString(mask);
                    Found found = new Found(subset(files, mask), world.witness);
                    if (isEnough(geometry, mask)) {
                        assertAll(world, found, where);
                    } else {
                        assertRight(world, found, where);
                    }
                }
            }
        }
    }

    /// Halted again and again while blocks move from one shape to the other, and clients write.
    @ParameterizedTest
    @CsvSource("raid5, 3")
    void amidAReshapeAllIsRight(String level, int members) throws Exception {
        try (DoomedVolume world = new DoomedVolume(level, members, SEED)) {
            world.open(Destage.SOON).work(60, 0, world.model.length);
            world.reshape(4 * world.superblock().geometry().unitBlocks() * BLOCK);
            int amid = 0;
            for (int round = 0; round < 6; round++) {
                world.work(1, 0, world.model.length);
                List<MemoryFile> files = world.halt();
                boolean isAmid = files.stream().anyMatch(each -> isAmid(each));
                amid += isAmid ? 1 : 0;
                for (int gone = 0; gone <= members; gone++) {
                    int all = (1 << members) - 1;
                    String where = level + " round " + round + " without " + gone;
                    if (gone < members && gone != round % members) {
                        continue;
                    }
                    Found found = new Found(subset(files, all & ~(1 << gone)), world.witness);
                    assertAll(world, found, where);
                }
                if (isAmid(files.getFirst())) {
                    assertThatThrownBy(() -> new Found(files.subList(0, 1), world.witness))
                            .isInstanceOf(VolumeException.class)
                            .hasMessageContaining(
                                    "is being reshaped, and so many members are missing");
                } else {
                    assertRight(world, new Found(files.subList(0, 1), world.witness), "one left");
                }
            }
            assertThat(amid).isPositive();
        }
    }

    private static boolean isAmid(MemoryFile file) {
        return SuperblockIo.read(file).superblock().reshape() != null;
    }

    @Test
    void aMirrorsHalfAloneIsUnconfirmedUnlessTheWitnessKnows() throws Exception {
        try (DoomedVolume world = new DoomedVolume("raid1", 2, SEED)) {
            world.open(Destage.SOON).work(20, 0, world.model.length);
            world.stop();
            List<MemoryFile> half = world.halt().subList(0, 1);

            Found alone = new Found(half, Witness.NONE);
            assertThat(alone.counts()).containsOnlyKeys(Fate.UNCONFIRMED);
            assertThat(alone.rescue.doubts())
                    .singleElement()
                    .asString()
                    .contains("could have gone on without those present");
            assertRight(world, alone, "half");
            assertAll(world, new Found(half, world.witness), "half, witnessed");
        }
    }

    /// raid5 of 3: slot 2 is dropped, the volume goes on; then slot 1 is gone.
    @Test
    void aMemberLeftBehindGivesWhatTheOthersVouchForAndNothingOlder() throws Exception {
        try (DoomedVolume world = new DoomedVolume("raid5", 3, SEED)) {
            int half = world.model.length / 2;
            world.open(Destage.SOON).work(80, 0, world.model.length);
            world.stop();
            MemoryFile stale = world.halt().get(2);
            world.open(Destage.SOON, world.files.subList(0, 2)).work(20, 0, half);
            world.stop();
            List<MemoryFile> files = world.halt();
            Geometry geometry = world.superblock().geometry();

            Found found = new Found(List.of(stale, files.get(0)), world.witness);

            assertRight(world, found, "stale");
            assertThat(found.rescue.remains().finds())
                    .anyMatch(each -> each.role() == Salvage.Role.STALE && each.slot() == 2);
            int vouched = 0;
            for (int block = half; block < world.model.length; block++) {
                long row = geometry.rowOf(block);
                boolean isParityOnFirst = geometry.slotAt(row, 2) == 0;
                boolean isHomeStale = geometry.slotAt(row, geometry.positionOf(block)) == 2;
                if (isParityOnFirst && isHomeStale && world.touched[block]) {
                    assertThat(found.fates[block].isCertain())
                            .as("block %d %s", block, found.fates[block])
                            .isTrue();
                    vouched++;
                }
            }
            assertThat(vouched).isPositive();
            assertThat(found.counts()).containsKeys(Fate.LOST, Fate.UNCONFIRMED);

            assertAll(
                    world,
                    new Found(List.of(stale, files.get(1), files.get(0)), world.witness),
                    "");
        }
    }

    @Test
    void anOlderImageBesideTheOthersHarmsNothing() throws Exception {
        try (DoomedVolume world = new DoomedVolume("raid6", 4, SEED)) {
            world.open(Destage.SOON).work(60, 0, world.model.length);
            world.stop();
            List<MemoryFile> old = world.halt();
            for (int life = 0; life < 3; life++) {
                world.open(Destage.SOON).work(20, 0, world.model.length);
                world.stop();
            }
            List<MemoryFile> now = world.halt();
            for (int slot = 0; slot < 4; slot++) {
                List<MemoryFile> mixed = new ArrayList<>(now);
                mixed.set(slot, old.get(slot));
                assertAll(world, new Found(mixed, world.witness), "older image in slot " + slot);
                mixed.remove((slot + 1) % 4);
                assertAll(world, new Found(mixed, world.witness), "and another gone");
                mixed.remove(mixed.get(0) == old.get(slot) ? 1 : 0);
                assertRight(world, new Found(mixed, world.witness), "and one more");
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"raid1, 2", "raid5, 3", "raid6, 4", "3+3, 6"})
    void flippedBitsOnOneMemberCostNothing(String level, int members) throws Exception {
        try (DoomedVolume world = new DoomedVolume(level, members, SEED)) {
            world.open(Destage.SOON).work(80, 0, world.model.length);
            world.stop();
            world.open(Destage.NEVER).work(12, 0, world.model.length);
            SplittableRandom random = new SplittableRandom(SEED);
            for (int round = 0; round < 8; round++) {
                List<MemoryFile> files = world.halt();
                int slot = random.nextInt(members);
                for (int flip = 0; flip < 200; flip++) {
                    // Journal, info and data, but no superblock.
                    long at = random.nextLong(LAYOUT.journalOffset(), LAYOUT.superblockOffset(2));
                    files.get(slot).flip(at, random.nextInt(8));
                }
                assertAll(world, new Found(files, world.witness), level + " flips in " + slot);
            }
        }
    }

    @Test
    void flippedBitsOnTooManyMembersGiveNoWrongBytes() throws Exception {
        try (DoomedVolume world = new DoomedVolume("raid5", 3, SEED)) {
            world.open(Destage.SOON).work(80, 0, world.model.length);
            world.stop();
            world.open(Destage.NEVER).work(12, 0, world.model.length);
            SplittableRandom random = new SplittableRandom(SEED);
            for (int round = 0; round < 20; round++) {
                List<MemoryFile> files = world.halt();
                for (int flip = 0; flip < 60; flip++) {
                    long at = random.nextLong(LAYOUT.zonesOffset(), LAYOUT.superblockOffset(2));
                    files.get(random.nextInt(3)).flip(at, random.nextInt(8));
                }
                assertRight(world, new Found(files, world.witness), "flips everywhere");
            }
        }
    }

    @Test
    void blocksWrittenBehindALostBatchAreCertainAndOthersAreNot() throws Exception {
        try (DoomedVolume world = new DoomedVolume("raid5", 3, SEED)) {
            world.open(Destage.SOON).work(80, 0, world.model.length);
            world.stop();
            List<MemoryFile> files =
                    world.inJournalAlone(() -> {
                        world.carryOut(Request.Op.WRITE, 0, 4);
                        world.carryOut(Request.Op.WRITE, 10, 1);
                        world.carryOut(Request.Op.WRITE, 20, 4);
                    });
            int damaged = 0;
            for (MemoryFile file : files) {
                damaged += damage(file, world.superblock(), 10, world.model[10]) ? 1 : 0;
            }
            assertThat(damaged).isEqualTo(2);

            Found found = new Found(files, world.witness);

            assertThat(found.rescue.doubts())
                    .singleElement()
                    .asString()
                    .startsWith("journal batch ")
                    .contains("expected a whole copy, found none");
            for (int block = 0; block < world.model.length; block++) {
                boolean isBehind = block >= 20 && block < 24;
                assertThat(found.fates[block])
                        .as("block %d", block)
                        .isEqualTo(isBehind ? Fate.JOURNAL : Fate.UNCONFIRMED);
            }
            assertRight(world, found, "lost batch");
            assertThat(found.is(0, world.model[0])).isTrue();
        }
    }

    /// Flips a bit of a block's payload in the journal.
    private static boolean damage(MemoryFile file, Superblock superblock, int block, long version) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment page = arena.allocate(BLOCK, BLOCK);
            for (long at = LAYOUT.journalOffset(); at < LAYOUT.zonesOffset(); at += BLOCK) {
                file.read(page, 0, BLOCK, at);
                if (DoomedVolume.is(page, block, version)) {
                    file.flip(at + 77, 3);
                    return true;
                }
            }
            return false;
        }
    }

    @ParameterizedTest
    @CsvSource({"raid1, 2", "raid5, 3", "3+3, 6"})
    void aMemberThatIsCutShortGivesWhatItHas(String level, int members) throws Exception {
        try (DoomedVolume world = new DoomedVolume(level, members, SEED)) {
            world.open(Destage.SOON).work(80, 0, world.model.length);
            world.stop();
            long left = LAYOUT.dataOffset(64 + 10);
            List<MemoryFile> files = new ArrayList<>(world.halt());
            files.getFirst().resize(left);
            Found found = new Found(files, world.witness);
            assertAll(world, found, level);
            assertThat(found.rescue.remains().finds())
                    .anyMatch(each -> each.note().startsWith("cut short: expected "));

            Geometry geometry = world.superblock().geometry();
            Found alone = new Found(files.subList(0, 1), world.witness);
            assertRight(world, alone, level + " alone");
            for (int block = 0; block < world.model.length; block++) {
                long row = geometry.rowOf(block);
                boolean isHere =
                        geometry.slotAt(row, geometry.positionOf(block)) == 0
                                && geometry.memberBlock(row) < 64 + 10;
                if (isHere) {
                    assertThat(alone.fates[block].isCertain()).as("block %d", block).isTrue();
                }
            }
        }
    }

    @Test
    void strangersCopiesAndFilesThatAreNoMembersAreNamedAndLeftOut() throws Exception {
        try (DoomedVolume world = new DoomedVolume("raid5", 3, SEED)) {
            world.open(Destage.SOON).work(30, 0, world.model.length);
            MemoryFile early = world.halt().getFirst();
            world.stop();
            List<MemoryFile> files = new ArrayList<>(world.halt());
            files.add(0, TestVolumes.members("raid1", 2).getFirst().copy("stranger"));
            files.add(0, new MemoryFile("blank", 1 << 20));
            files.add(0, early.copy("earlier"));

            List<MemoryFile> before = files.stream().map(each -> each.copy("before")).toList();
            Found found = new Found(files, world.witness);

            assertAll(world, found, "strangers");
            for (int i = 0; i < files.size(); i++) {
                assertSame(files.get(i), before.get(i));
            }
            assertThat(found.rescue.remains().finds())
                    .filteredOn(each -> each.role() == Salvage.Role.LEFT_OUT)
                    .extracting(each -> each.name() + ": " + each.note())
                    .anyMatch(each -> each.startsWith("stranger: a member of volume orders"))
                    .anyMatch(each -> each.startsWith("blank: no member, or all four copies"))
                    .anyMatch(each -> each.startsWith("earlier: a copy of disk0"))
                    .hasSize(3);

            assertThatThrownBy(() ->
                            Rescue.of(List.of(files.get(2), files.get(3)), Witness.NONE, false))
                    .isInstanceOf(VolumeException.class)
                    .hasMessageStartingWith("expected members of one volume, found as many of one");
        }
    }

    @Test
    void withoutAMemberItSaysSo() {
        assertThatThrownBy(() ->
                        Rescue.of(List.of(new MemoryFile("blank", 1 << 20)), Witness.NONE, false))
                .isInstanceOf(VolumeException.class)
                .hasMessageContaining("expected members of a volume, found none: blank: no member");
    }
}
