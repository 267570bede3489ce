package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class CommandsTest {
    @TempDir Path folder;
    private final Screen screen = Screen.ofPipe();

    private int quoin(String line) {
        return Main.run(
                screen.terminal(),
                Stream.of(line.split(" "))
                        .map(word -> word.replace("@", folder + "/"))
                        .toArray(String[]::new));
    }

    private static List<CommandLine> leaves(CommandLine line) {
        List<CommandLine> found = new ArrayList<>();
        for (CommandLine each : line.getSubcommands().values()) {
            if (each.getSubcommands().isEmpty()) {
                found.add(each);
            } else {
                found.addAll(leaves(each));
            }
        }
        return found;
    }

    @Test
    void everyCommandHasAJsonTwinAndSaysWhatItDoes() {
        for (CommandLine each : leaves(Main.commandLine(screen.terminal()))) {
            String name = each.getCommandSpec().qualifiedName();
            assertThat(each.getCommandSpec().usageMessage().description()).as(name).isNotEmpty();
            if (!name.endsWith(" help") && !name.endsWith("completion")) {
                assertThat(each.getCommandSpec().findOption("--json")).as(name).isNotNull();
            }
        }
    }

    static Stream<Arguments> usageErrors() {
        return Stream.of(
                Arguments.of(
                        "member",
                        "expected one of fail, replace, return, was nothing; see `quoin member --help`"),
                Arguments.of("scrub halt", "Unmatched argument"),
                Arguments.of("scrub start", "expected NAME or --all"),
                Arguments.of("scrub pause orders --all", "--all and orders: expected one of them"),
                Arguments.of("open", "open: expected members, or --name of a remembered volume"),
                Arguments.of(
                        "rate orders fast",
                        "expected a size such as 4096, 256M or 1.5 GiB, was \"fast\""),
                Arguments.of("status --watch 0", "--watch: expected 0.1 to 86400 seconds, was 0.0"),
                Arguments.of("create", "Missing required"),
                Arguments.of(
                        "create orders --level raid1 --size 0 @a @b",
                        "--size: expected more than 0, was 0"),
                Arguments.of(
                        "simulate --for soon", "--for: expected a time such as 90s, 10m or 2h"),
                Arguments.of("simulate --layout raid9/2", "--layout: expected one of [raid0/2, "),
                Arguments.of("simulate --threads 0", "--threads: expected 1 or more, was 0"),
                Arguments.of("simulate --only 3,x --layout raid1/2", "--only: expected"),
                Arguments.of("member fail orders", "Missing required parameter: 'MEMBER'"),
                Arguments.of("examine", "Missing required parameter: 'PATH'"));
    }

    @ParameterizedTest
    @MethodSource("usageErrors")
    void saysInOneLineWhatMakesNoSense(String line, String message) {
        assertThat(quoin(line)).isEqualTo(ExitCode.USAGE.number());
        assertThat(screen.err()).startsWith("quoin: ").contains(message).hasLineCount(1);
        assertThat(screen.out()).isEmpty();
    }

    @Test
    void withoutADaemonCommandsSayHowToStartOne() {
        for (String line :
                List.of("list", "status orders", "close a", "scrub start --all", "rate a 0")) {
            assertThat(quoin(line + " --control @none.sock"))
                    .isEqualTo(ExitCode.ENVIRONMENT.number());
        }
        assertThat(screen.err().lines())
                .hasSize(5)
                .allMatch(line ->
                        line.startsWith("quoin: no daemon at " + folder.resolve("none.sock"))
                                && line.contains("`quoin serve`"));
    }

    private JsonObject document() throws JsonParserException {
        return JsonParser.object().from(screen.out());
    }

    @Test
    void aVolumeIsMadeHereWhenNoDaemonRuns() throws JsonParserException, IOException {
        int code =
                quoin(
                        "create orders --level raid10 --copies 2 --size 100M --unit 64K --guard crc16+hamming"
                                + " @m0 @m1 @m2 @m3 --control @none.sock --state @state --json");
        assertThat(code).as(screen.err()).isZero();
        JsonObject created = document();
        assertThat(created.getString("level")).isEqualTo("raid10");
        assertThat(created.getInt("groupCount")).isEqualTo(2);
        assertThat(created.getInt("unitBytes")).isEqualTo(65_536);
        assertThat(created.getString("guard")).isEqualTo("crc16+hamming");
        assertThat(created.getBoolean("isServed")).isFalse();
        assertThat(created.getBoolean("isRemembered")).isTrue();
        assertThat(Files.readString(folder.resolve("state/volumes/orders.toml")))
                .contains("name = \"orders\"")
                .contains("\"" + folder.resolve("m3") + "\"");
    }

    @Test
    void aVolumeThatCannotBeRememberedIsMadeAllTheSame() throws IOException, JsonParserException {
        Files.createFile(folder.resolve("file"));
        assertThat(
                        quoin(
                                "create orders --level raid1 --size 100M @m0 @m1 --control @none.sock"
                                        + " --state @file/state --json"))
                .as(screen.err())
                .isZero();
        assertThat(document().getBoolean("isRemembered")).isFalse();
        assertThat(document().getArray("notes").getString(0))
                .contains("serve it with `quoin serve");
    }

    @Test
    void completionKnowsTheCommands() {
        assertThat(quoin("completion")).isZero();
        assertThat(screen.out()).contains("create serve list status").contains("--force");
    }

    private static String text(Report report) {
        StringWriter text = new StringWriter();
        PrintWriter out = new PrintWriter(text, true);
        report.writeText(out);
        return text.toString();
    }

    @Test
    void statusIsReadableAndItsJsonIsTheDaemons() throws JsonParserException {
        JsonObject volume =
                JsonParser.object()
                        .from(
                                """
                                {"name":"orders","uuid":"u","state":"degraded","guarantee":"survives",
                                 "redundancyLeft":0,"level":"raid5","dataCount":2,"parityCount":1,
                                 "groupCount":1,"sizeBytes":1073741824,"unitBytes":16384,"guard":"crc32c",
                                 "configEpoch":4,"ownerEpoch":2,"isRemembered":false,
                                 "uris":["nbd+unix:///orders?socket=/s"],"journalBytes":4096,"dirtyBlocks":3,
                                 "members":[
                                  {"slot":0,"state":"in sync","path":"/m0","cursor":0,"total":8,"mode":"O_DIRECT"},
                                  {"slot":1,"state":"rebuilding","path":"/m1","cursor":3,"total":8,"mode":"O_DIRECT",
                                   "readErrors":2,"repairedBlocks":5,"writeSlowestMicros":12500,"isSlow":true},
                                  {"slot":2,"state":"missing","path":null,"cursor":0,"total":8,"mode":""}],
                                 "jobs":[{"id":7,"kind":"rebuild","state":"running","slot":1,"cursor":3,"total":8,
                                  "bytesPerSecond":1048576,"secondsLeft":9,
                                  "checkedBlocks":96,"repairedBlocks":1,"lostBlocks":0,"suspectRows":0}]}
                                """);
        VolumeReport report = new VolumeReport(volume);
        assertThat(report.toJson()).isSameAs(volume);
        assertThat(text(report))
                .isEqualTo(
                        """
                        volume     orders (u)
                        state      degraded
                        guarantee  survives
                        level      raid5 (2+1), unit 16 KiB, guard crc32c
                        size       1 GiB
                        epochs     config 4, owner 2
                        export     nbd+unix:///orders?socket=/s
                        journal    4 KiB in use, 3 blocks not yet home
                        restart    not served after a restart of the daemon (quoin open remembers it)
                        job        rebuild 7 of slot 1 running at 37.5 %, 1 MiB/s, 9 s left: 96 blocks checked, 1 repaired, 0 lost, 0 rows suspect

                        slot  state       rebuilt  read errors  repaired       write p99  member  access
                           0  in sync           -            0         0               -  /m0     O_DIRECT
                           1  rebuilding   37.5 %            2         5  12500 us, slow  /m1     O_DIRECT
                           2  missing           -            0         0               -  -       -
                        """);
    }

    @Test
    void aMemberIsPointedAtBySlotOrPath() throws Exception {
        JsonObject volume =
                JsonParser.object()
                        .from(
                                "{\"name\":\"o\",\"members\":[{\"slot\":0,\"path\":\"/m0\"},{\"slot\":1,\"path\":null}]}");
        assertThat(SlotArgument.find(volume, "1").getInt("slot")).isEqualTo(1);
        assertThat(SlotArgument.find(volume, "/x/../m0").getInt("slot")).isZero();
        for (String wrong : List.of("2", "-1", "/m1", "99999999999")) {
            try {
                SlotArgument.find(volume, wrong);
                throw new AssertionError(wrong);
            } catch (CommandFailure e) {
                assertThat(e)
                        .hasMessage(
                                "volume o: expected a slot from 0 to 1 or the path or URI of a member, was "
                                        + wrong);
            }
        }
    }
}
