package io.quoin.daemon.host;

import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.member.MemberDrill;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/// A drill of one spare, on a thread of its own: a device that does not answer keeps that thread, and nobody else.
///
/// Thread-safe.
final class DrillRun {
    private static final System.Logger LOG = System.getLogger("io.quoin.host");

    /// What the thread does.
    @FunctionalInterface
    interface Work {
        /// Drills.
        ///
        /// @param isStopped to be asked before each operation
        /// @return how it ended
        /// @throws IOException when the spare cannot be opened
        /// @throws VolumeException when it must not be written to
        MemberDrill.Result run(BooleanSupplier isStopped) throws IOException, VolumeException;
    }

    private final Path path;
    private final CountDownLatch ended = new CountDownLatch(1);
    private final List<Runnable> whenEnded = new ArrayList<>(); // guarded by this
    private volatile boolean isStopped;
    private volatile boolean wasAwaited;
    private volatile MemberDrill.Result result;

    private DrillRun(Path path) {
        this.path = path;
    }

    /// {@return a drill that has begun}
    ///
    /// @param path the spare
    /// @param work what is done; closes what it opens before it returns
    static DrillRun start(Path path, Work work) {
        DrillRun run = new DrillRun(path);
        Thread.ofPlatform()
                .daemon(true)
                .name("drill-" + path.getFileName())
                .start(() -> run.carryOut(work));
        return run;
    }

    private void carryOut(Work work) {
        try {
            result = work.run(() -> isStopped);
        } catch (IOException | VolumeException e) {
            result = new MemberDrill.Failed(withoutPath(String.valueOf(e.getMessage())));
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "drill of " + path + ": a bug", e);
            result = new MemberDrill.Failed("a bug: " + e);
        }
        List<Runnable> actions;
        synchronized (this) {
            ended.countDown();
            actions = List.copyOf(whenEnded);
        }
        actions.forEach(Runnable::run);
    }

    private String withoutPath(String message) {
        String name = path + ": ";
        return message.startsWith(name) ? message.substring(name.length()) : message;
    }

    /// Has it leave off before its next operation; never waits.
    void stop() {
        isStopped = true;
    }

    /// Has it leave off, and waits for that; who asks again is not kept waiting.
    ///
    /// @param millis how long at most
    /// @return whether it has ended
    boolean giveWay(long millis) {
        stop();
        boolean isPatient = !wasAwaited;
        wasAwaited = true;
        return isPatient ? await(millis) : hasEnded();
    }

    /// {@return whether it has ended; nothing of it touches the spare any more then}
    boolean hasEnded() {
        return ended.getCount() == 0;
    }

    /// Waits for its end.
    ///
    /// @param millis how long at most
    /// @return whether it has ended
    boolean await(long millis) {
        try {
            return ended.await(millis, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return hasEnded();
        }
    }

    /// {@return how it ended; only when it has}
    MemberDrill.Result result() {
        assert hasEnded() : path;
        return result;
    }

    /// Names what is to be done when it has ended; at once if it has.
    ///
    /// @param action must not wait
    void whenEnded(Runnable action) {
        synchronized (this) {
            if (!hasEnded()) {
                whenEnded.add(action);
                return;
            }
        }
        action.run();
    }
}
