package io.quoin.cli.hostile;

import java.io.IOException;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/// Plays sessions one after the other, never waiting for the daemon longer than a session lasts: what
/// the daemon does not take in time is not sent.
final class HostileWorker implements Runnable {
    private static final long LONGEST_NANOS = TimeUnit.MILLISECONDS.toNanos(150);

    private final Attack attack;
    private final AtomicLong next;
    private final long end;
    private final ByteBuffer sink = ByteBuffer.allocateDirect(256 << 10);

    /// The session that is being played, for naming who did harm.
    volatile long current = -1;

    /// @param attack where to, and the seed
    /// @param next number of the next session of all workers
    /// @param end number behind the last
    HostileWorker(Attack attack, AtomicLong next, long end) {
        this.attack = attack;
        this.next = next;
        this.end = end;
    }

    @Override
    public void run() {
        long number = next.getAndIncrement();
        while (number < end && !attack.isOver()) {
            current = number;
            HostileSession session = HostileSession.draw(attack.seed(), number);
            SocketAddress address = session.isTcp() ? attack.tcp() : attack.unix();
            try {
                play(session, address);
                attack.played(session.kind());
            } catch (IOException e) {
                // Closed by the daemon in the middle, as it may.
                attack.playedToTheMiddle(session.kind(), e);
            }
            number = next.getAndIncrement();
        }
        current = -1;
    }

    private void play(HostileSession session, SocketAddress address) throws IOException {
        try (SocketChannel channel = SocketChannel.open(address)) {
            channel.configureBlocking(false);
            long deadline = System.nanoTime() + LONGEST_NANOS;
            boolean isOpen = send(channel, session, deadline);
            if (session.end() == HostileSession.End.HALF_CLOSE && isOpen) {
                channel.shutdownOutput();
            }
            long stays = TimeUnit.MILLISECONDS.toNanos(session.staysMillis());
            long leave =
                    session.end() == HostileSession.End.HALF_CLOSE
                            ? deadline
                            : Math.min(deadline, System.nanoTime() + stays);
            while (isOpen && System.nanoTime() - leave < 0) {
                isOpen = !session.reads() || take(channel);
                LockSupport.parkNanos(200_000);
            }
            if (session.end() == HostileSession.End.RESET && session.isTcp()) {
                channel.setOption(StandardSocketOptions.SO_LINGER, 0);
            }
        }
    }

    private boolean send(SocketChannel channel, HostileSession session, long deadline)
            throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(session.bytes());
        boolean isOpen = true;
        while (bytes.hasRemaining() && isOpen && System.nanoTime() - deadline < 0) {
            int limit = bytes.limit();
            if (session.pieceBytes() > 0) {
                bytes.limit(Math.min(limit, bytes.position() + session.pieceBytes()));
            }
            int count = channel.write(bytes);
            bytes.limit(limit);
            isOpen = !session.reads() || take(channel);
            if (count == 0) {
                LockSupport.parkNanos(100_000);
            }
        }
        return isOpen;
    }

    /// {@return whether the daemon still talks}
    private boolean take(SocketChannel channel) throws IOException {
        sink.clear();
        return channel.read(sink) >= 0;
    }
}
