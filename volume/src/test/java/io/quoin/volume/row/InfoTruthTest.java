package io.quoin.volume.row;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.LevelSpec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Goal: whichever slots missed the newest write of a row, up to m of them together with those that
/// are absent or unreadable, they and only they are found, and what they should hold is known. Method:
/// all short histories of a row, each with all subsets of slots that missed its last write.
final class InfoTruthTest {
    /// Three home writes of a row: which data positions each changes, whether it trims them, and whether
    /// what the last one carried home had arrived before the second one.
    private record History(int[] changed, boolean[] trims, boolean isEarly, int missed) {
        long generation(int step, int p) {
            return step == 2 && isEarly ? 25 + p : 10L * step + 11 + p;
        }
    }

    private static List<History> histories(int k, int width, boolean isMirror) {
        List<History> all = new ArrayList<>();
        int subsets = isMirror ? 2 : 1 << k;
        for (int a = 0; a < subsets; a++) {
            for (int b = 0; b < subsets; b++) {
                for (int c = 1; c < subsets; c++) {
                    for (int trim = 0; trim < 4; trim++) {
                        boolean[] trims = {false, trim % 2 == 1, trim > 1};
                        int participants =
                                isMirror ? (1 << width) - 1 : c | (1 << width) - (1 << k);
                        for (int missed = 0; missed < 1 << width; missed++) {
                            if ((missed & ~participants) == 0) {
                                int[] changed = {a, b, c};
                                all.add(new History(changed, trims, false, missed));
                                all.add(new History(changed, trims, true, missed));
                            }
                        }
                    }
                }
            }
        }
        return all;
    }

    /// Writes the history into the records of a row; with all of it, or as the slots that missed have it.
    private static void write(
            MemorySegment image, Geometry geometry, long row, History history, boolean isTruth) {
        int k = geometry.dataCount();
        int width = geometry.width();
        InfoGroup group = new InfoGroup(geometry.infoGroupOf(row), image);
        int index = geometry.indexInInfoGroup(row);
        long[] generations = new long[width];
        int[] types = new int[width];
        for (int step = 0; step < 3; step++) {
            int changed = history.changed[step];
            if (changed == 0) {
                continue;
            }
            for (int p = 0; p < k; p++) {
                if ((changed >> p & 1) != 0) {
                    generations[p] = history.generation(step, p);
                    types[p] = history.trims[step] ? BlockInfo.TRIMMED : BlockInfo.DATA;
                }
            }
            boolean hasContent = false;
            for (int p = 0; p < k; p++) {
                hasContent |= types[p] == BlockInfo.DATA;
            }
            for (int p = 0; p < width; p++) {
                boolean isMissed = !isTruth && step == 2 && (history.missed >> p & 1) != 0;
                long at = group.record(geometry.slotAt(row, p) % width, index);
                if (isMissed) {
                    continue;
                }
                if (geometry.isMirror()) {
                    BlockInfo.set(image, at, types[0], geometry.blockAt(row, 0), generations[0]);
                } else if (p < k && (changed >> p & 1) != 0) {
                    BlockInfo.set(image, at, types[p], geometry.blockAt(row, p), generations[p]);
                } else if (p >= k) {
                    int type = hasContent ? BlockInfo.PARITY : BlockInfo.TRIMMED;
                    BlockInfo.set(image, at, type, row, 10L * step + 19);
                    for (int i = 0; i < k; i++) {
                        BlockInfo.setVector(image, at, i, k, generations[i]);
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"2+1, 3", "3+2, 5", "raid6, 4", "raid1, 2", "raid1, 3"})
    void whoeverMissedTheNewestWriteIsFoundAndNobodyElse(String level, int members) {
        Geometry geometry = LevelSpec.parse(level, members, 0).geometry(4096, 32);
        int width = geometry.width();
        int all = (1 << width) - 1;
        List<History> histories = histories(geometry.dataCount(), width, geometry.isMirror());
        for (int out = 0; out <= all; out++) {
            if (Integer.bitCount(out) > geometry.parityCount()) {
                continue;
            }
            // Absent, or held with an unreadable info block: each lane of `out` in both ways.
            for (int absent = out; ; absent = absent - 1 & out) {
                walk(geometry, histories, absent, out & ~absent);
                if (absent == 0) {
                    break;
                }
            }
        }
    }

    private static void walk(
            Geometry geometry, List<History> histories, int absent, int unreadable) {
        int width = geometry.width();
        int out = absent | unreadable;
        int all = (1 << width) - 1;
        int next = 0;
        while (next < histories.size()) {
            MemorySegment image = Arena.ofAuto().allocate((long) width * BLOCK_BYTES);
            MemorySegment truth = Arena.ofAuto().allocate((long) width * BLOCK_BYTES);
            History[] placed = new History[Geometry.ROWS_PER_INFO];
            for (int i = 0; i < placed.length && next < histories.size(); next++) {
                History history = histories.get(next);
                long row = geometry.rowIn(0, i);
                int missedLanes = lanes(geometry, row, history.missed);
                if (Integer.bitCount(missedLanes | out) > geometry.parityCount()) {
                    continue;
                }
                write(image, geometry, row, history, false);
                write(truth, geometry, row, history, true);
                placed[i++] = history;
            }
            for (int lane = 0; lane < width; lane++) {
                if ((out >> lane & 1) != 0) {
                    image.asSlice((long) lane * BLOCK_BYTES, BLOCK_BYTES).fill((byte) 0);
                }
            }
            InfoGroup group = new InfoGroup(0, image);
            InfoTruth.settle(group, geometry, all & ~absent, all & ~out);
            for (int i = 0; i < placed.length; i++) {
                if (placed[i] != null) {
                    judge(geometry, group, truth, i, placed[i], absent, unreadable);
                }
            }
        }
    }

    private static int lanes(Geometry geometry, long row, int positions) {
        int lanes = 0;
        for (int p = 0; p < geometry.width(); p++) {
            if ((positions >> p & 1) != 0) {
                lanes |= 1 << geometry.slotAt(row, p) % geometry.width();
            }
        }
        return lanes;
    }

    private static void judge(
            Geometry geometry,
            InfoGroup group,
            MemorySegment truth,
            int index,
            History history,
            int absent,
            int unreadable) {
        int k = geometry.dataCount();
        long row = geometry.rowIn(0, index);
        Supplier<String> what =
                () ->
                        String.format(
                                "changed %s, trims %s, early %s, missed by positions %s, absent lanes %s, unreadable"
                                        + " %s, row %d",
                                java.util.Arrays.toString(history.changed),
                                java.util.Arrays.toString(history.trims),
                                history.isEarly,
                                Integer.toBinaryString(history.missed),
                                Integer.toBinaryString(absent),
                                Integer.toBinaryString(unreadable),
                                row);
        int expected = (lanes(geometry, row, history.missed) | unreadable) & ~absent;
        int found = 0;
        for (int lane = 0; lane < geometry.width(); lane++) {
            found |= group.isUntrusted(lane, index) ? 1 << lane : 0;
        }
        assertThat(found).as(what).isEqualTo(expected);
        long newestData = 0;
        for (int p = 0; p < geometry.width(); p++) {
            int lane = geometry.slotAt(row, p) % geometry.width();
            long at = group.record(lane, index);
            boolean isOwn = ((expected | absent) >> lane & 1) == 0;
            if (isOwn) {
                assertThat(
                                MemorySegment.mismatch(
                                        group.image(),
                                        at,
                                        at + BlockInfo.BYTES,
                                        truth,
                                        at,
                                        at + BlockInfo.BYTES))
                        .as(what)
                        .isEqualTo(-1);
            }
            if (p < k) {
                assertThat(BlockInfo.generation(group.image(), at))
                        .as(what)
                        .isEqualTo(BlockInfo.generation(truth, at));
                newestData = Math.max(newestData, BlockInfo.generation(truth, at));
            } else if (geometry.isMirror()) {
                assertThat(BlockInfo.generation(group.image(), at))
                        .isEqualTo(BlockInfo.generation(truth, at));
            } else {
                for (int i = 0; i < k; i++) {
                    assertThat(BlockInfo.vector(group.image(), at, i, k))
                            .as(what)
                            .isEqualTo(BlockInfo.vector(truth, at, i, k));
                }
                assertThat(BlockInfo.generation(group.image(), at))
                        .as(what)
                        .isGreaterThanOrEqualTo(newestData);
            }
        }
    }

    @Test
    void aRowThatNobodyWroteIsTrustedAsItIs() {
        Geometry geometry = LevelSpec.parse("3+2", 5, 0).geometry(4096, 32);
        InfoGroup group = new InfoGroup(0, Arena.ofAuto().allocate(5 * BLOCK_BYTES));
        assertThat(InfoTruth.settle(group, geometry, 0b11111, 0b11111)).isZero();
        assertThat(InfoTruth.settle(group, geometry, 0b11011, 0b11011)).isZero();
        for (int lane = 0; lane < 5; lane++) {
            assertThat(BlockInfo.type(group.image(), group.record(lane, 3)))
                    .isEqualTo(BlockInfo.UNWRITTEN);
        }
    }

    @Test
    void aDataSlotThatFallsBehindAfterTheParityWasRepairedIsFound() {
        Geometry geometry = LevelSpec.parse("2+1", 3, 0).geometry(4096, 32);
        MemorySegment image = Arena.ofAuto().allocate(3 * BLOCK_BYTES);
        InfoGroup group = new InfoGroup(0, image);
        // The parity slot missed everything; its block is rewritten and the implied record stored.
        BlockInfo.set(image, group.record(0, 0), BlockInfo.DATA, 0, 31);
        BlockInfo.set(image, group.record(1, 0), BlockInfo.DATA, 1, 21);
        assertThat(InfoTruth.settle(group, geometry, 0b111, 0b111)).isEqualTo(1);
        assertThat(group.isUntrusted(2, 0)).isTrue();
        group.setUntrusted(2, 0, false);
        // An older state of a data slot comes back, later than what the parity had before.
        BlockInfo.set(image, group.record(0, 0), BlockInfo.DATA, 0, 11);
        assertThat(InfoTruth.settle(group, geometry, 0b111, 0b111)).isEqualTo(1);
        assertThat(group.isUntrusted(0, 0)).isTrue();
        assertThat(BlockInfo.generation(image, group.record(0, 0))).isEqualTo(31);
    }

    @Test
    void aLostBlockStaysLostAlthoughItsSlotMissedThat() {
        Geometry geometry = LevelSpec.parse("3+2", 5, 0).geometry(4096, 32);
        MemorySegment image = Arena.ofAuto().allocate(5 * BLOCK_BYTES);
        InfoGroup group = new InfoGroup(0, image);
        // Position 0 was written at 11 and later found lost; only the parity slots heard of it.
        BlockInfo.set(image, group.record(0, 0), BlockInfo.DATA, 0, 11);
        for (int p = 3; p < 5; p++) {
            long at = group.record(p, 0);
            BlockInfo.set(image, at, BlockInfo.PARITY, 0, 29);
            BlockInfo.setVector(image, at, 0, 3, -1);
        }
        assertThat(InfoTruth.settle(group, geometry, 0b11111, 0b11111)).isEqualTo(1);
        assertThat(group.isUntrusted(0, 0)).isTrue();
        assertThat(BlockInfo.type(image, group.record(0, 0))).isEqualTo(BlockInfo.BAD);
    }

    @Test
    void ofABlockWithoutAnyRecordNobodySaysThatItWasNeverWritten() {
        Geometry raid5 = LevelSpec.parse("2+1", 3, 0).geometry(4096, 32);
        InfoGroup group = new InfoGroup(0, Arena.ofAuto().allocate(3 * BLOCK_BYTES));
        long here = group.record(0, 0);
        BlockInfo.set(group.image(), here, BlockInfo.DATA, 0, 11);
        // Lane 0 holds data of row 0; lane 1, its other data, is unreadable, lane 2, its parity,
        // absent.
        InfoTruth.settle(group, raid5, 0b011, 0b001);
        assertThat(BlockInfo.type(group.image(), here)).isEqualTo(BlockInfo.DATA);
        assertThat(BlockInfo.type(group.image(), group.record(1, 0))).isEqualTo(BlockInfo.BAD);
        for (String mirror : new String[] {"raid0", "raid1"}) {
            Geometry geometry = LevelSpec.parse(mirror, 2, 0).geometry(4096, 32);
            InfoGroup unreadable = new InfoGroup(0, Arena.ofAuto().allocate(2 * BLOCK_BYTES));
            InfoTruth.settle(unreadable, geometry, 0b1, 0);
            assertThat(BlockInfo.type(unreadable.image(), unreadable.record(0, 5)))
                    .as(mirror)
                    .isEqualTo(BlockInfo.BAD);
        }
    }

    @Test
    void generationsAreWidenedToTheLatestThatTheParityCanHaveSeen() {
        assertThat(InfoTruth.widen(0x34, 0x1240, 8)).isEqualTo(0x1234);
        assertThat(InfoTruth.widen(0x40, 0x1240, 8)).isEqualTo(0x1240);
        assertThat(InfoTruth.widen(0x41, 0x1240, 8)).isEqualTo(0x1141);
        assertThat(InfoTruth.widen(0xFFFF, 0x3_0000, 16)).isEqualTo(0x2_FFFF);
        assertThat(InfoTruth.widen(0x7F, 0x40, 8)).isEqualTo(0x7F);
    }
}
