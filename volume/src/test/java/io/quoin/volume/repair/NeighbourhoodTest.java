package io.quoin.volume.repair;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.counter.VolumeEvent;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

final class NeighbourhoodTest {
    @Test
    void aBurstOfDamageWaitsInBoundedRoomEachGroupOnce() {
        List<VolumeEvent> told = new ArrayList<>();
        Governor governor = new Governor(() -> false);
        Neighbourhood near =
                new Neighbourhood(
                        null, null, null, null, null, null, null, told::add, null, governor);
        assertThat(near.hasWaiting()).isFalse();
        for (int i = 0; i < 10; i++) {
            near.add(7, 230);
        }
        assertThat(near.known()).isEqualTo(1);
        for (long key = 0; key < 100_000; key++) {
            near.add(key, 32 * key);
            governor.at(key * Neighbourhood.REST_NANOS);
        }
        assertThat(near.known()).isEqualTo(Neighbourhood.MOST);
        assertThat(near.hasWaiting()).isTrue();
        assertThat(told).hasSize(1);
        assertThat(told.getFirst().message()).contains("scrub the volume");
    }
}
