package io.quoin.benchmarks;

import io.quoin.codec.KernelSelfTest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.VerboseMode;

/// Runs [CodecBenchmark] and [PeerBenchmark] and prints their ratios.
///
/// The operations of a group run one after the other on blocks of one size, each in a JVM of its own, for a second or so; then
/// the next group; then all again. A ratio is taken within a round, so that what the machine did meanwhile met both sides; the
/// tables give the median of the rounds and the lowest and highest.
final class CodecReport {
    private static final int DEFAULT_ROUNDS = 5;
    private static final int[] SIZES = {512, 4096, 65_536, 1_048_576};
    private static final int MEMORY_BYTES = 65_536;

    /// What belongs next to each other; the first of a group is what the others are compared with in the second table.
    private static final String[][] GROUPS = {
        {"crc16Isal", "crc16", "crc16Sectors", "crc16Table"},
        {"copy", "guards", "crc32c", "crc32cJdk", "xxh3", "secded"},
        {"xor4Isal", "xor4"},
        {"pq4Isal", "pq4"},
        {"rs8Isal", "rs8", "reconstruct2", "rs8Hadoop"},
    };

    private final boolean hasIsal = Isal.isInstalled();

    /// By operation, size and place: nanoseconds and bytes allocated per operation, round by round.
    private final Map<Case, List<Sample>> samples = new LinkedHashMap<>();

    private CodecReport() {}

    /// An operation on blocks of one size.
    ///
    /// @param method of a benchmark
    /// @param bytes of a block
    /// @param place as [Row#place]
    private record Case(String method, int bytes, String place) {}

    /// What a round found.
    ///
    /// @param round from 0
    /// @param nanos per operation, median of the iterations
    /// @param garbage bytes allocated per operation
    private record Sample(int round, double nanos, double garbage) {}

    /// Runs and prints.
    ///
    /// @param arguments `--rounds N`; `--figures`, to leave out the sizes at which nothing is aimed at
    /// @throws RunnerException when a benchmark fails
    public static void main(String[] arguments) throws RunnerException {
        int rounds = DEFAULT_ROUNDS;
        boolean hasAll = true;
        for (int i = 0; i < arguments.length; i++) {
            switch (arguments[i]) {
                case "--rounds" -> rounds = Integer.parseInt(arguments[++i]);
                case "--figures" -> hasAll = false;
                default ->
                        throw new IllegalArgumentException(
                                "expected --rounds N or --figures, was " + arguments[i]);
            }
        }
        CodecReport report = new CodecReport();
        report.run(rounds, hasAll);
        System.out.print(report.text(rounds));
    }

    private void run(int rounds, boolean hasAll) throws RunnerException {
        KernelSelfTest.verify();
        for (int round = 0; round < rounds; round++) {
            // The figures' sizes are what is judged; for the others one round tells the trend.
            boolean isFull = hasAll && round == rounds / 2;
            System.err.println("codec: round " + (round + 1) + " of " + rounds);
            for (String[] group : GROUPS) {
                for (int bytes : SIZES) {
                    run(group, bytes, "cache", round, isFull);
                }
                if (isFull) {
                    run(group, MEMORY_BYTES, "memory", round, true);
                }
            }
        }
    }

    private void run(String[] group, int bytes, String place, int round, boolean isFull)
            throws RunnerException {
        for (String method : group) {
            boolean isWanted = isFull || isInFigure(method, bytes);
            if (isWanted && isMeant(method, bytes, place)) {
                Sample sample = measure(method, bytes, place, round);
                samples.computeIfAbsent(new Case(method, bytes, place), key -> new ArrayList<>())
                        .add(sample);
            }
        }
    }

    private static boolean isInFigure(String method, int bytes) {
        return Arrays.stream(CodecFigure.values())
                .filter(figure -> figure.bytes == bytes)
                .anyMatch(figure -> figure.ours.equals(method) || figure.peer.equals(method));
    }

    private boolean isMeant(String method, int bytes, String place) {
        boolean isCached = place.equals("cache");
        return switch (method) {
            case "guards" -> bytes >= CodecBenchmark.BLOCK_BYTES;
            case "crc16Table" -> isCached && bytes == CodecBenchmark.BLOCK_BYTES;
            case "rs8Hadoop" -> isCached && bytes >= CodecBenchmark.BLOCK_BYTES && bytes < 1 << 20;
            case "crc32cJdk" -> isCached;
            default -> hasIsal || !method.endsWith("Isal");
        };
    }

    private static Sample measure(String method, int bytes, String place, int round)
            throws RunnerException {
        Sample sample = measure(method, bytes, place, round, OptionalInt.empty());
        // Garbage says that C2 has not finished with a loop; on a busy machine it takes long. What
        // allocates after the longest
        // warm-up too is shown as it is.
        for (int warmups = 12; sample.garbage >= 1 && warmups <= 48; warmups *= 2) {
            sample = measure(method, bytes, place, round, OptionalInt.of(warmups));
        }
        return sample;
    }

    private static Sample measure(
            String method, int bytes, String place, int round, OptionalInt warmups)
            throws RunnerException {
        OptionsBuilder options = new OptionsBuilder();
        warmups.ifPresent(options::warmupIterations);
        options.include(".*(Codec|Peer)Benchmark\\." + method + "$")
                .param("bytes", Integer.toString(bytes))
                .param("place", place)
                .addProfiler(GCProfiler.class)
                .verbosity(VerboseMode.SILENT)
                .shouldFailOnError(true);
        RunResult result = new Runner(options.build()).runSingle();
        double nanos = result.getPrimaryResult().getStatistics().getPercentile(50);
        Result<?> allocated = result.getSecondaryResults().get("gc.alloc.rate.norm");
        return new Sample(round, nanos, allocated == null ? Double.NaN : allocated.getScore());
    }

    private String text(int rounds) {
        StringBuilder text = new StringBuilder();
        text.append("Kernels: ").append(KernelSelfTest.description()).append(".\n\n");
        if (!hasIsal) {
            text.append(
                    "**ISA-L is not installed (`apt-get install libisal2`): its rows are missing.**\n\n");
            System.err.println(
                    "codec: ISA-L is not installed, its rows are missing: apt-get install libisal2");
        }
        text.append("## What is aimed at\n\n");
        text.append("Ratios of speed, medians of ").append(rounds);
        text.append(" interleaved rounds, with lowest and highest; B/op is garbage of ours.\n\n");
        text.append("| kernel | ratio | lowest - highest | at least | aim | | ns/op | B/op |\n");
        text.append("|---|---|---|---|---|---|---|---|\n");
        for (CodecFigure figure : CodecFigure.values()) {
            text.append(row(figure));
        }
        text.append("\n## All sizes\n\n");
        text.append(
                "GB of data a second (10^9; parity not counted), of one round but for the sizes above; in brackets the ratio to the group's first.\n");
        text.append("`memory`: blocks of 64 KiB, rows of 192 MiB one after the other.\n\n");
        text.append("| operation | 512 B | 4 KiB | 64 KiB | 1 MiB | memory |\n");
        text.append("|---|---|---|---|---|---|\n");
        for (String[] group : GROUPS) {
            for (String method : group) {
                text.append(row(method, group[0]));
            }
        }
        return text.toString();
    }

    private String row(CodecFigure figure) {
        List<Sample> ours = samples.get(new Case(figure.ours, figure.bytes, "cache"));
        List<Sample> peers = samples.get(new Case(figure.peer, figure.bytes, "cache"));
        String name = "| " + figure.text + " | ";
        if (peers == null) {
            return name + "peer missing | | | | | | |\n";
        }
        double[] ratios = ratios(ours, peers);
        double garbage = ours.stream().mapToDouble(Sample::garbage).max().orElseThrow();
        return name
                + "%.2f | %.2f - %.2f | %.2f | %.2f | %s | %.1f | %.1f |\n"
                        .formatted(
                                median(ratios),
                                ratios[0],
                                ratios[ratios.length - 1],
                                figure.least,
                                figure.aim,
                                figure.verdict(median(ratios)),
                                median(nanos(ours)),
                                garbage);
    }

    private String row(String method, String first) {
        StringBuilder text = new StringBuilder("| ").append(method).append(" |");
        for (int bytes : SIZES) {
            text.append(cell(method, first, bytes, "cache"));
        }
        return text.append(cell(method, first, MEMORY_BYTES, "memory")).append("\n").toString();
    }

    private String cell(String method, String first, int bytes, String place) {
        List<Sample> found = samples.get(new Case(method, bytes, place));
        if (found == null) {
            return " |";
        }
        double rate = blocks(method) * (double) bytes / median(nanos(found));
        List<Sample> base = samples.get(new Case(first, bytes, place));
        if (base == null || method.equals(first)) {
            return String.format(Locale.ROOT, " %.1f |", rate);
        }
        return String.format(Locale.ROOT, " %.1f (%.2f) |", rate, median(ratios(found, base)));
    }

    /// {@return how many blocks of data an operation goes through}
    private static int blocks(String method) {
        return switch (method) {
            case "xor4", "xor4Isal", "pq4", "pq4Isal" -> 4;
            case "rs8", "rs8Isal", "rs8Hadoop", "reconstruct2" -> 8;
            default -> 1;
        };
    }

    /// {@return the peer's time by ours, round by round, sorted}
    private static double[] ratios(List<Sample> ours, List<Sample> peers) {
        return ours.stream()
                .flatMapToDouble(our ->
                        peers.stream()
                                .filter(peer -> peer.round == our.round)
                                .mapToDouble(peer -> peer.nanos / our.nanos))
                .sorted()
                .toArray();
    }

    private static double[] nanos(List<Sample> found) {
        return found.stream().mapToDouble(Sample::nanos).sorted().toArray();
    }

    private static double median(double[] sorted) {
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
