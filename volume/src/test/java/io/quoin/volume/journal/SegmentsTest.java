package io.quoin.volume.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.Level;
import java.util.ArrayDeque;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

final class SegmentsTest {
    @Test
    void noJournalSlotIsGivenTwiceAndAsManySegmentsOpenAsWerePromised() {
        for (int seed = 0; seed < 200; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int width = 2 + random.nextInt(5);
            int members = width * (1 + random.nextInt(3));
            int slots = 4 + random.nextInt(5);
            int copies = 1 + random.nextInt(width - 1);
            Segments segments = new Segments(members, width, slots);
            boolean[][] used = new boolean[members][slots];
            ArrayDeque<Segments.Segment> open = new ArrayDeque<>();
            long batch = 0;
            for (int i = 0; i < 200; i++) {
                int mask = 1 + random.nextInt((1 << members) - 1);
                if (random.nextInt(3) > 0) {
                    boolean isPromised = segments.freeSegments(mask, copies) > 0;
                    Segments.Segment segment = segments.open(mask, copies);
                    assertThat(segment != null).as("seed %d", seed).isEqualTo(isPromised);
                    if (segment == null) {
                        continue;
                    }
                    assertThat(Integer.bitCount(segment.ensemble)).isEqualTo(copies);
                    assertThat(segment.ensemble & ~mask).isZero();
                    int group = Integer.numberOfTrailingZeros(segment.ensemble) / width;
                    assertThat(segment.ensemble >> group * width)
                            .as("one group")
                            .isLessThan(1 << width);
                    assertThat(segment.isWhole()).isTrue();
                    for (int m = 0; m < members; m++) {
                        if ((segment.ensemble >> m & 1) != 0) {
                            assertThat(used[m][segment.slotOf[m]]).isFalse();
                            used[m][segment.slotOf[m]] = true;
                        }
                    }
                    segment.lastBatch = ++batch;
                    open.addLast(segment);
                } else {
                    long tail = random.nextLong(batch + 2);
                    segments.freeBefore(tail);
                    while (open.size() > 1 && open.peekFirst().lastBatch < tail) {
                        Segments.Segment freed = open.removeFirst();
                        for (int m = 0; m < members; m++) {
                            if ((freed.ensemble >> m & 1) != 0) {
                                used[m][freed.slotOf[m]] = false;
                            }
                        }
                    }
                }
                assertThat(segments.count()).isEqualTo(open.size());
            }
        }
    }

    @Test
    void segmentsSpreadOverTheMembers() {
        Segments segments = new Segments(4, 4, 8);
        int[] load = new int[4];
        for (int i = 0; i < 16; i++) {
            Segments.Segment segment = segments.open(0b1111, 2);
            for (int m = 0; m < 4; m++) {
                load[m] += segment.ensemble >> m & 1;
            }
        }
        assertThat(load).containsOnly(8);
        assertThat(segments.open(0b1111, 2)).isNull();
        assertThat(segments.freeSegments(0b1111, 2)).isZero();
    }

    /// Whichever members are lost after a segment was opened on a choice of members, as many can be opened as was said.
    @Test
    void whatIsSaidToBeLeftAfterALossIsLeftAfterAny() {
        for (int seed = 0; seed < 300; seed++) {
            SplittableRandom random = new SplittableRandom(seed);
            int width = 2 + random.nextInt(5);
            int members = width * (1 + random.nextInt(2));
            int losses = random.nextInt(width);
            int copies = losses + 1;
            int all = (1 << members) - 1;
            Segments segments = new Segments(members, width, 4 + random.nextInt(5));
            for (int i = 0; i < 30; i++) {
                int some = all & ~random.nextInt(1 << members);
                int said = segments.freeAfterLoss(some, all, copies, losses);
                Segments.Segment segment = segments.open(some, copies);
                assertThat(said >= 0).as("seed %d", seed).isEqualTo(segment != null);
                for (int lost = 0; segment != null && lost <= all; lost++) {
                    int group = Integer.numberOfTrailingZeros(lost) / width;
                    if (Integer.bitCount(lost) == losses
                            && (losses == 0 || lost >>> group * width < 1 << width)) {
                        int left = all & ~lost;
                        int most = 0;
                        for (int g = 0; g < members / width; g++) {
                            int of = left >> g * width & (1 << width) - 1;
                            most = Math.max(most, Integer.bitCount(of));
                        }
                        assertThat(segments.freeSegments(left, Math.min(copies, most)))
                                .as("seed %d, lost %s", seed, Integer.toBinaryString(lost))
                                .isGreaterThanOrEqualTo(said);
                    }
                }
            }
        }
    }

    @Test
    void aPinnedJournalSlotIsNotGivenAwayUntilItIsLetGo() {
        Segments segments = new Segments(2, 2, 4);
        Segments.Segment first = segments.open(0b11, 2);
        first.holds(1);
        Segments.Pin one = segments.pin(0, first.slotOf[0]);
        Segments.Pin two = segments.pin(0, first.slotOf[0]);
        segments.open(0b11, 2).holds(2);
        segments.freeBefore(2);
        assertThat(segments.freeSlots(0)).isEqualTo(2);
        assertThat(segments.freeSlots(1)).isEqualTo(3);
        assertThat(segments.pinnedMembers()).isEqualTo(0b01);
        segments.unpin(one);
        assertThat(segments.freeSlots(0)).isEqualTo(2);
        segments.unpin(two);
        assertThat(segments.freeSlots(0)).isEqualTo(3);

        Segments.Segment second = segments.newest();
        Segments.Pin live = segments.pin(1, second.slotOf[1]);
        segments.unpin(live);
        assertThat(segments.freeSlots(1)).as("its segment is there").isEqualTo(3);
        Segments.Pin gone = segments.pin(1, second.slotOf[1]);
        segments.forget(1);
        Segments.Pin next = segments.pin(1, 0);
        segments.unpin(gone);
        assertThat(segments.pinnedMembers()).as("another member's").isEqualTo(0b10);
        segments.unpin(next);
        assertThat(segments.pinnedMembers()).isZero();
    }

    @Test
    void aMemberThatLeftHoldsNothingThatCounts() {
        Segments segments = new Segments(3, 3, 4);
        segments.open(0b111, 2);
        Segments.Segment second = segments.open(0b111, 2);
        for (int member = 0; member < 3; member++) {
            if ((second.ensemble >> member & 1) != 0) {
                segments.forget(member);
                assertThat(segments.freeSlots(member)).isEqualTo(4);
                assertThat(second.isWhole()).isFalse();
            }
        }
    }

    @Test
    void sequencesGrowAndNeverReadAsUnwrittenOrBadInAVector() {
        for (int k = 1; k <= 32; k++) {
            Sequencer sequencer =
                    new Sequencer(250, new Geometry(Level.ERASURE, 1, k, k == 32 ? 0 : 1, 1, 32));
            long before = 250;
            for (int i = 0; i < 1000; i++) {
                long next = sequencer.next();
                assertThat(next).isGreaterThan(before);
                assertThat(BlockInfo.truncate(next, k)).isNotZero();
                assertThat(BlockInfo.truncate(next, k)).isNotEqualTo(BlockInfo.truncate(-1, k));
                before = next;
            }
            assertThat(sequencer.last()).isEqualTo(before);
        }
    }
}
