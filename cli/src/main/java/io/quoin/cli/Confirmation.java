package io.quoin.cli;

import java.io.IOException;
import picocli.CommandLine.Option;

/// The question before something is destroyed; a mixin: `@Mixin private Confirmation confirmation;`.
///
/// The operator types the name of what is at stake, so that a wrong one is noticed. `--yes` answers
/// for scripts. Without either nothing happens: input that is no terminal is not an answer.
final class Confirmation {
    @Option(names = "--yes", description = "Goes on without asking for the name.")
    private boolean isGiven;

    /// Returns when the operator agreed.
    ///
    /// @param output for the question
    /// @param consequence what will be gone, as a sentence: `Member m2 of volume orders will be overwritten.`
    /// @param kind what the name names: `volume`
    /// @param name what must be typed
    /// @throws CommandFailure when the answer is another, or nobody can answer; nothing was changed
    /// @throws IOException when standard input fails
    void require(Output output, String consequence, String kind, String name)
            throws CommandFailure, IOException {
        if (isGiven) {
            return;
        }
        Terminal terminal = output.terminal();
        if (!terminal.isInputTerminal()) {
            throw CommandFailure.failed(
                    consequence
                            + " Not confirmed (standard input is no terminal): repeat with --yes. Nothing was changed.");
        }
        terminal.out().flush();
        terminal.err().println(consequence);
        terminal.err().print("Type the " + kind + "'s name to go on: ");
        terminal.err().flush();
        String answer = terminal.in().readLine();
        if (answer == null || !answer.strip().equals(name)) {
            throw CommandFailure.failed(
                    "not confirmed: expected \""
                            + name
                            + "\", was \""
                            + (answer == null ? "" : answer.strip())
                            + "\". Nothing was changed.");
        }
    }
}
