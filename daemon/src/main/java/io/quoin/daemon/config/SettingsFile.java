package io.quoin.daemon.config;

import io.quoin.volume.EngineSettings;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.repair.GovernorLimits;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.LocalTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import org.tomlj.Toml;
import org.tomlj.TomlParseError;
import org.tomlj.TomlParseResult;

/// Reads `quoind.toml`.
///
/// ```toml
/// [listen]
/// unix = "/run/quoin/nbd.sock"     # "" for none
/// tcp = ["127.0.0.1:10809"]
/// tcp-without-tls = false          # true accepts addresses beyond loopback
///
/// [metrics]
/// listen = "127.0.0.1:9469"        # OpenMetrics over HTTP, /metrics; "" for none, as usual
/// beyond-loopback = false          # true accepts addresses beyond loopback
///
/// [control]
/// socket = "/run/quoin/control.sock"
///
/// [state]
/// directory = "/var/lib/quoin"
///
/// [engine]
/// buffer = "256M"                  # of each volume; a power of two
/// info-groups = 4096
/// destage-after-ms = 2000
/// job-groups-in-flight = 16
/// job-bytes-per-second = 0         # 0: no limit
/// job-floor-bytes-per-second = "8M"
/// job-latency-percent = 130
/// member-error-budget = 100        # reads that fail and blocks that are rewritten until a member is to be replaced; 0: any number
/// io-limit-ms = 30000              # a member that takes longer is dropped, if it can be spared; 0: waited for
/// journal-late-ms = 50             # a member that takes longer to write to the journal is done without there, if others can; 0: waited for
///
/// [clients]
/// max-connections = 4096
/// max-requests = 1024
/// handshake-deadline-ms = 10000
/// stall-limit-ms = 30000
///
/// [scrub]
/// every-days = 7                   # 0: never on its own
/// from = "01:00"                   # left out: at any time
/// until = "05:00"
///
/// [drill]
/// every-days = 1                   # 0: never on its own
/// from = "01:00"                   # left out: at any time
/// until = "05:00"
///
/// [spares]
/// drill-every-days = 7             # 0: never on its own
/// from = "01:00"                   # left out: at any time
/// until = "05:00"
///
/// [[volume]]
/// name = "orders"                  # a check, may be left out
/// members = ["/dev/disk/by-id/a", "/dev/disk/by-id/b", "/dev/disk/by-id/c"]
/// buffer = "64M"
/// ```
final class SettingsFile {
    private static final long DAY_MILLIS = 86_400_000;

    private SettingsFile() {}

    /// Reads a file into settings.
    ///
    /// @param file path
    /// @param into receives what the file says
    /// @throws ConfigException naming file, line, expected and found
    static void read(Path file, Settings.Builder into) throws ConfigException {
        TomlSection root = parse(file);
        TomlSection listen = root.section("listen");
        Optional<String> unix = listen.string("unix");
        if (unix.isPresent()) {
            into.nbdSocket = unix.get().isEmpty() ? Optional.empty() : listen.path("unix");
        }
        for (String text : listen.strings("tcp").orElse(List.of())) {
            try {
                into.tcp.add(TcpAddress.parse(text));
            } catch (IllegalArgumentException e) {
                throw listen.refuse("tcp", e.getMessage());
            }
        }
        into.isTcpOpen = listen.bool("tcp-without-tls").orElse(into.isTcpOpen);
        listen.end();
        TomlSection metrics = root.section("metrics");
        Optional<String> metricsAt = metrics.string("listen");
        if (metricsAt.isPresent()) {
            try {
                into.metrics = metrics(metricsAt.get());
            } catch (IllegalArgumentException e) {
                throw metrics.refuse("listen", e.getMessage());
            }
        }
        into.areMetricsOpen = metrics.bool("beyond-loopback").orElse(into.areMetricsOpen);
        metrics.end();
        TomlSection control = root.section("control");
        into.controlSocket = control.path("socket").orElse(into.controlSocket);
        control.end();
        TomlSection state = root.section("state");
        into.stateDirectory = state.path("directory").orElse(into.stateDirectory);
        state.end();
        into.engine = engine(root.section("engine"), into.engine);
        into.clients = clients(root.section("clients"));
        into.scrubs = recurrence(root.section("scrub"), "every-days", into.scrubs);
        into.drills = recurrence(root.section("drill"), "every-days", into.drills);
        into.spareDrills = recurrence(root.section("spares"), "drill-every-days", into.spareDrills);
        for (TomlSection each : root.sections("volume")) {
            into.volumes.add(volume(each));
        }
        root.end();
        try {
            into.build();
        } catch (IllegalArgumentException e) {
            throw new ConfigException(file + ": " + e.getMessage(), e);
        }
    }

    /// {@return where metrics are served, by a text}
    ///
    /// @param text an address, or nothing: nowhere
    /// @throws IllegalArgumentException when it is none
    static Optional<TcpAddress> metrics(String text) {
        return text.isEmpty()
                ? Optional.empty()
                : Optional.of(TcpAddress.parse(text, TcpAddress.METRICS_PORT));
    }

    /// {@return the tables of a file}
    ///
    /// @param file path
    /// @throws ConfigException when it is not there, or no TOML
    static TomlSection parse(Path file) throws ConfigException {
        TomlParseResult result;
        try {
            result = Toml.parse(file);
        } catch (NoSuchFileException e) {
            throw new ConfigException(file + ": no such file", e);
        } catch (AccessDeniedException e) {
            throw new ConfigException(file + ": no permission to read it", e);
        } catch (IOException e) {
            throw new ConfigException(file + ": cannot be read: " + e.getMessage(), e);
        } catch (RuntimeException | AssertionError | StackOverflowError e) {
            // tomlj 2.2 trips over some of what it had to skip to go on, instead of reporting it.
            throw new ConfigException(file + ": no TOML, the parser gave up: " + e, e);
        }
        if (result.hasErrors()) {
            TomlParseError first = result.errors().getFirst();
            throw new ConfigException(
                    file
                            + ":"
                            + first.position().line()
                            + ": no TOML, column "
                            + first.position().column()
                            + ": "
                            + first.getMessage());
        }
        return new TomlSection(file, "", result);
    }

    private static EngineSettings engine(TomlSection section, EngineSettings was)
            throws ConfigException {
        OptionalLong buffer = section.bytes("buffer");
        OptionalLong groups = section.integer("info-groups", 4, 1 << 24);
        OptionalLong destage = section.integer("destage-after-ms", 0, DAY_MILLIS);
        OptionalLong inFlight = section.integer("job-groups-in-flight", 1, 64);
        OptionalLong rate = section.bytes("job-bytes-per-second");
        OptionalLong floor = section.bytes("job-floor-bytes-per-second");
        OptionalLong latency = section.integer("job-latency-percent", 101, 100_000);
        GovernorLimits jobs = was.jobLimits();
        OptionalLong limit = section.integer("io-limit-ms", 0, DAY_MILLIS);
        OptionalLong late = section.integer("journal-late-ms", 0, DAY_MILLIS);
        OptionalLong budget = section.integer("member-error-budget", 0, Integer.MAX_VALUE);
        section.end();
        if (buffer.isPresent()) {
            checkBuffer(section, buffer.getAsLong());
        }
        if (floor.isPresent() && floor.getAsLong() == 0) {
            throw section.refuse(
                    "job-floor-bytes-per-second", "expected at least 1 byte in a second, was 0");
        }
        return new EngineSettings(
                buffer.orElse(was.bufferBytes()),
                (int) groups.orElse(was.infoGroups()),
                destage.isPresent() ? destage.getAsLong() * 1_000_000 : was.destageAfterNanos(),
                (int) inFlight.orElse(was.jobRowsInFlight()),
                new GovernorLimits(
                        (int) latency.orElse(jobs.latencyPercent()),
                        floor.orElse(jobs.floorBytes()),
                        rate.orElse(jobs.ceilingBytes())),
                limit.isPresent() ? limit.getAsLong() * 1_000_000 : was.ioLimitNanos(),
                late.isPresent() ? late.getAsLong() * 1_000_000 : was.lateNanos(),
                was.sweepRows(),
                (int) budget.orElse(was.errorBudget()));
    }

    private static void checkBuffer(TomlSection section, long bytes) throws ConfigException {
        try {
            BufferSize.check(bytes);
        } catch (IllegalArgumentException e) {
            throw section.refuse("buffer", e.getMessage());
        }
    }

    private static Recurrence recurrence(TomlSection section, String daysKey, Recurrence was)
            throws ConfigException {
        OptionalLong days = section.integer(daysKey, 0, 3650);
        LocalTime from = time(section, "from", was.from());
        LocalTime until = time(section, "until", was.until());
        section.end();
        return new Recurrence((int) days.orElse(was.everyDays()), from, until);
    }

    private static LocalTime time(TomlSection section, String key, LocalTime usual)
            throws ConfigException {
        Optional<String> text = section.string(key);
        if (text.isEmpty()) {
            return usual;
        }
        try {
            return LocalTime.parse(text.get());
        } catch (DateTimeParseException e) {
            throw section.refuse(
                    key, "expected a time of day such as \"01:30\", was \"" + text.get() + "\"");
        }
    }

    private static ClientLimits clients(TomlSection section) throws ConfigException {
        ClientLimits result =
                new ClientLimits(
                        section.integer("max-connections", 1, 65_536),
                        section.integer("max-requests", 1, 65_536),
                        section.integer("handshake-deadline-ms", 1, DAY_MILLIS),
                        section.integer("stall-limit-ms", 1, DAY_MILLIS));
        section.end();
        return result;
    }

    /// {@return the volume that a table describes}
    ///
    /// @param section the table
    /// @throws ConfigException naming line, expected and found
    static VolumeSettings volume(TomlSection section) throws ConfigException {
        Optional<String> name = section.string("name");
        List<MemberAddress> members = section.addresses("members").orElse(List.of());
        OptionalLong buffer = section.bytes("buffer");
        section.end();
        if (buffer.isPresent()) {
            checkBuffer(section, buffer.getAsLong());
        }
        try {
            return new VolumeSettings(name, members, buffer);
        } catch (IllegalArgumentException e) {
            String message = e.getMessage();
            throw section.refuse("members", message.substring(message.indexOf(": ") + 2));
        }
    }

    /// {@return the members in waiting that a file lists}
    ///
    /// @param root the file
    /// @throws ConfigException naming line, expected and found
    static List<SpareSettings> spares(TomlSection root) throws ConfigException {
        List<SpareSettings> result = new ArrayList<>();
        for (TomlSection each : root.sections("spare")) {
            Optional<Path> path = each.path("path");
            List<String> volumes = each.strings("volumes").orElse(List.of());
            each.end();
            if (path.isEmpty()) {
                throw each.refuse("path", "expected an absolute path, was nothing");
            }
            try {
                result.add(new SpareSettings(path.get(), volumes));
            } catch (IllegalArgumentException e) {
                throw each.refuse("volumes", e.getMessage());
            }
        }
        root.end();
        return result;
    }

    /// {@return the verdicts on spares that a file lists}
    ///
    /// @param root the file
    /// @throws ConfigException naming line, expected and found
    static List<DrillVerdict> drills(TomlSection root) throws ConfigException {
        List<DrillVerdict> result = new ArrayList<>();
        for (TomlSection each : root.sections("drill")) {
            Optional<Path> path = each.path("path");
            OptionalLong ended = each.integer("ended-ms", 0, Long.MAX_VALUE);
            Optional<String> failure = each.string("failure");
            OptionalLong median = each.integer("median-us", 0, Long.MAX_VALUE);
            OptionalLong slowest = each.integer("slowest-us", 0, Long.MAX_VALUE);
            OptionalLong pace = each.integer("bytes-per-second", 0, Long.MAX_VALUE);
            Optional<Boolean> cached = each.bool("read-from-cache");
            each.end();
            if (path.isEmpty()) {
                throw each.refuse("path", "expected an absolute path, was nothing");
            }
            if (ended.isEmpty()) {
                throw each.refuse("ended-ms", "expected a time, was nothing");
            }
            result.add(
                    new DrillVerdict(
                            path.get(),
                            ended.getAsLong(),
                            failure.orElse(""),
                            median.orElse(0),
                            slowest.orElse(0),
                            pace.orElse(0),
                            cached.orElse(false)));
        }
        root.end();
        return result;
    }
}
