package io.quoin.volume.intake;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/// Memory straight from the kernel: zero, page-aligned, and taking no room until it is written. An
/// arena's own `allocate` writes all of it to make it zero, which for the 256 MiB of a pool is a quarter
/// of a second of each start, and room that an idle volume never needs.
///
/// Source: mmap(2) of Linux.
final class FreshPages {
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_PRIVATE_ANONYMOUS = 0x22;
    private static final long MAP_FAILED = -1;

    private static final MethodHandle MMAP =
            function(
                    "mmap",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_LONG));
    private static final MethodHandle MUNMAP =
            function(
                    "munmap",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG, ValueLayout.JAVA_LONG));

    private FreshPages() {}

    /// Maps memory that lives as long as an arena.
    ///
    /// @param bytes how much, a multiple of 4096
    /// @param arena whose end gives it back
    /// @return the memory
    /// @throws OutOfMemoryError when the kernel has none to give
    static MemorySegment map(long bytes, Arena arena) {
        long address;
        try {
            address =
                    (long)
                            MMAP.invokeExact(
                                    0L, bytes, PROT_READ_WRITE, MAP_PRIVATE_ANONYMOUS, -1, 0L);
        } catch (Throwable e) {
            throw new AssertionError("mmap", e);
        }
        if (address == MAP_FAILED) {
            throw new OutOfMemoryError(
                    "buffers: expected "
                            + bytes
                            + " bytes outside the heap, the kernel gave none: make --buffer smaller"
                            + " or the memory limit larger");
        }
        return MemorySegment.ofAddress(address).reinterpret(bytes, arena, FreshPages::unmap);
    }

    private static void unmap(MemorySegment memory) {
        try {
            int result = (int) MUNMAP.invokeExact(memory.address(), memory.byteSize());
            assert result == 0 : "munmap of " + memory;
        } catch (Throwable e) {
            throw new AssertionError("munmap", e);
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(linker.defaultLookup().find(name).orElseThrow(), descriptor);
    }
}
