package io.quoin.cli;

import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.List;

/// Rows under headings, in columns two spaces apart, without lines drawn: easy to read, and easy to
/// cut with awk. An empty cell is shown as `-`, so that every row has as many words as it seems.
final class Table {
    private static final String GAP = "  ";
    private static final String EMPTY = "-";

    private final List<Column> columns;
    private final List<List<String>> rows = new ArrayList<>();

    private Table(List<Column> columns) {
        this.columns = columns;
    }

    /// A heading, and the side its cells lean to.
    ///
    /// @param heading the glossary's word
    /// @param isRight whether cells lean to the right, as numbers do
    record Column(String heading, boolean isRight) {}

    /// {@return a column of words}
    ///
    /// @param heading the glossary's word
    static Column left(String heading) {
        return new Column(heading, false);
    }

    /// {@return a column of numbers}
    ///
    /// @param heading the glossary's word
    static Column right(String heading) {
        return new Column(heading, true);
    }

    /// {@return a table without rows}
    ///
    /// @param columns from left to right, at least one
    static Table of(Column... columns) {
        assert columns.length > 0;
        return new Table(List.of(columns));
    }

    /// Appends a row.
    ///
    /// @param cells shown by their `toString`, null as empty; as many as columns
    /// @return this
    Table row(Object... cells) {
        assert cells.length == columns.size() : cells.length + " cells, " + columns.size();
        List<String> row = new ArrayList<>();
        for (Object cell : cells) {
            String text = cell == null ? "" : cell.toString().replaceAll("\\p{Cntrl}", "?");
            row.add(text.isEmpty() ? EMPTY : text);
        }
        rows.add(row);
        return this;
    }

    /// Writes headings and rows.
    ///
    /// @param out where to
    void writeTo(PrintWriter out) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(columns.stream().map(Column::heading).toList());
        lines.addAll(rows);
        int[] widths = new int[columns.size()];
        for (List<String> line : lines) {
            for (int i = 0; i < widths.length; i++) {
                widths[i] = Math.max(widths[i], width(line.get(i)));
            }
        }
        for (List<String> line : lines) {
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < widths.length; i++) {
                String padding = " ".repeat(widths[i] - width(line.get(i)));
                text.append(i == 0 ? "" : GAP);
                text.append(
                        columns.get(i).isRight() ? padding + line.get(i) : line.get(i) + padding);
            }
            out.println(text.toString().stripTrailing());
        }
    }

    private static int width(String text) {
        return text.codePointCount(0, text.length());
    }
}
