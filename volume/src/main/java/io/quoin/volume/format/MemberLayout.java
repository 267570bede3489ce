package io.quoin.volume.format;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

/// Where things lie on a member. All in bytes unless the name says blocks; everything is 4 KiB
/// aligned.
///
/// ```
/// 0                label text
/// 4 KiB, 64 KiB    superblock copies 0, 1
/// 1 MiB, 5 MiB     metadata A, B (reserved, zero)
/// journalOffset    segmentSlots x segmentBytes
/// zonesOffset      zone 0: info area A | info area B | zoneBlocks data blocks; zone 1: ...
/// end - 64 KiB, end - 4 KiB   superblock copies 2, 3
/// ```
///
/// @param memberBytes bytes of the member in use, to the end of superblock copy 3
/// @param journalOffset first journal slot
/// @param segmentBytes bytes of a journal slot
/// @param segmentSlots journal slots
/// @param zonesOffset first zone
/// @param zoneBlocks data blocks of a zone, a multiple of 32
/// @param zoneCount zones
public record MemberLayout(
        long memberBytes,
        long journalOffset,
        int segmentBytes,
        int segmentSlots,
        long zonesOffset,
        int zoneBlocks,
        int zoneCount) {

    /// Data blocks of a zone unless the member is small: 64 MiB.
    public static final int ZONE_BLOCKS = 16_384;

    /// Bytes of a journal segment: 8 MiB.
    public static final int SEGMENT_BYTES = 8 << 20;

    /// Bytes kept at the end for superblock copies 2 and 3.
    public static final int END_BYTES = 64 << 10;

    private static final long JOURNAL_OFFSET = 16L << 20;
    private static final long LEAST_JOURNAL_BYTES = 64L << 20;
    private static final long MOST_JOURNAL_BYTES = 1L << 30;

    public MemberLayout {
        check("member bytes", memberBytes, 0, Long.MAX_VALUE);
        checkAligned("member bytes", memberBytes);
        checkAligned("journal offset", journalOffset);
        checkAligned("segment bytes", segmentBytes);
        checkAligned("zones offset", zonesOffset);
        check("journal offset", journalOffset, 68 << 10, memberBytes);
        check("segment bytes", segmentBytes, 8 * BLOCK_BYTES, 64 << 20);
        check("segment slots", segmentSlots, 4, 4096);
        check(
                "zones offset",
                zonesOffset,
                end(journalOffset, segmentSlots, segmentBytes),
                memberBytes);
        check("zone blocks", zoneBlocks, ROWS_PER_INFO, 1 << 20);
        if (zoneBlocks % ROWS_PER_INFO != 0) {
            throw new IllegalArgumentException(
                    "zone blocks: expected a multiple of 32, was " + zoneBlocks);
        }
        check("zones", zoneCount, 1, Integer.MAX_VALUE);
        check(
                "end of zones",
                end(zonesOffset, zoneCount, zoneBytes(zoneBlocks)),
                0,
                memberBytes - END_BYTES);
    }

    // What a stranger wrote must not overflow into something that fits.
    private static long end(long from, int count, long eachBytes) {
        return count > (Long.MAX_VALUE - from) / eachBytes
                ? Long.MAX_VALUE
                : from + count * eachBytes;
    }

    private static void check(String what, long value, long least, long most) {
        if (value < least || value > most) {
            throw new IllegalArgumentException(
                    what + ": expected " + least + " to " + most + ", was " + value);
        }
    }

    private static void checkAligned(String what, long value) {
        if (value % BLOCK_BYTES != 0) {
            throw new IllegalArgumentException(
                    what + ": expected a multiple of 4096, was " + value);
        }
    }

    /// {@return the layout for members of a size: as many zones as fit, the journal a sixteenth of
    /// the member but 64 MiB at least and 1 GiB at most}
    ///
    /// @param bytes size of the smallest member
    /// @param leastSlots journal slots needed at least
    /// @throws IllegalArgumentException when it is too small for one zone
    public static MemberLayout forMember(long bytes, int leastSlots) {
        long usable = bytes / BLOCK_BYTES * BLOCK_BYTES;
        long journal =
                Math.clamp(
                        usable / 16 / SEGMENT_BYTES * SEGMENT_BYTES,
                        Math.max(LEAST_JOURNAL_BYTES, (long) leastSlots * SEGMENT_BYTES),
                        MOST_JOURNAL_BYTES);
        long zones = JOURNAL_OFFSET + journal;
        long room = usable - zones - END_BYTES;
        int zoneBlocks = ZONE_BLOCKS;
        while (zoneBlocks > 256 && room < 4 * zoneBytes(zoneBlocks)) {
            zoneBlocks /= 2;
        }
        long count = room / zoneBytes(zoneBlocks);
        if (count < 1) {
            throw new IllegalArgumentException(
                    "member size: expected at least "
                            + (zones + END_BYTES + zoneBytes(256))
                            + " bytes (journal and one zone), was "
                            + bytes);
        }
        return new MemberLayout(
                usable,
                JOURNAL_OFFSET,
                SEGMENT_BYTES,
                (int) (journal / SEGMENT_BYTES),
                zones,
                zoneBlocks,
                Math.toIntExact(count));
    }

    /// {@return bytes of a zone with its two info areas}
    ///
    /// @param zoneBlocks data blocks of the zone
    public static long zoneBytes(int zoneBlocks) {
        return (long) (zoneBlocks + 2 * (zoneBlocks / ROWS_PER_INFO)) * BLOCK_BYTES;
    }

    /// {@return data blocks of the member}
    public long dataBlocks() {
        return (long) zoneBlocks * zoneCount;
    }

    /// {@return where superblock copy i lies}
    ///
    /// @param copy 0 to 3
    public long superblockOffset(int copy) {
        return superblockOffset(copy, memberBytes);
    }

    /// {@return where superblock copy i lies on a member of a size}
    ///
    /// @param copy 0 to 3
    /// @param memberBytes bytes of the member
    public static long superblockOffset(int copy, long memberBytes) {
        return switch (copy) {
            case 0 -> 4 << 10;
            case 1 -> 64 << 10;
            case 2 -> memberBytes - (64 << 10);
            case 3 -> memberBytes - (4 << 10);
            default -> throw new AssertionError("copy " + copy);
        };
    }

    /// {@return where a journal slot lies}
    ///
    /// @param slot 0 to segmentSlots - 1
    public long segmentOffset(int slot) {
        assert slot >= 0 && slot < segmentSlots : "journal slot " + slot;
        return journalOffset + (long) slot * segmentBytes;
    }

    /// {@return where a data block lies}
    ///
    /// @param memberBlock data block index on the member
    public long dataOffset(long memberBlock) {
        assert memberBlock >= 0 && memberBlock < dataBlocks() : "member block " + memberBlock;
        long zone = memberBlock / zoneBlocks;
        int info = zoneBlocks / ROWS_PER_INFO;
        return zonesOffset
                + zone * zoneBytes(zoneBlocks)
                + (2L * info + memberBlock % zoneBlocks) * BLOCK_BYTES;
    }

    /// {@return whether an offset is one of info blocks}
    ///
    /// @param offset within the zones
    public boolean isInfo(long offset) {
        long inZone = (offset - zonesOffset) % zoneBytes(zoneBlocks);
        return inZone < 2L * (zoneBlocks / ROWS_PER_INFO) * BLOCK_BYTES;
    }

    /// {@return where a copy of an info block lies}
    ///
    /// @param infoBlock index of the info block: member block / 32
    /// @param copy 0: area A, 1: area B
    public long infoOffset(long infoBlock, int copy) {
        assert copy == 0 || copy == 1 : "copy " + copy;
        int info = zoneBlocks / ROWS_PER_INFO;
        long zone = infoBlock / info;
        assert zone >= 0 && zone < zoneCount : "info block " + infoBlock;
        return zonesOffset
                + zone * zoneBytes(zoneBlocks)
                + ((long) copy * info + infoBlock % info) * BLOCK_BYTES;
    }
}
