package io.quoin.volume.repair;

/// What an operator wants of the jobs of a volume.
///
/// @param latencyPercent how long the slowest hundredth of clients' operations may take, in hundredths of what
///     they take without a job, from 101 to 100,000
/// @param floorBytes bytes that a job may always read in a second, whatever clients feel, from 1
/// @param ceilingBytes bytes that it may read at most, whatever the floor; 0: no limit
public record GovernorLimits(int latencyPercent, long floorBytes, long ceilingBytes) {
    private static final double MOST_BYTES = 16L << 30;

    /// 130 percent, at least 8 MiB a second, no limit above.
    public static final GovernorLimits DEFAULT = new GovernorLimits(130, 8L << 20, 0);

    public GovernorLimits {
        if (latencyPercent < 101 || latencyPercent > 100_000) {
            throw new IllegalArgumentException(
                    "latency percent: expected from 101 to 100000, was " + latencyPercent);
        }
        if (floorBytes < 1) {
            throw new IllegalArgumentException(
                    "floor: expected at least 1 byte in a second, was " + floorBytes);
        }
        if (ceilingBytes < 0) {
            throw new IllegalArgumentException(
                    "ceiling: expected 0 or more bytes in a second, was " + ceilingBytes);
        }
    }

    /// {@return the same with another ceiling}
    ///
    /// @param bytes bytes in a second, 0: no limit
    public GovernorLimits withCeiling(long bytes) {
        return new GovernorLimits(latencyPercent, floorBytes, bytes);
    }

    /// {@return a rate that is within the limits}
    ///
    /// @param bytes bytes in a second
    double clamp(double bytes) {
        double most = ceilingBytes == 0 ? MOST_BYTES : ceilingBytes;
        return Math.clamp(bytes, Math.min(floorBytes, most), most);
    }
}
