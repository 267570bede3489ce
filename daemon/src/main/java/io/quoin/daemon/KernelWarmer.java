package io.quoin.daemon;

import io.quoin.codec.KernelSelfTest;
import io.quoin.codec.KernelWarmUp;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// The thread that makes vector kernels warm while scalar ones serve. It sleeps until a kernel is wanted, takes a tenth of a core,
/// and ends when all are judged.
final class KernelWarmer implements Runnable {
    private static final System.Logger LOG = System.getLogger("io.quoin.daemon");

    /// It works for at least so long, then rests.
    private static final long SPELL_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    /// Rest by work. At half a core the engine's own code, which waits for the same compiler, needed twice the time to become hot.
    private static final int REST = 9;

    private final Thread thread =
            Thread.ofPlatform().daemon(true).name("kernel-warm-up").unstarted(this);
    private final KernelWarmUp warmUp =
            KernelWarmUp.begin(System::nanoTime, () -> LockSupport.unpark(thread));

    /// Puts scalar kernels in the vector kernels' place; {@link #start} lets them be replaced.
    ///
    /// @throws IllegalStateException when a kernel computes something else than its definition
    KernelWarmer() {}

    void start() {
        LOG.log(
                System.Logger.Level.INFO,
                "kernels: "
                        + KernelSelfTest.description()
                        + (warmUp.isOver() ? "" : "; scalar until they are warm"));
        thread.start();
    }

    @Override
    public void run() {
        while (!warmUp.isOver()) {
            if (!warmUp.hasWork()) {
                LockSupport.park();
                continue;
            }
            long start = System.nanoTime();
            long worked = 0;
            while (worked < SPELL_NANOS && warmUp.hasWork()) {
                warmUp.round().ifPresent(KernelWarmer::tell);
                worked = System.nanoTime() - start;
            }
            LockSupport.parkNanos(REST * worked);
        }
    }

    private static void tell(KernelWarmUp.Outcome outcome) {
        String compared = ": compared with the scalar kernel " + outcome.rounds() + " times, ";
        if (outcome.isWrong()) {
            LOG.log(
                    System.Logger.Level.ERROR,
                    "kernel "
                            + outcome.kernel()
                            + " ("
                            + KernelSelfTest.description()
                            + ")"
                            + compared
                            + "the last time with another result; the scalar kernel stays in use; report the machine");
        } else if (outcome.isTaken()) {
            LOG.log(
                    System.Logger.Level.INFO,
                    "kernel " + outcome.kernel() + compared + "in use from now on");
        } else {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "kernel "
                            + outcome.kernel()
                            + compared
                            + "not faster; the scalar kernel stays in use");
        }
    }
}
