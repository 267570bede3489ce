package io.quoin.volume.format;

/// What a superblock knows of a reshape that is under way, beside the shapes.
///
/// @param id number of the job in its volume
/// @param isPaused whether an operator has stopped it, to go on
/// @param startedMillis wall clock when it began
/// @param cutBlock the first volume block above the cut, as of the checkpoint: what the journal has since then moves it on
/// @param origin why it was begun, and by whom
public record ReshapeRecord(
        long id, boolean isPaused, long startedMillis, long cutBlock, JobOrigin origin) {
    /// {@return the same with the cut elsewhere}
    ///
    /// @param block first volume block above it
    public ReshapeRecord at(long block) {
        return new ReshapeRecord(id, isPaused, startedMillis, block, origin);
    }

    /// {@return the same, stopped or going on}
    ///
    /// @param paused whether it is stopped
    public ReshapeRecord paused(boolean paused) {
        return new ReshapeRecord(id, paused, startedMillis, cutBlock, origin);
    }
}
