package io.quoin.daemon.control.api;

/// The daemon refused, or could not be asked. The message is one line for operators.
public final class ControlException extends Exception {
    private static final long serialVersionUID = 1;

    /// What went wrong.
    public enum Kind {
        /// The daemon answered that it will not, or could not.
        REFUSED,
        /// No daemon is there.
        ABSENT,
        /// A daemon is there and cannot be talked to.
        UNREACHABLE
    }

    private final Kind kind;

    /// A failure.
    ///
    /// @param kind what went wrong
    /// @param message for operators
    /// @param cause what was thrown, or null
    public ControlException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = kind;
    }

    /// {@return what went wrong}
    public Kind kind() {
        return kind;
    }
}
