package io.quoin.cli.hostile;

import java.io.IOException;
import java.io.RandomAccessFile;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// The built daemon as a process of its own, with an export to attack and one to keep, and what can be
/// seen of it from outside.
final class AttackedDaemon implements AutoCloseable {
    /// The export of the good client.
    static final String LEDGER = "ledger";

    private static final int READY_SECONDS = 60;

    final Path folder;
    final InetSocketAddress tcp;
    private final Path dist;
    private final Process process;
    private final Path log;
    private long readBytes;

    AttackedDaemon(Path dist) throws IOException, InterruptedException {
        this.dist = dist;
        folder = Files.createTempDirectory(Path.of("/var/tmp"), "quoin-hostile");
        log = folder.resolve("quoind.log");
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        tcp = new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
        // The export that was there first is the default: it must be the one to attack.
        quoin(
                "create",
                HostileSession.EXPORT,
                "--level",
                "raid1",
                "--size",
                "128M",
                "--state",
                path("state"),
                "--yes",
                path("a0"),
                path("a1"));
        process =
                start(
                        log,
                        "serve",
                        "--json",
                        "--state",
                        path("state"),
                        "--control",
                        path("control.sock"),
                        "--socket",
                        socket().toString(),
                        "--tcp",
                        "127.0.0.1:" + port,
                        "--buffer",
                        "64M");
        boolean isReady = false;
        try {
            for (int i = 0; i < READY_SECONDS * 20 && !isReady; i++) {
                if (!process.isAlive()) {
                    throw new IOException("the daemon ended: " + Files.readString(log));
                }
                TimeUnit.MILLISECONDS.sleep(50);
                isReady = Files.readString(log).contains("\"ready\":true");
            }
            if (!isReady) {
                throw new IOException("the daemon is not ready: " + Files.readString(log));
            }
            quoin(
                    "create",
                    LEDGER,
                    "--level",
                    "raid1",
                    "--size",
                    "128M",
                    "--yes",
                    path("l0"),
                    path("l1"));
        } catch (IOException | InterruptedException e) {
            close();
            throw e;
        }
    }

    Path socket() {
        return folder.resolve("nbd.sock");
    }

    private String path(String name) {
        return folder.resolve(name).toString();
    }

    private Process start(Path output, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(dist.resolve("bin/quoin").toString()));
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command);
        builder.environment().put("QUOIN_CONTROL", path("control.sock"));
        builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
        builder.redirectErrorStream(true).redirectOutput(output.toFile());
        builder.redirectInput(Path.of("/dev/null").toFile());
        return builder.start();
    }

    private void quoin(String... words) throws IOException, InterruptedException {
        Path output = folder.resolve("quoin.out");
        Process run = start(output, words);
        if (!run.waitFor(READY_SECONDS, TimeUnit.SECONDS) || run.exitValue() != 0) {
            run.destroyForcibly();
            throw new IOException("quoin " + List.of(words) + ": " + Files.readString(output));
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /// {@return memory of the process that is in RAM}
    long residentBytes() {
        return 1024 * field("status", "VmRSS:");
    }

    /// {@return threads of the process}
    long threadCount() {
        return field("status", "Threads:");
    }

    private long field(String file, String name) {
        try (Stream<String> lines = Files.lines(proc(file))) {
            return lines.filter(line -> line.startsWith(name))
                    .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                    .findFirst()
                    .orElse(0);
        } catch (IOException | java.io.UncheckedIOException e) {
            return 0;
        }
    }

    private Path proc(String name) {
        return Path.of("/proc", String.valueOf(process.pid()), name);
    }

    /// {@return open file descriptors}
    long descriptorCount() {
        try (Stream<Path> files = Files.list(proc("fd"))) {
            return files.count();
        } catch (IOException e) {
            return 0;
        }
    }

    /// {@return lines that the log has got since the last call and that no client should bring about}
    List<String> newTrouble() throws IOException {
        List<String> trouble = new ArrayList<>();
        try (RandomAccessFile file = new RandomAccessFile(log.toFile(), "r")) {
            byte[] bytes = new byte[(int) Math.min(1 << 20, file.length() - readBytes)];
            file.seek(readBytes);
            file.readFully(bytes);
            String text = new String(bytes, java.nio.charset.StandardCharsets.UTF_8);
            int end = text.lastIndexOf('\n') + 1;
            readBytes +=
                    text.substring(0, end).getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
            for (String line : text.substring(0, end).split("\n")) {
                if (line.matches(".*(Exception|Error\\b|\\bat io\\.quoin|\\berror\\b).*")) {
                    trouble.add(line);
                }
            }
        }
        return trouble;
    }

    /// {@return what its threads do now, each with its stack}
    String stacks() throws IOException, InterruptedException {
        Path output = folder.resolve("stacks");
        Process jcmd =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin/jcmd").toString(),
                                String.valueOf(process.pid()),
                                "Thread.print")
                        .redirectErrorStream(true)
                        .redirectOutput(output.toFile())
                        .start();
        if (!jcmd.waitFor(20, TimeUnit.SECONDS)) {
            jcmd.destroyForcibly();
        }
        return Files.readString(output);
    }

    String log() throws IOException {
        return Files.readString(log);
    }

    /// Stops it in order; {@return how long that took in nanoseconds, -1 when it had to be killed}
    long stop() throws InterruptedException {
        long start = System.nanoTime();
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        process.destroy();
        boolean isOver = process.waitFor(20, TimeUnit.SECONDS);
        if (!isOver) {
            process.destroyForcibly();
        }
        all.forEach(ProcessHandle::destroyForcibly);
        return isOver ? System.nanoTime() - start : -1;
    }

    @Override
    public void close() {
        try {
            if (process != null && process.isAlive()) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
            }
            try (Stream<Path> files = Files.walk(folder)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            }
        } catch (IOException | InterruptedException e) {
            System.err.println(folder + ": not removed: " + e);
        }
    }
}
