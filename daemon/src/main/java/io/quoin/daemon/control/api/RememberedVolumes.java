package io.quoin.daemon.control.api;

import io.quoin.daemon.config.ConfigException;
import io.quoin.daemon.config.Settings;
import io.quoin.daemon.config.StateDirectory;
import io.quoin.daemon.config.VolumeSettings;
import io.quoin.daemon.host.FileWitness;
import io.quoin.daemon.observe.CountersFile;
import io.quoin.volume.counter.Timings;
import io.quoin.volume.member.Witness;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// The volumes that a daemon will serve when it starts, for commands that run while it does not.
public final class RememberedVolumes {
    /// Where a daemon remembers unless told otherwise.
    public static final Path DEFAULT_STATE_DIRECTORY = Settings.DEFAULT_STATE_DIRECTORY;

    private RememberedVolumes() {}

    /// Remembers a volume; on stable storage on return.
    ///
    /// @param stateDirectory absolute path; made if it is not there
    /// @param name name of the volume
    /// @param members where its members are
    /// @throws ControlException when it cannot be written
    public static void add(Path stateDirectory, String name, List<MemberAddress> members)
            throws ControlException {
        try {
            StateDirectory.unlocked(stateDirectory)
                    .remember(new VolumeSettings(Optional.of(name), members, OptionalLong.empty()));
        } catch (ConfigException | IllegalArgumentException e) {
            throw new ControlException(ControlException.Kind.REFUSED, e.getMessage(), e);
        }
    }

    /// {@return the witness that a daemon keeps there; one that knows nothing where there is none}
    ///
    /// @param stateDirectory absolute path
    public static Witness witness(Path stateDirectory) {
        return new FileWitness(StateDirectory.unlocked(stateDirectory).witness());
    }

    /// {@return what a served volume has counted and timed, from the file that the daemon maps: also when it
    /// hangs}
    ///
    /// @param stateDirectory absolute path
    /// @param name name of the volume
    /// @throws IOException when there are none
    public static Counted counters(Path stateDirectory, String name) throws IOException {
        try {
            CountersFile.Contents found =
                    CountersFile.read(StateDirectory.unlocked(stateDirectory).counters(name));
            return new Counted(
                    found.counters(),
                    found.times().stream().map(RememberedVolumes::times).toList());
        } catch (IllegalArgumentException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static Counted.Times times(Timings.Histogram of) {
        long count = of.count();
        return new Counted.Times(
                of.label(),
                count,
                count == 0 ? 0 : of.sumNanos() / count,
                of.quantile(0.5),
                of.quantile(0.9),
                of.quantile(0.99),
                of.quantile(0.999),
                of.quantile(0.9999));
    }

    /// {@return where the members of a remembered volume are; nothing when it is not remembered}
    ///
    /// @param stateDirectory absolute path
    /// @param name name of the volume
    /// @throws ControlException when it cannot be read
    public static Optional<List<MemberAddress>> members(Path stateDirectory, String name)
            throws ControlException {
        try {
            return StateDirectory.unlocked(stateDirectory)
                    .volume(name)
                    .map(VolumeSettings::members);
        } catch (ConfigException e) {
            throw new ControlException(ControlException.Kind.REFUSED, e.getMessage(), e);
        }
    }
}
