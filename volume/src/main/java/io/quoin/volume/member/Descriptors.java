package io.quoin.volume.member;

import java.io.FileDescriptor;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.nio.channels.FileChannel;

/// Numbers of open files, and what libc does with them where the JDK has no call for it.
///
/// Source: fcntl(2), eventfd(2), lseek(2), fallocate(2), pwritev(2), recv(2).
final class Descriptors {
    private static final int NONE = -1;
    private static final int EFD_CLOEXEC = 0x80000;
    private static final int F_DUPFD_CLOEXEC = 1030;
    private static final int SEEK_DATA = 3;
    private static final int ENXIO = 6;
    private static final int EAGAIN = 11;
    private static final int MSG_PEEK_DONTWAIT = 0x42;
    private static final int ZERO_RANGE_KEEP_SIZE = 0x11;
    private static final Linker LINKER = Linker.nativeLinker();
    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static final MethodHandle CLOSE = find("close", FunctionDescriptor.of(INT, INT));
    private static final MethodHandle FCNTL =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("fcntl"),
                    FunctionDescriptor.of(INT, INT, INT, INT),
                    Linker.Option.firstVariadicArg(2));
    private static final MethodHandle EVENTFD =
            find("eventfd", FunctionDescriptor.of(INT, INT, INT));
    private static final MethodHandle WRITE =
            find("write", FunctionDescriptor.of(LONG, INT, LONG, LONG));
    private static final MethodHandle FALLOCATE =
            find("fallocate", FunctionDescriptor.of(INT, INT, INT, LONG, LONG));
    private static final StructLayout ERRNO_LAYOUT = Linker.Option.captureStateLayout();
    private static final long ERRNO_OFFSET =
            ERRNO_LAYOUT.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle LSEEK =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("lseek"),
                    FunctionDescriptor.of(LONG, INT, LONG, INT),
                    Linker.Option.captureCallState("errno"));
    private static final MethodHandle PWRITEV =
            find("pwritev", FunctionDescriptor.of(LONG, INT, LONG, INT, LONG));
    private static final MethodHandle RECV =
            LINKER.downcallHandle(
                    LINKER.defaultLookup().findOrThrow("recv"),
                    FunctionDescriptor.of(LONG, INT, LONG, LONG, INT),
                    Linker.Option.captureCallState("errno"));
    private static final MethodHandle STRERROR =
            find("strerror", FunctionDescriptor.of(ValueLayout.ADDRESS, INT));

    private static final long LONGEST_MESSAGE = 256;

    private Descriptors() {}

    private static MethodHandle find(String name, FunctionDescriptor descriptor) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name), descriptor);
    }

    /// {@return the descriptor of a channel, or -1 where the JDK does not tell it: it does so in a package of
    /// its own, which the launcher opens}
    ///
    /// @param channel open
    static int of(FileChannel channel) {
        try {
            Field field = channel.getClass().getDeclaredField("fd");
            field.setAccessible(true);
            Method number =
                    Class.forName("sun.nio.ch.IOUtil").getMethod("fdVal", FileDescriptor.class);
            number.setAccessible(true);
            return (int) number.invoke(null, field.get(channel));
        } catch (ReflectiveOperationException | RuntimeException e) {
            return NONE;
        }
    }

    /// {@return another descriptor of the same open file, or -1}
    static int duplicate(int descriptor) {
        try {
            return (int) FCNTL.invokeExact(descriptor, F_DUPFD_CLOEXEC, 0);
        } catch (Throwable e) {
            throw new AssertionError("fcntl", e);
        }
    }

    /// {@return an event counter, or -1}
    static int eventCounter() {
        try {
            return (int) EVENTFD.invokeExact(0, EFD_CLOEXEC);
        } catch (Throwable e) {
            throw new AssertionError("eventfd", e);
        }
    }

    /// Adds to an event counter.
    ///
    /// @param one eight bytes, the number 1
    static void count(int counter, MemorySegment one) {
        try {
            long written = (long) WRITE.invokeExact(counter, one.address(), 8L);
            assert written == 8 : "eventfd";
        } catch (Throwable e) {
            throw new AssertionError("write", e);
        }
    }

    /// {@return where the next bytes of a regular file lie that are not a hole, from an offset on: the offset
    /// itself where that cannot be known, Long.MAX_VALUE when there are none}
    static long nextData(int file, long offset) {
        try {
            MemorySegment errno = newErrno();
            long at = (long) LSEEK.invokeExact(errno, file, offset, SEEK_DATA);
            if (at >= 0) {
                return at;
            }
            return error(errno) == ENXIO ? Long.MAX_VALUE : offset;
        } catch (Throwable e) {
            throw new AssertionError("lseek", e);
        }
    }

    /// Lets the kernel, or the device itself, zero a range of a block device.
    ///
    /// @return whether it did
    static boolean zeroRange(int device, long offset, long length) {
        try {
            return (int) FALLOCATE.invokeExact(device, ZERO_RANGE_KEEP_SIZE, offset, length) == 0;
        } catch (Throwable e) {
            throw new AssertionError("fallocate", e);
        }
    }

    /// Writes pieces of memory one behind the other.
    ///
    /// @param pieces array of iovec
    /// @return bytes written, or -1
    static long gather(int file, MemorySegment pieces, int count, long offset) {
        try {
            return (long) PWRITEV.invokeExact(file, pieces.address(), count, offset);
        } catch (Throwable e) {
            throw new AssertionError("pwritev", e);
        }
    }

    /// {@return whether a read of a socket would not wait}
    ///
    /// @param memory of a byte at least
    /// @param errno memory of {@link #newErrno}
    static boolean hasInput(int socket, MemorySegment memory, MemorySegment errno) {
        try {
            long count =
                    (long) RECV.invokeExact(errno, socket, memory.address(), 1L, MSG_PEEK_DONTWAIT);
            return count >= 0 || error(errno) != EAGAIN;
        } catch (Throwable e) {
            throw new AssertionError("recv", e);
        }
    }

    /// {@return memory for an error's number}
    static MemorySegment newErrno() {
        return Arena.ofAuto().allocate(ERRNO_LAYOUT);
    }

    /// {@return the number of the last error in memory of {@link #newErrno}}
    static int error(MemorySegment errno) {
        return errno.get(INT, ERRNO_OFFSET);
    }

    /// {@return what libc calls an error}
    ///
    /// @param error its number
    static String describe(int error) {
        try {
            MemorySegment message = (MemorySegment) STRERROR.invokeExact(error);
            return message.reinterpret(LONGEST_MESSAGE).getString(0);
        } catch (Throwable e) {
            throw new AssertionError("strerror", e);
        }
    }

    /// Gives a descriptor back.
    static void close(int descriptor) {
        try {
            int result = (int) CLOSE.invokeExact(descriptor);
            assert result == 0 : "close";
        } catch (Throwable e) {
            throw new AssertionError("close", e);
        }
    }
}
