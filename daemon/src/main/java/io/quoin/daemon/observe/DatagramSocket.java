package io.quoin.daemon.observe;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

/// Datagrams on Unix sockets, which the JDK does not offer, by calling libc of Linux. An address is
/// a path, or a name in the abstract namespace, written with a leading `@`.
///
/// ```
/// sockaddr_un   0  u16 family = 1   2  path, NUL at its end; or NUL, then a name without an end
/// ```
///
/// Used by one thread at a time. Source: unix(7).
final class DatagramSocket implements AutoCloseable {
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int FAMILY_BYTES = 2;
    private static final int PATH_BYTES = 108;

    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle SOCKET =
            function(
                    "socket",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT));
    private static final MethodHandle BIND =
            function(
                    "bind",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_INT));
    private static final MethodHandle SENDTO =
            function(
                    "sendto",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_INT));
    private static final MethodHandle RECV =
            function(
                    "recv",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT));
    private static final MethodHandle CLOSE =
            function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    /// A call of libc that said no.
    static final class Failed extends Exception {
        private static final long serialVersionUID = 1L;

        Failed(String call, int errno) {
            super(call + ": errno " + errno);
        }
    }

    private final Arena arena = Arena.ofShared();
    private final MemorySegment state = arena.allocate(STATE);
    private final int descriptor;

    /// Opens a socket without an address.
    ///
    /// @throws Failed when there are no descriptors
    DatagramSocket() throws Failed {
        try {
            descriptor = (int) SOCKET.invokeExact(state, AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
        if (descriptor < 0) {
            int errno = errno();
            arena.close();
            throw new Failed("socket", errno);
        }
    }

    private static MethodHandle function(String name, FunctionDescriptor descriptor) {
        Linker linker = Linker.nativeLinker();
        return linker.downcallHandle(
                linker.defaultLookup().findOrThrow(name),
                descriptor,
                Linker.Option.captureCallState("errno"));
    }

    private int errno() {
        return (int) ERRNO.get(state, 0L);
    }

    /// {@return whether a text is an address}
    ///
    /// @param address a path from the root, or `@` and a name
    static boolean isAddress(String address) {
        int bytes = address.getBytes(StandardCharsets.UTF_8).length;
        return (address.startsWith("/") || address.startsWith("@"))
                && bytes > 1
                && bytes < PATH_BYTES;
    }

    private static MemorySegment sockaddr(Arena arena, String address) {
        assert isAddress(address) : address;
        byte[] path = address.getBytes(StandardCharsets.UTF_8);
        boolean isAbstract = path[0] == '@';
        if (isAbstract) {
            path[0] = 0;
        }
        MemorySegment sockaddr =
                arena.allocate(FAMILY_BYTES + path.length + (isAbstract ? 0 : 1), 2);
        sockaddr.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(path, 0, sockaddr, ValueLayout.JAVA_BYTE, FAMILY_BYTES, path.length);
        return sockaddr;
    }

    /// Gives the socket an address to receive at.
    ///
    /// @param address see {@link #isAddress}
    /// @throws Failed when it cannot be had
    void bind(String address) throws Failed {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment sockaddr = sockaddr(call, address);
            int result =
                    (int) BIND.invokeExact(state, descriptor, sockaddr, (int) sockaddr.byteSize());
            check("bind " + address, result);
        } catch (Failed e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /// Sends a datagram without waiting.
    ///
    /// @param address see {@link #isAddress}
    /// @param text its contents
    /// @throws Failed when nobody receives there or there is no room
    void send(String address, String text) throws Failed {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment sockaddr = sockaddr(call, address);
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            MemorySegment message = call.allocateFrom(ValueLayout.JAVA_BYTE, bytes);
            long result =
                    (long)
                            SENDTO.invokeExact(
                                    state,
                                    descriptor,
                                    message,
                                    message.byteSize(),
                                    MSG_DONTWAIT | MSG_NOSIGNAL,
                                    sockaddr,
                                    (int) sockaddr.byteSize());
            check("sendto " + address, result);
        } catch (Failed e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    /// {@return the next datagram, without waiting}
    ///
    /// @throws Failed when there is none
    String receive() throws Failed {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment message = call.allocate(4096);
            long result =
                    (long)
                            RECV.invokeExact(
                                    state, descriptor, message, message.byteSize(), MSG_DONTWAIT);
            check("recv", result);
            byte[] bytes = message.asSlice(0, result).toArray(ValueLayout.JAVA_BYTE);
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (Failed e) {
            throw e;
        } catch (Throwable e) {
            throw new AssertionError(e);
        }
    }

    private void check(String call, long result) throws Failed {
        if (result < 0) {
            throw new Failed(call, errno());
        }
    }

    @Override
    public void close() {
        try {
            int ignored = (int) CLOSE.invokeExact(state, descriptor);
        } catch (Throwable e) {
            throw new AssertionError(e);
        } finally {
            arena.close();
        }
    }
}
