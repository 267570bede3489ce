package io.quoin.volume.member;

import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Reads and writes a member's superblock copies, blocking: for creation, assembly and recovery.
public final class SuperblockIo {
    private SuperblockIo() {}

    /// What the four copies say.
    ///
    /// @param superblock the valid copy with the highest sequence, or null
    /// @param valid bit for each valid copy
    /// @param newest bit for each valid copy with that sequence
    /// @param readable bit for each copy that could be read
    public record Found(Superblock superblock, int valid, int newest, int readable) {}

    /// Reads all copies.
    ///
    /// @param file member
    /// @return what they say
    public static Found read(BlockFile file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(Superblock.BYTES, 4096);
            Superblock best = null;
            int valid = 0;
            int newest = 0;
            int readable = 0;
            long usable = file.lengthBytes() / 4096 * 4096;
            for (int pass = 0; pass < 2; pass++) {
                // The end copies are looked for where the member ends; if it has grown or shrunk,
                // where
                // copies 0 and 1 say it ended.
                long end = pass == 0 || best == null ? usable : best.layout().memberBytes();
                for (int copy = 0; copy < Superblock.COPIES; copy++) {
                    long at = MemberLayout.superblockOffset(copy, end);
                    if ((valid >> copy & 1) != 0 || at < 4096 || at + 4096 > usable) {
                        continue;
                    }
                    if (!file.read(block, 0, Superblock.BYTES, at).isOk()) {
                        continue;
                    }
                    readable |= 1 << copy;
                    Superblock found = Superblock.load(block, 0);
                    if (found == null) {
                        continue;
                    }
                    valid |= 1 << copy;
                    if (best == null || found.sequence() > best.sequence()) {
                        best = found;
                        newest = 0;
                    }
                    if (found.sequence() == best.sequence()) {
                        newest |= 1 << copy;
                    }
                }
            }
            return new Found(best, valid, newest, readable);
        }
    }

    /// Writes all copies durably: 0 and 2, then 1 and 3, so that a crash leaves two whole.
    ///
    /// @param file member
    /// @param superblock what to write
    /// @return OK when all four are on stable storage
    public static IoResult write(BlockFile file, Superblock superblock) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(Superblock.BYTES, 4096);
            superblock.store(block, 0);
            for (int copy : new int[] {0, 2, 1, 3}) {
                long at = superblock.layout().superblockOffset(copy);
                IoResult result = file.write(block, 0, Superblock.BYTES, at, true);
                if (!result.isOk()) {
                    return result;
                }
            }
            return IoResult.OK;
        }
    }
}
