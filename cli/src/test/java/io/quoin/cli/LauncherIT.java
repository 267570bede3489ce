package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// `./quoin` of a source tree builds when it must, once, and runs what it built. The real script, in a
/// tree of a few files, with a build that only leaves its mark.
class LauncherIT {
    private static final Path ROOT = Path.of(System.getProperty("quoin.root"));
    private static final String BUILD =
            """
            here=$(dirname "$0")
            sleep 0.3
            echo x >> "$here/builds"
            mkdir -p "$here/cli/target/dist/bin"
            printf '#!/bin/sh\\necho "ran $*"\\n' > "$here/cli/target/dist/bin/quoin"
            chmod +x "$here/cli/target/dist/bin/quoin"
            """;

    @TempDir Path folder;
    private Path tree;
    private Shell shell;

    @BeforeEach
    void plant() throws IOException {
        tree = folder.resolve("source tree");
        copy("quoin");
        copy(".mvn/find-jdk.sh");
        write("pom.xml");
        write("codec/src/main/java/A.java");
        write("codec/src/main/java/B.java");
        write("cli/pom.xml");
        Shell.script(tree.resolve("mvnw"), BUILD);
        shell =
                new Shell()
                        .with(
                                "JAVA_HOME",
                                Shell.pretendedJdk(folder.resolve("jdk"), "25.0.1").toString());
    }

    private void copy(String name) throws IOException {
        Path target = tree.resolve(name);
        Files.createDirectories(target.getParent());
        Files.copy(ROOT.resolve(name), target, StandardCopyOption.COPY_ATTRIBUTES);
    }

    private void write(String name) throws IOException {
        Path target = tree.resolve(name);
        Files.createDirectories(target.getParent());
        Files.writeString(target, "x");
    }

    private long builds() throws IOException {
        return Files.exists(tree.resolve("builds"))
                ? Files.readString(tree.resolve("builds")).lines().count()
                : 0;
    }

    private Shell.Result quoin(String... arguments) throws IOException {
        List<Object> command = new ArrayList<>(List.of(tree.resolve("quoin")));
        command.addAll(List.of(arguments));
        return shell.run(command.toArray());
    }

    @Test
    void buildsOnFirstUseAndSaysSo() throws IOException {
        Shell.Result result = quoin("list", "a b");
        assertThat(result.err()).isEqualTo("quoin: building (first use)...\n");
        assertThat(result.out()).isEqualTo("ran list a b\n");
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void buildsNothingWhenNothingChanged() throws IOException {
        quoin("list");
        Shell.Result result = quoin("list");
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).isEqualTo("ran list\n");
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void buildsAgainWhenASourceChanged() throws IOException {
        quoin("list");
        Path source = tree.resolve("codec/src/main/java/A.java");
        Files.setLastModifiedTime(source, FileTime.from(Instant.now().plusSeconds(1)));
        assertThat(quoin("list").err())
                .isEqualTo("quoin: building (codec/src/main/java/A.java changed)...\n");
        assertThat(builds()).isEqualTo(2);
    }

    @Test
    void buildsAgainWhenASourceIsGone() throws IOException {
        quoin("list");
        Files.delete(tree.resolve("codec/src/main/java/B.java"));
        assertThat(quoin("list").err())
                .isEqualTo("quoin: building (codec/src/main/java changed)...\n");
    }

    @Test
    void buildsTheNextTimeWhatChangedDuringABuild() throws IOException {
        Shell.script(tree.resolve("mvnw"), BUILD + "touch \"$here/codec/src/main/java/A.java\"\n");
        quoin("list");
        quoin("list");
        assertThat(builds()).isEqualTo(2);
    }

    @Test
    void runsWhatIsBuiltWhenToldNotToBuild() throws IOException {
        quoin("list");
        Files.delete(tree.resolve("codec/src/main/java/B.java"));
        shell.with("QUOIN_BUILD", "no");
        assertThat(quoin("list").err()).isEmpty();
        assertThat(builds()).isEqualTo(1);
    }

    @Test
    void buildsOnceForTwoFirstUsesAtTheSameTime() throws IOException {
        Shell.Running first = shell.start(List.of(tree.resolve("quoin"), "one"));
        Shell.Running second = shell.start(List.of(tree.resolve("quoin"), "two"));
        Shell.Result one = first.finish();
        Shell.Result two = second.finish();
        assertThat(one.out()).isEqualTo("ran one\n");
        assertThat(two.out()).isEqualTo("ran two\n");
        assertThat(builds()).isEqualTo(1);
        assertThat(one.err() + two.err())
                .contains("quoin: building (first use)...\n")
                .contains("quoin: waiting for the build that another quoin does\n");
    }

    @Test
    void showsTheErrorsOfABuildThatFailed() throws IOException {
        Shell.script(
                tree.resolve("mvnw"),
                "echo '[INFO] compiling'; echo '[ERROR] A.java: boom'; exit 1\n");
        Shell.Result result = quoin("list");
        assertThat(result.exitCode()).isEqualTo(3);
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .contains("[ERROR] A.java: boom\n")
                .contains("quoin: the build failed")
                .doesNotContain("compiling");
        Shell.script(tree.resolve("mvnw"), BUILD);
        assertThat(quoin("list").exitCode()).isZero();
    }

    @Test
    void runsThroughASymbolicLinkFromAnywhere() throws IOException {
        Path link = Files.createSymbolicLink(folder.resolve("q"), tree.resolve("quoin"));
        assertThat(shell.run(link, "list").out()).isEqualTo("ran list\n");
    }

    @Test
    void saysWhatToInstallWhenThereIsNoJdk25() throws IOException {
        Path finder = tree.resolve(".mvn/find-jdk.sh");
        String text = Files.readString(finder);
        assertThat(text).contains("/usr/lib/jvm/* /opt/jdk* /opt/java/*");
        Files.writeString(finder, text.replace("/usr/lib/jvm/* /opt/jdk* /opt/java/*", ""));
        shell.with("JAVA_HOME", Shell.pretendedJdk(folder.resolve("jdk17"), "17.0.15").toString());
        Shell.Result result = quoin("list");
        assertThat(result.exitCode()).isEqualTo(ExitCode.ENVIRONMENT.number());
        assertThat(result.out()).isEmpty();
        assertThat(result.err())
                .startsWith("quoin: no JDK 25 in JAVA_HOME, PATH")
                .contains("apt-get install -y temurin-25-jdk");
        assertThat(builds()).isZero();
    }
}
