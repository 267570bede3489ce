package io.quoin.daemon.nbd;

import java.util.concurrent.TimeUnit;

/// Keeps clients from filling the log: a few lines in ten seconds, then the number of those left out.
/// Errors, which are bugs of ours, are counted apart: no flood of clients hides one. Any thread.
final class LogLimiter {
    private static final int LINES = 20;
    private static final long PERIOD_NANOS = TimeUnit.SECONDS.toNanos(10);

    private final System.Logger log;

    private final Allowance clients = new Allowance();
    private final Allowance bugs = new Allowance();

    /// Lines that may be logged. Guarded by itself.
    private static final class Allowance {
        private long periodStartNanos = System.nanoTime();
        private int linesLeft = LINES;
        private long leftOut;

        /// {@return how many were left out before this one, or -1: leave it out}
        synchronized long take() {
            long now = System.nanoTime();
            if (now - periodStartNanos > PERIOD_NANOS) {
                periodStartNanos = now;
                linesLeft = LINES;
            }
            if (linesLeft == 0) {
                leftOut++;
                return -1;
            }
            linesLeft--;
            long missed = leftOut;
            leftOut = 0;
            return missed;
        }
    }

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
        long missed = (level == System.Logger.Level.ERROR ? bugs : clients).take();
        if (missed < 0) {
            return;
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
