package io.quoin.volume.assembly;

import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.member.Witness;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Collectors;

/// Puts together what is left of a volume, for whoever only reads: where {@link Assembly} refuses, it says what is doubtful.
///
/// | a file is | it is |
/// |---|---|
/// | in sync or rebuilding by the table that counts | used as far as it can be read, cut short or not |
/// | dropped by it, replaced, or an older image | kept for what the others have lost and vouch for |
/// | of another volume than most, a copy of one that is there, no member | left out |
///
/// Blocking; reads only.
public final class Salvage {
    /// What a file is.
    public enum Role {
        /// Holds everything, or did when it was whole.
        IN_SYNC("in sync"),
        /// Holds the info groups below its cursor.
        REBUILDING("rebuilding"),
        /// Was left behind by the others.
        STALE("stale"),
        /// Nothing of it is used.
        LEFT_OUT("left out");

        private final String text;

        Role(String text) {
            this.text = text;
        }

        /// {@return the role in the operators' word}
        public String text() {
            return text;
        }
    }

    /// One file.
    ///
    /// @param name its path
    /// @param slot its slot, -1 where it has none
    /// @param role what it is
    /// @param note what there is to say of it; empty when it is as it should be
    public record Find(String name, int slot, Role role, String note) {}

    /// A member that was left behind.
    ///
    /// @param file the member
    /// @param superblock its newest superblock
    /// @param slot the slot that it had
    /// @param isOfOurs whether what it holds is a part of this volume's history; else it may have gone on alone, and its sequences
    ///     say nothing
    public record Stale(BlockFile file, Superblock superblock, int slot, boolean isOfOurs) {}

    /// What is left of a volume.
    ///
    /// @param superblock the newest, with the table as it is on the members, and the furthest tail and cut
    /// @param files members that count by slot, null where there is none
    /// @param stale members that were left behind, the latest of each slot that has no member in sync
    /// @param finds all files
    /// @param isClean whether the volume was stopped with nothing left in its journal
    /// @param doubt why others may have gone on without those that are here; nothing if they cannot have
    public record Remains(
            Superblock superblock,
            BlockFile[] files,
            List<Stale> stale,
            List<Find> finds,
            boolean isClean,
            Optional<String> doubt) {
        /// {@return slots whose members are missing or not in sync}
        public List<Integer> missing() {
            List<Integer> missing = new ArrayList<>();
            for (int slot = 0; slot < files.length; slot++) {
                if (!isInSync(slot)) {
                    missing.add(slot);
                }
            }
            return missing;
        }

        /// {@return whether a slot's member is here and in sync}
        ///
        /// @param slot slot
        public boolean isInSync(int slot) {
            return files[slot] != null
                    && superblock.members().get(slot).state() == MemberEntry.IN_SYNC;
        }

        /// {@return whether each group has enough members in sync for all its blocks}
        public boolean isEnough() {
            for (int group = 0; group < superblock.geometry().groupCount(); group++) {
                if (superblock.geometry().spare(group, this::isInSync) < 0) {
                    return false;
                }
            }
            return true;
        }
    }

    private record Read(Assembly.Seen seen, String note) {}

    private Salvage() {}

    /// Puts together what is there.
    ///
    /// @param files files in any order, strangers among them
    /// @param witness outside memory, for mirrors
    /// @return what is left of the volume that most of them are of
    /// @throws VolumeException when none of them is a member, as many are of one volume as of another, or this version does not
    ///     know a feature of it
    public static Remains of(List<? extends BlockFile> files, Witness witness)
            throws VolumeException {
        List<Find> finds = new ArrayList<>();
        List<Read> members = ofOneVolume(readAll(files, finds), finds);
        List<Assembly.Seen> seen = members.stream().map(Read::seen).toList();
        Assembly.checkIncompat(seen.getFirst().superblock());
        Assembly.Joined joined = Assembly.join(seen, witness, new ArrayList<>(), new ArrayList<>());
        Assembly.Assembled assembled = joined.assembled();
        Superblock.Builder builder = assembled.superblock().toBuilder();
        builder.members = joined.newest().members();
        Superblock superblock = builder.build();
        List<Stale> stale = new ArrayList<>();
        for (Read each : members) {
            BlockFile file = each.seen.file();
            Superblock own = each.seen.superblock();
            if (assembled.stale().contains(file)) {
                stale.add(stale(superblock, each.seen));
                String behind = Assembly.behind(joined.newest(), own, superblock.checkpoint());
                finds.add(new Find(file.name(), own.slot(), Role.STALE, join(behind, each.note)));
                continue;
            }
            int slot = Arrays.asList(assembled.files()).indexOf(file);
            boolean isRebuilding = superblock.members().get(slot).state() == MemberEntry.REBUILDING;
            Role role = isRebuilding ? Role.REBUILDING : Role.IN_SYNC;
            finds.add(new Find(file.name(), slot, role, each.note));
        }
        BlockFile[] bySlot = assembled.files();
        return new Remains(
                superblock,
                bySlot,
                latest(superblock, stale, bySlot),
                finds,
                joined.newest().isClean(),
                joined.doubt(witness));
    }

    private static String join(String one, String other) {
        return other.isEmpty() ? one : one + "; " + other;
    }

    private static List<Read> readAll(List<? extends BlockFile> files, List<Find> finds) {
        Map<UUID, Read> byMember = new HashMap<>();
        List<Read> all = new ArrayList<>();
        for (BlockFile file : files) {
            SuperblockIo.Found found = SuperblockIo.read(file);
            Superblock superblock = found.superblock();
            if (superblock == null) {
                finds.add(
                        leftOut(
                                file,
                                "no member, or all four copies of its superblock are damaged"
                                        + (found.readable() == 0 ? " (unreadable)" : "")));
                continue;
            }
            Read read =
                    new Read(
                            new Assembly.Seen(file, superblock, found.newest()),
                            note(file, superblock, found.valid()));
            Read twin = byMember.get(superblock.member());
            if (twin != null) {
                Read later = isLater(superblock, twin.seen.superblock()) ? read : twin;
                Read earlier = later == read ? twin : read;
                all.remove(earlier);
                finds.add(
                        leftOut(
                                earlier.seen.file(),
                                "a copy of "
                                        + later.seen.file().name()
                                        + ", and not the later one"));
                read = later;
            }
            if (byMember.put(superblock.member(), read) != read) {
                all.add(read);
            }
        }
        return all;
    }

    private static boolean isLater(Superblock one, Superblock other) {
        return one.checkpoint() != other.checkpoint()
                ? one.checkpoint() > other.checkpoint()
                : one.sequence() > other.sequence();
    }

    private static Find leftOut(BlockFile file, String why) {
        return new Find(file.name(), -1, Role.LEFT_OUT, why);
    }

    private static String note(BlockFile file, Superblock superblock, int valid) {
        if (superblock.layout().memberBytes() > file.lengthBytes()) {
            return "cut short: expected "
                    + superblock.layout().memberBytes()
                    + " bytes, was "
                    + file.lengthBytes();
        }
        int damaged = Superblock.COPIES - Integer.bitCount(valid);
        return damaged == 0
                ? ""
                : damaged + " of " + Superblock.COPIES + " superblock copies damaged";
    }

    /// The volume that most files are members of; the others are left out.
    private static List<Read> ofOneVolume(List<Read> all, List<Find> finds) throws VolumeException {
        Map<UUID, List<Read>> byVolume =
                all.stream().collect(Collectors.groupingBy(each -> volume(each)));
        int most = byVolume.values().stream().mapToInt(List::size).max().orElse(0);
        List<List<Read>> largest =
                byVolume.values().stream().filter(each -> each.size() == most).toList();
        if (largest.isEmpty()) {
            throw new VolumeException(
                    "expected members of a volume, found none: "
                            + finds.stream()
                                    .map(each -> each.name() + ": " + each.note())
                                    .collect(Collectors.joining("; ")));
        }
        if (largest.size() > 1) {
            throw new VolumeException(
                    "expected members of one volume, found as many of one as of another: "
                            + largest.stream().map(Salvage::describe).sorted().toList()
                            + "; leave the others out");
        }
        UUID volume = volume(largest.getFirst().getFirst());
        Set<Read> kept = Set.copyOf(largest.getFirst());
        for (Read each : all) {
            if (!kept.contains(each)) {
                finds.add(
                        leftOut(
                                each.seen.file(),
                                "a member of volume "
                                        + each.seen.superblock().name()
                                        + " ("
                                        + volume(each)
                                        + "), not of "
                                        + volume));
            }
        }
        return all.stream().filter(kept::contains).toList();
    }

    private static UUID volume(Read read) {
        return read.seen.superblock().volume();
    }

    private static String describe(List<Read> volume) {
        return volume.getFirst().seen.superblock().name()
                + " of "
                + volume.stream().map(each -> each.seen.file().name()).sorted().toList();
    }

    private static Stale stale(Superblock now, Assembly.Seen seen) {
        Superblock own = seen.superblock();
        int slot = Assembly.slotOf(now, own);
        boolean isOlderImage =
                slot >= 0
                        && now.members().get(slot).state() != MemberEntry.FAULTY
                        && own.configEpoch() <= now.configEpoch();
        boolean isOfOurs = isOlderImage || slot >= 0 && Returning.objection(now, slot, own) == null;
        return new Stale(seen.file(), own, slot >= 0 ? slot : own.slot(), isOfOurs);
    }

    /// Of members that were left behind the latest of each slot that lacks one in sync, if it has the shape that the volume has.
    private static List<Stale> latest(Superblock now, List<Stale> all, BlockFile[] files) {
        Map<Integer, Stale> bySlot = new HashMap<>();
        for (Stale each : all) {
            boolean isFitting =
                    each.slot < files.length
                            && each.superblock.layout().equals(now.layout())
                            && each.superblock.geometry().former() == null
                            && now.geometry().former() == null
                            && each.superblock
                                    .geometry()
                                    .toString()
                                    .equals(now.geometry().toString());
            boolean isWanted =
                    isFitting
                            && (files[each.slot] == null
                                    || now.members().get(each.slot).state()
                                            == MemberEntry.REBUILDING);
            if (isWanted) {
                bySlot.merge(
                        each.slot, each, (a, b) -> isLater(b.superblock, a.superblock) ? b : a);
            }
        }
        return List.copyOf(bySlot.values());
    }
}
