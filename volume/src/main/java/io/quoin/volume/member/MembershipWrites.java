package io.quoin.volume.member;

import io.quoin.volume.fault.Plant;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import java.util.ArrayList;
import java.util.List;

/// Makes durable what the set says of its members, and freezes the volume until it is: a change of members is on every member of the
/// new set, and with the witness, before anything is acknowledged under it (I11, I12). What changes while superblocks are
/// written is written right after.
///
/// ```
/// changed -> frozen -> superblocks {0,2} then {1,3} on all members -> witness -> resumed
/// ```
///
/// In the engine's turns only.
final class MembershipWrites {
    /// The set.
    interface Owner {
        /// Starts a write.
        ///
        /// @param slot the member's slot
        /// @param io the write
        void submit(int slot, Io io);

        /// A write failed: its member is to be dropped.
        ///
        /// @param io the write
        void failed(Io io);

        /// {@return whether the volume has failed}
        boolean isFailed();

        /// The new membership is durable.
        void resumed();
    }

    private final MemberEntry[] entries;
    private final BlockFile[] files;
    private final Witness witness;
    private final Owner owner;
    private final Superblock.Builder template;
    private final SuperblockWrites superblocks;
    private final long[] durableCursor = new long[Geometry.MAX_SLOTS];

    /// Slot whose member alone is written to next: it has just taken the place of another one; -1: all.
    private int promoted = -1;

    private boolean isAlone;
    private boolean isPromotionDurable;
    private boolean isFrozen;
    private boolean isSuspended;
    private boolean isWriting;
    private boolean hasFailed;
    private boolean isDueAgain;
    private boolean isChanged;
    private List<Runnable> waiting = new ArrayList<>();
    private List<Runnable> covered = new ArrayList<>();

    /// Writes of a set.
    ///
    /// @param current newest superblock
    /// @param entries the set's own table
    /// @param files the set's own files
    /// @param witness outside memory for mirrors
    /// @param owner the set
    MembershipWrites(
            Superblock current,
            MemberEntry[] entries,
            BlockFile[] files,
            Witness witness,
            Owner owner) {
        this.entries = entries;
        this.files = files;
        this.witness = witness;
        this.owner = owner;
        template = current.toBuilder();
        superblocks = new SuperblockWrites(current.layout(), entries.length, new Copies());
        System.arraycopy(cursors(), 0, durableCursor, 0, entries.length);
    }

    /// {@return fields of the next superblock}
    Superblock.Builder template() {
        return template;
    }

    /// {@return whether superblocks are being written}
    boolean isWriting() {
        return isWriting;
    }

    /// {@return whether a change of members is not durable yet}
    boolean isFrozen() {
        return isFrozen;
    }

    /// {@return whether the witness could not be told}
    boolean isSuspended() {
        return isSuspended;
    }

    /// Has members laid out otherwise, from the next superblocks on.
    ///
    /// @param layout where things lie
    /// @param geometry what is there
    void relayout(MemberLayout layout, Geometry geometry) {
        template.layout = layout;
        template.geometry = geometry;
        superblocks.relayout(layout);
    }

    /// Says which copies of a member's superblock are whole and newest: the others are written first.
    ///
    /// @param slot slot
    /// @param copies a bit for each
    void setNewest(int slot, int copies) {
        superblocks.setNewest(slot, copies);
    }

    /// A member has left its slot: nothing is written to it any more.
    ///
    /// @param slot slot
    void left(int slot) {
        superblocks.leaveOut(slot);
    }

    /// The table has changed, or an epoch begins without that: {@link #persist} makes it durable.
    ///
    /// @return the new epoch
    long changed() {
        isChanged = true;
        isFrozen = true;
        return ++template.configEpoch;
    }

    /// Does not wait for what has changed: a planted bug.
    void thaw() {
        isFrozen = false;
    }

    /// A slot has a member that has none of its rebuild behind it, or all.
    ///
    /// @param slot slot
    void forgetCursor(int slot) {
        durableCursor[slot] = 0;
    }

    /// A twin took a slot: it is written to first, and alone.
    ///
    /// @param slot slot
    void promote(int slot) {
        isPromotionDurable = false;
        promoted = Plant.TWIN_TOLD_LAST.isPlanted() ? -1 : slot;
    }

    /// The twin could not be written to: all are.
    void demote() {
        isPromotionDurable = true;
        promoted = -1;
    }

    /// {@return whether the last twin that took a slot says so itself}
    boolean isPromotionDurable() {
        return isPromotionDurable;
    }

    /// {@return how far each slot's rebuild has come; 0 for those that are not rebuilding}
    long[] cursors() {
        long[] cursors = new long[entries.length];
        for (int slot = 0; slot < entries.length; slot++) {
            cursors[slot] = entries[slot].cursor();
        }
        return cursors;
    }

    /// Lets cursors become durable with the next superblock.
    ///
    /// @param cursors from {@link #cursors}
    void syncCursors(long[] cursors) {
        System.arraycopy(cursors, 0, durableCursor, 0, cursors.length);
    }

    /// Writes the template and the table to the superblocks of all members in the set.
    ///
    /// @param done runs when a superblock with everything that they say now is durable on every member of the set; never, if the
    ///     volume fails
    void persist(Runnable done) {
        waiting.add(done);
        if (isWriting) {
            isDueAgain = true;
        } else {
            begin();
        }
    }

    private void begin() {
        isWriting = true;
        isDueAgain = false;
        hasFailed = false;
        covered.addAll(waiting);
        waiting.clear();
        List<MemberEntry> table = new ArrayList<>(entries.length);
        for (int slot = 0; slot < entries.length; slot++) {
            MemberEntry entry = entries[slot];
            table.add(
                    entry.state() == MemberEntry.REBUILDING
                            ? entry.with(
                                    MemberEntry.REBUILDING,
                                    Math.min(entry.cursor(), durableCursor[slot]))
                            : entry);
        }
        template.members = table;
        template.sequence++;
        int targets = 0;
        for (int slot = 0; slot < entries.length; slot++) {
            boolean isDue = promoted < 0 || promoted == slot;
            if (isDue && files[slot] != null && entries[slot].state() != MemberEntry.FAULTY) {
                targets |= 1 << slot;
                template.slot = slot;
                template.member = entries[slot].uuid();
                superblocks.stage(slot, template.build());
            }
        }
        isAlone = promoted >= 0;
        isChanged = isAlone;
        promoted = -1;
        superblocks.start(targets);
    }

    private final class Copies implements SuperblockWrites.Owner {
        @Override
        public void submit(int slot, Io io) {
            owner.submit(slot, io);
        }

        @Override
        public void failed(Io io) {
            hasFailed = true;
            owner.failed(io);
        }

        @Override
        public boolean isFailed() {
            return owner.isFailed();
        }

        @Override
        public void written() {
            end();
        }
    }

    private void end() {
        isWriting = false;
        if (owner.isFailed()) {
            return;
        }
        isPromotionDurable |= isAlone && !hasFailed;
        if (hasFailed || isDueAgain || isChanged) {
            begin();
            return;
        }
        if (isFrozen && !Plant.WITNESS_NOT_TOLD.isPlanted()) {
            Witness.Membership now = Witness.Membership.of(template.configEpoch, template.members);
            if (!witness.record(template.volume, now)) {
                isSuspended = true;
                return;
            }
            template.witnessedEpoch = now.configEpoch();
            template.witnessedInSync = now.inSync();
        }
        List<Runnable> done = covered;
        covered = new ArrayList<>();
        boolean resumes = isFrozen;
        isFrozen = false;
        for (Runnable each : done) {
            each.run();
        }
        if (resumes && !isFrozen) {
            owner.resumed();
        }
    }
}
