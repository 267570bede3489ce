package io.quoin.volume.rescue;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;
import static io.quoin.volume.geometry.Geometry.ROWS_PER_INFO;

import io.quoin.volume.assembly.Salvage;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.format.BlockInfo;
import io.quoin.volume.format.MemberEntry;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.journal.Replay;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Witness;
import io.quoin.volume.row.RowImage;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Reads what can be had of a volume, block by block, and says of each what it is. With enough members in sync that is what a daemon
/// would serve; with fewer, what is left.
///
/// | a block | is |
/// |---|---|
/// | the newest version is in the journal that is left | that |
/// | has its guards on its member, which no record contradicts | that |
/// | can be decoded from what has its guards, and is what its own record says, if that is left | that |
/// | none of these, and a member that was left behind has what the others' records say it should be | that |
/// | the same, but no record is left that says so | unconfirmed |
/// | else | lost |
///
/// When acknowledged writes are missing in the journal, or may be, or others may have gone on without these members, whatever these
/// may have changed is unconfirmed: all blocks, but for those that were written later. So too when somebody serves the volume meanwhile.
///
/// Blocking; one thread. Nothing is written to a member.
public final class Rescue {
    /// Blocks that are read before any of them is handed on, at least.
    private static final int LEAST_VECTOR_BYTES = 4;

    private static final int WINDOW_BLOCKS = 4096;

    /// Receives the blocks in order, all of the volume's.
    ///
    /// @param <E> what it throws
    @FunctionalInterface
    public interface Target<E extends Exception> {
        /// Blocks side by side that share a fate.
        ///
        /// @param first the first one
        /// @param count how many
        /// @param fate what became of them
        /// @param content their bytes, valid during the call; null: they read as zeros, or are not there
        /// @throws E to end the rescue
        void take(long first, int count, Fate fate, MemorySegment content) throws E;
    }

    private final Salvage.Remains remains;
    private final JournalRest journal;
    private final Geometry geometry;
    private final Rows rows;
    private final Rows wide;
    private final boolean isWideOfOurs;
    private final boolean isAllInDoubt;
    private final long sureFrom;
    private final List<String> doubts = new ArrayList<>();

    private Rescue(Salvage.Remains remains, boolean isServed) throws VolumeException {
        this.remains = remains;
        journal = JournalRest.read(remains);
        Replay replay = journal.replay();
        geometry = replay.geometry();
        checkShape();
        rows = new Rows(superblock(List.of()), overlays(List.of()), replay, journal.dirty());
        List<Salvage.Stale> stale = remains.stale();
        wide =
                stale.isEmpty()
                        ? null
                        : new Rows(superblock(stale), overlays(stale), replay, journal.dirty());
        isWideOfOurs = stale.stream().allMatch(Salvage.Stale::isOfOurs);
        remains.doubt().ifPresent(doubts::add);
        if (isServed) {
            doubts.add("the members are in use: what was read is of different moments");
        }
        isAllInDoubt = !doubts.isEmpty();
        boolean isEndKnown = remains.isEnough() || remains.isClean();
        if (!isEndKnown) {
            doubts.add(
                    "the volume was not stopped in order, and members that are missing (slots "
                            + remains.missing()
                            + ") may have the only copies of acknowledged writes");
        }
        doubts.addAll(journal.losses());
        sureFrom = isEndKnown ? replay.completeFrom() : Long.MAX_VALUE;
    }

    /// Of rows of two shapes that lie in one another's place it takes the others to tell which it is.
    private void checkShape() throws VolumeException {
        if (remains.superblock().geometry().former() != null && !remains.isEnough()) {
            throw new VolumeException(
                    "volume "
                            + remains.superblock().name()
                            + ": is being reshaped, and so many members are missing (slots "
                            + remains.missing()
                            + ") that it cannot be told what lies where: expected as many as both shapes"
                            + " need");
        }
    }

    /// Looks at members.
    ///
    /// @param files files in any order, strangers among them; the caller closes them
    /// @param witness outside memory, for mirrors
    /// @param isServed whether somebody may write to them meanwhile
    /// @return what is ready to be read
    /// @throws VolumeException when nothing can be said: no member at all, members of several volumes, unknown features, too few members of
    ///     one that is being reshaped
    public static Rescue of(List<? extends BlockFile> files, Witness witness, boolean isServed)
            throws VolumeException {
        return new Rescue(Salvage.of(files, witness), isServed);
    }

    /// {@return who is who}
    public Salvage.Remains remains() {
        return remains;
    }

    /// {@return why blocks are unconfirmed: whole sentences for operators; empty when nothing is in doubt as a whole}
    public List<String> doubts() {
        return List.copyOf(doubts);
    }

    /// {@return blocks of the volume}
    public long volumeBlocks() {
        return geometry.volumeBlocks();
    }

    /// {@return journal batches that were found, and count}
    public long journalBatches() {
        return journal.replay().batches();
    }

    /// The table as those read it who read alone: who is missing counts as there, for what the journal has of its blocks.
    private Superblock superblock(List<Salvage.Stale> stale) {
        Superblock.Builder builder = remains.superblock().toBuilder();
        List<MemberEntry> table = new ArrayList<>(builder.members);
        for (int slot = 0; slot < table.size(); slot++) {
            if (remains.files()[slot] == null) {
                table.set(slot, table.get(slot).with(MemberEntry.IN_SYNC, 0));
            }
        }
        for (Salvage.Stale each : stale) {
            table.set(
                    each.slot(),
                    new MemberEntry(each.superblock().member(), MemberEntry.IN_SYNC, 0, 0));
        }
        builder.members = table;
        builder.geometry = geometry;
        return builder.build();
    }

    private Overlay[] overlays(List<Salvage.Stale> stale) {
        BlockFile[] files = remains.files().clone();
        for (Salvage.Stale each : stale) {
            files[each.slot()] = each.file();
        }
        Overlay[] overlays = new Overlay[files.length];
        for (int slot = 0; slot < files.length; slot++) {
            String name = files[slot] == null ? "slot " + slot : files[slot].name();
            overlays[slot] = new Overlay(files[slot], name, remains.superblock().layout());
        }
        return overlays;
    }

    /// Reads all blocks.
    ///
    /// @param target receives them
    /// @param <E> what it throws
    /// @throws E as it says
    public <E extends Exception> void run(Target<E> target) throws E {
        Window window = new Window();
        long end = volumeBlocks();
        for (long first = 0; first < end; first += window.blocks) {
            window.read(first, (int) Math.min(window.blocks, end - first));
            window.handOn(target);
        }
    }

    /// As many blocks as whole info groups hold, where that can be.
    private int windowBlocks() {
        int step =
                geometry.former() == null
                        ? Math.max(geometry.unitBlocks(), ROWS_PER_INFO)
                                * geometry.groupCount()
                                * geometry.dataCount()
                        : Math.toIntExact(geometry.windowRows() * geometry.dataCount());
        long most = step * Math.max(1L, WINDOW_BLOCKS / step);
        return (int) Math.min(most, volumeBlocks());
    }

    private final class Window {
        private final int blocks = windowBlocks();
        private final MemorySegment content =
                Arena.ofAuto().allocate((long) blocks * BLOCK_BYTES, BLOCK_BYTES);
        private final Fate[] fates = new Fate[blocks];
        private final boolean[] hasContent = new boolean[blocks];
        private final RowTable missing = new RowTable();
        private long first;
        private int count;

        void read(long from, int howMany) {
            first = from;
            count = howMany;
            Arrays.fill(fates, null);
            Arrays.fill(hasContent, false);
            missing.clear();
            long[] keys = keys();
            rows.expect(keys.clone(), keys.length);
            for (long key : keys) {
                rows.open(key);
                eachRow(key, this::readRow);
                rows.close();
            }
            if (missing.isEmpty() || wide == null) {
                return;
            }
            for (long key : keys) {
                if (missing.hasGroup(key)) {
                    wide.open(key);
                    eachRow(key, this::readLeftBehind);
                    wide.close();
                }
            }
        }

        private long[] keys() {
            long[] keys = new long[count];
            for (int i = 0; i < count; i++) {
                keys[i] = geometry.infoGroupOf(geometry.rowOf(first + i));
            }
            return Arrays.stream(keys).sorted().distinct().toArray();
        }

        private interface RowReader {
            void read(long key, int index, long row);
        }

        private void eachRow(long key, RowReader reader) {
            for (int index = 0; index < ROWS_PER_INFO; index++) {
                reader.read(key, index, geometry.rowIn(key, index));
            }
        }

        /// {@return the place of a block in the window, or -1}
        private int place(long row, int position) {
            long block = geometry.blockAt(row, position);
            return block >= first && block < first + count ? (int) (block - first) : -1;
        }

        private void readRow(long key, int index, long row) {
            RowImage image = null;
            for (int p = 0; p < geometry.at(row).dataCount(); p++) {
                int place = place(row, p);
                if (place < 0 || fromJournal(place)) {
                    continue;
                }
                if (image == null) {
                    image = rows.resolve(index);
                }
                fromHome(place, key, row, p, image);
            }
        }

        private boolean fromJournal(int place) {
            DirtyIndex dirty = journal.dirty();
            int version = dirty.newest(first + place);
            if (version == DirtyIndex.NONE) {
                return false;
            }
            boolean isTrim = dirty.kind(version) == DirtyIndex.TRIM;
            if (dirty.kind(version) == DirtyIndex.WRITE) {
                put(place, journal.content(version), 0);
            } else if (!isTrim) {
                at(place).fill((byte) 0);
                hasContent[place] = true;
            }
            settle(place, isTrim ? Fate.EMPTY : Fate.JOURNAL, dirty.sequence(version));
            return true;
        }

        private void fromHome(int place, long key, long row, int position, RowImage image) {
            int bit = 1 << position;
            int type = rows.type(row, position);
            long generation = rows.generation(row, position);
            if (type == BlockInfo.UNWRITTEN || type == BlockInfo.TRIMMED) {
                settle(place, Fate.EMPTY, generation);
            } else if (type == BlockInfo.BAD
                    || (image.lost & bit) != 0
                    || !isOfBlock(place, row, position)) {
                fates[place] = Fate.LOST;
                boolean isForGood = type == BlockInfo.BAD && rows.isKnown(row, position);
                if (!isForGood && wide != null) {
                    boolean isKnown = type != BlockInfo.BAD && isWideOfOurs;
                    missing.add(key, row, position, isKnown ? generation : -1);
                }
            } else {
                put(place, image.blocks[position], image.offsets[position]);
                Fate fate =
                        (image.decoded & bit) != 0
                                ? Fate.DECODED
                                : rows.isRedone(row, position) ? Fate.JOURNAL : Fate.GOOD;
                settle(place, fate, generation);
            }
        }

        /// A move of a reshape of which a part is lost leaves blocks of the former shape where others belong.
        private boolean isOfBlock(int place, long row, int position) {
            return sureFrom == 0 || rows.reference(row, position) == first + place;
        }

        private void readLeftBehind(long key, int index, long row) {
            RowImage image = null;
            for (int p = 0; p < geometry.at(row).dataCount(); p++) {
                int place = place(row, p);
                if (place < 0 || !missing.has(row, p)) {
                    continue;
                }
                if (image == null) {
                    image = wide.resolve(index);
                }
                int type = wide.type(row, p);
                boolean isEmpty = type == BlockInfo.UNWRITTEN || type == BlockInfo.TRIMMED;
                if (!isEmpty && (type == BlockInfo.BAD || (image.lost >> p & 1) != 0)) {
                    continue;
                }
                int k = geometry.at(row).dataCount();
                long known = missing.generation(row, p);
                // What is known may be no more than parity kept of it, which comes round.
                boolean isConfirmed =
                        known >= 0
                                && BlockInfo.vectorWidth(k) >= LEAST_VECTOR_BYTES
                                && BlockInfo.truncate(known, k)
                                        == BlockInfo.truncate(wide.generation(row, p), k);
                if (!isEmpty) {
                    put(place, image.blocks[p], image.offsets[p]);
                }
                Fate fate =
                        isEmpty
                                ? Fate.EMPTY
                                : (image.decoded >> p & 1) != 0 ? Fate.DECODED : Fate.GOOD;
                if (isConfirmed) {
                    settle(place, fate, wide.generation(row, p));
                } else {
                    fates[place] = Fate.UNCONFIRMED;
                }
            }
        }

        private void settle(int place, Fate fate, long sequence) {
            boolean isSure = !isAllInDoubt && sequence >= sureFrom;
            fates[place] = isSure ? fate : Fate.UNCONFIRMED;
        }

        private MemorySegment at(int place) {
            return content.asSlice((long) place * BLOCK_BYTES, BLOCK_BYTES);
        }

        private void put(int place, MemorySegment from, long offset) {
            MemorySegment.copy(from, offset, content, (long) place * BLOCK_BYTES, BLOCK_BYTES);
            hasContent[place] = true;
        }

        <E extends Exception> void handOn(Target<E> target) throws E {
            for (int from = 0, to; from < count; from = to) {
                for (to = from + 1;
                        to < count
                                && fates[to] == fates[from]
                                && hasContent[to] == hasContent[from];
                        to++) {}
                assert fates[from] != null : "block " + (first + from);
                target.take(
                        first + from,
                        to - from,
                        fates[from],
                        hasContent[from]
                                ? content.asSlice(
                                        (long) from * BLOCK_BYTES, (long) (to - from) * BLOCK_BYTES)
                                : null);
            }
        }
    }
}
