package io.quoin.cli.hostile;

import io.quoin.codec.nbd.CommandType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/// Clients that stay: idle ones in transmission, slow ones that send a byte now and then, and some that
/// ask for much and read nothing. One thread drives them all; who is closed by the daemon comes back.
final class Crowd implements Runnable {
    private static final long PERIOD_NANOS = TimeUnit.MILLISECONDS.toNanos(250);
    private static final int NON_READER_PERIODS = 20;

    private final Attack attack;
    private final List<Member> members = new ArrayList<>();
    private final Random random;
    private volatile int idleCount;
    private volatile long comebacks;

    private enum Role {
        IDLE,
        SLOW,
        NON_READER
    }

    private static final class Member {
        private final Role role;
        private SocketChannel channel;
        private ByteBuffer toSend = ByteBuffer.allocate(0);
        private int periods;

        Member(Role role) {
            this.role = role;
        }
    }

    /// @param attack where to
    /// @param idle clients that do nothing in transmission
    /// @param slow clients that send a byte in a quarter of a second
    /// @param nonReaders clients that read nothing for five seconds, then leave and come back
    Crowd(Attack attack, int idle, int slow, int nonReaders) {
        this.attack = attack;
        random = new Random(attack.seed());
        for (int i = 0; i < idle; i++) {
            members.add(new Member(Role.IDLE));
        }
        for (int i = 0; i < slow; i++) {
            members.add(new Member(Role.SLOW));
        }
        for (int i = 0; i < nonReaders; i++) {
            members.add(new Member(Role.NON_READER));
        }
    }

    /// {@return idle clients that are connected}
    int idleCount() {
        return idleCount;
    }

    /// {@return how often a client of the crowd connected again}
    long comebacks() {
        return comebacks;
    }

    @Override
    public void run() {
        ByteBuffer sink = ByteBuffer.allocateDirect(64 << 10);
        while (!attack.isOver()) {
            int idle = 0;
            for (Member member : members) {
                if (attack.isOver()) {
                    break;
                }
                act(member, sink);
                idle += member.role == Role.IDLE && member.channel != null ? 1 : 0;
            }
            idleCount = idle;
            LockSupport.parkNanos(PERIOD_NANOS);
        }
        members.forEach(Crowd::close);
    }

    private void act(Member member, ByteBuffer sink) {
        try {
            if (member.channel == null) {
                open(member);
            }
            if (member.role == Role.SLOW) {
                member.toSend.limit(
                        Math.min(member.toSend.position() + 1, member.toSend.capacity()));
            }
            if (member.toSend.hasRemaining()) {
                member.channel.write(member.toSend);
            }
            sink.clear();
            boolean isOver =
                    member.role == Role.NON_READER
                            ? ++member.periods > NON_READER_PERIODS
                            : member.channel.read(sink) < 0;
            if (isOver) {
                close(member);
            }
        } catch (IOException e) {
            close(member);
        }
    }

    private void open(Member member) throws IOException {
        member.channel = SocketChannel.open(random.nextBoolean() ? attack.unix() : attack.tcp());
        member.channel.configureBlocking(false);
        member.periods = 0;
        comebacks++;
        switch (member.role) {
            case IDLE -> member.toSend = ByteBuffer.wrap(HostileSession.handshake(false));
            case SLOW -> {
                member.toSend = ByteBuffer.wrap(HostileSession.handshake(true));
                member.toSend.limit(0);
            }
            case NON_READER -> {
                byte[] handshake = HostileSession.handshake(true);
                ByteBuffer all = ByteBuffer.allocate(handshake.length + 100 * 28);
                all.put(handshake);
                for (int i = 0; i < 100; i++) {
                    all.put(
                            HostileSession.request(
                                    0, CommandType.READ, i, 0, 1 << 20, new byte[0]));
                }
                member.toSend = all.flip();
            }
        }
    }

    private static void close(Member member) {
        try {
            if (member.channel != null) {
                member.channel.close();
            }
        } catch (IOException e) {
            // Gone is gone.
        }
        member.channel = null;
    }
}
