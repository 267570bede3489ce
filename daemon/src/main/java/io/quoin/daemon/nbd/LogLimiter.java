package io.quoin.daemon.nbd;

import java.util.concurrent.TimeUnit;

/// Keeps clients from filling the log: a few lines in ten seconds, then the number of those left out.
/// Any thread.
final class LogLimiter {
    private static final int LINES = 20;
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final System.Logger log;

    // Guarded by this.
    private long periodStartNanos = System.nanoTime();
    private int linesLeft = LINES;
    private long leftOut;

    LogLimiter(System.Logger log) {
        this.log = log;
    }

    void log(System.Logger.Level level, String message) {
        log(level, message, null);
    }

    void log(System.Logger.Level level, String message, Throwable thrown) {
        if (!log.isLoggable(level)) {
            return;
        }
        long missed;
        synchronized (this) {
            long now = System.nanoTime();
            if (now - periodStartNanos > PERIOD_NANOS) {
                periodStartNanos = now;
                linesLeft = LINES;
            }
            if (linesLeft == 0) {
                leftOut++;
                return;
            }
            linesLeft--;
            missed = leftOut;
            leftOut = 0;
        }
        if (missed > 0) {
            log.log(level, missed + " messages about clients were left out");
        }
        if (thrown == null) {
            log.log(level, message);
        } else {
            log.log(level, message, thrown);
        }
    }
}
