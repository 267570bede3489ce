package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

class MainTest {
    @FunctionalInterface
    private interface Work {
        void run() throws Exception;
    }

    /// Ends as the test wants.
    @Command(name = "try")
    private static final class Try extends QuoinCommand {
        private final Work work;

        @Option(names = "--size", converter = ByteSize.class)
        private long sizeBytes;

        Try(Work work) {
            this.work = work;
        }

        @Override
        ExitCode run(Output output) throws Exception {
            work.run();
            return ExitCode.OK;
        }
    }

    private final Screen screen = Screen.ofPipe();

    private int run(Work work, String... arguments) {
        CommandLine line = Main.commandLine(screen.terminal());
        line.addSubcommand(new Try(work));
        return Main.run(line, arguments);
    }

    private int tryTo(Work work) {
        return run(work, "try");
    }

    @Test
    void endsWithZeroWhenDone() {
        assertThat(tryTo(() -> {})).isZero();
        assertThat(screen.out() + screen.err()).isEmpty();
    }

    @Test
    void saysARefusalInOneLine() {
        assertThat(
                        tryTo(() -> {
                            throw CommandFailure.failed("volume orders: 2 of 4 members");
                        }))
                .isEqualTo(1);
        assertThat(screen.err()).isEqualTo("quoin: volume orders: 2 of 4 members\n");
        assertThat(screen.out()).isEmpty();
    }

    @Test
    void endsWithTheFailuresOwnExitCode() {
        assertThat(
                        tryTo(() -> {
                            throw CommandFailure.environment("no daemon");
                        }))
                .isEqualTo(3);
        assertThat(
                        tryTo(() -> {
                            throw CommandFailure.usage("--all and a name");
                        }))
                .isEqualTo(2);
    }

    @Test
    void explainsFileErrorsInWords() {
        Work[] works = {
            () -> {
                throw new NoSuchFileException("/m0");
            },
            () -> {
                throw new UncheckedIOException(new IOException("broken"));
            },
            () -> {
                throw new FileSystemException("/m1", null, "No space left on device");
            },
        };
        for (Work work : works) {
            assertThat(tryTo(work)).isEqualTo(1);
        }
        assertThat(
                        tryTo(() -> {
                            throw new AccessDeniedException("/m2");
                        }))
                .isEqualTo(3);
        assertThat(screen.err())
                .isEqualTo(
                        """
                        quoin: no such file: /m0
                        quoin: broken
                        quoin: /m1: No space left on device
                        quoin: no permission: /m2
                        """);
    }

    @Test
    void passesOnWhatASettingSaysOfItself() {
        assertThat(
                        tryTo(() -> {
                            throw new IllegalArgumentException(
                                    "unitBytes: expected a power of two, was 3");
                        }))
                .isEqualTo(1);
        assertThat(screen.err()).isEqualTo("quoin: unitBytes: expected a power of two, was 3\n");
    }

    @Test
    void showsTheTraceOfADefectOnly() {
        assertThat(
                        tryTo(() -> {
                            throw new IllegalStateException("impossible");
                        }))
                .isEqualTo(70);
        assertThat(
                        tryTo(() -> {
                            throw new AssertionError("I24");
                        }))
                .isEqualTo(70);
        assertThat(screen.err())
                .contains("quoin: defect: java.lang.IllegalStateException: impossible\n")
                .contains("quoin: defect: java.lang.AssertionError: I24\n")
                .contains("\tat io.quoin.cli.MainTest");
    }

    @Test
    void givesProgramsTheErrorAsJson() throws JsonParserException {
        int exitCode =
                run(
                        () -> {
                            throw CommandFailure.failed("no volume \"orders\"");
                        },
                        "try",
                        "--json");
        JsonObject error = JsonParser.object().from(screen.out()).getObject("error");
        assertThat(exitCode).isEqualTo(1);
        assertThat(error.getInt("exitCode")).isEqualTo(1);
        assertThat(error.getString("message")).isEqualTo("no volume \"orders\"");
        assertThat(screen.err()).isEqualTo("quoin: no volume \"orders\"\n");
    }

    @Test
    void refusesUnknownOptionsAndNamesTheHelp() {
        assertThat(run(() -> {}, "try", "--bogus")).isEqualTo(2);
        assertThat(screen.err())
                .isEqualTo("quoin: Unknown option: '--bogus'; see `quoin try --help`\n");
    }

    @Test
    void refusesASizeThatIsNone() {
        assertThat(run(() -> {}, "try", "--size", "big")).isEqualTo(2);
        assertThat(screen.err())
                .contains("'--size'")
                .contains("was \"big\"")
                .contains("`quoin try --help`")
                .hasLineCount(1);
    }

    @Test
    void suggestsACommandForATypingError() {
        assertThat(Main.run(screen.terminal(), "versoin")).isEqualTo(2);
        assertThat(screen.err()).contains("did you mean version").hasLineCount(1);
    }

    @Test
    void asksForACommandWhenThereIsNone() {
        assertThat(Main.run(screen.terminal())).isEqualTo(2);
        assertThat(screen.err()).isEqualTo("quoin: a command is missing; see `quoin --help`\n");
    }

    @Test
    void documentsEveryExitCodeInItsHelp() {
        assertThat(Main.run(screen.terminal(), "--help")).isZero();
        for (ExitCode exitCode : ExitCode.values()) {
            assertThat(screen.out())
                    .containsPattern("(?m)^ +" + exitCode.number() + " +" + exitCode.meaning());
        }
    }

    @Test
    void knowsTheVersionOfTheBuild() throws JsonParserException {
        assertThat(Main.run(screen.terminal(), "version", "--json")).isZero();
        JsonObject json = JsonParser.object().from(screen.out());
        assertThat(json.keySet()).containsExactly("version", "java", "platform");
        assertThat(json.getString("version")).matches("\\d+\\.\\d+\\.\\d+(-SNAPSHOT)?");
        assertThat(json.getString("java")).startsWith("25");
    }

    @Test
    void everyCommandHasHelpAndDescription() {
        CommandLine line = Main.commandLine(screen.terminal());
        assertThat(line.getSubcommands())
                .allSatisfy((name, command) -> {
                    assertThat(command.getCommandSpec().usageMessage().description())
                            .as(name)
                            .isNotEmpty();
                    if (command.getCommandSpec().userObject() instanceof QuoinCommand) {
                        assertThat(command.getCommandSpec().optionsMap())
                                .containsKeys("--help", "--json");
                    }
                });
    }

    @Test
    void completesItsCommandsInTheShell() {
        assertThat(Main.run(screen.terminal(), "completion")).isZero();
        assertThat(screen.out()).startsWith("#!/usr/bin/env bash").contains("version");
    }
}
