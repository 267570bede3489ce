package io.quoin.volume;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.DrillReport.Damage;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.format.InfoBlock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.row.InfoGroup;
import java.lang.foreign.MemorySegment;
import java.util.UUID;
import java.util.function.Consumer;

/// Info of a member that is damaged: one copy of an info block, or both. All 32 rows of one info block are canary rows, so nothing of
/// clients hangs on it.
///
/// ```
/// group locked, clean, not being written --> copies on the member damaged by raw I/O --> group forgotten
///   --> read as a client reads: the group is loaded again, from the other copy or the other slots
///   --> rows repaired as a scrub does --> checkpoint --> both copies read by raw I/O: whole, and the same
/// ```
final class InfoTrial extends CanaryTrial {
    /// Checkpoints until it is strange that the group is still to be written.
    private static final int MOST_CHECKPOINTS = 8;

    // Places in scratch.
    private static final int DAMAGED = 0;
    private static final int RIGHT = 1;
    private static final int FOUND = 2; // and 3

    private final long key;

    /// Copies that are damaged, a bit for each.
    private final int copies;

    private int noticed;
    private InfoGroup forgotten;
    private boolean isMended;

    InfoTrial(CanaryBench bench, Course course, int index, Damage damage) {
        super(bench, course, index, damage);
        key = bench.geometry.infoGroupOf(target.row());
        copies = damage == Damage.INFO ? 3 : 1 << (index & 1);
    }

    @Override
    boolean isExpected(long row, int slot) {
        return bench.geometry.infoGroupOf(row) == key && (slot < 0 || slot == target.slot());
    }

    // That the rows need repair follows from the damage; whether it was noticed shows when the info
    // is read.
    @Override
    void told(String what) {}

    @Override
    void infoDamaged(long ofKey, int slot, int copy) {
        if (ofKey == key && slot == target.slot()) {
            noticed |= 1 << copy;
        }
    }

    @Override
    void begin() {
        atRest(
                MOST_CHECKPOINTS,
                group -> {
                    boolean isCopied =
                            bench.members.twin() != null
                                    && bench.members.twin().slot() == target.slot();
                    if (isCopied) { // what is written to it is given the other one's name, and a
                        // CRC
                        course.trouble("a member is being copied");
                    }
                    if (course.isCutShort()) {
                        group.unlock();
                        course.ended(null);
                    } else {
                        readCopies(group, isRead -> damage(group, isRead));
                    }
                });
    }

    /// Waits until the members have what is in memory.
    ///
    /// @param tries checkpoints that may be made for that
    /// @param then is given the group, locked: nobody changes or writes it until it is unlocked
    private void atRest(int tries, Consumer<InfoGroup> then) {
        bench.locked(
                target.row(),
                group -> {
                    if (group.dirtyLanes() == 0 && !bench.front.isBeingWritten(group)) {
                        then.accept(group);
                        return;
                    }
                    if (tries == 0) {
                        course.trouble("the info of canary rows changes all the time");
                        then.accept(group);
                        return;
                    }
                    group.unlock();
                    bench.front.checkpoint(() -> atRest(tries - 1, then));
                });
    }

    private void readCopies(InfoGroup group, Consumer<Boolean> then) {
        readCopy(group, 0, isFirst -> readCopy(group, 1, isOk -> then.accept(isFirst && isOk)));
    }

    private void readCopy(InfoGroup group, int copy, Consumer<Boolean> then) {
        bench.read(
                group,
                target.slot(),
                bench.infoOffset(target.row(), copy),
                bench.scratch(FOUND + copy),
                then);
    }

    /// {@return whether both copies that were read are whole and say what the group in memory does}
    private boolean areWhole(InfoGroup group) {
        long at = bench.scratch(FOUND);
        UUID member = bench.members.entry(target.slot()).uuid();
        long lane = (target.slot() - bench.geometry.firstSlot(key)) * (long) BLOCK_BYTES;
        int header = InfoBlock.HEADER_BYTES;
        return bench.isEqual(bench.memory, at, bench.scratch(FOUND + 1))
                && InfoBlock.isValid(
                        bench.memory,
                        at,
                        bench.members.template().volumeTag,
                        bench.geometry.infoBlock(key),
                        member.getMostSignificantBits(),
                        member.getLeastSignificantBits())
                && MemorySegment.mismatch(
                                bench.memory,
                                at + header,
                                at + BLOCK_BYTES,
                                group.image(),
                                lane + header,
                                lane + BLOCK_BYTES)
                        < 0;
    }

    private void damage(InfoGroup group, boolean isRead) {
        if (!course.isCutShort() && !(isRead && areWhole(group))) {
            course.trouble(
                    "member "
                            + bench.members.name(target.slot())
                            + " does not hold the info that was written to it");
        }
        if (course.isCutShort()) {
            group.unlock();
            course.ended(null);
            return;
        }
        noticed = 0; // what a crash left before is not this trial's
        MemorySegment memory = bench.memory;
        long right = bench.scratch(FOUND);
        MemorySegment.copy(memory, right, memory, bench.scratch(RIGHT), BLOCK_BYTES);
        MemorySegment.copy(memory, right, memory, bench.scratch(DAMAGED), BLOCK_BYTES);
        int record = bench.geometry.indexInInfoGroup(target.row());
        CanaryRows.scramble(
                memory,
                InfoBlock.record(bench.scratch(DAMAGED), record) + BlockInfo.GUARDS,
                BlockInfo.GUARDS_END - BlockInfo.GUARDS);
        writeCopies(
                group,
                copies,
                DAMAGED,
                () -> {
                    forgotten = group;
                    group.unlock();
                    step();
                });
    }

    private void writeCopies(InfoGroup group, int which, int place, Runnable after) {
        if (which == 0) {
            after.run();
            return;
        }
        int copy = Integer.numberOfTrailingZeros(which);
        bench.write(
                group,
                target.slot(),
                bench.infoOffset(target.row(), copy),
                bench.scratch(place),
                () -> writeCopies(group, which & which - 1, place, after));
    }

    /// Has the group read again, as soon as nobody has it in hand.
    @Override
    boolean step() {
        if (forgotten == null) {
            return false;
        }
        if (bench.cache.peek(key) == forgotten) {
            bench.cache.forget(key);
        }
        boolean isInHand = bench.cache.peek(key) == forgotten;
        if (isInHand && !course.isCutShort()) {
            return false;
        }
        forgotten = null;
        if (isInHand) {
            putBack();
        } else {
            bench.ask(
                    index,
                    wrong -> {
                        wrongAnswer = wrong;
                        repair(0);
                    });
        }
        return true;
    }

    /// Judges the rows and mends them, as a scrub does.
    private void repair(int place) {
        if (place == Geometry.ROWS_PER_INFO) {
            atRest(
                    MOST_CHECKPOINTS,
                    group ->
                            readCopies(
                                    group,
                                    isRead -> {
                                        boolean isWhole = isRead && areWhole(group);
                                        group.unlock();
                                        bench.look(
                                                this,
                                                isGood -> {
                                                    isMended = isWhole && isGood;
                                                    judge();
                                                });
                                    }));
            return;
        }
        bench.withRow(
                bench.geometry.rowIn(key, place),
                (group, frame) -> bench.release(group, frame, () -> repair(place + 1)));
    }

    private void judge() {
        if ((noticed & copies) == copies) {
            finding =
                    damage == Damage.INFO
                            ? "both copies of an info block damaged, implied by other slots"
                            : "copy "
                                    + (copies == 1 ? "A" : "B")
                                    + " of an info block damaged, the other one taken";
        }
        if (isMended) {
            course.ended(trial(true));
        } else {
            putBack();
        }
    }

    /// What nobody mended is put back, and read again.
    private void putBack() {
        bench.locked(
                target.row(),
                group ->
                        readCopies(
                                group,
                                isRead ->
                                        writeCopies(
                                                group,
                                                isRead ? stillDamaged() : 0,
                                                RIGHT,
                                                () -> {
                                                    group.unlock();
                                                    bench.cache.forget(key);
                                                    course.ended(trial(isMended));
                                                })));
    }

    private int stillDamaged() {
        int still = 0;
        for (int copy = 0; copy < 2; copy++) {
            boolean is =
                    bench.isEqual(
                            bench.memory, bench.scratch(FOUND + copy), bench.scratch(DAMAGED));
            still |= is ? 1 << copy : 0;
        }
        return still;
    }
}
