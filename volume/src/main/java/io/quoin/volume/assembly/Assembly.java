package io.quoin.volume.assembly;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.member.Witness;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Finds out which volume a set of files is, who holds what, and whether it may be served.
///
/// Identity is the member's UUID, never path or order. The highest configEpoch says who belongs; a
/// member that says less is admitted only if that table has it in sync, which can be so only when a
/// crash came before it was told, and nothing was acknowledged since (invariant I11).
///
/// | member | verdict |
/// |---|---|
/// | in the table in sync, at the last checkpoint or the one before | in sync |
/// | in the table in sync, further behind | an older image of it was put back: stale |
/// | rebuilding, at the last checkpoint or the one before | goes on at its cursor |
/// | faulty in the table, or not in it | stale: not read |
///
/// Absent members in sync: allowed as long as what remains can serve, and as long as those absent
/// could not have gone on without us (fewer than k of some group), or the witness knows they did not. Those
/// that the newest table calls faulty could have too, if that table was not durable when the volume failed.
public final class Assembly {
    /// What was found.
    ///
    /// @param superblock newest superblock, its table as it must become
    /// @param files member by slot, null where absent or stale
    /// @param newestCopies superblock copies of each slot's member that are whole and newest, a bit for each
    /// @param stale files that belong to the volume and hold nothing that counts
    /// @param isChanged whether the table differs from what is on the members
    /// @param notes for operators
    public record Assembled(
            Superblock superblock,
            BlockFile[] files,
            int[] newestCopies,
            List<BlockFile> stale,
            boolean isChanged,
            List<String> notes) {}

    /// A member and its newest superblock.
    record Seen(BlockFile file, Superblock superblock, int newestCopies) {}

    private Assembly() {}

    /// Assembles.
    ///
    /// @param files members in any order
    /// @param witness outside memory, for mirrors
    /// @return the volume's members
    /// @throws VolumeException naming what is missing, doubled, foreign, damaged or stale
    public static Assembled assemble(List<BlockFile> files, Witness witness)
            throws VolumeException {
        List<String> notes = new ArrayList<>();
        List<Seen> seen = readAll(files, notes);
        checkFeatures(newest(seen, witness));
        List<String> ofFiles = new ArrayList<>();
        Joined joined = join(seen, witness, notes, ofFiles);
        Superblock newest = joined.newest;
        List<MemberEntry> table = joined.assembled.superblock().members();
        checkServable(newest.geometry(), table, newest, ofFiles);
        if (!Plant.WITNESS_NOT_ASKED.isPlanted()) {
            Optional<String> doubt = doubt(newest, witness, joined.absentMask, othersMask(table));
            if (doubt.isPresent()) {
                throw new VolumeException(doubt.get() + ": attach the absent members");
            }
        }
        return joined.assembled;
    }

    /// Members put in their slots, whether they suffice or not.
    ///
    /// @param newest the superblock whose table counts, as it is on its member
    /// @param assembled what was found
    /// @param absentMask slots whose members are in sync by that table, and absent
    record Joined(Superblock newest, Assembled assembled, int absentMask) {
        /// {@return why the absent members may have gone on without those that are here; nothing if they cannot have}
        ///
        /// @param witness outside memory, for mirrors
        Optional<String> doubt(Witness witness) {
            return Assembly.doubt(
                    newest, witness, absentMask, othersMask(assembled.superblock().members()));
        }
    }

    /// Finds the table that counts, and who is where by it.
    ///
    /// @param seen members of one volume, each once
    /// @param witness outside memory, for mirrors
    /// @param notes notes so far, in the result too
    /// @param ofFiles receives the notes about files alone
    static Joined join(List<Seen> seen, Witness witness, List<String> notes, List<String> ofFiles) {
        Superblock newest = newest(seen, witness);
        Geometry geometry = newest.geometry();
        long lastCheckpoint =
                seen.stream().mapToLong(each -> each.superblock.checkpoint()).max().orElse(0);
        BlockFile[] bySlot = new BlockFile[geometry.slotCount()];
        int[] newestCopies = new int[bySlot.length];
        List<BlockFile> stale = new ArrayList<>();
        List<MemberEntry> table = new ArrayList<>(newest.members());
        boolean isChanged = false;
        for (Seen each : seen) {
            int slot = slotOf(newest, each.superblock);
            String behind = behind(newest, each.superblock, lastCheckpoint);
            if (behind != null) {
                stale.add(each.file);
                notes.add(each.file.name() + ": stale (" + behind + "), not read; rebuild it");
            } else {
                bySlot[slot] = each.file;
                newestCopies[slot] = each.newestCopies;
                if (Plant.STALE_ADMITTED.isPlanted()) {
                    table.set(slot, table.get(slot).with(MemberEntry.IN_SYNC, 0));
                }
            }
        }
        ofFiles.addAll(notes);
        int absentMask = 0;
        for (int slot = 0; slot < bySlot.length; slot++) {
            MemberEntry entry = table.get(slot);
            if (bySlot[slot] == null && entry.state() != MemberEntry.FAULTY) {
                if (entry.state() == MemberEntry.IN_SYNC) {
                    absentMask |= 1 << slot;
                }
                notes.add("member of slot " + slot + " (" + entry.uuid() + ") missing");
                table.set(slot, entry.dropped(newest.configEpoch() + 1));
                isChanged = true;
            }
        }
        Superblock.Builder builder = newest.toBuilder();
        Witness.Membership known = witness.newest(newest.volume());
        if (membership(newest).equals(known)) {
            builder.witnessedEpoch = known.configEpoch();
            builder.witnessedInSync = known.inSync();
        }
        builder.members = table;
        builder.checkpoint = lastCheckpoint;
        for (Seen each : seen) {
            builder.journalEpoch = Math.max(builder.journalEpoch, each.superblock.journalEpoch());
            builder.ownerEpoch = Math.max(builder.ownerEpoch, each.superblock.ownerEpoch());
            builder.sequence = Math.max(builder.sequence, each.superblock.sequence());
            // What is before the newest tail was at home and flushed on all members before any
            // superblock
            // said so; an older image has missed it, which the info of its slots shows.
            if (!stale.contains(each.file)) {
                long tail = each.superblock.tailBatch();
                builder.tailBatch =
                        Plant.TAIL_GOES_BACK.isPlanted()
                                ? Math.min(builder.tailBatch, tail)
                                : Math.max(builder.tailBatch, tail);
            }
            furtherCut(builder, each.superblock);
            builder.sequenceFloor =
                    Math.max(builder.sequenceFloor, each.superblock.sequenceFloor());
        }
        Assembled assembled =
                new Assembled(builder.build(), bySlot, newestCopies, stale, isChanged, notes);
        return new Joined(newest, assembled, absentMask);
    }

    /// The cut is that of the newest tail.
    private static void furtherCut(Superblock.Builder builder, Superblock seen) {
        if (builder.reshape == null
                || seen.reshape() == null
                || seen.reshape().id() != builder.reshape.id()) {
            return;
        }
        long cut = seen.reshape().cutBlock();
        boolean isFurther =
                builder.geometry.isDescending()
                        ? cut < builder.reshape.cutBlock()
                        : cut > builder.reshape.cutBlock();
        if (isFurther) {
            builder.reshape = builder.reshape.at(cut);
            builder.geometry = builder.geometry.copy();
            builder.geometry.moveCut(cut);
        }
    }

    private static List<Seen> readAll(List<BlockFile> files, List<String> notes)
            throws VolumeException {
        if (files.isEmpty()) {
            throw new VolumeException("members: expected at least one, was none");
        }
        List<Seen> seen = new ArrayList<>();
        Map<Object, BlockFile> byMember = new HashMap<>();
        List<String> leftOut = new ArrayList<>();
        for (BlockFile file : files) {
            SuperblockIo.Found found = SuperblockIo.read(file);
            Superblock superblock = found.superblock();
            if (superblock == null) {
                // A member that was being added when the power went has none yet; the volume must
                // not
                // depend on it.
                leftOut.add(
                        file.name()
                                + ": expected a Quoin superblock at 4096, 65536 or the end, found"
                                + " none"
                                + (found.readable() == 0 ? " (unreadable)" : "")
                                + "; not a member, or all four copies are damaged: left out");
                continue;
            }
            if (found.valid() != 0xF) {
                notes.add(
                        file.name()
                                + ": superblock copies "
                                + Integer.toBinaryString(~found.valid() & 0xF | 0x10).substring(1)
                                + " (bits 3..0) damaged, rewritten from a good one");
            }
            if (superblock.layout().memberBytes() > file.lengthBytes()) {
                leftOut.add(
                        file.name()
                                + ": expected at least "
                                + superblock.layout().memberBytes()
                                + " bytes, was "
                                + file.lengthBytes()
                                + ": truncated, left out; rebuild it");
                continue;
            }
            BlockFile other = byMember.put(superblock.member(), file);
            if (other != null) {
                throw new VolumeException(
                        file.name()
                                + " and "
                                + other.name()
                                + ": the same member "
                                + superblock.member()
                                + " twice; one is a copy, leave it out");
            }
            if (!seen.isEmpty()
                    && !seen.getFirst().superblock.volume().equals(superblock.volume())) {
                throw new VolumeException(
                        file.name()
                                + ": expected a member of volume "
                                + seen.getFirst().superblock.name()
                                + " as "
                                + seen.getFirst().file.name()
                                + " is, found one of volume "
                                + superblock.name());
            }
            seen.add(new Seen(file, superblock, found.newest()));
        }
        if (seen.isEmpty()) {
            throw new VolumeException(String.join("; ", leftOut));
        }
        notes.addAll(leftOut);
        return seen;
    }

    /// The newest table of those that the witness knows or that came after what it knows. Others may have
    /// later epochs, but nobody acknowledged anything under them.
    private static Superblock newest(List<Seen> seen, Witness witness) {
        Superblock newest = null;
        Witness.Membership known = witness.newest(seen.getFirst().superblock.volume());
        for (Seen each : seen) {
            Superblock candidate = each.superblock;
            if (newest == null
                    || Plant.ANY_SUPERBLOCK.isPlanted()
                    || isBetter(candidate, newest, known)) {
                newest = candidate;
            }
        }
        return newest;
    }

    private static boolean isBetter(Superblock one, Superblock other, Witness.Membership known) {
        boolean isOf = isOf(one, known);
        if (isOf != isOf(other, known)) {
            return isOf;
        }
        if (one.configEpoch() != other.configEpoch()) {
            return one.configEpoch() > other.configEpoch();
        }
        boolean isKnown = membership(one).equals(known);
        return isKnown == membership(other).equals(known)
                ? one.sequence() > other.sequence()
                : isKnown;
    }

    /// Whether a superblock says what the witness knows, or what came after it: of later memberships that
    /// were never recorded there may be several, begun apart from each other, each with epochs of its own.
    private static boolean isOf(Superblock superblock, Witness.Membership known) {
        return known == null
                || membership(superblock).equals(known)
                || superblock.witnessedEpoch() > known.configEpoch()
                || superblock.witnessedEpoch() == known.configEpoch()
                        && superblock.witnessedInSync() == known.inSync()
                || Plant.EPOCH_ALONE_COUNTS.isPlanted()
                        && superblock.configEpoch() > known.configEpoch();
    }

    private static Witness.Membership membership(Superblock superblock) {
        return Witness.Membership.of(superblock.configEpoch(), superblock.members());
    }

    private static int othersMask(List<MemberEntry> table) {
        int mask = 0;
        for (int slot = 0; slot < table.size(); slot++) {
            mask |= table.get(slot).state() == MemberEntry.IN_SYNC ? 0 : 1 << slot;
        }
        return mask;
    }

    /// Refuses what this version cannot even read.
    static void checkIncompat(Superblock superblock) throws VolumeException {
        if (superblock.unknownIncompat() != 0) {
            throw new VolumeException(
                    "volume "
                            + superblock.name()
                            + ": incompatible features 0x"
                            + Long.toHexString(superblock.unknownIncompat())
                            + " are not known to this version: use a newer one");
        }
    }

    private static void checkFeatures(Superblock superblock) throws VolumeException {
        checkIncompat(superblock);
        if (superblock.unknownRoCompat() != 0) {
            throw new VolumeException(
                    "volume "
                            + superblock.name()
                            + ": features 0x"
                            + Long.toHexString(superblock.unknownRoCompat())
                            + " are not known to this version, which must therefore not write it:"
                            + " use a newer one, or quoin check to read it");
        }
    }

    static int slotOf(Superblock newest, Superblock member) {
        for (int slot = 0; slot < newest.members().size(); slot++) {
            if (newest.members().get(slot).uuid().equals(member.member())) {
                return slot;
            }
        }
        return -1;
    }

    /// {@return why a member is stale, or null}
    static String behind(Superblock newest, Superblock member, long lastCheckpoint) {
        int slot = slotOf(newest, member);
        if (slot < 0) {
            return "replaced at epoch " + newest.configEpoch();
        }
        MemberEntry entry = newest.members().get(slot);
        if (entry.state() == MemberEntry.FAULTY && !Plant.STALE_ADMITTED.isPlanted()) {
            return "dropped by epoch "
                    + newest.configEpoch()
                    + ", its own is "
                    + member.configEpoch();
        }
        if (member.checkpoint() < lastCheckpoint - 1 && !Plant.OLD_IMAGE_ADMITTED.isPlanted()) {
            return "an older image: expected checkpoint "
                    + lastCheckpoint
                    + ", found "
                    + member.checkpoint();
        }
        return null;
    }

    private static void checkServable(
            Geometry geometry, List<MemberEntry> table, Superblock newest, List<String> notes)
            throws VolumeException {
        for (int group = 0; group < geometry.groupCount(); group++) {
            int inSync = 0;
            StringBuilder absent = new StringBuilder();
            for (int i = 0; i < geometry.lanes(); i++) {
                int slot = group * geometry.lanes() + i;
                if (table.get(slot).state() == MemberEntry.IN_SYNC) {
                    inSync++;
                } else {
                    absent.append(absent.isEmpty() ? "" : ", ")
                            .append("slot ")
                            .append(slot)
                            .append(" (")
                            .append(table.get(slot).uuid())
                            .append(')');
                }
            }
            if (geometry.spare(group, slot -> isInSync(table, slot)) < 0) {
                throw new VolumeException(
                        "volume "
                                + newest.name()
                                + ": expected at least "
                                + geometry.mostData()
                                + " members in sync"
                                + (geometry.groupCount() > 1 ? " in group " + group : "")
                                + ", found "
                                + inSync
                                + "; not in sync or absent: "
                                + absent
                                + (notes.isEmpty() ? "" : "; " + String.join("; ", notes)));
            }
        }
    }

    private static boolean isInSync(List<MemberEntry> table, int slot) {
        return table.get(slot).state() == MemberEntry.IN_SYNC;
    }

    private static boolean couldServe(Geometry geometry, int mask) {
        for (int group = 0; group < geometry.groupCount(); group++) {
            if (geometry.spare(group, slot -> (mask >> slot & 1) != 0) < 0) {
                return false;
            }
        }
        return true;
    }

    /// @param absentMask slots whose members are in sync by the newest table, and absent
    /// @param othersMask slots whose members are absent or not in sync
    private static Optional<String> doubt(
            Superblock newest, Witness witness, int absentMask, int othersMask) {
        Geometry geometry = newest.geometry();
        if (!couldServe(geometry, othersMask)) {
            return Optional.empty();
        }
        // Nobody acknowledges under an epoch before the witness has it. So when the members present
        // are at the witness's membership or beyond, the others went nowhere without them.
        Witness.Membership known = witness.newest(newest.volume());
        if (known == null ? !couldServe(geometry, absentMask) : isOf(newest, known)) {
            return Optional.empty();
        }
        return Optional.of(
                "volume "
                        + newest.name()
                        + ": the absent members (slots "
                        + Integer.toBinaryString(othersMask)
                        + ", bit 0 right) could have gone on without those present, and the witness "
                        + (known == null
                                ? "knows nothing of this volume"
                                : "expected configEpoch "
                                        + known.configEpoch()
                                        + ", found "
                                        + newest.configEpoch()
                                        + (known.configEpoch() <= newest.configEpoch()
                                                ? " with other members in sync"
                                                : "")));
    }
}
