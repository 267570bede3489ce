package io.quoin.daemon.fuzz;

import io.quoin.daemon.observe.CountersFile;
import io.quoin.fuzz.FuzzTarget;
import io.quoin.volume.counter.Timings;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/// A file of counters, whoever wrote it: counters, or an IOException.
public final class CountersFuzz implements FuzzTarget {
    private final Path file = TemporaryFolder.make().resolve("counters");

    @Override
    public String name() {
        return "counters";
    }

    @Override
    public int regressionRuns() {
        return 1000;
    }

    @Override
    public List<byte[]> seeds() {
        try {
            CountersFile.create(file);
            byte[] whole = Files.readAllBytes(file);
            return List.of(whole, Arrays.copyOf(whole, 4096));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    @Override
    public void run(byte[] input) throws IOException {
        Files.write(file, input);
        CountersFile.Contents counters;
        try {
            counters = CountersFile.read(file);
        } catch (IOException e) {
            return;
        }
        int labels = counters.counters().size() + counters.times().size();
        if (labels > 84) {
            throw new AssertionError(labels + " counters and times");
        }
        for (Timings.Histogram each : counters.times()) {
            each.quantile(0.99);
        }
    }
}
