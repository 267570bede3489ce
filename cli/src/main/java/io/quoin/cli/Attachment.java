package io.quoin.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The programs that show a volume as a file or device, and what the kernel says of them.
final class Attachment {
    private static final long PATIENCE_SECONDS = 60;

    private Attachment() {}

    /// {@return whether a path means a device of the kernel's NBD client}
    static boolean isKernelDevice(Path path) {
        return path.toString().matches("/dev/nbd\\d+");
    }

    /// {@return whether something is mounted at a path}
    ///
    /// @throws IOException when the kernel does not say
    static boolean isMounted(Path path) throws IOException {
        // Octal escapes stand for blanks and the like: proc_pid_mounts(5).
        String shown =
                path.toString()
                        .replace("\\", "\\134")
                        .replace(" ", "\\040")
                        .replace("\t", "\\011")
                        .replace("\n", "\\012");
        for (String line : Files.readAllLines(Path.of("/proc/self/mounts"))) {
            String[] words = line.split(" ");
            if (words.length > 1 && words[1].equals(shown)) {
                return true;
            }
        }
        return false;
    }

    /// Refuses when a program is missing.
    ///
    /// @param program looked for in PATH
    /// @param debianPackage what to install
    /// @throws CommandFailure naming the package
    static void require(String program, String debianPackage) throws CommandFailure {
        for (String directory : System.getenv().getOrDefault("PATH", "").split(":")) {
            if (!directory.isEmpty() && Files.isExecutable(Path.of(directory, program))) {
                return;
            }
        }
        throw CommandFailure.environment(
                program + " is missing: apt-get install -y " + debianPackage);
    }

    /// Runs a program to its end.
    ///
    /// @param debianPackage what to install when it is missing
    /// @param command program and arguments
    /// @throws CommandFailure with its last line when it fails
    static void run(String debianPackage, String... command)
            throws CommandFailure, IOException, InterruptedException {
        require(command[0], debianPackage);
        Process process =
                new ProcessBuilder(List.of(command))
                        .redirectInput(Path.of("/dev/null").toFile())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
            process.destroy();
            throw CommandFailure.failed(command[0] + ": no end within " + PATIENCE_SECONDS + " s");
        }
        if (process.exitValue() != 0) {
            throw CommandFailure.failed(
                    command[0] + " ended with " + process.exitValue() + ": " + lastLine(said));
        }
    }

    static String lastLine(String text) {
        return text.lines().filter(line -> !line.isBlank()).reduce("", (before, line) -> line);
    }
}
