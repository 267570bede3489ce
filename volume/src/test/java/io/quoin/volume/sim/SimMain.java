package io.quoin.volume.sim;

import io.quoin.volume.fault.Plant;
import java.util.ArrayList;
import java.util.List;

/// The long run: `SimMain KIND FIRST_SEED SEEDS [LAYOUT...]`, on one thread; prints a line for each
/// layout and ends with 1 at the first failure.
public final class SimMain {
    private SimMain() {}

    /// Runs.
    ///
    /// @param args kind, first seed, number of seeds, layouts (default: all)
    public static void main(String[] args) {
        String plant = System.getProperty("quoin.plant");
        if (plant != null) {
            Plant.set(Plant.valueOf(plant));
        }
        SimHistories.Kind kind = SimHistories.Kind.valueOf(args[0]);
        long first = Long.parseLong(args[1]);
        long count = Long.parseLong(args[2]);
        List<SimSpec> specs = new ArrayList<>();
        VolumeSimulation.specs()
                .filter(spec ->
                        args.length == 3
                                || List.of(args).contains(spec.level() + "/" + spec.members()))
                .forEach(specs::add);
        for (SimSpec spec : specs) {
            SimTally total = new SimTally();
            long start = System.nanoTime();
            for (long seed = first; seed < first + count; seed++) {
                try {
                    total.add(SimHistories.runOne(seed, spec, kind));
                } catch (AssertionError e) {
                    System.out.println(e.getMessage());
                    if (Boolean.getBoolean("quoin.trace")) {
                        e.getCause().printStackTrace(System.out);
                    }
                    System.exit(1);
                }
            }
            System.out.printf(
                    "%s of %d %s: %s; %.1f s%n",
                    spec.level(), spec.members(), kind, total, (System.nanoTime() - start) / 1e9);
        }
    }
}
