package io.quoin.daemon.config;

import io.quoin.volume.remote.MemberAddress;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// A volume to be served.
///
/// @param name what it must be called; nothing: whatever its members say
/// @param members where its members are, in any order; paths are absolute
/// @param bufferBytes memory for requests and dirty blocks; nothing: as of the engine's settings
public record VolumeSettings(
        Optional<String> name, List<MemberAddress> members, OptionalLong bufferBytes) {
    /// Checks the settings.
    ///
    /// @throws IllegalArgumentException when there is no member, one twice, or one that is relative
    public VolumeSettings {
        members = List.copyOf(members);
        if (members.isEmpty()) {
            throw new IllegalArgumentException("members: expected at least one, was none");
        }
        Set<MemberAddress> distinct = new HashSet<>();
        for (MemberAddress member : members) {
            if (member.path().isPresent() && !member.path().get().isAbsolute()) {
                throw new IllegalArgumentException(
                        "members: expected absolute paths, was " + member);
            }
            if (!distinct.add(member.absolute())) {
                throw new IllegalArgumentException("members: " + member + " is given twice");
            }
        }
    }

    /// {@return the same volume with other members}
    ///
    /// @param addresses where they are; paths are absolute
    public VolumeSettings withMembers(List<MemberAddress> addresses) {
        return new VolumeSettings(name, addresses, bufferBytes);
    }

    /// {@return what to call it in a message}
    public String label() {
        return name.orElseGet(() -> "of " + members.getFirst());
    }
}
