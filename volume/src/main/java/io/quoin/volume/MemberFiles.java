package io.quoin.volume;

import io.quoin.volume.assembly.Creation;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.OwnerMark;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.MemberDrill;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.remote.MemberAddress;
import io.quoin.volume.remote.Ownership;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// Creates volumes: makes files that do not exist, and refuses what already
/// holds something.
public final class MemberFiles {
    private static final int LOOK_BYTES = 1 << 20;

    static {
        assert LOOK_BYTES <= MemberDrill.MARGIN_BYTES
                : "a drill that crashed would not leave it blank";
        assert MemberLayout.END_BYTES <= MemberDrill.MARGIN_BYTES : "nor its superblocks alone";
    }

    private MemberFiles() {}

    /// Creates a volume.
    ///
    /// @param wish what is asked for
    /// @param addresses members; files that do not exist are made
    /// @param newFileBytes size of files that are made, 0: none may be missing
    /// @param force take members although they hold something
    /// @param millis wall clock
    /// @return the volume's first superblock
    /// @throws VolumeException naming what is wrong; files that were made are removed again
    public static Superblock create(
            Creation.Wish wish,
            List<MemberAddress> addresses,
            long newFileBytes,
            boolean force,
            long millis)
            throws VolumeException {
        List<MemberAddress> distinct = new ArrayList<>();
        List<Path> made = new ArrayList<>();
        List<BlockFile> files = new ArrayList<>();
        List<Boolean> blank = new ArrayList<>();
        boolean isDone = false;
        try {
            for (MemberAddress address : addresses) {
                Path path = address.path().orElse(null);
                boolean isNew = path != null && !Files.exists(path);
                if (isNew) {
                    make(path, newFileBytes);
                    made.add(path);
                }
                if (distinct.stream().anyMatch(address::isSamePlace)) {
                    throw new VolumeException(address + ": given twice");
                }
                distinct.add(address);
                BlockFile file = address.open(true);
                files.add(file);
                blank.add(isNew || checkBlank(file, force));
            }
            Ownership.checkUnserved(files);
            Superblock superblock =
                    Creation.create(wish, files, blank, null, millis, UUID::randomUUID);
            isDone = true;
            return superblock;
        } catch (IOException e) {
            throw new VolumeException(e.getMessage(), e);
        } finally {
            for (BlockFile file : files) {
                file.close();
            }
            if (!isDone) {
                remove(made);
            }
        }
    }

    private static void remove(List<Path> made) {
        for (Path path : made) {
            try {
                Files.deleteIfExists(path);
            } catch (IOException e) {
                System.getLogger(MemberFiles.class.getName())
                        .log(System.Logger.Level.WARNING, "{0}: not removed: {1}", path, e);
            }
        }
    }

    /// Makes a sparse file.
    ///
    /// @param path where
    /// @param bytes how long
    /// @throws VolumeException when it cannot be made, or no size was given
    public static void make(Path path, long bytes) throws VolumeException {
        if (bytes <= 0) {
            throw new VolumeException(path + ": no such file or device (--size makes files)");
        }
        try (FileChannel channel =
                FileChannel.open(path, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
            channel.write(java.nio.ByteBuffer.wrap(new byte[1]), bytes - 1);
        } catch (IOException e) {
            throw new VolumeException(path + ": cannot be made: " + e, e);
        }
    }

    /// Makes a file or device blank as far as {@link #checkBlank} looks: the first MiB, and the last, which has copies of
    /// the superblock. Durable on return.
    ///
    /// @param address file or device
    /// @throws VolumeException when it cannot be opened or written
    public static void wipe(MemberAddress address) throws VolumeException {
        try (BlockFile file = address.open(true);
                Arena arena = Arena.ofConfined()) {
            MemorySegment zeros = arena.allocate(LOOK_BYTES, 4096);
            long whole = file.lengthBytes() / 4096 * 4096;
            int length = (int) Math.min(LOOK_BYTES, whole);
            if (!file.write(zeros, 0, length, 0, false).isOk()
                    || !file.write(zeros, 0, length, whole - length, false).isOk()
                    || !file.flush().isOk()) {
                throw new VolumeException(address + ": cannot be wiped");
            }
        } catch (IOException e) {
            throw new VolumeException(e.getMessage(), e);
        }
    }

    /// Refuses a member that holds something, unless forced.
    ///
    /// @param file member
    /// @param force take it all the same
    /// @return whether it reads as zeros where it was looked at, and so needs no clearing
    /// @throws VolumeException naming what it holds
    public static boolean checkBlank(BlockFile file, boolean force) throws VolumeException {
        SuperblockIo.Found found = SuperblockIo.read(file);
        if (found.superblock() != null && !force) {
            Superblock superblock = found.superblock();
            throw new VolumeException(
                    file.name()
                            + ": expected a blank member, found member "
                            + superblock.slot()
                            + " of volume "
                            + superblock.name()
                            + " ("
                            + superblock.volume()
                            + "); --force overwrites it");
        }
        String holds = signature(file);
        if (holds != null && !force) {
            throw new VolumeException(
                    file.name()
                            + ": expected a blank member, found "
                            + holds
                            + "; --force overwrites it");
        }
        return false;
    }

    /// {@return what the beginning and the end of a member look like, or null when it is blank}
    private static String signature(BlockFile file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment head = arena.allocate(LOOK_BYTES, 4096);
            int length = (int) Math.min(LOOK_BYTES, file.lengthBytes() / 4096 * 4096);
            if (!file.read(head, 0, length, 0).isOk()) {
                return "bytes that cannot be read";
            }
            ValueLayout.OfShort u16 =
                    ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
            ValueLayout.OfInt u32 =
                    ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
            if (length > 2048 && head.get(u16, 1080) == (short) 0xEF53) {
                return "an ext filesystem";
            }
            if (head.get(u32, 0) == 0x42534658) {
                return "an XFS filesystem";
            }
            if (length > 70_000
                    && head.get(ValueLayout.JAVA_LONG_UNALIGNED, 65_600) == 0x4D5F53665248425FL) {
                return "a Btrfs filesystem";
            }
            if (head.get(u16, 510) == (short) 0xAA55) {
                return "a partition table or boot sector";
            }
            // Without a superblock the label says that somebody was about to make this a member.
            long from = length >= 4096 && Creation.isLabel(head) ? 4096 : 0;
            clearMarks(head, length);
            long used = firstUsed(head, from, length);
            if (used >= 0) {
                return "bytes other than zeros at offset " + used;
            }
            // Some keep what they know at the end only: Linux md with metadata 0.90 and 1.0, DRBD.
            long end = file.lengthBytes() / 4096 * 4096 - length;
            if (!file.read(head, 0, length, end).isOk()) {
                return "bytes that cannot be read";
            }
            used = firstUsed(head, Math.max(0, length - end), length);
            return used < 0 ? null : "bytes other than zeros at offset " + (end + used);
        }
    }

    /// Who was about to make this a member has marked it as his, and no more than that.
    private static void clearMarks(MemorySegment head, int length) {
        for (long at : new long[] {OwnerMark.CLAIM_OFFSET, OwnerMark.BEAT_OFFSET}) {
            if (length >= at + 4096 && OwnerMark.of(head.asSlice(at, 4096)) != null) {
                head.asSlice(at, 4096).fill((byte) 0);
            }
        }
    }

    /// {@return where the first bytes other than zeros are, or -1}
    private static long firstUsed(MemorySegment bytes, long from, long to) {
        for (long at = from; at + 8 <= to; at += 8) {
            if (bytes.get(ValueLayout.JAVA_LONG_UNALIGNED, at) != 0) {
                return at;
            }
        }
        return -1;
    }
}
