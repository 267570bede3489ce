package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/// The built distribution in a folder of its own: state, sockets and member files; `quoin` as a process,
/// and daemons that are killed when the test is over.
final class Installation implements AutoCloseable {
    private static final Path DIST = Path.of(System.getProperty("quoin.dist"));
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final long READY_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final Path folder;
    private final Shell shell;
    private final List<DaemonProcess> daemons = new ArrayList<>();
    private final List<Shell.Running> others = new ArrayList<>();

    Installation(Path folder) {
        this.folder = folder;
        shell = new Shell().with("QUOIN_CONTROL", control().toString());
    }

    Path control() {
        return folder.resolve("control.sock");
    }

    Path state() {
        return folder.resolve("state");
    }

    /// Sets what programs find in their environment.
    void environment(String name, String value) {
        shell.with(name, value);
    }

    Path path(String name) {
        return folder.resolve(name);
    }

    /// {@return where an export is}
    String uri(String volume) {
        return "nbd+unix:///" + volume + "?socket=" + folder.resolve("nbd.sock");
    }

    /// Makes a sparse file, or makes one anew.
    Path file(String name, long bytes) throws IOException {
        Path path = folder.resolve(name);
        Files.write(path, new byte[0]);
        try (java.io.RandomAccessFile file = new java.io.RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(bytes);
        }
        return path;
    }

    /// Runs `quoin`; words that name no option and begin with `@` are paths in the folder.
    Shell.Result quoin(Object... words) throws IOException {
        List<Object> command = new ArrayList<>(List.of(DIST.resolve("bin/quoin")));
        for (Object word : words) {
            String text = word.toString();
            command.add(text.startsWith("@") ? folder.resolve(text.substring(1)) : text);
        }
        return shell.run(command.toArray());
    }

    /// Runs `quoin` and expects it to be done; {@return what it printed}
    String done(Object... words) throws IOException {
        Shell.Result result = quoin(words);
        assertThat(result.exitCode()).as(List.of(words) + ": " + result.err()).isZero();
        return result.out();
    }

    /// Runs `quoin --json` and expects it to be done; {@return its document}
    JsonObject json(Object... words) throws IOException {
        List<Object> command = new ArrayList<>(List.of(words));
        command.add("--json");
        return parse(done(command.toArray()));
    }

    static JsonObject parse(String text) {
        try {
            return JsonParser.object().from(text);
        } catch (JsonParserException e) {
            throw new AssertionError("no JSON: " + text, e);
        }
    }

    /// Runs `quoin` and expects a refusal: an exit code, one line, nothing on standard output.
    void refused(int exitCode, String message, Object... words) throws IOException {
        Shell.Result result = quoin(words);
        expectRefusal(result, exitCode, message, "quoin: ");
    }

    static void expectRefusal(Shell.Result result, int exitCode, String message, String beginning) {
        List<String> lines =
                result.err().lines().filter(line -> line.startsWith(beginning)).toList();
        assertThat(result.exitCode()).as(result.err() + result.out()).isEqualTo(exitCode);
        assertThat(lines).as(result.err()).hasSize(1);
        assertThat(lines.getFirst()).contains(message);
    }

    /// Runs a stock program and expects it to succeed; {@return what it printed}
    String tool(String debianPackage, Object... command) throws IOException {
        Shell.Result result;
        try {
            result = shell.run(command);
        } catch (IOException e) {
            throw new AssertionError(
                    command[0] + " is missing: apt-get install -y " + debianPackage, e);
        }
        assertThat(result.exitCode())
                .as(List.of(command) + ": " + result.out() + result.err())
                .isZero();
        return result.out();
    }

    /// Starts a stock program that runs until the test is over, or is ended by it.
    Process background(String debianPackage, Object... command) throws IOException {
        try {
            Shell.Running running = shell.start(List.of(command));
            others.add(running);
            return running.process();
        } catch (IOException e) {
            throw new AssertionError(
                    command[0] + " is missing: apt-get install -y " + debianPackage, e);
        }
    }

    /// Runs qemu-io on an export; {@return what it printed}
    String qemuIo(String volume, String... commands) throws IOException {
        List<Object> line = new ArrayList<>(List.of("qemu-io", "-f", "raw"));
        for (String command : commands) {
            line.add("-c");
            line.add(command);
        }
        line.add(uri(volume));
        String out = tool("qemu-utils", line.toArray());
        // qemu-io says so and ends with 0.
        assertThat(out).doesNotContain("failed").doesNotContain("error");
        return out;
    }

    /// Runs qemu-io on an export that may answer with errors.
    Shell.Result tryQemuIo(String volume, String command) throws IOException {
        return shell.run("qemu-io", "-f", "raw", "-c", command, uri(volume));
    }

    /// Waits until a volume's status is as expected.
    void awaitStatus(String volume, String what, Predicate<JsonObject> condition)
            throws InterruptedException {
        Workbench.await(
                "volume " + volume + ": " + what,
                PATIENCE,
                () -> {
                    try {
                        return condition.test(json("status", volume));
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    /// Waits until a volume has all its members, one of which is in the folder.
    void awaitOptimal(String volume, String memberName) throws InterruptedException {
        String path = path(memberName).toString();
        awaitStatus(
                volume,
                "optimal with " + memberName,
                status ->
                        status.getString("state").equals("optimal")
                                && status.getArray("members").toString().contains(path));
    }

    /// {@return a command that writes 4 KiB at random to a volume's first 200 MiB for minutes}
    ///
    /// @param more further options of fio
    List<String> randomWrites(String volume, String... more) {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "fio",
                                "--name=load",
                                "--thread",
                                "--ioengine=nbd",
                                "--uri=" + uri(volume),
                                "--rw=randwrite",
                                "--bs=4k",
                                "--iodepth=4",
                                "--size=200M",
                                "--time_based",
                                "--runtime=300"));
        command.addAll(List.of(more));
        return command;
    }

    /// Reads a volume with nbdcopy and compares its beginning with what it should be.
    void expectBytes(String volume, byte[] expected) throws IOException {
        Path copy = path("copy");
        Files.deleteIfExists(copy);
        tool("libnbd-bin", "nbdcopy", uri(volume), copy);
        try (var in = Files.newInputStream(copy)) {
            assertThat(in.readNBytes(expected.length)).isEqualTo(expected);
        }
        Files.delete(copy);
    }

    /// Waits until nothing of a volume is in the journal alone.
    void awaitHome(String volume) throws InterruptedException {
        awaitStatus(volume, "everything home", status -> status.getLong("dirtyBlocks") == 0);
    }

    /// A daemon in the foreground.
    final class DaemonProcess {
        private final Shell.Running running;

        private DaemonProcess(Shell.Running running) {
            this.running = running;
        }

        Process process() {
            return running.process();
        }

        /// {@return what it said when it was ready}
        JsonObject ready() throws IOException {
            return parse(Files.readString(running.out()));
        }

        String log() throws IOException {
            return Files.readString(running.err());
        }

        /// Ends it as a power cut does.
        void kill() throws IOException {
            process().destroyForcibly();
            running.finish();
            daemons.remove(this);
        }

        /// Ends it in order; {@return its log}
        Shell.Result stop() throws IOException {
            process().destroy();
            daemons.remove(this);
            return running.finish();
        }

        /// Waits for its end.
        Shell.Result finish() throws IOException {
            daemons.remove(this);
            return running.finish();
        }
    }

    /// Starts `quoin serve` with this folder's sockets and state, unless told otherwise.
    DaemonProcess start(Object... words) throws IOException {
        List<Object> command =
                new ArrayList<>(List.of(DIST.resolve("bin/quoin"), "serve", "--json"));
        List<String> given = new ArrayList<>();
        for (Object word : words) {
            String text = word.toString();
            given.add(text.startsWith("@") ? folder.resolve(text.substring(1)).toString() : text);
        }
        addUnlessGiven(command, given, "--state", state());
        addUnlessGiven(command, given, "--socket", folder.resolve("nbd.sock"));
        addUnlessGiven(command, given, "--control", control());
        if (!given.contains("--buffer")) {
            command.addAll(List.of("--buffer", "32M"));
        }
        command.addAll(given);
        DaemonProcess daemon = new DaemonProcess(shell.start(command));
        daemons.add(daemon);
        return daemon;
    }

    private static void addUnlessGiven(
            List<Object> command, List<String> given, String option, Path value) {
        if (!given.contains(option)) {
            command.add(option);
            command.add(value);
        }
    }

    /// Starts `quoin serve` and waits until it is ready.
    DaemonProcess serve(Object... words) throws IOException {
        DaemonProcess daemon = start(words);
        long deadline = System.nanoTime() + READY_NANOS;
        while (!Files.readString(daemon.running.out()).contains("\"ready\":true")) {
            if (!daemon.process().isAlive() || System.nanoTime() - deadline > 0) {
                String log = daemon.log();
                daemon.kill();
                throw new AssertionError("the daemon is not ready: " + log);
            }
            sleep(20);
        }
        return daemon;
    }

    /// Ends all daemons in order.
    void stopAll() throws IOException {
        for (DaemonProcess daemon : List.copyOf(daemons)) {
            daemon.stop();
        }
    }

    static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void close() throws IOException {
        for (DaemonProcess daemon : List.copyOf(daemons)) {
            System.err.println(daemon.log());
            daemon.kill();
        }
        for (Shell.Running each : others) {
            each.process().destroyForcibly();
            each.finish();
        }
    }
}
