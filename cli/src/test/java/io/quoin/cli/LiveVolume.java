package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;

/// A volume with PostgreSQL's journal and fio's blocks on it, and what operators do to it meanwhile.
///
/// Commands go through the CLI, whose exit code says whether they were done; what is waited for is asked for at the control socket.
final class LiveVolume implements AutoCloseable {
    static final String NAME = "orders";
    static final Duration PATIENCE = Duration.ofSeconds(120);

    private static final long MIB = 1 << 20;

    /// What jobs may read in a second whatever clients feel, which never rest here.
    static final long FLOOR = 64 * MIB;

    /// The file system has what lies below, fio and what is damaged on purpose what lies above.
    private static final long FILE_SYSTEM_BYTES = 88 * MIB;

    private static final long FIO_OFFSET = 89 * MIB;
    private static final long DAMAGED_OFFSET = FIO_OFFSET + VerifyingFio.BYTES + MIB;
    private static final int DAMAGED_BYTES = 256 << 10;

    /// A shape as a round begins with it, and the one it is reshaped to for a while.
    enum Layout {
        RAID5("raid5", 3, List.of("--level", "raid6"), List.of("--level", "raid5")),
        RAID1("raid1", 2, List.of(), List.of()),
        RAID6("raid6", 4, List.of("--level", "2+3"), List.of("--level", "raid6"));

        private final String level;
        private final int memberCount;
        private final List<String> wider;
        private final List<String> narrower;

        Layout(String level, int memberCount, List<String> wider, List<String> narrower) {
            this.level = level;
            this.memberCount = memberCount;
            this.wider = wider;
            this.narrower = narrower;
        }

        int memberCount() {
            return memberCount;
        }

        /// {@return the level with a member more, as options of `quoin reshape start`}
        List<String> wider() {
            return wider;
        }

        /// {@return and of the way back}
        List<String> narrower() {
            return narrower;
        }

        @Override
        public String toString() {
            return level + " of " + memberCount;
        }
    }

    private final Layout layout;
    private final Random random;
    private final boolean mayKill;
    private final Workbench bench = new Workbench();
    private final OrderDatabase database;
    private final VerifyingFio fio;
    private final boolean isModest;
    private long memberBytes = 240 * MIB;
    private long orders;
    private int passes;
    private int files;
    private int kills;

    /// @param layout how its blocks lie at first, and between operations
    /// @param random draws members, and moments of kills
    /// @param mayKill whether the daemon is killed amid operations
    LiveVolume(Layout layout, Random random, boolean mayKill) throws Exception {
        this.layout = layout;
        this.random = random;
        this.mayKill = mayKill;
        isModest = !mayKill || random.nextBoolean();
        settings(0, FLOOR);
        database = new OrderDatabase(bench, NAME, "OperationsIT", 4, 2);
        fio = new VerifyingFio(bench, NAME, FIO_OFFSET, random.nextInt(1 << 20));
    }

    @Override
    public void close() {
        try {
            fio.abandon();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            bench.close();
        }
    }

    /// Makes the volume, serves it, and has its clients begin.
    void load() throws Exception {
        bench.create(NAME, layout.level, layout.memberCount, memberBytes / MIB + "M");
        bench.serve();
        database.create(FILE_SYSTEM_BYTES, 48);
        writeWhatIsDamaged();
        startLoad();
    }

    /// Expects the volume to be as it was before the operation, and clients that have worked all the while and go on.
    void expectGoesOn() throws Exception {
        awaitQuiet("no job");
        JsonObject status = status();
        assertThat(status.getString("state")).isEqualTo("optimal");
        assertThat(status.getString("level")).isEqualTo(layout.level);
        assertThat(status.getArray("members")).hasSize(layout.memberCount);
        for (Object each : status.getArray("jobs")) {
            JsonObject job = (JsonObject) each;
            assertThat(job.getString("state")).as("%s", job).isIn("done", "cancelled");
            assertThat(job.getLong("lostBlocks") + job.getLong("suspectRows"))
                    .as("%s", job)
                    .isZero();
        }
        JsonObject counters = status.getObject("counters");
        assertThat(counters.getLong("blocksLost")).as("blocksLost").isZero();
        assertThat(counters.getLong("rowsSuspect")).as("rowsSuspect").isZero();
        int fioBefore = passes;
        long ordersBefore = orders;
        Workbench.await(
                "more orders and another pass of fio",
                PATIENCE,
                () -> {
                    passes = fio.expectWorking();
                    orders = orders();
                    return orders > ordersBefore && passes > fioBefore;
                });
    }

    long orders() {
        try {
            return database.expectWorking();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// {@return a block that nobody writes any more}
    long anyDamageable() {
        return (DAMAGED_OFFSET >> 12) + random.nextInt(DAMAGED_BYTES >> 12);
    }

    /// {@return how large members are to be now, more than they were}
    long moreMemberBytes() {
        memberBytes += 64 * MIB;
        return memberBytes;
    }

    Layout layout() {
        return layout;
    }

    Random random() {
        return random;
    }

    Workbench bench() {
        return bench;
    }

    /// {@return what the daemons said}
    String said() {
        return bench.daemonOutput();
    }

    int kills() {
        return kills;
    }

    // What befalls the daemon.

    /// Kills the daemon at some of the moments that are offered, and has the clients go on with the next one.
    boolean killMaybe() throws Exception {
        if (!mayKill || random.nextInt(3) != 0) {
            return false;
        }
        Thread.sleep(random.nextInt(800));
        crash();
        startLoad();
        return true;
    }

    /// Some rounds of long runs have clients that do as much as they can.
    private void startLoad() throws IOException {
        database.startLoad(isModest ? 300 : 0);
        fio.start(isModest ? 4 * MIB : 0);
    }

    private void crash() throws Exception {
        Workbench.await("orders of all clients", PATIENCE, database::haveAllCommitted);
        fio.expectKill();
        database.crash();
        fio.killed();
        kills++;
        database.recover();
        fio.verify();
    }

    /// Kills the daemon amid the load, then expects everything that was acknowledged.
    void crashAndCheck() throws Exception {
        crash();
        database.check();
        readWhatIsDamaged();
        assertThat(bench.status(NAME).getString("state")).isEqualTo("optimal");
        String scrub = quoin("scrub", "start", NAME, "--wait", "--json");
        JsonObject job = Installation.parse(scrub);
        assertThat(
                        job.getLong("repairedBlocks")
                                + job.getLong("lostBlocks")
                                + job.getLong("suspectRows"))
                .as(scrub)
                .isZero();
    }

    // How all of that is asked for.

    String quoin(Object... words) throws IOException {
        return bench.quoin(words);
    }

    private JsonObject ask(JsonObject request) {
        request.put("volume", NAME);
        try (ControlClient client = ControlClient.connect(bench.control())) {
            return client.call(request);
        } catch (Exception e) {
            throw new AssertionError(request + ": " + e, e);
        }
    }

    /// Has jobs last, so that something can be done amid them.
    void slow() throws IOException {
        rate(4 * MIB, 4 * MIB);
    }

    void fast() throws IOException {
        rate(0, FLOOR);
    }

    private void rate(long bytesPerSecond, long floorBytesPerSecond) throws IOException {
        settings(bytesPerSecond, floorBytesPerSecond);
        JsonObject request = ControlClient.request("job.rate");
        request.put("bytesPerSecond", bytesPerSecond);
        request.put("floorBytesPerSecond", floorBytesPerSecond);
        ask(request);
    }

    /// For the next daemon, which begins no operation by itself: that is up to operators here.
    private void settings(long bytesPerSecond, long floorBytesPerSecond) throws IOException {
        bench.settings(
                """
                [engine]
                job-bytes-per-second = %d
                job-floor-bytes-per-second = %d
                [scrub]
                every-days = 0
                [drill]
                every-days = 0
                [spares]
                drill-every-days = 0
                """
                        .formatted(bytesPerSecond, floorBytesPerSecond));
    }

    JsonObject status() {
        return ask(ControlClient.request("status")).getObject("volume");
    }

    JsonObject explain(long block) {
        JsonObject request = ControlClient.request("explain");
        request.put("block", block);
        return ask(request).getObject("explanation");
    }

    private void await(String what, Predicate<JsonObject> condition) throws InterruptedException {
        Workbench.await(what, PATIENCE, () -> condition.test(status()));
    }

    /// Waits until the last job of a kind has a state.
    void awaitJob(String kind, String state) throws InterruptedException {
        await(kind + " " + state, status -> lastState(status, kind).equals(state));
    }

    void awaitQuiet(String what) throws InterruptedException {
        await(what + ", optimal", status -> isOptimal(status) && !isJobOpen(status));
    }

    void awaitMember(Path path) throws InterruptedException {
        await(
                "optimal with " + path,
                status ->
                        isOptimal(status)
                                && !isJobOpen(status)
                                && status.getArray("members").toString().contains(path.toString()));
    }

    private static boolean isOptimal(JsonObject status) {
        return status.getString("state").equals("optimal");
    }

    private static boolean isJobOpen(JsonObject status) {
        return status.getArray("jobs", new JsonArray()).stream()
                .anyMatch(each -> JobWait.isOpen((JsonObject) each));
    }

    /// {@return the state of the last job of a kind; empty when there was none}
    private static String lastState(JsonObject status, String kind) {
        return status.getArray("jobs", new JsonArray()).stream()
                .map(each -> (JsonObject) each)
                .filter(each -> each.getString("kind").equals(kind))
                .map(each -> each.getString("state"))
                .findFirst()
                .orElse("");
    }

    int anySlot() {
        return random.nextInt(layout.memberCount);
    }

    Path member(int slot) {
        return Path.of(status().getArray("members").getObject(slot).getString("path"));
    }

    /// {@return a file that is not there yet}
    Path fresh() {
        return bench.folder.resolve("n" + files++);
    }

    /// {@return a blank file as large as the members}
    Path blank() throws IOException {
        Path path = fresh();
        try (var file = new RandomAccessFile(path.toFile(), "rw")) {
            file.setLength(memberBytes);
        }
        return path;
    }

    private void writeWhatIsDamaged() throws IOException {
        qemuIo("write -f -P 77 " + DAMAGED_OFFSET + " " + DAMAGED_BYTES);
    }

    void readWhatIsDamaged() throws IOException {
        qemuIo("read -P 77 " + DAMAGED_OFFSET + " " + DAMAGED_BYTES);
    }

    private void qemuIo(String command) throws IOException {
        assertThat(bench.run("qemu-io", "-f", "raw", "-c", command, bench.uri(NAME)))
                .doesNotContainIgnoringCase("failed")
                .doesNotContainIgnoringCase("error");
    }
}
