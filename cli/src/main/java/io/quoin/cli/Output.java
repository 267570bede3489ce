package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonWriter;
import java.util.function.LongFunction;

/// Where a command's results, notes and progress go. With `--json`, standard output holds JSON and
/// nothing else, one document to a line; notes and progress are left out.
///
/// One thread.
final class Output {
    private final Terminal terminal;
    private final boolean isJson;

    /// Output of one command.
    ///
    /// @param terminal the streams
    /// @param isJson whether `--json` was given
    Output(Terminal terminal, boolean isJson) {
        this.terminal = terminal;
        this.isJson = isJson;
    }

    /// {@return the streams, for questions}
    Terminal terminal() {
        return terminal;
    }

    /// Prints a result. May be called again and again (`--watch`): JSON then is one document a line.
    ///
    /// @param report what was found
    void print(Report report) {
        if (isJson) {
            printJson(report.toJson());
        } else {
            report.writeText(terminal.out());
        }
        terminal.out().flush();
    }

    /// Leaves a line between two results; nothing with `--json`.
    void separate() {
        if (!isJson) {
            terminal.out().println();
            terminal.out().flush();
        }
    }

    /// Says on standard error what is being done; nothing with `--json`.
    ///
    /// @param line without a line end
    void note(String line) {
        if (!isJson) {
            terminal.err().println(line);
        }
    }

    /// Starts a progress bar on standard error; an invisible one with `--json`.
    ///
    /// @param label what is being done: `rebuild orders m2`
    /// @param total where it ends, more than 0
    /// @param format one amount as text, for example `ByteSize::format`
    /// @return to be updated and closed by the caller
    Progress progress(String label, long total, LongFunction<String> format) {
        Progress.Style style =
                isJson
                        ? Progress.Style.SILENT
                        : terminal.isErrorTerminal() ? Progress.Style.BAR : Progress.Style.LINES;
        return new Progress(
                terminal.err(), style, terminal.columns(), label, total, format, System::nanoTime);
    }

    /// Prints why a command ended early: a line on standard error, and with `--json` also a document
    /// `{"error":{"exitCode":1,"message":"..."}}` on standard output, so that a program reads one stream.
    ///
    /// @param exitCode what the process ends with
    /// @param message one line, without the leading `quoin:`
    void printError(ExitCode exitCode, String message) {
        terminal.out().flush();
        terminal.err().println("quoin: " + message);
        terminal.err().flush();
        if (isJson) {
            JsonObject error = new JsonObject();
            error.put("exitCode", exitCode.number());
            error.put("message", message);
            JsonObject document = new JsonObject();
            document.put("error", error);
            printJson(document);
            terminal.out().flush();
        }
    }

    private void printJson(JsonObject document) {
        terminal.out().println(JsonWriter.string(document));
    }
}
