package io.quoin.volume.member;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import org.agrona.concurrent.AtomicBuffer;
import org.agrona.concurrent.UnsafeBuffer;

/// An io_uring of Linux for one thread, which makes it, submits to it and reaps from it: writes, and what
/// wakes it meanwhile.
///
/// ```
/// write, poll, read --> submission queue --enter--> kernel --> completion queue --next--> data, result
/// ```
///
/// Where the kernel, its settings or a container forbid it, {@link #isSupported} says no, and threads that
/// block do the same work.
///
/// One thread only. Source: io_uring(7), io_uring_setup(2), io_uring_enter(2).
final class Uring implements AutoCloseable {
    private static final System.Logger LOG = System.getLogger(Uring.class.getName());

    private static final long SYS_SETUP = 425;
    private static final long SYS_ENTER = 426;
    private static final int SETUP_SINGLE_ISSUER = 1 << 12;
    private static final int SETUP_DEFER_TASKRUN = 1 << 13;
    private static final int FEATURE_SINGLE_MMAP = 1;
    private static final int FEATURE_NODROP = 1 << 1;
    private static final int FEATURE_EXT_ARG = 1 << 8;
    private static final int NEEDED = FEATURE_SINGLE_MMAP | FEATURE_NODROP | FEATURE_EXT_ARG;
    private static final int ENTER_GETEVENTS = 1;
    private static final int ENTER_EXT_ARG = 1 << 3;
    private static final long OFFSET_ENTRIES = 0x10000000L;
    private static final byte OP_POLL_ADD = 6;
    private static final byte OP_READ = 22;
    private static final byte OP_WRITE = 23;

    // struct io_uring_params
    private static final long PARAMS_BYTES = 120;
    private static final long PARAMS_FLAGS = 8;
    private static final long PARAMS_FEATURES = 20;
    private static final long SUBMISSION = 40;
    private static final long COMPLETION = 80;
    private static final long HEAD = 0;
    private static final long TAIL = 4;
    private static final long MASK = 8;
    private static final long ARRAY = 24;
    private static final long EVENTS = 20;

    private static final int ENTRY_BYTES = 64;
    private static final int EVENT_BYTES = 16;
    private static final int PROT_READ_WRITE = 3;
    private static final int MAP_SHARED_POPULATE = 0x8001;

    /// Instead of nanoseconds: however long it takes.
    static final long FOR_EVER = Long.MAX_VALUE;

    private static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT;
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle SYSCALL =
            LINKER.downcallHandle(
                    find("syscall"),
                    FunctionDescriptor.of(LONG, LONG, LONG, LONG, LONG, LONG, LONG, LONG),
                    Linker.Option.firstVariadicArg(1),
                    Linker.Option.captureCallState("errno"));
    private static final MethodHandle MMAP =
            LINKER.downcallHandle(
                    find("mmap"), FunctionDescriptor.of(LONG, LONG, LONG, INT, INT, INT, LONG));
    private static final MethodHandle MUNMAP =
            LINKER.downcallHandle(find("munmap"), FunctionDescriptor.of(INT, LONG, LONG));

    // What a call may say although nothing is wrong.
    private static final int EINTR = 4;
    private static final int EAGAIN = 11;
    private static final int EBUSY = 16;
    private static final int ETIME = 62;

    private static final class Support {
        private static final String WHY_NOT = probe();
    }

    private final MemorySegment errno = Descriptors.newErrno();
    private final MemorySegment waitArgument = Arena.ofAuto().allocate(24 + 16, 8);
    private final int descriptor;
    private final int capacity;
    private final AtomicBuffer queues;
    private final AtomicBuffer entries;
    private final int submitHead;
    private final int submitTail;
    private final int submitMask;
    private final int eventHead;
    private final int eventTail;
    private final int eventMask;
    private final int events;
    private int tail;
    private int head;
    private long data;
    private int result;

    private static MemorySegment find(String name) {
        return SymbolLookup.loaderLookup()
                .find(name)
                .or(() -> LINKER.defaultLookup().find(name))
                .orElseThrow();
    }

    /// {@return whether rings can be made here}
    static boolean isSupported() {
        return Support.WHY_NOT == null;
    }

    private static String probe() {
        if (Boolean.getBoolean("quoin.plainIo")) {
            return "told not to by quoin.plainIo";
        }
        String why = null;
        try (Uring ring = new Uring(8)) {
            ring.submit();
        } catch (IllegalStateException | LinkageError e) {
            why = e.getMessage();
            LOG.log(
                    System.Logger.Level.INFO,
                    "no io_uring here ({0}): durable writes by blocking threads",
                    why);
        }
        return why;
    }

    /// A ring of the calling thread.
    ///
    /// @param size most entries that wait for one {@link #submit}, a power of two; twice as many may be done
    ///     and not reaped yet before the kernel keeps them elsewhere
    /// @throws IllegalStateException when the kernel does not give one
    Uring(int size) {
        MemorySegment params = Arena.ofAuto().allocate(PARAMS_BYTES, 8);
        int made = setup(size, params, SETUP_SINGLE_ISSUER | SETUP_DEFER_TASKRUN);
        if (made < 0) {
            made = setup(size, params, 0);
        }
        if (made < 0) {
            throw new IllegalStateException("io_uring_setup: error " + -made);
        }
        int features = params.get(INT, PARAMS_FEATURES);
        if ((features & NEEDED) != NEEDED) {
            Descriptors.close(made);
            throw new IllegalStateException(
                    "io_uring: expected features "
                            + Integer.toHexString(NEEDED)
                            + ", found "
                            + Integer.toHexString(features));
        }
        descriptor = made;
        capacity = params.get(INT, 0);
        int eventCapacity = params.get(INT, 4);
        events = params.get(INT, COMPLETION + EVENTS);
        long bytes =
                Math.max(
                        params.get(INT, SUBMISSION + ARRAY) + 4L * capacity,
                        events + (long) EVENT_BYTES * eventCapacity);
        queues = map(bytes, 0);
        entries = map((long) ENTRY_BYTES * capacity, OFFSET_ENTRIES);
        submitHead = params.get(INT, SUBMISSION + HEAD);
        submitTail = params.get(INT, SUBMISSION + TAIL);
        submitMask = queues.getInt(params.get(INT, SUBMISSION + MASK));
        eventHead = params.get(INT, COMPLETION + HEAD);
        eventTail = params.get(INT, COMPLETION + TAIL);
        eventMask = queues.getInt(params.get(INT, COMPLETION + MASK));
        int array = params.get(INT, SUBMISSION + ARRAY);
        for (int i = 0; i < capacity; i++) {
            queues.putInt(array + 4 * i, i);
        }
    }

    private int setup(int size, MemorySegment params, int flags) {
        params.fill((byte) 0);
        params.set(INT, PARAMS_FLAGS, flags);
        return (int) syscall(SYS_SETUP, size, params.address(), 0, 0, 0, 0);
    }

    private AtomicBuffer map(long bytes, long offset) {
        try {
            long address =
                    (long)
                            MMAP.invokeExact(
                                    0L,
                                    bytes,
                                    PROT_READ_WRITE,
                                    MAP_SHARED_POPULATE,
                                    descriptor,
                                    offset);
            if (address == -1) {
                Descriptors.close(descriptor);
                throw new IllegalStateException("io_uring: its queues cannot be mapped");
            }
            return new UnsafeBuffer(address, (int) bytes);
        } catch (RuntimeException | Error e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError("mmap", e);
        }
    }

    /// The call's result, or the error negated.
    private long syscall(long number, long a, long b, long c, long d, long e, long f) {
        try {
            long value = (long) SYSCALL.invokeExact(errno, number, a, b, c, d, e, f);
            return value == -1 ? -Descriptors.error(errno) : value;
        } catch (Throwable t) {
            throw new AssertionError("syscall " + number, t);
        }
    }

    /// {@return how many more entries fit before {@link #submit}}
    int room() {
        return capacity - waiting();
    }

    private int waiting() {
        return tail - queues.getIntVolatile(submitHead);
    }

    /// Prepares a write.
    ///
    /// @param file descriptor
    /// @param address memory, alive and unchanged until the write is done
    /// @param length bytes
    /// @param offset where in the file
    /// @param mark comes back with the result
    void write(int file, long address, int length, long offset, long mark) {
        prepare(OP_WRITE, file, offset, address, length, 0, mark);
    }

    /// Prepares a read.
    void read(int file, long address, int length, long mark) {
        prepare(OP_READ, file, 0, address, length, 0, mark);
    }

    /// Prepares to be told, once, that a descriptor has one of some events, as poll(2) calls them.
    void poll(int file, int what, long mark) {
        prepare(OP_POLL_ADD, file, 0, 0, 0, what, mark);
    }

    private void prepare(
            byte op, int file, long offset, long address, int length, int flags, long mark) {
        assert room() > 0 : "io_uring: submission queue full";
        int at = (tail & submitMask) * ENTRY_BYTES;
        entries.setMemory(at, ENTRY_BYTES, (byte) 0);
        entries.putByte(at, op);
        entries.putInt(at + 4, file);
        entries.putLong(at + 8, offset);
        entries.putLong(at + 16, address);
        entries.putInt(at + 24, length);
        entries.putInt(at + 28, flags);
        entries.putLong(at + 32, mark);
        tail++;
        queues.putIntOrdered(submitTail, tail);
    }

    /// Hands over what was prepared; does not wait.
    void submit() {
        while (waiting() > 0) {
            check(syscall(SYS_ENTER, descriptor, waiting(), 0, 0, 0, 0));
        }
    }

    /// Hands over what was prepared, and waits until something is done, time is up, or for no reason.
    ///
    /// @param nanos how long at most, or {@link #FOR_EVER}; 0 only looks
    void await(long nanos) {
        if (nanos == 0 || nanos == FOR_EVER) {
            int least = nanos == 0 ? 0 : 1;
            check(syscall(SYS_ENTER, descriptor, waiting(), least, ENTER_GETEVENTS, 0, 0));
            return;
        }
        waitArgument.set(LONG, 0, 0);
        waitArgument.set(LONG, 8, 0);
        waitArgument.set(LONG, 16, waitArgument.address() + 24);
        waitArgument.set(LONG, 24, nanos / 1_000_000_000);
        waitArgument.set(LONG, 32, nanos % 1_000_000_000);
        int flags = ENTER_GETEVENTS | ENTER_EXT_ARG;
        check(syscall(SYS_ENTER, descriptor, waiting(), 1, flags, waitArgument.address(), 24));
    }

    private void check(long value) {
        if (value >= 0) {
            return;
        }
        int error = (int) -value;
        if (error != EINTR && error != EAGAIN && error != EBUSY && error != ETIME) {
            throw new IllegalStateException("io_uring_enter: error " + error);
        }
    }

    /// Takes what is done next.
    ///
    /// @return whether there is something; then {@link #data} and {@link #result} tell it
    boolean next() {
        if (head == queues.getIntVolatile(eventTail)) {
            return false;
        }
        int at = events + (head & eventMask) * EVENT_BYTES;
        data = queues.getLong(at);
        result = queues.getInt(at + 8);
        head++;
        queues.putIntOrdered(eventHead, head);
        return true;
    }

    /// {@return the mark of what is done}
    long data() {
        return data;
    }

    /// {@return bytes or events, or the error negated}
    int result() {
        return result;
    }

    /// Ends the ring; nothing may be under way.
    @Override
    public void close() {
        try {
            int failed =
                    (int) MUNMAP.invokeExact(entries.addressOffset(), (long) entries.capacity());
            failed |= (int) MUNMAP.invokeExact(queues.addressOffset(), (long) queues.capacity());
            assert failed == 0 : "munmap";
        } catch (Throwable e) {
            throw new AssertionError("munmap", e);
        }
        Descriptors.close(descriptor);
    }
}
