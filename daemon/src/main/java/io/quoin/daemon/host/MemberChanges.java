package io.quoin.daemon.host;

import io.quoin.volume.MemberFiles;
import io.quoin.volume.Volume;
import io.quoin.volume.VolumeStatus;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.function.Consumer;

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

    /// Puts a new member in a slot and remembers where it is. Where the slot's member is in sync it goes on serving until the new one
    /// has everything; until then both are remembered.
    ///
    /// @param hosted volume
    /// @param slot slot
    /// @param address where the new member is; a path is absolute
    /// @param force take it although it holds something
    /// @param make make the file when it is not there, as large as the members
    /// @param whenLeft told where a member was that is needed no more, in a thread of its own; see {@link #left}
    /// @return the job's id
    /// @throws VolumeException when another rebuild goes on, or it cannot be a member
    long replace(
            HostedVolume hosted,
            int slot,
            MemberAddress address,
            boolean force,
            boolean make,
            JobOrigin origin,
            Consumer<MemberAddress> whenLeft)
            throws VolumeException {
        VolumeStatus.Member old = member(hosted, slot); // before anything is made
        Path path = address.path().orElse(null);
        boolean isMissing = path != null && !Files.exists(path);
        boolean isMade = make && isMissing;
        if (isMade) {
            MemberFiles.make(path, hosted.memberBytes());
        } else if (isMissing) {
            throw new VolumeException(address + ": no such file or device (--make makes a file)");
        }
        releaseLeftover(hosted, old, address);
        boolean isTaken = false;
        try {
            long job =
                    old.state().equals("in sync")
                            ? copy(hosted, slot, address, force, origin, whenLeft)
                            : take(
                                    hosted,
                                    slot,
                                    address,
                                    () ->
                                            hosted.volume()
                                                    .replaceMember(slot, address, force, origin));
            isTaken = true;
            return job;
        } finally {
            if (isMade && !isTaken) {
                remove(path);
            }
        }
    }

    /// Where the volume was to have a member once, and has none open, may be given to it again.
    private static void releaseLeftover(
            HostedVolume hosted, VolumeStatus.Member old, MemberAddress address)
            throws VolumeException {
        boolean isUsed = isSame(hosted.addressOf(old.uuid()), address);
        for (VolumeStatus.Member each : hosted.volume().status().members()) {
            isUsed |=
                    address.toString().equals(each.path())
                            || address.toString().equals(each.copiedTo());
        }
        if (!isUsed && hosted.settings().members().contains(address)) {
            hosted.claim().release(address);
        }
    }

    /// Has a volume begin to copy a member to an address.
    private long copy(
            HostedVolume hosted,
            int slot,
            MemberAddress address,
            boolean force,
            JobOrigin origin,
            Consumer<MemberAddress> whenLeft)
            throws VolumeException {
        FileClaims.Claim claim = claims.take(List.of(address), "volume " + hosted.name());
        boolean isBegun = false;
        try {
            Volume.Copying copying =
                    new Volume.Copying() {
                        @Override
                        public void cleared() throws VolumeException {
                            List<MemberAddress> members =
                                    new ArrayList<>(hosted.settings().members());
                            members.remove(address);
                            members.add(address);
                            changeMembers(hosted, members);
                        }

                        @Override
                        public void left(MemberAddress left) {
                            whenLeft.accept(left);
                        }
                    };
            long job = hosted.volume().copyMember(slot, address, force, origin, copying);
            hosted.claim().absorb(claim);
            isBegun = true;
            return job;
        } finally {
            claim.close();
            if (!isBegun) {
                List<MemberAddress> members = new ArrayList<>(hosted.settings().members());
                if (members.remove(address)) {
                    forget(hosted, members, address.toString());
                }
            }
        }
    }

    /// As far as it can be: an address too many is looked at by the next start, and left out.
    private void forget(HostedVolume hosted, List<MemberAddress> members, String address) {
        try {
            changeMembers(hosted, members);
        } catch (VolumeException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "volume "
                            + hosted.name()
                            + ": "
                            + address
                            + " is no member of it, but is remembered as one: "
                            + e.getMessage());
        }
    }

    /// Forgets a member that a volume needs no more: one that was copied, or one that could not be filled.
    ///
    /// @param hosted volume
    /// @param address the member's, its file closed
    /// @throws VolumeException when the volume does not answer
    void left(HostedVolume hosted, MemberAddress address) throws VolumeException {
        for (VolumeStatus.Member each : hosted.volume().status().members()) {
            if (each.path() != null) {
                hosted.addAddress(each.uuid(), MemberAddress.parse(each.path()));
            }
        }
        hosted.claim().release(address);
        List<MemberAddress> members = new ArrayList<>(hosted.settings().members());
        members.remove(address);
        forget(hosted, members, address.toString());
    }

    /// Forgets addresses at which there is no member any more, or was not yet when a copy was interrupted; only of a volume that has all its
    /// members, for else one of them may be what is missing.
    ///
    /// @param hosted volume that was just opened
    /// @param status how it stands
    void forgetLeftovers(HostedVolume hosted, VolumeStatus status) {
        Set<MemberAddress> used = new HashSet<>();
        for (VolumeStatus.Member each : status.members()) {
            if (!each.state().equals("in sync") || each.path() == null) {
                return;
            }
            used.add(MemberAddress.parse(each.path()));
        }
        for (MemberAddress address : List.copyOf(hosted.settings().members())) {
            if (!used.contains(address)) {
                LOG.log(
                        System.Logger.Level.WARNING,
                        "volume "
                                + hosted.name()
                                + ": "
                                + address
                                + " is no member of it, forgotten");
                hosted.claim().release(address);
                List<MemberAddress> members = new ArrayList<>(hosted.settings().members());
                members.remove(address);
                forget(hosted, members, address.toString());
            }
        }
    }

    private void changeMembers(HostedVolume hosted, List<MemberAddress> members)
            throws VolumeException {
        hosted.setSettings(hosted.settings().withMembers(members));
        if (hosted.isRemembered()) {
            memory.remember(hosted);
        }
    }

    /// Takes a dropped member back as it was left, copies what it has missed, and remembers where it is.
    ///
    /// @param hosted volume
    /// @param slot slot
    /// @param where where the member is; empty: where it was
    /// @param origin why, and who asks
    /// @return the rebuild's job id
    /// @throws VolumeException when the slot's member is in sync, or it may not come back so
    long takeBack(HostedVolume hosted, int slot, Optional<MemberAddress> where, JobOrigin origin)
            throws VolumeException {
        VolumeStatus.Member old = dropped(hosted, slot);
        MemberAddress was = hosted.addressOf(old.uuid());
        if (where.isEmpty() && was == null) {
            throw new VolumeException(
                    "volume "
                            + hosted.name()
                            + ": slot "
                            + slot
                            + ": expected a path or URI, none is known");
        }
        MemberAddress address = where.orElse(was);
        releaseLeftover(hosted, old, address);
        return take(
                hosted, slot, address, () -> hosted.volume().returnMember(slot, address, origin));
    }

    /// Begins to give a volume another shape. Its new members are remembered before they say that they are any.
    ///
    /// @param hosted volume
    /// @param wish how it is to be
    /// @param origin why, and who asks
    /// @throws VolumeException when it cannot be so; the volume is as before then
    void reshape(HostedVolume hosted, ReshapeWish wish, JobOrigin origin) throws VolumeException {
        List<MemberAddress> joining = wish.joining();
        hosted.volume()
                .planReshape(wish.level(), joining.size() - wish.leaving(), wish.unitBytes());
        FileClaims.Claim claim = claims.take(joining, "volume " + hosted.name());
        List<Path> made = new ArrayList<>();
        List<MemberAddress> before = hosted.settings().members();
        boolean isBegun = false;
        try {
            for (MemberAddress address : joining) {
                Path path = address.path().orElse(null);
                if (wish.make() && path != null && !Files.exists(path)) {
                    MemberFiles.make(path, hosted.memberBytes());
                    made.add(path);
                }
            }
            List<MemberAddress> members = new ArrayList<>(before);
            members.removeAll(joining);
            members.addAll(joining);
            changeMembers(hosted, members);
            List<UUID> identities =
                    hosted.volume()
                            .reshape(
                                    wish.level(),
                                    joining,
                                    wish.leaving(),
                                    wish.unitBytes(),
                                    wish.force(),
                                    origin);
            hosted.claim().absorb(claim);
            for (int i = 0; i < joining.size(); i++) {
                hosted.addAddress(identities.get(i), joining.get(i));
            }
            isBegun = true;
        } finally {
            claim.close();
            if (!isBegun) {
                made.forEach(MemberChanges::remove);
                forget(hosted, before, joining.toString());
            }
        }
    }

    private static VolumeStatus.Member member(HostedVolume hosted, int slot)
            throws VolumeException {
        List<VolumeStatus.Member> members = hosted.volume().status().members();
        if (slot < 0 || slot >= members.size()) {
            throw new VolumeException(
                    "volume "
                            + hosted.name()
                            + ": expected a slot from 0 to "
                            + (members.size() - 1)
                            + ", was "
                            + slot);
        }
        return members.get(slot);
    }

    /// {@return a slot's member, which is not in sync}
    private static VolumeStatus.Member dropped(HostedVolume hosted, int slot)
            throws VolumeException {
        VolumeStatus.Member member = member(hosted, slot);
        if (member.state().equals("in sync")) {
            throw new VolumeException(
                    "volume "
                            + hosted.name()
                            + ": slot "
                            + slot
                            + ": expected a member that is dropped or missing, is in sync; drop it first"
                            + " (member fail)");
        }
        return member;
    }

    @FunctionalInterface
    private interface Taking {
        long take() throws VolumeException;
    }

    /// Has a volume take a member into a slot, claims it, and remembers it in the place of the dropped member's.
    private long take(HostedVolume hosted, int slot, MemberAddress address, Taking taking)
            throws VolumeException {
        // The dropped member's own address, given back, is claimed already.
        MemberAddress dropped = hosted.addressOf(dropped(hosted, slot).uuid());
        List<MemberAddress> claimed = isSame(dropped, address) ? List.of() : List.of(address);
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
        List<MemberAddress> members = new ArrayList<>(hosted.settings().members());
        members.remove(dropped);
        members.remove(address); // missing when the volume was opened, and back where it was
        members.add(address);
        hosted.addAddress(hosted.volume().status().members().get(slot).uuid(), address);
        changeMembers(hosted, members);
        return job;
    }

    private static boolean isSame(MemberAddress dropped, MemberAddress address) {
        return dropped != null && dropped.isSamePlace(address);
    }

    private static void remove(Path made) {
        try {
            Files.deleteIfExists(made);
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, made + ": not removed: " + e.getMessage());
        }
    }
}
