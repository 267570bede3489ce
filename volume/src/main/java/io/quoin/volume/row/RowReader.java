package io.quoin.volume.row;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.counter.Counters;
import io.quoin.volume.counter.Counters.Counter;
import io.quoin.volume.counter.VolumeEvent;
import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.BlockGuards;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberHealth;
import io.quoin.volume.member.MemberSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.function.Supplier;

/// Reads a whole row of a locked info group, resolves it, and puts what was bad to rights.
///
/// In the engine's turns only; frames are few and reused, who finds none waits.
public final class RowReader {
    private static final int FRAMES = 32;

    /// A row read and resolved.
    public final class Frame {
        private final MemorySegment memory;
        private final RowImage image;
        private InfoGroup group;
        private int index;
        private long row;
        private Geometry shape;
        private int pending;
        private int read;
        private Runnable then;

        private Frame() {
            memory =
                    Arena.ofAuto().allocate((long) geometry.mostWidth() * BLOCK_BYTES, BLOCK_BYTES);
            image = new RowImage(geometry, guards.get());
            for (int p = 0; p < geometry.mostWidth(); p++) {
                image.blocks[p] = memory;
                image.offsets[p] = (long) p * BLOCK_BYTES;
            }
        }

        /// {@return the resolved row}
        public RowImage image() {
            return image;
        }

        /// {@return memory of the blocks, by position}
        public MemorySegment memory() {
            return memory;
        }

        /// {@return offset of a position's block}
        ///
        /// @param position position
        public long offset(int position) {
            return (long) position * BLOCK_BYTES;
        }
    }

    /// Receives a resolved row.
    @FunctionalInterface
    public interface Reader {
        /// The row is read and resolved; give the frame back with {@link RowReader#release}.
        ///
        /// @param frame the row
        void resolved(Frame frame);
    }

    private final Geometry geometry;
    private final Supplier<BlockGuards> guards;
    private final MemberSet members;
    private final Counters counters;
    private final VolumeEvent.Sink events;
    private final ArrayDeque<Frame> free = new ArrayDeque<>();
    private final ArrayDeque<Runnable> waiters = new ArrayDeque<>();
    private int made;

    /// A reader of a volume's rows.
    ///
    /// @param geometry shape
    /// @param guards makes guards
    /// @param members whom to read
    /// @param counters what is counted
    /// @param events who is told
    public RowReader(
            Geometry geometry,
            Supplier<BlockGuards> guards,
            MemberSet members,
            Counters counters,
            VolumeEvent.Sink events) {
        this.geometry = geometry;
        this.guards = guards;
        this.members = members;
        this.counters = counters;
        this.events = events;
    }

    /// Reads and resolves a row.
    ///
    /// @param group its info group, locked by the caller
    /// @param index its index in the group
    /// @param reader receives it
    public void read(InfoGroup group, int index, Reader reader) {
        Frame frame = free.pollFirst();
        if (frame == null) {
            if (made == FRAMES) {
                waiters.addLast(() -> read(group, index, reader));
                return;
            }
            made++;
            frame = new Frame();
        }
        start(frame, group, index, reader);
    }

    private void start(Frame frame, InfoGroup group, int index, Reader reader) {
        frame.group = group;
        frame.index = index;
        frame.row = geometry.rowIn(group.key(), index);
        frame.shape = geometry.at(frame.row);
        frame.read = 0;
        frame.pending = 1;
        for (int p = 0; p < frame.shape.width(); p++) {
            int slot = geometry.slotAt(frame.row, p);
            int lane = geometry.laneOf(slot);
            if (!members.holds(slot, group.key())
                    || group.isUntrusted(lane, index)
                    || BlockInfo.isContentless(group.image(), group.record(lane, index))) {
                continue;
            }
            frame.pending++;
            Io io = new Io();
            io.tag = p;
            io.set(
                    Io.Kind.READ,
                    frame.memory,
                    frame.offset(p),
                    BLOCK_BYTES,
                    members.layout().dataOffset(geometry.memberBlock(frame.row)));
            io.listener =
                    done -> {
                        if (done.result.isOk()) {
                            frame.read |= 1 << done.tag;
                        } else if (!geometry.isCanary(frame.row)) {
                            counters.add(Counter.READ_ERRORS, 1);
                        }
                        readDone(frame, reader);
                    };
            members.submit(slot, io);
        }
        readDone(frame, reader);
    }

    private void readDone(Frame frame, Reader reader) {
        if (--frame.pending > 0) {
            return;
        }
        frame.image.resolve(frame.group, frame.index, frame.row, frame.read);
        reader.resolved(frame);
    }

    /// Rewrites, on members that hold the row, every block that was bad and could be had: corrected,
    /// decoded, or untrusted. Durable, then recorded in the info group.
    ///
    /// @param frame resolved row, its group still locked
    /// @param done runs at the end
    public void repair(Frame frame, Runnable done) {
        RowImage image = frame.image;
        InfoGroup group = frame.group;
        int targets = 0;
        for (int p = 0; p < frame.shape.width(); p++) {
            int slot = geometry.slotAt(frame.row, p);
            int lane = geometry.laneOf(slot);
            boolean isBad =
                    (image.corrected >> p & 1) != 0
                            || (image.decoded >> p & 1) != 0
                            || (image.contentless >> p & 1) != 0
                                    && group.isUntrusted(lane, frame.index);
            if (isBad && members.holds(slot, group.key())) {
                targets |= 1 << p;
            }
        }
        reportLost(frame);
        frame.then = done;
        frame.pending = 1;
        for (int p = 0; p < frame.shape.width(); p++) {
            if ((targets >> p & 1) == 0) {
                continue;
            }
            if ((image.contentless >> p & 1) != 0) {
                record(frame, p);
                continue;
            }
            frame.pending++;
            Io io = new Io();
            io.tag = p;
            io.set(
                    Io.Kind.WRITE_DURABLE,
                    frame.memory,
                    frame.offset(p),
                    BLOCK_BYTES,
                    members.layout().dataOffset(geometry.memberBlock(frame.row)));
            io.listener =
                    written -> {
                        if (written.result.isOk()) {
                            record(frame, written.tag);
                        } else {
                            members.fail(written);
                        }
                        if (--frame.pending == 0) {
                            frame.then.run();
                        }
                    };
            members.submit(geometry.slotAt(frame.row, p), io);
        }
        if (--frame.pending == 0) {
            done.run();
        }
    }

    private void record(Frame frame, int p) {
        int slot = geometry.slotAt(frame.row, p);
        int lane = geometry.laneOf(slot);
        InfoGroup group = frame.group;
        RowImage image = frame.image;
        long at = group.record(lane, frame.index);
        String finding;
        MemberHealth.Finding kind = MemberHealth.Finding.DAMAGED;
        if (group.isUntrusted(lane, frame.index)) {
            kind = MemberHealth.Finding.LOST_WRITE;
            finding = "lost write, the block or its info is older than the row says";
        } else if ((image.corrected >> p & 1) != 0) {
            kind = MemberHealth.Finding.CORRECTED;
            finding = image.correctedBits + " flipped bits in the row, corrected by Hamming code";
        } else {
            finding = "guard mismatch or unreadable";
        }
        if (BlockInfo.guard(group.image(), at) == 0 && (image.contentless >> p & 1) == 0) {
            image.guards().seal(frame.memory, frame.offset(p), group.image(), at);
            if (!Plant.GUARD_NOT_KEPT.isPlanted()) {
                group.markDirty(lane);
            }
        }
        if (group.isUntrusted(lane, frame.index)) {
            group.setUntrusted(lane, frame.index, false);
            group.markDirty(lane);
        }
        if (!geometry.isCanary(frame.row)) { // damaged on purpose, or nobody's
            counters.add(Counter.BLOCKS_REPAIRED, 1);
            members.health(slot).blockRepaired(kind);
            if ((image.corrected >> p & 1) != 0) {
                counters.add(Counter.BITS_CORRECTED, image.correctedBits);
            } else {
                counters.add(Counter.BLOCKS_DECODED, 1);
            }
        }
        long block = p < frame.shape.dataCount() ? geometry.blockAt(frame.row, p) : -1;
        events.accept(new VolumeEvent.BlockRepaired(slot, frame.row, block, finding, "rewritten"));
    }

    private void reportLost(Frame frame) {
        RowImage image = frame.image;
        if (image.suspect != 0) {
            if (!geometry.isCanary(frame.row)) {
                counters.add(Counter.ROWS_SUSPECT, 1);
            }
            events.accept(
                    new VolumeEvent.RowSuspect(
                            frame.row,
                            "decoded content has not the recorded guard at positions "
                                    + Integer.toBinaryString(image.suspect)));
        }
        for (int p = 0; p < frame.shape.dataCount(); p++) {
            if ((image.lost >> p & 1) != 0) {
                if (!geometry.isCanary(frame.row)) {
                    counters.add(Counter.BLOCKS_LOST, 1);
                }
                events.accept(
                        new VolumeEvent.BlockLost(
                                geometry.blockAt(frame.row, p),
                                frame.row,
                                "fewer than "
                                        + frame.shape.dataCount()
                                        + " good blocks in the row"));
            }
        }
    }

    /// Gives a frame back.
    ///
    /// @param frame the frame
    public void release(Frame frame) {
        frame.group = null;
        frame.then = null;
        free.addFirst(frame);
        Runnable waiter = waiters.pollFirst();
        if (waiter != null) {
            waiter.run();
        }
    }
}
