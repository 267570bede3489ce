package io.quoin.volume.sim;

import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.geometry.Geometry;

/// A part of a member, by what lies there.
enum Zone {
    LABEL,
    SUPERBLOCK,
    JOURNAL,
    INFO,
    DATA;

    static Zone of(MemberLayout layout, long offset) {
        for (int copy = 0; copy < 4; copy++) {
            if (layout.superblockOffset(copy) == offset) {
                return SUPERBLOCK;
            }
        }
        if (offset < layout.journalOffset()
                || offset >= layout.memberBytes() - MemberLayout.END_BYTES) {
            return LABEL;
        }
        if (offset < layout.zonesOffset()) {
            return JOURNAL;
        }
        long inZone = (offset - layout.zonesOffset()) % MemberLayout.zoneBytes(layout.zoneBlocks());
        long infoBytes = 2L * layout.zoneBlocks() / Geometry.ROWS_PER_INFO * Geometry.BLOCK_BYTES;
        return inZone < infoBytes ? INFO : DATA;
    }
}
