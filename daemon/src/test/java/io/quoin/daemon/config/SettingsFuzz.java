package io.quoin.daemon.config;

import io.quoin.fuzz.FuzzTarget;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/// A settings file: settings that go together, or a refusal that names the file.
public final class SettingsFuzz implements FuzzTarget {
    private final Path file;

    /// A target with a file of its own.
    public SettingsFuzz() {
        try {
            file = Files.createTempFile("quoin-fuzz", ".toml");
            file.toFile().deleteOnExit();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String name() {
        return "settings";
    }

    @Override
    public long maxAllocatedBytes(int inputBytes) {
        // The TOML parser's trees and predictions.
        return (64L << 20) + 65_536L * inputBytes;
    }

    @Override
    public int regressionRuns() {
        return 300;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                """
                [listen]
                unix = "/run/quoin/nbd.sock"
                tcp = ["127.0.0.1:10809", "[::1]"]
                tcp-without-tls = true
                [control]
                socket = "/run/quoin/control.sock"
                [state]
                directory = "/var/lib/quoin"
                [engine]
                buffer = "256M"
                info-groups = 4096
                destage-after-ms = 2000
                job-groups-in-flight = 8
                job-bytes-per-second = 0
                [clients]
                max-connections = 4096
                max-requests = 1024
                handshake-deadline-ms = 10000
                stall-limit-ms = 30000
                [[volume]]
                name = "orders"
                members = ["/dev/disk/by-id/a", "/dev/disk/by-id/b"]
                buffer = "64M"
                """
                        .getBytes(StandardCharsets.UTF_8),
                "[[volume]]\nmembers = ['/a', '''/b''']\nbuffer = 0x4000000 # hex\n"
                        .getBytes(StandardCharsets.UTF_8),
                ("a = " + "[".repeat(3000)).getBytes(StandardCharsets.UTF_8),
                ("a = " + "{b=".repeat(3000)).getBytes(StandardCharsets.UTF_8),
                ("a" + ".a".repeat(3000) + " = 1").getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void run(byte[] input) throws IOException {
        // Names of hosts are not looked up: the answers of others are none of ours.
        String text = new String(input, StandardCharsets.ISO_8859_1).replace("false", "true");
        Files.write(file, text.getBytes(StandardCharsets.ISO_8859_1));
        Settings.Builder builder = new Settings.Builder();
        builder.isTcpOpen = true;
        try {
            SettingsFile.read(file, builder);
            builder.build();
        } catch (ConfigException e) {
            if (!String.valueOf(e.getMessage()).contains(file.toString())) {
                throw new AssertionError("a refusal that names no file", e);
            }
        }
    }
}
