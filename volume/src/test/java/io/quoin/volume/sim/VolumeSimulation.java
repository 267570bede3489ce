package io.quoin.volume.sim;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.intake.Request;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// Short histories of the production engine in simulated worlds, from seeds; `quoin simulate` runs more.
final class VolumeSimulation {
    /// Goal: recovery has memory for all that the journal holds, home already or not. Method: two blocks go
    /// home, all of the memory but one block is written before the tail moves, and the power goes after each step.
    @Test
    void recoveryFindsMemoryForTheWholeJournal() throws VolumeException {
        int worlds = 0;
        for (int seed = 0; worlds < 60; seed++) {
            SimWorld world = SimWorld.tight(seed, SimSpec.RAID1, new SimTally());
            world.open();
            if (world.engine().pool().capacityBytes() == 64 * 4096) {
                worlds++;
                world.recover();
                world.settle();
                world.client.ask(Request.Op.WRITE, 0, 1);
                world.client.ask(Request.Op.WRITE, 5, 1);
                while (world.client.openRequests() > 0 || world.engine().dirtyBlocks() > 0) {
                    world.step(12);
                }
                world.client.ask(Request.Op.WRITE, 10, 32);
                world.client.ask(Request.Op.WRITE, 50, 31);
                for (int step = 0; step < 60 && world.client.openRequests() > 0; step++) {
                    world.step(12);
                    SimWorld image = world.fork(step);
                    image.open();
                    image.discard();
                }
            }
            world.discard();
        }
    }

    @ParameterizedTest
    @EnumSource
    void noPromiseIsBroken(Profile profile) {
        int seeds =
                switch (profile) {
                    case EVERY_CRASH -> 4;
                    case RESHAPE -> 10;
                    case REPAIRS, STORM -> 20;
                    default -> 40;
                };
        Simulator.Report report =
                Simulator.run(
                        new Simulator.Plan(
                                0,
                                seeds,
                                Long.MAX_VALUE,
                                List.of(profile),
                                Simulator.LAYOUTS,
                                Runtime.getRuntime().availableProcessors(),
                                false));
        System.out.println(profile + ": " + report.tally().total());
        if (report.failure() != null) {
            throw new AssertionError(
                    "quoin simulate " + report.failure().history().options(),
                    report.failure().cause());
        }
        assertThat(report.tally().runs()).isEqualTo((long) seeds * Simulator.LAYOUTS.size());
    }
}
