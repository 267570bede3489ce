package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What the build delivers, `target/dist`: its programs find a Java 25 and start it with the flags of
/// the pom, wherever the folder lies.
class DistributionIT {
    private static final Path DIST = Path.of(System.getProperty("quoin.dist"));
    private static final String VERSION = System.getProperty("quoin.version");

    private static final List<String> NAMES =
            List.of(
                    "bin/quoin",
                    "bin/quoind",
                    "libexec/java.sh",
                    "libexec/quoin-logging.properties",
                    "libexec/quoind-logging.properties");

    @TempDir Path folder;
    private Path home;
    private final Shell shell = new Shell();

    /// The distribution under another name, with its few small files copied and its jars linked.
    @BeforeEach
    void install() throws IOException {
        home = folder.resolve("quoin home");
        for (String name : NAMES) {
            Files.createDirectories(home.resolve(name).getParent());
            Files.copy(DIST.resolve(name), home.resolve(name), StandardCopyOption.COPY_ATTRIBUTES);
        }
        Files.createSymbolicLink(home.resolve("lib"), DIST.resolve("lib"));
    }

    /// Links out of the folder, which JUnit would warn about when it deletes the folder.
    @AfterEach
    void unlink() throws IOException {
        Files.deleteIfExists(home.resolve("lib"));
        Files.deleteIfExists(home.resolve("runtime"));
    }

    private void hideTheUsualPlaces() throws IOException {
        Path finder = home.resolve("libexec/java.sh");
        String text = Files.readString(finder);
        assertThat(text).contains("/usr/lib/jvm/* /opt/jdk* /opt/java/*");
        Files.writeString(finder, text.replace("/usr/lib/jvm/* /opt/jdk* /opt/java/*", ""));
    }

    private List<String> arguments(String program, String... more) throws IOException {
        Path jdk = Shell.pretendedJdk(folder.resolve("jdk"), "25.0.1");
        List<Object> command = new ArrayList<>(List.of(home.resolve(program)));
        command.addAll(List.of(more));
        Shell.Result result = shell.with("JAVA_HOME", jdk.toString()).run(command.toArray());
        assertThat(result.exitCode()).as(result.err()).isZero();
        List<String> lines = result.out().lines().toList();
        assertThat(lines.getFirst()).isEqualTo(jdk.resolve("bin/java").toString());
        return lines;
    }

    private static String[] flags(String property) {
        return System.getProperty(property).split(" ");
    }

    @Test
    void simulatesWithAllThatTheJvmHas() throws IOException {
        Shell.Result result =
                shell.run(
                        home.resolve("bin/quoin"),
                        "simulate",
                        "--for",
                        "2s",
                        "--profile",
                        "LOSSES",
                        "--threads",
                        "1");
        assertThat(result.exitCode()).as(result.out() + result.err()).isZero();
        assertThat(result.out()).contains("losses: ").contains("histories");
        assertThat(arguments("bin/quoin", "simulate"))
                .contains("-XX:+UseParallelGC")
                .doesNotContain("-XX:TieredStopAtLevel=1");
    }

    @Test
    void runsWithTheRuntimeThatWasShippedAlong() throws IOException {
        hideTheUsualPlaces();
        Files.createSymbolicLink(home.resolve("runtime"), Path.of(System.getProperty("java.home")));
        Path link = Files.createSymbolicLink(folder.resolve("q"), home.resolve("bin/quoin"));
        Shell.Result result = shell.run(link, "--version");
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).startsWith("quoin " + VERSION + " (Java 25");
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void passesOverAJavaHomeOfAnotherVersion() throws IOException {
        Files.createSymbolicLink(home.resolve("runtime"), Path.of(System.getProperty("java.home")));
        shell.with("JAVA_HOME", Shell.pretendedJdk(folder.resolve("jdk17"), "17.0.15").toString());
        assertThat(shell.run(home.resolve("bin/quoin"), "--version").out())
                .startsWith("quoin " + VERSION);
    }

    @Test
    void findsAJavaOnThePathThroughSymbolicLinks() throws IOException {
        hideTheUsualPlaces();
        Path jdk = Shell.pretendedJdk(folder.resolve("jdk"), "25");
        Files.createDirectories(folder.resolve("path"));
        Files.createSymbolicLink(folder.resolve("path/java"), jdk.resolve("bin/java"));
        shell.with("PATH", folder.resolve("path") + ":/usr/bin:/bin");
        assertThat(shell.run(home.resolve("bin/quoin"), "list").out())
                .startsWith(jdk.resolve("bin/java").toString());
    }

    @Test
    void saysWhatToInstallWhenThereIsNoJava25() throws IOException {
        hideTheUsualPlaces();
        Path jdk = Shell.pretendedJdk(folder.resolve("jdk"), "17.0.15");
        shell.with("PATH", jdk.resolve("bin") + ":/usr/bin:/bin");
        for (String program : List.of("bin/quoin", "bin/quoind")) {
            Shell.Result result = shell.run(home.resolve(program), "--version");
            assertThat(result.exitCode()).isEqualTo(ExitCode.ENVIRONMENT.number());
            assertThat(result.out()).isEmpty();
            assertThat(result.err())
                    .startsWith("quoin: no Java 25 in JAVA_HOME, PATH")
                    .contains("apt-get install -y temurin-25-jre");
        }
    }

    @Test
    void startsTheDaemonWithTheFlagsOfThePom() throws IOException {
        shell.with("QUOIND_OPTS", "-Xmx2g -Dglob=/*");
        List<String> arguments = arguments("bin/quoind", "--config", "a b.toml");
        assertThat(arguments)
                .containsSubsequence(flags("quoin.jvmFlags"))
                .containsSubsequence("-Xmx512m", "-Xmx2g", "-Dglob=/*")
                .contains("-ea:io.quoin...", "-XX:+UseSerialGC", "-Dquoin.home=" + home)
                .endsWith("-cp", home + "/lib/*", "io.quoin.daemon.Main", "--config", "a b.toml");
    }

    @Test
    void startsTheCommandLineWithoutTheIncubatorsWarning() throws IOException {
        assertThat(arguments("bin/quoin", "list", ""))
                .containsSubsequence(flags("quoin.accessFlags"))
                .doesNotContain("jdk.incubator.vector")
                .contains("-ea:io.quoin...", "-XX:TieredStopAtLevel=1", "-Dquoin.terminal=")
                .endsWith("-cp", home + "/lib/*", "io.quoin.cli.Main", "list", "");
    }

    @Test
    void namesLoggingSettingsThatExist() throws IOException {
        for (String program : List.of("quoin", "quoind")) {
            String option = "-Djava.util.logging.config.file=";
            assertThat(arguments("bin/" + program))
                    .filteredOn(argument -> argument.startsWith(option))
                    .singleElement()
                    .satisfies(argument ->
                            assertThat(Path.of(argument.substring(option.length())))
                                    .hasFileName(program + "-logging.properties")
                                    .exists());
        }
    }

    @Test
    void carriesEachJarOnceAndNoneOfTheTests() throws IOException {
        try (Stream<Path> jars = Files.list(DIST.resolve("lib"))) {
            List<String> names = jars.map(jar -> jar.getFileName().toString()).toList();
            assertThat(names)
                    .contains(
                            "quoin-cli-" + VERSION + ".jar",
                            "quoin-codec-" + VERSION + ".jar",
                            "quoin-daemon-" + VERSION + ".jar",
                            "quoin-volume-" + VERSION + ".jar")
                    .allMatch(name -> name.endsWith(".jar"))
                    .noneMatch(name -> name.contains("junit") || name.contains("-tests"))
                    // They report to an analytics service, or unpack native code.
                    .noneMatch(name -> name.contains("analytics") || name.startsWith("jn"));
            assertThat(names.stream().map(name -> name.replaceAll("-\\d.*", "")))
                    .doesNotHaveDuplicates();
        }
    }

    @Test
    void leavesNoPlaceholderInWhatItDelivers() throws IOException {
        for (String part : List.of("bin", "libexec", "systemd")) {
            try (Stream<Path> files = Files.walk(DIST.resolve(part))) {
                for (Path file : files.filter(Files::isRegularFile).toList()) {
                    assertThat(Files.readString(file)).as(file.toString()).doesNotContain("@{");
                }
            }
        }
    }

    @Test
    void scriptsAreSoundToBash() throws IOException {
        for (String script : List.of("bin/quoin", "bin/quoind", "libexec/java.sh")) {
            assertThat(shell.run("bash", "-n", DIST.resolve(script)).err()).isEmpty();
        }
        assertThat(Arrays.asList("bin/quoin", "bin/quoind"))
                .allMatch(script -> Files.isExecutable(DIST.resolve(script)));
    }
}
