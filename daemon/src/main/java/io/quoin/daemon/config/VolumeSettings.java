package io.quoin.daemon.config;

import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/// A volume to be served.
///
/// @param name what it must be called; nothing: whatever its members say
/// @param members absolute paths of its members, in any order
/// @param bufferBytes memory for requests and dirty blocks; nothing: as of the engine's settings
public record VolumeSettings(Optional<String> name, List<Path> members, OptionalLong bufferBytes) {
    /// Checks the settings.
    ///
    /// @throws IllegalArgumentException when there is no member, one twice, or one that is relative
    public VolumeSettings {
        members = List.copyOf(members);
        if (members.isEmpty()) {
            throw new IllegalArgumentException("members: expected at least one path, was none");
        }
        Set<Path> distinct = new HashSet<>();
        for (Path member : members) {
            if (!member.isAbsolute()) {
                throw new IllegalArgumentException(
                        "members: expected absolute paths, was " + member);
            }
            if (!distinct.add(member.normalize())) {
                throw new IllegalArgumentException("members: " + member + " is given twice");
            }
        }
    }

    /// {@return the same volume with other members}
    ///
    /// @param paths absolute paths
    public VolumeSettings withMembers(List<Path> paths) {
        return new VolumeSettings(name, paths, bufferBytes);
    }

    /// {@return what to call it in a message}
    public String label() {
        return name.orElseGet(() -> "of " + members.getFirst());
    }
}
