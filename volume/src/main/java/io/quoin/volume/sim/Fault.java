package io.quoin.volume.sim;

import java.util.EnumSet;
import java.util.Set;

/// What can go wrong in a simulated world. `docs/fault-model.md` says how likely each is and when it is
/// legal.
public enum Fault {
    /// At a power cut a page keeps some sectors of a write and not the others.
    TORN_WRITE(Place.CRASH),
    /// At a power cut a write that was not flushed is gone, although later ones are there.
    UNFLUSHED_LOST(Place.CRASH),
    /// A write is acknowledged and never lands.
    LOST_WRITE(Place.WRITE),
    /// A write lands elsewhere on the disk; the old bytes stay where it should be.
    MISDIRECTED_WRITE(Place.WRITE),
    /// Bits flip on the way to the medium.
    FLIP_ON_WRITE(Place.WRITE),
    /// The device reports an error; some sectors may have landed.
    WRITE_ERROR(Place.WRITE),
    /// A part lands, and the device says so.
    SHORT_WRITE(Place.WRITE),
    /// The disk is full, for a while.
    NO_SPACE(Place.WRITE),
    /// A read returns another block.
    MISDIRECTED_READ(Place.READ),
    /// Bits flip on the way from the medium; the next read is right.
    FLIP_ON_READ(Place.READ),
    /// Bits of a block at rest flip: 1 to 8, or a burst of 16 bytes.
    FLIP_AT_REST(Place.READ),
    /// Blocks that cannot be read until they are written again, in bursts.
    UNREADABLE(Place.READ),
    /// A flush fails; what it should have made durable stays volatile, or is dropped.
    FLUSH_ERROR(Place.FLUSH),
    /// Flushes and durable writes are acknowledged without effect.
    LYING_FLUSH(Place.FLUSH),
    /// Operations take ten to a thousand times as long.
    SLOW(Place.ANY),
    /// An operation is never done.
    STUCK(Place.ANY),
    /// An operation is done long after it was given up.
    STUCK_THEN_LATE(Place.ANY),
    /// The disk is gone: every operation fails.
    VANISHED(Place.ANY),
    /// The disk is not there when the volume is assembled.
    ABSENT(Place.DOWN),
    /// A disk that was absent is back as it was.
    RETURNED(Place.DOWN),
    /// An older image of the disk is put back.
    ROLLED_BACK(Place.DOWN),
    /// The end of the disk is cut off.
    TRUNCATED(Place.DOWN),
    /// A blank disk stands where the member was.
    BLANKED(Place.DOWN),
    /// The same member is given twice.
    CLONED(Place.DOWN),
    /// The process ends at any operation.
    CRASH(Place.PROCESS),
    /// The process ends while it recovers.
    CRASH_IN_RECOVERY(Place.PROCESS),
    /// The process stands still for up to a minute while its members go on.
    PAUSE(Place.PROCESS),
    /// The wall clock jumps by up to ten years.
    CLOCK_JUMP(Place.PROCESS),
    /// An operator drops a member.
    OPERATOR_DROPS(Place.OPERATOR),
    /// An operator asks for what cannot be: a slot that is in sync, a second rebuild, no such job.
    OPERATOR_ERRS(Place.OPERATOR),
    /// An operator starts, pauses, resumes or cancels a job, or changes its rate.
    OPERATOR_JOBS(Place.OPERATOR);

    /// Where a fault strikes.
    enum Place {
        READ,
        WRITE,
        FLUSH,
        ANY,
        CRASH,
        DOWN,
        PROCESS,
        OPERATOR
    }

    /// Those that a disk shows by a probability for each operation.
    static final Set<Fault> OF_OPERATIONS =
            EnumSet.of(
                    LOST_WRITE,
                    MISDIRECTED_WRITE,
                    FLIP_ON_WRITE,
                    WRITE_ERROR,
                    SHORT_WRITE,
                    NO_SPACE,
                    MISDIRECTED_READ,
                    FLIP_ON_READ,
                    FLIP_AT_REST,
                    UNREADABLE,
                    FLUSH_ERROR,
                    LYING_FLUSH,
                    SLOW,
                    STUCK,
                    STUCK_THEN_LATE,
                    VANISHED);

    /// Those that befall a disk while the volume is down.
    static final Set<Fault> WHILE_DOWN =
            EnumSet.of(ABSENT, RETURNED, ROLLED_BACK, TRUNCATED, BLANKED, CLONED);

    final Place place;

    Fault(Place place) {
        this.place = place;
    }
}
