package io.quoin.daemon.observe;

import java.io.PrintStream;
import java.text.MessageFormat;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.MissingResourceException;
import java.util.Optional;
import java.util.ResourceBundle;
import java.util.concurrent.ConcurrentHashMap;

/// The log: one line for each record on standard error. Under systemd each line begins with its
/// priority, `<4>`, for journald; elsewhere with the time.
///
/// Found by `System.getLogger` as a service, instead of java.util.logging: that one closes its handlers
/// at SIGTERM, before the daemon has said how its stop went. Warnings and errors are shown; a process
/// that wants to say more, such as the daemon, asks for it.
///
/// Source: sd-daemon(3); `JOURNAL_STREAM` of systemd.exec(5) says that journald reads.
public final class LogLines extends System.LoggerFinder {
    private static final int MOST_CAUSES = 8;
    private static final int MOST_FRAMES = 8;

    private static volatile System.Logger.Level threshold = System.Logger.Level.WARNING;

    private final PrintStream out;
    private final boolean isJournald;
    private final ConcurrentHashMap<String, System.Logger> loggers = new ConcurrentHashMap<>();

    /// The log of this process.
    public LogLines() {
        this(System.err, System.getenv("JOURNAL_STREAM") != null);
    }

    /// A log to a stream.
    ///
    /// @param out where to
    /// @param isJournald whether journald reads
    LogLines(PrintStream out, boolean isJournald) {
        this.out = out;
        this.isJournald = isJournald;
    }

    /// Says from which level on records are shown.
    ///
    /// @param level the lowest
    public static void showFrom(System.Logger.Level level) {
        threshold = level;
    }

    @Override
    public System.Logger getLogger(String name, Module module) {
        return loggers.computeIfAbsent(name, Lines::new);
    }

    private final class Lines implements System.Logger {
        private final String name;

        private Lines(String name) {
            this.name = name;
        }

        @Override
        public String getName() {
            return name;
        }

        @Override
        public boolean isLoggable(Level level) {
            return level != Level.OFF && level.getSeverity() >= threshold.getSeverity();
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
            if (isLoggable(level)) {
                print(level, translate(bundle, message), thrown);
            }
        }

        @Override
        public void log(Level level, ResourceBundle bundle, String format, Object... parameters) {
            if (isLoggable(level)) {
                String text = translate(bundle, format);
                print(
                        level,
                        parameters == null || parameters.length == 0
                                ? text
                                : MessageFormat.format(text, parameters),
                        null);
            }
        }

        private String translate(ResourceBundle bundle, String message) {
            try {
                return bundle == null || message == null ? message : bundle.getString(message);
            } catch (MissingResourceException e) {
                return message;
            }
        }
    }

    private void print(System.Logger.Level level, String message, Throwable thrown) {
        StringBuilder line = new StringBuilder();
        if (isJournald) {
            line.append('<').append(priority(level)).append('>');
        } else {
            line.append(Instant.now().truncatedTo(ChronoUnit.MILLIS))
                    .append(' ')
                    .append(word(level))
                    .append(' ');
        }
        line.append(oneLine(message));
        Throwable cause = thrown;
        for (int i = 0; cause != null && i < MOST_CAUSES; i++) {
            line.append(i == 0 ? ": " : "; caused by ").append(oneLine(cause.toString()));
            StackTraceElement[] frames = cause.getStackTrace();
            for (int frame = 0; frame < Math.min(frames.length, MOST_FRAMES); frame++) {
                line.append(frame == 0 ? " at " : " < ").append(frames[frame]);
            }
            cause = cause.getCause();
        }
        // One call, so that lines of several threads do not mix.
        out.println(line);
    }

    // What a client or a disk said must not look like a line of ours.
    private static String oneLine(String text) {
        return Optional.ofNullable(text).orElse("").replaceAll("\\R", " | ");
    }

    // syslog(3): 3 error, 4 warning, 6 informational, 7 debug.
    private static int priority(System.Logger.Level level) {
        return switch (level) {
            case ERROR, OFF -> 3;
            case WARNING -> 4;
            case INFO -> 6;
            case DEBUG, TRACE, ALL -> 7;
        };
    }

    private static String word(System.Logger.Level level) {
        return switch (level) {
            case ERROR, OFF -> "error";
            case WARNING -> "warning";
            case INFO -> "info";
            case DEBUG, TRACE, ALL -> "debug";
        };
    }
}
