package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;
import io.quoin.volume.fault.Plant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/// `quoin simulate` as its users see it.
final class SimulateCommandTest {
    private static final String QUICK =
            "simulate --seed 7 --seeds 2 --profile CRASHES,STORM --layout raid1/2,raid5/3 --json";

    @AfterEach
    void pullOut() {
        Plant.set(null);
    }

    private static Screen run(ExitCode expected, String line) {
        Screen screen = Screen.ofPipe();
        assertThat(Main.run(screen.terminal(), line.split(" ")))
                .as(screen.out() + screen.err())
                .isEqualTo(expected.number());
        return screen;
    }

    @Test
    void sameSeedSameHistoryHoweverManyThreads() throws JsonParserException {
        JsonObject one =
                JsonParser.object().from(run(ExitCode.OK, QUICK + " --threads 1 --marks").out());
        JsonObject two =
                JsonParser.object().from(run(ExitCode.OK, QUICK + " --threads 2 --marks").out());
        assertThat(one.getInt("runs")).isEqualTo(8);
        assertThat(one.getString("total")).isEqualTo(two.getString("total")).contains("trace");
        assertThat(one.getObject("faults")).isEqualTo(two.getObject("faults"));
        assertThat(one.getObject("marks")).isEqualTo(two.getObject("marks")).isNotEmpty();
    }

    @Test
    void aBrokenPromiseIsReplayedByTheCommandThatIsPrinted() {
        String planted = " --plant ACKNOWLEDGE_VOLATILE";
        String[] lines =
                run(
                                ExitCode.FAILED,
                                "simulate --seeds 20 --profile CRASHES --layout raid1/2" + planted)
                        .out()
                        .split("\n");
        String broken = line(lines, "broken: ");
        assertThat(broken).contains("expected");
        String replay = line(lines, "replay: ").substring("quoin ".length());
        assertThat(run(ExitCode.FAILED, replay + planted).err())
                .endsWith("quoin: " + broken + "\n");
        String shortest = line(lines, "shortest: ").substring("quoin ".length());
        assertThat(run(ExitCode.FAILED, shortest + planted).err())
                .endsWith("quoin: " + line(lines, "it breaks: ") + "\n");
        // Without the bug the same histories are fine.
        run(ExitCode.OK, replay);
    }

    private static String line(String[] lines, String start) {
        for (String line : lines) {
            if (line.startsWith(start)) {
                return line.substring(start.length());
            }
        }
        throw new AssertionError("no line that starts with " + start);
    }
}
