package io.quoin.volume.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.fault.Plant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The simulator's own test: each planted bug of the engine is noticed, within
/// `-Dquoin.plantSeeds=N` seeds of each profile that it may show in.
final class PlantSimulation {
    private static final long SEEDS = Long.getLong("quoin.plantSeeds", 150);

    /// Not noticed, and why.
    private static final Map<Plant, String> HARMLESS =
            Map.of(
                    Plant.READ_STALE_MEMBER,
                    "what a stale member returns has not the guard that the row's info says");

    @AfterEach
    void pullOut() {
        Plant.set(null);
    }

    @ParameterizedTest
    @EnumSource
    void aPlantedBugIsNoticed(Plant plant) {
        Plant.set(plant);
        List<Profile> profiles = new ArrayList<>(List.of(Profile.values()));
        Simulator.Report report =
                Simulator.run(
                        new Simulator.Plan(
                                0,
                                SEEDS,
                                Long.MAX_VALUE,
                                profiles,
                                Simulator.LAYOUTS,
                                Runtime.getRuntime().availableProcessors(),
                                false));
        Simulator.Failure failure = report.failure();
        System.out.println(
                plant
                        + ": "
                        + (failure == null
                                ? "not noticed in " + report.tally().runs() + " histories"
                                : failure.history().options() + ": " + failure.message()));
        assertThat(failure != null).isEqualTo(!HARMLESS.containsKey(plant));
    }
}
