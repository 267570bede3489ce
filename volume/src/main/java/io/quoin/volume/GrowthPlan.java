package io.quoin.volume;

import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;

/// How a volume's members come to hold more.
///
/// @param now their layout
/// @param longer the same with the end of the members where it will be: nothing uses the space before it yet
/// @param larger with as many zones as fit there
public record GrowthPlan(MemberLayout now, MemberLayout longer, MemberLayout larger) {
    /// {@return bytes that clients have, by the plan}
    ///
    /// @param volume shape of the volume
    public long sizeBytes(Geometry volume) {
        return volume.ofSize(Superblock.memberBlocks(larger, volume.unitBlocks())).volumeBlocks()
                * Geometry.BLOCK_BYTES;
    }

    /// Plans as much as fits.
    ///
    /// @param now layout of the members
    /// @param leastBytes size of the smallest
    /// @param leastName its name
    /// @return the plan
    /// @throws IllegalArgumentException when not one zone more fits, naming that member and how large it must be
    static GrowthPlan of(MemberLayout now, long leastBytes, String leastName) {
        long usable = leastBytes / 4096 * 4096;
        long zone = MemberLayout.zoneBytes(now.zoneBlocks());
        long zones = (usable - MemberLayout.END_BYTES - now.zonesOffset()) / zone;
        if (zones <= now.zoneCount()) {
            throw new IllegalArgumentException(
                    leastName
                            + ": expected at least "
                            + (now.zonesOffset()
                                    + (now.zoneCount() + 1) * zone
                                    + MemberLayout.END_BYTES)
                            + " bytes to hold more, was "
                            + leastBytes
                            + "; every member must be larger first");
        }
        if (zones > Integer.MAX_VALUE) {
            throw new IllegalArgumentException(leastName + ": more than a volume can hold");
        }
        return new GrowthPlan(
                now, with(now, usable, now.zoneCount()), with(now, usable, Math.toIntExact(zones)));
    }

    private static MemberLayout with(MemberLayout layout, long memberBytes, int zones) {
        return new MemberLayout(
                memberBytes,
                layout.journalOffset(),
                layout.segmentBytes(),
                layout.segmentSlots(),
                layout.zonesOffset(),
                layout.zoneBlocks(),
                zones);
    }
}
