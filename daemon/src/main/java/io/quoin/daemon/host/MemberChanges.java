package io.quoin.daemon.host;

import io.quoin.volume.MemberFiles;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobOrigin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/// Gives slots other members, and keeps account of who has which file and where the members are.
///
/// Under the host's lock.
final class MemberChanges {
    private static final System.Logger LOG = System.getLogger(MemberChanges.class.getName());

    private final FileClaims claims;
    private final Memory memory;

    /// Changes of the members of a host's volumes.
    ///
    /// @param claims who has which file
    /// @param memory keeps the settings of volumes that are remembered
    MemberChanges(FileClaims claims, Memory memory) {
        this.claims = claims;
        this.memory = memory;
    }

    /// Keeps how a volume is opened for the next start.
    @FunctionalInterface
    interface Memory {
        /// Writes a volume's settings down.
        ///
        /// @param hosted volume
        /// @throws VolumeException when they could not be written
        void remember(HostedVolume hosted) throws VolumeException;
    }

    /// Puts a new member in a slot, rebuilds it, and remembers where it is.
    ///
    /// @param hosted volume
    /// @param slot slot
    /// @param path absolute path of the new member
    /// @param force take it although it holds something
    /// @param make make the file when it is not there, as large as the members
    /// @return the rebuild's job id
    /// @throws VolumeException when the slot's member is in sync, or the path cannot be a member
    long replace(
            HostedVolume hosted, int slot, Path path, boolean force, boolean make, JobOrigin origin)
            throws VolumeException {
        dropped(hosted, slot); // before anything is made
        boolean isMade = make && !Files.exists(path);
        if (isMade) {
            MemberFiles.make(path, hosted.memberBytes());
        } else if (!Files.exists(path)) {
            throw new VolumeException(path + ": no such file or device (--make makes a file)");
        }
        boolean isTaken = false;
        try {
            long job =
                    take(
                            hosted,
                            slot,
                            path,
                            () -> hosted.volume().replaceMember(slot, path, force, origin));
            isTaken = true;
            return job;
        } finally {
            if (isMade && !isTaken) {
                remove(path);
            }
        }
    }

    /// Takes a dropped member back as it was left, copies what it has missed, and remembers where it is.
    ///
    /// @param hosted volume
    /// @param slot slot
    /// @param where absolute path of the member; empty: where it was
    /// @param origin why, and who asks
    /// @return the rebuild's job id
    /// @throws VolumeException when the slot's member is in sync, or it may not come back so
    long takeBack(HostedVolume hosted, int slot, Optional<Path> where, JobOrigin origin)
            throws VolumeException {
        Path was = hosted.pathOf(dropped(hosted, slot).uuid());
        if (where.isEmpty() && was == null) {
            throw new VolumeException(
                    "volume "
                            + hosted.name()
                            + ": slot "
                            + slot
                            + ": expected a path, none is known");
        }
        Path path = where.orElse(was);
        return take(hosted, slot, path, () -> hosted.volume().returnMember(slot, path, origin));
    }

    /// {@return a slot's member, which is not in sync}
    private static VolumeStatus.Member dropped(HostedVolume hosted, int slot)
            throws VolumeException {
        List<VolumeStatus.Member> members = hosted.volume().status().members();
        String where = "volume " + hosted.name() + ": ";
        if (slot < 0 || slot >= members.size()) {
            throw new VolumeException(
                    where + "expected a slot from 0 to " + (members.size() - 1) + ", was " + slot);
        }
        if (members.get(slot).state().equals("in sync")) {
            throw new VolumeException(
                    where
                            + "slot "
                            + slot
                            + ": expected a member that is dropped or missing, is in sync; drop it first"
                            + " (member fail)");
        }
        return members.get(slot);
    }

    @FunctionalInterface
    private interface Taking {
        long take() throws VolumeException;
    }

    /// Has a volume take a path into a slot, claims it, and remembers it in the place of the dropped member's.
    private long take(HostedVolume hosted, int slot, Path path, Taking taking)
            throws VolumeException {
        // The dropped member's own path, given back, is claimed already.
        Path dropped = hosted.pathOf(dropped(hosted, slot).uuid());
        List<Path> claimed = isSame(dropped, path) ? List.of() : List.of(path);
        long job;
        FileClaims.Claim claim = claims.take(claimed, "volume " + hosted.name());
        try {
            job = taking.take();
            if (dropped != null && !claimed.isEmpty()) {
                hosted.claim().release(dropped); // let go of by the volume
            }
            hosted.claim().absorb(claim);
        } finally {
            claim.close();
        }
        List<Path> members = new ArrayList<>(hosted.settings().members());
        members.remove(dropped);
        members.remove(path); // missing when the volume was opened, and back where it was
        members.add(path);
        hosted.addPath(hosted.volume().status().members().get(slot).uuid(), path);
        hosted.setSettings(hosted.settings().withMembers(members));
        if (hosted.isRemembered()) {
            memory.remember(hosted);
        }
        return job;
    }

    private static boolean isSame(Path dropped, Path path) {
        try {
            return dropped != null && Files.exists(dropped) && Files.isSameFile(dropped, path);
        } catch (IOException e) {
            return false;
        }
    }

    private static void remove(Path made) {
        try {
            Files.deleteIfExists(made);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, made + ": not removed: " + e.getMessage());
        }
    }
}
