package io.quoin.daemon.nbd;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Method;
import java.nio.channels.SocketChannel;

/// Writes to a socket that never wait, though its reads do, by calling libc of Linux.
///
/// Where the JDK does not tell a channel's descriptor (it does so in a package of its own, which the
/// launcher opens), nothing is ever taken, and threads that may wait write everything.
///
/// Source: send(2).
final class NativeSend {
    private static final System.Logger LOG = System.getLogger("io.quoin.nbd");
    private static final int NONE = -1;
    private static final int MSG_DONTWAIT = 0x40;
    private static final int MSG_NOSIGNAL = 0x4000;

    private static final MethodHandle SEND =
            Linker.nativeLinker()
                    .downcallHandle(
                            Linker.nativeLinker().defaultLookup().findOrThrow("send"),
                            FunctionDescriptor.of(
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_INT,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_LONG,
                                    ValueLayout.JAVA_INT));

    private static final Method DESCRIPTOR = find();

    private NativeSend() {}

    private static Method find() {
        try {
            Method method = Class.forName("sun.nio.ch.SelChImpl").getMethod("getFDVal");
            method.setAccessible(true);
            return method;
        } catch (ReflectiveOperationException | RuntimeException e) {
            LOG.log(
                    System.Logger.Level.WARNING,
                    "replies need a thread more: the JDK does not tell descriptors of sockets ("
                            + e
                            + "); start with --add-opens java.base/sun.nio.ch=ALL-UNNAMED");
            return null;
        }
    }

    /// {@return the descriptor of a channel, or -1 where it cannot be known}
    ///
    /// @param channel open
    static int descriptor(SocketChannel channel) {
        if (DESCRIPTOR == null) {
            return NONE;
        }
        try {
            return (int) DESCRIPTOR.invoke(channel);
        } catch (ReflectiveOperationException e) {
            return NONE;
        }
    }

    /// Sends what the socket takes at once.
    ///
    /// @param descriptor open socket, or -1
    /// @param memory native, alive until this returns
    /// @param offset first byte
    /// @param length how many
    /// @return how many were taken; 0 too when the connection is broken
    static int send(int descriptor, MemorySegment memory, long offset, int length) {
        if (descriptor == NONE) {
            return 0;
        }
        try {
            long taken =
                    (long)
                            SEND.invokeExact(
                                    descriptor,
                                    memory.address() + offset,
                                    (long) length,
                                    MSG_DONTWAIT | MSG_NOSIGNAL);
            return (int) Math.max(taken, 0);
        } catch (Throwable e) {
            throw new AssertionError("send", e);
        }
    }
}
