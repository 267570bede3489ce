package io.quoin.daemon.control.api;

import java.util.List;
import java.util.Map;

/// What a volume has counted and timed since it was opened.
///
/// @param counters values by label
/// @param times how long things took; none from a version that did not time them
public record Counted(Map<String, Long> counters, List<Times> times) {
    /// How long one kind of things took. A quantile is the time that so many did not exceed, by at most a quarter too long.
    ///
    /// @param label what
    /// @param count how many there were
    /// @param meanNanos how long on average, 0: there were none
    /// @param p50Nanos half of them
    /// @param p90Nanos nine tenths
    /// @param p99Nanos 99 in 100
    /// @param p999Nanos 999 in 1,000
    /// @param p9999Nanos 9,999 in 10,000
    public record Times(
            String label,
            long count,
            long meanNanos,
            long p50Nanos,
            long p90Nanos,
            long p99Nanos,
            long p999Nanos,
            long p9999Nanos) {}
}
