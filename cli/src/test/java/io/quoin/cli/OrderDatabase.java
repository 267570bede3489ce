package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

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
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/// PostgreSQL whose `pg_wal` lies on a volume, pgbench that works on it, and what pgbench was told is committed.
///
/// `pg_wal` is on ext4, on a loop device, on nbdfuse's file of the volume; the tables lie on the host's disk, with all of
/// PostgreSQL's durability on. Each client does TPC-B's updates, and an order with the next number of the client. What was
/// acknowledged is what pgbench's own log has, outside the database: one line a transaction whose COMMIT was answered.
final class OrderDatabase {
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

    private final Workbench bench;
    private final String volume;
    private final String test;
    private final int clients;
    private final int scale;
    private final Path programs;
    private final Path data;

    /// The orders that pgbench was told are committed.
    private final Set<String> acknowledged = new HashSet<>();

    private Workbench.LoopDevice device;
    private Process postgres;
    private Process load;
    private int runs;

    /// @param bench where it lies
    /// @param volume where its journal is to lie, served already
    /// @param test for what is printed
    /// @param clients how many work at a time
    /// @param scale of pgbench's tables
    OrderDatabase(Workbench bench, String volume, String test, int clients, int scale)
            throws IOException {
        this.bench = bench;
        this.volume = volume;
        this.test = test;
        this.clients = clients;
        this.scale = scale;
        programs = programs();
        data = bench.folder.resolve("data");
    }

    /// Makes the file system and the tables, and starts the server.
    ///
    /// @param bytes how much of the volume, from its beginning, the file system may have; 0: all
    /// @param walMib how much of `pg_wal` PostgreSQL keeps between checkpoints
    void create(long bytes, int walMib) throws Exception {
        Files.createDirectories(bench.folder.resolve("acknowledged"));
        Files.writeString(bench.folder.resolve("order.sql"), ORDER);
        device = bench.attach(volume);
        device.format(bytes);
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
                max_wal_size = %dMB
                min_wal_size = 32MB
                autovacuum_naptime = 5s
                """
                        .formatted(data, walMib));
        startPostgres();
        client("pgbench", "-i", "-q", "-s", scale);
        sql(
                "CREATE TABLE orders (run int, client int, seq int, note text,"
                        + " PRIMARY KEY (run, client, seq))");
    }

    /// Has the clients begin.
    ///
    /// @param perSecond how many transactions in a second; 0: as many as there can be
    void startLoad(int perSecond) throws IOException {
        runs++;
        List<Object> command = new ArrayList<>(List.of(programs.resolve("pgbench")));
        command.addAll(connection());
        command.addAll(List.of("-n", "-c", clients, "-j", 2, "-T", 7200, "-l"));
        if (perSecond > 0) {
            command.addAll(List.of("-R", perSecond));
        }
        command.add("--log-prefix=" + bench.folder.resolve("acknowledged/" + runs));
        command.addAll(List.of("-D", "scale=" + scale, "-D", "seq=0", "-D", "run=" + runs));
        command.addAll(List.of("-f", bench.folder.resolve("order.sql"), "postgres"));
        load = bench.start(output(), command);
    }

    private Path output() {
        return bench.folder.resolve("pgbench-" + runs + ".out");
    }

    /// {@return how many orders the database has; no client was told of an error so far}
    long expectWorking() throws IOException {
        assertThat(load.isAlive()).as("pgbench still runs: %s", log()).isTrue();
        assertThat(Files.readString(output())).doesNotContain("aborted", "ERROR", "PANIC");
        return Long.parseLong(sql("SELECT count(*) FROM orders").strip());
    }

    /// {@return whether each client of the load has committed}
    boolean haveAllCommitted() {
        try {
            String count = sql("SELECT count(DISTINCT client) FROM orders WHERE run = " + runs);
            return Integer.parseInt(count.strip()) == clients;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Kills the daemon amid the load, and all that lies above it.
    void crash() throws Exception {
        expectWorking();
        bench.killDaemon();
        // It ends by itself when the server has no journal any more, and writes the rest of its
        // log.
        boolean hasEnded = load.waitFor(PATIENCE.toSeconds(), TimeUnit.SECONDS);
        assertThat(hasEnded).as("pgbench ended: %s", log()).isTrue();
        Workbench.kill(postgres);
        device.detach();
        int before = acknowledged.size();
        readAcknowledged();
        System.out.printf(
                "%s: load %d: %d transactions acknowledged%n",
                test, runs, acknowledged.size() - before);
        assertThat(acknowledged.size()).as("acknowledged").isGreaterThan(before);
    }

    /// Starts the daemon and all that lies above it, but the load.
    void recover() throws Exception {
        long start = System.nanoTime();
        bench.serve();
        long served = System.nanoTime();
        device = bench.attach(volume);
        device.mount(mountPoint());
        long mounted = System.nanoTime();
        startPostgres();
        System.out.printf(
                "%s: served again after %d ms, mounted %d ms later, PostgreSQL's recovery %d ms%n",
                test,
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
        assertThat(counts).as("clients that committed").hasSize(clients);
    }

    /// Expects all acknowledged orders of all loads, none missing between two of a client, and whole tables and indexes.
    void check() throws IOException {
        Set<String> found =
                new HashSet<>(sql("SELECT run, client, seq FROM orders").lines().toList());
        Set<String> lost = new HashSet<>(acknowledged);
        lost.removeAll(found);
        System.out.printf(
                "%s: after load %d: %d acknowledged in all, %d lost%n",
                test, runs, acknowledged.size(), lost.size());
        assertThat(lost).as("lost orders (run|client|seq)").isEmpty();
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
        assertThat(postgres.isAlive()).as("%s", log()).isTrue();
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

    private String log() throws IOException {
        return (runs > 0 ? Files.readString(output()) : "")
                + Files.readString(bench.folder.resolve("postgres.out"))
                + bench.daemonOutput();
    }
}
