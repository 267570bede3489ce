package io.quoin.volume.assembly;

import io.quoin.volume.format.JobOrigin;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.ReshapeRecord;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.LevelSpec;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.SuperblockIo;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// What the superblocks say before, amid and after a reshape; written while the volume is stopped, with nothing in its journal.
///
/// ```
/// one shape --begin--> both, the cut at one end --(the volume serves, the cut moves)--> both, the cut at the other end --end--> one shape
///                                              \--turnBack--> the same the other way round
/// ```
///
/// Each is one superblock for all members, those that join first: until one of the others has it, nothing has changed that anybody
/// needs, and from then on all that have none of it yet are told by it. A crash amid it leaves the volume before, or after.
public final class Reshaping {
    private Reshaping() {}

    /// Plans a reshape.
    ///
    /// @param now newest superblock of the volume
    /// @param to what the volume is to be
    /// @param unitBytes its stripe unit
    /// @param mostBytes bytes that may be moved at a time
    /// @return both shapes, nothing moved yet
    /// @throws IllegalArgumentException when it cannot be, and why
    public static Geometry plan(Superblock now, LevelSpec to, int unitBytes, long mostBytes) {
        Geometry former = now.geometry();
        if (former.former() != null) {
            throw new IllegalArgumentException(
                    "reshape: volume " + now.name() + " is being reshaped already");
        }
        if (former.groupCount() != 1 || to.groupCount() != 1) {
            throw new IllegalArgumentException(
                    "reshape: expected raid1, raid5, raid6 or k+m before and after, was "
                            + former.level().text()
                            + " to "
                            + to.level().text());
        }
        int whole = Math.max(unitBytes / Geometry.BLOCK_BYTES, Geometry.ROWS_PER_INFO);
        Geometry alone = to.geometry(unitBytes, now.layout().dataBlocks() / whole * whole);
        if (alone.toString().equals(former.toString())) {
            throw new IllegalArgumentException(
                    "reshape: volume " + now.name() + " is " + former + " already");
        }
        boolean isDescending = alone.dataCount() < former.dataCount();
        long need = (former.volumeBlocks() + alone.dataCount() - 1) / alone.dataCount();
        if (need > alone.memberBlocks()) {
            throw new IllegalArgumentException(
                    "reshape: as "
                            + alone
                            + " the volume needs "
                            + need * Geometry.BLOCK_BYTES
                            + " bytes of data on each member, which has room for "
                            + alone.memberBlocks() * Geometry.BLOCK_BYTES
                            + ": grow it first, on larger members");
        }
        // What does not suffice for all canary rows is room for some: once clients have it, there
        // would
        // be none in any later shape.
        long room = (alone.memberBlocks() - need) / whole * whole;
        long canary = former.canaryBlocks() == 0 ? 0 : Math.min(alone.leastCanary(), room);
        Geometry both =
                alone.withCanary(canary)
                        .reshapedFrom(
                                former,
                                isDescending,
                                former.volumeBlocks(),
                                isDescending ? former.volumeBlocks() : 0);
        long window = both.windowRows() * both.dataCount() * Geometry.BLOCK_BYTES;
        if (window > mostBytes) {
            throw new IllegalArgumentException(
                    "reshape: moves "
                            + window
                            + " bytes at a time, expected at most "
                            + mostBytes
                            + ", a quarter of the volume's buffers");
        }
        return both;
    }

    /// {@return what members say once a reshape has begun}
    ///
    /// @param now newest superblock of the volume
    /// @param both of {@link #plan}
    /// @param joining identities of the members of the slots that there were not before
    /// @param millis wall clock
    /// @param origin why, and who asked
    public static Superblock begun(
            Superblock now, Geometry both, List<UUID> joining, long millis, JobOrigin origin) {
        Superblock.Builder next = changed(now);
        List<MemberEntry> table = new ArrayList<>(now.members());
        for (UUID each : joining) {
            table.add(new MemberEntry(each, MemberEntry.IN_SYNC, 0, next.configEpoch));
        }
        next.members = table;
        next.geometry = both;
        next.reshape = new ReshapeRecord(next.nextJob++, false, millis, both.cutBlock(), origin);
        return next.build();
    }

    /// {@return what members say once every block has moved: the slots of the former shape alone have gone}
    ///
    /// @param now newest superblock of the volume
    public static Superblock ended(Superblock now) {
        Superblock.Builder next = changed(now);
        next.geometry = now.geometry().target();
        next.reshape = null;
        next.members = List.copyOf(now.members().subList(0, next.geometry.slotCount()));
        return next.build();
    }

    /// {@return what members say once a reshape goes back}
    ///
    /// @param now newest superblock of the volume
    /// @param origin why, and who asked
    public static Superblock turnedBack(Superblock now, JobOrigin origin) {
        Superblock.Builder next = changed(now);
        Geometry both = now.geometry();
        long cut = now.reshape().cutBlock();
        boolean isDescending =
                both.dataCount() == both.former().dataCount()
                        ? !both.isDescending()
                        : both.former().dataCount() < both.dataCount();
        next.geometry =
                both.former().reshapedFrom(both.target(), isDescending, both.volumeBlocks(), cut);
        next.reshape =
                new ReshapeRecord(
                        next.nextJob++, false, now.reshape().startedMillis(), cut, origin);
        return next.build();
    }

    private static Superblock.Builder changed(Superblock now) {
        Superblock.Builder next = now.toBuilder();
        next.configEpoch++;
        next.sequence++;
        return next;
    }

    /// Writes a superblock to all members of its table that are there, those that join first. One of the others that cannot be written
    /// changes nothing: what one member says is true for all, and the engine drops who fails.
    ///
    /// @param next what they say from now on
    /// @param files the members by slot, null where absent
    /// @param former slots that there were before
    /// @throws VolumeException when a member that joins could not be written, or none of the others: nothing has changed then
    public static void write(Superblock next, List<? extends BlockFile> files, int former)
            throws VolumeException {
        for (int slot = former; slot < next.geometry().slotCount(); slot++) {
            write(next, files.get(slot), slot);
        }
        boolean isAnyWritten = false;
        for (int slot = 0; slot < Math.min(former, next.geometry().slotCount()); slot++) {
            if (files.get(slot) != null) {
                isAnyWritten |= SuperblockIo.write(files.get(slot), own(next, slot)).isOk();
            }
        }
        if (!isAnyWritten) {
            throw new VolumeException(
                    "volume " + next.name() + ": no member's superblocks could be written");
        }
    }

    private static void write(Superblock next, BlockFile file, int slot) throws VolumeException {
        IoResult result = SuperblockIo.write(file, own(next, slot));
        if (!result.isOk()) {
            throw new VolumeException(
                    file.name() + ": its superblocks could not be written: " + result);
        }
    }

    private static Superblock own(Superblock next, int slot) {
        Superblock.Builder own = next.toBuilder();
        own.slot = slot;
        own.member = next.members().get(slot).uuid();
        return own.build();
    }

    /// Clears the info of rows that the new shape has and the reshape did not come to: what lies there is nobody's.
    ///
    /// @param now superblock, with every block moved
    /// @param file a member
    /// @throws VolumeException when it could not be written
    public static void clearUnused(Superblock now, BlockFile file) throws VolumeException {
        Geometry both = now.geometry();
        long rows = both.rowsFor(both.volumeBlocks());
        long firstUnused = (rows + Geometry.ROWS_PER_INFO - 1) / Geometry.ROWS_PER_INFO;
        Creation.clearInfo(file, now.layout(), firstUnused);
    }
}
