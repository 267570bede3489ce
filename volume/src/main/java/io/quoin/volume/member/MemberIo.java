package io.quoin.volume.member;

/// The running engine's way to one member: submit, and the operation's listener is called on the
/// engine's thread when it is done. Operations in flight together may be done in any order; the
/// engine orders by waiting.
public interface MemberIo extends AutoCloseable {
    /// Starts an operation. Never blocks for the device.
    ///
    /// @param io the operation
    void submit(Io io);

    /// Waits for operations under way and ends the member's threads. The file stays open.
    @Override
    void close();
}
