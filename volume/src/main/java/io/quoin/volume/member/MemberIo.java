package io.quoin.volume.member;

/// The running engine's way to one member: submit, and the operation's listener is called in the
/// engine's turn when it is done. Operations in flight together may be done in any order; the
/// engine orders by waiting.
public interface MemberIo extends AutoCloseable {
    /// Starts an operation. Never blocks for the device.
    ///
    /// @param io the operation
    void submit(Io io);

    /// Gives up on an operation that takes too long. When this is true, its listener will not be called,
    /// the object can be used again, and no byte of its memory is written any more; memory that it
    /// writes from may still be read, and what it writes may still reach the member, which must
    /// therefore have left the set.
    ///
    /// @param io operation that was submitted here and is not completed
    /// @return false: it is just being completed
    boolean abandon(Io io);

    /// The member has not answered in time, has left the set, and what was submitted was given up: a connection to it ends. Never
    /// blocks.
    default void giveUp() {}

    /// {@return whether nothing that was submitted is still in the device's hands}
    boolean isQuiet();

    /// {@return whether the member is out of reach for good: whatever is submitted fails}
    default boolean isLost() {
        return false;
    }

    /// Waits a moment for operations under way and ends the member's threads. The file stays open.
    @Override
    void close();
}
