package io.quoin.volume.remote;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// A clock that goes on while the host is suspended, which `System.nanoTime` does not: CLOCK_BOOTTIME of clock_gettime(2). A virtual machine
/// that is paused from outside may not see the time pass.
final class BootClock {
    private static final int CLOCK_BOOTTIME = 7;
    private static final long SECOND = 1_000_000_000L;
    private static final MethodHandle CLOCK_GETTIME =
            Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow("clock_gettime"),
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.ADDRESS));

    private static final ThreadLocal<MemorySegment> TIMES =
            ThreadLocal.withInitial(() -> Arena.ofAuto().allocate(16, 8));

    private BootClock() {}

    /// {@return nanoseconds since the host was started}
    static long nanos() {
        MemorySegment time = TIMES.get();
        try {
            int result = (int) CLOCK_GETTIME.invokeExact(CLOCK_BOOTTIME, time);
            assert result == 0 : "clock_gettime";
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
        return time.get(ValueLayout.JAVA_LONG, 0) * SECOND + time.get(ValueLayout.JAVA_LONG, 8);
    }
}
