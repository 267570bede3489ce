package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What `quoin doctor` says of a volume whose members lie side by side on this machine.
class DoctorIT {
    @TempDir Path folder;
    private Installation here;

    @BeforeEach
    void install() {
        here = new Installation(folder);
    }

    @AfterEach
    void remove() throws IOException {
        here.close();
    }

    private List<String> findings(Object... words) throws IOException {
        Object[] command = new Object[words.length + 2];
        command[0] = "doctor";
        System.arraycopy(words, 0, command, 1, words.length);
        command[words.length + 1] = "--json";
        Shell.Result result = here.quoin(command);
        JsonObject found = Installation.parse(result.out());
        return found.getArray("findings").stream()
                .map(each -> (JsonObject) each)
                .map(each ->
                        each.getString("level")
                                + ": "
                                + each.getString("where")
                                + ": "
                                + each.getString("what"))
                .toList();
    }

    @Test
    void namesWhatIsWeakAndNoMoreWhatWasMended() throws Exception {
        here.serve();
        here.done("create", "orders", "--level", "raid5", "--size", "160M", "@m0", "@m1", "@m2");
        Shell.Result result = here.quoin("doctor");
        assertThat(result.exitCode()).as(result.err()).isEqualTo(ExitCode.FAILED.number());
        assertThat(result.out())
                .contains("note  orders: has no spare")
                .contains("    quoin spare add PATH")
                .contains("warning  orders: its last scrub did not end, or there was none")
                .contains("serves no metrics");
        here.done("scrub", "start", "orders", "--wait");
        here.done("drill", "orders");
        assertThat(findings("orders"))
                .noneMatch(each -> each.contains("scrub") || each.contains("drilled"));

        here.done("member", "fail", "orders", 1, "--yes");
        assertThat(findings("orders").getFirst()).startsWith("danger: orders: ");
        assertThat(findings("orders"))
                .contains("danger: orders: bears 0 lost members now, and 1 when whole");
        here.refused(ExitCode.FAILED.number(), "volume other", "doctor", "other");
    }
}
