package io.quoin.cli.hostile;

import java.io.IOException;
import java.net.SocketAddress;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicLongArray;

/// What all attackers of a run share.
final class Attack {
    private final long seed;
    private final SocketAddress unix;
    private final SocketAddress tcp;
    private final AtomicLong played = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private final AtomicLongArray byKind = new AtomicLongArray(HostileSession.Kind.values().length);
    private volatile boolean isOver;

    Attack(long seed, SocketAddress unix, SocketAddress tcp) {
        this.seed = seed;
        this.unix = unix;
        this.tcp = tcp;
    }

    long seed() {
        return seed;
    }

    SocketAddress unix() {
        return unix;
    }

    SocketAddress tcp() {
        return tcp;
    }

    void played(HostileSession.Kind kind) {
        played.incrementAndGet();
        byKind.incrementAndGet(kind.ordinal());
    }

    void playedToTheMiddle(HostileSession.Kind kind, IOException why) {
        if (why instanceof java.net.ConnectException) {
            refused.incrementAndGet();
        } else {
            played(kind);
        }
    }

    /// {@return sessions played, in whole or until the daemon hung up}
    long playedCount() {
        return played.get();
    }

    /// {@return sessions that found nobody at the address}
    long refusedCount() {
        return refused.get();
    }

    long count(HostileSession.Kind kind) {
        return byKind.get(kind.ordinal());
    }

    boolean isOver() {
        return isOver;
    }

    void end() {
        isOver = true;
    }
}
