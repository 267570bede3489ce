package io.quoin.daemon.host;

import io.quoin.daemon.config.StateDirectory;
import io.quoin.daemon.config.VolumeSettings;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// A look at the members of a volume before it is opened: which can be, and what it is called.
///
/// | member | at a restart | typed just now |
/// |---|---|---|
/// | no such path; server not reachable; no valid superblock; cut short; cannot be read | left out, with a note | refused |
/// | no permission | refused | refused |
/// | of a volume of another name | refused | refused |
///
/// Permission is not the member's fault: whoever mends it finds all members in sync.
///
/// @param name what the volume is called
/// @param superblocks by address, in the order of the settings: the members to open
/// @param leftOut a note on each member that is left out
/// @param unreached those of them whose server could not be reached, or said nothing of use
record Survey(
        String name,
        Map<MemberAddress, Superblock> superblocks,
        List<String> leftOut,
        Set<MemberAddress> unreached) {

    /// Looks at each member.
    ///
    /// @param settings the volume
    /// @param isTolerant whether members that cannot be used are left out
    /// @return what was found; at least one member
    /// @throws VolumeException naming the member that is in the way
    static Survey of(VolumeSettings settings, boolean isTolerant) throws VolumeException {
        Map<MemberAddress, Superblock> superblocks = new LinkedHashMap<>();
        List<String> leftOut = new ArrayList<>();
        Set<MemberAddress> unreached = new HashSet<>();
        for (MemberAddress address : settings.members()) {
            Optional<String> trouble = look(address, superblocks);
            if (trouble.isPresent() && !isTolerant) {
                throw new VolumeException(
                        address + ": " + trouble.get() + "; leave it out to assemble without it");
            }
            if (trouble.isPresent() && address.path().isEmpty()) {
                unreached.add(address);
            }
            trouble.ifPresent(why -> leftOut.add("member " + address + " left out: " + why));
        }
        if (superblocks.isEmpty()) {
            throw new VolumeException("no member is usable: " + String.join("; ", leftOut));
        }
        for (Map.Entry<MemberAddress, Superblock> each : superblocks.entrySet()) {
            String found = each.getValue().name();
            if (settings.name().isPresent() && !settings.name().get().equals(found)) {
                throw new VolumeException(
                        each.getKey()
                                + ": expected a member of volume "
                                + settings.name().get()
                                + ", found one of volume "
                                + found);
            }
        }
        String name = superblocks.values().iterator().next().name();
        try {
            StateDirectory.checkName(name);
        } catch (IllegalArgumentException e) {
            throw new VolumeException(
                    superblocks.keySet().iterator().next() + ": " + e.getMessage(), e);
        }
        return new Survey(name, superblocks, leftOut, unreached);
    }

    /// {@return why a member cannot be used; nothing when it can, and its superblock is added}
    private static Optional<String> look(
            MemberAddress address, Map<MemberAddress, Superblock> superblocks)
            throws VolumeException {
        if (address.path().isPresent() && !Files.exists(address.path().get())) {
            return Optional.of("no such file or device");
        }
        try (BlockFile file = address.open(false)) {
            SuperblockIo.Found found = SuperblockIo.read(file);
            Superblock superblock = found.superblock();
            if (superblock == null) {
                return Optional.of(
                        "expected a superblock, found none"
                                + (found.readable() == 0 ? " (unreadable)" : "")
                                + ": all four copies are damaged, or it is no member");
            }
            if (superblock.layout().memberBytes() > file.lengthBytes()) {
                return Optional.of(
                        "expected at least "
                                + superblock.layout().memberBytes()
                                + " bytes, was "
                                + file.lengthBytes()
                                + ": truncated");
            }
            superblocks.put(address, superblock);
            return Optional.empty();
        } catch (IOException e) {
            if (e.getCause() instanceof AccessDeniedException) {
                throw new VolumeException(e.getMessage(), e);
            }
            return Optional.of(e.getMessage().replace(address + ": ", ""));
        }
    }
}
