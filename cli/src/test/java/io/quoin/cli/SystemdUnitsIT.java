package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// systemd's own tools accept what `systemd/` delivers.
class SystemdUnitsIT {
    private static final Path DIST = Path.of(System.getProperty("quoin.dist"));
    private static final String HOME = "/opt/quoin";
    private static final List<String> UNITS =
            List.of("quoind.service", "quoin-scrub.service", "quoin-scrub.timer");

    @TempDir Path folder;
    private final Shell shell = new Shell();

    @Test
    void systemdFindsNothingToSayAboutTheUnits() throws IOException {
        List<Object> command =
                new ArrayList<>(List.of("systemd-analyze", "verify", "--recursive-errors=one"));
        for (String unit : UNITS) {
            // The programs stand where the build left them, not yet where they will be installed.
            String text = Files.readString(DIST.resolve("systemd").resolve(unit));
            assertThat(text).contains(HOME + "/");
            Path file = folder.resolve(unit);
            Files.writeString(file, text.replace(HOME + "/", DIST + "/"));
            command.add(file);
        }
        Shell.Result result = shell.run(command.toArray());
        assertThat(result.err()).isEmpty();
        assertThat(result.out()).isEmpty();
        assertThat(result.exitCode()).isZero();
    }

    @Test
    void theDaemonHasNoPrivilegeWorthNaming() throws IOException {
        Path unit = folder.resolve("quoind.service");
        Files.copy(DIST.resolve("systemd/quoind.service"), unit);
        Shell.Result result =
                shell.run(
                        "systemd-analyze",
                        "security",
                        "--no-pager",
                        "--offline=yes",
                        "--threshold=30",
                        unit);
        assertThat(result.exitCode()).as(result.out() + result.err()).isZero();
    }

    @Test
    void systemdMakesTheUserAndItsFolders() throws IOException {
        Path root = folder.resolve("root");
        for (String name : List.of("etc", "usr/lib/sysusers.d")) {
            Files.createDirectories(root.resolve(name));
        }
        Files.writeString(root.resolve("etc/group"), "root:x:0:\ndisk:x:6:\n");
        Files.writeString(root.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        Path systemd = DIST.resolve("systemd");
        Files.copy(systemd.resolve("sysusers.conf"), root.resolve("usr/lib/sysusers.d/quoin.conf"));
        Shell.Result users = shell.run("systemd-sysusers", "--root=" + root, "quoin.conf");
        assertThat(users.exitCode()).as(users.err()).isZero();
        assertThat(Files.readString(root.resolve("etc/passwd")))
                .contains(":Quoin journal device:/var/lib/quoin:");
        assertThat(Files.readString(root.resolve("etc/group"))).contains("disk:x:6:quoin");
    }
}
