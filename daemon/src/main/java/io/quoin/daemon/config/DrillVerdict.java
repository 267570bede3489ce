package io.quoin.daemon.config;

import java.nio.file.Path;

/// How a spare did when it was last drilled.
///
/// @param path absolute path of the spare
/// @param endedMillis when, wall clock
/// @param failure why it would not do as a member, or empty: it would
/// @param medianMicros median of its durable writes of 4 KiB, 0 when it failed
/// @param slowestMicros slowest of them
/// @param bytesPerSecond pace of its durable writes of 1 MiB
/// @param isCached whether it was read back from the page cache, which says nothing of what the device holds
public record DrillVerdict(
        Path path,
        long endedMillis,
        String failure,
        long medianMicros,
        long slowestMicros,
        long bytesPerSecond,
        boolean isCached) {
    /// Checks the verdict.
    ///
    /// @throws IllegalArgumentException when the path is relative, or a number is below 0
    public DrillVerdict {
        if (!path.isAbsolute()) {
            throw new IllegalArgumentException("drill: expected an absolute path, was " + path);
        }
        if (Math.min(Math.min(endedMillis, medianMicros), Math.min(slowestMicros, bytesPerSecond))
                < 0) {
            throw new IllegalArgumentException(
                    "drill of " + path + ": expected numbers from 0 on, was one below");
        }
    }

    /// {@return the verdict on a spare that failed}
    ///
    /// @param path its path
    /// @param endedMillis when, wall clock
    /// @param failure why
    public static DrillVerdict failed(Path path, long endedMillis, String failure) {
        assert !failure.isEmpty() : path;
        return new DrillVerdict(path, endedMillis, failure, 0, 0, 0, false);
    }

    /// {@return whether it would do as a member}
    public boolean isOk() {
        return failure.isEmpty();
    }
}
