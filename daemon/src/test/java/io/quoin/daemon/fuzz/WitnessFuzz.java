package io.quoin.daemon.fuzz;

import io.quoin.daemon.host.FileWitness;
import io.quoin.daemon.observe.LogLines;
import io.quoin.fuzz.FuzzTarget;
import io.quoin.volume.member.Witness.Membership;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.UUID;

/// The witness's file: one that makes sense is kept by a record, epochs never decrease, and one that
/// makes none is left alone.
public final class WitnessFuzz implements FuzzTarget {
    private static final UUID NEW = new UUID(7, 7);
    private static final UUID OLD = new UUID(1, 2);
    private static final Membership FIVE = new Membership(5, 55);

    private final Path file = TemporaryFolder.make().resolve("witness");

    @Override
    public String name() {
        return "witness";
    }

    @Override
    public int regressionRuns() {
        return 1000;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                (OLD + " 12 ff\n" + new UUID(3, 4) + " 9223372036854775807 ffffffffffffffff\n")
                        .getBytes(StandardCharsets.US_ASCII),
                (OLD + " -1 0").getBytes(StandardCharsets.US_ASCII));
    }

    @Override
    public void run(byte[] input) throws IOException {
        // It complains of nearly every input.
        LogLines.showFrom(Level.OFF);
        Files.write(file, input);
        FileWitness witness = new FileWitness(file);
        Membership before = witness.newest(OLD);
        boolean isRecorded = witness.record(NEW, FIVE);
        if (!isRecorded) {
            boolean isAlone = java.util.Arrays.equals(Files.readAllBytes(file), input);
            if (!isAlone) {
                throw new AssertionError("not recorded, and changed");
            }
            return;
        }
        FileWitness again = new FileWitness(file);
        if (!FIVE.equals(again.newest(NEW)) || !Objects.equals(again.newest(OLD), before)) {
            throw new AssertionError(
                    "expected "
                            + before
                            + " and 5, was "
                            + again.newest(OLD)
                            + " and "
                            + again.newest(NEW));
        }
        if (again.record(NEW, new Membership(4, 4)) || !FIVE.equals(again.newest(NEW))) {
            throw new AssertionError("an epoch decreased");
        }
    }
}
