package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.cli.TormentedVolume.Layout;
import io.quoin.cli.demo.NbdClient;
import io.quoin.codec.nbd.CommandType;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// A daemon with a thousand clients stops in order, and soon, whatever the clients do: nothing, work, ask
/// for more than they ever take away, or stop in the middle of a write.
@Timeout(300)
class CleanStopIT {
    private static final int IDLE = 930;
    private static final int DEAF = 40;
    private static final int SILENT = 24;
    private static final int WORKING = 6;

    /// Waiting for these clients took eleven.
    private static final double MOST_MILLIS = 5000;

    @Test
    void aThousandClientsDoNotKeepTheDaemonFromStopping() throws Exception {
        long seed = Long.getLong("quoin.seed", System.nanoTime() & 0xffffff);
        SectorModel model = new SectorModel(seed, (24 << 20) / SectorModel.SECTOR_BYTES);
        List<NbdClient> clients = new ArrayList<>();
        try (Workbench bench = new Workbench()) {
            TormentedVolume volume = new TormentedVolume(bench, 0, new Layout("raid5", 3, 1));
            volume.create();
            volume.serve();
            for (int i = 0; i < IDLE + DEAF + SILENT; i++) {
                clients.add(NbdClient.connect(volume.socket(), TormentedVolume.NAME));
            }
            // Each asks for 16 MiB, far more than a socket holds, and reads nothing of it.
            for (NbdClient deaf : clients.subList(IDLE, IDLE + DEAF)) {
                for (int i = 0; i < 16; i++) {
                    deaf.request(CommandType.READ, 0, 0, 1 << 20);
                }
            }
            // The payload never comes.
            for (NbdClient silent : clients.subList(IDLE + DEAF, clients.size())) {
                silent.request(CommandType.WRITE, 0, 0, 1 << 20);
            }
            VerifyingLoad load = new VerifyingLoad(model, volume.socket(), TormentedVolume.NAME);
            load.start(WORKING, new SplittableRandom(seed));
            Thread.sleep(2000);
            assertThat(load.answered()).as("others are served meanwhile").isPositive();

            double millis = volume.stop();
            load.join();
            System.out.printf(
                    "CleanStopIT: seed %d: stopped after %.0f ms with %d clients, %d of them with"
                            + " requests in flight%n",
                    seed, millis, clients.size() + WORKING, DEAF + SILENT + WORKING);
            assertThat(volume.said())
                    .contains("volume tormented stopped")
                    .contains("quoind stopped");
            assertThat(volume.said()).doesNotContain("with blocks in the journal");
            assertThat(millis).as("milliseconds: %s", volume.said()).isLessThan(MOST_MILLIS);

            clients.forEach(NbdClient::close);
            clients.clear();
            volume.serve();
            try (NbdClient client = NbdClient.connect(volume.socket(), TormentedVolume.NAME)) {
                assertThat(
                                model.settle((first, target) ->
                                        client.read(
                                                (long) first * SectorModel.SECTOR_BYTES, target)))
                        .isEmpty();
            }
            volume.stop();
        } finally {
            clients.forEach(NbdClient::close);
        }
    }
}
