package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// PostgreSQL with its journal on a volume loses no transaction whose commit it reported, whatever
/// happens to the daemon and to one member.
///
/// `pg_wal` lies on ext4, on a loop device, on nbdfuse's file of a raid5 volume; the tables lie on the
/// host's disk, with all of PostgreSQL's durability on. `pgbench` works with 8 clients: TPC-B's updates,
/// and an order with the next number of the client. What was acknowledged is what pgbench's own log has,
/// outside the database: one line a transaction whose COMMIT was answered.
///
/// A cycle kills the daemon with SIGKILL amid the load, stops PostgreSQL at once (it has lost its
/// journal's disk), unmounts, starts a new daemon, mounts (ext4 replays its journal), and starts
/// PostgreSQL, which recovers from `pg_wal`. Then all acknowledged orders of all cycles must be there,
/// without a gap, TPC-B's sums must agree and `pg_amcheck` be content. `-Dquoin.kills=10` for more cycles.
@Timeout(1800)
class PostgresJournalIT {
    private static final String VOLUME = "journal";
    private static final int KILLS = Integer.getInteger("quoin.kills", 2);
    private static final int CLIENTS = 8;
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final String ORDER =
            """
            \\set seq :seq + 1
            \\set account random(1, 100000 * :scale)
            \\set branch random(1, :scale)
            \\set teller random(1, 10 * :scale)
            \\set delta random(-5000, 5000)
            BEGIN;
            UPDATE pgbench_accounts SET abalance = abalance + :delta WHERE aid = :account;
            UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :teller;
            UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :branch;
            INSERT INTO pgbench_history (tid, bid, aid, delta, mtime)
              VALUES (:teller, :branch, :account, :delta, CURRENT_TIMESTAMP);
            INSERT INTO orders VALUES (:run, :client_id, :seq, repeat('order', 20));
            COMMIT;
            """;

    private final long seed = Long.getLong("quoin.seed", System.nanoTime() & 0xffff);
    private final Random random = new Random(seed);

    /// The orders that pgbench was told are committed.
    private final Set<String> acknowledged = new HashSet<>();

    private Workbench bench;
    private Path programs;
    private Path data;
    private Workbench.LoopDevice device;
    private Process postgres;
    private int runs;

    @BeforeEach
    void open() throws Exception {
        bench = new Workbench();
        programs = programs();
        data = bench.folder.resolve("data");
        Files.createDirectories(bench.folder.resolve("acknowledged"));
        Files.writeString(bench.folder.resolve("order.sql"), ORDER);
        bench.create(VOLUME, "raid5", 4, "256M");
        bench.serve();
        device = bench.attach(VOLUME);
        device.format();
        device.mount(mountPoint());
        Path wal = mountPoint().resolve("wal");
        for (Path each : List.of(data, wal)) {
            Files.createDirectory(each);
            bench.run("chown", "postgres:postgres", each);
            bench.run("chmod", "700", each);
        }
        asPostgres("initdb", "-D", data, "-X", wal, "-A", "trust", "-U", "postgres");
        Files.writeString(
                data.resolve("postgresql.conf"),
                """
                listen_addresses = ''
                unix_socket_directories = '%s'
                shared_buffers = 128MB
                max_wal_size = 96MB
                min_wal_size = 48MB
                autovacuum_naptime = 5s
                """
                        .formatted(data));
        startPostgres();
        client("pgbench", "-i", "-q", "-s", "4");
        sql(
                "CREATE TABLE orders (run int, client int, seq int, note text,"
                        + " PRIMARY KEY (run, client, seq))");
    }

    @AfterEach
    void close() {
        bench.close();
    }

    @Test
    void noReportedCommitIsLostWhenTheDaemonIsKilled() throws Exception {
        for (int kill = 0; kill < KILLS; kill++) {
            Process load = startLoad();
            Thread.sleep(1500 + random.nextInt(2500));
            crash(load);
            recover();
            check();
        }
    }

    @Test
    void noReportedCommitIsLostWhenAMemberIsLostAndRebuiltToo() throws Exception {
        Process load = startLoad();
        Thread.sleep(1000 + random.nextInt(1000));
        bench.quoin("member", "fail", VOLUME, 1, "--yes");
        Thread.sleep(500 + random.nextInt(1000));
        crash(load);
        recover();
        check();

        load = startLoad();
        // Slow enough to be killed amid the rebuild.
        bench.quoin("rate", VOLUME, "8M");
        bench.quoin("member", "replace", VOLUME, 1, bench.member(4), "--make");
        Workbench.await("the rebuild is under way", PATIENCE, () -> rebuilt() > 0);
        Thread.sleep(500 + random.nextInt(1000));
        assertThat(member(1).getString("state")).isEqualTo("rebuilding");
        crash(load);
        recover();
        check();

        load = startLoad();
        Workbench.await(
                "slot 1 is in sync",
                PATIENCE,
                () -> member(1).getString("state").equals("in sync"));
        assertThat(bench.status(VOLUME).getString("state")).isEqualTo("optimal");
        bench.quoin("member", "fail", VOLUME, 2, "--yes");
        Thread.sleep(500 + random.nextInt(1000));
        crash(load);
        // Nothing but what the rebuild wrote stands in for these two from now on.
        Files.delete(bench.member(1));
        Files.delete(bench.member(2));
        recover();
        check();
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

    private Process startLoad() throws IOException {
        runs++;
        List<Object> command = new ArrayList<>(List.of(programs.resolve("pgbench")));
        command.addAll(connection());
        command.addAll(List.of("-n", "-c", CLIENTS, "-j", 2, "-T", 600, "-l"));
        command.add("--log-prefix=" + bench.folder.resolve("acknowledged/" + runs));
        command.addAll(List.of("-D", "scale=4", "-D", "seq=0", "-D", "run=" + runs));
        command.addAll(List.of("-f", bench.folder.resolve("order.sql"), "postgres"));
        return bench.start(bench.folder.resolve("pgbench.out"), command);
    }

    private void crash(Process load) throws Exception {
        assertThat(load.isAlive()).as("pgbench still runs: %s", log("pgbench.out")).isTrue();
        bench.killDaemon();
        // It ends by itself when the server has no journal any more, and writes the rest of its
        // log.
        boolean hasEnded = load.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(hasEnded).as("pgbench ended: %s", log("pgbench.out")).isTrue();
        Workbench.kill(postgres);
        device.detach();
        long before = acknowledged.size();
        readAcknowledged();
        System.out.printf(
                "PostgresJournalIT: seed %d, load %d: %d transactions acknowledged%n",
                seed, runs, acknowledged.size() - before);
        assertThat(acknowledged.size()).as("acknowledged").isGreaterThan((int) before);
    }

    private void recover() throws Exception {
        long start = System.nanoTime();
        bench.serve();
        long served = System.nanoTime();
        device = bench.attach(VOLUME);
        device.mount(mountPoint());
        long mounted = System.nanoTime();
        startPostgres();
        System.out.printf(
                "PostgresJournalIT: served again after %d ms, mounted %d ms later, PostgreSQL's"
                        + " recovery %d ms%n",
                (served - start) / 1_000_000,
                (mounted - served) / 1_000_000,
                (System.nanoTime() - mounted) / 1_000_000);
    }

    /// pgbench's log has a line for each transaction that was answered: client, its count, and times.
    private void readAcknowledged() throws IOException {
        Map<String, Integer> counts = new HashMap<>();
        try (Stream<Path> files = Files.list(bench.folder.resolve("acknowledged"))) {
            for (Path file :
                    files.filter(f -> f.getFileName().toString().startsWith(runs + ".")).toList()) {
                for (String line : Files.readAllLines(file)) {
                    String client = line.split(" ")[0];
                    int seq = counts.merge(client, 1, Integer::sum);
                    assertThat(line).startsWith(client + " " + seq + " ");
                    acknowledged.add(runs + "|" + client + "|" + seq);
                }
            }
        }
        assertThat(counts).as("clients that committed").hasSize(CLIENTS);
    }

    private void check() throws IOException {
        Set<String> found =
                new HashSet<>(sql("SELECT run, client, seq FROM orders").lines().toList());
        Set<String> lost = new HashSet<>(acknowledged);
        lost.removeAll(found);
        System.out.printf(
                "PostgresJournalIT: seed %d, after load %d: %d acknowledged in all, %d lost%n",
                seed, runs, acknowledged.size(), lost.size());
        assertThat(lost).as("lost orders (run|client|seq), seed %d", seed).isEmpty();
        assertThat(sql("SELECT run, client FROM orders GROUP BY 1, 2 HAVING count(*) <> max(seq)"))
                .as("clients with a gap in their orders")
                .isEmpty();
        assertThat(
                        sql(
                                """
                                SELECT (SELECT sum(abalance) FROM pgbench_accounts) = sum(delta)
                                   AND (SELECT sum(tbalance) FROM pgbench_tellers) = sum(delta)
                                   AND (SELECT sum(bbalance) FROM pgbench_branches) = sum(delta)
                                   AND (SELECT count(*) FROM orders) = count(*)
                                  FROM pgbench_history
                                """))
                .as("sums of accounts, tellers, branches and history agree")
                .isEqualTo("t\n");
        client("pg_amcheck", "--install-missing", "--heapallindexed", "--parent-check");
    }

    private Path mountPoint() {
        return bench.folder.resolve("mount");
    }

    private static Path programs() throws IOException {
        Path debian = Path.of("/usr/lib/postgresql");
        if (Files.isDirectory(debian)) {
            try (Stream<Path> versions = Files.list(debian)) {
                List<Path> found =
                        versions.map(version -> version.resolve("bin"))
                                .filter(bin -> Files.isExecutable(bin.resolve("postgres")))
                                .filter(bin -> Files.isExecutable(bin.resolve("pg_amcheck")))
                                .sorted()
                                .toList();
                if (!found.isEmpty()) {
                    return found.getLast();
                }
            }
        }
        throw new AssertionError(
                "no PostgreSQL server in /usr/lib/postgresql; as root: apt-get install -y postgresql");
    }

    private List<Object> postgresCommand(String program, Object... arguments) {
        List<Object> command = new ArrayList<>();
        command.addAll(List.of("setpriv", "--reuid=postgres", "--regid=postgres"));
        command.addAll(List.of("--init-groups", programs.resolve(program)));
        command.addAll(List.of(arguments));
        return command;
    }

    private void asPostgres(String program, Object... arguments) throws IOException {
        bench.run(postgresCommand(program, arguments).toArray());
    }

    private void startPostgres() throws Exception {
        Path output = bench.folder.resolve("postgres.out");
        postgres = bench.start(output, postgresCommand("postgres", "-D", data));
        List<Object> isReady = new ArrayList<>(List.of(programs.resolve("pg_isready"), "-q"));
        isReady.addAll(connection());
        Workbench.await(
                "PostgreSQL: " + output,
                PATIENCE,
                () -> {
                    try {
                        return !postgres.isAlive()
                                || bench.attempt(isReady.toArray()).exitCode() == 0;
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
        assertThat(postgres.isAlive()).as("%s", log("postgres.out")).isTrue();
    }

    private List<Object> connection() {
        return List.of("-h", data, "-U", "postgres");
    }

    private String client(String program, Object... arguments) throws IOException {
        List<Object> command = new ArrayList<>(List.of(programs.resolve(program)));
        command.addAll(connection());
        command.addAll(List.of(arguments));
        command.add("postgres");
        return bench.run(command.toArray());
    }

    private String sql(String query) throws IOException {
        return client("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-c", query);
    }

    private String log(String name) throws IOException {
        return Files.readString(bench.folder.resolve(name)) + bench.daemonOutput();
    }
}
