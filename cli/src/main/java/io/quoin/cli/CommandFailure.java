package io.quoin.cli;

/// A command cannot do what was asked. The message is the one line that the operator sees; it names
/// what, where, expected and found.
final class CommandFailure extends Exception {
    private static final long serialVersionUID = 1;

    private final ExitCode exitCode;

    private CommandFailure(ExitCode exitCode, String message, Throwable cause) {
        super(message, cause);
        assert exitCode != ExitCode.OK : message;
        this.exitCode = exitCode;
    }

    /// {@return a refusal, or a failure underway: exit code 1}
    ///
    /// @param message for operators, without the leading `quoin:`
    static CommandFailure failed(String message) {
        return new CommandFailure(ExitCode.FAILED, message, null);
    }

    /// {@return a refusal, or a failure underway, with what caused it: exit code 1}
    ///
    /// @param message for operators, without the leading `quoin:`
    /// @param cause shown with QUOIN_TRACE=1
    static CommandFailure failed(String message, Throwable cause) {
        return new CommandFailure(ExitCode.FAILED, message, cause);
    }

    /// {@return options that contradict each other: exit code 2}
    ///
    /// @param message for operators, without the leading `quoin:`
    static CommandFailure usage(String message) {
        return new CommandFailure(ExitCode.USAGE, message, null);
    }

    /// {@return something outside Quoin is missing: exit code 3}
    ///
    /// @param message what to install, start or permit, without the leading `quoin:`
    static CommandFailure environment(String message) {
        return new CommandFailure(ExitCode.ENVIRONMENT, message, null);
    }

    /// {@return what the process ends with; never OK}
    ExitCode exitCode() {
        return exitCode;
    }
}
