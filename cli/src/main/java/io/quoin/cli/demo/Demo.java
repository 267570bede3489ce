package io.quoin.cli.demo;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.daemon.control.api.ControlClient;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;

/// The demo's play, act by act. Each figure is measured: orders by reading every block back, repairs by
/// the daemon's counters and, for what the scrub mends, by a second scrub that finds nothing.
public final class Demo {
    private static final String VOLUME = "orders";
    private static final int MEMBERS = 4;
    private static final int WRITERS = 4;
    private static final long MEMBER_BYTES = 256L << 20;
    private static final int RING_BLOCKS = 12_288;
    private static final int FLIPPED = 200;
    private static final int ROTTEN = 100;
    private static final int SCRUBBED = 100;

    /// One line of the table.
    ///
    /// @param what what was done to the volume
    /// @param injected how often
    /// @param detected found by the volume, -1 where that means nothing
    /// @param repaired put to rights by the volume, -1 where that means nothing
    /// @param lost blocks that did not read back as acknowledged
    public record Line(String what, long injected, long detected, long repaired, long lost) {}

    /// What came of it.
    ///
    /// @param lines the table
    /// @param acknowledged orders acknowledged in all
    /// @param readBack blocks read back and compared in all
    /// @param lost blocks that did not read back as acknowledged, summed
    public record Result(List<Line> lines, long acknowledged, long readBack, long lost) {}

    private final DemoDaemon daemon;
    private final Path folder;
    private final Consumer<String> say;
    private final Random random;
    private final OrderJournal journal;
    private final List<Line> lines = new ArrayList<>();
    private long readBack;
    private long lost;

    private Demo(DemoDaemon daemon, Path folder, long seed, Consumer<String> say) {
        this.daemon = daemon;
        this.folder = folder;
        this.say = say;
        random = new Random(seed);
        journal = new OrderJournal(daemon.nbdSocket(), VOLUME, RING_BLOCKS);
    }

    /// Runs the demo.
    ///
    /// @param quoind the daemon's program
    /// @param folder an empty folder for members, sockets and the log
    /// @param seed where damage falls
    /// @param say told what happens
    /// @return the table
    /// @throws IOException when something stands in the way
    /// @throws InterruptedException when interrupted
    public static Result run(Path quoind, Path folder, long seed, Consumer<String> say)
            throws IOException, InterruptedException {
        Files.createDirectories(folder.resolve("state"));
        try (DemoDaemon daemon = new DemoDaemon(quoind, folder)) {
            return new Demo(daemon, folder, seed, say).play();
        }
    }

    private Result play() throws IOException, InterruptedException {
        daemon.start();
        create();
        killWhileWriting();
        failWhileWriting();
        flipBits();
        rebuild();
        rotAndReadBack();
        rotAndScrub();
        restartInOrder();
        return new Result(lines, journal.acknowledgedOrders(), readBack, lost);
    }

    private Path member(int slot) {
        return folder.resolve("member" + slot);
    }

    private static JsonObject request(String command) {
        JsonObject request = ControlClient.request(command);
        request.put("volume", VOLUME);
        return request;
    }

    private void create() throws IOException {
        JsonObject request = ControlClient.request("create");
        request.put("name", VOLUME);
        request.put("level", "raid5");
        request.put("guard", "crc32c+hamming");
        request.put("sizeBytes", MEMBER_BYTES);
        JsonArray members = new JsonArray();
        for (int slot = 0; slot < MEMBERS; slot++) {
            members.add(member(slot).toString());
        }
        request.put("members", members);
        daemon.call(request);
        say.accept(
                "volume "
                        + VOLUME
                        + ": raid5 of "
                        + MEMBERS
                        + " member files, "
                        + (MEMBER_BYTES >> 20)
                        + " MiB each, guard crc32c+hamming, served over NBD");
    }

    private OrderJournal.ReadBack compare() throws IOException {
        OrderJournal.ReadBack found = journal.readBack();
        readBack += found.read();
        lost += found.bad();
        return found;
    }

    private void killWhileWriting() throws IOException, InterruptedException {
        int kills = 3;
        long bad = 0;
        long before = journal.acknowledgedOrders();
        long slowest = 0;
        for (int i = 0; i < kills; i++) {
            journal.start(WRITERS);
            Thread.sleep(1500 + random.nextInt(1000));
            daemon.kill();
            journal.stop();
            slowest = Math.max(slowest, daemon.start());
            bad += compare().bad();
        }
        say.accept(
                "killed quoind with SIGKILL "
                        + kills
                        + " times while "
                        + WRITERS
                        + " writers had orders in flight; "
                        + (journal.acknowledgedOrders() - before)
                        + " orders acknowledged; serving again after "
                        + slowest
                        + " ms at most");
        lines.add(new Line("kill -9 of the daemon, mid-write", kills, -1, -1, bad));
    }

    private void failWhileWriting() throws IOException, InterruptedException {
        journal.start(WRITERS);
        Thread.sleep(1000);
        JsonObject fail = request("member.fail");
        fail.put("slot", 1);
        fail.put("reason", "the demo pulled it");
        daemon.call(fail);
        long before = journal.acknowledgedOrders();
        Thread.sleep(2000);
        long went = journal.acknowledgedOrders() - before;
        journal.stop();
        JsonObject status = daemon.status(VOLUME);
        boolean isDegraded = "degraded".equals(status.getString("state"));
        OrderJournal.ReadBack found = compare();
        say.accept(
                "failed the member of slot 1 while writing: "
                        + went
                        + " more orders acknowledged, volume "
                        + status.getString("state"));
        lines.add(new Line("member lost while writing", 1, isDegraded ? 1 : 0, -1, found.bad()));
    }

    /// Waits until nothing is dirty, so that what is on the members is what is read.
    private void awaitHome() throws IOException, InterruptedException {
        daemon.await(VOLUME, "dirty blocks to go home", s -> s.getLong("dirtyBlocks") == 0);
    }

    /// {@return what was counted since; what is near damage is mended a moment before it is counted}
    private long counted(String counter, long before, long expected)
            throws IOException, InterruptedException {
        long since = daemon.counter(VOLUME, counter) - before;
        for (int i = 0; i < 200 && since < expected; i++) {
            Thread.sleep(50);
            since = daemon.counter(VOLUME, counter) - before;
        }
        return since;
    }

    private void flipBits() throws IOException, InterruptedException {
        awaitHome();
        long corrected = daemon.counter(VOLUME, "bitsCorrected");
        long repaired = daemon.counter(VOLUME, "blocksRepaired");
        int count;
        try (MemberDamage damage = MemberDamage.open(member(2), random)) {
            List<Integer> blocks = damage.blocksHere(journal, 2);
            count = Math.min(FLIPPED, blocks.size());
            for (int block : blocks.subList(0, count)) {
                damage.flipBit(block);
            }
        }
        OrderJournal.ReadBack found = compare();
        long bits = counted("bitsCorrected", corrected, count);
        long mended = counted("blocksRepaired", repaired, count);
        say.accept(
                "flipped a bit in each of "
                        + count
                        + " blocks on slot 2, no redundancy left: the Hamming code corrected "
                        + bits);
        lines.add(new Line("bits flipped while degraded", count, bits, mended, found.bad()));
    }

    private void rebuild() throws IOException, InterruptedException {
        JsonObject replace = request("member.replace");
        replace.put("slot", 1);
        replace.put("path", folder.resolve("member1-new").toString());
        replace.put("make", true);
        long begin = System.nanoTime();
        journal.start(1);
        daemon.call(replace);
        JsonObject status =
                daemon.await(
                        VOLUME,
                        "the rebuild",
                        s -> {
                            String state = DemoDaemon.job(s, "rebuild").getString("state");
                            // A moment after it is done the new membership is durable.
                            return "optimal".equals(s.getString("state"))
                                    || "failed".equals(state)
                                    || "cancelled".equals(state);
                        });
        journal.stop();
        long millis = (System.nanoTime() - begin) / 1_000_000;
        boolean isOptimal = "optimal".equals(status.getString("state"));
        OrderJournal.ReadBack found = compare();
        say.accept(
                "rebuilt slot 1 onto a new member in "
                        + millis
                        + " ms while orders were written; volume "
                        + status.getString("state"));
        lines.add(
                new Line("member rebuilt onto a new file", 1, -1, isOptimal ? 1 : 0, found.bad()));
    }

    private void rotAndReadBack() throws IOException, InterruptedException {
        awaitHome();
        ByteBuffer old;
        int rolledBack;
        try (MemberDamage damage = MemberDamage.open(member(3), random)) {
            rolledBack = damage.blocksHere(journal, 3).getFirst();
            old = damage.take(rolledBack);
        }
        // Everything is written again, so that what was put aside is an older version.
        long before = journal.acknowledgedOrders();
        journal.start(WRITERS);
        while (journal.acknowledgedOrders() - before < 2L * RING_BLOCKS) {
            Thread.sleep(50);
        }
        journal.stop();
        awaitHome();
        long repaired = daemon.counter(VOLUME, "blocksRepaired");
        long decoded = daemon.counter(VOLUME, "blocksDecoded");
        int rotten;
        try (MemberDamage damage = MemberDamage.open(member(3), random)) {
            List<Integer> blocks = damage.blocksHere(journal, 3);
            blocks.remove(Integer.valueOf(rolledBack));
            rotten = Math.min(ROTTEN, blocks.size() - 2);
            for (int block : blocks.subList(0, rotten)) {
                damage.rot(block);
            }
            damage.misplace(blocks.get(rotten), blocks.get(rotten + 1));
            damage.put(rolledBack, old);
        }
        OrderJournal.ReadBack found = compare();
        long mended = counted("blocksRepaired", repaired, rotten + 2);
        long detected = counted("blocksDecoded", decoded, rotten + 2);
        say.accept(
                "rotted "
                        + rotten
                        + " whole blocks on slot 3, put one where another belongs, rolled one back; read"
                        + " everything back");
        lines.add(
                new Line(
                        "blocks rotten, misplaced, rolled back",
                        rotten + 2,
                        detected,
                        mended,
                        found.bad()));
    }

    private void rotAndScrub() throws IOException, InterruptedException {
        // Near what was read before some of it may be found before the scrub comes there.
        long repaired = daemon.counter(VOLUME, "blocksRepaired");
        int count;
        try (MemberDamage damage = MemberDamage.open(member(0), random)) {
            List<Integer> blocks = damage.blocksHere(journal, 0);
            count = Math.min(SCRUBBED, blocks.size());
            for (int block : blocks.subList(0, count)) {
                damage.rot(block);
            }
        }
        JsonObject first = scrub();
        JsonObject second = scrub();
        OrderJournal.ReadBack found = compare();
        long left = second.getLong("repairedBlocks") + second.getLong("lostBlocks");
        long mended = counted("blocksRepaired", repaired, count);
        say.accept(
                "rotted "
                        + count
                        + " more blocks on slot 0 and scrubbed: "
                        + first.getLong("checkedBlocks")
                        + " blocks checked, "
                        + first.getLong("repairedBlocks")
                        + " repaired; a second scrub found "
                        + left);
        lines.add(
                new Line(
                        "blocks rotten, found by the scrub",
                        count,
                        mended + first.getLong("lostBlocks"),
                        mended - left,
                        found.bad()));
    }

    private JsonObject scrub() throws IOException, InterruptedException {
        long id = daemon.call(request("scrub.start")).getObject("job").getLong("id");
        JsonObject status =
                daemon.await(
                        VOLUME,
                        "the scrub",
                        s -> {
                            JsonObject job = DemoDaemon.job(s, "scrub");
                            return job.getLong("id") == id
                                    && !"running".equals(job.getString("state"));
                        });
        return DemoDaemon.job(status, "scrub");
    }

    private void restartInOrder() throws IOException, InterruptedException {
        daemon.close();
        long millis = daemon.start();
        OrderJournal.ReadBack found = compare();
        say.accept("stopped in order and started again in " + millis + " ms");
        lines.add(new Line("stop and start in order", 1, -1, -1, found.bad()));
    }
}
