package io.quoin.volume.destage;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// The home writes of a round: neighbours on a member whose blocks are neighbours in memory go out as
/// one operation.
final class HomeWrites {
    /// Told when all writes have ended.
    @FunctionalInterface
    interface Done {
        /// All writes have ended; a member whose write failed has left the set.
        ///
        /// @param slots bit for each slot written
        void written(int slots);
    }

    private final MemberSet members;
    private final int maxBytes;
    private final List<Io> writes = new ArrayList<>();
    private final ArrayList<Io> spare = new ArrayList<>();
    private final Io[] lastOfSlot;
    private final Io.Listener whenWritten = this::written;
    private int slots;
    private int failed;
    private int pending;
    private int submitted;
    private Done done;

    HomeWrites(MemberSet members, int maxBytes) {
        this.members = members;
        this.maxBytes = maxBytes;
        lastOfSlot = new Io[members.entries().size()];
    }

    /// Begins a round.
    ///
    /// @param whenDone told when {@link #end} was called and everything submitted has ended
    void begin(Done whenDone) {
        done = whenDone;
        slots = 0;
        failed = 0;
        submitted = 0;
        pending = 1;
    }

    /// Adds a block; rows come in rising order.
    void add(int slot, long memberOffset, MemorySegment segment, long offset) {
        Io last = lastOfSlot[slot];
        if (last != null
                && last.segment == segment
                && last.offsetBytes + last.lengthBytes == memberOffset
                && last.segmentOffset + last.lengthBytes == offset
                && last.lengthBytes + BLOCK_BYTES <= maxBytes) {
            last.lengthBytes += BLOCK_BYTES;
            return;
        }
        Io io = spare.isEmpty() ? new Io() : spare.removeLast();
        io.set(Io.Kind.WRITE, segment, offset, BLOCK_BYTES, memberOffset);
        io.slot = slot;
        io.listener = whenWritten;
        writes.add(io);
        lastOfSlot[slot] = io;
        slots |= 1 << slot;
    }

    /// Submits what was added.
    void submit() {
        submitted += writes.size();
        pending += writes.size();
        for (int i = 0; i < writes.size(); i++) {
            members.submit(writes.get(i).slot, writes.get(i));
        }
        writes.clear();
        Arrays.fill(lastOfSlot, null);
    }

    /// {@return the share of what was submitted that has ended}
    double share() {
        return submitted == 0 ? 0 : (double) (submitted + 1 - pending) / (submitted + 1);
    }

    private void written(Io io) {
        if (!io.result.isOk() && !Plant.WRITE_ERROR_IGNORED.isPlanted()) {
            failed |= 1 << io.slot;
            members.fail(io);
        }
        if (io.result.isOk()) { // one that was given up may still be in somebody's hands
            spare.add(io);
        }
        end();
    }

    /// Nothing more is added.
    void end() {
        if (--pending == 0) {
            done.written(slots);
        }
    }

    /// Whether a slot's writes all went well and its member is still there.
    boolean isLive(int slot) {
        return (failed >> slot & 1) == 0 && members.file(slot) != null && members.io(slot) != null;
    }
}
