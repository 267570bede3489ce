package io.quoin.fuzz;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;

/// One run of a target under the oracle that all share: no exception but the documented one, no
/// allocation beyond the bound, no second of processor time for one input.
public final class FuzzCheck {
    private static final long MAX_CPU_NANOS = 2_000_000_000L;

    private final ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    private final FuzzTarget target;
    private final boolean isMeasured;

    /// A check.
    ///
    /// @param target what is run
    /// @param isMeasured whether allocation and time are held against their bounds; a coverage
    ///     instrument allocates too
    public FuzzCheck(FuzzTarget target, boolean isMeasured) {
        this.target = target;
        this.isMeasured = isMeasured;
    }

    /// Runs one input.
    ///
    /// @param input bytes
    /// @throws Throwable a finding
    public void run(byte[] input) throws Throwable {
        long allocated = threads.getCurrentThreadAllocatedBytes();
        long cpu = threads.getCurrentThreadCpuTime();
        target.run(input);
        if (!isMeasured) {
            return;
        }
        cpu = threads.getCurrentThreadCpuTime() - cpu;
        allocated = threads.getCurrentThreadAllocatedBytes() - allocated;
        long most = target.maxAllocatedBytes(input.length);
        if (allocated > most) {
            throw new AssertionError(
                    "allocated " + allocated + " bytes, expected at most " + most);
        }
        if (cpu > MAX_CPU_NANOS) {
            throw new AssertionError(
                    "took " + cpu + " ns of processor time, expected at most " + MAX_CPU_NANOS);
        }
    }
}
