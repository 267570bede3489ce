package io.quoin.volume.geometry;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class LevelSpecTest {
    @ParameterizedTest
    @CsvSource({
        "raid0, 1, 0, 1, 1, 0",
        "raid0, 4, 0, 4, 1, 0",
        "raid1, 2, 0, 1, 1, 1",
        "raid1, 3, 3, 1, 1, 2",
        "raid5, 3, 0, 1, 2, 1",
        "raid5, 32, 0, 1, 31, 1",
        "raid6, 4, 0, 1, 2, 2",
        "raid10, 4, 0, 2, 1, 1",
        "raid10, 6, 3, 2, 1, 2",
        "4+2, 6, 0, 1, 4, 2",
        "1+2, 3, 0, 1, 1, 2",
        "29+3, 32, 0, 1, 29, 3",
        "4+0, 4, 0, 1, 4, 0",
    })
    void aLevelAndItsMembersMakeAShape(
            String level, int members, int copies, int groups, int data, int parity) {
        LevelSpec spec = LevelSpec.parse(level, members, copies);
        assertThat(spec.groupCount()).isEqualTo(groups);
        assertThat(spec.dataCount()).isEqualTo(data);
        assertThat(spec.parityCount()).isEqualTo(parity);
        assertThat(spec.geometry(4096, 32).slotCount()).isEqualTo(members);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "raid0 | 0 | 0 | raid0: expected at least 1 members, was 0",
                "raid1 | 1 | 0 | raid1: expected at least 2 members, was 1",
                "raid1 | 4 | 2 | raid1: every member holds a copy: expected 4 copies, was 2 (raid10"
                        + " stripes over groups of copies)",
                "raid5 | 2 | 0 | raid5: expected at least 3 members, was 2",
                "raid5 | 3 | 2 | raid5: copies are for raid1 and raid10, was 2",
                "raid6 | 3 | 0 | raid6: expected at least 4 members, was 3",
                "raid10 | 3 | 0 | raid10: expected at least 4 members, was 3",
                "raid10 | 5 | 0 | raid10: expected a number of members that 2 copies divide, was 5",
                "raid10 | 4 | 3 | raid10: expected at least 6 members, was 4",
                "4+2 | 5 | 0 | 4+2: expected 6 members, was 5",
                "4+2 | 6 | 2 | 4+2: copies are for raid1 and raid10, was 2",
                "0+2 | 2 | 0 | level: expected raid0, raid1, raid5, raid6, raid10 or k+m such as"
                        + " 4+2, was 0+2",
                "raid4 | 4 | 0 | level: expected raid0, raid1, raid5, raid6, raid10 or k+m such as"
                        + " 4+2, was raid4",
                "RAID5 | 4 | 0 | level: expected raid0, raid1, raid5, raid6, raid10 or k+m such as"
                        + " 4+2, was RAID5",
                "raid5 | 33 | 0 | members: expected at most 32, was 33",
                "30+3 | 33 | 0 | members: expected at most 32, was 33",
            })
    void whatDoesNotGoTogetherIsRefusedWithWhatWasExpectedAndFound(
            String level, int members, int copies, String message) {
        assertThatThrownBy(() -> LevelSpec.parse(level, members, copies))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(message);
    }

    @Test
    void aStripeUnitIsAPowerOfTwoFrom4KibTo1Mib() {
        LevelSpec spec = LevelSpec.parse("raid5", 3, 0);
        for (int unit = 4096; unit <= 1 << 20; unit *= 2) {
            assertThat(spec.geometry(unit, 256).unitBlocks()).isEqualTo(unit / 4096);
        }
        for (int unit : new int[] {0, -4096, 2048, 4097, 12_288, 2 << 20, Integer.MIN_VALUE}) {
            assertThatThrownBy(() -> spec.geometry(unit, 512))
                    .hasMessage(
                            "stripe unit: expected a power of two from 4096 to 1048576 bytes, was "
                                    + unit);
        }
    }
}
