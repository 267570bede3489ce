package io.quoin.volume;

import io.quoin.volume.CanaryRows.Target;
import io.quoin.volume.DrillReport.Damage;
import io.quoin.volume.DrillReport.Trial;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.Request;
import io.quoin.volume.member.MemberSet;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.IntStream;

/// Damages canary rows on the members themselves, and holds what the volume makes of it against what it should.
///
/// ```
/// write twice, as clients do --> all home --> for each slot, position and kind of damage: a trial
///   --> all home --> for each slot: a stall, a trial too
/// ```
///
/// One drill at a time, in the engine's turns only. What it finds about the row it has just damaged is its own, and
/// told to nobody else; everything else is.
final class CanaryDrill {
    /// Damage that is done to each target. Stalls come last, since a row is written in each.
    private static final List<Damage> KINDS =
            List.of(
                    Damage.FLIPPED_BIT,
                    Damage.SCRAMBLED,
                    Damage.LOST_WRITE,
                    Damage.MISPLACED_WRITE,
                    Damage.INFO_COPY,
                    Damage.INFO,
                    Damage.READ_ERROR);

    private final CanaryBench.Parts parts;
    private final Geometry geometry;
    private final MemberSet members;
    private final DirtyIndex dirty;

    private Run run;

    CanaryDrill(CanaryBench.Parts parts, DirtyIndex dirty) {
        this.parts = parts;
        this.dirty = dirty;
        geometry = parts.geometry();
        members = parts.members();
        parts.cache()
                .setDamageListener((key, slot, copy) -> {
                    if (run != null && run.trial != null) {
                        run.trial.infoDamaged(key, slot, copy);
                    }
                });
    }

    /// {@return whether a drill is under way}
    boolean isActive() {
        return run != null;
    }

    /// Begins a drill.
    ///
    /// @param then told once, in a turn; never, if the volume fails meanwhile
    /// @throws IllegalArgumentException when the volume has no canary rows, is not whole, or a drill is under way
    void begin(Consumer<DrillReport> then) {
        if (geometry.canaryBlocks() == 0) {
            throw new IllegalArgumentException(
                    "drill: expected canary rows, found none: the volume was too small for them, or is older than they are");
        }
        if (run != null) {
            throw new IllegalArgumentException("drill: expected no other under way, found one");
        }
        for (int slot = 0; slot < geometry.slotCount(); slot++) {
            if (members.entry(slot).state() != MemberEntry.IN_SYNC) {
                throw new IllegalArgumentException(
                        "drill: expected all members in sync, since it damages one at a time; slot "
                                + slot
                                + " is "
                                + members.entry(slot).stateText());
            }
        }
        run = new Run(then);
        run.write();
    }

    /// Goes on with a drill that waits for its writes to be at home, or for time to pass.
    ///
    /// @return whether anything was done
    boolean step() {
        return run != null && run.step();
    }

    /// {@return whether {@link #step} has more to do, and should not wait for its next regular time}
    boolean isStepDue() {
        return run != null && run.trial != null && run.trial.isStepDue();
    }

    /// Takes an event that is the drill's own.
    ///
    /// @param event what happened to the volume
    /// @return whether it was
    boolean takes(VolumeEvent event) {
        return run != null && run.trial != null && run.trial.takes(event);
    }

    /// What is done to which target.
    private record Planned(int index, Damage damage) {}

    /// One drill.
    private final class Run implements CanaryTrial.Course {
        /// Writes of its own under way at a time.
        private static final int MOST_WRITES = 32;

        private final Consumer<DrillReport> then;
        private final CanaryBench bench = new CanaryBench(parts);
        private final CanaryBench.Front front = parts.front();
        private final List<Target> targets = bench.targets;
        private final long[] rows = CanaryRows.rows(geometry, targets);
        private final long[] blocks =
                Arrays.stream(rows)
                        .flatMap(row ->
                                IntStream.range(0, geometry.dataCount())
                                        .mapToLong(p -> geometry.blockAt(row, p)))
                        .toArray();
        private final long epoch = members.template().configEpoch;
        private final List<Planned> plan = plan();
        private final List<Trial> trials = new ArrayList<>();

        private int version = 1;
        private int written;
        private int pending;

        /// Runs when all is at home; null: that is not waited for.
        private Runnable whenHome;

        private int next;
        private CanaryTrial trial;
        private String trouble;

        Run(Consumer<DrillReport> then) {
            this.then = then;
        }

        private List<Planned> plan() {
            List<Planned> all = new ArrayList<>();
            for (int index = 0; index < targets.size(); index++) {
                for (Damage kind : KINDS) {
                    // Without redundancy nobody else knows what a block should be.
                    if (kind != Damage.INFO || geometry.parityCount() > 0) {
                        all.add(new Planned(index, kind));
                    }
                }
            }
            for (int index = 0; index < targets.size(); index++) {
                if (targets.get(index).position() < geometry.dataCount()) {
                    all.add(new Planned(index, Damage.STALL));
                }
            }
            return all;
        }

        // Canary rows are written through the journal and by destage, like everything else.
        void write() {
            written = 0;
            whenHome = () -> keep(0);
            writeMore();
        }

        /// Writes what there is memory for now.
        private void writeMore() {
            while (written < blocks.length && pending < MOST_WRITES) {
                if (!bench.submit(blocks[written], version, this::written)) {
                    return;
                }
                written++;
                pending++;
            }
        }

        private void written(Request request) {
            pending--;
            if (request.outcome != Request.Outcome.OK) {
                trouble("a write of the drill's own was refused");
            }
        }

        boolean step() {
            if (trial != null) {
                return trial.step();
            }
            if (whenHome == null) {
                return false;
            }
            if (isCutShort()) {
                if (pending == 0) {
                    end();
                }
                return pending == 0;
            }
            if (written < blocks.length) {
                int before = written;
                writeMore();
                return written > before;
            }
            if (pending > 0) {
                return false;
            }
            for (long block : blocks) {
                if (dirty.newest(block) != DirtyIndex.NONE) {
                    front.bringHome();
                    return false;
                }
            }
            Runnable then = whenHome;
            whenHome = null;
            then.run();
            return true;
        }

        @Override
        public boolean isCutShort() {
            if (trouble == null && !front.isServing()) {
                trouble = "the volume is stopping";
            } else if (trouble == null && members.template().configEpoch != epoch) {
                trouble = "a member failed or was changed meanwhile";
            }
            return trouble != null;
        }

        @Override
        public void trouble(String what) {
            trouble = trouble == null ? what : trouble;
        }

        /// Keeps what the targets hold now, one after the other.
        private void keep(int index) {
            if (index == targets.size()) {
                if (version < CanaryBench.VERSIONS) {
                    version++;
                    write();
                } else {
                    goOn();
                }
                return;
            }
            Target each = targets.get(index);
            bench.withRow(
                    each.row(),
                    (group, frame) -> {
                        MemorySegment.copy(
                                frame.memory(),
                                frame.offset(each.position()),
                                bench.memory,
                                bench.held(index, version),
                                Geometry.BLOCK_BYTES);
                        boolean isRight = bench.isAsWritten(each.row(), frame, version);
                        bench.release(
                                group,
                                frame,
                                () -> {
                                    if (isRight) {
                                        keep(index + 1);
                                    } else {
                                        trouble(
                                                "row "
                                                        + each.row()
                                                        + " does not hold what the drill wrote to it");
                                        end();
                                    }
                                });
                    });
        }

        private void goOn() {
            if (isCutShort() || next == plan.size()) {
                end();
                return;
            }
            Planned planned = plan.get(next++);
            trial =
                    switch (planned.damage) {
                        case FLIPPED_BIT, SCRAMBLED, LOST_WRITE, MISPLACED_WRITE, READ_ERROR ->
                                new BlockTrial(bench, this, planned.index, planned.damage);
                        case INFO_COPY, INFO ->
                                new InfoTrial(bench, this, planned.index, planned.damage);
                        case STALL ->
                                new StallTrial(
                                        bench,
                                        this,
                                        planned.index,
                                        blockBeside(targets.get(planned.index).row()));
                    };
            trial.begin();
        }

        /// {@return a block of another row}
        private long blockBeside(long row) {
            return geometry.blockAt(rows[0] == row ? rows[1] : rows[0], 0);
        }

        @Override
        public void ended(Trial result) {
            boolean wasStall = trial instanceof StallTrial;
            trial = null;
            // Wrong bytes are wrong whatever else happened.
            if (result != null
                    && (!isCutShort() || CanaryTrial.WRONG_BYTES.equals(result.wrongAnswer()))) {
                trials.add(result);
            }
            if (wasStall) {
                whenHome = this::goOn; // the row that was written may be the next one that is read
            } else {
                goOn();
            }
        }

        private void end() {
            whenHome = null;
            run = null;
            then.accept(new DrillReport(List.copyOf(trials), trouble));
        }
    }
}
