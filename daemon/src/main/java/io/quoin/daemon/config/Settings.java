package io.quoin.daemon.config;

import io.quoin.volume.EngineSettings;
import io.quoin.volume.remote.MemberAddress;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// All that the daemon is told.
///
/// @param nbdSocket Unix socket for clients; nothing: none
/// @param tcp TCP addresses for clients
/// @param isTcpOpen whether TCP addresses beyond loopback are accepted, although nothing is encrypted
/// @param metrics where metrics are served over HTTP; nothing: nowhere
/// @param areMetricsOpen whether that may be beyond loopback
/// @param controlSocket Unix socket for the command line
/// @param stateDirectory what the daemon remembers
/// @param engine how volumes run unless they say otherwise
/// @param clients limits on clients
/// @param scrubs when volumes are scrubbed
/// @param drills when volumes are drilled
/// @param spareDrills when spares are drilled
/// @param volumes volumes to serve, besides those remembered
/// @param given the volume of the command line, which must be served or nothing is
public record Settings(
        Optional<Path> nbdSocket,
        List<TcpAddress> tcp,
        boolean isTcpOpen,
        Optional<TcpAddress> metrics,
        boolean areMetricsOpen,
        Path controlSocket,
        Path stateDirectory,
        EngineSettings engine,
        ClientLimits clients,
        Recurrence scrubs,
        Recurrence drills,
        Recurrence spareDrills,
        List<VolumeSettings> volumes,
        Optional<VolumeSettings> given) {
    /// The settings file that is read when none is named and it exists.
    public static final Path DEFAULT_FILE = Path.of("/etc/quoin/quoind.toml");

    /// Where clients are accepted unless told otherwise.
    public static final Path DEFAULT_NBD_SOCKET = Path.of("/run/quoin/nbd.sock");

    /// Where commands are accepted unless told otherwise.
    public static final Path DEFAULT_CONTROL_SOCKET = Path.of("/run/quoin/control.sock");

    /// What the daemon remembers lies here unless told otherwise.
    public static final Path DEFAULT_STATE_DIRECTORY = Path.of("/var/lib/quoin");

    // sun_path of sockaddr_un has 108 bytes with the final zero.
    private static final int MAX_SOCKET_PATH_BYTES = 107;

    /// Checks that the settings go together.
    ///
    /// @throws IllegalArgumentException when they do not
    public Settings {
        tcp = List.copyOf(tcp);
        volumes = List.copyOf(volumes);
        if (nbdSocket.isEmpty() && tcp.isEmpty()) {
            throw new IllegalArgumentException(
                    "listen: expected a Unix socket or a TCP address, was neither: no client could"
                            + " connect");
        }
        nbdSocket.ifPresent(path -> checkSocket("listen unix", path));
        checkSocket("control socket", controlSocket);
        if (nbdSocket.isPresent() && nbdSocket.get().equals(controlSocket)) {
            throw new IllegalArgumentException(
                    "listen unix and control socket: expected two paths, was "
                            + controlSocket
                            + " twice");
        }
        if (!stateDirectory.isAbsolute()) {
            throw new IllegalArgumentException(
                    "state directory: expected an absolute path, was " + stateDirectory);
        }
        if (new HashSet<>(tcp).size() < tcp.size()) {
            throw new IllegalArgumentException("listen tcp: an address is given twice: " + tcp);
        }
        for (TcpAddress address : tcp) {
            checkReach(
                    "listen tcp",
                    address,
                    isTcpOpen,
                    "who reaches it reads and writes every volume, unencrypted"
                            + " (listen.tcp-without-tls = true or --tcp-without-tls accepts that)");
        }
        if (metrics.isPresent()) {
            checkReach(
                    "metrics listen",
                    metrics.get(),
                    areMetricsOpen,
                    "who reaches it learns what volumes and members there are and how they are"
                            + " (metrics.beyond-loopback = true accepts that)");
        }
        List<VolumeSettings> all = new ArrayList<>(volumes);
        given.ifPresent(all::add);
        checkVolumes(all);
    }

    private static void checkSocket(String what, Path path) {
        int bytes = path.toString().getBytes(StandardCharsets.UTF_8).length;
        if (!path.isAbsolute() || bytes > MAX_SOCKET_PATH_BYTES) {
            throw new IllegalArgumentException(
                    what
                            + ": expected an absolute path of at most "
                            + MAX_SOCKET_PATH_BYTES
                            + " bytes, was "
                            + path
                            + " ("
                            + bytes
                            + " bytes)");
        }
    }

    private static void checkReach(String what, TcpAddress address, boolean isOpen, String risk) {
        try {
            if (!isOpen && !InetAddress.getByName(address.host()).isLoopbackAddress()) {
                throw new IllegalArgumentException(
                        what + ": expected a loopback address, was " + address + ": " + risk);
            }
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException(
                    what
                            + ": expected a host of this machine, was "
                            + address
                            + ": no address found",
                    e);
        }
    }

    private static void checkVolumes(List<VolumeSettings> volumes) {
        Set<String> names = new HashSet<>();
        Map<MemberAddress, String> owners = new HashMap<>();
        for (VolumeSettings volume : volumes) {
            if (volume.name().isPresent() && !names.add(volume.name().get())) {
                throw new IllegalArgumentException(
                        "volume " + volume.name().get() + ": given twice");
            }
            for (MemberAddress member : volume.members()) {
                String other = owners.putIfAbsent(member.absolute(), volume.label());
                if (other != null) {
                    throw new IllegalArgumentException(
                            "volume "
                                    + volume.label()
                                    + ": member "
                                    + member
                                    + " is given to volume "
                                    + other
                                    + " too");
                }
            }
        }
    }

    /// The settings as they are gathered: defaults, then the file, then the command line.
    static final class Builder {
        Optional<Path> nbdSocket = Optional.of(DEFAULT_NBD_SOCKET);
        List<TcpAddress> tcp = new ArrayList<>();
        boolean isTcpOpen;
        Optional<TcpAddress> metrics = Optional.empty();
        boolean areMetricsOpen;
        Path controlSocket = DEFAULT_CONTROL_SOCKET;
        Path stateDirectory = DEFAULT_STATE_DIRECTORY;
        EngineSettings engine = EngineSettings.DEFAULT;
        ClientLimits clients = ClientLimits.NONE;
        Recurrence scrubs = Recurrence.DEFAULT;
        Recurrence drills = Recurrence.DAILY;
        Recurrence spareDrills = Recurrence.DEFAULT;
        final List<VolumeSettings> volumes = new ArrayList<>();
        Optional<VolumeSettings> given = Optional.empty();

        /// {@return the settings}
        ///
        /// @throws IllegalArgumentException when they do not go together
        Settings build() {
            return new Settings(
                    nbdSocket,
                    tcp,
                    isTcpOpen,
                    metrics,
                    areMetricsOpen,
                    controlSocket,
                    stateDirectory,
                    engine,
                    clients,
                    scrubs,
                    drills,
                    spareDrills,
                    volumes,
                    given);
        }
    }
}
