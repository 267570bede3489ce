package io.quoin.volume.member;

import io.quoin.volume.format.InfoBlock;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.geometry.Geometry;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayDeque;
import java.util.UUID;
import java.util.function.Consumer;

/// The second member of a slot: one that is to take the first one's place while that goes on serving. Every write to the slot's
/// rows and their info is done on both, and every flush; it is done when both have. So what has been copied once stays the same.
/// The journal and the superblocks are the first one's alone.
///
/// A twin counts for nothing until it is promoted: when it fails it is let go of, and nobody notices but the job.
///
/// In the engine's turns only.
public final class Twin {
    final int slot;
    final UUID uuid;
    final BlockFile file;
    final MemberIo io;
    final SlotQueue queue;
    final Consumer<MemberSet.Detached> whenLeft;

    /// Whether nobody needs what is under way on it.
    boolean isGivenUp;

    private final MemberLayout layout;
    private final long fromOffset;
    private final long toOffset;
    private final ArrayDeque<Io> spare = new ArrayDeque<>();

    /// A member that is to take another one's place.
    ///
    /// @param slot the other one's slot
    /// @param uuid its own identity
    /// @param file its file, cleared
    /// @param io its I/O
    /// @param layout layout of all members
    /// @param whenLeft is given the member that is not needed any more, this one or the other, once nothing is under way on it;
    ///     in a turn
    public Twin(
            int slot,
            UUID uuid,
            BlockFile file,
            MemberIo io,
            MemberLayout layout,
            Consumer<MemberSet.Detached> whenLeft) {
        this(slot, uuid, file, io, new SlotQueue(), layout, whenLeft);
    }

    Twin(
            int slot,
            UUID uuid,
            BlockFile file,
            MemberIo io,
            SlotQueue queue,
            MemberLayout layout,
            Consumer<MemberSet.Detached> whenLeft) {
        this.slot = slot;
        this.uuid = uuid;
        this.file = file;
        this.io = io;
        this.queue = queue;
        this.whenLeft = whenLeft;
        this.layout = layout;
        fromOffset = layout.zonesOffset();
        toOffset = layout.memberBytes() - MemberLayout.END_BYTES;
    }

    /// {@return the slot}
    public int slot() {
        return slot;
    }

    /// {@return its file, for operators}
    public String name() {
        return file.name();
    }

    /// {@return whether it has taken the slot}
    ///
    /// @param members the volume's
    public boolean isMember(MemberSet members) {
        return members.entry(slot).uuid().equals(uuid);
    }

    /// {@return whether an operation of the slot is done here too}
    boolean isFor(Io original) {
        return switch (original.kind) {
            case READ -> false;
            case FLUSH -> true;
            case WRITE, WRITE_DURABLE ->
                    original.offsetBytes >= fromOffset && original.offsetBytes < toOffset;
        };
    }

    /// Does here what is about to be done on the slot's member.
    void shadow(Io original, long tick) {
        assert original.shadow == null : "has a shadow already: " + original;
        Io shadow = spare.isEmpty() ? new Io() : spare.pollLast();
        shadow.setAs(original);
        if (original.kind != Io.Kind.FLUSH && layout.isInfo(original.offsetBytes)) {
            rename(shadow);
        }
        shadow.shadowed = original;
        original.shadow = shadow;
        submit(shadow, tick);
    }

    /// Info blocks say whose they are.
    private void rename(Io shadow) {
        MemorySegment own = Arena.ofAuto().allocate(shadow.lengthBytes, Geometry.BLOCK_BYTES);
        MemorySegment.copy(shadow.segment, shadow.segmentOffset, own, 0, shadow.lengthBytes);
        for (int at = 0; at < shadow.lengthBytes; at += Geometry.BLOCK_BYTES) {
            InfoBlock.rename(
                    own, at, uuid.getMostSignificantBits(), uuid.getLeastSignificantBits());
        }
        shadow.segment = own;
        shadow.segmentOffset = 0;
    }

    void submit(Io own, long tick) {
        own.slot = slot;
        own.target = io;
        own.queue = queue;
        own.twin = this;
        queue.submit(own, tick);
    }

    /// Takes a shadow back.
    ///
    /// @return what it was a shadow of
    Io ended(Io shadow) {
        Io original = shadow.shadowed;
        shadow.shadowed = null;
        original.shadow = null;
        spare.addLast(shadow);
        return original;
    }
}
