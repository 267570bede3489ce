package io.quoin.daemon.config;

import java.nio.file.Path;
import java.util.List;

/// A member in waiting.
///
/// @param path absolute path of the file or device
/// @param volumes names of the volumes that may have it; none: any
public record SpareSettings(Path path, List<String> volumes) {
    /// Checks the settings.
    ///
    /// @throws IllegalArgumentException when the path is relative, or a name is none of a volume
    public SpareSettings {
        volumes = List.copyOf(volumes);
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("spare: expected an absolute path, was " + path);
        }
        volumes.forEach(StateDirectory::checkName);
    }

    /// {@return whether a volume may have it}
    ///
    /// @param volume its name
    public boolean isFor(String volume) {
        return volumes.isEmpty() || volumes.contains(volume);
    }
}
