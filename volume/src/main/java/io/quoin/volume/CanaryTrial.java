package io.quoin.volume;

import io.quoin.volume.CanaryRows.Target;
import io.quoin.volume.DrillReport.Damage;
import io.quoin.volume.DrillReport.Trial;
import io.quoin.volume.counter.VolumeEvent;

/// One damage, from its being done to what became of it. In the engine's turns only.
abstract class CanaryTrial {
    static final String WRONG_BYTES = "a read returned wrong bytes";
    static final String READ_FAILED = "a read failed";

    /// The drill that a trial is a part of.
    interface Course {
        /// {@return whether the drill ends with this trial, which judges nothing then}
        boolean isCutShort();

        /// Ends the drill with this trial.
        ///
        /// @param what why
        void trouble(String what);

        /// The trial is over: nothing of it is under way, and the members are as they were, or nobody can make them so.
        ///
        /// @param trial what came of it; null: it was not done
        void ended(Trial trial);
    }

    final CanaryBench bench;
    final Course course;
    final int index;
    final Target target;
    final Damage damage;

    /// What the volume said.
    String finding;

    /// What was wrong with an answer.
    String wrongAnswer;

    /// A trial.
    ///
    /// @param bench what it works with
    /// @param course whom it is a part of
    /// @param index of the bench's targets
    /// @param damage what is done
    CanaryTrial(CanaryBench bench, Course course, int index, Damage damage) {
        this.bench = bench;
        this.course = course;
        this.index = index;
        this.damage = damage;
        target = bench.targets.get(index);
    }

    /// Does the damage, and goes on until {@link Course#ended}.
    abstract void begin();

    /// Goes on with what waits for something that nobody tells of.
    ///
    /// @return whether anything was done
    boolean step() {
        return false;
    }

    /// {@return whether {@link #step} should be called before its regular time}
    boolean isStepDue() {
        return false;
    }

    /// {@return whether what happens to a slot's block of a row is this trial's doing}
    ///
    /// @param row row
    /// @param slot slot; -1: any
    boolean isExpected(long row, int slot) {
        return row == target.row() && (slot < 0 || slot == target.slot());
    }

    /// The volume said something of a block for which {@link #isExpected}.
    ///
    /// @param what what it said
    void told(String what) {
        finding = what;
    }

    /// Info was read that is not what was written.
    ///
    /// @param key info group
    /// @param slot slot
    /// @param copy which copy of its info block
    void infoDamaged(long key, int slot, int copy) {}

    /// Takes an event that is the trial's own.
    ///
    /// @param event what happened to the volume
    /// @return whether it was
    final boolean takes(VolumeEvent event) {
        return switch (event) {
            case VolumeEvent.BlockRepaired repaired
                    when isExpected(repaired.row(), repaired.slot()) -> {
                told(repaired.finding());
                yield true;
            }
            case VolumeEvent.BlockLost lost when isExpected(lost.row(), -1) -> {
                told(lost.finding());
                yield true;
            }
            default -> false;
        };
    }

    /// {@return what came of it}
    ///
    /// @param isMended whether the member is right again
    final Trial trial(boolean isMended) {
        return new Trial(
                damage,
                target.slot(),
                bench.members.name(target.slot()),
                target.row(),
                finding,
                wrongAnswer,
                isMended);
    }
}
