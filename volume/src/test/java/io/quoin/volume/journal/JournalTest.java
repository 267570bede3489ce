package io.quoin.volume.journal;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.MemoryFile;
import io.quoin.volume.Planted;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Batch;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.journal.JournalScan.DamagedJournalException;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.SuperblockIo;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Goal: what was committed is found again, whole and once, over any number of epochs. Method: the
/// journal as it runs, on members in memory whose operations are carried out one at a time.
final class JournalTest {
    @Test
    void whatWasCommittedIsFoundAgainOverManyEpochs() throws DamagedJournalException {
        for (int seed = 0; seed < 20; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            JournalWorld world = new JournalWorld("raid5", 3);
            Map<Long, Long> model = new HashMap<>();
            Map<Long, Long> intents = new HashMap<>();
            long sequence = 10;
            for (int epoch = 1; epoch <= 4; epoch++) {
                world.open(epoch);
                for (long block = 0; block < 60; block++) {
                    assertThat(world.found(block))
                            .as("seed %d epoch %d block %d", seed, epoch, block)
                            .isEqualTo(model.getOrDefault(block, 0L));
                }
                assertThat(world.replay.intents())
                        .hasSize(intents.size())
                        .allMatch(intent -> intents.get(intent.row) == intent.sequence);
                world.run();
                int transactions = random.nextInt(12);
                for (int t = 0; t < transactions; t++) {
                    if (random.nextInt(4) == 0) {
                        long row = random.nextInt(8);
                        world.append(Batch.INTENT, ++sequence, row, 1, false);
                        intents.put(row, sequence);
                        continue;
                    }
                    int records = 1 + random.nextInt(3);
                    for (int r = 0; r < records; r++) {
                        long block = random.nextInt(50);
                        int count = 1 + random.nextInt(3);
                        int type = 1 + random.nextInt(3);
                        world.append(type, ++sequence, block, count, r < records - 1);
                        for (int i = 0; i < count; i++) {
                            model.put(block + i, sequence);
                        }
                    }
                    if (random.nextBoolean()) {
                        world.run();
                    }
                }
                world.run();
                assertThat(world.committed).isSorted().doesNotHaveDuplicates();
                world.pending.clear();
            }
        }
    }

    @Test
    void aTransactionOfWhichTheLastRecordIsMissingIsDroppedWholeAndStaysDropped()
            throws DamagedJournalException {
        JournalWorld world = new JournalWorld("raid5", 3);
        world.open(1);
        // A checkpoint came when the transaction had got its sequences and was on its way.
        world.floor = 14;
        world.append(Batch.WRITE, 11, 3, 1, false);
        world.append(Batch.WRITE, 12, 3, 2, true);
        world.run();
        world.append(Batch.TRIM, 13, 20, 5, true);
        world.run();
        for (int epoch = 2; epoch < 5; epoch++) {
            world.open(epoch);
            assertThat(world.found(3)).isEqualTo(11);
            assertThat(world.found(4)).isZero();
            assertThat(world.found(20)).isZero();
            world.run();
        }
        // A record with no more to follow does not complete what an earlier epoch left open.
        world.append(Batch.WRITE, 1 << 20, 30, 1, false);
        world.run();
        world.open(5);
        assertThat(world.found(3)).isEqualTo(11);
        assertThat(world.found(20)).isZero();
        assertThat(world.found(30)).isEqualTo(1 << 20);
    }

    /// The start that cut the transaction off reached one member only before the power went again; the next
    /// one stands for it when that member is lost.
    @Test
    void aTransactionThatWasDroppedStaysDroppedWithoutTheStartThatCutItOff()
            throws DamagedJournalException {
        JournalWorld world = new JournalWorld("raid5", 3);
        world.open(1);
        world.floor = 14;
        world.append(Batch.WRITE, 11, 3, 1, false);
        world.append(Batch.WRITE, 12, 3, 2, true);
        world.run();
        world.append(Batch.TRIM, 13, 20, 5, true);
        world.run();
        world.open(2);
        world.journal.pump();
        Io one = world.pending.peekFirst();
        one.runOn(world.files.get(one.slot));
        world.pending.clear();
        world.open(3);
        world.run();
        world.append(Batch.WRITE, 1 << 20, 30, 1, false);
        world.run();
        world.files.get(one.slot).flip(one.offsetBytes + 200, 1);
        world.open(4);
        assertThat(world.found(3)).isEqualTo(11);
        assertThat(world.found(4)).isZero();
        assertThat(world.found(20)).isZero();
        assertThat(world.found(30)).isEqualTo(1 << 20);
    }

    @Test
    void theLastBatchSurvivesTheLossOfItsOnlyCopyOnceTheNextEpochHasBegun()
            throws DamagedJournalException {
        for (int kept = 0; kept < 2; kept++) {
            JournalWorld world = new JournalWorld("raid5", 3);
            world.open(1);
            world.append(Batch.WRITE, 11, 3, 1, false);
            world.run();
            world.append(Batch.WRITE, 12, 4, 1, false);
            world.journal.pump();
            // The crash comes when one of two copies is written.
            assertThat(world.pending).hasSize(2);
            Io one = kept == 0 ? world.pending.peekFirst() : world.pending.peekLast();
            one.runOn(world.files.get(one.slot));
            long lostAt = one.offsetBytes;
            MemoryFile holder = world.files.get(one.slot);
            world.pending.clear();
            world.open(2);
            assertThat(world.found(4)).isEqualTo(12);
            world.run();
            holder.flip(lostAt + 200, 1);
            world.open(3);
            assertThat(world.found(3)).isEqualTo(11);
            assertThat(world.found(4)).as("carried by the start of epoch 2").isEqualTo(12);
        }
    }

    /// Lives that end before their first checkpoint, some amid the first batch of the epoch, more than there are
    /// segments: each recovery finds a segment for its own, and the content has its copies all the time.
    @Test
    void anyNumberOfLivesThatEndBeforeTheFirstCheckpointFit() throws DamagedJournalException {
        liveShortLives(40);
    }

    /// The last batch and all that stand for it reached the same member, which is full of them.
    @Test
    void livesFitWhenOneMemberAloneHasTheLastBatch() throws DamagedJournalException {
        for (int side = 0; side < 2; side++) {
            JournalWorld world = new JournalWorld("raid1", 2);
            world.open(1);
            world.run();
            world.append(Batch.WRITE, 20, 20, 8, false);
            world.journal.pump();
            for (int epoch = 2; epoch < 100; epoch++) {
                while (!world.pending.isEmpty()) {
                    Io io = world.pending.peekFirst();
                    if (io.kind == Io.Kind.FLUSH) {
                        world.completeOne();
                        world.journal.pump();
                        continue;
                    }
                    world.pending.removeFirst();
                    if (io.slot == side) {
                        io.runOn(world.files.get(side));
                    }
                }
                world.open(epoch);
                assertThat(world.found(20)).isEqualTo(20);
                world.journal.pump();
            }
            world.run();
            assertThat(world.journal.queued()).isZero();
            assertThat(world.newest(side)).containsEntry(20L, 20L);
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Plant.class,
            names = {"LAST_COPY_FREED", "LEFTOVERS_ADOPTED", "REPLACED_FREED_EARLY"})
    void aSegmentThatIsFreeTooEarlyIsNoticed(Plant plant) {
        assertThat(Planted.noticed(plant, () -> liveShortLives(600)))
                .isInstanceOfAny(AssertionError.class, DamagedJournalException.class);
    }

    private static void liveShortLives(int seeds) throws DamagedJournalException {
        for (int seed = 0; seed < seeds; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int tornOf16 = random.nextInt(16);
            int side = random.nextInt(3);
            JournalWorld world =
                    new JournalWorld(seed % 2 == 0 ? "raid1" : "raid5", seed % 2 == 0 ? 2 : 3);
            world.open(1);
            world.append(Batch.WRITE, 11, 3, 1, false);
            world.run();
            long sequence = 20;
            world.append(Batch.WRITE, sequence, 20, 8, false);
            world.run();
            for (int epoch = 2; epoch < 150; epoch++) {
                String life = "seed " + seed + " epoch " + epoch;
                world.pending.clear();
                world.open(epoch);
                if (random.nextInt(16) < tornOf16) {
                    world.journal.pump();
                    while (!world.pending.isEmpty()
                            && world.pending.peekFirst().kind == Io.Kind.FLUSH) {
                        world.completeOne();
                        world.journal.pump();
                    }
                    assertThat(world.pending).as(life).hasSize(2);
                    Io one =
                            (side == 2 ? random.nextInt(2) : side) == 0
                                    ? world.pending.pollFirst()
                                    : world.pending.pollLast();
                    one.runOn(world.files.get(one.slot));
                    Io other = world.pending.peekFirst();
                    if (random.nextBoolean()) {
                        other.runOn(world.files.get(other.slot));
                        world.files.get(other.slot).flip(other.offsetBytes + 200, 1);
                    }
                } else {
                    world.run();
                    assertThat(world.journal.isStalled()).as(life).isFalse();
                    if (sequence < 22 && random.nextInt(12) == 0) {
                        world.append(Batch.WRITE, ++sequence, 20, 1 + random.nextInt(8), false);
                        world.run();
                    }
                    assertThat(world.journal.queued()).as(life).isZero();
                }
                for (int lost = 0; lost < world.files.size(); lost++) {
                    assertThat(world.newest(lost))
                            .as(life)
                            .isEqualTo(Map.of(3L, 11L, 20L, sequence));
                }
            }
        }
    }

    @Test
    void aBatchThatWaitsForASegmentIsNotCommittedByAChangeOfMembers()
            throws DamagedJournalException {
        JournalWorld world = new JournalWorld("raid5", 3);
        world.open(1);
        world.run();
        long sequence = 10;
        int spared = -1;
        while (!world.journal.isStalled()) {
            world.append(Batch.WRITE, ++sequence, 3, 8, false);
            if (world.journal.pump()) {
                spared = 3 - world.pending.peekFirst().slot - world.pending.peekLast().slot;
            }
            world.run();
        }
        assertThat(world.committed).doesNotContain(sequence);
        world.members.fail(spared, "dropped");
        world.run();
        assertThat(world.committed).as("nobody has a copy of it").doesNotContain(sequence);
    }

    @Test
    void nothingIsCommittedBeforeEveryCopyIsDurable() throws DamagedJournalException {
        JournalWorld world = new JournalWorld("raid6", 4);
        world.open(1);
        world.run();
        long before = world.journal.commitSequence();
        world.append(Batch.WRITE, 11, 3, 1, false);
        world.journal.pump();
        assertThat(world.pending).as("m + 1 copies").hasSize(3);
        for (int copy = 0; copy < 3; copy++) {
            assertThat(world.journal.commitSequence()).isEqualTo(before);
            assertThat(world.committed).isEmpty();
            world.completeOne();
        }
        assertThat(world.journal.commitSequence()).isEqualTo(11);
        assertThat(world.committed).containsExactly(11L);
    }

    @Test
    void aBatchWhoseCopyFailedIsWrittenAgainOnMembersInSyncOnceTheLossIsDurable()
            throws DamagedJournalException {
        for (int failing = 0; failing < 4; failing++) {
            JournalWorld world = new JournalWorld("raid6", 4);
            world.open(1);
            world.run();
            world.append(Batch.WRITE, 11, 3, 1, false);
            world.journal.pump();
            int slot = failing;
            boolean hasCopy = world.pending.stream().anyMatch(io -> io.slot == slot);
            world.failSlot = failing;
            boolean wasFrozen = false;
            while (!world.pending.isEmpty()) {
                world.completeOne();
                if (world.members.isFrozen()) {
                    wasFrozen = true;
                    assertThat(world.committed).as("frozen").isEmpty();
                }
            }
            assertThat(wasFrozen).isEqualTo(hasCopy);
            world.run();
            assertThat(world.committed).containsExactly(11L);
            assertThat(world.members.inSyncCount()).isEqualTo(hasCopy ? 3 : 4);
            if (hasCopy) {
                for (int other = 0; other < 4; other++) {
                    if (other != slot) {
                        Superblock stored = SuperblockIo.read(world.files.get(other)).superblock();
                        assertThat(stored.configEpoch()).isEqualTo(2);
                        assertThat(stored.members().get(slot).stateText()).isEqualTo("faulty");
                    }
                }
            }
            world.open(2);
            assertThat(world.found(3)).isEqualTo(11);
        }
    }

    @Test
    void aBatchIsTheSameBytesOnAllCopies() throws DamagedJournalException {
        JournalWorld world = new JournalWorld("raid6", 4);
        world.open(1);
        world.append(Batch.WRITE, 11, 3, 2, false);
        world.append(Batch.INTENT, 12, 3, 2, false);
        world.journal.pump();
        MemorySegment first = world.pending.peekFirst().segment;
        for (Io io : world.pending) {
            assertThat(io.segment).isSameAs(first);
            assertThat(io.offsetBytes % BLOCK_BYTES).isZero();
            assertThat(io.kind).isEqualTo(Io.Kind.WRITE_DURABLE);
        }
        assertThat(world.pending.stream().map(io -> io.slot).distinct()).hasSize(3);
    }
}
