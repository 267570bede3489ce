package io.quoin.volume.geometry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Goal: at no place of the cut do two blocks share a place, and what a step overwrites is what has moved. Method: every pair of small
/// shapes, every place that the cut comes to, every block.
final class ReshapeGeometryTest {
    private static final long MEMBER_BLOCKS = 768;

    private static List<Geometry> shapes() {
        List<Geometry> shapes = new ArrayList<>();
        for (String[] each :
                new String[][] {
                    {"raid1", "2"},
                    {"raid1", "3"},
                    {"raid5", "3"},
                    {"raid5", "4"},
                    {"raid6", "4"},
                    {"raid6", "5"},
                    {"4+2", "6"},
                    {"2+3", "5"}
                }) {
            for (int unit : new int[] {4096, 16_384, 262_144}) {
                shapes.add(
                        LevelSpec.parse(each[0], Integer.parseInt(each[1]), 0)
                                .geometry(unit, MEMBER_BLOCKS));
            }
        }
        return shapes;
    }

    @Test
    void noTwoBlocksShareAPlaceAndWhatIsOverwrittenHasMoved() {
        int pairs = 0;
        for (Geometry former : shapes()) {
            for (Geometry to : shapes()) {
                boolean isDown = to.dataCount() < former.dataCount();
                long most = Math.min(former.volumeBlocks(), to.volumeBlocks());
                long stripe = (long) to.dataCount() * to.unitBlocks();
                // A last stripe that is nearly full, of which only the first unit is, and one with
                // less than that.
                for (long size :
                        new long[] {
                            most - 5,
                            most / stripe * stripe - stripe + to.unitBlocks(),
                            most / stripe * stripe - stripe + 1
                        }) {
                    walk(former, to, isDown, size);
                    if (to.dataCount() == former.dataCount()) {
                        walk(former, to, !isDown, size);
                    }
                }
                pairs++;
            }
        }
        assertThat(pairs).isEqualTo(24 * 24);
    }

    private static void walk(Geometry former, Geometry to, boolean isDown, long size) {
        Geometry both = to.reshapedFrom(former, isDown, size, isDown ? size : 0);
        Map<Long, Long> blockOfPlace = places(both, former, to);
        int steps = 0;
        while (!both.isReshaped()) {
            long before = both.cutBlock();
            long after = both.nextCut();
            long first = Math.min(before, after);
            long end = Math.max(before, after);
            assertThat(end).isGreaterThan(first);
            assertThat(end - first).isLessThanOrEqualTo(Geometry.MOST_WINDOW_BLOCKS);
            both.moveCut(after);
            Map<Long, Long> next = places(both, former, to);
            for (Map.Entry<Long, Long> each : next.entrySet()) {
                Long was = blockOfPlace.get(each.getKey());
                boolean isSame = was == null || was.equals(each.getValue());
                assertThat(isSame || was >= first && was < end)
                        .as(
                                "%s to %s: block %d takes the place of %d",
                                former, to, each.getValue(), was)
                        .isTrue();
            }
            blockOfPlace = next;
            steps++;
        }
        assertThat(steps).isPositive();
        long rows = to.rowsFor(size);
        for (long place = 0; place < both.infoGroupCount(); place++) {
            assertThat(both.infoGroupAt(place) == place)
                    .as("%s to %s, %d blocks: place %d", former, to, size, place)
                    .isEqualTo(place * Geometry.ROWS_PER_INFO < rows);
        }
    }

    /// Where each block is, by slot and member block; and each info group is that of one shape.
    private static Map<Long, Long> places(Geometry both, Geometry former, Geometry to) {
        Map<Long, Long> blockOfPlace = new HashMap<>();
        Set<Long> groups = new HashSet<>();
        for (long block = 0; block < both.volumeBlocks(); block++) {
            long row = both.rowOf(block);
            int position = both.positionOf(block);
            Geometry shape = both.at(row);
            assertThat(shape == both ? to.toString() : former.toString())
                    .isEqualTo(shape.toString());
            assertThat(both.blockAt(row, position)).isEqualTo(block);
            int slot = both.slotAt(row, position);
            assertThat(both.positionAt(row, slot)).isEqualTo(position);
            long group = both.infoGroupOf(row);
            groups.add(group);
            assertThat(both.isCurrentGroup(group)).isTrue();
            assertThat(both.isIn(slot, group)).isTrue();
            assertThat(both.rowIn(group, both.indexInInfoGroup(row))).isEqualTo(row);
            assertThat(both.infoGroupAt(Geometry.placeOf(group))).isEqualTo(group);
            Long other = blockOfPlace.put(slot * MEMBER_BLOCKS + both.memberBlock(row), block);
            assertThat(other).as("%s to %s: two blocks in one place", former, to).isNull();
        }
        Set<Long> byPlace = new HashSet<>();
        for (long group : groups) {
            assertThat(byPlace.add(Geometry.placeOf(group)))
                    .as("one place, two info groups")
                    .isTrue();
        }
        for (long place = 0; place < both.infoGroupCount(); place++) {
            long group = both.infoGroupAt(place);
            assertThat(group == -1 || groups.contains(group)).as("group %d", group).isTrue();
        }
        return blockOfPlace;
    }

    @Test
    void goingBackIsTheSameTheOtherWayRound() {
        Geometry former = LevelSpec.parse("raid5", 4, 0).geometry(16_384, MEMBER_BLOCKS);
        Geometry to = LevelSpec.parse("raid6", 6, 0).geometry(4096, MEMBER_BLOCKS);
        Geometry both = to.reshapedFrom(former, false, former.volumeBlocks(), 0);
        both.moveCut(both.nextCut());
        both.moveCut(both.nextCut());
        Geometry back =
                former.reshapedFrom(both.target(), true, both.volumeBlocks(), both.cutBlock());
        for (long block = 0; block < both.volumeBlocks(); block++) {
            assertThat(back.memberBlock(back.rowOf(block)))
                    .isEqualTo(both.memberBlock(both.rowOf(block)));
            assertThat(back.slotAt(back.rowOf(block), back.positionOf(block)))
                    .isEqualTo(both.slotAt(both.rowOf(block), both.positionOf(block)));
        }
        assertThat(back.windowRows() * back.dataCount())
                .isEqualTo(both.windowRows() * both.dataCount());
        back.moveCut(back.nextCut());
        back.moveCut(back.nextCut());
        assertThat(back.isReshaped()).isTrue();
        assertThat(back.volumeBlocks()).isEqualTo(former.volumeBlocks());
    }

    @Test
    void asManyMembersMayBeLostAsBothShapesBear() {
        Geometry former = LevelSpec.parse("raid1", 2, 0).geometry(4096, MEMBER_BLOCKS);
        Geometry to = LevelSpec.parse("raid5", 4, 0).geometry(4096, MEMBER_BLOCKS);
        Geometry both = to.reshapedFrom(former, false, former.volumeBlocks(), 0);
        assertThat(both.slotCount()).isEqualTo(4);
        assertThat(both.spare(0, slot -> true)).isEqualTo(1);
        assertThat(both.spare(0, slot -> slot != 3)).isZero();
        assertThat(both.spare(0, slot -> slot > 1)).isEqualTo(-1);
        both.moveCut(both.volumeBlocks());
        assertThat(both.spare(0, slot -> slot > 1)).isEqualTo(-1);
        assertThat(both.leastParity()).isEqualTo(1);
    }

    @Test
    void whatCannotBeIsRefused() {
        Geometry wide = LevelSpec.parse("15+1", 16, 0).geometry(4096, MEMBER_BLOCKS);
        Geometry wider = LevelSpec.parse("16+1", 17, 0).geometry(4096, MEMBER_BLOCKS);
        assertThatThrownBy(() -> wider.reshapedFrom(wide, false, wide.volumeBlocks(), 0))
                .hasMessageContaining("expected at most 4096 blocks to be moved at a time");
        Geometry narrow = LevelSpec.parse("raid1", 2, 0).geometry(4096, MEMBER_BLOCKS);
        assertThatThrownBy(() -> narrow.reshapedFrom(wide, true, wide.volumeBlocks(), 0))
                .hasMessageContaining("expected room for " + wide.volumeBlocks() + " blocks");
        Geometry groups = LevelSpec.parse("raid10", 4, 0).geometry(4096, MEMBER_BLOCKS);
        assertThatThrownBy(() -> groups.reshapedFrom(narrow, false, 32, 0))
                .hasMessageContaining(
                        "groups of a volume that is reshaped: expected 1 to 1, was 2");
        assertThatThrownBy(() -> wide.reshapedFrom(narrow, false, 32, 33))
                .hasMessageContaining("cut at block 33");
    }
}
