package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;

/// A folder with a daemon in it, and what stock programs do to that daemon: the fixture of every test
/// that drives the product from outside.
///
/// Whatever is started, mounted or attached through it is undone by [#close], in reverse order, after a
/// failure too, and when the JVM is told to stop: processes by their id, mounts, loop devices, then the
/// folder. It lies in `/var/tmp`, which is on a disk (O_DIRECT) and can be reached by user `postgres`.
final class Workbench implements AutoCloseable {
    /// Where a program comes from, for those who do not have it.
    private static final Map<String, String> PACKAGES =
            Map.ofEntries(
                    Map.entry("fio", "fio"),
                    Map.entry("fusermount3", "fuse3"),
                    Map.entry("losetup", "util-linux"),
                    Map.entry("mkfs.ext4", "e2fsprogs"),
                    Map.entry("mount", "mount"),
                    Map.entry("nbdcopy", "libnbd-bin"),
                    Map.entry("nbdfuse", "libnbd-bin"),
                    Map.entry("nbdinfo", "libnbd-bin"),
                    Map.entry("nbdkit", "nbdkit"),
                    Map.entry("pg_amcheck", "postgresql"),
                    Map.entry("pgbench", "postgresql"),
                    Map.entry("psql", "postgresql"),
                    Map.entry("qemu-io", "qemu-utils"),
                    Map.entry("setpriv", "util-linux"),
                    Map.entry("umount", "mount"));

    private static final Path DIST = Path.of(System.getProperty("quoin.dist"));
    private static final long PATIENCE_SECONDS = 120;
    private static final Duration START = Duration.ofSeconds(60);

    /// Undoes one thing; what it throws is told, and does not keep the rest from being undone.
    @FunctionalInterface
    interface Undo {
        void run() throws Exception;
    }

    final Path folder;
    private final Shell shell = new Shell();
    private final Deque<Undo> undos = new ArrayDeque<>();
    private final Thread hook = new Thread(this::undoAll, "workbench-undo");
    private Path settings;
    private Process daemon;
    private int daemonStarts;
    private int attachments;

    Workbench() throws IOException {
        Runtime.getRuntime().addShutdownHook(hook);
        folder = Files.createTempDirectory(Path.of("/var/tmp"), "quoin-it");
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        undos.push(this::deleteFolder);
        shell.with("JAVA_HOME", System.getProperty("java.home"))
                .with("LC_ALL", "C.UTF-8")
                .with("QUOIN_CONTROL", control().toString());
    }

    private static void requirePresent(String program) {
        if (PACKAGES.containsKey(program)
                && Stream.of("/usr/sbin", "/usr/bin", "/sbin", "/bin")
                        .noneMatch(place -> Files.isExecutable(Path.of(place, program)))) {
            throw new AssertionError(
                    program + " is missing; as root: apt-get install -y " + PACKAGES.get(program));
        }
    }

    /// {@return how a program ended, whatever its exit code}
    ///
    /// @param command program and arguments
    Shell.Result attempt(Object... command) throws IOException {
        requirePresent(command[0].toString());
        return shell.start(List.of(command)).finish(PATIENCE_SECONDS);
    }

    /// {@return what a program that succeeded printed on both its streams}
    ///
    /// @param command program and arguments
    String run(Object... command) throws IOException {
        Shell.Result result = attempt(command);
        assertThat(result.exitCode())
                .as("%s%n%s%s", Arrays.toString(command), result.out(), result.err())
                .isZero();
        return result.out() + result.err();
    }

    /// {@return a program that runs on, and is killed in the end if need be}
    ///
    /// @param output where both its streams go; appended to
    /// @param command program and arguments
    Process start(Path output, List<?> command) throws IOException {
        requirePresent(command.getFirst().toString());
        ProcessBuilder builder =
                new ProcessBuilder(command.stream().map(Object::toString).toList());
        builder.environment().clear();
        builder.environment().putAll(shell.environment());
        builder.directory(folder.toFile());
        builder.redirectInput(Path.of("/dev/null").toFile());
        builder.redirectErrorStream(true);
        builder.redirectOutput(ProcessBuilder.Redirect.appendTo(output.toFile()));
        Process process = builder.start();
        undo(() -> kill(process));
        return process;
    }

    /// Kills a process and all it started, by their ids, and waits until they are gone.
    static void kill(Process process) throws InterruptedException {
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        all.forEach(ProcessHandle::destroyForcibly);
        process.waitFor(30, TimeUnit.SECONDS);
        await(
                "end of " + all,
                Duration.ofSeconds(30),
                () -> all.stream().noneMatch(ProcessHandle::isAlive));
    }

    /// Waits for a condition.
    static void await(String what, Duration patience, BooleanSupplier condition)
            throws InterruptedException {
        long end = System.nanoTime() + patience.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > end) {
                throw new AssertionError("waited " + patience.toSeconds() + " s for: " + what);
            }
            Thread.sleep(20);
        }
    }

    /// {@return what `quoin` printed; it succeeded}
    String quoin(Object... arguments) throws IOException {
        return run(prepend(DIST.resolve("bin/quoin"), arguments));
    }

    private static Object[] prepend(Object first, Object... rest) {
        return Stream.concat(Stream.of(first), Stream.of(rest)).toArray();
    }

    /// Makes a volume of sparse member files `m0`, `m1`, ... in the folder.
    void create(String name, String level, int memberCount, String memberSize) throws IOException {
        List<Object> command = new ArrayList<>(List.of("create", name, "--level", level));
        command.addAll(List.of("--size", memberSize, "--state", folder.resolve("state"), "--yes"));
        for (int slot = 0; slot < memberCount; slot++) {
            command.add(member(slot));
        }
        quoin(command.toArray());
    }

    /// {@return where the daemon takes commands}
    Path control() {
        return folder.resolve("control.sock");
    }

    /// {@return where the member of a slot lies, as made by [#create]}
    Path member(int slot) {
        return folder.resolve("m" + slot);
    }

    /// Has each daemon from now on read a settings file.
    void settings(String toml) throws IOException {
        settings = Files.writeString(folder.resolve("quoind.toml"), toml);
    }

    /// Starts the daemon and waits until it serves.
    void serve() throws IOException, InterruptedException {
        assertThat(daemon == null || !daemon.isAlive()).as("no daemon runs").isTrue();
        Path output = folder.resolve("quoind-" + ++daemonStarts + ".out");
        List<Object> command =
                new ArrayList<>(List.of(DIST.resolve("bin/quoin"), "serve", "--json"));
        command.addAll(List.of("--state", folder.resolve("state"), "--control", control()));
        command.addAll(List.of("--socket", folder.resolve("nbd.sock")));
        if (settings != null) {
            command.addAll(List.of("--config", settings));
        }
        daemon = start(output, command);
        await(
                "the daemon",
                START,
                () -> !daemon.isAlive() || text(output).lines().anyMatch(l -> l.startsWith("{")));
        assertThat(daemon.isAlive()).as("the daemon runs; it said: %s", text(output)).isTrue();
    }

    /// kill -9.
    void killDaemon() throws InterruptedException {
        assertThat(daemon.isAlive()).as("the daemon still runs: %s", daemonOutput()).isTrue();
        kill(daemon);
    }

    /// {@return what the daemons said, for failure messages}
    String daemonOutput() {
        StringBuilder all = new StringBuilder();
        for (int start = 1; start <= daemonStarts; start++) {
            all.append("-- quoind, start ").append(start).append('\n');
            all.append(text(folder.resolve("quoind-" + start + ".out")));
        }
        return all.toString();
    }

    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    /// {@return where a volume is for NBD clients}
    String uri(String volume) {
        return "nbd+unix:///" + volume + "?socket=" + folder.resolve("nbd.sock");
    }

    /// {@return a volume's status}
    JsonObject status(String volume) throws IOException {
        String text = quoin("status", "--json", volume);
        try {
            return JsonParser.object().from(text);
        } catch (JsonParserException e) {
            throw new AssertionError("expected JSON, was: " + text, e);
        }
    }

    /// {@return a loop device over a volume, by way of a file that nbdfuse shows}
    ///
    /// There is no NBD client in every kernel; this way needs fuse and loop only. I/O is direct, so
    /// what the file system above calls durable has reached the daemon.
    LoopDevice attach(String volume) throws IOException, InterruptedException {
        Path file = Files.createFile(folder.resolve("nbdfuse-" + ++attachments));
        Process fuse =
                start(
                        folder.resolve("nbdfuse.out"),
                        List.of("nbdfuse", file.toString(), uri(volume)));
        LoopDevice device = new LoopDevice(file, fuse);
        undo(device::detach);
        await("nbdfuse: " + file, START, () -> !fuse.isAlive() || length(file) > 0);
        assertThat(fuse.isAlive()).as(text(folder.resolve("nbdfuse.out"))).isTrue();
        device.name = run("losetup", "--find", "--show", "--direct-io=on", file).strip();
        return device;
    }

    /// Shows a file by way of nbdkit and nbdfuse: while its server is stopped, nothing is answered.
    ///
    /// @param shown the file to make
    /// @param backing what it shows
    /// @param filters options of nbdkit
    /// @param parameters of those
    /// @return its server
    Process showBySocket(Path shown, Path backing, List<String> filters, List<String> parameters)
            throws IOException, InterruptedException {
        Path socket = shown.resolveSibling(shown.getFileName() + ".sock");
        Path out = shown.resolveSibling(shown.getFileName() + ".out");
        List<Object> command = new ArrayList<>(List.of("nbdkit", "--foreground", "--unix", socket));
        command.addAll(filters);
        command.addAll(List.of("file", backing));
        command.addAll(parameters);
        Process server = start(out, command);
        await("nbdkit: " + shown, START, () -> Files.exists(socket));
        Files.createFile(shown);
        start(out, List.of("nbdfuse", shown, "nbd+unix:///?socket=" + socket));
        undo(() -> run("fusermount3", "-u", "-z", shown));
        await("nbdfuse: " + shown, START, () -> length(shown) == length(backing));
        return server;
    }

    private static long length(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            return 0;
        }
    }

    /// A loop device over a volume, perhaps with a mounted file system.
    final class LoopDevice {
        private final Path file;
        private final Process fuse;
        private String name;
        private Path mount;

        private LoopDevice(Path file, Process fuse) {
            this.file = file;
            this.fuse = fuse;
        }

        /// Makes a file system.
        ///
        /// A part of a device has blocks as large as the volume's: what is smaller is completed by a read, which waits for a member
        /// that stands still.
        ///
        /// @param bytes how large, from the beginning of the device; 0: all of it
        void format(long bytes) throws IOException {
            if (bytes == 0) {
                run("mkfs.ext4", "-q", name);
            } else {
                run("mkfs.ext4", "-q", "-b", 4096, name, (bytes >> 10) + "k");
            }
        }

        void mount(Path where) throws IOException {
            Files.createDirectories(where);
            run("mount", "-o", "noatime", name, where);
            mount = where;
        }

        /// Unmounts and detaches, in that order; what is done already is left. The volume below may be
        /// gone: then the file system has failed, and what it held back is lost, as at a power cut.
        void detach() throws IOException, InterruptedException {
            if (mount != null) {
                if (attempt("umount", mount).exitCode() != 0) {
                    Thread.sleep(1000); // the last process that used it is just ending
                    run("umount", mount);
                }
                mount = null;
            }
            if (name != null) {
                run("losetup", "--detach", name);
                name = null;
            }
            // Still mounted after nbdfuse has died, which it does when its server does; busy until
            // the
            // kernel has let go of the loop device.
            await("fusermount3 -u " + file, Duration.ofSeconds(20), this::isFuseGone);
            if (!fuse.waitFor(30, TimeUnit.SECONDS)) {
                kill(fuse);
            }
        }

        private boolean isFuseGone() {
            try {
                return attempt("fusermount3", "-u", file).exitCode() == 0
                        || !Files.readString(Path.of("/proc/self/mounts")).contains(file + " ");
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    /// Adds something to be undone in the end, before all that was added earlier.
    synchronized void undo(Undo undo) {
        undos.push(undo);
    }

    @Override
    public void close() {
        undoAll();
        try {
            Runtime.getRuntime().removeShutdownHook(hook);
        } catch (IllegalStateException e) {
            // The JVM is ending already, and the hook runs.
        }
    }

    private synchronized void undoAll() {
        while (!undos.isEmpty()) {
            try {
                undos.pop().run();
            } catch (Exception | AssertionError e) {
                System.err.println("workbench " + folder + ": not undone: " + e);
            }
        }
    }

    private void deleteFolder() throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(file);
            }
        } catch (NoSuchFileException e) {
            // gone already
        }
    }
}
