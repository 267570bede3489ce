package io.quoin.volume;

import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.Guard;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import java.util.ArrayList;
import java.util.List;

/// Small volumes in memory.
public final class TestVolumes {
    /// Two zones of 64 blocks behind a journal of 8 slots of 64 KiB.
    public static final MemberLayout LAYOUT = layout();

    private TestVolumes() {}

    private static MemberLayout layout() {
        int segmentBytes = 64 << 10;
        long journal = 128 << 10;
        long zones = journal + 8L * segmentBytes;
        long bytes = zones + 2 * MemberLayout.zoneBytes(64) + MemberLayout.END_BYTES;
        return new MemberLayout(bytes, journal, segmentBytes, 8, zones, 64, 2);
    }

    /// {@return members of a new volume, by slot}
    ///
    /// @param level level
    /// @param memberCount members
    public static List<MemoryFile> members(String level, int memberCount) {
        List<MemoryFile> files = new ArrayList<>();
        for (int i = 0; i < memberCount; i++) {
            files.add(new MemoryFile("disk" + i, LAYOUT.memberBytes()));
        }
        create(level, files);
        return files;
    }

    /// {@return the first superblock of a volume made of files}
    ///
    /// @param level level
    /// @param files members
    public static Superblock create(String level, List<MemoryFile> files) {
        try {
            return Creation.create(
                    new Creation.Wish("orders", level, 0, 8192, Guard.CRC32C, 0),
                    files,
                    files.stream().map(file -> true).toList(),
                    LAYOUT,
                    1_790_000_000_000L,
                    java.util.UUID::randomUUID);
        } catch (VolumeException e) {
            throw new AssertionError(e);
        }
    }
}
