package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.quoin.cli.TormentedVolume.Layout;
import io.quoin.cli.demo.NbdClient;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/// The built daemon, killed again and again amid the work of clients that remember everything outside it,
/// loses nothing that it acknowledged and returns nothing wrong, whatever happens to as many members as the
/// volume can spare.
///
/// A cycle: clients work; something may happen meanwhile (the process stands still, a member is dropped,
/// truncated, has no space left, answers nothing for a while or errors only, a scrub or a rebuild begins); SIGKILL at any instant; something may
/// happen to members while the daemon is down (taken away, brought back stale, truncated, rolled back to an
/// older image, bits flipped); the daemon may be killed while it recovers, up to three times; then it is
/// served again, which is timed, and every sector is held against the model. Every tenth cycle takes a
/// member away.
///
/// `-Dquoin.cycles=500` for more of them, `-Dquoin.seed=S` for the same plan again; when things happen is
/// up to the machine, so the same plan is not the same history.
@Timeout(value = 24 * 3600)
class KillCyclesIT {
    private static final int CYCLES = Integer.getInteger("quoin.cycles", 8);
    private static final int CLIENTS = 6;
    private static final int SECTORS = (24 << 20) / SectorModel.SECTOR_BYTES;

    /// Standing still for longer is for runs that take their time.
    private static final int LONGEST_PAUSE_MILLIS = CYCLES >= 100 ? 30_000 : 1_500;

    private final long seed = Long.getLong("quoin.seed", System.nanoTime() & 0xffffff);
    private final TreeMap<String, Integer> happened = new TreeMap<>();
    private final List<Double> readyMillis = new ArrayList<>();
    private int kills;
    private int membersTaken;
    private long acknowledged;
    private long reads;

    @Test
    void nothingAcknowledgedIsLostAndNothingWrongIsRead() throws Exception {
        System.out.printf("KillCyclesIT: seed %d, %d cycles%n", seed, CYCLES);
        int lifeCycles = Math.clamp((CYCLES + 3) / Layout.ALL.size(), 1, 25);
        int cycle = 0;
        for (int life = 0; cycle < CYCLES; life++) {
            int end = Math.min(CYCLES, cycle + lifeCycles);
            try (Workbench bench = new Workbench()) {
                new Life(bench, life).live(cycle, end);
            }
            cycle = end;
        }
        Double[] sorted = readyMillis.toArray(new Double[0]);
        Arrays.sort(sorted);
        System.out.printf(
                "KillCyclesIT: %d cycles, %d kills, %d members taken away, %d changes acknowledged,"
                        + " %d reads checked under load, 0 lost, 0 wrong%n",
                CYCLES, kills, membersTaken, acknowledged, reads);
        System.out.printf(
                "KillCyclesIT: ready after ms: least %.0f, median %.0f, p90 %.0f, p99 %.0f, most %.0f%n",
                sorted[0],
                sorted[sorted.length / 2],
                sorted[sorted.length * 9 / 10],
                sorted[sorted.length * 99 / 100],
                sorted[sorted.length - 1]);
        System.out.println("KillCyclesIT: " + happened);
        assertThat(acknowledged).isPositive();
    }

    /// One volume from its creation to the end of its cycles.
    private final class Life {
        private final TormentedVolume volume;
        private final SectorModel model;
        private final int number;

        Life(Workbench bench, int number) throws Exception {
            this.number = number;
            SplittableRandom random = new SplittableRandom(seed ^ (long) number << 32);
            Layout layout = Layout.ALL.get((number + (int) (seed % 4)) % Layout.ALL.size());
            volume = new TormentedVolume(bench, number, layout);
            int special = random.nextInt(layout.members());
            if (number % 2 == 0) {
                volume.makeSmall(special);
            } else {
                volume.makeBreakable(special);
            }
            model = new SectorModel(random.nextLong(), SECTORS);
            volume.create();
        }

        void live(int from, int to) throws Exception {
            volume.serve();
            for (int cycle = from; cycle < to; cycle++) {
                StringBuilder story = new StringBuilder();
                try {
                    cycle(cycle, new SplittableRandom(seed * 1_000_003 + cycle), story);
                } catch (Exception | AssertionError e) {
                    System.out.printf("KillCyclesIT: cycle %d:%s%n", cycle, story);
                    throw new AssertionError(
                            "seed "
                                    + seed
                                    + ", cycle "
                                    + cycle
                                    + " ("
                                    + volume.layout
                                    + "):"
                                    + story
                                    + ": "
                                    + e.getMessage()
                                    + "\n"
                                    + volume.said(),
                            e);
                }
                System.out.printf(
                        "KillCyclesIT: cycle %d, %s:%s%n", cycle, volume.layout.level(), story);
            }
            acknowledged += model.acknowledgedChanges();
            volume.heal();
            verify();
            volume.stop();
            volume.serve();
            verify();
            volume.stop();
            volume.delete();
        }

        private void cycle(int cycle, SplittableRandom random, StringBuilder story)
                throws Exception {
            boolean takesMember = cycle % 10 == 9;
            if (takesMember && !volume.maySpareOneMore()) {
                volume.heal();
            }
            VerifyingLoad load = new VerifyingLoad(model, volume.socket(), TormentedVolume.NAME);
            load.start(CLIENTS, random.split());
            Thread.sleep(random.nextInt(700));
            story.append(' ').append(meanwhile(random.split(), takesMember));
            Thread.sleep(50 + random.nextInt(1000));
            volume.kill();
            kills++;
            load.join();
            reads += load.reads();
            story.append("; killed after ").append(load.answered()).append(" answers");
            assertThat(load.wrong()).isEmpty();

            story.append("; ").append(whileDown(random.split(), takesMember));
            SplittableRandom recovery = random.split();
            for (int again = recovery.nextInt(3) == 0 ? 1 + recovery.nextInt(3) : 0;
                    again > 0;
                    again--) {
                volume.launch();
                int millis = 100 + recovery.nextInt(1400);
                Thread.sleep(millis);
                volume.kill();
                kills++;
                count("killed while recovering");
                story.append("; killed again after ").append(millis).append(" ms");
            }
            double ready = volume.serve();
            readyMillis.add(ready);
            story.append("; ready after ").append(Math.round(ready)).append(" ms");
            verify();
            repair(random.split(), story);
        }

        /// What happens while clients work.
        private String meanwhile(SplittableRandom random, boolean takesMember) throws Exception {
            int draw = random.nextInt(12);
            int pick = random.nextInt(100);
            // The tenth cycle keeps its redundancy for what it takes away.
            List<Integer> slots = takesMember ? List.of() : volume.harmable();
            int slot = slots.isEmpty() ? -1 : slots.get(pick % slots.size());
            if (draw == 0) {
                int most = random.nextInt(4) == 0 ? LONGEST_PAUSE_MILLIS : 1000;
                int millis = 100 + random.nextInt(most);
                volume.pause(millis);
                return count("stood still") + " for " + millis + " ms";
            }
            if (draw == 1 && slot >= 0) {
                volume.fail(slot);
                return count("dropped a member") + ", " + slot;
            }
            if (draw == 2) {
                volume.startScrub();
                return count("began a scrub");
            }
            if (draw <= 5) {
                int replaced = volume.replaceOne();
                return replaced < 0
                        ? "nothing to rebuild"
                        : count("began a rebuild") + " of slot " + replaced;
            }
            if (draw == 6 && slot >= 0) {
                return count("truncated while served") + ": " + volume.truncate(slot, random);
            }
            if (draw <= 8 && slots.contains(volume.smallSlot())) {
                return count("disk full") + ": " + volume.fillDisk(volume.smallSlot());
            }
            int breakable = volume.breakableSlot();
            if (draw <= 8 && breakable >= 0 && !takesMember && volume.maySpareOneMore()) {
                return count("I/O errors") + ": " + volume.breakDown(breakable);
            }
            if (draw == 9 && breakable >= 0) {
                int millis = 100 + random.nextInt(3000);
                volume.stall(millis);
                return count("a member did not answer") + " for " + millis + " ms";
            }
            if (draw == 9 && slot >= 0) {
                membersTaken++;
                return count("taken away while served") + ": " + volume.remove(slot, true);
            }
            return "nothing happened";
        }

        /// What happens to members while the daemon is down.
        private String whileDown(SplittableRandom random, boolean takesMember) throws Exception {
            List<Integer> slots = volume.harmable();
            int pick = random.nextInt(100);
            int draw = random.nextInt(10);
            if (slots.isEmpty()) {
                return draw < 5 ? "redundancy is used up" : volume.bringBack();
            }
            int slot = slots.get(pick % slots.size());
            if (takesMember || draw == 0) {
                membersTaken++;
                return count("taken away") + ": " + volume.remove(slot, random.nextBoolean());
            }
            return switch (draw) {
                case 1, 2 -> {
                    StringBuilder said = new StringBuilder(count("bits flipped"));
                    for (int each : slots) {
                        if (volume.harmable().contains(each)) {
                            said.append(", ").append(volume.flip(each, random));
                        }
                    }
                    yield said.toString();
                }
                case 3 -> {
                    volume.keepImage(slot);
                    yield "kept an image of member " + slot;
                }
                case 4, 5 -> count("rolled back") + ": " + rollBackAny(slots);
                case 6 -> count("truncated") + ": " + volume.truncate(slot, random);
                case 7 -> count("brought back") + ":" + volume.bringBack();
                default -> "members left alone";
            };
        }

        private String rollBackAny(List<Integer> slots) throws IOException {
            String said = "no older image";
            for (int slot : slots) {
                said = volume.rollBack(slot);
                if (said.startsWith("rolled")) {
                    return said;
                }
            }
            return said;
        }

        private void repair(SplittableRandom random, StringBuilder story) throws Exception {
            if (!volume.isWhole() && (volume.harmable().isEmpty() || random.nextInt(3) == 0)) {
                // Sometimes the next kill comes amid the rebuild.
                if (random.nextInt(3) == 0) {
                    volume.replaceOne();
                    story.append("; rebuilding");
                } else {
                    volume.heal();
                    story.append("; ").append(count("healed"));
                }
            }
        }

        private void verify() throws IOException {
            try (NbdClient client = NbdClient.connect(volume.socket(), TormentedVolume.NAME)) {
                List<String> wrong =
                        model.settle((first, target) ->
                                client.read((long) first * SectorModel.SECTOR_BYTES, target));
                assertThat(wrong).as("life %d, after recovery", number).isEmpty();
            }
        }
    }

    private String count(String what) {
        happened.merge(what, 1, Integer::sum);
        return what;
    }
}
