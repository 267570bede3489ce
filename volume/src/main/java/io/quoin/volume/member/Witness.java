package io.quoin.volume.member;

import java.util.UUID;

/// Remembers, outside the members, the newest configEpoch of a volume. A mirror whose other copy is
/// absent cannot tell from itself whether the other went on alone; the witness can.
public interface Witness {
    /// {@return the newest configEpoch recorded for a volume, or -1 when none is known}
    ///
    /// @param volume identity
    long configEpoch(UUID volume);

    /// Records a configEpoch durably.
    ///
    /// @param volume identity
    /// @param configEpoch the epoch
    /// @return whether it is on stable storage
    boolean record(UUID volume, long configEpoch);

    /// No witness: mirrors with an absent copy are refused.
    Witness NONE =
            new Witness() {
                @Override
                public long configEpoch(UUID volume) {
                    return -1;
                }

                @Override
                public boolean record(UUID volume, long configEpoch) {
                    return true;
                }
            };
}
