package io.quoin.volume.sim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.Witness;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// One row, exhaustively: for every set of its blocks that is written or trimmed, a power cut after every
/// operation from the request until all is at home and the superblocks say so; at each, every
/// combination of pages that had reached the media, with every set of up to m members lost; then
/// recovery, everything read back, and a second recovery that finds the same (R13).
///
/// Many cases leave the same bytes on the members that are left. What becomes of those follows from them
/// alone, the order in which operations are done and what the second power cut keeps included, for
/// those are drawn from the bytes' hash. So it is done once, and what was read is held against what
/// each case allows. Of the repeats one in {@link #REPEATS_EACH} is done again nevertheless, and must go the
/// same way, operation for operation.
final class OneRowTest {
    private static final int REPEATS_EACH = 256;

    /// More would be too many combinations to go through.
    private static final int MOST_PAGES = 16;

    /// All that the recovery of a case can see.
    ///
    /// @param media hash of what is on the members that are left
    /// @param lost those that are not, a bit for each slot
    /// @param witnessed the membership that was recorded outside
    private record Image(Hash media, int lost, Witness.Membership witnessed) {}

    /// The sum of the hashes of pages, 128 bits each, so that one page can be exchanged for another.
    private record Hash(long high, long low) {
        static final Hash NONE = new Hash(0, 0);

        Hash plus(Hash other) {
            return new Hash(high + other.high, low + other.low);
        }

        Hash minus(Hash other) {
            return new Hash(high - other.high, low - other.low);
        }
    }

    /// What became of an image.
    ///
    /// @param found what was read
    /// @param trace hash of all that was done
    private record Fate(Outcome found, long trace) {}

    /// What was read after the first recovery, and after the second.
    private record Outcome(List<Long> first, List<Long> second) {
        static Outcome of(long[] first, long[] second) {
            return new Outcome(boxed(first), boxed(second));
        }

        private static List<Long> boxed(long[] found) {
            return Arrays.stream(found).boxed().toList();
        }

        private static long[] unboxed(List<Long> found) {
            return found.stream().mapToLong(Long::longValue).toArray();
        }

        void settle(SimModel model) {
            model.settle(unboxed(first), false);
            model.settle(unboxed(second), false);
        }
    }

    /// The wider ones take minutes: `-Dquoin.exhaustive=true`.
    static Stream<Arguments> rows() {
        Stream<Arguments> narrow =
                Stream.of(
                        Arguments.of("raid1", 2),
                        Arguments.of("raid1", 3),
                        Arguments.of("2+1", 3),
                        Arguments.of("3+1", 4));
        Stream<Arguments> wide = Stream.of(Arguments.of("3+2", 5), Arguments.of("4+2", 6));
        return Boolean.getBoolean("quoin.exhaustive") ? Stream.concat(narrow, wide) : narrow;
    }

    @ParameterizedTest
    @MethodSource("rows")
    void everyCrashLossAndDirtySet(String level, int members) {
        Row row = new Row(new SimSpec(level, members, 0, 4096));
        row.walk();
        assertThat(row.fates.size()).isGreaterThan(100);
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
        Row row = new Row(new SimSpec("2+1", 3, 0, 4096));
        assertThatThrownBy(row::walk).hasRootCauseInstanceOf(SimModel.Violation.class);
    }

    /// All cases of one row.
    private static final class Row {
        private final SimSpec spec;
        private final LongAdder points = new LongAdder();
        private final LongAdder cases = new LongAdder();
        private final LongAdder repeats = new LongAdder();
        private final Map<Image, Fate> fates = new ConcurrentHashMap<>();

        /// Each once: there are few.
        private final Map<Outcome, Outcome> outcomes = new ConcurrentHashMap<>();

        Row(SimSpec spec) {
            this.spec = spec;
        }

        void walk() {
            long start = System.nanoTime();
            int k = new SimWorld(0, spec, new SimTally()).superblock.geometry().dataCount();
            int sets = 2 * ((1 << k) - 1);
            IntStream.range(0, sets)
                    .parallel()
                    .forEach(set -> new Walk(this, set / 2 + 1, set % 2 == 1).walk());
            System.out.println(
                    spec
                            + ": "
                            + sets
                            + " dirty sets, "
                            + points
                            + " crash points, "
                            + cases
                            + " cases, "
                            + fates.size()
                            + " images recovered twice, "
                            + repeats
                            + " of them again, "
                            + (System.nanoTime() - start) / 1_000_000_000
                            + " s");
        }
    }

    /// All cases of one dirty set.
    private static final class Walk {
        private final Row row;
        private final int dirty;
        private final boolean isTrim;
        private final SimWorld world;
        private final PageHashes hashes;
        private long repeats;

        Walk(Row row, int dirty, boolean isTrim) {
            this.row = row;
            this.dirty = dirty;
            this.isTrim = isTrim;
            world = SimWorld.small(1, row.spec, new SimTally());
            hashes = new PageHashes(world.disks);
        }

        void walk() {
            try {
                run();
            } catch (RuntimeException | AssertionError | VolumeException e) {
                throw new AssertionError(
                        row.spec
                                + ", blocks "
                                + Integer.toBinaryString(dirty)
                                + (isTrim ? " trimmed" : " written"),
                        e);
            } finally {
                world.discard();
            }
        }

        private void run() throws VolumeException {
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
            new CrashPoint().walk();
            int steps = 0;
            for (int idle = 0; idle < 3; ) {
                assertThat(++steps).as("comes to rest").isLessThan(10_000);
                Io.Kind done = world.completeOldest();
                if (done != null && done != Io.Kind.READ) {
                    new CrashPoint().walk();
                }
                if (world.traffic.isIdle()) {
                    world.idle(10_000_000);
                    idle += world.engine().dirtyBlocks() == 0 ? 1 : 0;
                } else {
                    idle = 0;
                }
            }
        }

        /// All cases of a power cut now.
        private final class CrashPoint {
            private final Hash[] media;
            private final List<Choice> choices = new ArrayList<>();
            private final Witness.Membership witnessed;
            private final Set<Outcome> allowed = new HashSet<>();

            CrashPoint() {
                media = new Hash[world.disks.length];
                witnessed = world.witnessed.get(world.superblock.volume());
                for (int disk = 0; disk < media.length; disk++) {
                    SimDisk medium = world.disks[disk];
                    media[disk] = hashes.ofMedium(disk, medium);
                    addChoices(disk, medium.volatilePages(world.traffic.inFlight(medium)));
                }
                assertThat(choices).hasSizeLessThanOrEqualTo(MOST_PAGES);
            }

            private void addChoices(int disk, Map<Integer, List<byte[]>> pages) {
                pages.forEach((page, versions) -> {
                    assertThat(versions)
                            .as("versions of page %d of disk %d", page, disk)
                            .hasSize(1);
                    byte[] bytes = versions.getFirst();
                    Hash now = hashes.of(disk, page, world.disks[disk].durable(page));
                    choices.add(
                            new Choice(disk, page, bytes, hashes.of(disk, page, bytes).minus(now)));
                });
            }

            void walk() throws VolumeException {
                row.points.increment();
                for (int lost = 0; lost < 1 << media.length; lost++) {
                    if (Integer.bitCount(lost) <= world.tolerance()) {
                        for (int kept = 0; kept < 1 << choices.size(); kept++) {
                            walk(kept, lost);
                        }
                    }
                }
            }

            private void walk(int kept, int lost) throws VolumeException {
                row.cases.increment();
                try {
                    Image image = new Image(media(kept, lost), lost, witnessed);
                    Fate fate = row.fates.get(image);
                    if (fate == null) {
                        fate = recover(kept, image);
                        row.fates.put(image, fate);
                    } else if (++repeats % REPEATS_EACH == 0) {
                        assertThat(recover(kept, image)).isEqualTo(fate);
                        row.repeats.increment();
                    }
                    if (allowed.add(fate.found)) {
                        fate.found.settle(world.model.copy());
                    }
                } catch (RuntimeException | AssertionError e) {
                    throw new AssertionError(
                            "kept "
                                    + Integer.toBinaryString(kept)
                                    + " of "
                                    + choices
                                    + ", lost "
                                    + Integer.toBinaryString(lost),
                            e);
                }
            }

            private Hash media(int kept, int lost) {
                Hash sum = Hash.NONE;
                for (int disk = 0; disk < media.length; disk++) {
                    if ((lost >> disk & 1) == 0) {
                        sum = sum.plus(media[disk]);
                    }
                }
                for (int i = 0; i < choices.size(); i++) {
                    Choice choice = choices.get(i);
                    if ((kept >> i & 1) != 0 && (lost >> choice.disk & 1) == 0) {
                        sum = sum.plus(choice.change);
                    }
                }
                return sum;
            }

            private Fate recover(int kept, Image of) throws VolumeException {
                List<Map<Integer, byte[]>> keeps = new ArrayList<>();
                for (int disk = 0; disk < media.length; disk++) {
                    keeps.add(new HashMap<>());
                }
                for (int i = 0; i < choices.size(); i++) {
                    Choice choice = choices.get(i);
                    if ((kept >> i & 1) != 0) {
                        keeps.get(choice.disk).put(choice.page, choice.bytes);
                    }
                }
                SimDisk[] after = new SimDisk[media.length];
                for (int disk = 0; disk < after.length; disk++) {
                    after[disk] = world.disks[disk].afterCrash(keeps.get(disk));
                }
                SimWorld image = world.fork(after, of.media.high);
                Hash sum = Hash.NONE;
                for (int disk = 0; disk < after.length; disk++) {
                    image.present[disk] = (of.lost >> disk & 1) == 0;
                    image.suspects.add(disk);
                    if (image.present[disk]) {
                        sum = sum.plus(hashes.ofMedium(disk, after[disk]));
                    }
                }
                assertThat(sum).as("hash of the media").isEqualTo(of.media);
                world.tally.trace = 0;
                try {
                    image.open();
                    image.recover();
                    long[] first = image.readBack();
                    image.crash();
                    image.open();
                    image.recover();
                    Outcome found = Outcome.of(first, image.readBack());
                    return new Fate(
                            row.outcomes.computeIfAbsent(found, outcome -> outcome),
                            world.tally.trace);
                } finally {
                    image.discard();
                }
            }
        }
    }

    /// Hashes of pages, those of a medium from the last crash point where they are the same.
    private static final class PageHashes {
        private final MessageDigest digest;
        private final ByteBuffer place = ByteBuffer.allocate(8);
        private final byte[][][] pages;
        private final Hash[][] hashes;

        PageHashes(SimDisk[] disks) {
            pages = new byte[disks.length][disks[0].pages()][];
            hashes = new Hash[disks.length][disks[0].pages()];
            try {
                digest = MessageDigest.getInstance("SHA-256");
            } catch (NoSuchAlgorithmException e) {
                throw new AssertionError(e);
            }
        }

        Hash of(int disk, int page, byte[] bytes) {
            if (bytes == null) {
                return Hash.NONE;
            }
            digest.update(place.clear().putInt(disk).putInt(page).flip());
            ByteBuffer sum = ByteBuffer.wrap(digest.digest(bytes));
            return new Hash(sum.getLong(), sum.getLong());
        }

        Hash ofMedium(int disk, SimDisk medium) {
            Hash sum = Hash.NONE;
            for (int page = 0; page < medium.pages(); page++) {
                byte[] bytes = medium.durable(page);
                if (hashes[disk][page] == null || pages[disk][page] != bytes) {
                    pages[disk][page] = bytes;
                    hashes[disk][page] = of(disk, page, bytes);
                }
                sum = sum.plus(hashes[disk][page]);
            }
            return sum;
        }
    }

    /// One choice of a power cut: a page of a disk that is kept or not.
    ///
    /// @param bytes what is written to it
    /// @param change what it makes of the disk's hash
    private record Choice(int disk, int page, byte[] bytes, Hash change) {}
}
