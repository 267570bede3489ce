package io.quoin.volume.member;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

final class MemberHealthTest {
    @Test
    void aMemberIsWornOnceItGotMoreWrongThanIsBorne() {
        MemberHealth health = new MemberHealth();
        health.readFailed();
        health.blockRepaired(MemberHealth.Finding.DAMAGED);
        health.blockRepaired(MemberHealth.Finding.CORRECTED);
        assertThat(health.wearsOut(3)).isNull();
        assertThat(health.isWorn()).isFalse();
        health.blockRepaired(MemberHealth.Finding.LOST_WRITE);
        assertThat(health.wearsOut(3))
                .isEqualTo(
                        "1 reads that failed, 1 damaged blocks, 1 blocks with flipped bits, 1 lost writes; 3 of all together are borne");
        assertThat(health.isWorn()).isTrue();
        assertThat(health.wearsOut(3)).as("told once").isNull();
        assertThat(health.repairedBlocks()).isEqualTo(3);
    }

    @Test
    void withoutABudgetAnythingIsBorne() {
        MemberHealth health = new MemberHealth();
        for (int i = 0; i < 1000; i++) {
            health.blockRepaired(MemberHealth.Finding.DAMAGED);
        }
        assertThat(health.wearsOut(0)).isNull();
        assertThat(health.isWorn()).isFalse();
    }
}
