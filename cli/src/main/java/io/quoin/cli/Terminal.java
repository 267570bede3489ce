package io.quoin.cli;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintWriter;
import java.nio.charset.Charset;

/// The three standard streams, and which of them a person sits at.
///
/// The launcher tests the descriptors and says so in the property `quoin.terminal` (`012` when all
/// three are terminals), because Java only knows about input and output together.
///
/// @param in standard input, by lines
/// @param out standard output: results
/// @param err standard error: refusals, notes, questions, progress
/// @param isInputTerminal whether someone can answer a question
/// @param isErrorTerminal whether progress may redraw its line
/// @param columns width of the terminal, at least 40
record Terminal(
        BufferedReader in,
        PrintWriter out,
        PrintWriter err,
        boolean isInputTerminal,
        boolean isErrorTerminal,
        int columns) {
    private static final int LEAST_COLUMNS = 40;
    private static final int USUAL_COLUMNS = 80;

    Terminal {
        if (columns < LEAST_COLUMNS) {
            throw new IllegalArgumentException(
                    "columns: expected at least " + LEAST_COLUMNS + ", was " + columns);
        }
    }

    /// {@return the process's own streams}
    static Terminal system() {
        String terminals = System.getProperty("quoin.terminal", "");
        int columns = Integer.getInteger("quoin.columns", 0);
        return new Terminal(
                new BufferedReader(new InputStreamReader(System.in, Charset.defaultCharset())),
                new PrintWriter(System.out, false),
                new PrintWriter(System.err, true),
                terminals.contains("0"),
                terminals.contains("2"),
                // Terminals without a size, such as a new pseudo-terminal, say 0.
                columns == 0 ? USUAL_COLUMNS : Math.max(LEAST_COLUMNS, columns));
    }
}
