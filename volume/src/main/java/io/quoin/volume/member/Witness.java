package io.quoin.volume.member;

import io.quoin.volume.format.MemberEntry;
import java.util.List;
import java.util.UUID;

/// Remembers, outside the members, the newest membership of a volume. A mirror whose other copy is
/// absent cannot tell from itself whether the other went on alone; the witness can.
public interface Witness {
    /// A membership.
    ///
    /// @param configEpoch its epoch
    /// @param inSync which members are in sync by it, as one number: two changes that were begun apart from
    ///     each other may have the same epoch
    record Membership(long configEpoch, long inSync) {
        /// {@return the membership that a table says}
        ///
        /// @param configEpoch its epoch
        /// @param table an entry for each slot
        public static Membership of(long configEpoch, List<MemberEntry> table) {
            long inSync = 0;
            for (int slot = 0; slot < table.size(); slot++) {
                if (table.get(slot).state() == MemberEntry.IN_SYNC) {
                    UUID uuid = table.get(slot).uuid();
                    long word = uuid.getMostSignificantBits() * 31 + uuid.getLeastSignificantBits();
                    inSync += (word + slot) * 0x9E3779B97F4A7C15L;
                }
            }
            return new Membership(configEpoch, inSync);
        }
    }

    /// {@return the newest membership recorded for a volume, or null when none is known}
    ///
    /// @param volume identity
    Membership newest(UUID volume);

    /// Records a membership durably.
    ///
    /// @param volume identity
    /// @param membership the membership
    /// @return whether it is on stable storage
    boolean record(UUID volume, Membership membership);

    /// No witness: mirrors with an absent copy are refused.
    Witness NONE =
            new Witness() {
                @Override
                public Membership newest(UUID volume) {
                    return null;
                }

                @Override
                public boolean record(UUID volume, Membership membership) {
                    return true;
                }
            };
}
