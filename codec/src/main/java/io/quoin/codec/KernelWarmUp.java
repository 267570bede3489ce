package io.quoin.codec;

import io.quoin.codec.kernel.KernelTrial;
import io.quoin.codec.kernel.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;

/// Lets a process serve by the scalar kernels until the vector kernels are compiled, and compiles them.
///
/// ```
/// begin    scalar kernels compute, and were found right: a second of a cold JVM's vectors would be a second of a client's commit
/// wanted   somebody computed a guard    rounds begin: the same work by both kernels, compared
/// warm     the vector kernel is faster, and was right each time    it computes from now on
/// ```
///
/// One for a process. All but the callback of {@link #begin} happens in the thread that calls.
public final class KernelWarmUp {
    private final List<KernelTrial> trials = new ArrayList<>(Kernels.trials());
    private final LongSupplier nanoClock;

    private KernelWarmUp(LongSupplier nanoClock, Runnable onWanted) {
        this.nanoClock = nanoClock;
        trials.forEach(each -> each.warmth().begin(() -> {}));
        KernelSelfTest.verify();
        trials.forEach(each -> each.warmth().begin(onWanted));
    }

    /// Puts the scalar kernels in the vector kernels' place, and compares those with their definitions.
    ///
    /// @param nanoClock elapsed time, nanoseconds
    /// @param onWanted called when there is work for {@link #round}, from any thread; returns at once
    /// @throws IllegalStateException as {@link KernelSelfTest#verify} does
    public static KernelWarmUp begin(LongSupplier nanoClock, Runnable onWanted) {
        return new KernelWarmUp(nanoClock, onWanted);
    }

    /// {@return whether every vector kernel there is was judged; there is then nothing left to do}
    public boolean isOver() {
        return trials.isEmpty();
    }

    /// {@return whether somebody waits for a vector kernel}
    public boolean hasWork() {
        return trials.stream().anyMatch(each -> each.warmth().isWanted());
    }

    /// Works once for the first kernel that is waited for; microseconds, and up to 0.2 s in a cold JVM.
    ///
    /// @return what became of it, when that is known
    public Optional<Outcome> round() {
        for (KernelTrial each : trials) {
            if (each.warmth().isWanted()) {
                return judge(each, each.round(nanoClock));
            }
        }
        return Optional.empty();
    }

    private Optional<Outcome> judge(KernelTrial trial, KernelTrial.Verdict verdict) {
        if (verdict == KernelTrial.Verdict.GO_ON) {
            return Optional.empty();
        }
        trials.remove(trial);
        return Optional.of(
                new Outcome(
                        trial.name(),
                        verdict == KernelTrial.Verdict.WARM,
                        verdict == KernelTrial.Verdict.WRONG,
                        trial.rounds()));
    }

    /// What became of a vector kernel.
    ///
    /// @param kernel the job, as `crc16`
    /// @param isTaken whether it computes from now on
    /// @param isWrong whether it had another result than the scalar kernel, which stays in use
    /// @param rounds how often they were compared
    public record Outcome(String kernel, boolean isTaken, boolean isWrong, int rounds) {}
}
