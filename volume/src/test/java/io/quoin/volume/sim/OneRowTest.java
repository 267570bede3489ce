package io.quoin.volume.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.member.Io;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// One row, exhaustively: for every set of its blocks that is written or trimmed, a power cut after every
/// operation from the request until all is at home and the superblocks say so; at each, every
/// combination of what had reached the media, with every set of up to m members lost; then recovery,
/// everything read back, and a second recovery that finds the same (R13).
///
/// Of the pages that a power cut may or may not keep each goes its own way while there are at most
/// {@link #PAGES}; of more, each disk goes its own way.
final class OneRowTest {
    private static final int PAGES = 10;
    private long images;
    private long points;

    /// The wider ones take minutes: `-Dquoin.exhaustive=true`.
    static Stream<Arguments> rows() {
        Stream<Arguments> narrow =
                Stream.of(
                        Arguments.of("raid1", 2), Arguments.of("raid1", 3), Arguments.of("2+1", 3));
        Stream<Arguments> wide =
                Stream.of(Arguments.of("3+1", 4), Arguments.of("3+2", 5), Arguments.of("4+2", 6));
        return Boolean.getBoolean("quoin.exhaustive") ? Stream.concat(narrow, wide) : narrow;
    }

    @ParameterizedTest
    @MethodSource("rows")
    void everyCrashLossAndDirtySet(String level, int members) throws VolumeException {
        walk(level, members);
    }

    @AfterEach
    void pullOut() {
        Plant.set(null);
    }

    /// A walk that ended before the home writes, say, would not see these.
    @ParameterizedTest
    @EnumSource(
            names = {
                "ACKNOWLEDGE_VOLATILE",
                "ONE_COPY",
                "SKIP_INTENT",
                "INTENT_AFTER_HOME",
                "INTENT_NOT_REDONE",
                "TRIM_FORGOTTEN",
                "TAIL_BEFORE_FLUSH"
            })
    void aPlantedBugIsNoticed(Plant plant) {
        Plant.set(plant);
        assertThatThrownBy(() -> walk("2+1", 3)).hasRootCauseInstanceOf(SimModel.Violation.class);
    }

    private void walk(String level, int members) throws VolumeException {
        SimSpec spec = new SimSpec(level, members, 0, 4096);
        int k = new SimWorld(0, spec, new SimTally()).superblock.geometry().dataCount();
        for (int dirty = 1; dirty < 1 << k; dirty++) {
            for (boolean isTrim : new boolean[] {false, true}) {
                walk(spec, dirty, isTrim);
            }
        }
        System.out.println(
                spec
                        + ": "
                        + ((1 << k) - 1) * 2
                        + " dirty sets, "
                        + points
                        + " crash points, "
                        + images
                        + " images recovered twice");
        assertThat(images).isGreaterThan(100);
    }

    private void walk(SimSpec spec, int dirty, boolean isTrim) throws VolumeException {
        SimWorld world = SimWorld.small(1, spec, new SimTally());
        int k = world.superblock.geometry().dataCount();
        world.open();
        world.recover();
        world.client.write(0, 8L * k);
        world.client.finish();
        world.settle();
        world.stop();
        world.open();
        world.recover();
        for (int p = 0; p < k; p++) {
            if ((dirty >> p & 1) != 0 && isTrim) {
                world.client.zero(8L * p, 8, true, false);
            } else if ((dirty >> p & 1) != 0) {
                world.client.write(8L * p, 8);
            }
        }
        crashHere(world);
        int steps = 0;
        for (int idle = 0; idle < 3; ) {
            assertThat(++steps).as("comes to rest").isLessThan(10_000);
            Io.Kind done = world.completeOldest();
            if (done != null && done != Io.Kind.READ) {
                crashHere(world);
            }
            if (world.traffic.isIdle()) {
                world.idle(10_000_000);
                idle += world.engine().dirtyBlocks() == 0 ? 1 : 0;
            } else {
                idle = 0;
            }
        }
        world.discard();
    }

    /// One choice of a power cut: pages of a disk that are kept or not.
    private record Choice(int disk, List<Integer> pages) {}

    private void crashHere(SimWorld world) throws VolumeException {
        points++;
        List<TreeMap<Integer, List<byte[]>>> volatiles = new ArrayList<>();
        List<Choice> single = new ArrayList<>();
        List<Choice> byDisk = new ArrayList<>();
        for (int disk = 0; disk < world.disks.length; disk++) {
            TreeMap<Integer, List<byte[]>> pages =
                    world.disks[disk].volatilePages(world.traffic.inFlight(world.disks[disk]));
            volatiles.add(pages);
            for (int page : pages.keySet()) {
                single.add(new Choice(disk, List.of(page)));
            }
            if (!pages.isEmpty()) {
                byDisk.add(new Choice(disk, List.copyOf(pages.keySet())));
            }
        }
        List<Choice> choices = single.size() <= PAGES ? single : byDisk;
        for (int kept = 0; kept < 1 << choices.size(); kept++) {
            for (int lost = 0; lost < 1 << world.disks.length; lost++) {
                if (Integer.bitCount(lost) <= world.tolerance()) {
                    recover(world, volatiles, choices, kept, lost);
                }
            }
        }
    }

    private void recover(
            SimWorld world,
            List<TreeMap<Integer, List<byte[]>>> volatiles,
            List<Choice> choices,
            int kept,
            int lost)
            throws VolumeException {
        List<Map<Integer, byte[]>> keeps = new ArrayList<>();
        for (int disk = 0; disk < world.disks.length; disk++) {
            keeps.add(new HashMap<>());
        }
        for (int i = 0; i < choices.size(); i++) {
            if ((kept >> i & 1) != 0) {
                Choice choice = choices.get(i);
                for (int page : choice.pages) {
                    keeps.get(choice.disk)
                            .put(page, volatiles.get(choice.disk).get(page).getLast());
                }
            }
        }
        SimDisk[] after = new SimDisk[world.disks.length];
        for (int disk = 0; disk < after.length; disk++) {
            after[disk] = world.disks[disk].afterCrash(keeps.get(disk));
        }
        SimWorld image = world.fork(after);
        for (int disk = 0; disk < after.length; disk++) {
            image.present[disk] = (lost >> disk & 1) == 0;
            image.suspects.add(disk);
        }
        try {
            image.open();
            image.recover();
            image.verify();
            image.crash();
            image.open();
            image.recover();
            image.verify();
            images++;
        } catch (RuntimeException | AssertionError e) {
            throw new AssertionError(
                    "kept "
                            + Integer.toBinaryString(kept)
                            + " of "
                            + choices
                            + ", lost "
                            + Integer.toBinaryString(lost),
                    e);
        } finally {
            image.discard();
        }
    }
}
