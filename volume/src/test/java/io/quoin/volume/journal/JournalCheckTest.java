package io.quoin.volume.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.TestVolumes;
import io.quoin.volume.format.Batch;
import io.quoin.volume.journal.JournalScan.DamagedJournalException;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/// Goal: a copy of the live journal that rotted is found before a crash asks for it, and no other. Method: the journal as it
/// runs, of which bytes are changed on one member.
class JournalCheckTest {
    private final JournalWorld world = new JournalWorld("raid5", 3);
    private final List<String> findings = new ArrayList<>();
    private JournalCheck check;
    private long taken;
    private int ended;
    private long sequence = 10;

    @BeforeEach
    void open() throws DamagedJournalException {
        world.open(1);
        world.run();
        check =
                new JournalCheck(
                        world.journal,
                        world.members,
                        bytes -> taken += bytes,
                        (what, slot) -> findings.add(slot + ": " + what));
    }

    private void write(int batches) {
        for (int i = 0; i < batches; i++) {
            world.append(Batch.WRITE, ++sequence, i % 50, 1 + i % 3, false);
            world.run();
        }
    }

    private void run() {
        check.run(() -> ended++);
        int steps = 0;
        while (check.isRunning()) {
            assertThat(++steps).as("steps").isLessThan(100_000);
            if (!check.step(true, false)) {
                world.completeOne();
            }
        }
    }

    /// Changes a bit in the first block that a slot's member has at an offset of its journal.
    private void damage(int slot, long offset) {
        world.files.get(slot).flip(TestVolumes.LAYOUT.journalOffset() + offset, 3);
    }

    @Test
    void aJournalThatNobodyTouchedIsVerifiedWhole() {
        write(40);
        run();
        assertThat(findings).isEmpty();
        assertThat(ended).isEqualTo(1);
        assertThat(check.checkedBytes())
                .as("both copies")
                .isEqualTo(2 * world.journal.usedBytes())
                .isEqualTo(taken);
    }

    @Test
    void eachDamagedCopyIsFoundWhereverItIs() {
        write(12);
        long batches = check.checkedBytes();
        for (int slot = 0; slot < 3; slot++) {
            for (int block = 0; block < 4; block++) {
                findings.clear();
                long offset = block * 4096L + 40;
                damage(slot, offset);
                run();
                boolean isInUse =
                        findings.stream().anyMatch(each -> each.contains("the copy is damaged"));
                damage(slot, offset);
                if (isInUse) {
                    batches++;
                    assertThat(findings).hasSize(1);
                    assertThat(findings.getFirst()).startsWith(slot + ": journal segment ");
                }
            }
        }
        assertThat(batches).as("blocks whose damage was found").isGreaterThanOrEqualTo(6);
        findings.clear();
        run();
        assertThat(findings).isEmpty();
    }

    @Test
    void aCopyThatCannotBeReadIsTold() {
        write(12);
        for (int slot = 0; slot < 3; slot++) {
            world.files.get(slot).spoil(TestVolumes.LAYOUT.journalOffset());
        }
        run();
        assertThat(findings).isNotEmpty().allMatch(each -> each.contains("cannot be read"));
    }

    @Test
    void whatIsWrittenOrFreedMeanwhileIsLeftOut() {
        write(12);
        check.run(() -> ended++);
        int steps = 0;
        while (check.isRunning()) {
            if (++steps % 3 == 0) {
                world.append(Batch.WRITE, ++sequence, steps % 50, 1, false);
                world.journal.pump();
            }
            if (steps == 5) {
                world.run();
                world.journal.advanceTail(world.journal.nextBatch());
            }
            if (!check.step(true, false) && !world.pending.isEmpty()) {
                world.completeOne();
            }
        }
        assertThat(findings).isEmpty();
        assertThat(ended).isEqualTo(1);
    }

    @Test
    void nothingIsReadWithoutLeaveAndItEndsWhenToldTo() {
        write(12);
        check.run(() -> ended++);
        for (int i = 0; i < 10; i++) {
            check.step(false, false);
        }
        assertThat(taken).isZero();
        assertThat(check.step(false, true)).isTrue();
        assertThat(ended).isEqualTo(1);
        assertThat(check.isRunning()).isFalse();
    }
}
