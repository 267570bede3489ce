package io.quoin.volume.sim;

import io.quoin.volume.Engine;
import io.quoin.volume.member.BlockFile;
import java.util.HashSet;
import java.util.Set;

/// The disk that is to take another one's place in a world, and the one whose place it took: after a crash both are there, and the
/// engine says which of them is the member.
final class SimTwins {
    private final SimWorld world;
    private int slot = -1;

    /// Being filled; not a member yet.
    private SimDisk next;

    /// Member until lately.
    private SimDisk former;

    /// Of earlier copies in this life: something may be under way on them.
    private final Set<SimDisk> left = new HashSet<>();

    SimTwins(SimWorld world) {
        this.world = world;
    }

    /// The same after a power cut, for a copy of the world.
    void take(SimTwins from, SimDisk after) {
        slot = from.slot;
        next = after;
    }

    /// {@return the disk that is there besides the members, or null}
    SimDisk other() {
        return next != null ? next : former;
    }

    void offer(int ofSlot, SimDisk blank) {
        look(world.engine());
        forgetOther();
        slot = ofSlot;
        next = blank;
    }

    void withdraw() {
        next = null;
    }

    private void forgetOther() {
        if (other() != null) {
            left.add(other());
        }
        next = null;
        former = null;
    }

    /// A disk is needed no more: that must be so whatever happens next.
    void left(BlockFile file) {
        look(world.engine());
        if (file == former && world.engine().members().isFrozen()) {
            throw new SimModel.Violation(
                    "I30: "
                            + file.name()
                            + " is let go of before "
                            + world.disks[slot].name()
                            + " is the member");
        }
    }

    boolean isInUse(SimDisk disk) {
        return disk == next || disk == former || left.contains(disk);
    }

    /// {@return whether a disk has taken another one's place and not everybody knows}
    boolean isPromoting() {
        return former != null && world.engine().members().isFrozen();
    }

    /// Sees whether the disk has taken the other one's place, or was let go of.
    void look(Engine engine) {
        if (next == null) {
            if (former != null && engine.members().file(slot) == former) {
                left.add(world.disks[slot]); // it failed at once, and gave the slot back
                world.disks[slot] = former;
                former = null;
                world.joined(slot);
            }
            return;
        }
        if (engine.members().file(slot) == next) {
            former = world.disks[slot];
            world.disks[slot] = next;
            world.present[slot] = true;
            world.joined(slot);
            next = null;
        } else if (engine.members().twin() == null) {
            forgetOther();
        }
    }

    /// The engine has been opened with the other disk among the files.
    void opened(Engine engine) {
        left.clear();
        former = null;
        if (next != null && engine.members().file(slot) == next) {
            world.disks[slot] = next;
            world.present[slot] = true;
            world.joined(slot);
        }
        next = null;
    }

    /// The engine is gone; the disks are as a crash left them.
    void crashed(SimDisk after) {
        left.clear();
        former = null;
        next = after;
    }
}
