package io.quoin.volume;

import io.quoin.volume.DrillReport.Damage;
import io.quoin.volume.member.StagedFault;

/// A block that is not what it should be, or cannot be read.
///
/// ```
/// the member's block replaced by raw I/O, or its reads made to fail --> read as a client reads --> row read and repaired as a
/// scrub does --> row read again: the member has the right bytes, or they are put back here
/// ```
final class BlockTrial extends CanaryTrial {
    /// A client's read of the block, and the one of its row that this leads to.
    private static final int READS = 2;

    BlockTrial(CanaryBench bench, Course course, int index, Damage damage) {
        super(bench, course, index, damage);
    }

    @Override
    void begin() {
        if (damage == Damage.READ_ERROR) {
            bench.members.stage(StagedFault.Kind.READ_ERROR, target.slot(), target.row(), READS);
            ask();
            return;
        }
        long damaged = bench.scratch(0);
        CanaryRows.damage(
                damage,
                target,
                bench.memory,
                bench.held(index, CanaryBench.VERSIONS),
                bench.held(index, 1),
                bench.geometry.allBlocks() + target.row(),
                damaged);
        bench.locked(
                target.row(),
                group -> {
                    if (course.isCutShort()) {
                        group.unlock();
                        course.ended(null);
                        return;
                    }
                    bench.write(
                            group,
                            target.slot(),
                            bench.dataOffset(target.row()),
                            damaged,
                            () -> {
                                group.unlock();
                                ask();
                            });
                });
    }

    private void ask() {
        bench.ask(
                index,
                wrong -> {
                    // Without redundancy an error is the right answer.
                    boolean mayFail = bench.geometry.parityCount() == 0;
                    wrongAnswer = READ_FAILED.equals(wrong) && mayFail ? null : wrong;
                    check();
                });
    }

    /// Judges the row and mends it, as a scrub does.
    private void check() {
        bench.withRow(
                target.row(),
                (group, frame) -> {
                    bench.members.unstage();
                    bench.release(group, frame, () -> bench.look(this, this::judge));
                });
    }

    private void judge(boolean isMended) {
        if (isMended) {
            course.ended(trial(true));
            return;
        }
        bench.locked(
                target.row(),
                group ->
                        bench.write(
                                group,
                                target.slot(),
                                bench.dataOffset(target.row()),
                                bench.held(index, CanaryBench.VERSIONS),
                                () -> {
                                    group.unlock();
                                    course.ended(trial(bench.geometry.parityCount() == 0));
                                }));
    }
}
