package io.quoin.cli.hostile;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/// Hostile clients against the living daemon, and a good one among them.
///
/// Goal: whatever clients do, the daemon lives, answers others within two seconds and rightly, stays
/// within its memory, leaks no descriptor, and logs no exception. Method: sessions from a seed, by
/// threads that play one after the other over the Unix socket and TCP, in a crowd of 1,000 idle, 200
/// slow and 8 non-reading clients; a good client on another export, measured; the process watched from
/// outside four times a second.
final class HostileRun {
    private static final long MIB = 1 << 20;
    private static final long STALL_NANOS = TimeUnit.SECONDS.toNanos(2);
    private static final long STOP_NANOS = TimeUnit.SECONDS.toNanos(5);

    /// An answer is eight hand-offs between threads and processes; each may meet what the canary's one did.
    private static final int HAND_OFFS = 8;

    /// Heap 512 MiB, buffers of two volumes 128 MiB, the JVM itself 300 MiB, and half a MiB for each
    /// connection of the crowd: two threads and two buffers.
    private static final long BUDGET_BYTES = (512 + 128 + 300 + 610) * MIB;

    private static final int IDLE = 1000;
    private static final int SLOW = 200;
    private static final int NON_READERS = 8;
    private static final long LOOK_MILLIS = 250;
    private static final int QUIET_LOOKS = 12;

    /// What a run is to do.
    ///
    /// @param dist the distribution
    /// @param seed of the sessions
    /// @param first number of the first session
    /// @param sessions how many, at most
    /// @param seconds how long, at most
    /// @param workers threads that play them
    /// @param hasCrowd whether there is a crowd around them
    record Plan(
            Path dist,
            long seed,
            long first,
            long sessions,
            long seconds,
            int workers,
            boolean hasCrowd) {}

    /// What came of it.
    ///
    /// @param played sessions
    /// @param seconds how long they took
    /// @param answers of the daemon to the good client
    /// @param worstMillis the longest of them
    /// @param quietMillis the longest before the attack
    /// @param machineMillis the longest that a write of the machine's own took
    /// @param bystanderMillis the longest that a client of the attacked export itself waited
    /// @param mostIdle idle clients that were connected at a time
    /// @param peakBytes most memory of the daemon
    /// @param peakDescriptors most descriptors
    /// @param stopMillis how long the daemon took to stop with 1,000 clients connected
    /// @param findings what was wrong; empty when nothing was
    record Report(
            long played,
            double seconds,
            long answers,
            long worstMillis,
            long quietMillis,
            long machineMillis,
            long bystanderMillis,
            int mostIdle,
            long peakBytes,
            long peakDescriptors,
            long stopMillis,
            List<String> findings) {
        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "%d sessions in %.1f s (%.0f/s), good client: %d answers, worst %d ms (before"
                            + " the attack %d ms, the machine alone %d ms), on the attacked export %d ms; idle clients %d; peak %d MiB, %d descriptors; stopped in %d ms; findings: %s",
                    played,
                    seconds,
                    played / seconds,
                    answers,
                    worstMillis,
                    quietMillis,
                    machineMillis,
                    bystanderMillis,
                    mostIdle,
                    peakBytes / MIB,
                    peakDescriptors,
                    stopMillis,
                    findings.isEmpty() ? "none" : String.join("\n  ", findings));
        }
    }

    private final Plan plan;
    private final AttackedDaemon daemon;
    private final Attack attack;
    private final List<HostileWorker> workers = new ArrayList<>();
    private final List<String> findings = new ArrayList<>();
    private long playedAtLastLook;
    private long worstNanos;
    private long machineNanos;
    private long bystanderNanos;
    private long quietNanos;
    private Path stacks;
    private final long[] machineLooks = new long[20];
    private int machineLook;
    private long peakBytes;
    private long peakDescriptors;
    private int mostIdle;

    private HostileRun(Plan plan, AttackedDaemon daemon) {
        this.plan = plan;
        this.daemon = daemon;
        attack = new Attack(plan.seed, UnixDomainSocketAddress.of(daemon.socket()), daemon.tcp);
    }

    /// Carries a plan out.
    static Report run(Plan plan) throws IOException, InterruptedException {
        try (AttackedDaemon daemon = new AttackedDaemon(plan.dist)) {
            return new HostileRun(plan, daemon).attack();
        }
    }

    private Report attack() throws IOException, InterruptedException {
        daemon.newTrouble();
        long descriptorsBefore = daemon.descriptorCount();
        Canary canary = new Canary(daemon.folder.resolve("canary"));
        Bystander bystander = new Bystander(daemon.socket());
        Crowd crowd = plan.hasCrowd ? new Crowd(attack, IDLE, SLOW, NON_READERS) : null;
        List<Thread> threads = new ArrayList<>();
        GoodClient good = new GoodClient(daemon.socket(), AttackedDaemon.LEDGER, plan.seed);
        double seconds;
        try {
            Thread.ofPlatform().daemon(true).name("canary").start(canary);
            good.start();
            Thread.ofPlatform().daemon(true).name("bystander").start(bystander);
            seconds = play(good, bystander, canary, crowd, threads);
            attack.end();
            bystander.end();
            for (Thread each : threads) {
                each.join();
            }
            expectDescriptorsBack(descriptorsBefore);
        } finally {
            attack.end();
            bystander.end();
            canary.end();
            good.close();
        }
        return end(good, seconds);
    }

    private double play(
            GoodClient good, Bystander bystander, Canary canary, Crowd crowd, List<Thread> threads)
            throws IOException, InterruptedException {
        awaitQuiet(good, bystander);
        if (crowd != null) {
            threads.add(Thread.ofPlatform().daemon(true).name("crowd").start(crowd));
        }
        AtomicLong next = new AtomicLong(plan.first);
        long start = System.nanoTime();
        for (int i = 0; i < plan.workers; i++) {
            HostileWorker worker = new HostileWorker(attack, next, plan.first + plan.sessions);
            workers.add(worker);
            threads.add(Thread.ofPlatform().daemon(true).name("hostile-" + i).start(worker));
        }
        long deadline = start + TimeUnit.SECONDS.toNanos(plan.seconds);
        long printed = start;
        while (attack.playedCount() + attack.refusedCount() < plan.sessions
                && System.nanoTime() - deadline < 0
                && findings.isEmpty()) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            look(good, bystander, canary);
            mostIdle = crowd == null ? 0 : Math.max(mostIdle, crowd.idleCount());
            if (System.nanoTime() - printed > TimeUnit.SECONDS.toNanos(30)) {
                printed = System.nanoTime();
                System.out.println(progress(start, good));
            }
        }
        return (System.nanoTime() - start) / 1e9;
    }

    // How long answers take on this machine now, before anybody attacks.
    private void awaitQuiet(GoodClient good, Bystander bystander) throws InterruptedException {
        for (int i = 0; i < QUIET_LOOKS; i++) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
            long worst = Math.max(good.takeWorstNanos(), bystander.takeWorstNanos());
            quietNanos = Math.max(quietNanos, worst);
        }
    }

    private String progress(long start, GoodClient good) {
        return String.format(
                Locale.ROOT,
                "%.0f s: %d sessions, %d answers, worst %d ms, %d MiB, %d threads, %d descriptors",
                (System.nanoTime() - start) / 1e9,
                attack.playedCount(),
                good.answers(),
                worstNanos / 1_000_000,
                daemon.residentBytes() / MIB,
                daemon.threadCount(),
                daemon.descriptorCount());
    }

    private void look(GoodClient good, Bystander bystander, Canary canary)
            throws IOException, InterruptedException {
        if (!daemon.isAlive()) {
            find("the daemon died: " + lastLines(daemon.log()));
            return;
        }
        if (stacks == null && good.waitingNanos() > STALL_NANOS / 2 + quietNanos) {
            stacks = Path.of(System.getProperty("java.io.tmpdir"), "quoin-hostile-stacks");
            Files.writeString(stacks, daemon.stacks());
        }
        long worst = good.takeWorstNanos();
        long machine = recent(canary.takeWorstNanos());
        worstNanos = Math.max(worstNanos, worst);
        machineNanos = Math.max(machineNanos, machine);
        long beside = bystander.takeWorstNanos();
        bystanderNanos = Math.max(bystanderNanos, beside);
        if (Math.max(worst, beside) > STALL_NANOS + HAND_OFFS * machine + quietNanos) {
            find(
                    "an answer took "
                            + worst / 1_000_000
                            + " ms, one of the attacked export "
                            + beside / 1_000_000
                            + " ms, when the machine took "
                            + machine / 1_000_000
                            + " ms for a write of its own, and answers "
                            + quietNanos / 1_000_000
                            + " ms before the attack"
                            + (stacks == null ? "" : "; what it did meanwhile: " + stacks));
        }
        if (good.failure() != null) {
            find(good.failure());
        }
        long bytes = daemon.residentBytes();
        peakBytes = Math.max(peakBytes, bytes);
        peakDescriptors = Math.max(peakDescriptors, daemon.descriptorCount());
        if (bytes > BUDGET_BYTES) {
            find(
                    "memory: expected at most "
                            + BUDGET_BYTES / MIB
                            + " MiB, was "
                            + bytes / MIB
                            + " MiB");
        }
        for (String line : daemon.newTrouble()) {
            find("the log says: " + line);
        }
        playedAtLastLook = attack.playedCount();
    }

    // What holds the disk up does so for seconds, and meets each writer at another time.
    private long recent(long machine) {
        machineLooks[machineLook++ % machineLooks.length] = machine;
        return Arrays.stream(machineLooks).max().orElse(0);
    }

    private static String lastLines(String log) {
        List<String> lines = log.lines().toList();
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 20), lines.size()));
    }

    private void find(String what) {
        long played = attack.playedCount() - playedAtLastLook + workers.size();
        long highest =
                workers.stream().mapToLong(worker -> worker.current).max().orElse(plan.first);
        long lowest = Math.max(plan.first, highest - played - workers.size());
        findings.add(
                what
                        + "\n    seed "
                        + plan.seed
                        + ", sessions "
                        + lowest
                        + " to "
                        + highest
                        + "; replay: .ci/hostile --seed "
                        + plan.seed
                        + " --from "
                        + lowest
                        + " --sessions "
                        + (highest - lowest + 1));
    }

    // Half of the crowd may just be leaving; ten seconds is the handshake's deadline.
    private void expectDescriptorsBack(long before) throws InterruptedException {
        long most = before + 4;
        for (int i = 0; i < 60 && daemon.isAlive() && daemon.descriptorCount() > most; i++) {
            TimeUnit.MILLISECONDS.sleep(LOOK_MILLIS);
        }
        if (daemon.isAlive() && daemon.descriptorCount() > most) {
            findings.add(
                    "descriptors: expected "
                            + before
                            + " again, were "
                            + daemon.descriptorCount()
                            + " 15 s after the last client had left");
        }
    }

    private Report end(GoodClient good, double seconds) throws IOException, InterruptedException {
        for (String line : daemon.isAlive() ? daemon.newTrouble() : List.<String>of()) {
            find("the log says: " + line);
        }
        if (good.failure() != null && findings.isEmpty()) {
            find(good.failure());
        }
        long stopNanos = stop();
        for (HostileSession.Kind kind : HostileSession.Kind.values()) {
            System.out.println(kind + ": " + attack.count(kind));
        }
        if (attack.refusedCount() > 0) {
            System.out.println("nobody there: " + attack.refusedCount());
        }
        return new Report(
                attack.playedCount(),
                seconds,
                good.answers(),
                Math.max(worstNanos, good.worstNanos()) / 1_000_000,
                quietNanos / 1_000_000,
                machineNanos / 1_000_000,
                bystanderNanos / 1_000_000,
                mostIdle,
                peakBytes,
                peakDescriptors,
                stopNanos / 1_000_000,
                List.copyOf(findings));
    }

    // With as many idle clients as there were in the attack, which know nothing of the end.
    private long stop() throws InterruptedException {
        Attack last = new Attack(plan.seed, attack.unix(), attack.tcp());
        Crowd crowd = new Crowd(last, IDLE, 0, 0);
        Thread thread = Thread.ofPlatform().daemon(true).name("last").start(crowd);
        for (int i = 0; i < 100 && daemon.isAlive() && crowd.idleCount() < IDLE; i++) {
            TimeUnit.MILLISECONDS.sleep(100);
        }
        long stopNanos = daemon.stop();
        last.end();
        thread.join();
        if (findings.isEmpty()
                && (stopNanos < 0 || stopNanos > STOP_NANOS + HAND_OFFS * machineNanos)) {
            findings.add(
                    "stopping with "
                            + IDLE
                            + " clients: expected at most 5 s, was "
                            + (stopNanos < 0 ? "more than 20 s" : stopNanos / 1_000_000 + " ms"));
        }
        return stopNanos;
    }

    /// `HostileRun DIST [--seed S] [--from N] [--sessions N] [--seconds N] [--workers N] [--alone]`; ends
    /// with 1 when something was found.
    public static void main(String[] args) throws Exception {
        long seed = System.nanoTime() & 0xFFFF_FFFFL;
        long first = 0;
        long sessions = 1_000_000;
        long seconds = TimeUnit.DAYS.toSeconds(1);
        int workers = 16;
        boolean hasCrowd = true;
        for (int i = 1; i < args.length; i++) {
            switch (args[i]) {
                case "--seed" -> seed = Long.parseLong(args[++i]);
                case "--from" -> first = Long.parseLong(args[++i]);
                case "--sessions" -> sessions = Long.parseLong(args[++i]);
                case "--seconds" -> seconds = Long.parseLong(args[++i]);
                case "--workers" -> workers = Integer.parseInt(args[++i]);
                case "--alone" -> hasCrowd = false;
                default -> throw new IllegalArgumentException(args[i]);
            }
        }
        System.out.println("seed " + seed);
        Report report =
                run(new Plan(Path.of(args[0]), seed, first, sessions, seconds, workers, hasCrowd));
        System.out.println(report);
        System.exit(report.findings.isEmpty() ? 0 : 1);
    }
}
