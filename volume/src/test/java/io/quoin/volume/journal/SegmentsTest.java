package io.quoin.volume.journal;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.format.BlockInfo;
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
            Sequencer sequencer = new Sequencer(250, k);
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
