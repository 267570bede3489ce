package io.quoin.volume.fault;

/// A planted bug. `docs/fault-model.md` lists what each breaks and which runs catch it.
public enum Plant {
    /// Replies to a write before its batch is durable on all copies.
    ACKNOWLEDGE_EARLY,
    /// Writes a partly dirty row home without its INTENT.
    SKIP_INTENT,
    /// Takes the first INTENT of a row at recovery instead of the last.
    FIRST_INTENT,
    /// Starts an epoch without cutting off the stale tail.
    NO_EPOCH_CUT,
    /// Goes on acknowledging before a member's failure is durable.
    FAILURE_NOT_DURABLE,
    /// Answers a write from memory, before the journal has it.
    ACKNOWLEDGE_VOLATILE,
    /// Advances the journal's tail before the home writes are flushed.
    TAIL_BEFORE_FLUSH,
    /// Drops the flush of home writes.
    DROP_HOME_FLUSH,
    /// Serves reads from a member that is not in sync.
    READ_STALE_MEMBER,
    /// Computes parity over blocks that were not verified.
    PARITY_UNVERIFIED,
    /// Ends recovery at the first bad batch although later ones are there.
    CUT_AT_FIRST_BAD,
    /// Returns data without looking at its guards.
    READ_UNVERIFIED,
    /// Calls a rebuilt member in sync without its last info groups.
    REBUILD_SHORT,
    /// Destages a row without taking its lock.
    NO_ROW_LOCK,
    /// Applies the first part of a large request before the rest is durable.
    TORN_TRANSACTION;

    private static volatile Plant active;

    /// {@return whether this bug is planted}
    public boolean isPlanted() {
        return active == this;
    }

    /// Plants one bug, or none; for tests.
    ///
    /// @param plant the bug, or null
    public static void set(Plant plant) {
        active = plant;
    }
}
