package io.quoin.volume.destage;

import io.quoin.volume.journal.Journal;

/// How full the journal may be while rows go home. Its tail moves only when a whole sweep is home and a
/// checkpoint says so; so what is free is given out little by little as the sweep comes along, and the last of it
/// while the checkpoint is under way. Clients that write faster than destage are slowed down to its pace, and
/// none of them stands still until the tail moves.
///
/// In the engine's turns only.
public final class Pace {
    /// Of what was free, what may come in before anything is home.
    private static final double AHEAD = 0.1;

    /// Of what was free when a sweep began, what is kept for the time of its checkpoint.
    private static final double KEPT = 0.3;

    private final Journal journal;
    private final Destager destager;
    private final Checkpointer checkpointer;
    private boolean isCheckpoint;
    private long bytesBefore;
    private double progressBefore;

    /// A pace.
    ///
    /// @param journal whose tail is waited for
    /// @param destager whose sweeps bring home what holds it
    /// @param checkpointer who moves it
    public Pace(Journal journal, Destager destager, Checkpointer checkpointer) {
        this.journal = journal;
        this.destager = destager;
        this.checkpointer = checkpointer;
    }

    /// A sweep begins.
    public void sweepBegins() {
        if (!isCheckpoint) {
            begin();
        }
    }

    /// The checkpoint of a sweep begins.
    public void checkpointBegins() {
        isCheckpoint = true;
        bytesBefore = journal.usedBytes();
    }

    /// The tail has moved.
    public void checkpointEnds() {
        isCheckpoint = false;
        begin();
    }

    private void begin() {
        bytesBefore = journal.usedBytes();
        progressBefore = destager.progress();
    }

    /// {@return how full the journal may be now}
    ///
    /// @param most bytes that it may hold
    public long bytes(long most) {
        if (journal.usedBytes() < most / 2 || !isCheckpoint && destager.isSweepDone()) {
            return most;
        }
        double share;
        if (isCheckpoint) {
            share = AHEAD + (1 - AHEAD) * checkpointer.progress();
        } else {
            double left = 1 - progressBefore;
            double done = left <= 0 ? 1 : (destager.progress() - progressBefore) / left;
            share = Math.min(1 - KEPT, AHEAD + (1 - KEPT - AHEAD) * done);
        }
        return bytesBefore + (long) (Math.max(0, most - bytesBefore) * share);
    }
}
