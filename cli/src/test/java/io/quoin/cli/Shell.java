package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/// Runs programs the way a shell does, in an environment that a test makes up.
final class Shell {
    private static final long PATIENCE_SECONDS = 60;

    private final Map<String, String> environment = new HashMap<>();

    Shell() {
        environment.put("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        environment.put("HOME", "/nonexistent");
    }

    /// How a program ended.
    record Result(int exitCode, String out, String err) {}

    Shell with(String name, String value) {
        environment.put(name, value);
        return this;
    }

    /// {@return what its programs find in their environment}
    Map<String, String> environment() {
        return environment;
    }

    /// Starts a program; its output goes to files that [#finish] reads.
    Running start(List<?> command) throws IOException {
        Path out = Files.createTempFile("quoin", ".out");
        Path err = Files.createTempFile("quoin", ".err");
        ProcessBuilder builder =
                new ProcessBuilder(command.stream().map(Object::toString).toList());
        builder.environment().clear();
        builder.environment().putAll(environment);
        builder.redirectInput(Path.of("/dev/null").toFile());
        builder.redirectOutput(out.toFile());
        builder.redirectError(err.toFile());
        return new Running(builder.start(), out, err);
    }

    Result run(Object... command) throws IOException {
        return start(List.of(command)).finish();
    }

    /// A program that runs.
    record Running(Process process, Path out, Path err) {
        Result finish() throws IOException {
            return finish(PATIENCE_SECONDS);
        }

        Result finish(long patienceSeconds) throws IOException {
            try {
                if (!process.waitFor(patienceSeconds, TimeUnit.SECONDS)) {
                    throw new AssertionError(
                            "still running after "
                                    + patienceSeconds
                                    + " s; it said: "
                                    + Files.readString(out)
                                    + Files.readString(err));
                }
                return new Result(
                        process.exitValue(), Files.readString(out), Files.readString(err));
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            } finally {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly();
                Files.delete(out);
                Files.delete(err);
            }
        }
    }

    /// Writes an executable script.
    static void script(Path file, String text) {
        try {
            Files.createDirectories(file.getParent());
            Files.writeString(file, "#!/usr/bin/env bash\n" + text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        assertThat(file.toFile().setExecutable(true)).isTrue();
    }

    /// Makes a folder that looks like a JDK, whose programs say how they were called.
    static Path pretendedJdk(Path home, String version) throws IOException {
        script(home.resolve("bin/java"), "printf '%s\\n' \"$0\" \"$@\"\n");
        script(home.resolve("bin/javac"), "exit 1\n");
        Files.writeString(home.resolve("release"), "JAVA_VERSION=\"" + version + "\"\n");
        return home;
    }
}
