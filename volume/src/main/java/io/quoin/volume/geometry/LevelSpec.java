package io.quoin.volume.geometry;

/// A level as operators write it, with the number of members: `raid5` of 4, `4+3` of 7,
/// `raid10` of 6 with 3 copies.
///
/// @param level the level
/// @param groupCount groups of slots
/// @param dataCount k of each group
/// @param parityCount m of each group
public record LevelSpec(Level level, int groupCount, int dataCount, int parityCount) {

    /// Reads a level.
    ///
    /// @param text `raid0`, `raid1`, `raid5`, `raid6`, `raid10` or `k+m`
    /// @param memberCount members given
    /// @param copies copies of raid1 and raid10; 0: all members of raid1, two of raid10
    /// @return the shape
    /// @throws IllegalArgumentException when text, members and copies do not go together
    public static LevelSpec parse(String text, int memberCount, int copies) {
        LevelSpec spec =
                switch (text) {
                    case "raid0" -> {
                        atLeast(text, memberCount, 1);
                        noCopies(text, copies);
                        yield new LevelSpec(Level.RAID0, memberCount, 1, 0);
                    }
                    case "raid1" -> {
                        atLeast(text, memberCount, 2);
                        if (copies != 0 && copies != memberCount) {
                            throw new IllegalArgumentException(
                                    "raid1: every member holds a copy: expected "
                                            + memberCount
                                            + " copies, was "
                                            + copies
                                            + " (raid10 stripes over groups of copies)");
                        }
                        yield new LevelSpec(Level.RAID1, 1, 1, memberCount - 1);
                    }
                    case "raid5" -> {
                        atLeast(text, memberCount, 3);
                        noCopies(text, copies);
                        yield new LevelSpec(Level.RAID5, 1, memberCount - 1, 1);
                    }
                    case "raid6" -> {
                        atLeast(text, memberCount, 4);
                        noCopies(text, copies);
                        yield new LevelSpec(Level.RAID6, 1, memberCount - 2, 2);
                    }
                    case "raid10" -> {
                        int each = copies == 0 ? 2 : copies;
                        atLeast(text, memberCount, 2 * each);
                        if (each < 2 || memberCount % each != 0) {
                            throw new IllegalArgumentException(
                                    "raid10: expected a number of members that "
                                            + each
                                            + " copies divide, was "
                                            + memberCount);
                        }
                        yield new LevelSpec(Level.RAID10, memberCount / each, 1, each - 1);
                    }
                    default -> erasure(text, memberCount, copies);
                };
        if (memberCount > Geometry.MAX_SLOTS) {
            throw new IllegalArgumentException(
                    "members: expected at most " + Geometry.MAX_SLOTS + ", was " + memberCount);
        }
        return spec;
    }

    private static LevelSpec erasure(String text, int memberCount, int copies) {
        if (!text.matches("[1-9][0-9]?\\+[0-9]{1,2}")) {
            throw new IllegalArgumentException(
                    "level: expected raid0, raid1, raid5, raid6, raid10 or k+m such as 4+2, was "
                            + text);
        }
        noCopies(text, copies);
        int plus = text.indexOf('+');
        int data = Integer.parseInt(text.substring(0, plus));
        int parity = Integer.parseInt(text.substring(plus + 1));
        if (data + parity != memberCount) {
            throw new IllegalArgumentException(
                    text + ": expected " + (data + parity) + " members, was " + memberCount);
        }
        return new LevelSpec(Level.ERASURE, 1, data, parity);
    }

    private static void atLeast(String text, int memberCount, int least) {
        if (memberCount < least) {
            throw new IllegalArgumentException(
                    text + ": expected at least " + least + " members, was " + memberCount);
        }
    }

    private static void noCopies(String text, int copies) {
        if (copies != 0) {
            throw new IllegalArgumentException(
                    text + ": copies are for raid1 and raid10, was " + copies);
        }
    }

    /// {@return the geometry of this shape}
    ///
    /// @param unitBytes bytes of a stripe unit
    /// @param memberBlocks data blocks on each member
    public Geometry geometry(int unitBytes, long memberBlocks) {
        if (unitBytes < 4096 || unitBytes > 1 << 20 || Integer.bitCount(unitBytes) != 1) {
            throw new IllegalArgumentException(
                    "stripe unit: expected a power of two from 4096 to 1048576 bytes, was "
                            + unitBytes);
        }
        return new Geometry(
                level, groupCount, dataCount, parityCount, unitBytes / 4096, memberBlocks);
    }
}
