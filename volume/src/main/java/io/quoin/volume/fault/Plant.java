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
    TORN_TRANSACTION,
    /// Writes a row home before its INTENT is committed.
    INTENT_AFTER_HOME,
    /// Carries versions home that are not committed yet.
    DESTAGE_UNCOMMITTED,
    /// Takes a trim of what is trimmed for one that changes nothing, although a slot has missed that.
    TRIM_LEFT_UNTOLD,
    /// Takes a trim of written blocks for one that changes nothing.
    TRIM_FORGOTTEN,
    /// Believes a flush of home writes that failed.
    FLUSH_ERROR_IGNORED,
    /// Believes a home write that failed.
    WRITE_ERROR_IGNORED,
    /// Leaves the generations that a parity record covers as they were.
    VECTOR_NOT_RENEWED,
    /// Gives every parity record the same generation.
    PARITY_GENERATION_STANDS,
    /// Does not redo intents at recovery.
    INTENT_NOT_REDONE,
    /// Gives a row out before its INTENT is redone.
    ROW_BEFORE_REDO,
    /// Redoes an INTENT over what was written home after it.
    REDO_OVER_NEWER,
    /// Leaves a block whose record is missing as it is when its row is redone.
    REDO_LEAVES_UNKNOWN,
    /// Moves the tail past the batches of the round under way.
    TAIL_PASSES_ROUND,
    /// Moves the tail past a transaction whose end is not durable yet.
    TAIL_PASSES_UNAPPLIED,
    /// Moves the tail past intents that are not redone.
    TAIL_PASSES_REDO,
    /// Moves the tail past what is dirty.
    TAIL_PASSES_DIRTY,
    /// Never writes the info of one slot of each group.
    INFO_LANE_FORGOTTEN,
    /// Makes a rebuild's cursor durable before the info below it.
    CURSOR_AHEAD,
    /// Writes both copies of an info block without a flush in between.
    INFO_COPIES_TOGETHER,
    /// Begins an epoch under the number of the last one.
    EPOCH_NOT_RAISED,
    /// Gives sequences out again after a crash.
    SEQUENCE_USED_AGAIN,
    /// Begins an epoch without the records of the last batch.
    CARRIED_DROPPED,
    /// Ends an epoch with sequences of a transaction that was not whole.
    FLOOR_ENDS_EPOCH,
    /// Trims the block before.
    TRIM_ELSEWHERE,
    /// Completes a partial write from what is at home although something newer is dirty.
    STALE_BASE,
    /// Lets two partial writes of one block go on at once.
    NO_EDGE_LOCK,
    /// Reads what is not durable yet.
    READ_UNCOMMITTED,
    /// Writes one copy of each batch.
    ONE_COPY,
    /// Writes the copies of a batch to members of different groups.
    ENSEMBLE_ACROSS_GROUPS,
    /// Writes batches and acknowledges them while a change of members is not durable.
    ACKNOWLEDGE_WHILE_FROZEN,
    /// Gives segments back that are still needed.
    SEGMENT_FREED_EARLY,
    /// Believes the second reading of a batch.
    SECOND_READ_BELIEVED,
    /// Takes batches whose payload is damaged.
    JOURNAL_PAYLOAD_UNVERIFIED,
    /// Jumps over what was written into the payload of an old batch.
    OLD_HEADER_HIDES,
    /// Believes a superblock write that failed.
    SUPERBLOCK_ERROR_IGNORED,
    /// Writes two superblock copies of four.
    HALF_THE_SUPERBLOCKS,
    /// Reads a rebuilding member one info group beyond its cursor.
    REBUILDING_READ_AHEAD,
    /// Does not tell the witness of a change of members.
    WITNESS_NOT_TOLD,
    /// Does not ask the witness.
    WITNESS_NOT_ASKED,
    /// Believes a membership that the witness never recorded, since its epoch is later.
    EPOCH_ALONE_COUNTS,
    /// Counts the time that the process stood still against its members.
    PAUSE_COUNTS,
    /// Takes a block of which no record is left for one that was never written.
    UNKNOWN_IS_UNWRITTEN,
    /// Trusts a data slot that missed a write.
    LOST_WRITE_TRUSTED,
    /// Takes the sequence of a parity's home write for that of what it covers.
    PARITY_SEQUENCE_JUDGES,
    /// Believes a block of which no guard is recorded.
    UNGUARDED_BELIEVED,
    /// Takes info blocks without looking at their CRC and identity.
    INFO_UNVERIFIED,
    /// Rewrites a block that missed a write without its info.
    REPAIR_WITHOUT_INFO,
    /// Finds what is bad and leaves it.
    SCRUB_REPAIRS_NOTHING,
    /// Gives rebuilt parity an older generation.
    REPAIR_LOWERS_GENERATION,
    /// A rebuild records parity of trimmed rows as written, which it was not.
    PARITY_WITHOUT_GUARD,
    /// Lets a rebuilt member join before the journal is empty.
    JOIN_WITH_JOURNAL,
    /// Repairs rows without their lock.
    NO_REPAIR_LOCK,
    /// Takes a member in that was dropped.
    STALE_ADMITTED,
    /// Takes an older image of a member in.
    OLD_IMAGE_ADMITTED,
    /// Takes the superblock of any member for the newest.
    ANY_SUPERBLOCK,
    /// Decodes from blocks that missed a write.
    DECODE_UNTRUSTED,
    /// Begins with the oldest tail that any member asks for, and makes it everybody's.
    TAIL_GOES_BACK,
    /// Lets an EPOCH_START stand for one batch only, although that was an EPOCH_START itself.
    CARRIED_ONCE,
    /// Moves blocks into another shape as they were before what is about to be committed.
    MOVED_OVER_NEWER,
    /// Believes the info that the members have where a reshape puts new rows.
    MOVED_INFO_KEPT,
    /// Moves blocks although a request for them that is being completed has no sequence yet.
    EDGES_NOT_AWAITED,
    /// Moves blocks that are dirty without writing them to the journal again.
    DIRTY_NOT_MOVED,
    /// Takes a move of blocks for one that is not home although the journal has let go of a part of it.
    MOVE_HALF_KEPT,
    /// Records the guard of a repaired block that had none in memory only.
    GUARD_NOT_KEPT,
    /// Begins with superblock copies 0 and 2, also when those are the ones a crash left whole.
    EVEN_COPIES_FIRST,
    /// Admits requests to the journal as if none waited for a batch.
    ADMIT_WITHOUT_QUEUE,
    /// Makes room for an EPOCH_START by giving back all batches that it stands for.
    LAST_COPY_FREED,
    /// Adopts batches that were left behind in a journal slot which another segment uses now.
    LEFTOVERS_ADOPTED,
    /// Frees what an EPOCH_START stands for before that one is durable.
    REPLACED_FREED_EARLY,
    /// Keeps what a member holds that was away, though it missed writes.
    STALE_KEPT,
    /// Does not do on a twin what is done on its slot's member.
    TWIN_NOT_TOLD,
    /// Promotes a twin while the other one's journal is needed.
    TWIN_WITH_JOURNAL,
    /// Tells the others first that a twin was promoted.
    TWIN_TOLD_LAST,
    /// Takes info that was read from a slot's former member for its new one's.
    INFO_OF_THE_FORMER,
    /// Lets go of the former member before its slot's new one is durably the member.
    FORMER_LEFT_EARLY,
    /// Acknowledges a batch of which a copy is late instead of writing it elsewhere.
    LATE_COPY_COUNTS,
    /// Gives journal slots back in which a late copy may still land.
    LATE_SLOT_FREED,
    /// Uses new zones of members before what they hold there is cleared.
    GROWN_AT_ONCE,
    /// Leaves in a volume that grows what its canary rows held.
    CANARY_LEFT,
    /// Takes a read that failed for one that was done.
    READ_ERROR_BELIEVED,
    /// Hands an operation to a member only when the one before it has ended.
    ONE_AT_A_TIME,
    /// Does not look at what is near damage that was found.
    NEIGHBOURS_UNCHECKED,
    /// Counts all of a batch as committed before it is noted of each record where it is.
    BATCH_COMMITTED_AT_ONCE,
    /// Keeps no memory for blocks that are partly written.
    NO_EDGE_RESERVE;

    /// The system property that names a bug for a daemon to begin with: for those who want to see their monitoring raise an alarm.
    public static final String PROPERTY = "quoin.plant";

    private static volatile Plant active;

    /// {@return whether this bug is planted}
    public boolean isPlanted() {
        return active == this;
    }

    /// Plants one bug, or none; for tests, and for {@link #PROPERTY}.
    ///
    /// @param plant the bug, or null
    public static void set(Plant plant) {
        active = plant;
    }
}
