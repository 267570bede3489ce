package io.quoin.volume.member;

import java.lang.foreign.MemorySegment;

/// One operation on a member, submitted by the engine and handed back when done. Kept by whoever
/// submits it and used again; never touched by the submitter in between.
public final class Io {
    /// What to do.
    public enum Kind {
        /// Into the segment.
        READ,
        /// From the segment; a flush makes it durable.
        WRITE,
        /// From the segment, on stable storage when done.
        WRITE_DURABLE,
        /// Earlier completed writes become durable.
        FLUSH
    }

    /// Carries an operation to whoever does it, and back.
    public interface Carrier {
        /// Takes an operation away from it.
        ///
        /// @param io the operation
        /// @return false: too late, it is being handed over, or was
        boolean abandon(Io io);
    }

    /// Told in the engine's turn.
    @FunctionalInterface
    public interface Listener {
        /// The operation is done; its result is set.
        ///
        /// @param io the operation
        void completed(Io io);
    }

    /// What to do.
    public Kind kind;

    /// Slot of the member.
    public int slot;

    /// Where it was submitted; a slot's member may change while it is under way.
    MemberIo target;

    /// Whose queue it is in.
    SlotQueue queue;

    /// The twin that it is done on, or null: the slot's member.
    Twin twin;

    /// What does the same on the slot's twin and has not ended, or null.
    Io shadow;

    /// Of a shadow, whose.
    Io shadowed;

    /// Whether it has ended, and its shadow is waited for.
    boolean isHeld;

    /// Whether a drill has it fail, whatever the member says.
    boolean isStagedToFail;

    /// Neighbours in the slot's queue, and when it was handed to the member.
    Io older;

    Io newer;
    long startedTick;
    long submittedNanos;

    /// What carries it to the member and back; set by whom it was submitted to.
    public Carrier carrier;

    /// Memory.
    public MemorySegment segment;

    /// Offset in the memory.
    public long segmentOffset;

    /// Bytes.
    public int lengthBytes;

    /// Offset on the member.
    public long offsetBytes;

    /// Of a read, bytes that lie side by side in memory, and from where each such piece begins to where the next does.
    int pieceBytes;

    long strideBytes;

    /// How it ended.
    public IoResult result;

    /// Who is told.
    public Listener listener;

    /// For the listener.
    public int tag;

    /// For the listener.
    public long mark;

    /// Sets what a read or write needs.
    ///
    /// @param what kind
    /// @param memory memory
    /// @param memoryOffset offset in it
    /// @param bytes length
    /// @param at offset on the member
    /// @return this
    public Io set(Kind what, MemorySegment memory, long memoryOffset, int bytes, long at) {
        kind = what;
        segment = memory;
        segmentOffset = memoryOffset;
        lengthBytes = bytes;
        offsetBytes = at;
        pieceBytes = bytes;
        strideBytes = 0;
        return this;
    }

    /// Lets a read, set before, fill pieces of memory that lie apart.
    ///
    /// @param piece bytes of each but the last, which may be shorter
    /// @param stride bytes from where a piece begins to where the next does
    public void scatter(int piece, long stride) {
        assert kind == Kind.READ && piece > 0 && stride >= piece : piece + " of " + stride;
        pieceBytes = piece;
        strideBytes = stride;
    }

    /// Takes over what another operation is to do.
    ///
    /// @param other operation
    public void setAs(Io other) {
        set(other.kind, other.segment, other.segmentOffset, other.lengthBytes, other.offsetBytes);
        pieceBytes = other.pieceBytes;
        strideBytes = other.strideBytes;
    }

    /// Puts what was read where it belongs.
    ///
    /// @param source what was read, from its beginning
    public void deliver(MemorySegment source) {
        long to = segmentOffset;
        for (int at = 0; at < lengthBytes; at += pieceBytes) {
            int bytes = Math.min(pieceBytes, lengthBytes - at);
            MemorySegment.copy(source, at, segment, to, bytes);
            to += strideBytes;
        }
    }

    /// Carries the operation out on a file, on the calling thread.
    ///
    /// @param file the member's file
    public void runOn(BlockFile file) {
        result =
                switch (kind) {
                    case READ -> readFrom(file);
                    case WRITE ->
                            file.write(segment, segmentOffset, lengthBytes, offsetBytes, false);
                    case WRITE_DURABLE ->
                            file.write(segment, segmentOffset, lengthBytes, offsetBytes, true);
                    case FLUSH -> file.flush();
                };
    }

    private IoResult readFrom(BlockFile file) {
        IoResult read = IoResult.OK;
        long to = segmentOffset;
        for (int at = 0; at < lengthBytes && read.isOk(); at += pieceBytes) {
            int bytes = Math.min(pieceBytes, lengthBytes - at);
            read = file.read(segment, to, bytes, offsetBytes + at);
            to += strideBytes;
        }
        return read;
    }

    @Override
    public String toString() {
        return kind + " slot " + slot + " offset " + offsetBytes + " length " + lengthBytes;
    }
}
