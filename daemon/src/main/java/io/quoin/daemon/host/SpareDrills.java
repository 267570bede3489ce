package io.quoin.daemon.host;

import io.quoin.daemon.config.DrillVerdict;
import io.quoin.daemon.observe.EventLog;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.member.MemberDrill;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;

/// Drills spares, one at a time: whether each would do as a member is known before one is needed.
///
/// ```
/// schedule or command --> begun by the pool --> DrillRun: opened, blank, written, read back, cleared
///                                                 |  a member fails: stopped, no verdict
///                                                 |  no answer within the limit: failed, the thread left behind
///                                                 +--> verdict kept, shown, an event if it failed or failed before
/// ```
///
/// Thread-safe.
public final class SpareDrills {
    /// What a drill may take: some 70 MiB, half of it by durable writes, and 200 operations.
    static final long LIMIT_MILLIS = 30_000;

    /// A drill that is merely slow says so itself, between two operations.
    private static final long GRACE_MILLIS = 5_000;

    /// A drill that is over.
    ///
    /// @param path the spare
    /// @param verdict how the spare did; nothing: the drill was stopped, because a volume needed the spare
    public record Drill(Path path, Optional<DrillVerdict> verdict) {}

    private record Turn(String what, long startNanos) {}

    private final SparePool pool;
    private final AtomicReference<Turn> turn = new AtomicReference<>();

    /// Drills of a pool's spares.
    ///
    /// @param pool the spares
    SpareDrills(SparePool pool) {
        this.pool = pool;
    }

    /// Drills a spare, or all of them, and waits for that.
    ///
    /// @param path the spare, as it was added; nothing: all, one after the other
    /// @return each drill
    /// @throws VolumeException when there is no such spare, or a drill is under way
    public List<Drill> drill(Optional<Path> path) throws VolumeException {
        String what = path.map(Path::toString).orElse("all spares");
        Turn mine = new Turn(what, System.nanoTime());
        Turn other = turn.compareAndExchange(null, mine);
        if (other != null) {
            throw new VolumeException(
                    "drill of "
                            + what
                            + ": expected no other one under way, found that of "
                            + other.what
                            + ", begun "
                            + (System.nanoTime() - other.startNanos) / 1_000_000_000
                            + " s ago; try again when it is over");
        }
        try {
            if (path.isPresent()) {
                return List.of(carryOut(path.get()));
            }
            List<Drill> drills = new ArrayList<>();
            for (Path each : pool.paths()) {
                if (pool.paths().contains(each)) { // not taken meanwhile
                    drills.add(carryOut(each));
                }
            }
            return drills;
        } finally {
            turn.set(null);
        }
    }

    private Drill carryOut(Path path) throws VolumeException {
        DrillRun run = pool.beginDrill(path);
        if (run.await(LIMIT_MILLIS + GRACE_MILLIS)) {
            return new Drill(path, pool.endDrill(run, run.result()));
        }
        run.stop();
        MemberDrill.Result silence =
                new MemberDrill.Failed(
                        "no answer: expected an end within "
                                + LIMIT_MILLIS
                                + " ms, an operation is still in the device");
        return new Drill(path, pool.endDrill(run, silence));
    }

    /// {@return what is kept of a drill; nothing of one that was stopped}
    ///
    /// @param path the spare
    /// @param result how the drill ended
    static Optional<DrillVerdict> verdict(Path path, MemberDrill.Result result) {
        long now = System.currentTimeMillis();
        return switch (result) {
            case MemberDrill.Stopped stopped -> Optional.empty();
            case MemberDrill.Failed failed ->
                    Optional.of(DrillVerdict.failed(path, now, failed.reason()));
            case MemberDrill.Passed passed ->
                    Optional.of(
                            new DrillVerdict(
                                    path,
                                    now,
                                    "",
                                    passed.medianNanos() / 1000,
                                    passed.slowestNanos() / 1000,
                                    passed.bytesPerSecond(),
                                    passed.isCached()));
        };
    }

    /// Tells the operator of a failure, once while it stays the same, and of the end of one.
    ///
    /// @param events receives it
    /// @param verdict how a spare did
    /// @param before how it did the time before, null when it never was drilled
    static void tell(EventLog events, DrillVerdict verdict, DrillVerdict before) {
        boolean hadFailed = before != null && !before.isOk();
        if (!verdict.isOk()) {
            if (hadFailed && kind(before).equals(kind(verdict))) {
                return; // it is drilled every hour now
            }
            events.warn(
                    "",
                    "spare "
                            + verdict.path()
                            + " failed its drill: "
                            + verdict.failure()
                            + "; it is taken when there is no other: replace it");
        } else if (hadFailed) {
            events.report(
                    "",
                    new VolumeEvent.Note(
                            "spare "
                                    + verdict.path()
                                    + " passed its drill, the one before it had failed: durable writes of 4 KiB take "
                                    + verdict.medianMicros()
                                    + " us, "
                                    + verdict.slowestMicros()
                                    + " us at most"));
        }
    }

    /// {@return what a failure is about, without where and how much}
    private static String kind(DrillVerdict failed) {
        return failed.failure().replaceFirst(":.*", "").replaceAll("\\d+", "");
    }

    /// {@return the spares, for a schedule}
    List<DrillSchedule.Drilled> scheduled() {
        return pool.list().stream().map(this::scheduled).toList();
    }

    private DrillSchedule.Drilled scheduled(SparePool.Spare spare) {
        return new DrillSchedule.Drilled() {
            @Override
            public String name() {
                return "spare " + spare.settings().path();
            }

            @Override
            public long lastMillis() {
                return spare.verdict().map(DrillVerdict::endedMillis).orElse(0L);
            }

            @Override
            public boolean hasFailed() {
                return spare.verdict().map(each -> !each.isOk()).orElse(false);
            }

            @Override
            public void drill() throws VolumeException {
                SpareDrills.this.drill(Optional.of(spare.settings().path()));
            }
        };
    }
}
