package io.quoin.volume.member;

import io.quoin.volume.geometry.Geometry;

/// What a drill lets go wrong with reads of one canary block of one member: they are told to have failed, or one is held back
/// before the member gets it. The bytes of a read that is told to have failed are those of the member: nothing but the result says
/// that they do not count.
///
/// Reads of just that block alone are struck, so many and no more.
///
/// In the engine's turns only.
public final class StagedFault {
    /// What goes wrong.
    public enum Kind {
        /// The read fails.
        READ_ERROR,
        /// The read is not begun before the fault is over.
        STALL
    }

    private final Kind kind;
    private final int slot;
    private final long offsetBytes;
    private final Holder holder = new Holder();
    private int left;
    private boolean hasStruck;

    /// Who has the slot, as long as its read is held back.
    private MemberIo member;

    private Io held;
    private boolean isOver;

    StagedFault(Kind kind, int slot, long offsetBytes, int most) {
        this.kind = kind;
        this.slot = slot;
        this.offsetBytes = offsetBytes;
        left = kind == Kind.STALL ? 1 : most;
    }

    /// Looks at an operation that is about to be queued, its target set.
    void meet(Io io) {
        if (left == 0
                || io.slot != slot
                || io.kind != Io.Kind.READ
                || io.offsetBytes != offsetBytes
                || io.lengthBytes != Geometry.BLOCK_BYTES) {
            return;
        }
        left--;
        hasStruck = true;
        if (kind == Kind.READ_ERROR) {
            io.isStagedToFail = true;
        } else {
            member = io.target;
            io.target = holder;
        }
    }

    /// {@return whether a read has met it}
    public boolean hasStruck() {
        return hasStruck;
    }

    /// {@return whether a read is held back now}
    public boolean isHolding() {
        return held != null;
    }

    /// No more is struck, and what is held back goes on.
    void end() {
        isOver = true;
        left = 0;
        if (held != null) {
            Io io = held;
            held = null;
            holder.submit(io);
        }
    }

    /// Stands for the member towards the slot's queue: what is held back is under way there, is waited for, and can be given up.
    private final class Holder implements MemberIo {
        @Override
        public void submit(Io io) {
            if (isOver) { // it waited its turn in the queue until now, or was held back
                io.target = member;
                member.submit(io);
            } else {
                held = io;
            }
        }

        @Override
        public boolean abandon(Io io) {
            assert held == io : "not held back: " + io;
            held = null;
            return true;
        }

        @Override
        public boolean isQuiet() {
            return true;
        }

        @Override
        public void close() {}
    }
}
