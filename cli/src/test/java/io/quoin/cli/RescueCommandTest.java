package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `quoin rescue` says and refuses, on a volume that nothing was written to.
class RescueCommandTest {
    @TempDir Path folder;
    private Screen screen = Screen.ofPipe();

    private int quoin(String line) {
        screen = Screen.ofPipe();
        return Main.run(
                screen.terminal(),
                Stream.of(line.split(" "))
                        .map(word -> word.replace("@", folder + "/"))
                        .toArray(String[]::new));
    }

    @BeforeEach
    void create() {
        int code =
                quoin(
                        "create orders --level raid5 --size 100M @m0 @m1 @m2 --control @none.sock --state @state");
        assertThat(code).as(screen.err()).isZero();
    }

    private void refused(ExitCode exitCode, String message, String line) {
        assertThat(quoin(line + " --state @state")).isEqualTo(exitCode.number());
        assertThat(screen.err()).startsWith("quoin: ").contains(message).hasLineCount(1);
        assertThat(screen.out()).isEmpty();
    }

    @Test
    void whatIsThereIsNotOverwrittenAndMembersLeastOfAll() throws IOException {
        Files.writeString(folder.resolve("there"), "dear");
        refused(ExitCode.FAILED, "--force overwrites it", "rescue --to @there @m0 @m1");
        refused(ExitCode.FAILED, "--force overwrites it", "rescue --map @there @m0 @m1");
        assertThat(folder.resolve("there")).hasContent("dear");
        byte[] before = Files.readAllBytes(folder.resolve("m0"));
        refused(ExitCode.USAGE, "given as a member", "rescue --force --to @m0 @m0 @m1");
        Files.createLink(folder.resolve("alias"), folder.resolve("m0"));
        refused(ExitCode.USAGE, "given as a member", "rescue --force --map @alias @m0 @m1");
        refused(ExitCode.USAGE, "given twice", "rescue @m0 @alias");
        refused(ExitCode.USAGE, "expected two files", "rescue --to @new --map @new @m0 @m1");
        refused(ExitCode.FAILED, "is a directory", "rescue --to @. @m0 @m1");
        assertThat(Files.readAllBytes(folder.resolve("m0"))).isEqualTo(before);
        assertThat(folder.resolve("new")).doesNotExist();
    }

    @Test
    void withoutMembersItSaysWhatTheFilesAre() throws IOException {
        Files.write(folder.resolve("blank"), new byte[1 << 20]);
        refused(ExitCode.FAILED, "blank: no member, or all four copies", "rescue @blank");
        refused(ExitCode.FAILED, "no such file or device: left out", "rescue @nothing");
        refused(ExitCode.USAGE, "Missing required parameter: 'MEMBER'", "rescue");
    }

    @Test
    void anEmptyVolumesImageIsAHoleAndItsMapOneLine() throws Exception {
        Files.write(folder.resolve("blank"), new byte[1 << 20]);
        int code =
                quoin(
                        "rescue --json --to @image --map @map @nothing @m2 @blank @m0 --state @state");
        assertThat(code).as(screen.err()).isZero();
        JsonObject document = JsonParser.object().from(screen.out());
        long bytes = document.getLong("sizeBytes");
        assertThat(document.getBoolean("isComplete")).isTrue();
        assertThat(document.getLong("writtenBytes")).isZero();
        assertThat(document.getObject("blocks").getLong("empty")).isEqualTo(bytes / 4096);
        assertThat(document.getArray("extents")).isEmpty();
        assertThat(document.getArray("unopened").getString(0)).contains("no such file");
        assertThat(document.getArray("files")).hasSize(3);
        assertThat(Files.size(folder.resolve("image"))).isEqualTo(bytes);
        assertThat(Files.readAllLines(folder.resolve("map")))
                .filteredOn(line -> !line.startsWith("#"))
                .containsExactly(
                        "0x00000000     +               1",
                        String.format("0x00000000  0x%08X  +", bytes));
    }

    @Test
    void oneOfThreeWithoutTheWitnessVouchesForNothing() {
        assertThat(quoin("rescue @m1 --state @elsewhere")).isEqualTo(1);
        assertThat(screen.out())
                .contains("doubt       volume orders: the absent members")
                .contains("good        0 blocks, 0 B")
                .contains("in sync  " + folder.resolve("m1"));
    }
}
