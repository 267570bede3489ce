package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The README's first command, on the built distribution.
final class DemoIT {
    private static final Path DIST = Path.of(System.getProperty("quoin.dist"));
    private static final long PATIENCE_SECONDS = 240;

    @TempDir private Path folder;

    @Test
    void theDemoLosesNothingAndFindsWhateverItInjects() throws Exception {
        Path out = folder.resolve("out");
        Path err = folder.resolve("err");
        Process demo =
                new ProcessBuilder(
                                DIST.resolve("bin/quoin").toString(),
                                "demo",
                                "--json",
                                "--dir",
                                folder.toString())
                        .redirectOutput(out.toFile())
                        .redirectError(err.toFile())
                        .start();
        boolean isEnded = demo.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS);
        if (!isEnded) {
            demo.descendants().forEach(ProcessHandle::destroyForcibly);
            demo.destroyForcibly();
        }
        assertThat(isEnded).as("ended within %s s", PATIENCE_SECONDS).isTrue();
        assertThat(demo.exitValue()).as(Files.readString(err)).isZero();
        JsonObject result = JsonParser.object().from(Files.readString(out));
        assertThat(result.getLong("lost", -1)).isZero();
        assertThat(result.getLong("acknowledgedOrders")).isPositive();
        for (Object each : result.getArray("lines")) {
            JsonObject line = (JsonObject) each;
            String what = line.getString("what");
            assertThat(line.getLong("lost", -1)).as(what).isZero();
            if (!line.isNull("detected")) {
                assertThat(line.getLong("detected")).as(what).isEqualTo(line.getLong("injected"));
            }
            if (!line.isNull("repaired")) {
                assertThat(line.getLong("repaired")).as(what).isEqualTo(line.getLong("injected"));
            }
        }
    }
}
