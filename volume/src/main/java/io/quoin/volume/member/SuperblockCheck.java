package io.quoin.volume.member;

import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.function.ObjIntConsumer;

/// Reads all copies of all members' superblocks and holds them against what was written last. What differs, or
/// cannot be read, is written once more, with all others. A member on which the same copy differs then does not
/// keep what it is given: it leaves the set, if it can be spared.
///
/// In the engine's turns only; one at a time.
public final class SuperblockCheck {
    /// Writes that may come between before the check gives up: the next scrub will see.
    private static final int MOST_ATTEMPTS = 16;

    private static final int ALL = (1 << Superblock.COPIES) - 1;

    private final MemberSet members;
    private final ObjIntConsumer<String> findings;
    private final MemorySegment memory;
    private Runnable then;
    private long sequence;
    private int attempts;
    private int pending;
    private final int[] bad; // copies of each slot
    private final int[] unreadable;
    private final int[] before; // bad already when they were written again

    /// A check of a volume's superblocks.
    ///
    /// @param members whose
    /// @param findings told what was found, and the slot
    public SuperblockCheck(MemberSet members, ObjIntConsumer<String> findings) {
        this.members = members;
        this.findings = findings;
        long copies = (long) members.slotCount() * Superblock.COPIES;
        bad = new int[members.slotCount()];
        unreadable = new int[bad.length];
        before = new int[bad.length];
        memory = Arena.ofAuto().allocate(copies * Superblock.BYTES, Superblock.BYTES);
    }

    /// Checks.
    ///
    /// @param whenDone runs at the end; never, if the volume fails
    public void run(Runnable whenDone) {
        then = whenDone;
        attempts = 0;
        Arrays.fill(before, 0);
        look();
    }

    private void look() {
        if (members.isFailed()) {
            return;
        }
        if (++attempts > MOST_ATTEMPTS) {
            then.run();
            return;
        }
        if (members.isPersisting()) {
            members.persist(this::look);
            return;
        }
        sequence = members.template().sequence;
        Arrays.fill(bad, 0);
        Arrays.fill(unreadable, 0);
        pending = 1;
        for (int slot = 0; slot < members.slotCount(); slot++) {
            if (isChecked(slot)) {
                for (int copy = 0; copy < Superblock.COPIES; copy++) {
                    read(slot, copy);
                }
            }
        }
        readDone();
    }

    private boolean isChecked(int slot) {
        return members.file(slot) != null && members.entry(slot).state() != MemberEntry.FAULTY;
    }

    private static long at(int slot, int copy) {
        return ((long) slot * Superblock.COPIES + copy) * Superblock.BYTES;
    }

    private void read(int slot, int copy) {
        pending++;
        Io io = new Io();
        long offset = members.layout().superblockOffset(copy);
        io.set(Io.Kind.READ, memory, at(slot, copy), Superblock.BYTES, offset);
        io.listener =
                done -> {
                    if (!done.result.isOk()) {
                        unreadable[slot] |= 1 << copy;
                    } else if (!isRight(slot, copy)) {
                        bad[slot] |= 1 << copy;
                    }
                    readDone();
                };
        members.submit(slot, io);
    }

    private boolean isRight(int slot, int copy) {
        Superblock found = Superblock.load(memory, at(slot, copy));
        return found != null
                && found.sequence() == sequence
                && found.member().equals(members.entry(slot).uuid());
    }

    private void readDone() {
        if (--pending > 0 || members.isFailed()) {
            return;
        }
        if (members.isPersisting() || members.template().sequence != sequence) {
            look(); // they were written meanwhile
            return;
        }
        boolean isAnew = false;
        for (int slot = 0; slot < members.slotCount(); slot++) {
            int wrong = bad[slot] | unreadable[slot];
            if (wrong == 0 || !isChecked(slot)) {
                continue;
            }
            String what =
                    "superblock copies "
                            + Integer.toBinaryString(wrong | ALL + 1).substring(1)
                            + " (bits 3..0) are not what was written";
            if ((wrong & ~before[slot]) != 0) {
                members.setNewestCopies(slot, ~wrong & ALL);
                findings.accept(what + "; all are written again", slot);
                before[slot] |= wrong;
                isAnew = true;
            } else if ((bad[slot] & before[slot]) != 0 && members.canLose(slot)) {
                members.fail(slot, what + ", twice");
            }
        }
        if (isAnew) {
            members.persist(this::look);
        } else {
            then.run();
        }
    }
}
