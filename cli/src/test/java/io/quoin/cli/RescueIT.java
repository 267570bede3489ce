package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// A volume that was killed amid its work, its daemon gone for good: what an operator gets back with `quoin rescue`, and what it says.
class RescueIT {
    private static final int CONTENT_BYTES = 24 << 20;

    private Workbench bench;
    private byte[] content;

    @BeforeEach
    void breakDown() throws Exception {
        bench = new Workbench();
        bench.create("orders", "raid5", 3, "160M");
        bench.serve();
        content = new byte[CONTENT_BYTES];
        for (int i = 0; i < content.length; i++) {
            content[i] = (byte) (i * 31 ^ i >>> 9 ^ i >>> 17);
        }
        Path source = bench.folder.resolve("source");
        Files.write(source, content);
        bench.run(
                "qemu-io",
                "-f",
                "raw",
                "-c",
                "write -s " + source + " 0 " + CONTENT_BYTES,
                "-c",
                "flush",
                bench.uri("orders"));
    }

    @AfterEach
    void remove() throws Exception {
        bench.close();
    }

    private Shell.Result rescue(Object... words) throws IOException {
        Object[] command = new Object[words.length + 4];
        command[0] = Path.of(System.getProperty("quoin.dist")).resolve("bin/quoin");
        command[1] = "rescue";
        command[2] = "--state";
        command[3] = bench.folder.resolve("state");
        System.arraycopy(words, 0, command, 4, words.length);
        return bench.attempt(command);
    }

    @Test
    void twoOfThreeMembersGiveEverythingAndOneGivesWhatItHas() throws Exception {
        Path image = bench.folder.resolve("image");
        Path map = bench.folder.resolve("map");
        Shell.Result refused = rescue("--to", image, bench.member(0));
        assertThat(refused.exitCode()).isEqualTo(1);
        assertThat(refused.err()).contains("another process holds its lock");
        assertThat(image).doesNotExist();
        Shell.Result live = rescue("--while-served", "--json", bench.member(0), bench.member(1));
        assertThat(live.exitCode()).isEqualTo(1);
        assertThat(Installation.parse(live.out()).getArray("doubts").getString(0))
                .startsWith("the members are in use");
        bench.killDaemon();
        byte[] before = Files.readAllBytes(bench.member(2));

        Shell.Result all = rescue("--to", image, "--map", map, bench.member(2), bench.member(1));

        assertThat(all.exitCode()).as(all.out() + all.err()).isZero();
        assertThat(all.out()).contains("lost        0 blocks").contains("unconfirmed 0 blocks");
        byte[] found = Files.readAllBytes(image);
        assertThat(Arrays.equals(found, 0, CONTENT_BYTES, content, 0, CONTENT_BYTES)).isTrue();
        for (int i = CONTENT_BYTES; i < found.length; i++) {
            if (found[i] != 0) {
                throw new AssertionError("byte " + i + ": expected 0, was " + found[i]);
            }
        }
        assertThat(Files.readString(map)).contains("0x00000000  0x%08X  +".formatted(found.length));
        assertThat(Files.readAllBytes(bench.member(2))).isEqualTo(before);

        Shell.Result part =
                rescue(
                        "--json",
                        "--force",
                        "--to",
                        image,
                        "--map",
                        map,
                        bench.folder.resolve("nothing"),
                        bench.member(0));
        assertThat(part.exitCode()).isEqualTo(1);
        JsonObject document = Installation.parse(part.out());
        JsonObject blocks = document.getObject("blocks");
        assertThat(document.getBoolean("isComplete")).isFalse();
        assertThat(blocks.getLong("lost")).isPositive();
        assertThat(blocks.getLong("unconfirmed")).isPositive();
        assertThat(document.getArray("doubts").getString(0)).contains("not stopped in order");
        assertThat(document.getArray("unopened")).hasSize(1);
        assertThat(Files.readString(map)).contains("  -\n").contains("  /\n");
        checkExtents(Files.readAllBytes(image), document.getArray("extents"), blocks);
    }

    /// What is not lost is what was written, for nobody wrote anything twice; what is lost is a hole.
    private void checkExtents(byte[] image, JsonArray extents, JsonObject blocks) {
        long lost = 0;
        for (Object each : extents) {
            JsonObject extent = (JsonObject) each;
            int from = (int) extent.getLong("offsetBytes");
            int end = from + (int) extent.getLong("lengthBytes");
            boolean isLost = extent.getString("state").equals("lost");
            lost += isLost ? end - from : 0;
            for (int i = from; i < end; i++) {
                byte expected = isLost || i >= content.length ? 0 : content[i];
                boolean isOlder = !isLost && image[i] == 0;
                if (image[i] != expected && !isOlder) {
                    throw new AssertionError(
                            "byte " + i + ": expected " + expected + ", was " + image[i]);
                }
            }
        }
        assertThat(lost).isEqualTo(4096 * blocks.getLong("lost"));
    }
}
