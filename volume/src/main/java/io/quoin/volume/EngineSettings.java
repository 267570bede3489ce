package io.quoin.volume;

/// How a volume is run.
///
/// @param bufferBytes memory for requests and dirty blocks, a power of two
/// @param infoGroups info groups kept in memory while clean
/// @param destageAfterNanos age at which dirty blocks go home although there is room
/// @param jobRowsInFlight info groups that a job works on at once
/// @param jobBytesPerSecond most that a job reads, 0: no limit
public record EngineSettings(
        long bufferBytes,
        int infoGroups,
        long destageAfterNanos,
        int jobRowsInFlight,
        long jobBytesPerSecond) {
    /// What a daemon uses unless told otherwise: 256 MiB, 4096 info groups, 2 s.
    public static final EngineSettings DEFAULT =
            new EngineSettings(256L << 20, 4096, 2_000_000_000L, 8, 0);

    public EngineSettings {
        if (Long.bitCount(bufferBytes) != 1 || bufferBytes < 65_536 || bufferBytes > 1L << 30) {
            throw new IllegalArgumentException(
                    "buffer bytes: expected a power of two from 65536 to 1073741824, was "
                            + bufferBytes);
        }
        if (infoGroups < 4) {
            throw new IllegalArgumentException(
                    "info groups: expected at least 4, was " + infoGroups);
        }
        if (jobRowsInFlight < 1 || jobRowsInFlight > 64) {
            throw new IllegalArgumentException(
                    "info groups in flight of a job: expected 1 to 64, was " + jobRowsInFlight);
        }
        if (destageAfterNanos < 0 || jobBytesPerSecond < 0) {
            throw new IllegalArgumentException(
                    "destage age and job rate: expected 0 or more, was "
                            + destageAfterNanos
                            + " and "
                            + jobBytesPerSecond);
        }
    }
}
