package io.quoin.volume;

import io.quoin.volume.DrillReport.Damage;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.StagedFault;

/// A member that is silent about one block for a while: whoever asked for the block has to wait, and nobody else.
///
/// ```
/// read as a client reads, held back before the member gets it
///   --> write of another row as a client writes --> answered --> so long at least --> the read goes on
/// ```
///
/// Where the write is not answered in an eighth of the time that an operation may take, that may be the machine's fault: it is tried
/// three times, and held against a write without a stall.
///
/// What is held back never reaches the member's lanes: the trial shows that the engine waits for nothing, not that a device or the
/// kernel does not.
final class StallTrial extends CanaryTrial {
    static final String HELD_UP = "a write of another row waited for it";

    private static final long USUAL_NANOS = 100_000_000L;
    private static final long USUAL_MOST_NANOS = 3_000_000_000L;
    private static final int LEAST_PART = 64;
    private static final int MOST_PART = 8;

    /// So often held up is no accident.
    private static final int ENOUGH = 3;

    private static final int MOST_ATTEMPTS = 10;

    /// A step of the clock counts for such a part of the longest stall at most: who stood still himself blames nobody.
    private static final int STEPS = 8;

    private final long otherBlock;
    private final long leastNanos;
    private final long mostNanos;

    private StagedFault fault;
    private int attempts;
    private int heldUp;
    private boolean isPausing;
    private boolean isAsking;
    private boolean isWriting;
    private boolean isControl;
    private boolean hasNews;
    private boolean wasRefused;

    /// Whether the write was not answered before the read went on.
    private boolean isHeldUp;

    // By a clock that does not leap.
    private long lastNanos;
    private long seenNanos;
    private long goOnAt;
    private long heldAt = -1;
    private long heldNanos;
    private long writtenAt;
    private long writeNanos = -1;

    /// A trial on a row whose blocks are at home.
    ///
    /// @param otherBlock a block of another canary row
    StallTrial(CanaryBench bench, Course course, int index, long otherBlock) {
        super(bench, course, index, Damage.STALL);
        this.otherBlock = otherBlock;
        long limit = bench.front.ioLimitNanos();
        leastNanos = limit == 0 ? USUAL_NANOS : Math.min(USUAL_NANOS, limit / LEAST_PART);
        mostNanos = limit == 0 ? USUAL_MOST_NANOS : limit / MOST_PART;
        lastNanos = bench.front.nowNanos();
    }

    @Override
    void begin() {
        attempts++;
        heldAt = -1;
        writeNanos = -1;
        isHeldUp = false;
        isAsking = true;
        fault = bench.members.stage(StagedFault.Kind.STALL, target.slot(), target.row(), 1);
        bench.ask(
                index,
                wrong -> {
                    wrongAnswer = wrongAnswer == null ? wrong : wrongAnswer;
                    isAsking = false;
                    hasNews = true;
                });
    }

    private void pass() {
        long now = bench.front.nowNanos();
        seenNanos += Math.clamp(now - lastNanos, 0, mostNanos / STEPS);
        lastNanos = now;
    }

    private boolean write() {
        isWriting = bench.submit(otherBlock, CanaryBench.VERSIONS, this::written);
        writtenAt = seenNanos;
        return isWriting;
    }

    private void written(Request request) {
        pass();
        isWriting = false;
        hasNews = true;
        wasRefused |= request.outcome != Request.Outcome.OK;
        writeNanos = seenNanos - writtenAt;
    }

    @Override
    boolean isStepDue() {
        return hasNews || fault.isHolding() && heldAt < 0;
    }

    @Override
    boolean step() {
        pass();
        boolean hadNews = hasNews;
        hasNews = false;
        if (fault.isHolding()) {
            return hold() || hadNews;
        }
        if (isAsking || isWriting) {
            return hadNews;
        }
        if (isPausing && seenNanos < goOnAt && !course.isCutShort()) {
            return hadNews;
        }
        if (isPausing) {
            isPausing = false;
            goOn();
        } else {
            bench.members.unstage();
            conclude();
        }
        return true;
    }

    private boolean hold() {
        boolean isNew = heldAt < 0;
        if (isNew) {
            heldAt = seenNanos;
        }
        boolean isAnswered = writeNanos >= 0;
        boolean isBegun = !isWriting && !isAnswered && write();
        heldNanos = seenNanos - heldAt;
        if (heldNanos >= (isAnswered ? leastNanos : mostNanos) || course.isCutShort()) {
            isHeldUp = isWriting;
            bench.members.unstage();
            return true;
        }
        return isNew || isBegun;
    }

    private void conclude() {
        if (wasRefused) {
            course.trouble("a write of the drill's own was refused");
        }
        if (isControl) {
            if (writeNanos < mostNanos / 2) {
                wrongAnswer = HELD_UP;
            }
            finding = "a write of another row took " + time(writeNanos) + " without a stall";
            course.ended(trial(true));
        } else if (wrongAnswer == null && (isHeldUp || !fault.hasStruck()) && isToBeRepeated()) {
            heldUp += isHeldUp ? 1 : 0;
            isPausing =
                    true; // what was held up gets done meanwhile, else a mirror reads another copy
            goOnAt = seenNanos + leastNanos;
        } else {
            finding = found();
            course.ended(trial(true));
        }
    }

    private boolean isToBeRepeated() {
        return attempts < MOST_ATTEMPTS && !course.isCutShort();
    }

    /// The same once more, or, if it was held up often enough, a write without a stall.
    private void goOn() {
        if (course.isCutShort()) {
            course.ended(null);
        } else if (heldUp < ENOUGH) {
            begin();
        } else {
            isControl = true;
            writeNanos = -1;
            isPausing = !write(); // no memory: later
            goOnAt = seenNanos + leastNanos;
        }
    }

    private String found() {
        if (!fault.hasStruck()) {
            return heldUp == 0 ? "another copy was read" : "not judged: another copy was read";
        }
        String held = "held back for " + time(heldNanos);
        if (isHeldUp) {
            return held + ", not judged";
        }
        return writeNanos < 0
                ? held + ", no memory for a write of another row"
                : held + ", a write of another row answered after " + time(writeNanos);
    }

    private static String time(long nanos) {
        return nanos < 10_000_000 ? nanos / 1000 + " us" : nanos / 1_000_000 + " ms";
    }
}
