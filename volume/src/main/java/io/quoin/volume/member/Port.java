package io.quoin.volume.member;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/// A thread's own way to durable writes, past the lanes: in its turn of the engine the thread hands all
/// copies of a batch to the kernel in one call, and hears itself that they are done, where it waits anyway:
///
/// ```
/// a session's reader:  turn --> kernel      waits for its socket or the kernel --> turn --> replies
/// the engine's own:    turn --> kernel      waits for a call or the kernel     --> turn
/// ```
///
/// So a commit wakes nobody but the thread that wrote it, where lanes need a wake-up for each copy first.
///
/// A thread with writes under way must not wait for anything but this: whoever it waits for may wait for
/// them. Before it waits for something else it settles.
///
/// The thread's own, but for {@link #wake} and giving operations up.
public final class Port implements AutoCloseable, Doorbell.Sleep {
    private static final System.Logger LOG = System.getLogger(Port.class.getName());
    private static final ThreadLocal<Port> CURRENT = new ThreadLocal<>();

    /// Ports whose thread has ended while the kernel still had something of theirs: an operation that was
    /// given up. Its memory and its place stay.
    private static final Set<Port> LEFT_BEHIND = ConcurrentHashMap.newKeySet();

    private static final int WRITES = 32;
    private static final int RING = 64;
    private static final long READABLE = -1;
    private static final long WOKEN = -2;
    private static final long SETTLE_NANOS = 100_000_000L;
    private static final int EINTR = 4;
    private static final int ENOSPC = 28;

    /// POLLIN and POLLRDHUP.
    private static final int INPUT = 0x2001;

    private static final int NONE = -1;

    /// A write in the kernel's hands.
    private static final class Entry implements Io.Carrier {
        private final int index;
        private final AtomicReference<Io> owner = new AtomicReference<>();
        private IoLanes lanes;
        private MemorySegment kept;
        private int file;
        private long address;
        private int left;
        private long offset;
        private Entry nextFree;

        Entry(int index) {
            this.index = index;
        }

        @Override
        public boolean abandon(Io io) {
            return owner.compareAndSet(io, null);
        }
    }

    private final Uring ring;
    private final Consumer<Io> publish;
    private final Runnable visit;
    private final int input;
    private final int counter;
    private final MemorySegment one = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);
    private final MemorySegment counted = Arena.ofAuto().allocate(ValueLayout.JAVA_LONG);
    private final MemorySegment errno = Descriptors.newErrno();
    private final Entry[] entries = new Entry[WRITES];
    private final AtomicBoolean isRung = new AtomicBoolean();
    private Entry free;
    private int underWay;
    private boolean isSettling;
    private boolean isInputAwaited;
    private boolean isInputThere;
    private boolean isWakeAwaited;
    private volatile boolean isInRing;

    private Port(Uring ring, Consumer<Io> publish, Runnable visit, int input, int counter) {
        this.ring = ring;
        this.publish = publish;
        this.visit = visit;
        this.input = input;
        this.counter = counter;
        one.set(ValueLayout.JAVA_LONG, 0, 1);
        for (int i = WRITES - 1; i >= 0; i--) {
            entries[i] = new Entry(i);
            entries[i].nextFree = free;
            free = entries[i];
        }
    }

    /// {@return whether there can be ports here}
    public static boolean isSupported() {
        return Uring.isSupported();
    }

    /// Opens one for the calling thread, which waits for a socket otherwise.
    ///
    /// @param publish takes operations that are done
    /// @param visit takes the engine's turn, after something was published
    /// @param socket its descriptor
    /// @return the port, or null where there can be none
    public static Port ofReader(Consumer<Io> publish, Runnable visit, int socket) {
        int input = isSupported() && socket >= 0 ? Descriptors.duplicate(socket) : NONE;
        return input == NONE ? null : open(publish, visit, input, NONE);
    }

    /// Opens one for the calling thread, which waits to be called otherwise.
    ///
    /// @param publish takes operations that are done
    /// @return the port, or null where there can be none
    public static Port ofEngine(Consumer<Io> publish) {
        int counter = isSupported() ? Descriptors.eventCounter() : NONE;
        return counter == NONE ? null : open(publish, () -> {}, NONE, counter);
    }

    private static Port open(Consumer<Io> publish, Runnable visit, int input, int counter) {
        try {
            Port port = new Port(new Uring(RING), publish, visit, input, counter);
            CURRENT.set(port);
            return port;
        } catch (IllegalStateException e) {
            LOG.log(System.Logger.Level.DEBUG, "no ring for a thread: " + e.getMessage());
            Descriptors.close(Math.max(input, counter));
            return null;
        }
    }

    /// {@return the calling thread's, or null}
    public static Port current() {
        return CURRENT.get();
    }

    /// Takes a durable write; it leaves with {@link #submit}.
    ///
    /// @param lanes its member's
    /// @param file descriptor
    /// @param io the write
    /// @return false: somebody else must do it
    boolean take(IoLanes lanes, int file, Io io) {
        Entry entry = free;
        if (entry == null || isSettling) {
            return false;
        }
        free = entry.nextFree;
        entry.lanes = lanes;
        entry.kept = io.segment;
        entry.file = file;
        entry.address = io.segment.address() + io.segmentOffset;
        entry.left = io.lengthBytes;
        entry.offset = io.offsetBytes;
        entry.owner.set(io);
        io.carrier = entry;
        underWay++;
        lanes.lent();
        write(entry);
        return true;
    }

    private void write(Entry entry) {
        ring.write(entry.file, entry.address, entry.left, entry.offset, entry.index);
    }

    /// Hands what was taken to the kernel.
    public void submit() {
        if (underWay > 0) {
            ring.submit();
        }
    }

    /// Asks the kernel to tell of input.
    void expectInput() {
        if (!isInputAwaited) {
            ring.poll(input, INPUT, READABLE);
            isInputAwaited = true;
        }
    }

    /// Waits until the socket has something to say; carries on with the engine meanwhile.
    ///
    /// The kernel believes whoever wakes it: a sender that was interrupted between its bytes and its wake-up
    /// wakes a thread that has read them long since. A read would wait then, and whoever waits for the
    /// writes under way with it; so it is asked whether there is anything.
    ///
    /// @return false at once when there is nothing to wait for but the socket: the caller may do that as it
    ///     likes
    public boolean awaitInput() {
        while (!isInputThere || underWay > 0 && !Descriptors.hasInput(input, counted, errno)) {
            isInputThere = false;
            if (underWay == 0 && !isInputAwaited) {
                return false;
            }
            expectInput();
            ring.await(Uring.FOR_EVER);
            goOn();
        }
        isInputThere = false;
        return true;
    }

    /// Waits until nothing is under way here, so that the thread may wait for others; what the engine
    /// writes meanwhile goes to the lanes.
    public void settle() {
        isSettling = true;
        while (hasOwned()) {
            ring.await(SETTLE_NANOS);
            goOn();
        }
        isSettling = false;
    }

    private boolean hasOwned() {
        if (underWay > 0) {
            for (Entry entry : entries) {
                if (entry.owner.get() != null) {
                    return true;
                }
            }
        }
        return false;
    }

    private void goOn() {
        if (reap()) {
            visit.run();
        }
    }

    /// Publishes what is done by now.
    ///
    /// @return whether anything was
    public boolean look() {
        if (underWay == 0) {
            return false;
        }
        ring.await(0);
        return reap();
    }

    private boolean reap() {
        boolean any = false;
        while (ring.next()) {
            long mark = ring.data();
            if (mark == READABLE) {
                isInputAwaited = false;
                isInputThere = true;
            } else if (mark == WOKEN) {
                isWakeAwaited = false;
            } else {
                any |= done(entries[(int) mark], ring.result());
            }
        }
        return any;
    }

    private boolean done(Entry entry, int result) {
        if (result == -EINTR || result > 0 && result < entry.left) {
            int taken = Math.max(result, 0);
            entry.address += taken;
            entry.left -= taken;
            entry.offset += taken;
            write(entry); // leaves with the next wait
            return false;
        }
        IoResult outcome = IoResult.OK;
        if (result != entry.left) {
            outcome = result == -ENOSPC ? IoResult.NO_SPACE : IoResult.ERROR;
            entry.lanes.reportWrite(entry.offset, entry.left, result);
        }
        underWay--;
        Io io = entry.owner.getAndSet(null);
        entry.lanes.givenBack();
        entry.lanes = null;
        entry.kept = null;
        entry.nextFree = free;
        free = entry;
        if (io == null) {
            return false;
        }
        io.result = outcome;
        publish.accept(io);
        return true;
    }

    @Override
    public void prepare() {
        isRung.set(false);
        isInRing = underWay > 0;
        if (isInRing && !isWakeAwaited) {
            ring.read(counter, counted.address(), Long.BYTES, WOKEN);
            isWakeAwaited = true;
        }
    }

    @Override
    public void sleep(long nanos) {
        if (isInRing) {
            ring.await(nanos);
        } else {
            LockSupport.parkNanos(this, nanos);
        }
    }

    @Override
    public void wake(Thread sleeper) {
        if (!isInRing) {
            LockSupport.unpark(sleeper);
        } else if (!isRung.getAndSet(true)) {
            Descriptors.count(counter, one);
        }
    }

    /// Settles and ends.
    @Override
    public void close() {
        settle();
        CURRENT.remove();
        if (underWay > 0) {
            LEFT_BEHIND.add(this);
            return;
        }
        ring.close();
        Descriptors.close(Math.max(input, counter));
    }
}
