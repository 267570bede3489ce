package io.quoin.daemon.config;

import io.quoin.volume.remote.MemberAddress;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// The command line of `quoind`, which `quoin serve` passes on.
///
/// @param settings all that the daemon is told
/// @param isJson whether standard output gets a JSON document when the daemon is ready
public record Options(Settings settings, boolean isJson) {
    /// What `quoind --help` says.
    public static final String HELP =
            """
            Usage: quoind [OPTIONS] [MEMBER...]
            Serves volumes over NBD, in the foreground, until SIGTERM or SIGINT. Those that were created
            or opened by commands are remembered and served again; the members given here are one more
            volume.

                  --config=FILE       settings file, instead of /etc/quoin/quoind.toml
                  --socket=PATH       Unix socket for NBD clients (/run/quoin/nbd.sock); none: ""
                  --tcp=HOST:PORT     TCP address for NBD clients; may be given again
                  --tcp-without-tls   accept TCP addresses beyond loopback: nothing is encrypted
                  --metrics=HOST:PORT OpenMetrics over HTTP on loopback, /metrics; none: ""
                  --control=PATH      Unix socket for quoin's commands (/run/quoin/control.sock)
                  --state=DIRECTORY   where the daemon remembers (/var/lib/quoin)
                  --buffer=SIZE       memory of each volume, a power of two (256M)
                  --json              print a JSON document when ready
              -h, --help              show this help
              -V, --version           show the version

            Exit codes: 0 stopped in order, 1 refused or failed, 2 usage.
            """;

    private static final class Gathered {
        private Path config;
        private String socket;
        private final List<String> tcp = new ArrayList<>();
        private boolean isTcpOpen;
        private String metrics;
        private Path control;
        private Path state;
        private OptionalLong bufferBytes = OptionalLong.empty();
        private boolean isJson;
        private final List<MemberAddress> members = new ArrayList<>();
    }

    /// {@return what a command line asks for}
    ///
    /// @param arguments as typed
    /// @throws ConfigException naming the option or the line, expected and found
    public static Options parse(String... arguments) throws ConfigException {
        return parse(Settings.DEFAULT_FILE, arguments);
    }

    /// {@return what a command line asks for}
    ///
    /// @param defaultFile settings file that is read when none is named and it exists
    /// @param arguments as typed
    /// @throws ConfigException naming the option or the line, expected and found
    static Options parse(Path defaultFile, String... arguments) throws ConfigException {
        Gathered given = gather(arguments);
        Settings.Builder builder = new Settings.Builder();
        if (given.config != null) {
            SettingsFile.read(given.config, builder);
        } else if (Files.exists(defaultFile)) {
            SettingsFile.read(defaultFile, builder);
        }
        if (given.socket != null) {
            builder.nbdSocket =
                    given.socket.isEmpty()
                            ? Optional.empty()
                            : Optional.of(path("--socket", given.socket));
        }
        try {
            if (!given.tcp.isEmpty()) {
                builder.tcp = new ArrayList<>();
            }
            for (String text : given.tcp) {
                builder.tcp.add(TcpAddress.parse(text));
            }
        } catch (IllegalArgumentException e) {
            throw new ConfigException("--tcp: " + e.getMessage(), e);
        }
        builder.isTcpOpen |= given.isTcpOpen;
        try {
            if (given.metrics != null) {
                builder.metrics = SettingsFile.metrics(given.metrics);
            }
        } catch (IllegalArgumentException e) {
            throw new ConfigException("--metrics: " + e.getMessage(), e);
        }
        builder.controlSocket = given.control != null ? given.control : builder.controlSocket;
        builder.stateDirectory = given.state != null ? given.state : builder.stateDirectory;
        try {
            if (!given.members.isEmpty()) {
                builder.given =
                        Optional.of(
                                new VolumeSettings(
                                        Optional.empty(), given.members, OptionalLong.empty()));
            }
            if (given.bufferBytes.isPresent()) {
                builder.engine = builder.engine.withBufferBytes(given.bufferBytes.getAsLong());
            }
            return new Options(builder.build(), given.isJson);
        } catch (IllegalArgumentException e) {
            throw new ConfigException(e.getMessage(), e);
        }
    }

    private static Gathered gather(String... arguments) throws ConfigException {
        Gathered given = new Gathered();
        boolean areOptionsOver = false;
        for (int i = 0; i < arguments.length; i++) {
            String argument = arguments[i];
            if (areOptionsOver || !argument.startsWith("-")) {
                given.members.add(address(argument));
                continue;
            }
            if (argument.equals("--")) {
                areOptionsOver = true;
                continue;
            }
            int equals = argument.indexOf('=');
            String option = equals < 0 ? argument : argument.substring(0, equals);
            String value = equals < 0 ? null : argument.substring(equals + 1);
            if (option.equals("--json") || option.equals("--tcp-without-tls")) {
                if (value != null) {
                    throw new ConfigException(
                            option + ": expected no value, was \"" + value + "\"");
                }
                given.isJson |= option.equals("--json");
                given.isTcpOpen |= option.equals("--tcp-without-tls");
                continue;
            }
            if (value == null && i + 1 < arguments.length) {
                value = arguments[i + 1];
                i++;
            }
            take(given, option, value);
        }
        return given;
    }

    private static void take(Gathered given, String option, String value) throws ConfigException {
        switch (option) {
            case "--config" -> {
                refuseSecond(option, given.config);
                given.config = path(option, value);
            }
            case "--socket" -> {
                refuseSecond(option, given.socket);
                given.socket = required(option, value);
            }
            case "--tcp" -> given.tcp.add(required(option, value));
            case "--metrics" -> {
                refuseSecond(option, given.metrics);
                given.metrics = required(option, value);
            }
            case "--control" -> {
                refuseSecond(option, given.control);
                given.control = path(option, value);
            }
            case "--state" -> {
                refuseSecond(option, given.state);
                given.state = path(option, value);
            }
            case "--buffer" -> {
                refuseSecond(option, given.bufferBytes.isPresent() ? given.bufferBytes : null);
                given.bufferBytes = OptionalLong.of(buffer(option, required(option, value)));
            }
            default -> throw new ConfigException(option + ": unknown option; see quoind --help");
        }
    }

    private static long buffer(String option, String text) throws ConfigException {
        try {
            long bytes = ByteCount.parse(text);
            BufferSize.check(bytes);
            return bytes;
        } catch (IllegalArgumentException e) {
            throw new ConfigException(option + ": " + e.getMessage(), e);
        }
    }

    private static void refuseSecond(String option, Object earlier) throws ConfigException {
        if (earlier != null) {
            throw new ConfigException(option + ": expected once, was given twice");
        }
    }

    private static String required(String option, String value) throws ConfigException {
        if (value == null) {
            throw new ConfigException(option + ": expected a value, was none");
        }
        return value;
    }

    private static MemberAddress address(String text) throws ConfigException {
        try {
            return MemberAddress.parse(text).absolute();
        } catch (IllegalArgumentException e) {
            throw new ConfigException("member: " + e.getMessage(), e);
        }
    }

    private static Path path(String option, String text) throws ConfigException {
        String value = required(option, text);
        try {
            if (value.isEmpty()) {
                throw new ConfigException(option + ": expected a path, was \"\"");
            }
            return Path.of(value).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new ConfigException(
                    option + ": expected a path, was \"" + value + "\": " + e.getReason(), e);
        }
    }
}
