package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// PostgreSQL with its journal on a volume loses no transaction whose commit it reported, whatever
/// happens to the daemon and to one member.
///
/// The database, its 8 clients and what they are told: [OrderDatabase], on a raid5 volume.
///
/// A cycle kills the daemon with SIGKILL amid the load, stops PostgreSQL at once (it has lost its
/// journal's disk), unmounts, starts a new daemon, mounts (ext4 replays its journal), and starts
/// PostgreSQL, which recovers from `pg_wal`. Then all acknowledged orders of all cycles must be there,
/// without a gap, TPC-B's sums must agree and `pg_amcheck` be content. `-Dquoin.kills=10` for more cycles.
@Timeout(1800)
class PostgresJournalIT {
    private static final String VOLUME = "journal";
    private static final int KILLS = Integer.getInteger("quoin.kills", 2);
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    private final long seed = Long.getLong("quoin.seed", System.nanoTime() & 0xffff);
    private final Random random = new Random(seed);

    private Workbench bench;
    private OrderDatabase database;

    @BeforeEach
    void open() throws Exception {
        System.out.printf("PostgresJournalIT: seed %d%n", seed);
        bench = new Workbench();
        bench.create(VOLUME, "raid5", 4, "256M");
        bench.serve();
        database = new OrderDatabase(bench, VOLUME, "PostgresJournalIT", 8, 4);
        database.create(0, 96);
    }

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void noReportedCommitIsLostWhenTheDaemonIsKilled() throws Exception {
        for (int kill = 0; kill < KILLS; kill++) {
            database.startLoad(0);
            Thread.sleep(1500 + random.nextInt(2500));
            database.crash();
            database.recover();
            database.check();
        }
    }

    @Test
    void noReportedCommitIsLostWhenAMemberIsLostAndRebuiltToo() throws Exception {
        database.startLoad(0);
        Thread.sleep(1000 + random.nextInt(1000));
        bench.quoin("member", "fail", VOLUME, 1, "--yes");
        Thread.sleep(500 + random.nextInt(1000));
        database.crash();
        database.recover();
        database.check();

        database.startLoad(0);
        // Slow enough to be killed amid the rebuild.
        bench.quoin("rate", VOLUME, "8M");
        bench.quoin("member", "replace", VOLUME, 1, bench.member(4), "--make");
        Workbench.await("the rebuild is under way", PATIENCE, () -> rebuilt() > 0);
        Thread.sleep(500 + random.nextInt(1000));
        assertThat(member(1).getString("state")).isEqualTo("rebuilding");
        database.crash();
        database.recover();
        database.check();

        database.startLoad(0);
        Workbench.await(
                "slot 1 is in sync",
                PATIENCE,
                () -> member(1).getString("state").equals("in sync"));
        assertThat(bench.status(VOLUME).getString("state")).isEqualTo("optimal");
        bench.quoin("member", "fail", VOLUME, 2, "--yes");
        Thread.sleep(500 + random.nextInt(1000));
        database.crash();
        // Nothing but what the rebuild wrote stands in for these two from now on.
        Files.delete(bench.member(1));
        Files.delete(bench.member(2));
        database.recover();
        database.check();
    }

    private JsonObject member(int slot) {
        try {
            return bench.status(VOLUME).getArray("members").getObject(slot);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private long rebuilt() {
        return member(1).getLong("cursor");
    }
}
