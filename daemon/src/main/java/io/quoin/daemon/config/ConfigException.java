package io.quoin.daemon.config;

/// Settings that cannot be followed. The message names file and line, or the option, what was expected
/// and what was found.
public final class ConfigException extends Exception {
    private static final long serialVersionUID = 1;

    /// A refusal.
    ///
    /// @param message for operators
    public ConfigException(String message) {
        super(message);
    }

    /// A refusal with its cause.
    ///
    /// @param message for operators
    /// @param cause what was thrown
    public ConfigException(String message, Throwable cause) {
        super(message, cause);
    }
}
