package io.quoin.volume.member;

import io.quoin.volume.fault.Plant;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/// The operations of one slot's member: those handed to it, oldest first, and those that wait because it
/// has enough to do.
///
/// In the engine's turns only; allocates nothing in steady state.
final class SlotQueue {
    /// Most operations handed to one member at a time.
    private static final int MAX_UNDER_WAY = 256;

    private final ArrayDeque<Io> backlog = new ArrayDeque<>();
    private Io oldest;
    private Io newest;
    private int underWay;
    private boolean isHeld;

    /// Starts an operation, or keeps it until the member has less to do.
    ///
    /// @param io operation, its target set
    /// @param tick time
    void submit(Io io, long tick) {
        if (underWay >= most() || isHeld && io.kind != Io.Kind.READ) {
            backlog.addLast(io);
        } else {
            start(io, tick);
        }
    }

    private static int most() {
        return Plant.ONE_AT_A_TIME.isPlanted() ? 1 : MAX_UNDER_WAY;
    }

    private void start(Io io, long tick) {
        assert io.older == null && io.newer == null && io != oldest : "under way already: " + io;
        io.startedTick = tick;
        io.older = newest;
        if (newest == null) {
            oldest = io;
        } else {
            newest.newer = io;
        }
        newest = io;
        underWay++;
        io.target.submit(io);
    }

    /// Takes an operation that is done out, and starts one that waited.
    ///
    /// @param io done operation
    /// @param tick time
    void completed(Io io, long tick) {
        remove(io);
        Io next = isHeld ? null : backlog.pollFirst();
        if (next != null) {
            start(next, tick);
        }
    }

    /// Keeps writes and flushes, and what waits behind others, until told to go on.
    void hold() {
        isHeld = true;
    }

    /// Takes out all that wait.
    ///
    /// @return these, oldest first
    List<Io> abandonBacklog() {
        List<Io> abandoned = new ArrayList<>(backlog);
        backlog.clear();
        return abandoned;
    }

    /// Goes on.
    ///
    /// @param tick time
    void goOn(long tick) {
        isHeld = false;
        while (underWay < most() && !backlog.isEmpty()) {
            start(backlog.pollFirst(), tick);
        }
    }

    private void remove(Io io) {
        if (io.older == null) {
            oldest = io.newer;
        } else {
            io.older.newer = io.newer;
        }
        if (io.newer == null) {
            newest = io.older;
        } else {
            io.newer.older = io.older;
        }
        io.older = null;
        io.newer = null;
        underWay--;
    }

    /// {@return the operation that has been under way longest, or null}
    Io oldest() {
        return oldest;
    }

    /// {@return operations under way or waiting}
    int size() {
        return underWay + backlog.size();
    }

    /// Takes out all that wait, and all under way that their member will not touch any more. Those that
    /// are just being completed stay.
    ///
    /// @return what was taken out, oldest first
    List<Io> abandon() {
        List<Io> abandoned = new ArrayList<>();
        for (Io io = oldest; io != null; ) {
            Io next = io.newer;
            if (io.target.abandon(io)) {
                remove(io);
                abandoned.add(io);
            }
            io = next;
        }
        abandoned.addAll(backlog);
        backlog.clear();
        return abandoned;
    }
}
