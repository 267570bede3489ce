package io.quoin.volume.assembly;

import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;

/// Whether a member that was dropped may come back as it is, so that only what was written meanwhile is
/// copied. It may if its superblock says that it has never been part of anything but this volume up to its own
/// dropping: one that went on without the others has writes of its own under the same sequences, and nothing
/// of it can be told apart.
public final class Returning {
    /// Epochs that a crash may have kept from a member that was in sync.
    private static final int MOST_UNTOLD = 2;

    private Returning() {}

    /// {@return why a member must not come back as it is, or null when it may}
    ///
    /// @param now the volume's superblock as it is
    /// @param slot slot of the dropped member
    /// @param found newest superblock on the member that is to come back
    public static String objection(Superblock now, int slot, Superblock found) {
        if (!found.volume().equals(now.volume())) {
            return "expected a member of volume " + now.name() + ", found one of " + found.name();
        }
        MemberEntry entry = now.members().get(slot);
        if (!found.member().equals(entry.uuid())) {
            return "expected member "
                    + entry.uuid()
                    + ", which slot "
                    + slot
                    + " has lost, found member "
                    + found.member();
        }
        if (entry.state() != MemberEntry.FAULTY) {
            return "expected a member that is faulty, is " + entry.stateText();
        }
        if (!found.layout().equals(now.layout())) {
            return "expected the layout of the volume's members, found " + found.layout();
        }
        if (now.geometry().former() != null
                || !found.geometry().toString().equals(now.geometry().toString())) {
            return "expected a member of "
                    + now.geometry()
                    + ", found one of "
                    + found.geometry()
                    + ": the volume is being reshaped, or was since; replace the member";
        }
        if (found.configEpoch() >= entry.sinceEpoch()) {
            return "expected an epoch before "
                    + entry.sinceEpoch()
                    + ", when it was dropped, found "
                    + found.configEpoch()
                    + ": it may have been in use without the others";
        }
        if (found.configEpoch() < entry.sinceEpoch() - MOST_UNTOLD) {
            return "expected an epoch shortly before "
                    + entry.sinceEpoch()
                    + ", when it was dropped, found "
                    + found.configEpoch()
                    + ": an older image, or one of another history";
        }
        for (int other = 0; other < now.members().size(); other++) {
            MemberEntry here = now.members().get(other);
            MemberEntry there = found.members().get(other);
            if (here.state() == MemberEntry.IN_SYNC
                    && here.uuid().equals(there.uuid())
                    && there.state() == MemberEntry.FAULTY) {
                return "it has dropped the member of slot "
                        + other
                        + ", and has been in use without it";
            }
        }
        return null;
    }
}
