package io.quoin.cli;

/// What a command's end says to the shell. Scripts rely on the numbers: they do not change.
enum ExitCode {
    /// Done.
    OK(0, "done"),
    /// Refused, or failed underway; the line on standard error says what is left to do.
    FAILED(1, "refused or failed: one line on standard error says why"),
    /// The command line makes no sense; nothing was done.
    USAGE(2, "usage: unknown or contradictory options; nothing was done"),
    /// Something outside Quoin is missing: a JDK, a program, a daemon that answers, a permission.
    ENVIRONMENT(3, "environment: a JDK, a program, the daemon or a permission is missing"),
    /// A defect of Quoin itself; the stack trace is on standard error. 70 is `EX_SOFTWARE` of sysexits.h.
    DEFECT(70, "a defect of quoin: please report the stack trace");

    private final int number;
    private final String meaning;

    ExitCode(int number, String meaning) {
        this.number = number;
        this.meaning = meaning;
    }

    /// {@return the process's exit code, 0 to 125}
    int number() {
        return number;
    }

    /// {@return the line of `quoin --help` for it}
    String meaning() {
        return meaning;
    }
}
