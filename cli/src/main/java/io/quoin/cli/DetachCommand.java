package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/// `quoin detach FILE`: ends what `attach` began.
@Command(name = "detach", description = "Ends what attach began.")
final class DetachCommand extends QuoinCommand {
    private static final int PATIENCE = 500;

    @Parameters(paramLabel = "PATH", description = "The file, or /dev/nbdN.")
    private Path path;

    @Override
    ExitCode run(Output output) throws CommandFailure, IOException, InterruptedException {
        Path absolute = Paths.absolute(path);
        if (Attachment.isKernelDevice(absolute)) {
            Attachment.run("nbd-client", "nbd-client", "-d", absolute.toString());
        } else if (!Attachment.isMounted(absolute)) {
            throw CommandFailure.failed(absolute + ": nothing is attached there");
        } else {
            // nbdfuse flushes before it lets go; a moment later nothing is mounted any more.
            Attachment.run("fuse3", "fusermount3", "-u", absolute.toString());
            for (int i = 0; i < PATIENCE && Attachment.isMounted(absolute); i++) {
                Thread.sleep(10);
            }
        }
        output.print(new Detached(absolute.toString()));
        return ExitCode.OK;
    }

    private record Detached(String path) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("path", path);
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            out.println("detached: " + path);
        }
    }
}
