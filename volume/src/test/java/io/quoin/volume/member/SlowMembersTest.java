package io.quoin.volume.member;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/// Four members, a window of five seconds after the other.
class SlowMembersTest {
    private final MemberHealth[] health = {
        new MemberHealth(), new MemberHealth(), new MemberHealth(), new MemberHealth()
    };
    private final List<String> judgements = new ArrayList<>();
    private final SlowMembers slow =
            new SlowMembers((slot, isSlow, nanos, peers) -> judgements.add(slot + " " + isSlow));
    private long now = -7;

    private void windows(int count, int writes, long... micros) {
        for (int window = 0; window < count; window++) {
            slow.look(now, health);
            for (int slot = 0; slot < health.length; slot++) {
                for (int i = 0; i < writes; i++) {
                    health[slot].wrote(micros[slot] * 1000);
                }
            }
            now += 5_000_000_000L;
            slow.look(now, health);
        }
    }

    @Test
    void aMemberThatStaysSlowIsNamedOnceAndOnceWhenItHasRecovered() {
        windows(2, 200, 300, 300, 5_000, 300);
        assertThat(judgements).isEmpty();
        windows(3, 200, 300, 300, 5_000, 300);
        assertThat(judgements).containsExactly("2 true");
        assertThat(health[2].isSlow()).isTrue();
        assertThat(health[2].slowestNanos()).isBetween(5_000_000L, 5_400_000L);
        windows(2, 200, 300, 300, 310, 300);
        assertThat(judgements).containsExactly("2 true", "2 false");
    }

    /// The journal does without it, so that it has nothing to be judged by.
    @Test
    void aSlowMemberIsTriedAgainNowAndThen() {
        windows(4, 200, 300, 300, 5_000, 300);
        assertThat(slow.avoided()).isEqualTo(0b0100);
        int trials = 0;
        for (int window = 0; window < 60; window++) {
            boolean isOnTrial = slow.avoided() == 0;
            trials += isOnTrial ? 1 : 0;
            for (int slot = 0; slot < health.length; slot++) {
                for (int i = 0; slot != 2 || isOnTrial ? i < 200 : i < 3; i++) {
                    health[slot].wrote(slot == 2 ? 5_000_000 : 300_000);
                }
            }
            now += 5_000_000_000L;
            slow.look(now, health);
        }
        assertThat(trials).isBetween(3, 6);
        assertThat(judgements).as("it was slow all the time").containsExactly("2 true");
        windows(14, 200, 300, 300, 310, 300);
        assertThat(judgements).containsExactly("2 true", "2 false");
        assertThat(slow.avoided()).isZero();
    }

    @Test
    void nobodyIsSlowWhenAllAre() {
        windows(6, 200, 5_000, 5_500, 4_900, 5_200);
        assertThat(judgements).isEmpty();
    }

    @Test
    void whatNobodyMindsOrFewWritesShowSaysNothing() {
        windows(6, 200, 100, 100, 900, 100);
        windows(6, 3, 100, 100, 90_000, 100);
        assertThat(judgements).isEmpty();
    }

    @Test
    void oneOfTwoCanBeSlow() {
        MemberHealth[] mirror = {new MemberHealth(), new MemberHealth()};
        for (int window = 0; window < 4; window++) {
            slow.look(now, mirror);
            for (int i = 0; i < 200; i++) {
                mirror[0].wrote(300_000);
                mirror[1].wrote(8_000_000);
            }
            now += 5_000_000_000L;
        }
        slow.look(now, mirror);
        assertThat(judgements).containsExactly("1 true");
    }
}
