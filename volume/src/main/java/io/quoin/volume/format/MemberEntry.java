package io.quoin.volume.format;

import java.util.UUID;

/// A line of the member table: which member fills a slot, and how far it can be trusted.
///
/// @param uuid identity of the member
/// @param state state code: see the constants
/// @param cursor REBUILDING: info groups below it are complete on the member, with everything since
/// @param sinceEpoch configEpoch at which the member took the slot; FAULTY: at which it was dropped
public record MemberEntry(UUID uuid, int state, long cursor, long sinceEpoch) {
    /// Holds everything.
    public static final int IN_SYNC = 1;

    /// Holds the info groups below the cursor.
    public static final int REBUILDING = 2;

    /// Dropped: its content is stale until it is rebuilt.
    public static final int FAULTY = 3;

    /// {@return the state in the operators' word}
    public String stateText() {
        return switch (state) {
            case IN_SYNC -> "in sync";
            case REBUILDING -> "rebuilding";
            case FAULTY -> "faulty";
            default -> "unknown(" + state + ")";
        };
    }

    /// {@return the entry in another state}
    ///
    /// @param newState state code
    /// @param newCursor cursor
    public MemberEntry with(int newState, long newCursor) {
        return new MemberEntry(uuid, newState, newCursor, sinceEpoch);
    }

    /// {@return the entry of the member when it has been dropped}
    ///
    /// @param epoch configEpoch that says so
    public MemberEntry dropped(long epoch) {
        return new MemberEntry(uuid, FAULTY, 0, epoch);
    }
}
