package io.quoin.volume.assembly;

import io.quoin.volume.format.Guard;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.geometry.LevelSpec;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import io.quoin.volume.member.SuperblockIo;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.UUID;
import java.util.function.Supplier;

/// Makes members: the areas that must not hold old bytes are cleared first, superblocks come last, so
/// that an interrupted creation leaves no volume.
public final class Creation {
    /// Stripe unit of a volume for which none is asked.
    public static final int UNIT_BYTES = 16 << 10;

    private static final int CLEAR_BYTES = 1 << 20;

    private static final int CANARY_SHARE = 64;

    /// What is asked for.
    ///
    /// @param name name of the volume, 1 to 64 bytes of UTF-8 without control characters or slashes
    /// @param level `raid0`, `raid1`, `raid5`, `raid6`, `raid10` or `k+m`
    /// @param copies copies of raid1 and raid10, 0 for the usual
    /// @param unitBytes stripe unit, a power of two from 4096 to 1048576
    /// @param guard guards kept
    /// @param polynomial CRC16 polynomial: 0 for 0x1021, 1 for 0x8BB7
    /// @param canaryShare canary rows are set apart if they are no more than one part of so many of the volume; 0: never
    public record Wish(
            String name,
            String level,
            int copies,
            int unitBytes,
            Guard guard,
            int polynomial,
            int canaryShare) {
        /// A wish with canary rows unless the volume is very small.
        ///
        /// @param name name of the volume
        /// @param level level
        /// @param copies copies of raid1 and raid10, 0 for the usual
        /// @param unitBytes stripe unit
        /// @param guard guards kept
        /// @param polynomial CRC16 polynomial
        public Wish(
                String name, String level, int copies, int unitBytes, Guard guard, int polynomial) {
            this(name, level, copies, unitBytes, guard, polynomial, CANARY_SHARE);
        }

        public Wish {
            int bytes = name.getBytes(StandardCharsets.UTF_8).length;
            if (bytes < 1
                    || bytes > Superblock.NAME_BYTES
                    || name.chars().anyMatch(c -> c < ' ' || c == '/' || c == 0x7F)) {
                throw new IllegalArgumentException(
                        "volume name: expected 1 to 64 bytes without control characters or slashes,"
                                + " was "
                                + bytes
                                + " bytes: "
                                + name);
            }
            if (polynomial != 0 && polynomial != 1) {
                throw new IllegalArgumentException(
                        "polynomial: expected 0 (0x1021) or 1 (0x8BB7), was " + polynomial);
            }
        }
    }

    /// The first thing that is written to a member, for whoever looks at its beginning.
    private static final byte[] LABEL =
            "This is a member of a Quoin volume (quoin examine tells which).\n"
                    .getBytes(StandardCharsets.US_ASCII);

    private Creation() {}

    /// Makes a volume of blank members.
    ///
    /// @param wish what is asked for
    /// @param files members, by slot
    /// @param isBlank for each member: whether it is known to read as zeros
    /// @param layout layout, or null to choose one for the smallest member
    /// @param millis wall clock
    /// @param identities makes identities
    /// @return the superblock of the member of slot 0
    /// @throws VolumeException when it cannot be
    public static Superblock create(
            Wish wish,
            List<? extends BlockFile> files,
            List<Boolean> isBlank,
            MemberLayout layout,
            long millis,
            Supplier<UUID> identities)
            throws VolumeException {
        Superblock.Builder builder = new Superblock.Builder();
        try {
            LevelSpec spec = LevelSpec.parse(wish.level, files.size(), wish.copies);
            builder.layout = layout != null ? layout : layoutFor(files, spec);
            int whole = Math.max(wish.unitBytes / 4096, Geometry.ROWS_PER_INFO);
            builder.geometry =
                    withCanary(
                            spec.geometry(
                                    wish.unitBytes, builder.layout.dataBlocks() / whole * whole),
                            wish.canaryShare);
        } catch (IllegalArgumentException e) {
            throw new VolumeException(e.getMessage(), e);
        }
        builder.volume = identities.get();
        builder.pool = identities.get();
        builder.name = wish.name;
        builder.volumeTag = (int) builder.volume.getLeastSignificantBits();
        builder.guard = wish.guard;
        builder.polynomial = wish.polynomial;
        builder.createdMillis = millis;
        builder.configEpoch = 1;
        builder.clean = true;
        List<MemberEntry> table = new ArrayList<>();
        for (int slot = 0; slot < files.size(); slot++) {
            table.add(new MemberEntry(identities.get(), MemberEntry.IN_SYNC, 0, 1));
        }
        builder.members = table;
        for (int slot = 0; slot < files.size(); slot++) {
            clear(files.get(slot), builder.layout, isBlank.get(slot));
        }
        for (int slot = 0; slot < files.size(); slot++) {
            builder.slot = slot;
            builder.member = table.get(slot).uuid();
            builder.sequence = 1;
            check(files.get(slot), SuperblockIo.write(files.get(slot), builder.build()));
        }
        builder.slot = 0;
        builder.member = table.getFirst().uuid();
        return builder.build();
    }

    /// Sets canary rows apart, unless they would take more than a share of the volume.
    private static Geometry withCanary(Geometry geometry, int share) {
        long canary = geometry.leastCanary();
        return share > 0 && canary <= geometry.memberBlocks() / share
                ? geometry.withCanary(canary)
                : geometry;
    }

    /// {@return the layout for the smallest member}
    private static MemberLayout layoutFor(List<? extends BlockFile> files, LevelSpec spec) {
        BlockFile least =
                files.stream().min(Comparator.comparingLong(BlockFile::lengthBytes)).orElseThrow();
        try {
            return MemberLayout.forMember(least.lengthBytes(), leastSlots(spec));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(least.name() + ": " + e.getMessage(), e);
        }
    }

    /// {@return journal slots each member needs so that a request of 16 MiB with its intents fits
    /// beside the reserve}
    private static int leastSlots(LevelSpec spec) {
        int copies = spec.parityCount() + 1;
        int factor = spec.dataCount() == 1 ? 1 : 1 + spec.parityCount() * 3 / 2 + 1;
        int members = spec.groupCount() * (spec.dataCount() + spec.parityCount());
        int segments = spec.parityCount() + 2 + 2 * factor + 3;
        return (segments * copies + members - 1) / members + 1;
    }

    /// Clears what must not hold old bytes on a member: label, superblocks, metadata, journal, info.
    ///
    /// @param file member
    /// @param layout its layout
    /// @param isBlank whether it reads as zeros already
    /// @throws VolumeException when it cannot be written
    public static void clear(BlockFile file, MemberLayout layout, boolean isBlank)
            throws VolumeException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment zeros = arena.allocate(CLEAR_BYTES, 4096);
            if (!isBlank) {
                zero(file, zeros, 0, layout.zonesOffset());
                zero(
                        file,
                        zeros,
                        layout.memberBytes() - MemberLayout.END_BYTES,
                        MemberLayout.END_BYTES);
                clearInfo(file, zeros, layout, 0);
            }
            zeros.asSlice(0, LABEL.length).copyFrom(MemorySegment.ofArray(LABEL));
            check(file, file.write(zeros, 0, 4096, 0, false));
            check(file, file.flush());
        }
    }

    private static void clearInfo(
            BlockFile file, MemorySegment zeros, MemberLayout layout, int fromZone)
            throws VolumeException {
        long infoBytes = (long) layout.zoneBlocks() / Geometry.ROWS_PER_INFO * 2 * 4096;
        for (int zone = fromZone; zone < layout.zoneCount(); zone++) {
            long at = layout.zonesOffset() + zone * MemberLayout.zoneBytes(layout.zoneBlocks());
            zero(file, zeros, at, infoBytes);
        }
    }

    /// Clears what must not hold old bytes in zones that a member is to have.
    ///
    /// @param file member
    /// @param layout its layout with those zones
    /// @param fromZone the first of them
    /// @throws VolumeException when it cannot be written
    public static void clearZones(BlockFile file, MemberLayout layout, int fromZone)
            throws VolumeException {
        try (Arena arena = Arena.ofConfined()) {
            clearInfo(file, arena.allocate(CLEAR_BYTES, 4096), layout, fromZone);
            check(file, file.flush());
        }
    }

    /// Clears the info of rows that no block lies in yet.
    ///
    /// @param file member
    /// @param layout its layout
    /// @param fromBlock first info block, of both areas
    /// @throws VolumeException when it cannot be written
    public static void clearInfo(BlockFile file, MemberLayout layout, long fromBlock)
            throws VolumeException {
        long ofZone = layout.zoneBlocks() / Geometry.ROWS_PER_INFO;
        long end = ofZone * layout.zoneCount();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment zeros = arena.allocate(CLEAR_BYTES, 4096);
            for (long block = fromBlock; block < end; ) {
                long count = Math.min(end - block, ofZone - block % ofZone);
                for (int copy = 0; copy < 2; copy++) {
                    zero(file, zeros, layout.infoOffset(block, copy), count * 4096);
                }
                block += count;
            }
            check(file, file.flush());
        }
    }

    /// {@return whether a block is the label of a member: nothing else is told by it, and a crash right after it was
    /// written leaves a member that is blank otherwise}
    ///
    /// @param block first block of a member
    public static boolean isLabel(MemorySegment block) {
        MemorySegment label = MemorySegment.ofArray(LABEL);
        MemorySegment rest = block.asSlice(LABEL.length, 4096 - LABEL.length);
        return MemorySegment.mismatch(label, 0, LABEL.length, block, 0, LABEL.length) == -1
                && rest.mismatch(MemorySegment.ofArray(new byte[4096 - LABEL.length])) == -1;
    }

    /// Empties the journal of a member that comes back: what it holds there is not the volume's any more.
    ///
    /// @param file member
    /// @param layout its layout
    /// @throws VolumeException when it cannot be written
    public static void clearJournal(BlockFile file, MemberLayout layout) throws VolumeException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment zeros = arena.allocate(CLEAR_BYTES, 4096);
            long begin = layout.segmentOffset(0);
            zero(file, zeros, begin, layout.zonesOffset() - begin);
            check(file, file.flush());
        }
    }

    private static void zero(BlockFile file, MemorySegment zeros, long from, long bytes)
            throws VolumeException {
        check(file, file.clear(zeros, from, bytes));
    }

    private static void check(BlockFile file, IoResult result) throws VolumeException {
        if (!result.isOk()) {
            throw new VolumeException(
                    file.name() + ": could not be written while it was made ready: " + result);
        }
    }
}
