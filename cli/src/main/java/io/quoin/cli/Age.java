package io.quoin.cli;

/// How long ago something was, as people say it: `2 days ago`.
final class Age {
    private static final long MINUTE = 60_000;
    private static final long HOUR = 60 * MINUTE;
    private static final long DAY = 24 * HOUR;

    private Age() {}

    /// {@return the age in its largest unit, rounded down; what is less than a minute ago, or yet to come, is `just now`}
    ///
    /// @param millis when it was, wall clock
    /// @param nowMillis wall clock
    static String of(long millis, long nowMillis) {
        long age = nowMillis - millis;
        if (age < MINUTE) {
            return "just now";
        }
        return age < HOUR
                ? count(age / MINUTE, "minute")
                : age < DAY ? count(age / HOUR, "hour") : count(age / DAY, "day");
    }

    private static String count(long count, String unit) {
        return count + " " + unit + (count == 1 ? "" : "s") + " ago";
    }
}
