package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import java.io.PrintWriter;
import picocli.CommandLine.Command;

/// `quoin version`: what `--version` says, with its JSON twin.
@Command(
        name = "version",
        description = "Shows the versions of Quoin and of the Java that runs it.")
final class VersionCommand extends QuoinCommand {
    @Override
    ExitCode run(Output output) {
        output.print(new Versions(Build.version(), Build.java(), Build.platform()));
        return ExitCode.OK;
    }

    private record Versions(String version, String java, String platform) implements Report {
        @Override
        public JsonObject toJson() {
            JsonObject json = new JsonObject();
            json.put("version", version);
            json.put("java", java);
            json.put("platform", platform);
            return json;
        }

        @Override
        public void writeText(PrintWriter out) {
            Table.of(Table.left("quoin"), Table.left("java"), Table.left("platform"))
                    .row(version, java, platform)
                    .writeTo(out);
        }
    }
}
