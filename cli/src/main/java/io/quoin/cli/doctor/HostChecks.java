package io.quoin.cli.doctor;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// What the host and the daemon's settings tell.
public final class HostChecks {
    private static final Pattern OPEN_FILES =
            Pattern.compile("Max open files +(\\d+|unlimited) .*");
    private static final long LEAST_OPEN_FILES = 8192;
    private static final List<Path> CLOCK_SIGNS =
            List.of(
                    Path.of("run/systemd/timesync/synchronized"),
                    Path.of("run/chrony"),
                    Path.of("run/ntpd.pid"));

    private final Path root;
    private final List<Finding> findings = new ArrayList<>();

    private HostChecks(Path root) {
        this.root = root;
    }

    /// {@return what is wrong with the host and with how the daemon is run}
    ///
    /// @param pid the daemon's process
    /// @param settings the daemon's `settings`
    public static List<Finding> of(long pid, JsonObject settings) {
        return of(Path.of("/"), pid, settings);
    }

    static List<Finding> of(Path root, long pid, JsonObject settings) {
        HostChecks checks = new HostChecks(root);
        checks.settings(settings);
        checks.process(root.resolve("proc").resolve(Long.toString(pid)));
        checks.kernel();
        return checks.findings;
    }

    private void settings(JsonObject settings) {
        if (settings.getInt("drillEveryDays") == 0) {
            findings.add(
                    Finding.warning(
                            "daemon",
                            "volumes are never drilled",
                            "[drill] every-days = 1 in quoind.toml"));
        }
        if (settings.getInt("scrubEveryDays") == 0) {
            findings.add(
                    Finding.warning(
                            "daemon",
                            "volumes are never scrubbed, unless a timer does",
                            "[scrub] every-days = 7 in quoind.toml, or quoin-scrub.timer"));
        }
        if (settings.getInt("spareDrillEveryDays") == 0) {
            findings.add(
                    Finding.warning(
                            "daemon",
                            "spares are never tried out",
                            "[spares] drill-every-days = 7 in quoind.toml"));
        }
        if (settings.getLong("memberErrorBudget") == 0) {
            findings.add(
                    Finding.warning(
                            "daemon",
                            "a member may get any number of blocks wrong and stays",
                            "[engine] member-error-budget = 100 in quoind.toml"));
        }
        if (settings.getLong("ioLimitMillis") == 0) {
            findings.add(
                    Finding.warning(
                            "daemon",
                            "a member that does not answer is waited for as long as it takes, and clients"
                                    + " with it",
                            "[engine] io-limit-ms = 30000 in quoind.toml"));
        }
        if (settings.getBoolean("isTcpOpen")) {
            findings.add(
                    Finding.danger(
                            "daemon",
                            "clients are accepted beyond loopback, unencrypted: who reaches it reads and"
                                    + " writes every volume",
                            "a Unix socket, or [listen] tcp-without-tls = false in quoind.toml"));
        }
        if (!settings.has("metrics")) {
            findings.add(
                    Finding.note(
                            "daemon",
                            "serves no metrics: nobody is told at night",
                            "[metrics] listen = \"127.0.0.1:9469\" in quoind.toml;"
                                    + " docs/monitoring/alerts.yml"));
        }
    }

    private void process(Path process) {
        if (read(process.resolve("cmdline")).contains("-Dquoin.plant=")) {
            findings.add(
                    Finding.danger(
                            "daemon",
                            "runs with a bug planted on purpose (-Dquoin.plant)",
                            "remove it from QUOIND_OPTS and restart"));
        }
        Matcher files = OPEN_FILES.matcher("");
        for (String line : read(process.resolve("limits")).lines().toList()) {
            if (files.reset(line).matches()
                    && !files.group(1).equals("unlimited")
                    && Long.parseLong(files.group(1)) < LEAST_OPEN_FILES) {
                findings.add(
                        Finding.warning(
                                "daemon",
                                "may open "
                                        + files.group(1)
                                        + " files: more clients than that are turned away",
                                "LimitNOFILE=65536 in its unit, ulimit -n before it is started"));
            }
        }
    }

    private void kernel() {
        if (read(root.resolve("proc/swaps")).lines().count() > 1) {
            findings.add(
                    Finding.note(
                            "host",
                            "swaps: a daemon that is swapped out answers late",
                            "swapoff, or MemorySwapMax=0 in a drop-in of quoind.service"));
        }
        if (read(root.resolve("proc/sys/kernel/io_uring_disabled")).strip().matches("[12]")) {
            findings.add(
                    Finding.note(
                            "host",
                            "io_uring is disabled: each commit costs a thread's wake-up more",
                            "sysctl kernel.io_uring_disabled=0, if your policy allows it"));
        }
        if (CLOCK_SIGNS.stream().noneMatch(each -> Files.exists(root.resolve(each)))) {
            findings.add(
                    Finding.note(
                            "host",
                            "nothing seems to set the clock: times in records and events may be wrong;"
                                    + " orders do not depend on it",
                            "systemd-timesyncd or chrony"));
        }
    }

    /// {@return what a file of the host says; nothing where it is not there, or not for us}
    private static String read(Path file) {
        try {
            return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
        } catch (IOException e) {
            return "";
        }
    }
}
