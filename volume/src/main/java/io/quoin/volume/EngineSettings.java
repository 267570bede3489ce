package io.quoin.volume;

import io.quoin.volume.repair.GovernorLimits;

/// How a volume is run.
///
/// @param bufferBytes memory for requests and dirty blocks, a power of two
/// @param infoGroups info groups kept in memory while clean
/// @param destageAfterNanos age at which dirty blocks go home although there is room
/// @param jobRowsInFlight info groups that a job works on at once
/// @param jobLimits how fast jobs may be
/// @param ioLimitNanos how long an operation on a member may take before the member is dropped, if it can
///     be spared, 0: for ever
/// @param lateNanos how long a copy of a journal batch may take before the batch is written elsewhere, if it can be, 0: any time
/// @param sweepRows rows that go home before the journal's tail may move
/// @param errorBudget reads that failed and blocks that were rewritten until a member counts as worn, 0: any number
public record EngineSettings(
        long bufferBytes,
        int infoGroups,
        long destageAfterNanos,
        int jobRowsInFlight,
        GovernorLimits jobLimits,
        long ioLimitNanos,
        long lateNanos,
        int sweepRows,
        int errorBudget) {
    private static final long LATE_NANOS = 50_000_000L;
    private static final int SWEEP_ROWS = 16_384;
    private static final int ERROR_BUDGET = 100;

    /// What a daemon uses unless told otherwise: 256 MiB, 4096 info groups, 2 s, 30 s, 50 ms.
    public static final EngineSettings DEFAULT =
            new EngineSettings(
                    256L << 20, 4096, 2_000_000_000L, 16, GovernorLimits.DEFAULT, 30_000_000_000L);

    /// The same with copies late after 50 ms, sweeps of 16,384 rows and an error budget of 100.
    ///
    /// @param bufferBytes memory for requests and dirty blocks, a power of two
    /// @param infoGroups info groups kept in memory while clean
    /// @param destageAfterNanos age at which dirty blocks go home although there is room
    /// @param jobRowsInFlight info groups that a job works on at once
    /// @param jobLimits how fast jobs may be
    /// @param ioLimitNanos how long an operation on a member may take, 0: for ever
    public EngineSettings(
            long bufferBytes,
            int infoGroups,
            long destageAfterNanos,
            int jobRowsInFlight,
            GovernorLimits jobLimits,
            long ioLimitNanos) {
        this(
                bufferBytes,
                infoGroups,
                destageAfterNanos,
                jobRowsInFlight,
                jobLimits,
                ioLimitNanos,
                LATE_NANOS,
                SWEEP_ROWS,
                ERROR_BUDGET);
    }

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
        if (destageAfterNanos < 0) {
            throw new IllegalArgumentException(
                    "destage age: expected 0 or more, was " + destageAfterNanos);
        }
        if (ioLimitNanos != 0 && ioLimitNanos < 16) {
            throw new IllegalArgumentException(
                    "limit of an operation: expected 0 or at least 16 ns, was " + ioLimitNanos);
        }
        if (lateNanos < 0) {
            throw new IllegalArgumentException(
                    "what is late for a journal's copy: expected 0 ns or more, was " + lateNanos);
        }
        if (errorBudget < 0) {
            throw new IllegalArgumentException(
                    "error budget of a member: expected 0 or more, was " + errorBudget);
        }
        if (sweepRows < 1) {
            throw new IllegalArgumentException(
                    "rows of a sweep: expected at least 1, was " + sweepRows);
        }
    }

    /// {@return the same with other memory}
    ///
    /// @param bytes memory for requests and dirty blocks, a power of two
    public EngineSettings withBufferBytes(long bytes) {
        return new EngineSettings(
                bytes,
                infoGroups,
                destageAfterNanos,
                jobRowsInFlight,
                jobLimits,
                ioLimitNanos,
                lateNanos,
                sweepRows,
                errorBudget);
    }

    /// {@return the same with another limit for copies of batches}
    ///
    /// @param nanos how long one may take, 0: any time
    public EngineSettings withLateNanos(long nanos) {
        return new EngineSettings(
                bufferBytes,
                infoGroups,
                destageAfterNanos,
                jobRowsInFlight,
                jobLimits,
                ioLimitNanos,
                nanos,
                sweepRows,
                errorBudget);
    }
}
