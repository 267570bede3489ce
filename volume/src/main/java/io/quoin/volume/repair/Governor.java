package io.quoin.volume.repair;

import io.quoin.volume.counter.Latencies;
import io.quoin.volume.intake.Request;
import java.util.function.BooleanSupplier;

/// Says how fast a job may go: so fast that clients do not feel it. While clients wait for commits or reads,
/// the slowest hundredth of them is compared with what it was without a job, and the job's rate follows:
/// down by as much as they waited too long, up by a quarter while they did not. What it was without a job
/// is measured while there is none, and in short rests that a job takes. Nobody waits: no limit.
///
/// ```
///            job's tasks have ended, REST_NANOS
///  +------------------------------------------------+
///  v                                                |
/// working: a window after the other, each      resting: nothing is taken up,
/// ends with a new rate    ----- every ----->   the baseline is brought up to date
///                         WORK_NANOS
/// ```
///
/// The baseline counts operations of the last rests and halves what it has when it has many, so it moves
/// with the load.
///
/// In the engine's turns only.
public final class Governor {
    /// Operations that a window has at least, unless it grows old.
    private static final int WINDOW_OPERATIONS = 500;

    /// Fewer operations say nothing about their slowest hundredth.
    private static final int LEAST_OPERATIONS = 20;

    private static final long WINDOW_NANOS = 200_000_000L;
    private static final long LONGEST_WINDOW_NANOS = 2_000_000_000L;
    private static final long WORK_NANOS = 4_000_000_000L;
    private static final long REST_NANOS = 100_000_000L;

    /// What a job has left behind it in the devices' queues is over by then.
    private static final long SETTLE_NANOS = 30_000_000L;

    private static final long LONGEST_REST_NANOS = 500_000_000L;
    private static final long LOOK_NANOS = 10_000_000L;
    private static final long IDLE_NANOS = 100_000_000L;
    private static final int BASELINE_OPERATIONS = 16_384;
    private static final double SLOWEST = 0.99;

    private static final double GROWTH = 1.25;
    private static final double LEAST_CUT = 0.9;
    private static final double MOST_CUT = 0.5;

    /// What a job has not taken up for so long it does not take up later.
    private static final double BURST_SECONDS = 0.002;

    private final BooleanSupplier isAsked;
    private final Waits commits = new Waits();
    private final Waits reads = new Waits();
    private GovernorLimits limits = GovernorLimits.DEFAULT;
    private double bytesPerSecond = limits.floorBytes();
    private long nowNanos;
    private long lastOperationNanos;
    private boolean hasServed;
    private int jobs;
    private boolean isResting;
    private boolean isCalm = true;
    private long phaseNanos;
    private long windowNanos;
    private double allowance;
    private long filledNanos;

    /// What one kind of operations waited: without a job, and in the window.
    private static final class Waits {
        private final Latencies baseline = new Latencies();
        private final Latencies window = new Latencies();

        void record(long nanos, boolean isCalm) {
            if (!isCalm) {
                window.record(nanos);
                return;
            }
            baseline.record(nanos);
            if (baseline.count() >= BASELINE_OPERATIONS) {
                baseline.halve();
            }
        }

        /// {@return whether it is known what clients wait without a job, if they wait now}
        boolean isBaselineKnown() {
            return window.count() == 0 || baseline.count() >= LEAST_OPERATIONS;
        }

        /// {@return how many times as long as without a job the slowest waited; 0: not known}
        double ratio() {
            if (window.count() < LEAST_OPERATIONS || baseline.count() < LEAST_OPERATIONS) {
                return 0;
            }
            return (double) window.quantile(SLOWEST) / baseline.quantile(SLOWEST);
        }
    }

    /// A governor of a volume's jobs.
    ///
    /// @param isAsked whether clients wait for an answer now
    public Governor(BooleanSupplier isAsked) {
        this.isAsked = isAsked;
    }

    /// Tells the time, at the beginning of each turn.
    ///
    /// @param nanos monotonic clock
    public void at(long nanos) {
        nowNanos = nanos;
    }

    /// {@return the time of this turn}
    long nowNanos() {
        return nowNanos;
    }

    /// Sets what the operator wants.
    ///
    /// @param wanted limits
    public void setLimits(GovernorLimits wanted) {
        limits = wanted;
        bytesPerSecond = limits.clamp(bytesPerSecond);
        allowance = 0;
    }

    /// {@return what the operator wants}
    public GovernorLimits limits() {
        return limits;
    }

    /// Takes note of a client's operation that has ended.
    ///
    /// @param request the operation
    public void ended(Request request) {
        Waits waits =
                switch (request.op) {
                    case WRITE, TRIM, ZERO -> commits;
                    case READ -> reads;
                    case FLUSH, BLOCK_STATUS, CACHE -> null;
                };
        if (waits != null) {
            boolean isOfBefore = isCalm && isResting && request.submittedNanos - phaseNanos < 0;
            lastOperationNanos = nowNanos;
            hasServed = true;
            if (!isOfBefore) {
                waits.record(nowNanos - request.submittedNanos, isCalm);
            }
        }
    }

    /// A job begins, or what counts as one; another may be under way.
    void begin() {
        if (jobs++ > 0) {
            return;
        }
        isCalm = false;
        isResting = false;
        phaseNanos = nowNanos;
        filledNanos = nowNanos;
        allowance = 0;
        startWindow();
    }

    /// A job has ended.
    void end() {
        if (--jobs > 0) {
            return;
        }
        isCalm = true;
        isResting = false;
    }

    /// Goes on with what is due.
    ///
    /// @param inFlight tasks of jobs that have not ended
    void step(int inFlight) {
        if (isResting) {
            rest(inFlight);
        } else if (!isIdle()) {
            work();
        } else if (nowNanos - windowNanos >= WINDOW_NANOS) {
            startWindow();
        }
        fill();
    }

    private void rest(int inFlight) {
        if (!isCalm) {
            if (inFlight > 0) {
                phaseNanos = nowNanos; // until then the job is in the clients' way
            } else if (nowNanos - phaseNanos >= SETTLE_NANOS) {
                isCalm = true;
                phaseNanos = nowNanos;
            }
            return;
        }
        long age = nowNanos - phaseNanos;
        boolean isEnough = commits.isBaselineKnown() && reads.isBaselineKnown();
        if (age >= LONGEST_REST_NANOS || age >= REST_NANOS && isEnough || isIdle()) {
            isCalm = false;
            isResting = false;
            phaseNanos = nowNanos;
            startWindow();
        }
    }

    private void work() {
        long age = nowNanos - windowNanos;
        long operations = Math.max(commits.window.count(), reads.window.count());
        if (age < WINDOW_NANOS || operations < WINDOW_OPERATIONS && age < LONGEST_WINDOW_NANOS) {
            return;
        }
        double ratio = Math.max(commits.ratio(), reads.ratio());
        double most = limits.latencyPercent() / 100.0;
        double change = ratio > most ? Math.clamp(most / ratio, MOST_CUT, LEAST_CUT) : GROWTH;
        if (operations == 0) {
            change = MOST_CUT; // somebody waits, and has waited for all of the window
        }
        bytesPerSecond = limits.clamp(bytesPerSecond * change);
        boolean isRestDue =
                nowNanos - phaseNanos >= WORK_NANOS
                        || !commits.isBaselineKnown()
                        || !reads.isBaselineKnown();
        if (isRestDue) {
            isResting = true;
            phaseNanos = nowNanos;
        } else {
            startWindow();
        }
    }

    private void startWindow() {
        windowNanos = nowNanos;
        commits.window.clear();
        reads.window.clear();
    }

    private boolean isIdle() {
        return !isAsked.getAsBoolean()
                && (!hasServed || nowNanos - lastOperationNanos >= IDLE_NANOS);
    }

    /// {@return bytes that the job may read in a second now, 0: no limit}
    public long bytesPerSecond() {
        return isIdle() ? limits.ceilingBytes() : (long) bytesPerSecond;
    }

    private void fill() {
        double rate = bytesPerSecond();
        if (rate > 0) {
            double more = rate * (nowNanos - filledNanos) / 1e9;
            allowance = Math.min(rate * BURST_SECONDS, allowance + more);
        } else {
            allowance = 0;
        }
        filledNanos = nowNanos;
    }

    /// {@return whether the job rests: what it does now would be taken for what clients do}
    boolean isResting() {
        return isResting;
    }

    /// {@return whether the job may take up more now}
    boolean mayTake() {
        return !isResting && allowance >= 0;
    }

    /// Takes note of what the job takes up.
    ///
    /// @param bytes bytes that it will read
    void taken(long bytes) {
        if (bytesPerSecond() > 0) {
            allowance -= bytes;
        }
    }

    /// {@return nanoseconds after which the job may take up more, though nothing happens until then}
    long waitNanos() {
        if (isResting) {
            long phase = isCalm ? REST_NANOS : SETTLE_NANOS;
            long left = phaseNanos + phase - nowNanos;
            return left > 0 ? left : LOOK_NANOS;
        }
        return allowance >= 0 ? 0 : (long) Math.max(1, -allowance / bytesPerSecond() * 1e9);
    }
}
