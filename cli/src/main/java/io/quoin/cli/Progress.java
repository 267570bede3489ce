package io.quoin.cli;

import java.io.PrintWriter;
import java.util.Locale;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;

/// How far long work is, on standard error.
///
/// ```
/// rebuild orders m2  [==========>         ]  54.1 %  1.3 GiB of 2.4 GiB, 310 MiB/s, 4 s left
/// ```
///
/// On a terminal one line redraws itself, ten times a second at most; elsewhere a plain line appears
/// every ten seconds and at the end. Work that resumes starts at its cursor: the rate counts from the
/// first update. One thread.
final class Progress implements AutoCloseable {
    private static final long REDRAW_NANOS = 100_000_000;
    private static final long LINE_NANOS = 10_000_000_000L;
    private static final double NANOS_PER_SECOND = 1e9;
    private static final String ERASE = "\r\033[K";
    private static final int WIDEST_BAR = 40;
    private static final int NARROWEST_BAR = 10;

    /// How progress is shown.
    enum Style {
        /// One line that redraws itself.
        BAR,
        /// A plain line now and then.
        LINES,
        /// Not at all.
        SILENT
    }

    private final PrintWriter err;
    private final Style style;
    private final int columns;
    private final String label;
    private final long total;
    private final LongFunction<String> format;
    private final LongSupplier nanoClock;

    private long first = -1;
    private long firstNanos;
    private long done;
    private long shownNanos;
    private boolean isClosed;

    /// Work that has not been updated yet; nothing is shown.
    ///
    /// @param err where to show
    /// @param style how to show
    /// @param columns the terminal's width
    /// @param label what is being done
    /// @param total where it ends, more than 0
    /// @param format one amount as text
    /// @param nanoClock as of System.nanoTime
    Progress(
            PrintWriter err,
            Style style,
            int columns,
            String label,
            long total,
            LongFunction<String> format,
            LongSupplier nanoClock) {
        assert total > 0 : total;
        this.err = err;
        this.style = style;
        this.columns = columns;
        this.label = label;
        this.total = total;
        this.format = format;
        this.nanoClock = nanoClock;
    }

    /// Says how far the work is.
    ///
    /// @param amount done so far, 0 to total; more counts as total
    void update(long amount) {
        assert amount >= 0 : amount;
        long now = nanoClock.getAsLong();
        done = Math.min(amount, total);
        if (first < 0) {
            first = done;
            firstNanos = now;
            shownNanos = now;
            if (style == Style.BAR) {
                show(now);
            }
        } else if (now - shownNanos >= (style == Style.BAR ? REDRAW_NANOS : LINE_NANOS)) {
            show(now);
        }
    }

    /// Shows the last state and ends the line. Closing twice does nothing.
    @Override
    public void close() {
        if (!isClosed && first >= 0) {
            show(nanoClock.getAsLong());
            if (style == Style.BAR) {
                err.println();
                err.flush();
            }
        }
        isClosed = true;
    }

    private void show(long now) {
        shownNanos = now;
        switch (style) {
            case BAR -> {
                err.print(ERASE + bar(now));
                err.flush();
            }
            case LINES -> err.println(label + "  " + percent() + "  " + amounts(now));
            case SILENT -> {}
        }
    }

    private String bar(long now) {
        String tail = percent() + "  " + amounts(now);
        int width = Math.min(WIDEST_BAR, columns - 1 - label.length() - tail.length() - 6);
        String line;
        if (width < NARROWEST_BAR) {
            line = label + "  " + tail;
        } else {
            int filled = (int) (done / (double) total * width);
            String head = filled < width ? "=".repeat(filled) + ">" : "=".repeat(width);
            line = label + "  [" + head + " ".repeat(width - head.length()) + "]  " + tail;
        }
        // A line that wraps cannot be redrawn.
        return line.substring(0, Math.min(line.length(), columns - 1));
    }

    private String percent() {
        // Down, so that 100.0 % means done.
        double tenths = Math.floor(done / (double) total * 1000);
        return String.format(Locale.ROOT, "%5.1f %%", tenths / 10);
    }

    private String amounts(long now) {
        String text = format.apply(done) + " of " + format.apply(total);
        double seconds = (now - firstNanos) / NANOS_PER_SECOND;
        long worked = done - first;
        if (seconds <= 0 || worked <= 0) {
            return text;
        }
        double rate = worked / seconds;
        text += ", " + format.apply((long) rate) + "/s";
        if (done < total) {
            return text + ", " + duration((long) Math.ceil((total - done) / rate)) + " left";
        }
        return text + ", took " + duration((long) Math.ceil(seconds));
    }

    private static String duration(long seconds) {
        if (seconds < 60) {
            return seconds + " s";
        }
        long minutes = seconds / 60;
        if (minutes < 60) {
            return String.format(Locale.ROOT, "%d min %02d s", minutes, seconds % 60);
        }
        return String.format(Locale.ROOT, "%d h %02d min", minutes / 60, minutes % 60);
    }
}
