package io.quoin.benchmarks;

import io.quoin.codec.kernel.Kernels;
import java.util.Collection;
import java.util.Locale;
import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.CommandLineOptionException;
import org.openjdk.jmh.runner.options.CommandLineOptions;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.util.Statistics;

/// Runs [CodecBenchmark] and prints a table for people: median and spread of all iterations, bytes of
/// data a second, bytes allocated an operation.
final class CodecReport {
    private CodecReport() {}

    /// Runs and prints.
    ///
    /// @param arguments JMH's own options, for example `-f 1 -wi 1 -i 1 crc16`
    /// @throws CommandLineOptionException when they make no sense
    /// @throws RunnerException when a benchmark fails
    public static void main(String[] arguments) throws CommandLineOptionException, RunnerException {
        CommandLineOptions asked = new CommandLineOptions(arguments);
        OptionsBuilder options = new OptionsBuilder();
        options.parent(asked).addProfiler(GCProfiler.class).shouldFailOnError(true);
        if (asked.getIncludes().isEmpty()) {
            options.include(CodecBenchmark.class.getName());
        }
        System.out.println("# kernels: " + Kernels.description());
        System.out.print(table(new Runner(options.build()).run()));
    }

    private static String table(Collection<RunResult> results) {
        StringBuilder text = new StringBuilder("\n");
        text.append(line("operation", "ns/op", "least", "most", "GB/s", "B/op"));
        for (RunResult result : results) {
            String name = result.getParams().getBenchmark();
            String method = name.substring(name.lastIndexOf('.') + 1);
            Statistics nanos = result.getPrimaryResult().getStatistics();
            double median = nanos.getPercentile(50);
            Result<?> allocated = result.getSecondaryResults().get("gc.alloc.rate.norm");
            text.append(
                    line(
                            method,
                            number(median),
                            number(nanos.getMin()),
                            number(nanos.getMax()),
                            number(CodecBenchmark.dataBytes(method) / median),
                            allocated == null ? "-" : number(allocated.getScore())));
        }
        return text.toString();
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.1f", value);
    }

    private static String line(
            String name, String median, String least, String most, String rate, String bytes) {
        return String.format(
                Locale.ROOT, "%-24s %9s %9s %9s %7s %6s%n", name, median, least, most, rate, bytes);
    }
}
