package io.quoin.volume.member;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// Writes superblocks of several members side by side, the copies of each in two steps, the second when
/// the first is durable everywhere.
///
/// | copies on the member | first step | second step |
/// |---|---|---|
/// | all whole and the same | 0 and 2 | 1 and 3 |
/// | some damaged or older: a crash came amid the last write | those | the others |
///
/// So one whole copy of what was last known is there at any instant, also when the power goes in each of
/// many writes in a row. In the engine's turns only.
final class SuperblockWrites {
    /// Whose members they are.
    interface Owner {
        /// Hands an operation to a slot's member.
        void submit(int slot, Io io);

        /// A write failed; its member gets no more of them.
        void failed(Io io);

        /// {@return whether the volume has failed, so that nothing more is done}
        boolean isFailed();

        /// All is durable, but on those that failed.
        void written();
    }

    private static final int ALL = (1 << Superblock.COPIES) - 1;
    private static final int EVEN = 0b0101;

    private MemberLayout layout;
    private final Owner owner;
    private final int slots;
    private final MemorySegment staging;
    private final Superblock.Image image = new Superblock.Image();
    private final Io[] ios;
    private final int[] first;
    private int targets;
    private int pending;
    private boolean isSecond;

    SuperblockWrites(MemberLayout layout, int slots, Owner owner) {
        this.layout = layout;
        this.owner = owner;
        this.slots = slots;
        staging = Arena.ofAuto().allocate((long) slots * Superblock.BYTES, 4096);
        ios = new Io[Superblock.COPIES * slots];
        for (int i = 0; i < ios.length; i++) {
            ios[i] = new Io();
            ios[i].listener = this::written;
        }
        first = new int[slots];
        Arrays.fill(first, EVEN);
    }

    /// Members end elsewhere from now on; what is under way goes where it was to go, or there.
    void relayout(MemberLayout to) {
        layout = to;
    }

    /// Says which copies of a slot's member are whole and newest, a bit for each.
    void setNewest(int slot, int copies) {
        first[slot] = copies == ALL || Plant.EVEN_COPIES_FIRST.isPlanted() ? EVEN : ALL & ~copies;
    }

    /// Gives a slot's member what is to be written.
    void stage(int slot, Superblock superblock) {
        superblock.store(staging, (long) slot * Superblock.BYTES, image);
    }

    /// Writes.
    ///
    /// @param members a bit for each slot that was staged
    void start(int members) {
        targets = members;
        isSecond = false;
        writeStep();
    }

    /// Writes no more to a slot whose member has left it, between the two steps or before the first: what was staged is not the next
    /// one's. Nothing may be under way there.
    void leaveOut(int slot) {
        targets &= ~(1 << slot);
    }

    private void writeStep() {
        pending = 1;
        for (int slot = 0; slot < slots; slot++) {
            if ((targets >> slot & 1) == 0) {
                continue;
            }
            int copies = isSecond ? ALL & ~first[slot] : first[slot];
            for (int copy = 0; copy < Superblock.COPIES; copy++) {
                if ((copies >> copy & 1) != 0) {
                    pending++;
                    Io io = ios[Superblock.COPIES * slot + copy];
                    io.set(
                            Io.Kind.WRITE_DURABLE,
                            staging,
                            (long) slot * Superblock.BYTES,
                            Superblock.BYTES,
                            layout.superblockOffset(copy));
                    owner.submit(slot, io);
                }
            }
        }
        stepDone();
    }

    private void written(Io io) {
        if (!io.result.isOk() && !Plant.SUPERBLOCK_ERROR_IGNORED.isPlanted()) {
            targets &= ~(1 << io.slot);
            owner.failed(io);
        }
        stepDone();
    }

    private void stepDone() {
        if (--pending > 0 || owner.isFailed()) {
            return;
        }
        if (!isSecond && !Plant.HALF_THE_SUPERBLOCKS.isPlanted()) {
            isSecond = true;
            writeStep();
            return;
        }
        for (int slot = 0; slot < slots; slot++) {
            if ((targets >> slot & 1) != 0) {
                first[slot] = EVEN;
            }
        }
        owner.written();
    }
}
