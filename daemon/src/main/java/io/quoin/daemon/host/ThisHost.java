package io.quoin.daemon.host;

import io.quoin.daemon.config.ConfigException;
import io.quoin.daemon.config.StateDirectory;
import io.quoin.volume.remote.Ownership;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.UUID;

/// What this host is called, and what tells it from others.
final class ThisHost {
    private static final Path MACHINE_ID = Path.of("/etc/machine-id");
    private static final Path NAME = Path.of("/proc/sys/kernel/hostname");

    private ThisHost() {}

    /// {@return who owns what a daemon serves. One daemon at a time has the state directory, so what its predecessor left needs no waiting
    /// for; a copy of the directory on another host is told from it by that host's name and machine id (machine-id(5))}
    ///
    /// @param state the daemon's
    /// @throws ConfigException when it cannot be remembered
    static Ownership.Host owner(StateDirectory state) throws ConfigException {
        String name = line(NAME);
        String identity = state.identity() + " " + name + " " + line(MACHINE_ID);
        return new Ownership.Host(
                UUID.nameUUIDFromBytes(identity.getBytes(StandardCharsets.UTF_8)),
                name.isEmpty() ? "a host without a name" : name);
    }

    private static String line(Path file) {
        try {
            return Files.readString(file).strip();
        } catch (IOException e) {
            System.getLogger(ThisHost.class.getName())
                    .log(System.Logger.Level.DEBUG, file + " cannot be read", e);
            return "";
        }
    }
}
