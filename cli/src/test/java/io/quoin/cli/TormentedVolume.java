package io.quoin.cli;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.cli.demo.NbdClient;
import io.quoin.daemon.control.api.ControlClient;
import io.quoin.daemon.control.api.ControlException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;

/// A volume of member files, its daemon as a process of its own, and what can be done to both. It keeps
/// count of the slots that were harmed since the volume was last whole, so that never more than its
/// redundancy are.
final class TormentedVolume {
    static final String NAME = "tormented";

    private static final Path DIST = Path.of(System.getProperty("quoin.dist"));
    private static final long MEMBER_BYTES = 192L << 20;
    private static final Duration PATIENCE = Duration.ofSeconds(120);

    /// How members are laid out.
    ///
    /// @param level level, as `quoin create` takes it
    /// @param members how many
    /// @param redundancy how many of them may be lost
    record Layout(String level, int members, int redundancy) {
        static final List<Layout> ALL =
                List.of(
                        new Layout("raid1", 2, 1),
                        new Layout("raid5", 3, 1),
                        new Layout("raid6", 4, 2),
                        new Layout("3+3", 6, 3));
    }

    private final Workbench bench;
    private final Path folder;
    final Layout layout;
    private final Path[] paths;
    private final TreeSet<Integer> harmed = new TreeSet<>();
    private final Map<Integer, Path> olderImages = new HashMap<>();
    private final Map<Integer, Path> takenAway = new HashMap<>();
    private boolean mustScrub;
    private int madeMembers;
    private int starts;
    private Path output;
    private Process daemon;
    private Path small;
    private Path breakable;
    private Process nbdkit;

    TormentedVolume(Workbench bench, int life, Layout layout) throws IOException {
        this.bench = bench;
        this.layout = layout;
        folder = Files.createDirectory(bench.folder.resolve("life" + life));
        paths = new Path[layout.members];
        for (int slot = 0; slot < paths.length; slot++) {
            paths[slot] = folder.resolve("m" + slot);
        }
    }

    /// Puts a slot's member, to be made, on a small file system of its own.
    void makeSmall(int slot) throws IOException {
        small = Files.createDirectory(folder.resolve("small"));
        bench.run("mount", "-t", "tmpfs", "-o", "size=160M", "tmpfs", small);
        Path mount = small;
        bench.undo(() -> bench.run("umount", mount));
        paths[slot] = small.resolve("m" + slot);
    }

    /// Puts a slot's member, to be made, behind a server that can be told to fail: a file that nbdfuse
    /// shows, of nbdkit's error filter.
    void makeBreakable(int slot) throws IOException, InterruptedException {
        Path backing = Files.createFile(folder.resolve("backing"));
        try (RandomAccessFile file = new RandomAccessFile(backing.toFile(), "rw")) {
            file.setLength(MEMBER_BYTES);
        }
        breakable = folder.resolve("breakable");
        nbdkit =
                bench.showBySocket(
                        breakable,
                        backing,
                        List.of("--filter=error"),
                        List.of(
                                "error=EIO",
                                "error-rate=100%",
                                "error-file=" + folder.resolve("fail")));
        paths[slot] = breakable;
    }

    /// {@return the slot whose member can be told to fail and was not yet, -1 when none can}
    int breakableSlot() {
        return breakable == null ? -1 : List.of(paths).indexOf(breakable);
    }

    /// Lets every operation on the breakable member fail from now on.
    String breakDown(int slot) throws IOException {
        harmed.add(slot);
        Files.writeString(folder.resolve("fail"), "");
        return "every operation on member " + slot + " fails";
    }

    /// Lets the breakable member not answer for a while.
    void stall(long millis) throws IOException, InterruptedException {
        bench.run("kill", "-STOP", nbdkit.pid());
        try {
            Thread.sleep(millis);
        } finally {
            bench.run("kill", "-CONT", nbdkit.pid());
        }
    }

    void create() throws IOException {
        List<Object> command =
                new ArrayList<>(
                        List.of(
                                "create",
                                NAME,
                                "--level",
                                layout.level,
                                "--size",
                                MEMBER_BYTES >> 20 << 20,
                                "--state",
                                folder.resolve("state"),
                                "--yes"));
        command.addAll(List.of(paths));
        bench.quoin(command.toArray());
    }

    Path socket() {
        return folder.resolve("nbd.sock");
    }

    private Path control() {
        return folder.resolve("control.sock");
    }

    /// Starts the daemon; it recovers.
    void launch() throws IOException {
        output = folder.resolve("quoind-" + ++starts + ".out");
        daemon =
                bench.start(
                        output,
                        List.of(
                                DIST.resolve("bin/quoind"),
                                "--json",
                                "--state=" + folder.resolve("state"),
                                "--control=" + control(),
                                "--socket=" + socket()));
    }

    /// Starts the daemon and waits until it serves the volume.
    ///
    /// @return milliseconds from its launch until it said so and had answered a client
    double serve() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        launch();
        while (!said().contains("{\"ready\":true")) {
            if (!daemon.isAlive() || System.nanoTime() - begin > PATIENCE.toNanos()) {
                throw new AssertionError("the daemon is not ready: " + said());
            }
            Thread.sleep(5);
        }
        try (NbdClient client = NbdClient.connect(socket(), NAME)) {
            client.read(0, java.nio.ByteBuffer.allocate(SectorModel.SECTOR_BYTES));
        } catch (IOException e) {
            throw new AssertionError("the volume is not served: " + e + "; " + said(), e);
        }
        return (System.nanoTime() - begin) / 1e6;
    }

    /// {@return what the daemon has said since its last launch}
    String said() throws IOException {
        return output == null ? "" : Files.readString(output);
    }

    /// kill -9, at whatever it is doing.
    void kill() throws InterruptedException {
        Workbench.kill(daemon);
    }

    /// Stops the process for a while, as a debugger or a paused machine does.
    void pause(long millis) throws IOException, InterruptedException {
        bench.run("kill", "-STOP", daemon.pid());
        try {
            Thread.sleep(millis);
        } finally {
            bench.run("kill", "-CONT", daemon.pid());
        }
    }

    /// Ends it in order.
    ///
    /// @return milliseconds it took
    double stop() throws IOException, InterruptedException {
        long begin = System.nanoTime();
        daemon.destroy();
        if (!daemon.waitFor(60, TimeUnit.SECONDS) || daemon.exitValue() != 0) {
            throw new AssertionError("the daemon did not stop in order: " + said());
        }
        return (System.nanoTime() - begin) / 1e6;
    }

    private JsonObject call(JsonObject request) throws IOException, ControlException {
        try (ControlClient client = ControlClient.connect(control())) {
            return client.call(request, TimeUnit.SECONDS.toMillis(60));
        }
    }

    private static JsonObject request(String command) {
        JsonObject request = ControlClient.request(command);
        request.put("volume", NAME);
        return request;
    }

    JsonObject status() throws IOException {
        try {
            return call(request("status")).getObject("volume");
        } catch (ControlException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private static String state(JsonObject status, int slot) {
        return status.getArray("members").getObject(slot).getString("state");
    }

    /// {@return the slots with a file of ours that may still be harmed, those not harmed yet}
    List<Integer> harmable() {
        List<Integer> slots = new ArrayList<>();
        for (int slot = 0; slot < paths.length && maySpareOneMore(); slot++) {
            if (!harmed.contains(slot) && !paths[slot].equals(breakable)) {
                slots.add(slot);
            }
        }
        return slots;
    }

    boolean maySpareOneMore() {
        return harmed.size() < layout.redundancy;
    }

    boolean isWhole() {
        return harmed.isEmpty();
    }

    /// Drops a member on the operator's word.
    void fail(int slot) throws IOException, ControlException {
        harmed.add(slot);
        JsonObject request = request("member.fail");
        request.put("slot", slot);
        call(request);
    }

    /// Starts a scrub, unless one is under way.
    void startScrub() throws IOException {
        try {
            call(request("scrub.start"));
        } catch (ControlException e) {
            if (!e.getMessage().contains("is running already")) {
                throw new IOException(e.getMessage(), e);
            }
        }
    }

    /// Puts a blank member in the first slot that needs one.
    ///
    /// @return the slot, -1 when none needs one or a rebuild is under way
    int replaceOne() throws IOException, InterruptedException {
        JsonObject status = status();
        for (int slot = 0; slot < paths.length; slot++) {
            if (state(status, slot).equals("rebuilding")) {
                return -1;
            }
        }
        for (int slot = 0; slot < paths.length; slot++) {
            if (!state(status, slot).equals("in sync")) {
                Path old = paths[slot];
                paths[slot] = folder.resolve("m" + slot + "-" + ++madeMembers);
                JsonObject request = request("member.replace");
                request.put("slot", slot);
                request.put("path", paths[slot].toString());
                request.put("make", true);
                long begin = System.nanoTime();
                while (!isReplaced(request)) {
                    if (System.nanoTime() - begin > PATIENCE.toNanos()) {
                        throw new AssertionError("slot " + slot + " cannot be replaced");
                    }
                    Thread.sleep(50);
                }
                if (!old.equals(breakable)) {
                    Files.deleteIfExists(old);
                }
                olderImages.remove(slot);
                takenAway.remove(slot);
                return slot;
            }
        }
        return -1;
    }

    private boolean isReplaced(JsonObject request) throws IOException {
        try {
            call(request);
            return true;
        } catch (ControlException e) {
            if (e.getMessage().contains("try again")) {
                return false;
            }
            throw new IOException(e.getMessage(), e);
        }
    }

    /// Replaces and rebuilds whatever is not in sync, and scrubs if something was damaged, until the volume
    /// is whole again.
    void heal() throws IOException, InterruptedException {
        Duration patience = PATIENCE.multipliedBy(2);
        long begin = System.nanoTime();
        if (small != null) {
            Files.deleteIfExists(ballast()); // its member may not have run into it yet
        }
        while (!status().getString("state").equals("optimal")) {
            if (System.nanoTime() - begin > patience.toNanos()) {
                throw new AssertionError("not healed: " + status() + said());
            }
            if (replaceOne() < 0) {
                Thread.sleep(50);
            }
        }
        // One that goes on since before the damage may have passed it.
        for (int scrubs = isScrubbing() ? 0 : 1; mustScrub && scrubs < 2; scrubs++) {
            if (!isScrubbing()) {
                startScrub();
            }
            while (isScrubbing()) {
                if (System.nanoTime() - begin > patience.toNanos()) {
                    throw new AssertionError("not scrubbed: " + status() + said());
                }
                Thread.sleep(50);
            }
            checkScrub();
        }
        mustScrub = false;
        harmed.clear();
    }

    private JsonObject scrub() throws IOException {
        JsonArray jobs = status().getArray("jobs");
        for (Object each : jobs) {
            if (each instanceof JsonObject job && job.getString("kind").equals("scrub")) {
                return job;
            }
        }
        return new JsonObject();
    }

    private boolean isScrubbing() throws IOException {
        return "running".equals(scrub().getString("state"));
    }

    private void checkScrub() throws IOException {
        JsonObject scrub = scrub();
        if (!"done".equals(scrub.getString("state"))
                || scrub.getLong("lost") != 0
                || scrub.getLong("suspect") != 0) {
            throw new AssertionError("within its redundancy a scrub found " + scrub + said());
        }
    }

    /// Takes a member away: deleted, or put aside. The daemon, if it runs, still has it open.
    String remove(int slot, boolean forGood) throws IOException {
        harmed.add(slot);
        if (forGood || paths[slot].startsWith(folder.resolve("small"))) {
            Files.delete(paths[slot]);
            return "deleted member " + slot;
        }
        Path aside = folder.resolve("aside" + slot);
        Files.move(paths[slot], aside, StandardCopyOption.REPLACE_EXISTING);
        takenAway.put(slot, aside);
        return "took member " + slot + " away";
    }

    /// Puts members back that were taken away; they are stale now if the volume was served meanwhile.
    String bringBack() throws IOException {
        StringBuilder said = new StringBuilder();
        for (Map.Entry<Integer, Path> each : takenAway.entrySet()) {
            if (!Files.exists(paths[each.getKey()])) {
                Files.move(each.getValue(), paths[each.getKey()]);
                said.append(" brought member ").append(each.getKey()).append(" back");
            }
        }
        takenAway.clear();
        return said.toString();
    }

    /// Cuts a member's end off. A daemon that has it open makes it as long again with its next superblock, with
    /// zeros in between, and then only its blocks' guards tell.
    String truncate(int slot, SplittableRandom random) throws IOException {
        harmed.add(slot);
        mustScrub = true;
        try (RandomAccessFile file = new RandomAccessFile(paths[slot].toFile(), "rw")) {
            long bytes = random.nextLong(MEMBER_BYTES) / 4096 * 4096;
            file.setLength(bytes);
            return "truncated member " + slot + " to " + bytes;
        }
    }

    /// Flips bits where a member holds something.
    String flip(int slot, SplittableRandom random) throws IOException {
        harmed.add(slot);
        mustScrub = true;
        int flips = 1 + random.nextInt(200);
        int done = 0;
        try (RandomAccessFile file = new RandomAccessFile(paths[slot].toFile(), "rw")) {
            byte[] block = new byte[4096];
            for (int tries = 0; tries < 4000 && done < flips; tries++) {
                long at = random.nextLong(file.length() / 4096) * 4096;
                file.seek(at);
                file.readFully(block);
                int place = random.nextInt(4096);
                if (isZero(block)) {
                    continue;
                }
                file.seek(at + place);
                file.write(block[place] ^ 1 << random.nextInt(8));
                done++;
            }
        }
        return "flipped " + done + " bits of member " + slot;
    }

    private static boolean isZero(byte[] block) {
        for (byte b : block) {
            if (b != 0) {
                return false;
            }
        }
        return true;
    }

    /// Keeps a copy of a member as it is now, while the daemon is down.
    void keepImage(int slot) throws IOException {
        Path image = folder.resolve("older" + slot);
        bench.run("cp", "--sparse=always", paths[slot], image);
        olderImages.put(slot, image);
    }

    /// Puts a member back to the kept copy, if there is one.
    String rollBack(int slot) throws IOException {
        Path image = olderImages.remove(slot);
        if (image == null || !Files.exists(paths[slot])) {
            return "no older image of member " + slot;
        }
        harmed.add(slot);
        mustScrub = true;
        Files.delete(paths[slot]);
        bench.run("cp", "--sparse=always", image, paths[slot]);
        Files.delete(image);
        return "rolled member " + slot + " back";
    }

    /// {@return the slot whose member lies on the small file system, -1 when none does}
    int smallSlot() {
        for (int slot = 0; slot < paths.length; slot++) {
            if (small != null && paths[slot].startsWith(small) && Files.exists(paths[slot])) {
                return slot;
            }
        }
        return -1;
    }

    private Path ballast() {
        return small.resolve("ballast");
    }

    /// Fills the small file system.
    String fillDisk(int slot) throws IOException {
        harmed.add(slot);
        bench.attempt("dd", "if=/dev/zero", "of=" + ballast(), "bs=1M");
        return "filled the disk of member " + slot;
    }

    /// Deletes what is on disk; the daemon is down.
    void delete() throws IOException {
        for (Path path : paths) {
            if (!path.equals(breakable)) {
                Files.deleteIfExists(path);
            }
        }
        for (Path path : olderImages.values()) {
            Files.deleteIfExists(path);
        }
        for (Path path : takenAway.values()) {
            Files.deleteIfExists(path);
        }
    }
}
