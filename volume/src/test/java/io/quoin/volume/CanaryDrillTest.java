package io.quoin.volume;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.JobRecord;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.member.Witness;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.remote.Ownership;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import org.agrona.concurrent.UnsafeBuffer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(120)
final class CanaryDrillTest {
    private static final long MEMBER_BYTES = 200L << 20;

    @TempDir Path folder;
    private final List<String> events = new CopyOnWriteArrayList<>();
    private final UnsafeBuffer counters = new UnsafeBuffer(new byte[Counters.BYTES]);

    private List<Path> create(String level, int count, Guard guard, long bytes) throws Exception {
        List<Path> paths = new ArrayList<>();
        List<BlockFile> files = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            Path path = folder.resolve("m" + i);
            try (RandomAccessFile file = new RandomAccessFile(path.toFile(), "rw")) {
                file.setLength(bytes);
            }
            paths.add(path);
            files.add(LocalFile.open(path, true));
        }
        Creation.create(
                new Creation.Wish("orders", level, 0, 16 << 10, guard, 0),
                files,
                files.stream().map(file -> true).toList(),
                null,
                0,
                UUID::randomUUID);
        files.forEach(BlockFile::close);
        return paths;
    }

    private Volume open(List<Path> members) throws Exception {
        EngineSettings settings =
                new EngineSettings(
                        16 << 20,
                        256,
                        50_000_000L,
                        4,
                        EngineSettings.DEFAULT.jobLimits(),
                        10_000_000_000L);
        return Volume.open(
                new Volume.Opening(
                        members.stream().map(MemberAddress::of).toList(),
                        Witness.NONE,
                        settings,
                        counters,
                        this::tell,
                        Ownership.Host.once()));
    }

    // That a member is slow says something about the machine.
    private void tell(VolumeEvent event) {
        if (!(event instanceof VolumeEvent.MemberSlow)) {
            events.add(event.message());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "raid0, 2, CRC32C",
        "raid1, 2, CRC32C",
        "raid1, 3, CRC16_HAMMING",
        "raid5, 3, CRC32C",
        "raid5, 4, CRC32C_HAMMING",
        "raid6, 5, XXH3",
        "raid10, 4, CRC16",
        "3+3, 6, XXH3_HAMMING"
    })
    void everyDamageIsNoticedAndMendedAndToldToNobodyElse(String level, int count, Guard guard)
            throws Exception {
        List<Path> members = create(level, count, guard, MEMBER_BYTES);
        try (Volume volume = open(members)) {
            events.clear();
            for (int i = 0; i < 2; i++) {
                DrillReport report = volume.drill();
                assertThat(report.trouble()).isNull();
                assertThat(report.failures()).isEmpty();
                assertThat(report.isOk()).isTrue();
                // raid0 has no parity, and its info is damaged once; a stall each.
                int trials = level.equals("raid0") ? 6 + 1 : 2 * 7 + 1;
                assertThat(report.trials()).hasSize(count * trials);
                assertThat(report.trials().stream().map(DrillReport.Trial::slot).distinct())
                        .hasSize(count);
            }
            assertThat(events).isEmpty();
            Counters counted = new Counters(counters);
            assertThat(counted.get(Counters.Counter.BLOCKS_REPAIRED)).isZero();
            assertThat(counted.get(Counters.Counter.BLOCKS_LOST)).isZero();
            assertThat(counted.get(Counters.Counter.READ_ERRORS)).isZero();
            assertThat(volume.status().members()).allMatch(member -> member.readErrors() == 0);
            scrub(volume);
            assertThat(events)
                    .allMatch(each ->
                            each.endsWith("started")
                                    || each.endsWith("0 repaired, 0 lost, 0 rows suspect"));
        }
    }

    private static void scrub(Volume volume) throws Exception {
        long scrub = volume.startScrub(JobOrigin.UNKNOWN);
        while (volume.status().jobs().stream().anyMatch(job -> job.id() == scrub && job.isOpen())) {
            Thread.sleep(20);
        }
    }

    @Test
    void aVolumeThatReturnsWhatItReadIsToldOf() throws Exception {
        List<Path> members = create("raid5", 3, Guard.CRC32C, MEMBER_BYTES);
        try (Volume volume = open(members)) {
            Plant.set(Plant.READ_UNVERIFIED);
            try {
                DrillReport report = volume.drill();
                assertThat(report.isOk()).isFalse();
                assertThat(report.failures())
                        .extracting(DrillReport.Trial::shortcoming)
                        .contains("a read returned wrong bytes");
            } finally {
                Plant.set(null);
            }
            assertThat(volume.drill().isOk()).isTrue();
        }
    }

    /// What a plant leaves unnoticed, and nothing else, is an alarm; without it all is well again.
    ///
    /// @param damage the damages that are to fail, all that were done
    private void expectAlarm(
            String level, int count, Plant plant, String shortcoming, DrillReport.Damage... damage)
            throws Exception {
        List<Path> members = create(level, count, Guard.CRC32C, MEMBER_BYTES);
        try (Volume volume = open(members)) {
            Plant.set(plant);
            try {
                DrillReport report = volume.drill();
                assertThat(report.trouble()).isNull();
                assertThat(report.isOk()).isFalse();
                List<DrillReport.Damage> unnoticed = List.of(damage);
                assertThat(report.trials())
                        .allSatisfy(each -> {
                            boolean isAlarm = unnoticed.contains(each.damage());
                            assertThat(each.isOk()).as("%s", each).isEqualTo(!isAlarm);
                            assertThat(each.shortcoming()).isEqualTo(isAlarm ? shortcoming : "");
                        });
                assertThat(report.failures())
                        .extracting(DrillReport.Trial::damage)
                        .containsOnly(damage);
            } finally {
                Plant.set(null);
            }
            assertThat(volume.drill().failures()).isEmpty();
            assertThat(volume.drill().isOk()).isTrue();
        }
    }

    @ParameterizedTest
    @CsvSource({"raid1, 2", "raid5, 3", "raid6, 4"})
    void infoThatIsBelievedUnseenIsAnAlarm(String level, int count) throws Exception {
        expectAlarm(
                level,
                count,
                Plant.INFO_UNVERIFIED,
                "not noticed",
                DrillReport.Damage.INFO_COPY,
                DrillReport.Damage.INFO);
    }

    @ParameterizedTest
    @CsvSource({"raid0, 2", "raid1, 2", "raid5, 3"})
    void readErrorsThatAreNotHeardAreAnAlarm(String level, int count) throws Exception {
        expectAlarm(
                level,
                count,
                Plant.READ_ERROR_BELIEVED,
                "not noticed",
                DrillReport.Damage.READ_ERROR);
    }

    // A mirror: where others can hold the copies, the journal does without a member that is late.
    @Test
    void aMemberThatStallsAndHoldsCommitsUpIsAnAlarm() throws Exception {
        expectAlarm(
                "raid1",
                2,
                Plant.ONE_AT_A_TIME,
                "a write of another row waited for it",
                DrillReport.Damage.STALL);
    }

    @Test
    void clientsDoNotSeeCanaryRows() throws Exception {
        List<Path> members = create("raid5", 3, Guard.CRC32C, MEMBER_BYTES);
        try (Volume volume = open(members)) {
            long size = volume.sizeBytes();
            assertThat(volume.drill().trials())
                    .allSatisfy(trial ->
                            assertThat(trial.row() * 2 * Geometry.BLOCK_BYTES)
                                    .isGreaterThanOrEqualTo(size));
            assertThatThrownBy(() -> volume.explain(size / Geometry.BLOCK_BYTES))
                    .hasMessageContaining("block: expected 0 to ");
        }
    }

    /// A member that fails amid a drill, and another one in its place at once.
    @Test
    void aMemberThatIsReplacedAmidADrillEndsItAndNothingElse() throws Exception {
        List<Path> members = create("raid6", 4, Guard.CRC32C, MEMBER_BYTES);
        try (Volume volume = open(members)) {
            int endedEarly = 0;
            for (int i = 0; i < 12; i++) {
                CompletableFuture<DrillReport> drill =
                        CompletableFuture.supplyAsync(() -> drill(volume));
                Thread.sleep(5L * i);
                int slot = i % 4;
                volume.failMember(slot, "test");
                Path blank = folder.resolve("blank" + i);
                try (RandomAccessFile file = new RandomAccessFile(blank.toFile(), "rw")) {
                    file.setLength(MEMBER_BYTES);
                }
                replace(volume, slot, blank);
                DrillReport report = drill.get(60, TimeUnit.SECONDS);
                assertThat(report.failures()).isEmpty();
                endedEarly += report.trouble() == null ? 0 : 1;
                while (!volume.status().state().equals("optimal")
                        || volume.status().jobs().stream()
                                .anyMatch(job -> job.state() == JobRecord.RUNNING)) {
                    Thread.sleep(5);
                }
            }
            assertThat(endedEarly).isPositive();
            assertThat(volume.drill().isOk()).isTrue();
        }
    }

    private static final Volume.Copying NOBODY =
            new Volume.Copying() {
                @Override
                public void cleared() {}

                @Override
                public void left(MemberAddress address) {}
            };

    /// What is written to a member's info is written to its copy too, and made valid there: no damage may be.
    @Test
    void aMemberThatIsCopiedAmidADrillEndsItAndNothingElse() throws Exception {
        List<Path> members = create("raid5", 3, Guard.CRC32C, MEMBER_BYTES);
        try (Volume volume = open(members)) {
            int endedEarly = 0;
            for (int i = 0; i < 9; i++) {
                CompletableFuture<DrillReport> drill =
                        CompletableFuture.supplyAsync(() -> drill(volume));
                Thread.sleep(10L * i);
                Path blank = folder.resolve("blank" + i);
                try (RandomAccessFile file = new RandomAccessFile(blank.toFile(), "rw")) {
                    file.setLength(MEMBER_BYTES);
                }
                MemberAddress address = MemberAddress.of(blank);
                volume.copyMember(i % 3, address, false, JobOrigin.UNKNOWN, NOBODY);
                DrillReport report = drill.get(60, TimeUnit.SECONDS);
                assertThat(report.failures()).isEmpty();
                endedEarly += report.trouble() == null ? 0 : 1;
                while (volume.status().jobs().stream().anyMatch(JobRecord::isOpen)) {
                    Thread.sleep(5);
                }
            }
            assertThat(endedEarly).isPositive();
            scrub(volume);
            assertThat(events).noneMatch(each -> each.startsWith("canary row"));
            assertThat(volume.drill().failures()).isEmpty();
            assertThat(volume.drill().isOk()).isTrue();
        }
    }

    // As soon as nothing of the old member's is under way.
    private static void replace(Volume volume, int slot, Path blank) throws VolumeException {
        while (true) {
            try {
                volume.replaceMember(slot, MemberAddress.of(blank), false, JobOrigin.UNKNOWN);
                return;
            } catch (VolumeException e) {
                assertThat(e).hasMessageContaining("try again");
            }
        }
    }

    private static DrillReport drill(Volume volume) {
        try {
            return volume.drill();
        } catch (VolumeException e) { // the member was gone already
            return new DrillReport(List.of(), e.getMessage());
        }
    }

    @Test
    void aVolumeThatIsNotWholeIsNotDamagedFurther() throws Exception {
        List<Path> members = create("raid6", 4, Guard.CRC32C, MEMBER_BYTES);
        try (Volume volume = open(members)) {
            volume.failMember(2, "test");
            assertThatThrownBy(volume::drill)
                    .hasMessageContaining("expected all members in sync")
                    .hasMessageContaining("slot 2 is faulty");
        }
    }

    /// As a crash amid a drill leaves it.
    @ParameterizedTest
    @CsvSource({"raid0, 2", "raid1, 2", "raid5, 3"})
    void whatADrillLeftDamagedCountsForNothing(String level, int count) throws Exception {
        List<Path> members = create(level, count, Guard.CRC32C, MEMBER_BYTES);
        long row;
        try (Volume volume = open(members)) {
            DrillReport.Trial trial = volume.drill().trials().getFirst();
            assertThat(trial.slot()).isZero();
            row = trial.row();
        }
        long offset = dataOffset(members.getFirst(), row);
        try (RandomAccessFile file = new RandomAccessFile(members.getFirst().toFile(), "rw")) {
            file.seek(offset + 17);
            file.write(new byte[] {1, 2, 3, 4, 5, 6, 7});
        }
        try (Volume volume = open(members)) {
            events.clear();
            scrub(volume);
            assertThat(events)
                    .anyMatch(each -> each.startsWith("canary row, nothing of clients, "));
            assertThat(volume.status().jobs())
                    .allMatch(job -> job.repaired() + job.lost() + job.suspect() == 0);
            assertThat(volume.status().members()).allMatch(member -> member.repairedBlocks() == 0);
            DrillReport report = volume.drill();
            assertThat(report.trouble()).isNull();
            assertThat(report.failures()).isEmpty();
        }
    }

    private static long dataOffset(Path member, long row) throws Exception {
        BlockFile file = LocalFile.open(member, false);
        try {
            Superblock superblock = SuperblockIo.read(file).superblock();
            return superblock.layout().dataOffset(superblock.geometry().memberBlock(row));
        } finally {
            file.close();
        }
    }
}
