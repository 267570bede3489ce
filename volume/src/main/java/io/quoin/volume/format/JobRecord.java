package io.quoin.volume.format;

/// A scrub or rebuild as the superblock keeps it, so that it goes on at its cursor after a crash.
///
/// @param id number of the job in its volume, from 1; 0: no job
/// @param kind see the constants
/// @param state see the constants
/// @param slot slot that is rebuilt; 0 for a scrub
/// @param cursor info groups done, from 0
/// @param startedMillis wall clock at the start
/// @param finishedMillis wall clock at the end, 0 while it runs
/// @param checked blocks read and verified
/// @param repaired blocks rewritten
/// @param lost blocks found lost
/// @param suspect rows found in disagreement without a verdict
/// @param origin why it was started, and by whom
public record JobRecord(
        long id,
        int kind,
        int state,
        int slot,
        long cursor,
        long startedMillis,
        long finishedMillis,
        long checked,
        long repaired,
        long lost,
        long suspect,
        JobOrigin origin) {
    /// Reads everything to find faults.
    public static final int SCRUB = 1;

    /// Recomputes a lost member.
    public static final int REBUILD = 2;

    /// Moves the blocks of the volume into another shape; not among a superblock's jobs, which has {@link ReshapeRecord} for it.
    public static final int RESHAPE = 3;

    /// Under way.
    public static final int RUNNING = 1;

    /// Stopped by the operator, to go on.
    public static final int PAUSED = 2;

    /// Ended at the last row.
    public static final int DONE = 3;

    /// Ended by the operator.
    public static final int CANCELLED = 4;

    /// Ended by a fault.
    public static final int FAILED = 5;

    /// No job.
    public static final JobRecord NONE =
            new JobRecord(0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, JobOrigin.UNKNOWN);

    /// {@return a job that begins}
    ///
    /// @param id its number
    /// @param kind see the constants
    /// @param slot slot that is rebuilt; 0 for a scrub
    /// @param millis wall clock
    /// @param origin why it is started, and by whom
    public static JobRecord begun(long id, int kind, int slot, long millis, JobOrigin origin) {
        return new JobRecord(id, kind, RUNNING, slot, 0, millis, 0, 0, 0, 0, 0, origin);
    }

    /// {@return whether it has still to do}
    public boolean isOpen() {
        return state == RUNNING || state == PAUSED;
    }

    /// {@return the kind in the operators' word}
    public String kindText() {
        return kindText(kind);
    }

    /// {@return a kind in the operators' word}
    ///
    /// @param kind see the constants
    public static String kindText(int kind) {
        return switch (kind) {
            case SCRUB -> "scrub";
            case REBUILD -> "rebuild";
            case RESHAPE -> "reshape";
            default -> "none";
        };
    }

    /// {@return the state in the operators' word}
    public String stateText() {
        return switch (state) {
            case RUNNING -> "running";
            case PAUSED -> "paused";
            case DONE -> "done";
            case CANCELLED -> "cancelled";
            case FAILED -> "failed";
            default -> "none";
        };
    }

    /// {@return the record at another cursor}
    ///
    /// @param newCursor info groups done
    public JobRecord at(long newCursor) {
        return new JobRecord(
                id,
                kind,
                state,
                slot,
                newCursor,
                startedMillis,
                finishedMillis,
                checked,
                repaired,
                lost,
                suspect,
                origin);
    }

    /// {@return the record in another state}
    ///
    /// @param newState state
    /// @param millis finishedMillis
    public JobRecord ended(int newState, long millis) {
        return new JobRecord(
                id,
                kind,
                newState,
                slot,
                cursor,
                startedMillis,
                millis,
                checked,
                repaired,
                lost,
                suspect,
                origin);
    }
}
