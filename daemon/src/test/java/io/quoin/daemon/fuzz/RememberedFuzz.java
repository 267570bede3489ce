package io.quoin.daemon.fuzz;

import io.quoin.daemon.config.ConfigException;
import io.quoin.daemon.config.StateDirectory;
import io.quoin.daemon.config.VolumeSettings;
import io.quoin.fuzz.FuzzTarget;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/// The file of a remembered volume: one that makes no sense is told as such, and what is read is
/// remembered again as the same.
public final class RememberedFuzz implements FuzzTarget {
    private final Path folder = TemporaryFolder.make();
    private final StateDirectory state = StateDirectory.unlocked(folder);

    @Override
    public String name() {
        return "remembered";
    }

    @Override
    public long maxAllocatedBytes(int inputBytes) {
        return (64L << 20) + 65_536L * inputBytes;
    }

    @Override
    public int regressionRuns() {
        return 300;
    }

    @Override
    public List<byte[]> seeds() {
        try {
            state.remember(
                    new VolumeSettings(
                            Optional.of("orders"),
                            List.of(
                                    MemberAddress.parse("/dev/a"),
                                    MemberAddress.parse("/dev/\"b\" \u00e4"),
                                    MemberAddress.parse("nbd+unix:///?socket=/s")),
                            OptionalLong.of(1 << 26)));
            return List.of(
                    Files.readAllBytes(folder.resolve("volumes/orders.toml")),
                    "members = ['/a']".getBytes(StandardCharsets.UTF_8));
        } catch (ConfigException | IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void run(byte[] input) throws IOException, ConfigException {
        Files.createDirectories(folder.resolve("volumes"));
        Files.write(folder.resolve("volumes/fuzzed.toml"), input);
        StateDirectory.Remembered found =
                state.volumes().stream()
                        .filter(each -> each.name().equals("fuzzed"))
                        .findFirst()
                        .orElseThrow();
        if (found.volume().isEmpty() == found.error().isEmpty()) {
            throw new AssertionError("neither a volume nor an error: " + found);
        }
        if (found.volume().isEmpty()) {
            return;
        }
        VolumeSettings read = found.volume().get();
        VolumeSettings named =
                new VolumeSettings(Optional.of("again"), read.members(), read.bufferBytes());
        state.remember(named);
        VolumeSettings again = state.volume("again").orElseThrow();
        if (!again.equals(named)) {
            throw new AssertionError("expected " + named + ", was " + again);
        }
    }
}
