package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.grack.nanojson.JsonObject;
import io.quoin.cli.demo.NbdClient;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Members behind stock NBD servers: nbdkit, nbdkit without FUA, qemu-nbd; over Unix sockets and TCP.
class RemoteIT {
    private static final long BYTES = 240L << 20;
    private static final int LOAD_BYTES = 24 << 20;
    private static final int ROUNDS = 4;
    private static final long COUNT_OFFSET = 2 << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    @TempDir Path folder;
    private Installation here;
    private final List<Server> servers = new ArrayList<>();

    @BeforeEach
    void install() {
        here = new Installation(folder);
    }

    @AfterEach
    void remove() throws IOException {
        here.close();
    }

    /// A server with one file, which is started anew after it was ended.
    private final class Server {
        private final Path socket;
        private final String uri;
        private final Object[] command;
        private Process process;

        Server(String export, Object... command) throws Exception {
            int number = servers.size();
            servers.add(this);
            Path file = here.file("far" + number, BYTES);
            socket = here.path("far" + number + ".sock");
            uri = export.contains("://") ? export : "nbd+unix:///" + export + "?socket=" + socket;
            this.command = new Object[command.length];
            for (int i = 0; i < command.length; i++) {
                this.command[i] =
                        command[i].equals("FILE")
                                ? file
                                : command[i].equals("SOCKET") ? socket : command[i];
            }
            start();
        }

        void start() throws Exception {
            Files.deleteIfExists(socket);
            process = here.background(packageOf(command[0]), command);
            Workbench.await(
                    "a server at " + socket, Duration.ofSeconds(20), () -> Files.exists(socket));
        }

        void kill() throws Exception {
            process.destroyForcibly().waitFor();
        }
    }

    private static String packageOf(Object program) {
        return program.equals("nbdkit") ? "nbdkit" : "qemu-utils";
    }

    /// One thread: with more, nbdkit 1.32 ends itself when a client hangs up while several reply (assertion `sock >= 0` in
    /// `raw_send_socket`), as ours does on a server that stood still.
    private Server nbdkit() throws Exception {
        return new Server("", "nbdkit", "-f", "-t", "1", "-U", "SOCKET", "file", "FILE");
    }

    private Server nbdkitByTcp() throws Exception {
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        return new Server(
                "nbd://localhost:" + port + "/",
                "nbdkit",
                "-f",
                "-t",
                "1",
                "-P",
                "SOCKET", // no socket: a file that says that it listens
                "-i",
                "localhost",
                "-p",
                port,
                "file",
                "FILE");
    }

    private Server qemuNbd() throws Exception {
        return new Server(
                "disk%20%251",
                "qemu-nbd",
                "-f",
                "raw",
                "-t",
                "--shared=8",
                "-x",
                "disk %1",
                "-k",
                "SOCKET",
                "FILE");
    }

    private JsonObject member(int slot) throws IOException {
        return here.json("status", "orders").getArray("members").getObject(slot);
    }

    private void awaitState(String state) throws InterruptedException {
        here.awaitStatus("orders", state, status -> status.getString("state").equals(state));
    }

    /// Waits until all is well; the volume may not be served at first.
    private void awaitRepaired() throws InterruptedException {
        Workbench.await("orders is optimal, and no job runs", PATIENCE, this::isRepaired);
    }

    private boolean isRepaired() {
        try {
            Shell.Result result = here.quoin("status", "orders", "--json");
            if (result.exitCode() != 0) {
                return false;
            }
            JsonObject status = Installation.parse(result.out());
            return status.getString("state").equals("optimal")
                    && status.getArray("jobs").stream()
                            .noneMatch(
                                    job -> ((JsonObject) job).getString("state").equals("running"));
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /// Goal: a server's death costs clients nothing, and what it missed is on it soon after it is back; what was acknowledged is there
    /// after the daemon's own. Method: clients that check what they read; a server after the other killed and started again; one that
    /// stands still; the daemon killed; then the scrub of all.
    @Test
    void aServerThatDiesIsMissedByNobodyAndTakenBack() throws Exception {
        List<Server> all = List.of(nbdkit(), qemuNbd(), nbdkitByTcp());
        here.done(
                "create",
                "orders",
                "--level",
                "raid5",
                "--state",
                "@state",
                all.get(0).uri,
                all.get(1).uri,
                all.get(2).uri);
        Files.writeString(
                here.path("quoind.toml"),
                "[engine]\nio-limit-ms = 2000\n[drill]\nevery-days = 0\n");
        Installation.DaemonProcess daemon = here.serve("--config", here.path("quoind.toml"));
        assertThat(member(0).getString("mode")).isEqualTo("NBD, FUA, not fenced");
        assertThat(member(1).getString("path")).startsWith("nbd+unix:///disk%20%251?socket=/");
        assertThat(member(2).getString("path")).startsWith("nbd://localhost:");

        long seed = Long.getLong("quoin.seed", System.nanoTime() & 0xffffff);
        SplittableRandom random = new SplittableRandom(seed);
        System.out.println("RemoteIT: seed " + seed);
        SectorModel model = new SectorModel(seed, LOAD_BYTES / SectorModel.SECTOR_BYTES);
        VerifyingLoad load = new VerifyingLoad(model, here.path("nbd.sock"), "orders");
        load.start(4, random);
        for (int i = 0; i < ROUNDS; i++) {
            Server victim = all.get(i % all.size());
            long before = load.answered();
            victim.kill();
            awaitState("degraded");
            Thread.sleep(random.nextLong(1000));
            victim.start();
            awaitRepaired();
            assertThat(load.answered()).as("answered in round " + i).isGreaterThan(before);
        }
        here.tool("procps", "kill", "-STOP", all.get(0).process.pid());
        awaitState("degraded");
        here.tool("procps", "kill", "-CONT", all.get(0).process.pid());
        awaitRepaired();
        for (int slot = 0; slot < all.size(); slot++) {
            assertThat(member(slot).getLong("repairedBlocks")).as("slot " + slot).isZero();
        }
        daemon.kill();
        load.join();
        assertThat(load.wrong()).as("seed " + seed).isEmpty();

        here.serve("--config", here.path("quoind.toml"));
        try (NbdClient client = NbdClient.connect(here.path("nbd.sock"), "orders")) {
            List<String> wrong =
                    model.settle((first, target) ->
                            client.read((long) first * SectorModel.SECTOR_BYTES, target));
            assertThat(wrong).as("seed " + seed).isEmpty();
        }
        here.done("scrub", "start", "orders", "--wait");
        JsonObject scrub =
                here.json("jobs", "orders").getArray("jobs").stream()
                        .map(JsonObject.class::cast)
                        .filter(job -> job.getString("kind").equals("scrub"))
                        .findFirst()
                        .orElseThrow();
        assertThat(scrub.getLong("repaired") + scrub.getLong("lost") + scrub.getLong("suspect"))
                .isZero();
    }

    /// Goal: the order in which hosts start does not matter, and an operator's word is not undone.
    @Test
    void aServerThatComesLaterIsTakenBackButNotOneThatAnOperatorDropped() throws Exception {
        Server far = nbdkit();
        here.done(
                "create", "orders", "--level", "raid1", "--size", BYTES, "--state", "@state",
                "@near", far.uri);
        here.serve().kill();
        far.kill();
        here.serve();
        awaitState("degraded");
        here.qemuIo("orders", "write -f -P 7 0 1M");
        far.start();
        awaitRepaired();
        assertThat(here.done("jobs", "orders")).contains("back");

        here.done("member", "fail", "orders", "1", "--yes");
        far.kill();
        far.start();
        Thread.sleep(3000);
        assertThat(member(1).getString("state")).isEqualTo("faulty");
        here.stopAll();
        here.serve();
        Thread.sleep(3000);
        assertThat(here.json("status", "orders").getString("state")).isEqualTo("degraded");
        here.done("member", "return", "orders", "1", "--wait");
        awaitRepaired();

        // Away from this host, while it serves; then what is far is all there is.
        String uri = qemuNbd().uri;
        here.done("member", "replace", "orders", "@near", uri, "--wait");
        here.awaitStatus(
                "orders",
                "the copy's end",
                status -> status.getArray("members").getObject(0).getString("path").equals(uri));
        Files.delete(here.path("near"));
        here.qemuIo("orders", "read -P 7 0 1M");
        assertThat(here.done("status", "orders")).contains("survives power loss, kill -9");
    }

    /// Goal: when more is out of reach than can be spared nothing is lost, and the volume is served again without an operator. Method:
    /// two of three servers killed amid writes; then a daemon that starts before any server.
    @Test
    void aVolumeIsServedAgainWhenEnoughServersAnswer() throws Exception {
        List<Server> all = List.of(nbdkit(), qemuNbd(), nbdkit());
        here.done(
                "create",
                "orders",
                "--level",
                "raid5",
                "--state",
                "@state",
                all.get(0).uri,
                all.get(1).uri,
                all.get(2).uri);
        Installation.DaemonProcess daemon = here.serve();
        here.qemuIo("orders", "write -f -P 3 0 8M");
        all.get(0).kill();
        all.get(1).kill();
        Shell.Result write = here.tryQemuIo("orders", "write -f -P 4 0 1M");
        assertThat(write.out() + write.err()).containsIgnoringCase("error");
        all.get(0).start();
        all.get(1).start();
        awaitRepaired();
        here.qemuIo("orders", "read -P 3 1M 7M");
        here.qemuIo("orders", "write -f -P 5 0 1M");
        daemon.kill();

        for (Server each : all) {
            each.kill();
        }
        here.serve();
        here.refused(ExitCode.FAILED.number(), "is not served", "status", "orders");
        for (Server each : all) {
            each.start();
        }
        awaitRepaired();
        here.qemuIo("orders", "read -P 5 0 1M", "read -P 3 1M 7M");
    }

    /// Goal: one volume is not served by two hosts. Method: another daemon, of another state directory, that is given the same exports:
    /// while the first one serves; after that one was killed; and while it stands still, until it goes on.
    @Test
    void aVolumeIsServedByOneHostAtATime() throws Exception {
        List<Server> all = List.of(nbdkit(), nbdkit());
        here.done(
                "create",
                "orders",
                "--level",
                "raid1",
                "--state",
                "@state",
                all.get(0).uri,
                all.get(1).uri);
        Installation.DaemonProcess first = here.serve();
        here.qemuIo("orders", "write -f -P 6 0 1M");

        Path other = Files.createDirectory(here.path("other"));
        try (Installation there = new Installation(other)) {
            there.serve();
            Object[] open = {"open", all.get(0).uri, all.get(1).uri};
            there.refused(ExitCode.FAILED.number(), "at this moment; close the volume there", open);
            Shell.Result forced =
                    there.quoin(
                            "create",
                            "another",
                            "--level",
                            "raid0",
                            "--force",
                            "--yes",
                            all.get(0).uri);
            assertThat(forced.err())
                    .contains("expected a member that nobody serves, found it served by");
            here.qemuIo("orders", "read -P 6 0 1M");

            AtomicLong lastAnswered = new AtomicLong();
            Thread client = Thread.ofPlatform().start(() -> countUntilRefused(lastAnswered));
            while (lastAnswered.get() == 0) {
                Thread.sleep(1);
            }
            here.tool("procps", "kill", "-STOP", first.process().pid());
            there.done(open);
            there.qemuIo("orders", "read -P 6 0 1M", "write -f -P 7 0 1M");
            there.done(
                    "close",
                    "orders"); // the first finds that it was taken, though nobody has it now
            here.tool("procps", "kill", "-CONT", first.process().pid());
            client.join();
            there.done("open", "--name", "orders");
            try (NbdClient late = NbdClient.connect(other.resolve("nbd.sock"), "orders")) {
                ByteBuffer count = ByteBuffer.allocateDirect(Long.BYTES);
                late.read(COUNT_OFFSET, count);
                assertThat(count.flip().getLong())
                        .as("what was answered is there, and one more that was not perhaps")
                        .isBetween(lastAnswered.get(), lastAnswered.get() + 1);
            }
            here.awaitStatus(
                    "orders", "no more", status -> status.getString("state").equals("failed"));
            assertThat(first.log()).contains("serves the volume too; one of the two must not");
            assertThat(here.tryQemuIo("orders", "write -f -P 8 0 1M").out())
                    .containsIgnoringCase("error");
            first.kill();
            there.qemuIo("orders", "read -P 7 0 1M");
            there.done("close", "orders");
        }
        // Let go of in order: nobody waits.
        here.serve();
        here.qemuIo("orders", "read -P 7 0 1M");
    }

    /// Goal: who is told to use a server that cannot be used says why, and leaves nothing behind.
    @Test
    void aServerThatCannotBeAMemberIsRefused() throws Exception {
        Server far = nbdkit();
        Server readOnly = new Server("", "nbdkit", "-r", "-f", "-U", "SOCKET", "file", "FILE");
        Server named = qemuNbd();
        here.serve();
        refused("connection refused", "nbd://127.0.0.1:1/");
        refused("No such file or directory", "nbd+unix:///?socket=" + here.path("nobody"));
        refused("read-only, a member must be writable", readOnly.uri);
        refused(
                "expected a server that answers within 5 seconds",
                "nbd+unix:///?socket=" + here.control());
        refused("has none of that name", named.uri.replace("disk%20%251", "other"));
        refused("given twice", far.uri, far.uri);
        refused("?plaintext=yes accepts", "nbd://192.0.2.1/");
        refused("port: expected 1 to 65535, was 0", "nbd://localhost:0/");
        for (String uri :
                List.of("nbds://localhost/", "http://localhost/", "nbd://", "nbd+unix:///x")) {
            here.refused(
                    ExitCode.USAGE.number(),
                    "expected nbd://HOST[:PORT][/EXPORT] or nbd+unix:///[EXPORT]?socket=PATH, was "
                            + uri,
                    "create",
                    "orders",
                    "--level",
                    "raid0",
                    uri);
        }
        here.done("create", "orders", "--level", "raid0", far.uri);
        refused("in use by volume orders of this daemon", far.uri);
        here.done("examine", far.uri);
        here.done("close", "orders");
        assertThat(here.done("check", "--state", "@state", far.uri)).contains("optimal");
        refused("expected a blank member, found member 0 of volume orders", far.uri);
    }

    /// Counts on the volume until there is an error instead of an answer.
    private void countUntilRefused(AtomicLong lastAnswered) {
        try (NbdClient client = NbdClient.connect(here.path("nbd.sock"), "orders")) {
            ByteBuffer count = ByteBuffer.allocateDirect(4096);
            for (long i = 1; ; i++) {
                client.write(COUNT_OFFSET, count.clear().putLong(0, i));
                lastAnswered.set(i);
            }
        } catch (IOException e) {
            // as it should be
        }
    }

    private void refused(String message, String... uris) throws IOException {
        List<Object> command = new ArrayList<>(List.of("create", "other", "--level", "raid0"));
        command.addAll(List.of(uris));
        Shell.Result result = here.quoin(command.toArray());
        assertThat(result.exitCode()).as(result.out()).isNotZero();
        assertThat(result.err()).containsIgnoringCase(message);
    }
}
