package io.quoin.volume.rescue;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.assembly.Salvage;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.journal.JournalScan;
import io.quoin.volume.journal.JournalScan.DamagedJournalException;
import io.quoin.volume.journal.Replay;
import io.quoin.volume.member.BlockFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// What the journal of the members that are left says, damaged or not.
///
/// | the journal | counts as current |
/// |---|---|
/// | ends where enough members say, without a gap | everything |
/// | has gaps | what was written behind the last one |
/// | may have gone on where nobody is left | nothing, unless the volume was stopped in order |
///
/// Blocking.
final class JournalRest {
    private static final int ATTEMPTS = 3;
    private static final long FIRST_BYTES = 64L << 20;

    /// As much as offsets of 31 bits reach.
    private static final long MOST_BYTES = (1L << 31) - BLOCK_BYTES;

    private final MemorySegment region;
    private final DirtyIndex dirty;
    private Replay replay;
    private int used;

    private JournalRest(long bytes) {
        region = Arena.ofAuto().allocate(bytes, BLOCK_BYTES);
        dirty = new DirtyIndex((int) (bytes / BLOCK_BYTES), BLOCK_BYTES, buffer -> {});
    }

    /// Reads it.
    ///
    /// @param remains the members
    /// @return what it says
    /// @throws VolumeException when there is more in it than memory can be had for
    static JournalRest read(Salvage.Remains remains) throws VolumeException {
        for (long bytes = firstBytes(remains); ; bytes = Math.min(4 * bytes, MOST_BYTES)) {
            try {
                return read(remains, bytes);
            } catch (Replay.NoMemoryException e) {
                if (bytes == MOST_BYTES) {
                    throw new VolumeException(
                            "volume " + remains.superblock().name() + ": " + e.getMessage(), e);
                }
            } catch (DamagedJournalException e) {
                throw new AssertionError("a salvage goes on", e);
            }
        }
    }

    private static long firstBytes(Salvage.Remains remains) {
        MemberLayout layout = remains.superblock().layout();
        long journals =
                (long) layout.segmentBytes() * layout.segmentSlots() * remains.files().length;
        return Math.min(FIRST_BYTES, journals);
    }

    private static JournalRest read(Salvage.Remains remains, long bytes)
            throws DamagedJournalException {
        JournalScan scan = scan(remains);
        for (int attempt = 0; attempt < ATTEMPTS; attempt++) {
            if (scan.reaches(remains.superblock().tailBatch())) {
                JournalRest rest = new JournalRest(bytes);
                try {
                    rest.replay = rest.replay(scan, remains.superblock(), false);
                    return rest;
                } catch (Replay.NoMemoryException e) {
                    throw e;
                } catch (DamagedJournalException e) {
                    // A member may read differently the next time.
                    scan = scan(remains);
                }
            }
        }
        JournalRest rest = new JournalRest(bytes);
        rest.replay = rest.replay(scan, remains.superblock(), true);
        return rest;
    }

    private Replay replay(JournalScan scan, Superblock superblock, boolean isSalvage)
            throws DamagedJournalException {
        return isSalvage
                ? Replay.salvage(
                        scan,
                        superblock.tailBatch(),
                        superblock.sequenceFloor(),
                        superblock.geometry(),
                        dirty,
                        region,
                        this::allocate)
                : Replay.run(
                        scan,
                        superblock.tailBatch(),
                        superblock.sequenceFloor(),
                        superblock.geometry(),
                        dirty,
                        region,
                        this::allocate);
    }

    private static JournalScan scan(Salvage.Remains remains) {
        BlockFile[] inSync = remains.files().clone();
        for (int slot = 0; slot < inSync.length; slot++) {
            inSync[slot] = remains.isInSync(slot) ? inSync[slot] : null;
        }
        Superblock superblock = remains.superblock();
        return JournalScan.read(inSync, superblock.layout(), superblock.volumeTag());
    }

    private int allocate() {
        if (used + (long) BLOCK_BYTES > region.byteSize()) {
            return -1;
        }
        used += BLOCK_BYTES;
        return used - BLOCK_BYTES;
    }

    /// {@return what was found}
    Replay replay() {
        return replay;
    }

    /// {@return the newest version of each block that is not home}
    DirtyIndex dirty() {
        return dirty;
    }

    /// {@return content of a version of kind WRITE}
    ///
    /// @param version version
    MemorySegment content(int version) {
        return region.asSlice(dirty.payload(version), BLOCK_BYTES);
    }

    /// {@return what is lost, for operators}
    List<String> losses() {
        List<String> losses = new ArrayList<>();
        for (long[] each : replay.losses()) {
            losses.add(
                    "journal "
                            + (each[0] == each[1]
                                    ? "batch " + each[0]
                                    : "batches " + each[0] + " to " + each[1])
                            + ": expected a whole copy, found none, but later ones are there: what was"
                            + " acknowledged in "
                            + (each[0] == each[1] ? "it" : "them")
                            + " is lost");
        }
        return losses;
    }
}
