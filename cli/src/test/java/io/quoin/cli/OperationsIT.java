package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import io.quoin.cli.LiveVolume.Layout;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// Every operation that operators have, on a volume that serves PostgreSQL's journal and fio, which verifies what it wrote.
///
/// After each operation the volume is optimal, its jobs are done, nothing is lost or suspect, no client was told of an error, and
/// all have gone on. At the end of a round the daemon is killed amid the load, PostgreSQL recovers from its journal and has every
/// acknowledged transaction, fio's last passes are verified once more, and a scrub finds nothing.
///
/// With the other tests it is one round on raid5 of three, in the order below. `-Dquoin.operations=20` is as many rounds, on raid5
/// of three, raid1 of two and raid6 of four in turn, each with the operations in another order and `kill -9` of the daemon amid
/// every third; `-Dquoin.seed=S` draws the same again, which is not the same history: when things happen is up to the machine.
@Timeout(value = 24 * 3600)
class OperationsIT {
    private static final int ROUNDS = Integer.getInteger("quoin.operations", 0);

    private static final String NAME = LiveVolume.NAME;

    /// Well below `io-limit-ms`, after which the volume would go on without the member anyway.
    private static final Duration STALL = Duration.ofSeconds(20);

    /// An operation, by what the table of a round calls it.
    private record Operation(String name, Work work) {}

    /// What an operation does to a volume.
    @FunctionalInterface
    private interface Work {
        void on(LiveVolume volume) throws Exception;
    }

    private static final List<Operation> OPERATIONS =
            List.of(
                    new Operation("copies, and a member that stands still", OperationsIT::stall),
                    new Operation("scrub, paused, resumed, cancelled", OperationsIT::scrub),
                    new Operation("drill", OperationsIT::drill),
                    new Operation("bits flipped, explained, repaired", OperationsIT::damage),
                    new Operation("a spare, drilled and adopted", OperationsIT::adopt),
                    new Operation("rebuild, paused, resumed", OperationsIT::rebuild),
                    new Operation("a member away and back", OperationsIT::takeBack),
                    new Operation("another shape, paused, and back", OperationsIT::reshape),
                    new Operation("a reshape turned back", OperationsIT::turnBack),
                    new Operation("another unit", OperationsIT::changeUnit),
                    new Operation("growth", OperationsIT::grow));

    private final long seed = Long.getLong("quoin.seed", System.nanoTime() & 0xffffff);

    @Test
    void clientsGoOnWhateverOperatorsDo() throws Exception {
        System.out.printf("OperationsIT: seed %d, %d rounds%n", seed, ROUNDS);
        if (ROUNDS == 0) {
            round(Layout.RAID5, OPERATIONS, new Random(seed), false);
        }
        for (int round = 0; round < ROUNDS; round++) {
            Random random = new Random(seed * 1_000_003 + round);
            List<Operation> drawn = new ArrayList<>(OPERATIONS);
            Collections.shuffle(drawn, random);
            Layout layout = Layout.values()[round % Layout.values().length];
            try {
                round(layout, drawn, random, true);
            } catch (Exception | AssertionError e) {
                throw new AssertionError(
                        "seed " + seed + ", round " + round + " on " + layout + ": " + e, e);
            }
        }
    }

    private void round(Layout layout, List<Operation> operations, Random random, boolean mayKill)
            throws Exception {
        long start = System.nanoTime();
        try (LiveVolume volume = new LiveVolume(layout, random, mayKill)) {
            volume.load();
            tell(start, layout + " is served, clients work");
            for (Operation operation : operations) {
                long begun = System.nanoTime();
                try {
                    operation.work().on(volume);
                    volume.expectGoesOn();
                } catch (Exception | AssertionError e) {
                    throw new AssertionError(
                            operation.name() + ": " + e.getMessage() + "\n" + volume.said(), e);
                }
                tell(begun, operation.name());
            }
            long begun = System.nanoTime();
            volume.crashAndCheck();
            assertThat(volume.kills()).isPositive();
            tell(begun, "kill, recovery, checks");
            tell(start, "round on " + layout + ", " + volume.kills() + " kills");
        }
    }

    private static void tell(long since, String what) {
        System.out.printf(
                "OperationsIT: %5d ms, %s%n", (System.nanoTime() - since) / 1_000_000, what);
    }

    private static void scrub(LiveVolume volume) throws Exception {
        volume.slow();
        volume.quoin("scrub", "start", NAME);
        volume.quoin("scrub", "pause", NAME);
        volume.awaitJob("scrub", "paused");
        volume.killMaybe();
        volume.quoin("scrub", "resume", NAME);
        volume.awaitJob("scrub", "running");
        volume.quoin("scrub", "cancel", NAME);
        volume.awaitJob("scrub", "cancelled");
        volume.fast();
        volume.quoin("rate", NAME, "0", "--floor", LiveVolume.FLOOR, "--latency", 150);
        volume.quoin("scrub", "start", NAME);
        volume.killMaybe();
        volume.awaitJob("scrub", "done");
    }

    private static void drill(LiveVolume volume) throws Exception {
        assertThat(volume.quoin("drill", NAME)).contains("ok");
    }

    /// Flips a bit where nobody writes any more; a client reads what it wrote there, and the member holds it again.
    private static void damage(LiveVolume volume) throws Exception {
        long block = volume.anyDamageable();
        Workbench.await(
                "block " + block + " at home",
                LiveVolume.PATIENCE,
                () -> volume.explain(block).getString("verdict").startsWith("reads from slot "));
        JsonObject copy =
                volume.explain(block).getArray("copies").stream()
                        .map(each -> (JsonObject) each)
                        .filter(each -> each.getLong("block", -1) == block)
                        .findFirst()
                        .orElseThrow();
        try (var file = new RandomAccessFile(copy.getString("member"), "rw")) {
            long at = copy.getLong("offsetBytes") + volume.random().nextInt(4096);
            file.seek(at);
            int was = file.read();
            file.seek(at);
            file.write(was ^ 1 << volume.random().nextInt(8));
        }
        assertThat(volume.quoin("explain", NAME, block)).contains("damaged");
        volume.killMaybe();
        volume.readWhatIsDamaged();
        if (volume.layout() == Layout.RAID1) {
            volume.quoin("scrub", "start", NAME, "--wait"); // the other copy may have been read
        }
        Workbench.await(
                "block " + block + " is rewritten",
                LiveVolume.PATIENCE,
                () -> !volume.explain(block).toString().contains("damaged"));
        assertThat(volume.explain(block).getString("verdict")).startsWith("reads from slot ");
    }

    private static void adopt(LiveVolume volume) throws Exception {
        Path spare = volume.blank();
        volume.quoin("spare", "add", spare, "--for", NAME);
        assertThat(volume.quoin("spare", "drill", spare)).contains("ok");
        volume.quoin("member", "fail", NAME, volume.anySlot(), "--yes");
        volume.killMaybe();
        volume.awaitMember(spare);
    }

    private static void rebuild(LiveVolume volume) throws Exception {
        int slot = volume.anySlot();
        Path target = volume.fresh();
        volume.slow();
        volume.quoin("member", "fail", NAME, slot, "--yes");
        volume.killMaybe();
        volume.quoin("member", "replace", NAME, slot, target, "--make");
        volume.quoin("rebuild", "pause", NAME);
        volume.awaitJob("rebuild", "paused");
        assertThat(volume.status().getString("state")).isEqualTo("degraded");
        volume.killMaybe();
        volume.quoin("rebuild", "resume", NAME);
        volume.fast();
        volume.killMaybe();
        volume.awaitMember(target);
    }

    private static void takeBack(LiveVolume volume) throws Exception {
        int slot = volume.anySlot();
        Path path = volume.member(slot);
        volume.quoin("member", "fail", NAME, slot, "--yes");
        long before = volume.orders();
        Workbench.await(
                "orders without slot " + slot,
                LiveVolume.PATIENCE,
                () -> volume.orders() > before + 10);
        volume.killMaybe();
        volume.quoin("member", "return", NAME, slot);
        volume.killMaybe();
        volume.awaitMember(path);
    }

    /// Copies a member to a file whose server is stopped for a while then, and on to another one.
    private static void stall(LiveVolume volume) throws Exception {
        int slot = volume.anySlot();
        Path shown = volume.fresh();
        Process server = volume.bench().showBySocket(shown, volume.blank(), List.of(), List.of());
        copy(volume, slot, shown);
        volume.bench().run("kill", "-STOP", server.pid());
        if (volume.layout() == Layout.RAID5) {
            // The others hold the journal's copies meanwhile.
            long before = volume.orders();
            Workbench.await("orders meanwhile", STALL, () -> volume.orders() > before + 50);
            assertThat(volume.status().getString("state")).as("not dropped").isEqualTo("optimal");
        } else {
            Thread.sleep(500 + volume.random().nextInt(1500));
        }
        volume.bench().run("kill", "-CONT", server.pid());
        copy(volume, slot, volume.fresh());
    }

    private static void copy(LiveVolume volume, int slot, Path target) throws Exception {
        volume.quoin(
                "member", "replace", NAME, slot, target, Files.exists(target) ? "--yes" : "--make");
        while (volume.killMaybe() && !volume.member(slot).equals(target)) {
            // A copy does not outlive its daemon.
            volume.quoin("member", "replace", NAME, slot, target, "--force", "--yes");
        }
        volume.awaitMember(target);
    }

    private static void reshape(LiveVolume volume) throws Exception {
        volume.slow();
        startReshape(volume, volume.layout().wider(), "--add", volume.fresh(), "--make");
        volume.quoin("reshape", "pause", NAME);
        volume.awaitJob("reshape", "paused");
        volume.killMaybe();
        volume.quoin("reshape", "resume", NAME);
        volume.fast();
        volume.killMaybe();
        volume.awaitQuiet("the wider shape");
        assertThat(volume.status().getArray("members")).hasSize(volume.layout().memberCount() + 1);
        startReshape(volume, volume.layout().narrower(), "--remove", 1);
        volume.killMaybe();
        volume.awaitQuiet("the former shape");
    }

    /// Begins to make it wider, and thinks better of it.
    private static void turnBack(LiveVolume volume) throws Exception {
        volume.slow();
        startReshape(volume, List.of(), "--add", volume.fresh(), "--make");
        volume.killMaybe();
        volume.quoin("reshape", "back", NAME);
        volume.fast();
        volume.killMaybe();
        volume.awaitQuiet("the former shape");
    }

    private static void changeUnit(LiveVolume volume) throws Exception {
        long next = volume.status().getLong("unitBytes") == 16 << 10 ? 64 << 10 : 16 << 10;
        startReshape(volume, List.of(), "--unit", next);
        volume.killMaybe();
        volume.awaitQuiet("the other unit");
        assertThat(volume.status().getLong("unitBytes")).isEqualTo(next);
    }

    private static void startReshape(LiveVolume volume, List<String> level, Object... more)
            throws IOException {
        List<Object> command = new ArrayList<>(List.of("reshape", "start", NAME));
        command.addAll(level);
        command.addAll(List.of(more));
        command.add("--yes");
        volume.quoin(command.toArray());
    }

    private static void grow(LiveVolume volume) throws Exception {
        long before = volume.status().getLong("sizeBytes");
        volume.quoin("grow", NAME, "--member-size", volume.moreMemberBytes(), "--yes");
        volume.killMaybe();
        assertThat(volume.status().getLong("sizeBytes")).isGreaterThan(before);
    }
}
