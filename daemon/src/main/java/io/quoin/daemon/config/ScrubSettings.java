package io.quoin.daemon.config;

import java.time.LocalTime;

/// When volumes are scrubbed without being told.
///
/// @param everyDays days from the end of one scrub, or the making of the volume, to the next; 0: never
/// @param from time of day, as the host has it, from which scrubs begin
/// @param until time of day from which they do not begin any more; the same as from: at any time
public record ScrubSettings(int everyDays, LocalTime from, LocalTime until) {
    /// Each week, at any time: jobs take what clients leave.
    public static final ScrubSettings DEFAULT =
            new ScrubSettings(7, LocalTime.MIDNIGHT, LocalTime.MIDNIGHT);

    /// Checks the settings.
    ///
    /// @throws IllegalArgumentException when there are too many days, or fewer than none
    public ScrubSettings {
        if (everyDays < 0 || everyDays > 3650) {
            throw new IllegalArgumentException(
                    "days from scrub to scrub: expected 0 to 3650, was " + everyDays);
        }
    }

    /// {@return whether a scrub may begin}
    ///
    /// @param time of day
    public boolean isOpen(LocalTime time) {
        if (from.equals(until)) {
            return true;
        }
        boolean isAfter = !time.isBefore(from);
        boolean isBefore = time.isBefore(until);
        return from.isBefore(until) ? isAfter && isBefore : isAfter || isBefore;
    }
}
