package io.quoin.volume.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.fault.Plant;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The simulator's own test: each planted bug of the engine is noticed, and nothing is noticed in the same
/// history without it.
///
/// `plants.txt` has for each plant a history that notices it, or the test that does (`TEST`). When the engine or the simulator has changed,
/// another seed may be needed: `-Dquoin.plantSeeds=N` looks through that many seeds of all profiles and
/// layouts and prints the new line.
final class PlantSimulation {
    private static final long SEEDS = Long.getLong("quoin.plantSeeds", 0);

    /// Looked through before giving up on a line of `plants.txt`.
    private static final long NEIGHBOURS = 60;

    private static final Map<Plant, String[]> LINES = lines();

    private static Map<Plant, String[]> lines() {
        Map<Plant, String[]> lines = new EnumMap<>(Plant.class);
        try (BufferedReader in =
                new BufferedReader(
                        new InputStreamReader(
                                Objects.requireNonNull(
                                        PlantSimulation.class.getResourceAsStream("plants.txt")),
                                StandardCharsets.UTF_8))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                if (!line.isBlank() && !line.startsWith("#")) {
                    String[] words = line.split(" ", 4);
                    lines.put(Plant.valueOf(words[0]), words);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lines;
    }

    @AfterEach
    void pullOut() {
        Plant.set(null);
    }

    @ParameterizedTest
    @EnumSource
    void aPlantedBugIsNoticed(Plant plant) {
        String[] line = LINES.get(plant);
        assertThat(line).as("line of " + plant + " in plants.txt").isNotNull();
        boolean isUnnoticed = List.of("HARMLESS", "UNSEEN", "TEST").contains(line[1]);
        if (SEEDS == 0 && isUnnoticed) {
            return; // looked for by command only
        }
        Plant.set(plant);
        Simulator.Failure failure = SEEDS > 0 ? hunt() : replay(line);
        if (failure != null) {
            Simulator.Case history = failure.history();
            System.out.printf(
                    "%s %s %s %d: %s%n",
                    plant, history.profile(), history.layout(), history.seed(), failure.message());
            Plant.set(null);
            assertThat(Simulator.replay(history)).as("the same without the bug").isNull();
        }
        assertThat(failure != null)
                .as("noticed; look for a history with -Dquoin.plantSeeds=10000")
                .isEqualTo(!isUnnoticed);
    }

    private static Simulator.Failure hunt() {
        return run(0, SEEDS, List.of(Profile.values()), Simulator.LAYOUTS);
    }

    private static Simulator.Failure replay(String[] line) {
        List<Profile> profile = List.of(Profile.valueOf(line[1]));
        List<SimSpec> layout =
                Simulator.LAYOUTS.stream().filter(each -> each.toString().equals(line[2])).toList();
        Simulator.Failure failure = run(Long.parseLong(line[3]), 1, profile, layout);
        return failure != null ? failure : run(0, NEIGHBOURS, profile, layout);
    }

    private static Simulator.Failure run(
            long from, long seeds, List<Profile> profiles, List<SimSpec> layouts) {
        int threads = Runtime.getRuntime().availableProcessors();
        return Simulator.run(
                        new Simulator.Plan(
                                from, seeds, Long.MAX_VALUE, profiles, layouts, threads, false))
                .failure();
    }
}
