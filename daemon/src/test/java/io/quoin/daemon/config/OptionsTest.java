package io.quoin.daemon.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class OptionsTest {
    private static final Path NONE = Path.of("/nonexistent/quoind.toml");

    @TempDir Path folder;

    @Test
    void withoutOptionsAndFileTheDefaultsHold() throws ConfigException {
        Options options = Options.parse(NONE);
        assertThat(options.settings()).isEqualTo(new Settings.Builder().build());
        assertThat(options.isJson()).isFalse();
    }

    @Test
    void theCommandLineWinsOverTheFile() throws ConfigException, IOException {
        Path file = folder.resolve("quoind.toml");
        Files.writeString(
                file,
                """
                [listen]
                unix = "/run/file.sock"
                tcp = ["127.0.0.1:1"]
                [state]
                directory = "/file"
                """);
        Options options =
                Options.parse(
                        file,
                        "--socket",
                        "/run/line.sock",
                        "--tcp=127.0.0.1:2",
                        "--json",
                        "--buffer=8M",
                        "m0",
                        "--",
                        "--odd");
        Settings settings = options.settings();
        assertThat(options.isJson()).isTrue();
        assertThat(settings.nbdSocket()).hasValue(Path.of("/run/line.sock"));
        assertThat(settings.tcp()).containsExactly(new TcpAddress("127.0.0.1", 2));
        assertThat(settings.stateDirectory()).isEqualTo(Path.of("/file"));
        assertThat(settings.engine().bufferBytes()).isEqualTo(8 << 20);
        assertThat(settings.given().orElseThrow().members())
                .containsExactly(
                        MemberAddress.of(Path.of("m0").toAbsolutePath()),
                        MemberAddress.of(Path.of("--odd").toAbsolutePath()));
    }

    static Stream<Arguments> badLines() {
        return Stream.of(
                Arguments.of("--sockt=/a", "--sockt: unknown option; see quoind --help"),
                Arguments.of("-x", "-x: unknown option"),
                Arguments.of("--socket", "--socket: expected a value, was none"),
                Arguments.of("--state=/a --state=/b", "--state: expected once, was given twice"),
                Arguments.of("--json=yes", "--json: expected no value, was \"yes\""),
                Arguments.of("--tcp=:1", "--tcp: expected HOST:PORT"),
                Arguments.of(
                        "--tcp=127.0.0.1:99999", "expected HOST:PORT with a port from 0 to 65535"),
                Arguments.of("--tcp=0.0.0.0:1", "expected a loopback address, was 0.0.0.0:1"),
                Arguments.of("--buffer=3M", "--buffer: expected a power of two from 4 MiB"),
                Arguments.of("--control=/a --socket=/a", "expected two paths, was /a twice"),
                Arguments.of("--config=/nonexistent", "/nonexistent: no such file"),
                Arguments.of("/m/0 /m/0", "members: /m/0 is given twice"));
    }

    @ParameterizedTest
    @MethodSource("badLines")
    void namesTheOptionExpectedAndFound(String line, String message) {
        assertThatThrownBy(() -> Options.parse(NONE, line.split(" ")))
                .isInstanceOf(ConfigException.class)
                .hasMessageContaining(message);
    }

    @Test
    void acceptsAnyAddressWhenTold() throws ConfigException {
        assertThat(Options.parse(NONE, "--tcp", "0.0.0.0:0", "--tcp-without-tls").settings().tcp())
                .hasSize(1);
    }
}
