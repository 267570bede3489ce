package io.quoin.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.repair.GovernorLimits;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.LocalTime;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class SettingsFileTest {
    @TempDir Path folder;

    private Settings read(String text) throws ConfigException {
        Path file = folder.resolve("quoind.toml");
        try {
            Files.writeString(file, text);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
        Settings.Builder builder = new Settings.Builder();
        SettingsFile.read(file, builder);
        return builder.build();
    }

    @Test
    void anEmptyFileMeansTheDefaults() throws ConfigException {
        assertThat(read("")).isEqualTo(new Settings.Builder().build());
    }

    @Test
    void readsEverySetting() throws ConfigException {
        Settings settings =
                read(
                        """
                        [listen]
                        unix = ""
                        tcp = ["127.0.0.1:10810", "[::1]"]

                        [control]
                        socket = "/run/q/c.sock"

                        [state]
                        directory = "/srv/q"

                        [engine]
                        buffer = "64MiB"
                        info-groups = 100
                        destage-after-ms = 50
                        job-groups-in-flight = 3
                        job-bytes-per-second = "10M"
                        job-floor-bytes-per-second = "1M"
                        job-latency-percent = 150
                        io-limit-ms = 5000
                        journal-late-ms = 20
                        member-error-budget = 7

                        [clients]
                        max-connections = 7
                        max-requests = 8
                        handshake-deadline-ms = 9
                        stall-limit-ms = 10

                        [scrub]
                        every-days = 30
                        from = "22:00"
                        until = "04:30"

                        [drill]
                        every-days = 2
                        until = "05:00"

                        [spares]
                        drill-every-days = 1
                        from = "03:00"

                        [[volume]]
                        name = "orders"
                        members = ["/m/0", "/m/1"]
                        buffer = 8388608

                        [[volume]]
                        members = ["/n/0"]
                        """);
        assertThat(settings.nbdSocket()).isEmpty();
        assertThat(settings.tcp())
                .containsExactly(
                        new TcpAddress("127.0.0.1", 10_810), new TcpAddress("::1", 10_809));
        assertThat(settings.controlSocket()).isEqualTo(Path.of("/run/q/c.sock"));
        assertThat(settings.stateDirectory()).isEqualTo(Path.of("/srv/q"));
        assertThat(settings.engine().bufferBytes()).isEqualTo(64 << 20);
        assertThat(settings.engine().infoGroups()).isEqualTo(100);
        assertThat(settings.engine().destageAfterNanos()).isEqualTo(50_000_000);
        assertThat(settings.engine().jobRowsInFlight()).isEqualTo(3);
        assertThat(settings.engine().errorBudget()).isEqualTo(7);
        assertThat(settings.engine().lateNanos()).isEqualTo(20_000_000);
        assertThat(settings.engine().jobLimits())
                .isEqualTo(new GovernorLimits(150, 1 << 20, 10 << 20));
        assertThat(settings.clients())
                .isEqualTo(
                        new ClientLimits(
                                OptionalLong.of(7),
                                OptionalLong.of(8),
                                OptionalLong.of(9),
                                OptionalLong.of(10)));
        assertThat(settings.scrubs())
                .isEqualTo(new Recurrence(30, LocalTime.of(22, 0), LocalTime.of(4, 30)));
        assertThat(settings.drills())
                .isEqualTo(new Recurrence(2, LocalTime.MIDNIGHT, LocalTime.of(5, 0)));
        assertThat(settings.spareDrills())
                .isEqualTo(new Recurrence(1, LocalTime.of(3, 0), LocalTime.MIDNIGHT));
        assertThat(settings.volumes()).hasSize(2);
        assertThat(settings.volumes().getFirst().name()).isEqualTo(Optional.of("orders"));
        assertThat(settings.volumes().getFirst().members())
                .containsExactly(MemberAddress.parse("/m/0"), MemberAddress.parse("/m/1"));
        assertThat(settings.volumes().getFirst().bufferBytes()).hasValue(8 << 20);
        assertThat(settings.volumes().getLast().name()).isEmpty();
    }

    static Stream<Arguments> badFiles() {
        return Stream.of(
                Arguments.of("[listen\n", "quoind.toml:1: no TOML"),
                Arguments.of(
                        "[listen]\nunixs = \"/a\"\n",
                        "quoind.toml:2: [listen] unixs: unknown; expected one of tcp, tcp-without-tls, unix"),
                Arguments.of(
                        "\n\n[listener]\n",
                        "quoind.toml:3: listener: unknown; expected one of clients, control, drill, engine, listen, metrics, scrub, spares, state, volume"),
                Arguments.of(
                        "[listen]\nunix = 5\n",
                        "quoind.toml:2: [listen] unix: expected a string, was 5"),
                Arguments.of(
                        "[listen]\nunix = \"nbd.sock\"\n",
                        "quoind.toml:2: [listen] unix: expected an absolute path, was \"nbd.sock\""),
                Arguments.of(
                        "[listen]\ntcp = [\"127.0.0.1:http\"]\n",
                        "quoind.toml:2: [listen] tcp: expected HOST:PORT"),
                Arguments.of(
                        "[listen]\ntcp = [1]\n",
                        "quoind.toml:2: [listen] tcp: expected an array of strings, was 1 in it"),
                Arguments.of(
                        "[listen]\ntcp = [\"0.0.0.0:10809\"]\n",
                        "listen tcp: expected a loopback address, was 0.0.0.0:10809"),
                Arguments.of(
                        "[metrics]\nlisten = \"127.0.0.1:http\"\n",
                        "quoind.toml:2: [metrics] listen: expected HOST:PORT such as 127.0.0.1:9469"),
                Arguments.of(
                        "[metrics]\nlisten = \"0.0.0.0:9469\"\n",
                        "metrics listen: expected a loopback address, was 0.0.0.0:9469: who reaches it learns"),
                Arguments.of("[listen]\nunix = \"\"\n", "expected a Unix socket or a TCP address"),
                Arguments.of(
                        "[control]\nsocket = \"/run/quoin/nbd.sock\"\n",
                        "expected two paths, was /run/quoin/nbd.sock twice"),
                Arguments.of(
                        "[control]\nsocket = \"/" + "x".repeat(120) + "\"\n",
                        "control socket: expected an absolute path of at most 107 bytes"),
                Arguments.of(
                        "[engine]\nbuffer = \"100M\"\n",
                        "quoind.toml:2: [engine] buffer: expected a power of two from 4 MiB to 1 GiB, was 104857600 bytes"),
                Arguments.of(
                        "[engine]\nbuffer = true\n",
                        "quoind.toml:2: [engine] buffer: expected a size such as 4096 or \"256M\", was true"),
                Arguments.of(
                        "[engine]\ninfo-groups = 3\n",
                        "quoind.toml:2: [engine] info-groups: expected 4 to 16777216, was 3"),
                Arguments.of(
                        "[engine]\njob-floor-bytes-per-second = 0\n",
                        "quoind.toml:2: [engine] job-floor-bytes-per-second: expected at least 1 byte in a second, was 0"),
                Arguments.of(
                        "[engine]\njob-latency-percent = 100\n",
                        "quoind.toml:2: [engine] job-latency-percent: expected 101 to 100000, was 100"),
                Arguments.of(
                        "[scrub]\nfrom = \"25:00\"\n",
                        "quoind.toml:2: [scrub] from: expected a time of day such as \"01:30\", was \"25:00\""),
                Arguments.of(
                        "[scrub]\nevery-days = -1\n",
                        "quoind.toml:2: [scrub] every-days: expected 0 to 3650, was -1"),
                Arguments.of(
                        "[drill]\nevery-days = -1\n",
                        "quoind.toml:2: [drill] every-days: expected 0 to 3650, was -1"),
                Arguments.of(
                        "[spares]\nevery-days = 1\n",
                        "quoind.toml:2: [spares] every-days: unknown; expected one of drill-every-days, from, until"),
                Arguments.of(
                        "[spares]\ndrill-every-days = 4000\n",
                        "quoind.toml:2: [spares] drill-every-days: expected 0 to 3650, was 4000"),
                Arguments.of(
                        "[[volume]]\nname = \"a\"\n",
                        "quoind.toml: [[volume]] members: expected at least one, was none"),
                Arguments.of(
                        "[[volume]]\nmembers = [\"/m/0\", \"/m/../m/0\"]\n",
                        "quoind.toml:2: [[volume]] members: /m/../m/0 is given twice"),
                Arguments.of(
                        "[[volume]]\nname=\"a\"\nmembers = [\"/m/0\"]\n[[volume]]\nname=\"a\"\nmembers = [\"/m/1\"]\n",
                        "volume a: given twice"),
                Arguments.of(
                        "[[volume]]\nname=\"a\"\nmembers = [\"/m/0\"]\n[[volume]]\nname=\"b\"\nmembers = [\"/m/0\"]\n",
                        "volume b: member /m/0 is given to volume a too"),
                Arguments.of("volume = 3\n", "expected tables, each begun by [[volume]]"));
    }

    @ParameterizedTest
    @MethodSource("badFiles")
    void namesFileLineExpectedAndFound(String text, String message) {
        assertThatThrownBy(() -> read(text))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(message);
    }

    @Test
    void namesAFileThatIsMissing() {
        Path file = folder.resolve("none.toml");
        assertThatThrownBy(() -> SettingsFile.read(file, new Settings.Builder()))
                .hasMessage(file + ": no such file");
    }
}
