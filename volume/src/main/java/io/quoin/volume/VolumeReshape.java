package io.quoin.volume;

import io.quoin.volume.assembly.Reshaping;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.LevelSpec;
import io.quoin.volume.member.BlockFile;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;

/// What is done to a volume's superblocks while its engine is stopped, with nothing in the journal, and the next one is about to be
/// made: clients wait for some tenths of a second, and see nothing of it.
@FunctionalInterface
interface VolumeReshape {
    /// How a volume is to be reshaped.
    ///
    /// @param level `raid1`, `raid5`, `raid6` or `k+m`
    /// @param members how many it is to have
    /// @param unitBytes its stripe unit; 0: as it is
    record Wish(String level, int members, int unitBytes) {
        Geometry plan(Superblock now, long poolBytes) {
            int unit =
                    unitBytes == 0 ? now.geometry().unitBlocks() * Geometry.BLOCK_BYTES : unitBytes;
            return Reshaping.plan(
                    now, LevelSpec.parse(level, members, 0), unit, poolBytes / POOL_SHARE);
        }
    }

    /// Segments of 8 MiB that a request of 16 MiB may take, with what is left over at their ends.
    int REQUEST_SEGMENTS = 4;

    /// What is moved at a time takes one part of so many of a volume's buffers at most.
    int POOL_SHARE = 4;

    /// Writes what the members say from now on.
    ///
    /// @param now what they say
    /// @param files members by slot, null where absent
    /// @return the members' files from now on
    /// @throws VolumeException when it cannot be; then what they say is as before, or complete enough
    List<BlockFile> apply(Superblock now, BlockFile[] files) throws VolumeException;

    /// {@return the beginning of a reshape}
    ///
    /// @param wish what is asked for
    /// @param poolBytes the volume's buffers
    /// @param joining new members, cleared
    /// @param identities theirs
    /// @param millis wall clock
    /// @param origin why, and who asks
    static VolumeReshape begin(
            Wish wish,
            long poolBytes,
            List<BlockFile> joining,
            List<UUID> identities,
            long millis,
            JobOrigin origin) {
        return (now, files) -> {
            Geometry both = check(wish, now, poolBytes);
            Superblock next = Reshaping.begun(now, both, identities, millis, origin);
            List<BlockFile> all = new ArrayList<>(Arrays.asList(files));
            all.addAll(joining);
            Reshaping.write(next, all, files.length);
            return present(all);
        };
    }

    /// {@return the way back}
    ///
    /// @param origin why, and who asks
    static VolumeReshape back(JobOrigin origin) {
        return (now, files) -> {
            if (now.reshape() == null) {
                throw new VolumeException(
                        "reshape: volume " + now.name() + " is not being reshaped");
            }
            Superblock next = Reshaping.turnedBack(now, origin);
            Reshaping.write(next, Arrays.asList(files), files.length);
            return present(Arrays.asList(files));
        };
    }

    /// {@return the end of a reshape, of which every block has moved and what is unused was cleared}
    static VolumeReshape end() {
        return (now, files) -> {
            boolean isRebuilding =
                    now.members().stream().anyMatch(each -> each.state() == MemberEntry.REBUILDING);
            if (now.reshape() == null || !now.geometry().isReshaped() || isRebuilding) {
                throw new VolumeException(
                        "reshape: volume " + now.name() + " is not ready for the end of it");
            }
            Superblock next = Reshaping.ended(now);
            List<BlockFile> kept = Arrays.asList(files).subList(0, next.geometry().slotCount());
            Reshaping.write(next, kept, kept.size());
            return present(kept);
        };
    }

    private static List<BlockFile> present(List<BlockFile> files) {
        return files.stream().filter(each -> each != null).toList();
    }

    private static void checkInSync(Superblock now) throws VolumeException {
        for (int slot = 0; slot < now.members().size(); slot++) {
            MemberEntry entry = now.members().get(slot);
            if (entry.state() != MemberEntry.IN_SYNC) {
                throw new VolumeException(
                        "reshape: expected all members in sync, slot "
                                + slot
                                + " is "
                                + entry.stateText()
                                + ": replace or return it first");
            }
        }
        boolean isBusy = now.jobs().stream().anyMatch(JobRecord::isOpen) || now.reshape() != null;
        if (isBusy) {
            throw new VolumeException(
                    "reshape: expected no job under way, found one: let it end, or cancel it");
        }
    }

    /// Refuses what cannot be reshaped, before anything is done to members.
    ///
    /// @param wish what is asked for
    /// @param now what the members say
    /// @param poolBytes the volume's buffers
    /// @return both shapes
    /// @throws VolumeException when it cannot be
    static Geometry check(Wish wish, Superblock now, long poolBytes) throws VolumeException {
        checkInSync(now);
        Geometry both;
        try {
            both = wish.plan(now, poolBytes);
        } catch (IllegalArgumentException e) {
            throw new VolumeException(e.getMessage(), e);
        }
        checkJournal(now, both.target());
        checkJournal(now, both);
        return both;
    }

    /// Beside the segments that are kept for destage and recovery there must be room for a request of 16 MiB.
    private static void checkJournal(Superblock now, Geometry shape) throws VolumeException {
        int found = now.layout().segmentSlots() * shape.slotCount() / (shape.mostParity() + 1);
        int need = shape.mostParity() + 2 + REQUEST_SEGMENTS;
        if (found < need) {
            throw new VolumeException(
                    "reshape: as "
                            + shape.target()
                            + " the volume needs a journal of "
                            + need
                            + " segments, the members have room for "
                            + found
                            + ": make a new volume");
        }
    }

    /// Clears what the end of a reshape makes part of the volume; nobody uses it until then.
    ///
    /// @param now what the members say, with every block moved
    /// @param files the members
    /// @throws VolumeException when one cannot be written
    static void clearUnused(Superblock now, List<BlockFile> files) throws VolumeException {
        for (BlockFile file : files) {
            Reshaping.clearUnused(now, file);
        }
    }
}
