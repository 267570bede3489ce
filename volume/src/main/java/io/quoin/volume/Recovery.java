package io.quoin.volume;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.assembly.Assembly.Assembled;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.intake.BufferPool;
import io.quoin.volume.journal.JournalScan;
import io.quoin.volume.journal.JournalScan.DamagedJournalException;
import io.quoin.volume.journal.Replay;
import io.quoin.volume.member.BlockFile;

/// What the journal of an assembled volume holds, in memory.
///
/// Blocking; nothing is written.
///
/// @param assembled the members that count
/// @param scan the journal's end
/// @param pool memory, with the recovered blocks
/// @param dirty recovered versions
/// @param replay what recovery goes on with
record Recovery(
        Assembled assembled, JournalScan scan, BufferPool pool, DirtyIndex dirty, Replay replay) {
    /// A member that reads differently each time is not waited for.
    private static final int ATTEMPTS = 8;

    /// Reads the journal.
    ///
    /// @param found the members
    /// @param ioFactory goes over members
    /// @param poolBytes memory for requests and dirty blocks
    /// @param memory that memory, if it is there already; or null
    /// @return what it holds
    /// @throws VolumeException when acknowledged writes would be lost
    static Recovery of(
            Assembled found, Engine.IoFactory ioFactory, long poolBytes, BufferPool memory)
            throws VolumeException {
        for (int attempt = 1; ; attempt++) {
            BufferPool pool = memory == null ? new BufferPool(poolBytes) : memory;
            boolean isRecovered = false;
            try {
                Recovery recovery = read(found, ioFactory, pool);
                isRecovered = true;
                return recovery;
            } catch (Replay.ChangedJournalException e) {
                if (attempt >= ATTEMPTS) {
                    throw refusal(found, e);
                }
            } catch (DamagedJournalException e) {
                throw refusal(found, e);
            } finally {
                if (!isRecovered && memory == null) {
                    pool.close();
                }
            }
        }
    }

    private static VolumeException refusal(Assembled assembled, Exception cause) {
        String name = assembled.superblock().name();
        return new VolumeException(
                "volume "
                        + name
                        + ": "
                        + cause.getMessage()
                        + "; attach members that are absent; quoin check shows which copies are damaged",
                cause);
    }

    private static Recovery read(Assembled assembled, Engine.IoFactory ioFactory, BufferPool pool)
            throws DamagedJournalException {
        Superblock superblock = assembled.superblock();
        JournalScan scan =
                JournalScan.readFrom(
                        inSync(superblock, assembled.files()),
                        superblock.layout(),
                        superblock.volumeTag(),
                        superblock.tailBatch(),
                        ioFactory::eachMember);
        if (!scan.reaches(superblock.tailBatch())) {
            throw new DamagedJournalException(
                    "journal batch "
                            + superblock.tailBatch()
                            + ": expected a whole copy, found none, but later ones are there");
        }
        DirtyIndex dirty = new DirtyIndex(pool.blocks(), BLOCK_BYTES, pool::free);
        Replay replay =
                Replay.run(
                        scan,
                        superblock.tailBatch(),
                        superblock.sequenceFloor(),
                        superblock.geometry(),
                        dirty,
                        pool.region(),
                        () -> pool.tryAllocate(BLOCK_BYTES));
        return new Recovery(assembled, scan, pool, dirty, replay);
    }

    private static BlockFile[] inSync(Superblock superblock, BlockFile[] files) {
        BlockFile[] result = new BlockFile[files.length];
        for (int slot = 0; slot < files.length; slot++) {
            if (superblock.members().get(slot).state() == MemberEntry.IN_SYNC) {
                result[slot] = files[slot];
            }
        }
        return result;
    }
}
