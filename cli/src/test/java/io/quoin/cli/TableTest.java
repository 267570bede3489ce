package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class TableTest {
    private static String text(Table table) {
        StringWriter text = new StringWriter();
        table.writeTo(new PrintWriter(text, true));
        return text.toString();
    }

    @Test
    void alignsWordsLeftAndNumbersRight() {
        Table table =
                Table.of(Table.left("volume"), Table.right("size"), Table.left("state"))
                        .row("orders", "1.5 GiB", "optimal")
                        .row("audit-trail", "12 MiB", "degraded");
        assertThat(text(table))
                .isEqualTo(
                        """
                        volume          size  state
                        orders       1.5 GiB  optimal
                        audit-trail   12 MiB  degraded
                        """);
    }

    @Test
    void marksEmptyCellsSoThatColumnsCanBeCut() {
        Table table = Table.of(Table.left("member"), Table.left("job")).row(null, "");
        assertThat(text(table)).isEqualTo("member  job\n-       -\n");
    }

    @Test
    void showsNoControlCharactersOfAName() {
        Table table = Table.of(Table.left("volume")).row("a\nb\033[2J");
        assertThat(text(table)).isEqualTo("volume\na?b?[2J\n");
    }
}
