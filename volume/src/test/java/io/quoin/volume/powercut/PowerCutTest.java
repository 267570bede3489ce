package io.quoin.volume.powercut;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.assembly.Creation;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.Witness;
import io.quoin.volume.powercut.Ledger.Change;
import io.quoin.volume.powercut.WriteLog.Event;
import io.quoin.volume.powercut.WriteLog.Flush;
import io.quoin.volume.powercut.WriteLog.Write;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whatever a power cut leaves of the writes that were not flushed, at any instant of a run of the
/// production volume, on each member for itself, and with as many members gone as it can spare: recovery
/// finds what was acknowledged, each request whole or absent; and it finds the same when it is cut short
/// and done again.
///
/// Method: one run on real files, with threads, logged. From the log, points are drawn; at each, an image
/// of every member at 512 bytes' grain. The image is recovered by the production volume, which is logged
/// too; a second power cut, at a point of that log, gives the image that is recovered again.
///
/// `-Dquoin.images=10000` for more of them, `-Dquoin.seed=S` for another run.
final class PowerCutTest {
    private static final int IMAGES = Integer.getInteger("quoin.images", 200) / 4;
    private static final int SECTORS = 120 * 8;
    private static final int REQUESTS = 1200;

    @TempDir private Path folder;

    private final long seed = Long.getLong("quoin.seed", System.nanoTime() & 0xffffff);
    private final SplittableRandom random = new SplittableRandom(seed);
    private Superblock superblock;
    private MemberLayout layout;
    private int uncertainImages;
    private int degradedImages;

    private static MemberLayout layout() {
        int segmentBytes = 64 << 10;
        long journal = 128 << 10;
        long zones = journal + 24L * segmentBytes;
        long bytes = zones + 2 * MemberLayout.zoneBytes(64) + MemberLayout.END_BYTES;
        return new MemberLayout(bytes, journal, segmentBytes, 24, zones, 64, 2);
    }

    @ParameterizedTest
    @CsvSource({"raid1, 2, 1", "raid5, 3, 1", "raid6, 4, 2", "3+3, 6, 3"})
    void recoveryFromAnyPowerCutFindsWhatWasAcknowledged(String level, int members, int redundancy)
            throws Exception {
        long begin = System.nanoTime();
        layout = layout();
        List<Path> paths = new ArrayList<>();
        for (int member = 0; member < members; member++) {
            Path path = folder.resolve("m" + member);
            try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
                file.setLength(layout.memberBytes());
            }
            paths.add(path);
        }
        create(level, paths);
        byte[][][] base = new byte[members][][];
        for (int member = 0; member < members; member++) {
            base[member] = sectors(paths.get(member));
        }
        int broken = random.nextInt(2) == 0 ? random.nextInt(members) : -1;
        WriteLog log = run(paths, broken);
        cut(log, base, redundancy, broken);
        System.out.printf(
                "PowerCutTest: seed %d, %s of %d%s: %d events, %d images, %d with unflushed writes,"
                        + " %d with members gone, each recovered twice, in %d ms%n",
                seed,
                level,
                members,
                broken < 0 ? "" : ", member " + broken + " broke down",
                log.size(),
                IMAGES,
                uncertainImages,
                degradedImages,
                (System.nanoTime() - begin) / 1_000_000);
        assertThat(uncertainImages).isPositive();
    }

    private void create(String level, List<Path> paths) throws Exception {
        List<LocalFile> files = new ArrayList<>();
        try {
            for (Path path : paths) {
                files.add(LocalFile.open(path, true));
            }
            superblock =
                    Creation.create(
                            new Creation.Wish("cut", level, 0, 8192, Guard.CRC32C, 0),
                            files,
                            files.stream().map(file -> true).toList(),
                            layout,
                            0,
                            java.util.UUID::randomUUID);
        } finally {
            files.forEach(BlockFile::close);
        }
    }

    private static byte[][] sectors(Path path) throws Exception {
        try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "r")) {
            byte[][] sectors = new byte[(int) (file.length() / Medium.SECTOR_BYTES)][];
            byte[] zeros = new byte[Medium.SECTOR_BYTES];
            for (int sector = 0; sector < sectors.length; sector++) {
                byte[] bytes = new byte[Medium.SECTOR_BYTES];
                file.readFully(bytes);
                sectors[sector] = Arrays.equals(bytes, zeros) ? null : bytes;
            }
            return sectors;
        }
    }

    /// One life of the volume, from its first recovery to its stop.
    private WriteLog run(List<Path> paths, int broken) throws Exception {
        WriteLog log = new WriteLog();
        List<BlockFile> files = new ArrayList<>();
        for (int member = 0; member < paths.size(); member++) {
            files.add(new RecordingFile(LocalFile.open(paths.get(member), true), member, log));
        }
        int breaksAt = random.nextInt(REQUESTS);
        int[] done = {0};
        try (RecordedRun run = new RecordedRun(files, membership(superblock), log)) {
            run.work(
                    random.split(),
                    REQUESTS,
                    SECTORS,
                    () -> {
                        if (done[0]++ == breaksAt && broken >= 0) {
                            ((RecordingFile) files.get(broken)).breakDown();
                        }
                    });
        } catch (AssertionError e) {
            throw new AssertionError("seed " + seed + ", run: " + e.getMessage(), e);
        }
        return log;
    }

    /// The state of the world while a log is walked.
    private static final class World {
        private final Medium[] media;
        private final Ledger ledger = new Ledger(SECTORS);
        private Witness.Membership witnessed;
        private int now;

        World(byte[][][] base, Witness.Membership witnessed) {
            media = new Medium[base.length];
            for (int member = 0; member < base.length; member++) {
                media[member] = base[member] == null ? null : new Medium(base[member]);
            }
            this.witnessed = witnessed;
        }

        void advance(List<Event> events, int to) {
            for (; now < to; now++) {
                Event event = events.get(now);
                switch (event.kind()) {
                    case WRITE_BEGUN -> {
                        Write write = (Write) event.what();
                        media[write.member].begin(write, now);
                    }
                    case WRITE_ENDED -> {
                        Write write = (Write) event.what();
                        media[write.member].end(write, now);
                    }
                    case FLUSH_BEGUN -> {
                        Flush flush = (Flush) event.what();
                        media[flush.member].begin(flush, now);
                    }
                    case FLUSH_ENDED -> {
                        Flush flush = (Flush) event.what();
                        media[flush.member].end(flush);
                    }
                    case WITNESS_TOLD -> witnessed = (Witness.Membership) event.what();
                    case REQUEST_ISSUED -> ledger.issue((Change) event.what());
                    case REQUEST_ACKNOWLEDGED -> ledger.acknowledge((Change) event.what());
                }
            }
        }

        boolean isUncertain() {
            for (Medium medium : media) {
                if (medium != null && medium.isUncertain()) {
                    return true;
                }
            }
            return false;
        }

        byte[][][] images(SplittableRandom random) {
            byte[][][] images = new byte[media.length][][];
            for (int member = 0; member < media.length; member++) {
                images[member] = media[member] == null ? null : media[member].image(random);
            }
            return images;
        }
    }

    private void cut(WriteLog log, byte[][][] base, int redundancy, int broken) throws Exception {
        List<Event> events = log.events();
        int[] points = new int[IMAGES];
        for (int i = 0; i < IMAGES; i++) {
            points[i] = random.nextInt(events.size() + 1);
        }
        Arrays.sort(points);
        World world = new World(base, membership(superblock));
        for (int i = 0; i < IMAGES; i++) {
            world.advance(events, points[i]);
            byte[][][] images = world.images(random);
            lose(images, redundancy, broken);
            uncertainImages += world.isUncertain() ? 1 : 0;
            String where = "seed " + seed + ", image " + i + " at event " + points[i];
            try {
                recoverTwice(images, world, where);
            } catch (Exception | AssertionError e) {
                throw new AssertionError(where + ": " + e.getMessage(), e);
            }
        }
    }

    /// Takes members away, none in half of the cases. The one that breaks down in the run counts as one.
    private void lose(byte[][][] images, int redundancy, int broken) {
        int gone = random.nextInt(2) == 0 ? 0 : random.nextInt(redundancy + 1);
        int left = broken >= 0 ? Math.min(gone, redundancy - 1) : gone;
        if (broken >= 0 && gone > 0 && random.nextBoolean()) {
            images[broken] = null;
        }
        for (int i = 0; i < left; i++) {
            int member = random.nextInt(images.length);
            images[member] = null;
        }
        degradedImages += Arrays.asList(images).contains(null) ? 1 : 0;
    }

    private void recoverTwice(byte[][][] images, World world, String where) throws Exception {
        WriteLog recovery = new WriteLog();
        int[] found;
        int served;
        try (RecordedRun run =
                new RecordedRun(files(images, recovery), world.witnessed, recovery)) {
            served = recovery.size();
            found = run.read(SECTORS);
            assertThat(world.ledger.judge(found)).as("%s%n%s", where, run.notes()).isEmpty();
        }
        // Nothing was asked for but reads: wherever the power is cut again, the same must be there.
        World second = new World(images, world.witnessed);
        List<Event> events = recovery.events();
        boolean isRecovering = random.nextInt(3) > 0;
        second.advance(events, random.nextInt((isRecovering ? served : events.size()) + 1));
        try (RecordedRun run =
                new RecordedRun(
                        files(second.images(random), new WriteLog()),
                        second.witnessed,
                        new WriteLog())) {
            assertThat(run.read(SECTORS))
                    .as("%s, cut again after %d events of recovery", where, second.now)
                    .isEqualTo(found);
        }
    }

    private static List<BlockFile> files(byte[][][] images, WriteLog log) {
        List<BlockFile> files = new ArrayList<>();
        for (int member = 0; member < images.length; member++) {
            if (images[member] != null) {
                ImageFile file = new ImageFile("image" + member, images[member]);
                files.add(new RecordingFile(file, member, log));
            }
        }
        return files;
    }

    private static Witness.Membership membership(Superblock superblock) {
        return Witness.Membership.of(superblock.configEpoch(), superblock.members());
    }
}
