package io.quoin.volume.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.Planted;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.journal.JournalScan.DamagedJournalException;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.IoResult;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Goal: a member that stands still keeps nobody from committing, what is committed has its m + 1 copies all the same, and what it
/// does when it goes on harms nothing. Method: the journal as it runs, on members in memory of which some do not answer.
final class LateCopiesTest {
    private static final long LATE = JournalWorld.LATE_NANOS;

    private JournalWorld world;
    private long sequence = 100;

    private void open(String level, int count) throws DamagedJournalException {
        world = new JournalWorld(level, count);
        world.open(1);
        world.run();
    }

    private long write(long block) {
        world.append(Batch.WRITE, ++sequence, block, 1, false);
        world.runUnstuck();
        return sequence;
    }

    private void passLate() {
        for (int i = 0; i < 4; i++) {
            world.pass(LATE / 2);
        }
        world.runUnstuck();
    }

    /// Stops one of those that hold the copies of the next batch.
    private int stopOne() {
        write(0);
        world.append(Batch.WRITE, ++sequence, 1, 1, false);
        world.journal.pump();
        int slot = world.pending.peekFirst().slot;
        world.stuck = 1 << slot;
        world.runUnstuck();
        return slot;
    }

    private void goOn() {
        world.stuck = 0;
        world.runUnstuck();
    }

    private void assertFoundWithoutAnyOne(long block, long expected)
            throws DamagedJournalException {
        for (int lost = 0; lost < world.files.size(); lost++) {
            assertThat(world.newest(lost))
                    .as("without member " + lost)
                    .containsEntry(block, expected);
        }
    }

    @Test
    void aBatchIsWrittenElsewhereWhenACopyIsLate() throws DamagedJournalException {
        open("raid5", 4);
        int slot = stopOne();
        long first = sequence;
        assertThat(world.committed).doesNotContain(first);
        world.pass(LATE / 2);
        world.runUnstuck();
        assertThat(world.committed).as("not late yet").doesNotContain(first);
        passLate();
        assertThat(world.committed).contains(first);
        assertThat(world.late).containsExactly(Integer.toBinaryString(1 << slot));
        assertThat(world.members.isInSync(slot)).isTrue();
        assertThat(world.journal.isAvoided(slot)).isTrue();
        assertFoundWithoutAnyOne(1, first);

        long second = write(2);
        assertThat(world.committed).as("without asking it").contains(second);
        goOn();
        assertThat(world.journal.isAvoided(slot)).as("for a while").isTrue();
        assertFoundWithoutAnyOne(1, first);
        assertFoundWithoutAnyOne(2, second);
        world.pass(Laggards.LEAST_OUT_NANOS);
        assertThat(world.journal.isAvoided(slot)).isFalse();
    }

    @Test
    void thisNoticesALateCopyThatCounts() {
        assertThat(
                        Planted.noticed(
                                Plant.LATE_COPY_COUNTS,
                                this::aBatchIsWrittenElsewhereWhenACopyIsLate))
                .isNotNull();
    }

    /// The journal goes round several times until the late copy lands, and in the end cannot do without its member.
    @Test
    void nothingElseIsPutWhereALateCopyMayLand() throws DamagedJournalException {
        open("raid6", 4);
        int slot = stopOne();
        passLate();
        Io late = world.pending.peekFirst();
        assertThat(late.slot).isEqualTo(slot);
        for (int i = 0; i < 200; i++) {
            write(i % 50);
            world.journal.advanceTail(world.journal.nextBatch());
        }
        int other = slot == 0 ? 1 : 0;
        world.pending.remove(late); // it alone is not done
        world.stuck = 0;
        world.members.fail(other, "a test");
        world.journal.forget(other);
        for (int i = 0; i < 200; i++) {
            long written = write(i % 50);
            assertThat(world.committed).contains(written);
            if (i % 10 == 9) {
                world.journal.advanceTail(world.journal.nextBatch());
                for (int j = 0; j < 8; j++) {
                    write(50 + j);
                }
                int slotBytes = world.superblock.layout().segmentBytes();
                byte[] before = bytes(slot, late.offsetBytes, slotBytes);
                late.runOn(world.files.get(slot));
                assertThat(
                                world.newest(
                                        IntStream.range(0, 4)
                                                .filter(each -> each != slot)
                                                .toArray()))
                        .as("on its member alone")
                        .containsEntry(57L, sequence);
                world.files
                        .get(slot)
                        .write(
                                MemorySegment.ofArray(before),
                                0,
                                before.length,
                                late.offsetBytes,
                                true);
            }
        }
        world.members.completed(late);
        for (int i = 0; i < 400; i++) {
            write(i % 50);
            world.journal.advanceTail(world.journal.nextBatch());
        }
        assertThat(world.members.inSyncCount()).isEqualTo(3);
    }

    private byte[] bytes(int slot, long offset, int length) {
        MemorySegment memory = Arena.ofAuto().allocate(length, 8);
        assertThat(world.files.get(slot).read(memory, 0, length, offset).isOk()).isTrue();
        return memory.toArray(ValueLayout.JAVA_BYTE);
    }

    @Test
    void thisNoticesAPlaceGivenBackEarly() {
        assertThat(
                        Planted.noticed(
                                Plant.LATE_SLOT_FREED, this::nothingElseIsPutWhereALateCopyMayLand))
                .isNotNull();
    }

    @Test
    void aLateCopyThatFailsDropsItsMember() throws DamagedJournalException {
        open("raid5", 4);
        int slot = stopOne();
        passLate();
        Io late = world.pending.removeFirst();
        late.result = IoResult.ERROR;
        world.members.completed(late);
        world.stuck = 0;
        world.runUnstuck();
        assertThat(world.members.isInSync(slot)).isFalse();
        assertThat(world.committed).contains(write(7));
    }

    @Test
    void aCopyIsWaitedForWhenNobodyCanTakeItsPlace() throws DamagedJournalException {
        open("raid1", 2);
        stopOne();
        long waiting = sequence;
        passLate();
        passLate();
        assertThat(world.committed).doesNotContain(waiting);
        assertThat(world.late).isEmpty();
        goOn();
        assertThat(world.committed).contains(waiting);
    }

    @Test
    void aCopyIsWaitedForWhenDestageNeedsTheRoom() throws DamagedJournalException {
        open("raid5", 4);
        world.promised = 12;
        stopOne();
        long waiting = sequence;
        passLate();
        assertThat(world.committed).doesNotContain(waiting);
        world.promised = 3;
        passLate();
        assertThat(world.committed).contains(waiting);
    }

    @Test
    void whoStoodStillHimselfBlamesNobody() throws DamagedJournalException {
        open("raid5", 4);
        stopOne();
        world.pass(100 * LATE);
        world.runUnstuck();
        assertThat(world.late).isEmpty();
    }

    @Test
    void whoIsLateAgainSoonIsLeftOutForLonger() {
        Laggards laggards = new Laggards(32, LATE);
        long now = 5;
        laggards.at(now);
        assertThat(laggards.mask()).isZero();
        long out = Laggards.LEAST_OUT_NANOS;
        for (int i = 0; i < 10; i++) {
            laggards.leaveOut(1 << 31);
            now += out - 1;
            laggards.at(now);
            assertThat(laggards.mask()).isEqualTo(1 << 31);
            laggards.at(++now);
            assertThat(laggards.mask()).as("time " + i).isZero();
            out = Math.min(2 * out, Laggards.MOST_OUT_NANOS);
        }
        now += 100 * Laggards.MOST_OUT_NANOS;
        laggards.at(now);
        laggards.leaveOut(1 << 31);
        laggards.at(now + Laggards.LEAST_OUT_NANOS);
        assertThat(laggards.mask()).as("long ago").isZero();
    }
}
