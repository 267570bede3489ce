package io.quoin.volume.assembly;

import io.quoin.volume.format.Batch;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.JournalScan;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.member.Witness;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import net.openhft.chronicle.bytes.HexDumpBytes;

/// What can be said of members without serving them. Only reads.
public final class Examination {
    private Examination() {}

    /// How a superblock copy is.
    public enum CopyState {
        /// Whole.
        VALID("valid"),
        /// Readable, and no superblock.
        DAMAGED("damaged"),
        /// Not readable.
        UNREADABLE("unreadable");

        private final String text;

        CopyState(String text) {
            this.text = text;
        }

        /// {@return the state in the operators' word}
        public String text() {
            return text;
        }
    }

    /// A superblock copy.
    ///
    /// @param number 0 to 3
    /// @param offsetBytes where it lies
    /// @param state how it is
    /// @param sequence sequence of a valid one, else 0
    public record Copy(int number, long offsetBytes, CopyState state, long sequence) {}

    /// One file or device.
    ///
    /// @param name its path
    /// @param lengthBytes its size
    /// @param superblock its newest superblock; nothing when no copy is valid
    /// @param copies the copies that there is room for
    public record Member(
            String name, long lengthBytes, Optional<Superblock> superblock, List<Copy> copies) {
        /// {@return how many copies are not valid}
        public int damagedCopies() {
            return (int) copies.stream().filter(copy -> copy.state != CopyState.VALID).count();
        }

        /// {@return whether the file has the bytes that its superblock speaks of}
        public boolean isWhole() {
            return superblock.isPresent() && superblock.get().layout().memberBytes() <= lengthBytes;
        }
    }

    /// A slot of an assembled volume.
    ///
    /// @param slot slot
    /// @param uuid its member
    /// @param name path; nothing when the member is missing or stale
    /// @param state `in sync`, `rebuilding`, `faulty` or `missing`
    public record Slot(int slot, UUID uuid, Optional<String> name, String state) {}

    /// What a daemon would find.
    ///
    /// @param superblock the newest
    /// @param slots the volume's slots; empty when it cannot be assembled
    /// @param stale paths of members that hold nothing that counts
    /// @param notes what is said on the way: damaged copies, missing members
    /// @param refusal why it cannot be served; nothing when it can
    /// @param redundancyLeft members that may still be lost; -1 when it cannot be served
    /// @param isClean whether it was stopped with nothing left in the journal
    /// @param journalBatches batches that recovery would replay
    /// @param journalBytes bytes of those batches
    /// @param journalDamage damaged copies of batches; recovery leaves them out
    public record Verdict(
            Superblock superblock,
            List<Slot> slots,
            List<String> stale,
            List<String> notes,
            Optional<String> refusal,
            int redundancyLeft,
            boolean isClean,
            long journalBatches,
            long journalBytes,
            int journalDamage) {}

    /// Looks at a file's superblock copies.
    ///
    /// @param file a member, or not
    /// @return what is there
    public static Member examine(BlockFile file) {
        SuperblockIo.Found found = SuperblockIo.read(file);
        long usable = file.lengthBytes() / 4096 * 4096;
        long end = found.superblock() == null ? usable : found.superblock().layout().memberBytes();
        List<Copy> copies = new ArrayList<>();
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(Superblock.BYTES, 4096);
            for (int number = 0; number < Superblock.COPIES; number++) {
                long at = MemberLayout.superblockOffset(number, end);
                if (at < 4096 || at + Superblock.BYTES > usable) {
                    continue;
                }
                if (!file.read(block, 0, Superblock.BYTES, at).isOk()) {
                    copies.add(new Copy(number, at, CopyState.UNREADABLE, 0));
                    continue;
                }
                Superblock superblock = Superblock.load(block, 0);
                copies.add(
                        superblock == null
                                ? new Copy(number, at, CopyState.DAMAGED, 0)
                                : new Copy(number, at, CopyState.VALID, superblock.sequence()));
            }
        }
        return new Member(
                file.name(), file.lengthBytes(), Optional.ofNullable(found.superblock()), copies);
    }

    /// {@return a superblock's bytes with a word on each field, the CRC field zero}
    ///
    /// @param superblock the superblock
    public static String dump(Superblock superblock) {
        HexDumpBytes bytes = new HexDumpBytes();
        try {
            superblock.writeTo(bytes);
            return bytes.toHexString();
        } finally {
            bytes.releaseLast();
        }
    }

    /// Assembles without writing, and reads the journal.
    ///
    /// @param files members, in any order
    /// @param witness outside memory, for mirrors
    /// @return what a daemon would find
    /// @throws VolumeException when nothing can be said: no superblock at all, or members that do not
    ///     belong together
    public static Verdict check(List<? extends BlockFile> files, Witness witness)
            throws VolumeException {
        Superblock newest = null;
        for (BlockFile file : files) {
            Superblock each = SuperblockIo.read(file).superblock();
            if (each != null && (newest == null || each.configEpoch() > newest.configEpoch())) {
                newest = each;
            }
        }
        if (newest == null) {
            throw new VolumeException(
                    "expected members of a volume, found no superblock on any of "
                            + files.stream().map(BlockFile::name).toList());
        }
        Assembly.Assembled assembled;
        try {
            assembled = Assembly.assemble(List.copyOf(files), witness);
        } catch (VolumeException e) {
            return new Verdict(
                    newest,
                    List.of(),
                    List.of(),
                    List.of(),
                    Optional.of(e.getMessage()),
                    -1,
                    newest.isClean(),
                    0,
                    0,
                    0);
        }
        return readJournal(assembled);
    }

    private static Verdict readJournal(Assembly.Assembled assembled) {
        Superblock superblock = assembled.superblock();
        BlockFile[] inSync = new BlockFile[assembled.files().length];
        List<Slot> slots = new ArrayList<>();
        for (int slot = 0; slot < inSync.length; slot++) {
            MemberEntry entry = superblock.members().get(slot);
            BlockFile file = assembled.files()[slot];
            if (entry.state() == MemberEntry.IN_SYNC) {
                inSync[slot] = file;
            }
            slots.add(
                    new Slot(
                            slot,
                            entry.uuid(),
                            Optional.ofNullable(file).map(BlockFile::name),
                            file == null ? "missing" : entry.stateText()));
        }
        JournalScan scan = JournalScan.read(inSync, superblock.layout(), superblock.volumeTag());
        long[] found = new long[2];
        Optional<String> refusal = Optional.empty();
        if (!scan.reaches(superblock.tailBatch())) {
            refusal =
                    Optional.of(
                            "journal batch "
                                    + superblock.tailBatch()
                                    + ": expected a whole copy, found none, but later ones are"
                                    + " there: acknowledged writes would be lost");
        } else {
            try {
                scan.replay(superblock.tailBatch(), (batch, header) -> count(header, found));
            } catch (JournalScan.DamagedJournalException e) {
                refusal = Optional.of(e.getMessage());
            }
        }
        return new Verdict(
                superblock,
                slots,
                assembled.stale().stream().map(BlockFile::name).toList(),
                assembled.notes(),
                refusal,
                refusal.isPresent() ? -1 : redundancyLeft(superblock),
                superblock.isClean(),
                found[0],
                found[1],
                scan.damagedCopies());
    }

    private static void count(Batch.Header header, long[] found) {
        found[0]++;
        found[1] += header.totalBytes;
    }

    private static int redundancyLeft(Superblock superblock) {
        Geometry geometry = superblock.geometry();
        int least = Integer.MAX_VALUE;
        for (int group = 0; group < geometry.groupCount(); group++) {
            int spare =
                    geometry.spare(
                            group,
                            slot -> superblock.members().get(slot).state() == MemberEntry.IN_SYNC);
            least = Math.min(least, spare);
        }
        return least;
    }
}
