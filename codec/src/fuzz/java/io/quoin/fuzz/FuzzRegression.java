package io.quoin.fuzz;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/// The short form of fuzzing that belongs to the tests: the seeds, the whole corpus, and hundreds or
/// thousands of mutations of both, from a seed. The long form: `.ci/fuzz`.
public final class FuzzRegression {
    private static final long SEED = Long.getLong("quoin.fuzz.seed", 1);

    private FuzzRegression() {}

    /// {@return what a target begins with: its seeds, then the files of its corpus}
    ///
    /// @param target the target
    /// @throws IOException when the corpus cannot be read
    public static List<byte[]> inputs(FuzzTarget target) throws IOException {
        List<byte[]> inputs = new ArrayList<>(target.seeds());
        Path corpus = Path.of("src/test/resources/fuzz", target.name());
        if (Files.isDirectory(corpus)) {
            try (Stream<Path> files = Files.list(corpus)) {
                for (Path file : files.sorted().toList()) {
                    inputs.add(Files.readAllBytes(file));
                }
            }
        }
        return inputs;
    }

    /// Runs a target.
    ///
    /// @param target the target
    /// @throws IOException when the corpus cannot be read, or a finding not be kept
    public static void run(FuzzTarget target) throws IOException {
        List<byte[]> inputs = inputs(target);
        FuzzCheck check = new FuzzCheck(target, true);
        // The first run loads classes, which allocates.
        for (int pass = 0; pass < 2; pass++) {
            FuzzCheck each = pass == 0 ? new FuzzCheck(target, false) : check;
            for (int i = 0; i < inputs.size(); i++) {
                run(each, target, inputs.get(i), "input " + i);
            }
        }
        Mutator mutator = new Mutator(inputs, SEED);
        for (int i = 0; i < target.regressionRuns(); i++) {
            run(check, target, mutator.next(), "seed " + SEED + ", mutation " + i);
        }
    }

    private static void run(FuzzCheck check, FuzzTarget target, byte[] input, String which)
            throws IOException {
        try {
            check.run(input);
        } catch (Throwable e) {
            Path kept = Path.of("target", "fuzz-finding-" + target.name());
            Files.write(kept, input);
            throw new AssertionError(
                    target.name() + ", " + which + ": " + e + "; the input is in " + kept, e);
        }
    }
}
