package io.quoin.volume.assembly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.MemoryFile;
import io.quoin.volume.Planted;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.assembly.Assembly.Assembled;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.member.Witness;
import io.quoin.volume.member.Witness.Membership;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Goal: whatever is plugged in, in whatever order, a volume is served exactly when nothing that was
/// acknowledged can be missing. Method: every subset of members, each as far behind as it can be, in
/// every order, with every witness, next to the table of {@link Assembly} in plain words.
final class AssemblyTest {
    /// What has become of a member since the last change of membership, from configEpoch 4 to 5.
    private enum State {
        /// Was told: epoch 5, checkpoint 10.
        NEWEST,
        /// Belongs, and a crash came before it was told: epoch 4, checkpoint 9.
        UNTOLD,
        /// Belongs, but an older image of it was put back: checkpoint 8.
        OLD_IMAGE,
        /// Was dropped at epoch 5.
        FAULTY,
        /// Is being rebuilt.
        REBUILDING,
        /// Is not there.
        ABSENT
    }

    private static final class KnownEpoch implements Witness {
        private final Membership known;

        KnownEpoch(Membership known) {
            this.known = known;
        }

        KnownEpoch(long epoch, List<MemoryFile> members) {
            this(Membership.of(epoch, SuperblockIo.read(members.getLast()).superblock().members()));
        }

        @Override
        public Membership newest(UUID volume) {
            return known;
        }

        @Override
        public boolean record(UUID volume, Membership membership) {
            throw new AssertionError("assembly changes nothing");
        }
    }

    /// Members that have aged; one file for each slot and state.
    private static final class Aged {
        final List<MemoryFile> fresh;
        final Superblock superblock;

        Aged(String level, int members) {
            fresh = TestVolumes.members(level, members);
            superblock = SuperblockIo.read(fresh.getFirst()).superblock();
        }

        List<BlockFile> files(State[] states) {
            List<BlockFile> files = new ArrayList<>();
            for (int slot = 0; slot < states.length; slot++) {
                files.add(states[slot] == State.ABSENT ? null : file(states, slot));
            }
            return files;
        }

        List<MemberEntry> newTable(State[] states) {
            List<MemberEntry> table = new ArrayList<>(superblock.members());
            for (int i = 0; i < states.length; i++) {
                if (states[i] == State.FAULTY) {
                    table.set(i, table.get(i).with(MemberEntry.FAULTY, 0));
                } else if (states[i] == State.REBUILDING) {
                    table.set(i, table.get(i).with(MemberEntry.REBUILDING, 3));
                }
            }
            return table;
        }

        private BlockFile file(State[] states, int slot) {
            State state = states[slot];
            boolean isTold = state == State.NEWEST || state == State.REBUILDING;
            Superblock.Builder builder = superblock.toBuilder();
            builder.slot = slot;
            builder.member = superblock.members().get(slot).uuid();
            builder.configEpoch = isTold ? 5 : 4;
            builder.checkpoint = isTold ? 10 : state == State.OLD_IMAGE ? 8 : 9;
            builder.tailBatch = isTold ? 100 : 90;
            builder.sequence = 50 + slot;
            builder.clean = false;
            builder.witnessedEpoch = 3;
            if (isTold) {
                builder.members = newTable(states);
                builder.witnessedEpoch = 4;
                builder.witnessedInSync = Membership.of(4, superblock.members()).inSync();
            }
            MemoryFile file = new MemoryFile("disk" + slot, superblock.layout().memberBytes());
            SuperblockIo.write(file, builder.build());
            return file;
        }
    }

    @ParameterizedTest
    @CsvSource({"raid5, 3", "raid1, 2", "raid1, 3"})
    void membersAreServedOrRefusedAsTheTableSaysInEveryOrder(String level, int members) {
        walk(level, members, EnumSet.allOf(State.class));
    }

    @Test
    void fourMembersWithTwoParitiesAreServedOrRefusedAsTheTableSaysInEveryOrder() {
        walk("raid6", 4, EnumSet.complementOf(EnumSet.of(State.REBUILDING)));
    }

    private static void walk(String level, int members, Set<State> possible) {
        Aged aged = new Aged(level, members);
        List<State> all = List.copyOf(possible);
        State[] states = new State[members];
        Set<Boolean> verdicts = new HashSet<>();
        for (int c = 0; c < Math.pow(all.size(), members); c++) {
            int rest = c;
            for (int slot = 0; slot < members; slot++) {
                states[slot] = all.get(rest % all.size());
                rest /= all.size();
            }
            List<BlockFile> bySlot = aged.files(states);
            List<BlockFile> present = new ArrayList<>(bySlot);
            present.removeIf(file -> file == null);
            long before = Membership.of(4, aged.superblock.members()).inSync();
            long after = Membership.of(5, aged.newTable(states)).inSync();
            for (Membership known :
                    Arrays.asList(
                            null,
                            new Membership(4, before),
                            new Membership(4, before + 1),
                            new Membership(5, after),
                            new Membership(5, after + 1),
                            new Membership(6, after))) {
                verdicts.add(check(aged, states, bySlot, present, known));
            }
            Membership known = new Membership(4, before);
            permute(present, 0, order -> check(aged, states, bySlot, order, known));
        }
        assertThat(verdicts).containsExactlyInAnyOrder(true, false);
    }

    private static void permute(List<BlockFile> files, int from, Consumer<List<BlockFile>> then) {
        if (from >= files.size() - 1) {
            then.accept(files);
            return;
        }
        for (int i = from; i < files.size(); i++) {
            Collections.swap(files, from, i);
            permute(files, from + 1, then);
            Collections.swap(files, from, i);
        }
    }

    private static boolean check(
            Aged aged,
            State[] states,
            List<BlockFile> bySlot,
            List<BlockFile> given,
            Membership known) {
        Supplier<String> what = () -> List.of(states) + ", witness " + known;
        int k = aged.superblock.geometry().dataCount();
        Set<State> present = EnumSet.noneOf(State.class);
        Collections.addAll(present, states);
        boolean isNewTable = present.contains(State.NEWEST) || present.contains(State.REBUILDING);
        long last =
                isNewTable
                        ? 10
                        : present.contains(State.UNTOLD) || present.contains(State.FAULTY) ? 9 : 8;
        boolean[] isRead = new boolean[states.length];
        int inSync = 0;
        int couldHaveGoneOn = 0;
        boolean isChanged = false;
        for (int slot = 0; slot < states.length; slot++) {
            State state = states[slot];
            boolean isDropped = isNewTable && state == State.FAULTY;
            boolean isOld = state == State.OLD_IMAGE && last == 10;
            isRead[slot] = state != State.ABSENT && !isDropped && !isOld;
            boolean isInTable = !isDropped && state != State.REBUILDING;
            inSync += isRead[slot] && isInTable ? 1 : 0;
            couldHaveGoneOn += !isRead[slot] && isInTable ? 1 : 0;
            isChanged |= !isRead[slot] && !isDropped;
        }
        long epoch = isNewTable ? 5 : 4;
        Membership found =
                Membership.of(
                        epoch, isNewTable ? aged.newTable(states) : aged.superblock.members());
        boolean isFromThere =
                isNewTable && Membership.of(4, aged.superblock.members()).equals(known);
        boolean isAhead = known != null && !known.equals(found) && !isFromThere;
        boolean isServed =
                inSync >= k
                        && (states.length - inSync < k
                                || (known == null ? couldHaveGoneOn < k : !isAhead));
        Assembled assembled;
        try {
            assembled = Assembly.assemble(given, new KnownEpoch(known));
        } catch (VolumeException e) {
            assertThat(isServed).as(() -> what.get() + ": " + e.getMessage()).isFalse();
            assertThat(e.getMessage()).containsAnyOf("expected ", "the witness knows nothing");
            return false;
        }
        assertThat(isServed).as(what).isTrue();
        assertThat(assembled.isChanged()).as(what).isEqualTo(isChanged);
        assertThat(assembled.superblock().configEpoch()).isEqualTo(epoch);
        assertThat(assembled.superblock().witnessedEpoch())
                .isEqualTo(found.equals(known) ? epoch : epoch - 1);
        assertThat(assembled.superblock().checkpoint()).isEqualTo(last);
        long tail = 0;
        for (int slot = 0; slot < states.length; slot++) {
            assertThat(assembled.files()[slot])
                    .as(what)
                    .isSameAs(isRead[slot] ? bySlot.get(slot) : null);
            int state = assembled.superblock().members().get(slot).state();
            if (!isRead[slot]) {
                assertThat(state).as(what).isEqualTo(MemberEntry.FAULTY);
                assertThat(assembled.stale().contains(bySlot.get(slot)))
                        .as(what)
                        .isEqualTo(states[slot] != State.ABSENT);
            } else {
                assertThat(state)
                        .as(what)
                        .isEqualTo(
                                states[slot] == State.REBUILDING
                                        ? MemberEntry.REBUILDING
                                        : MemberEntry.IN_SYNC);
                tail = Math.max(tail, isNewTable && isTold(states[slot]) ? 100 : 90);
            }
        }
        assertThat(assembled.superblock().tailBatch()).as(what).isEqualTo(tail);
        return true;
    }

    private static boolean isTold(State state) {
        return state == State.NEWEST || state == State.REBUILDING;
    }

    private static Assembled assemble(List<? extends BlockFile> files) throws VolumeException {
        return Assembly.assemble(List.copyOf(files), Witness.NONE);
    }

    private static void change(BlockFile file, Consumer<Superblock.Builder> how) {
        Superblock.Builder builder = SuperblockIo.read(file).superblock().toBuilder();
        builder.sequence++;
        how.accept(builder);
        assertThat(SuperblockIo.write(file, builder.build()).isOk()).isTrue();
    }

    @Test
    void anEpochThatCountsAloneIsNoticed() {
        assertThat(
                        Planted.noticed(
                                Plant.EPOCH_ALONE_COUNTS,
                                this
                                        ::fourMembersWithTwoParitiesAreServedOrRefusedAsTheTableSaysInEveryOrder))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void theNewestSuperblockOfAMemberCountsWhereverItsWriteWasInterrupted() {
        MemoryFile file = TestVolumes.members("raid5", 3).getFirst();
        Superblock.Builder next = SuperblockIo.read(file).superblock().toBuilder();
        next.sequence++;
        next.checkpoint = 1;
        MemoryFile written = file.copy("written");
        SuperblockIo.write(written, next.build());
        try (var arena = java.lang.foreign.Arena.ofConfined()) {
            var block = arena.allocate(4096, 4096);
            MemberLayout layout = TestVolumes.LAYOUT;
            // Copies 0 and 2 first, then 1 and 3; any of the pair under way torn to zeros.
            for (int pair = 0; pair < 2; pair++) {
                for (int torn = 0; torn < 4; torn++) {
                    for (int taken = 0; taken < 4; taken++) {
                        MemoryFile crashed = pair == 0 ? file.copy("c") : written.copy("c");
                        boolean isNew = pair == 1;
                        for (int i = 0; i < 2; i++) {
                            long at = layout.superblockOffset(2 * i + pair);
                            boolean isTorn = (torn >> i & 1) != 0;
                            boolean isTaken = (taken >> i & 1) != 0;
                            (isTaken ? written : file).read(block, 0, 4096, at);
                            crashed.write(block, 0, 4096, at, true);
                            if (isTorn) {
                                crashed.erase(at);
                            }
                            isNew |= isTaken && !isTorn;
                        }
                        SuperblockIo.Found found = SuperblockIo.read(crashed);
                        assertThat(found.superblock().checkpoint()).isEqualTo(isNew ? 1 : 0);
                        assertThat(Integer.bitCount(found.valid()))
                                .isEqualTo(4 - Integer.bitCount(torn));
                    }
                }
            }
        }
    }

    @Test
    void upToThreeDamagedSuperblockCopiesAreSurvivedAndWithFourTheMemberIsLeftOut()
            throws VolumeException {
        for (int damaged = 0; damaged < 16; damaged++) {
            List<MemoryFile> files = TestVolumes.members("raid5", 3);
            for (int copy = 0; copy < 4; copy++) {
                long at = TestVolumes.LAYOUT.superblockOffset(copy);
                if ((damaged >> copy & 1) != 0 && copy % 2 == 0) {
                    files.get(1).flip(at + 700, 3);
                } else if ((damaged >> copy & 1) != 0) {
                    files.get(1).spoil(at);
                }
            }
            Assembled assembled = assemble(files);
            if (damaged == 15) {
                UUID missing = assembled.superblock().members().get(1).uuid();
                assertThat(assembled.files()).containsExactly(files.get(0), null, files.get(2));
                assertThat(assembled.notes())
                        .containsExactlyInAnyOrder(
                                "disk1: expected a Quoin superblock at 4096, 65536 or the end,"
                                        + " found none; not a member, or all four copies are"
                                        + " damaged: left out",
                                "member of slot 1 (" + missing + ") missing");
                continue;
            }
            assertThat(assembled.files()).doesNotContainNull();
            if (damaged == 0) {
                assertThat(assembled.notes()).isEmpty();
            } else {
                String bits = Integer.toBinaryString(damaged | 16).substring(1);
                assertThat(assembled.notes())
                        .containsExactly(
                                "disk1: superblock copies "
                                        + bits
                                        + " (bits 3..0) damaged, rewritten from a good one");
            }
        }
    }

    @Test
    void aFileThatCannotBeReadAtAllIsSaidToBeUnreadable() throws VolumeException {
        List<MemoryFile> files = TestVolumes.members("raid5", 3);
        for (int copy = 0; copy < 4; copy++) {
            files.get(2).spoil(TestVolumes.LAYOUT.superblockOffset(copy));
        }
        assertThat(assemble(files).notes())
                .anyMatch(note -> note.startsWith("disk2: ") && note.contains("(unreadable)"));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, 4096, 8192, 65_536, 69_632, 200_000})
    void aFileTooShortForAnythingIsNoMember(long bytes) {
        MemoryFile file = new MemoryFile("short", bytes);
        assertThatThrownBy(() -> assemble(List.of(file)))
                .isInstanceOf(VolumeException.class)
                .hasMessageStartingWith("short: expected a Quoin superblock");
    }

    @Test
    void aTruncatedMemberIsLeftOutAndNamedWithTheLengthItShouldHave() throws VolumeException {
        List<MemoryFile> files = TestVolumes.members("raid5", 3);
        long bytes = TestVolumes.LAYOUT.memberBytes();
        files.get(0).resize(bytes - 4096);
        String note =
                "disk0: expected at least "
                        + bytes
                        + " bytes, was "
                        + (bytes - 4096)
                        + ": truncated, left out; rebuild it";
        Assembly.Assembled assembled = assemble(files);
        assertThat(assembled.files()[0]).isNull();
        assertThat(assembled.notes()).contains(note);
        assertThatThrownBy(() -> assemble(files.subList(0, 2))).hasMessageContaining(note);
    }

    @Test
    void aMemberThatHasGrownIsTakenWithAllItsCopies() throws VolumeException {
        List<MemoryFile> files = TestVolumes.members("raid5", 3);
        files.get(0).resize(TestVolumes.LAYOUT.memberBytes() + (1 << 20) + 512);
        Assembled assembled = assemble(files);
        assertThat(assembled.notes()).isEmpty();
        assertThat(SuperblockIo.read(files.get(0)).valid()).isEqualTo(0xF);
    }

    @Test
    void aMemberOfAnotherVolumeIsNamed() {
        List<MemoryFile> files = TestVolumes.members("raid5", 3);
        MemoryFile foreign = TestVolumes.members("raid1", 2).getFirst().copy("foreign");
        change(foreign, builder -> builder.name = "trades");
        assertThatThrownBy(() -> assemble(List.of(files.get(0), files.get(1), foreign)))
                .hasMessage(
                        "foreign: expected a member of volume orders as disk0 is, found one of"
                                + " volume trades");
    }

    @Test
    void theSameMemberTwiceIsNamed() {
        List<MemoryFile> files = TestVolumes.members("raid5", 3);
        UUID uuid = SuperblockIo.read(files.get(1)).superblock().member();
        assertThatThrownBy(() ->
                        assemble(List.of(files.get(0), files.get(1), files.get(1).copy("dd"))))
                .hasMessage(
                        "dd and disk1: the same member "
                                + uuid
                                + " twice; one is a copy, leave it out");
    }

    @Test
    void aMemberThatWasReplacedIsNotRead() throws VolumeException {
        List<MemoryFile> files = TestVolumes.members("raid5", 3);
        for (int slot = 1; slot < 3; slot++) {
            change(
                    files.get(slot),
                    builder -> {
                        builder.configEpoch = 9;
                        List<MemberEntry> table = new ArrayList<>(builder.members);
                        table.set(0, new MemberEntry(new UUID(1, 2), MemberEntry.FAULTY, 0, 9));
                        builder.members = table;
                    });
        }
        Assembled assembled = assemble(files);
        assertThat(assembled.files()[0]).isNull();
        assertThat(assembled.stale()).containsExactly(files.get(0));
        assertThat(assembled.notes())
                .containsExactly("disk0: stale (replaced at epoch 9), not read; rebuild it");
    }

    @Test
    void whatIsStaleIsSaidWithExpectedAndFound() throws VolumeException {
        List<MemoryFile> files = TestVolumes.members("raid6", 4);
        UUID lost = SuperblockIo.read(files.get(0)).superblock().members().get(3).uuid();
        for (int slot = 1; slot < 3; slot++) {
            change(
                    files.get(slot),
                    builder -> {
                        builder.checkpoint = 7;
                        builder.configEpoch = 2;
                    });
        }
        Assembled assembled =
                Assembly.assemble(List.copyOf(files.subList(0, 3)), new KnownEpoch(2, files));
        assertThat(assembled.notes())
                .containsExactly(
                        "disk0: stale (an older image: expected checkpoint 7, found 0), not read;"
                                + " rebuild it",
                        "member of slot 0 ("
                                + SuperblockIo.read(files.get(0)).superblock().member()
                                + ") missing",
                        "member of slot 3 (" + lost + ") missing");
    }

    @Test
    void tooFewMembersAreNamedBySlotAndIdentity() {
        List<MemoryFile> files = TestVolumes.members("raid5", 3);
        List<MemberEntry> table = SuperblockIo.read(files.get(0)).superblock().members();
        assertThatThrownBy(() -> assemble(files.subList(2, 3)))
                .hasMessage(
                        "volume orders: expected at least 2 members in sync, found 1; not in sync"
                                + " or absent: slot 0 ("
                                + table.get(0).uuid()
                                + "), slot 1 ("
                                + table.get(1).uuid()
                                + ")");
        assertThatThrownBy(() -> assemble(List.of()))
                .hasMessage("members: expected at least one, was none");
    }

    @Test
    void eachGroupOfCopiesMustBeServable() throws VolumeException {
        List<MemoryFile> files = TestVolumes.members("raid10", 4);
        // Slots 0 and 1, and 2 and 3, are copies of each other.
        assertThat(assemble(List.of(files.get(1), files.get(2), files.get(3))).files()[0]).isNull();
        assertThatThrownBy(() -> assemble(files.subList(0, 2)))
                .hasMessageContaining("expected at least 1 members in sync in group 1, found 0");
        // One of each group: the other two could have gone on alone.
        assertThatThrownBy(() -> assemble(List.of(files.get(0), files.get(2))))
                .hasMessage(
                        "volume orders: the absent members (slots 1010, bit 0 right) could have"
                                + " gone on without those present, and the witness knows nothing of"
                                + " this volume: attach the absent members");
        Assembly.assemble(List.of(files.get(0), files.get(2)), new KnownEpoch(1, files));
    }

    @Test
    void aMirrorWhoseOtherCopyWentOnAloneIsRefusedByTheWitness() {
        List<MemoryFile> files = TestVolumes.members("raid1", 2);
        assertThatThrownBy(() ->
                        Assembly.assemble(
                                List.copyOf(files.subList(0, 1)), new KnownEpoch(3, files)))
                .hasMessage(
                        "volume orders: the absent members (slots 10, bit 0 right) could have gone"
                                + " on without those present, and the witness expected configEpoch"
                                + " 3, found 1: attach the absent members");
    }

    @Test
    void ofTwoChangesOfOneEpochThatCountsWhichTheWitnessKnows() throws VolumeException {
        List<MemoryFile> files = TestVolumes.members("raid1", 2);
        // Each dropped the other at epoch 2; copy 0 could not make it durable, copy 1 went on
        // alone.
        for (int slot = 0; slot < 2; slot++) {
            int other = 1 - slot;
            change(
                    files.get(slot),
                    builder -> {
                        builder.configEpoch = 2;
                        builder.sequence = 20 - builder.slot;
                        List<MemberEntry> table = new ArrayList<>(builder.members);
                        table.set(other, table.get(other).with(MemberEntry.FAULTY, 0));
                        builder.members = table;
                    });
        }
        Witness witness = new KnownEpoch(2, files);
        assertThat(Assembly.assemble(List.copyOf(files), witness).files())
                .containsExactly(null, files.get(1));
        assertThatThrownBy(() -> Assembly.assemble(List.copyOf(files.subList(0, 1)), witness))
                .hasMessageContaining(
                        "the witness expected configEpoch 2, found 2 with other members in sync");
    }

    @Test
    void unknownFeatureBitsRefuseOrAreKept() throws VolumeException {
        List<MemoryFile> files = TestVolumes.members("raid5", 3);
        files.forEach(file -> change(file, builder -> builder.compat = 0x30));
        assertThat(assemble(files).superblock().toBuilder().compat).isEqualTo(0x30);
        files.forEach(file -> change(file, builder -> builder.roCompat = 0x20));
        assertThatThrownBy(() -> assemble(files))
                .hasMessage(
                        "volume orders: features 0x20 are not known to this version, which must"
                                + " therefore not write it: use a newer one, or quoin check to read"
                                + " it");
        files.forEach(file -> change(file, builder -> builder.incompat = 0x10));
        assertThatThrownBy(() -> assemble(files))
                .hasMessage(
                        "volume orders: incompatible features 0x10 are not known to this version:"
                                + " use a newer one");
    }

    @Test
    void epochsSequenceAndFloorAreTheHighestOfAnyMember() throws VolumeException {
        List<MemoryFile> files = TestVolumes.members("raid5", 3);
        change(files.get(0), builder -> builder.ownerEpoch = 7);
        change(files.get(1), builder -> builder.journalEpoch = 8);
        change(
                files.get(2),
                builder -> {
                    builder.sequence = 99;
                    builder.sequenceFloor = 1000;
                });
        Superblock superblock = assemble(files).superblock();
        assertThat(superblock.ownerEpoch()).isEqualTo(7);
        assertThat(superblock.journalEpoch()).isEqualTo(8);
        assertThat(superblock.sequence()).isEqualTo(99);
        assertThat(superblock.sequenceFloor()).isEqualTo(1000);
    }

    @Test
    void theNewestTailHoldsForAll() throws VolumeException {
        List<MemoryFile> files = TestVolumes.members("raid5", 3);
        change(files.get(1), builder -> builder.tailBatch = 50);
        Assembled assembled = assemble(files);
        assertThat(assembled.superblock().tailBatch()).isEqualTo(50);
        assertThat(assembled.files()).containsExactlyElementsOf(files);
    }

    @Test
    void creationClearsWhatMustNotHoldOldBytes() {
        List<MemoryFile> files = new ArrayList<>();
        MemberLayout layout = TestVolumes.LAYOUT;
        try (var arena = java.lang.foreign.Arena.ofConfined()) {
            var block = arena.allocate(4096, 4096);
            for (int i = 0; i < 3; i++) {
                MemoryFile file = new MemoryFile("disk" + i, layout.memberBytes());
                for (long at = 0; at < layout.memberBytes(); at += 4096) {
                    file.write(block.fill((byte) 0x5A), 0, 4096, at, true);
                }
                files.add(file);
            }
            Creation.create(
                    new Creation.Wish(
                            "orders", "raid5", 0, 4096, io.quoin.volume.format.Guard.CRC32C, 0),
                    files,
                    List.of(false, false, false),
                    layout,
                    0,
                    java.util.UUID::randomUUID);
            for (MemoryFile file : files) {
                for (long at = 0; at < layout.zonesOffset(); at += 4096) {
                    file.read(block, 0, 4096, at);
                    boolean isUsed = at == 0 || at == 4096 || at == 65_536;
                    assertThat(isZero(block)).as("offset %d", at).isNotEqualTo(isUsed);
                }
                for (long info = 0; info < layout.dataBlocks() / 32; info++) {
                    file.read(block, 0, 4096, layout.infoOffset(info, 0));
                    assertThat(isZero(block)).isTrue();
                    file.read(block, 0, 4096, layout.infoOffset(info, 1));
                    assertThat(isZero(block)).isTrue();
                }
            }
            assertThat(assemble(files).notes()).isEmpty();
        } catch (VolumeException e) {
            throw new AssertionError(e);
        }
    }

    private static boolean isZero(java.lang.foreign.MemorySegment block) {
        for (long i = 0; i < 4096; i += 8) {
            if (block.get(java.lang.foreign.ValueLayout.JAVA_LONG, i) != 0) {
                return false;
            }
        }
        return true;
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a/b",
                "a\nb",
                "12345678901234567890123456789012345678901234567890" + "123456789012345",
                "\u007F"
            })
    void aNameThatCannotBeIsRefused(String name) {
        assertThatThrownBy(() ->
                        new Creation.Wish(
                                name, "raid5", 0, 4096, io.quoin.volume.format.Guard.CRC32C, 0))
                .hasMessageStartingWith(
                        "volume name: expected 1 to 64 bytes without control characters or slashes,"
                                + " was ");
    }

    @Test
    void aLayoutAndLevelThatDoNotFitAreRefusedBeforeAnythingIsWritten() {
        List<MemoryFile> files =
                List.of(new MemoryFile("a", 1 << 20), new MemoryFile("b", 1 << 20));
        assertThatThrownBy(() ->
                        Creation.create(
                                new Creation.Wish(
                                        "orders",
                                        "raid1",
                                        0,
                                        4096,
                                        io.quoin.volume.format.Guard.CRC32C,
                                        0),
                                files,
                                List.of(false, false),
                                null,
                                0,
                                java.util.UUID::randomUUID))
                .isInstanceOf(VolumeException.class)
                .hasMessageStartingWith("a: member size: expected at least ");
    }
}
