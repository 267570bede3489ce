package io.quoin.volume.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.Engine;
import io.quoin.volume.Planted;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.intake.Request;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What is near damage is checked at once, without a scrub.
final class NeighbourhoodTest {
    private static final long GROUP = Geometry.ROWS_PER_INFO;

    private SimWorld world;
    private final Map<Long, Map<Integer, byte[]>> damaged = new HashMap<>();

    static List<SimSpec> redundant() {
        return Simulator.LAYOUTS.stream().filter(spec -> spec != SimSpec.RAID0).toList();
    }

    /// A volume whose blocks were all written and are at home.
    private void make(SimWorld of) throws VolumeException {
        world = of;
        damaged.clear();
        world.open();
        world.recover();
        for (long block = 0; block < world.model.sectorCount() / 8; block += 16) {
            world.client.ask(Request.Op.WRITE, block, 16);
            world.client.finish();
        }
        world.settle();
        assertThat(world.engine().dirtyBlocks()).isZero();
    }

    private Engine engine() {
        return world.engine();
    }

    private long pageAt(long memberBlock) {
        return engine().members().layout().dataOffset(memberBlock);
    }

    /// Puts other bytes where a member has a block.
    private void damage(long memberBlock, int slot) {
        SimDisk disk = world.disks[slot];
        byte[] was = disk.pageAt(pageAt(memberBlock));
        damaged.computeIfAbsent(memberBlock, at -> new HashMap<>()).put(slot, was);
        byte[] noise = new byte[SimDisk.PAGE];
        world.random.nextBytes(noise);
        world.suspects.add(slot);
        disk.overwrite(pageAt(memberBlock), noise);
    }

    private boolean isMended(long memberBlock) {
        return damaged.get(memberBlock).entrySet().stream()
                .allMatch(each ->
                        java.util.Arrays.equals(
                                each.getValue(),
                                world.disks[each.getKey()].pageAt(pageAt(memberBlock))));
    }

    /// Damages the home of a client's block that lies so far into the members, and reads it.
    private void readDamaged(long memberBlock) {
        Geometry geometry = engine().geometry();
        long row = memberBlock * geometry.groupCount();
        for (int position = 0;
                position < (geometry.isMirror() ? geometry.parityCount() : 1);
                position++) {
            damage(memberBlock, geometry.slotAt(row, position));
        }
        // Of a mirror whichever copy has least to do is read.
        for (int i = 0; i < 16 && !isMended(memberBlock); i++) {
            world.client.ask(Request.Op.READ, geometry.blockAt(row, 0), 1);
            world.client.finish();
        }
    }

    /// Waits until what is near damage is checked.
    private void rest() {
        for (int guard = 0; engine().isJobUnderWay(); guard++) {
            world.step(8);
            assertThat(guard).as("steps").isLessThan(400_000);
        }
        world.settle();
    }

    /// {@return blocks of each member that clients have written}
    private long written() {
        Geometry geometry = engine().geometry();
        return world.model.sectorCount() / 8 / geometry.groupCount() / geometry.dataCount();
    }

    private long rowsNear() {
        return engine().counters().get(Counter.ROWS_NEAR_CHECKED);
    }

    private long notes(String text) {
        return world.log.stream().filter(line -> line.contains(text)).count();
    }

    @ParameterizedTest
    @MethodSource("redundant")
    void rotNearDamageThatAReadFoundIsRepairedWithoutAScrub(SimSpec spec) throws VolumeException {
        make(new SimWorld(7, spec, new SimTally()));
        for (long memberBlock : new long[] {3, 20, 30, 33, 36, 47, 60, 63, 64, 80, 95}) {
            if (memberBlock < written()) {
                damage(memberBlock, (int) (memberBlock % engine().geometry().width()));
            }
        }
        int near = damaged.size();
        readDamaged(8);
        rest();
        long blocks = damaged.values().stream().mapToLong(Map::size).sum();
        assertThat(damaged.keySet()).allMatch(this::isMended);
        assertThat(engine().status().jobs()).isEmpty();
        assertThat(rowsNear()).isBetween(2 * GROUP, 4 * GROUP);
        assertThat(engine().counters().get(Counter.BLOCKS_REPAIRED)).isEqualTo(blocks);
        assertThat(notes("what is near it is checked")).isEqualTo(1);
        assertThat(notes("rows checked, " + near + " blocks repaired, 0 lost, 0 rows suspect"))
                .isEqualTo(1);
        world.verify();
        world.stop();
    }

    @Test
    void itIsNoticedWhenWhatIsNearIsNotChecked() {
        assertThat(
                        Planted.noticed(
                                Plant.NEIGHBOURS_UNCHECKED,
                                () ->
                                        rotNearDamageThatAReadFoundIsRepairedWithoutAScrub(
                                                SimSpec.RAID5)))
                .isInstanceOf(AssertionError.class);
    }

    @Test
    void whatIsFarFromDamageIsLeftToScrubs() throws VolumeException {
        make(new SimWorld(1, SimSpec.RAID1, new SimTally()));
        damage(3 * GROUP + 5, 0);
        readDamaged(GROUP + 8);
        rest();
        assertThat(rowsNear()).isEqualTo(3 * GROUP);
        assertThat(isMended(3 * GROUP + 5)).isFalse();
    }

    @Test
    void damageIsFollowedToItsEnd() throws VolumeException {
        make(new SimWorld(1, SimSpec.RAID1, new SimTally()));
        for (long memberBlock = GROUP; memberBlock < 4 * GROUP; memberBlock += GROUP) {
            damage(memberBlock + 9, 1);
        }
        readDamaged(8);
        rest();
        assertThat(damaged.keySet()).allMatch(this::isMended);
        assertThat(rowsNear()).isEqualTo(4 * GROUP);
        assertThat(notes("what is near it is checked")).isEqualTo(1);
    }

    @Test
    void theSamePlaceIsCheckedAgainAfterAMinute() throws VolumeException {
        make(new SimWorld(1, SimSpec.RAID5, new SimTally()));
        readDamaged(8);
        rest();
        assertThat(rowsNear()).isEqualTo(2 * GROUP);
        readDamaged(9);
        rest();
        assertThat(rowsNear()).isEqualTo(2 * GROUP);
        while (world.nowNanos() < 61_000_000_000L) {
            world.idle(30_000_000_000L);
        }
        world.settle();
        readDamaged(10);
        rest();
        assertThat(rowsNear()).isEqualTo(4 * GROUP);
    }

    @Test
    void whatAScrubFindsItHasAroundItAnyway() throws VolumeException {
        make(new SimWorld(1, SimSpec.RAID6, new SimTally()));
        damage(8, 1);
        damage(GROUP + 8, 2);
        engine().startScrub(JobOrigin.SCHEDULE);
        new SimOperator(world).finishJobs();
        assertThat(damaged.keySet()).allMatch(this::isMended);
        assertThat(rowsNear()).isZero();
    }

    @Test
    void canaryRowsAreLeftAlone() throws VolumeException {
        make(SimWorld.drilled(1, SimSpec.RAID1, new SimTally()));
        Geometry geometry = engine().geometry();
        long clients = geometry.memberBlocks() - geometry.canaryBlocks();
        assertThat(geometry.canaryBlocks()).isPositive();
        engine().drill(report -> {});
        world.settle();
        assertThat(rowsNear()).as("rows checked near what a drill did").isZero();
        damage(clients + 1, 0);
        readDamaged(clients - 1);
        rest();
        assertThat(rowsNear()).isPositive();
        assertThat(isMended(clients - 1)).isTrue();
        assertThat(isMended(clients + 1)).isFalse();
    }

    /// Goal: a rebuild goes first, and what waited is checked afterwards. Method: a member is lost, replaced, and damage found
    /// on another one while the new one is filled.
    @Test
    void aRebuildGoesFirst() throws VolumeException {
        int waited = 0;
        for (int seed = 0; seed < 40; seed++) {
            make(new SimWorld(seed, SimSpec.RAID6, new SimTally()));
            SimOperator operator = new SimOperator(world);
            world.suspects.add(3);
            engine().failMember(3, "for the test");
            world.settle();
            operator.replace();
            for (int i = 0; i < seed * 3 && !engine().openJobs().isEmpty(); i++) {
                world.step(8);
            }
            if (!engine().isJobUnderWay()) {
                continue;
            }
            Geometry geometry = engine().geometry();
            long row = GROUP + 8;
            damage(row, geometry.slotAt(row, 0) == 3 ? 0 : geometry.slotAt(row, 0));
            world.client.ask(Request.Op.READ, geometry.blockAt(row, 0), 1);
            world.client.finish();
            boolean isRebuilding = !engine().openJobs().isEmpty();
            if (isRebuilding) {
                assertThat(rowsNear()).isZero();
            }
            operator.finishJobs();
            rest();
            waited += isRebuilding && rowsNear() > 0 ? 1 : 0;
            assertThat(isMended(row)).isTrue();
            world.verify();
            world.stop();
        }
        assertThat(waited).isPositive();
    }

    /// Goal: whatever becomes of the volume meanwhile, nothing is lost and everything comes to rest. Method: after some steps
    /// of a run a power cut, a stop, a lost member, a scrub, a rebuild or a copy.
    @ParameterizedTest
    @MethodSource("redundant")
    void itMayBeCutShortAtAnyMoment(SimSpec spec) throws VolumeException {
        for (int seed = 0; seed < 18; seed++) {
            make(new SimWorld(seed, spec, new SimTally()));
            SimOperator operator = new SimOperator(world);
            int slot = seed % engine().geometry().width();
            for (long memberBlock = 0; memberBlock < written(); memberBlock += 5) {
                damage(memberBlock, slot);
            }
            world.client.ask(Request.Op.READ, 0, 40);
            SimHistories.work(world, 2 * seed + world.random.nextInt(40));
            switch (seed % 6) {
                case 0 -> {
                    world.crash();
                    world.open();
                    world.recover();
                }
                case 1 -> {
                    world.client.finish();
                    world.stop();
                    world.open();
                    world.recover();
                }
                case 2 -> engine().failMember(slot, "for the test");
                case 3 -> engine().startScrub(JobOrigin.SCHEDULE);
                case 4 -> {
                    engine().failMember(slot, "for the test");
                    world.settle();
                    operator.replace();
                }
                default -> operator.copy(slot);
            }
            SimHistories.work(world, 100);
            operator.finishJobs();
            world.verify();
            while (operator.replace()) {
                operator.finishJobs();
            }
            operator.checkScrub();
            world.proveRedundancy();
            world.settle();
            SimHistories.restart(world);
        }
    }
}
