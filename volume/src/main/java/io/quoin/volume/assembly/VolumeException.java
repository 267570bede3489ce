package io.quoin.volume.assembly;

/// A volume cannot be created, assembled or changed as asked; nothing was written that loses
/// anything. The message names what, where, expected and found.
public final class VolumeException extends Exception {
    private static final long serialVersionUID = 1;

    /// A refusal.
    ///
    /// @param message for operators
    public VolumeException(String message) {
        super(message);
    }

    /// A refusal with its cause.
    ///
    /// @param message for operators
    /// @param cause what was thrown
    public VolumeException(String message, Throwable cause) {
        super(message, cause);
    }
}
