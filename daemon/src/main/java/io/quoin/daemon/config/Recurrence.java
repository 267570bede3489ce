package io.quoin.daemon.config;

import java.time.Clock;
import java.time.Duration;
import java.time.LocalTime;

/// When something is done again and again without being told: scrubs and drills of volumes, drills of spares.
///
/// @param everyDays days from the end of one to the next; 0: never
/// @param from time of day, as the host has it, from which they begin
/// @param until time of day from which they do not begin any more; the same as from: at any time
public record Recurrence(int everyDays, LocalTime from, LocalTime until) {
    /// Each week, at any time: neither scrubs nor drills get in the way of clients.
    public static final Recurrence DEFAULT =
            new Recurrence(7, LocalTime.MIDNIGHT, LocalTime.MIDNIGHT);

    /// Each day, at any time.
    public static final Recurrence DAILY =
            new Recurrence(1, LocalTime.MIDNIGHT, LocalTime.MIDNIGHT);

    /// Checks the settings.
    ///
    /// @throws IllegalArgumentException when there are too many days, or fewer than none
    public Recurrence {
        if (everyDays < 0 || everyDays > 3650) {
            throw new IllegalArgumentException(
                    "days from one to the next: expected 0 to 3650, was " + everyDays);
        }
    }

    /// {@return whether one may begin}
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

    /// {@return whether it is time for the next one, at whatever hour}
    ///
    /// @param lastMillis when the last one ended
    /// @param clock the host's time
    public boolean isDue(long lastMillis, Clock clock) {
        // A clock that was ahead once must not put the next one off for years.
        long age = Math.abs(clock.millis() - lastMillis);
        return everyDays > 0 && age >= Duration.ofDays(everyDays).toMillis();
    }
}
