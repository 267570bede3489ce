package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// `quoin attach NAME FILE`: a volume as a file, by nbdfuse, or as `/dev/nbdN`, by nbd-client.
@Command(
        name = "attach",
        description = {
            "Shows a volume as a file, or as a device of the kernel.",
            "Files by nbdfuse; /dev/nbdN by nbd-client, where the kernel has nbd."
        })
final class AttachCommand extends QuoinCommand {
    @Mixin private DaemonOption daemon;

    @Parameters(index = "0", paramLabel = "NAME", description = "The volume.")
    private String name;

    @Parameters(
            index = "1",
            paramLabel = "PATH",
            description = "The file, made if it is not there, or /dev/nbdN.")
    private Path path;

    @Option(
            names = "--wait-seconds",
            paramLabel = "SECONDS",
            description = "How long to wait until it is there (20).")
    private int waitSeconds = 20;

    @Override
    ExitCode run(Output output) throws Exception {
        JsonObject volume = daemon.status(name);
        JsonArray uris = volume.getArray("uris", new JsonArray());
        if (uris.isEmpty()) {
            throw CommandFailure.failed("volume " + name + ": the daemon accepts no clients yet");
        }
        String uri = uris.getString(0);
        Path absolute = Paths.absolute(path);
        if (Attachment.isKernelDevice(absolute)) {
            attachKernel(absolute, uri);
        } else {
            attachFile(absolute, uri, volume.getLong("sizeBytes"));
        }
        output.print(new Attached(name, absolute.toString(), uri));
        return ExitCode.OK;
    }

    private static void attachKernel(Path device, String uri)
            throws CommandFailure, IOException, InterruptedException {
        if (!Files.exists(device)) {
            throw CommandFailure.environment(
                    device
                            + ": no such device: the kernel has no nbd, or `modprobe nbd` was not run;"
                            + " attach to a file instead");
        }
        Attachment.run("nbd-client", "nbd-client", "-persist", uri, device.toString());
    }

    private void attachFile(Path file, String uri, long sizeBytes)
            throws CommandFailure, IOException, InterruptedException {
        Attachment.require("nbdfuse", "libnbd-bin");
        boolean isMade = false;
        if (Files.isDirectory(file)) {
            throw CommandFailure.failed(file + ": expected a file or nothing, is a directory");
        }
        if (Attachment.isMounted(file)) {
            throw CommandFailure.failed(file + ": something is attached there already");
        }
        if (!Files.exists(file)) {
            Files.createFile(file);
            isMade = true;
        } else if (Files.size(file) > 0) {
            throw CommandFailure.failed(
                    file
                            + ": expected an empty file or nothing, found "
                            + Files.size(file)
                            + " bytes");
        }
        Path log = Files.createTempFile("quoin-attach", ".log");
        boolean isDone = false;
        try {
            List<String> command =
                    new ArrayList<>(List.of("setsid", "nbdfuse", file.toString(), uri));
            Process process =
                    new ProcessBuilder(command)
                            .redirectInput(Path.of("/dev/null").toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile())
                            .start();
            long deadline = System.nanoTime() + waitSeconds * 1_000_000_000L;
            while (!Attachment.isMounted(file) || Files.size(file) != sizeBytes) {
                if (!process.isAlive()) {
                    throw CommandFailure.failed(
                            "nbdfuse ended with "
                                    + process.exitValue()
                                    + ": "
                                    + Attachment.lastLine(Files.readString(log)));
                }
                if (System.nanoTime() - deadline > 0) {
                    process.destroy();
                    throw CommandFailure.failed(
                            file
                                    + ": nbdfuse did not show the volume within "
                                    + waitSeconds
                                    + " s");
                }
                Thread.sleep(20);
            }
            isDone = true;
        } finally {
            Files.deleteIfExists(log);
            if (!isDone && isMade) {
                Files.deleteIfExists(file);
            }
        }
    }

    private record Attached(String name, String path, String uri) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("volume", name);
            json.put("path", path);
            json.put("uri", uri);
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            out.println("volume " + name + " attached: " + path);
        }
    }
}
