package io.quoin.volume.sim;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Short histories of the production engine on simulated disks, from seeds. Each ends with everything
/// read back. `-Dquoin.seeds=N` sets how many for each layout, `-Dquoin.seed=S` runs one.
final class VolumeSimulation {
    static Stream<SimSpec> specs() {
        return Stream.of(
                SimSpec.RAID0,
                SimSpec.RAID1,
                SimSpec.RAID1_3,
                SimSpec.RAID5,
                SimSpec.RAID5_4,
                SimSpec.RAID6,
                SimSpec.RAID10,
                SimSpec.RS33,
                SimSpec.RS52);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void acknowledgedWritesSurviveACrashAtAnyOperation(SimSpec spec) {
        SimTally tally = SimHistories.run(spec, SimHistories.Kind.CRASHES);
        assertThat(tally.acknowledged).isPositive();
        System.out.println(spec.level() + " of " + spec.members() + ": " + tally);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void acknowledgedWritesSurviveCrashesTogetherWithTheLossOfAnyMMembers(SimSpec spec) {
        SimTally tally = SimHistories.run(spec, SimHistories.Kind.CRASHES_AND_LOSSES);
        assertThat(tally.acknowledged).isPositive();
        System.out.println(spec.level() + " of " + spec.members() + ": " + tally);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void upToMFaultyMembersAreInvisibleToTheClient(SimSpec spec) {
        SimTally tally = SimHistories.run(spec, SimHistories.Kind.FAULTY_MEMBERS);
        assertThat(tally.acknowledged).isPositive();
        System.out.println(spec.level() + " of " + spec.members() + ": " + tally);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void membersAreRebuiltAndRotIsScrubbedWhileTheProcessCrashes(SimSpec spec) {
        SimTally tally = SimHistories.run(spec, SimHistories.Kind.REPAIRS);
        assertThat(tally.scrubs).isPositive();
        System.out.println(spec.level() + " of " + spec.members() + ": " + tally);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void beyondItsRedundancyAVolumeFailsButNeverLies(SimSpec spec) {
        SimTally tally = SimHistories.run(spec, SimHistories.Kind.BEYOND);
        assertThat(tally.runs).isPositive();
        System.out.println(spec.level() + " of " + spec.members() + ": " + tally);
    }

    @ParameterizedTest
    @MethodSource("specs")
    void aShortHistorySurvivesACrashAtEachOfItsOperations(SimSpec spec) {
        SimTally tally = SimHistories.run(spec, SimHistories.Kind.EVERY_CRASH);
        assertThat(tally.crashes).isPositive();
        System.out.println(spec.level() + " of " + spec.members() + ": " + tally);
    }
}
