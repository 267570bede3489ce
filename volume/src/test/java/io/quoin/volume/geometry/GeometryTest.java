package io.quoin.volume.geometry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/// Goal: one mapping serves every operation, so it must lose no block and give no place twice. Method:
/// small volumes of every level and unit are walked whole, large ones sampled.
final class GeometryTest {
    private static final int[] UNITS = {4096, 8192, 65_536, 262_144, 1 << 20};

    private record Shape(String level, int members, int copies) {}

    private static final List<Shape> SHAPES =
            List.of(
                    new Shape("raid0", 1, 0),
                    new Shape("raid0", 3, 0),
                    new Shape("raid1", 2, 0),
                    new Shape("raid1", 4, 0),
                    new Shape("raid5", 3, 0),
                    new Shape("raid5", 5, 0),
                    new Shape("raid6", 4, 0),
                    new Shape("raid6", 7, 0),
                    new Shape("raid10", 4, 0),
                    new Shape("raid10", 6, 3),
                    new Shape("raid10", 8, 2),
                    new Shape("1+2", 3, 0),
                    new Shape("2+1", 3, 0),
                    new Shape("3+3", 6, 0),
                    new Shape("5+2", 7, 0),
                    new Shape("4+0", 4, 0));

    static List<Geometry> small() {
        return volumes(512);
    }

    static List<Geometry> large() {
        // Members of 16 TiB.
        return volumes(1L << 32);
    }

    private static List<Geometry> volumes(long memberBlocks) {
        List<Geometry> all = new ArrayList<>();
        for (Shape shape : SHAPES) {
            for (int unit : UNITS) {
                all.add(
                        LevelSpec.parse(shape.level, shape.members, shape.copies)
                                .geometry(unit, memberBlocks));
            }
        }
        all.add(LevelSpec.parse("29+3", 32, 0).geometry(4096, memberBlocks));
        all.add(LevelSpec.parse("raid10", 32, 2).geometry(8192, memberBlocks));
        return all;
    }

    @ParameterizedTest
    @MethodSource("small")
    void everyPlaceOnTheMembersHoldsExactlyOneBlockOrParity(Geometry geometry) {
        long places = geometry.slotCount() * geometry.memberBlocks();
        BitSet taken = new BitSet((int) places);
        for (long block = 0; block < geometry.volumeBlocks(); block++) {
            long row = geometry.rowOf(block);
            int position = geometry.positionOf(block);
            assertThat(position).isBetween(0, geometry.dataCount() - 1);
            assertThat(geometry.blockAt(row, position)).isEqualTo(block);
            take(taken, geometry, row, position);
        }
        assertThat(taken.cardinality()).isEqualTo((int) geometry.volumeBlocks());
        for (long row = 0; row < geometry.rowCount(); row++) {
            for (int p = geometry.dataCount(); p < geometry.width(); p++) {
                take(taken, geometry, row, p);
            }
        }
        assertThat(taken.cardinality()).isEqualTo((int) places);
    }

    private static void take(BitSet taken, Geometry geometry, long row, int position) {
        int slot = geometry.slotAt(row, position);
        int place = (int) (slot * geometry.memberBlocks() + geometry.memberBlock(row));
        assertThat(taken.get(place)).as("row %d position %d twice", row, position).isFalse();
        taken.set(place);
    }

    @ParameterizedTest
    @MethodSource("small")
    void positionsAndSlotsOfARowAreEachOthersInverse(Geometry geometry) {
        for (long row = 0; row < geometry.rowCount(); row++) {
            int first = geometry.groupOf(row) * geometry.width();
            for (int p = 0; p < geometry.width(); p++) {
                int slot = geometry.slotAt(row, p);
                assertThat(slot).isBetween(first, first + geometry.width() - 1);
                assertThat(geometry.positionAt(row, slot)).isEqualTo(p);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("small")
    void anInfoGroupHoldsThirtyTwoRowsThatLieOneAfterTheOtherOnTheSameSlots(Geometry geometry) {
        assertThat(geometry.infoGroupCount() * Geometry.ROWS_PER_INFO)
                .isEqualTo(geometry.rowCount());
        BitSet rows = new BitSet((int) geometry.rowCount());
        for (long group = 0; group < geometry.infoGroupCount(); group++) {
            for (int i = 0; i < Geometry.ROWS_PER_INFO; i++) {
                long row = geometry.rowIn(group, i);
                rows.set((int) row);
                assertThat(geometry.infoGroupOf(row)).isEqualTo(group);
                assertThat(geometry.indexInInfoGroup(row)).isEqualTo(i);
                assertThat(geometry.firstSlot(group))
                        .isEqualTo(geometry.groupOf(row) * geometry.width());
                assertThat(geometry.memberBlock(row))
                        .isEqualTo(geometry.infoBlock(group) * Geometry.ROWS_PER_INFO + i);
            }
        }
        assertThat(rows.cardinality()).isEqualTo((int) geometry.rowCount());
    }

    @ParameterizedTest
    @MethodSource("small")
    void blocksOfAUnitLieOneAfterTheOtherOnOneSlot(Geometry geometry) {
        for (long block = 1; block < geometry.volumeBlocks(); block++) {
            if (block % geometry.unitBlocks() == 0) {
                continue;
            }
            long row = geometry.rowOf(block);
            long before = geometry.rowOf(block - 1);
            assertThat(geometry.memberBlock(row)).isEqualTo(geometry.memberBlock(before) + 1);
            assertThat(geometry.slotAt(row, geometry.positionOf(block)))
                    .isEqualTo(geometry.slotAt(before, geometry.positionOf(block - 1)));
        }
    }

    @ParameterizedTest
    @MethodSource("small")
    void eachSlotHoldsTheSameShareOfParityOverAFullTurn(Geometry geometry) {
        int width = geometry.width();
        long turn = (long) width * geometry.unitBlocks();
        if (turn > geometry.memberBlocks()) {
            return;
        }
        int[] parity = new int[geometry.slotCount()];
        for (long row = 0; row < turn * geometry.groupCount(); row++) {
            for (int p = geometry.dataCount(); p < width; p++) {
                parity[geometry.slotAt(row, p)]++;
            }
        }
        assertThat(parity).containsOnly(geometry.parityCount() * geometry.unitBlocks());
    }

    @Test
    void raid5RotatesAsItsDrawingShows() {
        Geometry geometry = LevelSpec.parse("raid5", 4, 0).geometry(4096, 32);
        // By stripe: the unit on slot 0 to 3, -1 for parity.
        int[][] drawn = {{0, 1, 2, -1}, {4, 5, -1, 3}, {8, -1, 6, 7}, {-1, 9, 10, 11}};
        for (int stripe = 0; stripe < drawn.length; stripe++) {
            for (int slot = 0; slot < 4; slot++) {
                int position = geometry.positionAt(stripe, slot);
                long found = position == 3 ? -1 : geometry.blockAt(stripe, position);
                assertThat(found).isEqualTo(drawn[stripe][slot]);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("large")
    void largeVolumesMapAndMapBack(Geometry geometry) {
        SplittableRandom random = new SplittableRandom(7);
        for (int i = 0; i < 2_000; i++) {
            long block =
                    i == 0 ? geometry.volumeBlocks() - 1 : random.nextLong(geometry.volumeBlocks());
            long row = geometry.rowOf(block);
            int position = geometry.positionOf(block);
            assertThat(row).isBetween(0L, geometry.rowCount() - 1);
            assertThat(geometry.memberBlock(row)).isBetween(0L, geometry.memberBlocks() - 1);
            assertThat(geometry.blockAt(row, position)).isEqualTo(block);
            int slot = geometry.slotAt(row, position);
            assertThat(slot).isBetween(0, geometry.slotCount() - 1);
            assertThat(geometry.positionAt(row, slot)).isEqualTo(position);
            assertThat(geometry.rowIn(geometry.infoGroupOf(row), geometry.indexInInfoGroup(row)))
                    .isEqualTo(row);
        }
    }

    @Test
    void whatIsOutOfRangeIsNamedWithWhatWasExpected() {
        assertThatThrownBy(() -> new Geometry(Level.RAID5, 1, 2, 1, 3, 96))
                .hasMessage(
                        "stripe unit: expected a power of two from 4096 to 1048576 bytes, was"
                                + " 12288");
        assertThatThrownBy(() -> new Geometry(Level.RAID5, 1, 2, 1, 512, 512))
                .hasMessage("unit blocks: expected 1 to 256, was 512");
        assertThatThrownBy(() -> new Geometry(Level.RAID5, 1, 2, 1, 1, 33))
                .hasMessage("member blocks: expected a positive multiple of 32, was 33");
        assertThatThrownBy(() -> new Geometry(Level.RAID5, 1, 2, 1, 64, 32))
                .hasMessage("member blocks: expected a positive multiple of 64, was 32");
        assertThatThrownBy(() -> new Geometry(Level.RAID0, 1, 1, 0, 1, 0))
                .hasMessage("member blocks: expected a positive multiple of 32, was 0");
        assertThatThrownBy(() -> new Geometry(Level.RAID10, 17, 1, 1, 1, 32))
                .hasMessage("slots: expected 1 to 32, was 34");
        assertThatThrownBy(() -> new Geometry(Level.ERASURE, 1, 0, 1, 1, 32))
                .hasMessage("data slots: expected 1 to 32, was 0");
    }

    @ParameterizedTest
    @CsvSource({"1,2,1,4", "1,1,2,16", "2,1,1,64", "1,3,2,256", "3,1,0,1"})
    void everySlotHasEachPositionInCanaryRowsAndClientsHaveTheRest(
            int groups, int data, int parity, int unit) {
        Geometry all = new Geometry(Level.ERASURE, groups, data, parity, unit, 1 << 14);
        Geometry geometry = all.withCanary(all.leastCanary());
        assertThat(geometry.allBlocks()).isEqualTo(all.volumeBlocks());
        assertThat(geometry.allBlocks() - geometry.volumeBlocks())
                .isEqualTo(geometry.canaryBlocks() * groups * data);
        for (long block = 0; block < geometry.allBlocks(); block++) {
            assertThat(geometry.isCanary(geometry.rowOf(block)))
                    .isEqualTo(block >= geometry.volumeBlocks());
        }
        for (int slot = 0; slot < geometry.slotCount(); slot++) {
            BitSet positions = new BitSet();
            for (long row = 0; row < geometry.rowCount(); row++) {
                if (geometry.isCanary(row) && slot / geometry.width() == geometry.groupOf(row)) {
                    positions.set(geometry.positionAt(row, slot));
                }
            }
            assertThat(positions.cardinality()).isEqualTo(geometry.width());
        }
    }

    @Test
    void canaryRowsLeaveClientsSomething() {
        Geometry geometry = new Geometry(Level.RAID5, 1, 2, 1, 4, 96);
        assertThatThrownBy(() -> geometry.withCanary(96))
                .hasMessageContaining("canary blocks: expected less than 96");
        assertThatThrownBy(() -> geometry.withCanary(33)).hasMessageContaining("multiples of 32");
        assertThatThrownBy(() -> geometry.withCanary(-32)).hasMessageContaining("was -32");
    }
}
