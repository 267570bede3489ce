package io.quoin.daemon.host;

import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Consumer;
import java.util.function.Supplier;

/// A look at one spare, on a thread of its own: a device that does not answer keeps that thread, and nobody else.
///
/// Thread-safe.
final class SpareLook {
    private static final System.Logger LOG = System.getLogger("io.quoin.host");

    /// What a look has found.
    ///
    /// @param claim the spare's, null when there is nothing to claim
    /// @param sizeBytes how large it is, 0 when that cannot be said
    /// @param trouble why it cannot be taken, or empty
    record Found(FileClaims.Claim claim, long sizeBytes, String trouble) {}

    private final CompletableFuture<Found> found = new CompletableFuture<>();

    private SpareLook() {}

    /// {@return a look that has begun}
    ///
    /// @param path the spare
    /// @param work what is done; closes what it opens before it returns
    static SpareLook start(Path path, Supplier<Found> work) {
        SpareLook look = new SpareLook();
        Thread.ofPlatform()
                .daemon(true)
                .name("look-" + path.getFileName())
                .start(() -> look.carryOut(path, work));
        return look;
    }

    private void carryOut(Path path, Supplier<Found> work) {
        try {
            found.complete(work.get());
        } catch (RuntimeException | Error e) {
            LOG.log(System.Logger.Level.ERROR, "look at " + path + ": a bug", e);
            found.complete(new Found(null, 0, path + ": a bug: " + e));
        }
    }

    /// {@return whether it has ended; nothing of it touches the spare any more then}
    boolean hasEnded() {
        return found.isDone();
    }

    /// Waits for its end.
    ///
    /// @param millis how long at most
    /// @return what was found, or null when it has not ended
    Found await(long millis) {
        try {
            return found.get(millis, TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            return null;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return found.getNow(null);
        } catch (ExecutionException e) {
            throw new AssertionError(e); // it is completed with a value, always
        }
    }

    /// Names what is to be done when it has ended; at once if it has.
    ///
    /// @param action is given what was found; must not wait
    void whenEnded(Consumer<Found> action) {
        found.thenAccept(action);
    }
}
