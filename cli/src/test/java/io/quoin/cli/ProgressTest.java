package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.api.Test;

class ProgressTest {
    private static final long SECOND = 1_000_000_000L;
    private static final long MIB = 1 << 20;

    private final StringWriter err = new StringWriter();
    private long nanos;

    private Progress progress(Progress.Style style, int columns) {
        return new Progress(
                new PrintWriter(err, true),
                style,
                columns,
                "rebuild m2",
                400 * MIB,
                ByteSize::format,
                () -> nanos);
    }

    @Test
    void redrawsOneLineOnATerminal() {
        try (Progress progress = progress(Progress.Style.BAR, 120)) {
            progress.update(0);
            nanos = SECOND;
            progress.update(100 * MIB);
        }
        assertThat(err.toString()).containsOnlyOnce("\n").endsWith("\n");
        String[] frames = err.toString().split("\r\033\\[K");
        assertThat(frames[1])
                .isEqualTo(
                        "rebuild m2  [>                                       ]    0.0 %  0 B of 400 MiB");
        assertThat(frames[2])
                .isEqualTo(
                        "rebuild m2  [==========>                             ]   25.0 %  100 MiB of 400 MiB, 100 MiB/s, 3 s left");
    }

    @Test
    void neverWrapsHoweverNarrowTheTerminal() {
        try (Progress progress = progress(Progress.Style.BAR, 40)) {
            progress.update(0);
            nanos = SECOND;
            progress.update(100 * MIB);
        }
        for (String frame : err.toString().strip().split("\r\033\\[K")) {
            assertThat(frame.length()).as(frame).isLessThan(40);
        }
    }

    @Test
    void redrawsAtMostTenTimesASecond() {
        try (Progress progress = progress(Progress.Style.BAR, 120)) {
            for (int i = 0; i < 1000; i++) {
                nanos = i * SECOND / 1000;
                progress.update(i);
            }
        }
        assertThat(err.toString().split("\r").length - 1).isBetween(10, 12);
    }

    @Test
    void writesPlainLinesWhereThereIsNoTerminal() {
        try (Progress progress = progress(Progress.Style.LINES, 80)) {
            for (int i = 0; i <= 25; i++) {
                nanos = i * SECOND;
                progress.update(i * 16 * MIB);
            }
        }
        assertThat(err.toString())
                .isEqualTo(
                        """
                        rebuild m2   40.0 %  160 MiB of 400 MiB, 16 MiB/s, 15 s left
                        rebuild m2   80.0 %  320 MiB of 400 MiB, 16 MiB/s, 5 s left
                        rebuild m2  100.0 %  400 MiB of 400 MiB, 16 MiB/s, took 25 s
                        """);
    }

    @Test
    void countsTheRateFromTheCursorWhenWorkResumes() {
        try (Progress progress = progress(Progress.Style.LINES, 80)) {
            progress.update(300 * MIB);
            nanos = 10 * SECOND;
            progress.update(350 * MIB);
        }
        assertThat(err.toString()).contains("350 MiB of 400 MiB, 5 MiB/s, 10 s left");
    }

    @Test
    void saysHundredPercentOnlyWhenDone() {
        try (Progress progress = progress(Progress.Style.LINES, 80)) {
            progress.update(400 * MIB - 1);
        }
        assertThat(err.toString()).contains(" 99.9 %").doesNotContain("100.0");
    }

    @Test
    void saysHoursAndMinutesForLongWork() {
        try (Progress progress = progress(Progress.Style.LINES, 80)) {
            progress.update(0);
            nanos = 100 * SECOND;
            progress.update(4 * MIB);
            nanos = 5000 * SECOND;
            progress.update(200 * MIB);
        }
        assertThat(err.toString()).contains("2 h 45 min left").contains("1 h 23 min left");
    }

    @Test
    void isSilentForPrograms() {
        Screen screen = Screen.ofPerson("");
        try (Progress progress = screen.jsonOutput().progress("scrub", 10, ByteSize::format)) {
            progress.update(5);
            progress.update(10);
        }
        assertThat(screen.err()).isEmpty();
        assertThat(screen.out()).isEmpty();
    }
}
