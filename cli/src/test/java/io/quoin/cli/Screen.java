package io.quoin.cli;

import java.io.BufferedReader;
import java.io.PrintWriter;
import java.io.StringReader;
import java.io.StringWriter;

/// Standard streams in memory.
final class Screen {
    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();
    private final Terminal terminal;

    private Screen(String typed, boolean isTerminal) {
        terminal =
                new Terminal(
                        new BufferedReader(new StringReader(typed)),
                        new PrintWriter(out, true),
                        new PrintWriter(err, true),
                        isTerminal,
                        isTerminal,
                        80);
    }

    /// {@return streams with nobody there}
    static Screen ofPipe() {
        return new Screen("", false);
    }

    /// {@return streams with a person}
    ///
    /// @param typed what the person types
    static Screen ofPerson(String typed) {
        return new Screen(typed, true);
    }

    Terminal terminal() {
        return terminal;
    }

    Output output() {
        return new Output(terminal, false);
    }

    Output jsonOutput() {
        return new Output(terminal, true);
    }

    String out() {
        return out.toString();
    }

    String err() {
        return err.toString();
    }
}
