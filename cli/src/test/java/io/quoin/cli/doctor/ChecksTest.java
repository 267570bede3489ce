package io.quoin.cli.doctor;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChecksTest {
    private static final long NOW = 1_800_000_000_000L;
    private static final long DAY = 86_400_000L;

    @TempDir Path root;

    private static JsonObject object(Object... namesAndValues) {
        JsonObject json = new JsonObject();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            json.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return json;
    }

    private static JsonArray array(JsonObject... objects) {
        JsonArray array = new JsonArray();
        array.addAll(List.of(objects));
        return array;
    }

    private static JsonObject well() {
        JsonObject spareDrill = object("state", "ok", "endedMillis", NOW - DAY);
        return object(
                "name",
                "orders",
                "state",
                "optimal",
                "level",
                "raid5",
                "parityCount",
                1,
                "redundancyLeft",
                1,
                "guard",
                "crc32c",
                "isRemembered",
                true,
                "canaryBytes",
                4096,
                "counters",
                object("blocksLost", 0, "rowsSuspect", 0),
                "members",
                array(object("slot", 0, "path", "/m0", "isWorn", false, "isSlow", false)),
                "drill",
                object("state", "ok", "endedMillis", NOW - DAY),
                "jobs",
                array(object("kind", "scrub", "state", "done", "finishedMillis", NOW - DAY)),
                "spares",
                array(object("path", "/s", "drill", spareDrill)));
    }

    private static List<Finding> with(Consumer<JsonObject> change) {
        JsonObject volume = well();
        change.accept(volume);
        return VolumeChecks.of(volume, NOW);
    }

    private static void expect(Finding.Level level, String what, Consumer<JsonObject> change) {
        assertThat(with(change))
                .singleElement()
                .satisfies(each -> {
                    assertThat(each.what()).contains(what);
                    assertThat(each.level()).isEqualTo(level);
                    assertThat(each.where()).startsWith("orders");
                    assertThat(each.fix()).isNotBlank();
                });
    }

    @Test
    void aVolumeThatIsWellHasNoFindings() {
        assertThat(with(volume -> {})).isEmpty();
    }

    @Test
    void eachWeaknessOfAVolumeIsNamed() {
        expect(
                Finding.Level.DANGER,
                "bears 0 lost members now, and 1 when whole",
                volume -> volume.put("redundancyLeft", 0));
        expect(Finding.Level.DANGER, "is suspended", volume -> volume.put("state", "suspended"));
        expect(
                Finding.Level.DANGER,
                "7 blocks that cannot be read",
                volume -> volume.put("counters", object("blocksLost", 7, "rowsSuspect", 0)));
        expect(
                Finding.Level.DANGER,
                "none can be convicted",
                volume -> volume.put("counters", object("blocksLost", 0, "rowsSuspect", 1)));
        expect(Finding.Level.NOTE, "CRC16 alone", volume -> volume.put("guard", "crc16"));
        expect(Finding.Level.NOTE, "has no spare", volume -> volume.put("spares", array()));
        expect(
                Finding.Level.WARNING,
                "never tried out",
                volume -> volume.put("spares", array(object("path", "/s"))));
        expect(
                Finding.Level.WARNING,
                "spare /s: too small",
                volume -> volume.put("spares", array(object("path", "/s", "error", "too small"))));
        expect(Finding.Level.NOTE, "no canary rows", volume -> volume.put("canaryBytes", 0));
        expect(Finding.Level.WARNING, "was not drilled", volume -> volume.remove("drill"));
        expect(
                Finding.Level.WARNING,
                "not drilled for 4 days",
                volume -> volume.put("drill", object("state", "ok", "endedMillis", NOW - 4 * DAY)));
        expect(
                Finding.Level.DANGER,
                "not noticed or not repaired",
                volume -> volume.put("drill", object("state", "failed", "endedMillis", NOW)));
        expect(Finding.Level.WARNING, "there was none", volume -> volume.put("jobs", array()));
        expect(
                Finding.Level.WARNING,
                "not scrubbed for 20 days",
                volume ->
                        volume.put(
                                "jobs",
                                array(
                                        object(
                                                "kind", "scrub",
                                                "state", "done",
                                                "finishedMillis", NOW - 20 * DAY))));
        expect(
                Finding.Level.WARNING,
                "not served after a restart",
                volume -> volume.put("isRemembered", false));
        expect(
                Finding.Level.WARNING,
                "/m0 got more wrong than is borne",
                volume ->
                        volume.put(
                                "members",
                                array(
                                        object(
                                                "slot", 0, "path", "/m0", "isWorn", true, "isSlow",
                                                false))));
        expect(
                Finding.Level.DANGER,
                "no answer in 30 s",
                volume -> {
                    volume.clear();
                    volume.put("name", "orders");
                    volume.put("error", "no answer in 30 s");
                });
    }

    private static JsonObject settings() {
        return object(
                "scrubEveryDays", 7,
                "drillEveryDays", 1,
                "spareDrillEveryDays", 7,
                "memberErrorBudget", 100,
                "ioLimitMillis", 30000,
                "isTcpOpen", false,
                "metrics", "127.0.0.1:9469");
    }

    private void file(String path, String text) throws IOException {
        Path file = root.resolve(path);
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
    }

    @Test
    void aHostThatIsWellHasNoFindingsAndEachWeaknessIsNamed() throws IOException {
        file("proc/swaps", "Filename Type Size Used Priority\n");
        file(
                "proc/7/limits",
                "Limit Soft Limit Hard Limit Units\nMax open files            65536                65536                files\n");
        file("proc/7/cmdline", "java\0-Xmx512m\0");
        file("run/systemd/timesync/synchronized", "");
        assertThat(HostChecks.of(root, 7, settings())).isEmpty();

        file("proc/swaps", "Filename Type Size Used Priority\n/swapfile file 1 0 -2\n");
        file(
                "proc/7/limits",
                "Max open files            1024                 524288               files     \n");
        file("proc/7/cmdline", "java\0-Dquoin.plant=READ_UNVERIFIED\0");
        file("proc/sys/kernel/io_uring_disabled", "2\n");
        Files.delete(root.resolve("run/systemd/timesync/synchronized"));
        JsonObject unsafe = settings();
        unsafe.put("scrubEveryDays", 0);
        unsafe.put("drillEveryDays", 0);
        unsafe.put("spareDrillEveryDays", 0);
        unsafe.put("memberErrorBudget", 0);
        unsafe.put("ioLimitMillis", 0);
        unsafe.put("isTcpOpen", true);
        unsafe.remove("metrics");
        assertThat(HostChecks.of(root, 7, unsafe))
                .extracting(Finding::what)
                .hasSize(12)
                .anyMatch(each -> each.contains("bug planted on purpose"))
                .anyMatch(each -> each.contains("may open 1024 files"))
                .anyMatch(each -> each.contains("io_uring is disabled"))
                .anyMatch(each -> each.contains("never drilled"))
                .anyMatch(each -> each.contains("unencrypted"));
    }
}
