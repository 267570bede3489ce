package io.quoin.volume.fuzz;

import io.quoin.codec.parity.ErasureCode;
import io.quoin.fuzz.FuzzTarget;
import io.quoin.volume.MemoryFile;
import io.quoin.volume.TestVolumes;
import io.quoin.volume.assembly.Assembly;
import io.quoin.volume.assembly.Examination;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.SuperblockIo;
import io.quoin.volume.member.Witness;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/// Members whose superblocks a stranger wrote, CRCs right: a volume is assembled in which every slot is
/// filled at most once and each group can serve, or the set is refused in words.
///
/// ```
/// 0  u8   epoch that the witness knows; 255: nothing
/// then for each member, at most eight:
///    u8   superblock copies that have it (bits 0 to 3; none: all)
///    u16  bytes of it that follow
/// ```
public final class AssemblyFuzz implements FuzzTarget {
    private static final int MAX_MEMBERS = 8;

    private record Known(long epoch) implements Witness {
        @Override
        public Membership newest(UUID volume) {
            return epoch < 0 ? null : new Membership(epoch, epoch % 2 == 0 ? 0 : -1);
        }

        @Override
        public boolean record(UUID volume, Membership membership) {
            throw new AssertionError("assembly changes nothing");
        }
    }

    @Override
    public String name() {
        return "assembly";
    }

    @Override
    public long maxAllocatedBytes(int inputBytes) {
        return (4L << 20) + 4096L * inputBytes;
    }

    @Override
    public int regressionRuns() {
        return 1000;
    }

    @Override
    public List<byte[]> seeds() {
        return List.of(
                members("raid5", 3, 3),
                members("raid1", 2, 1),
                members("raid10", 4, 4),
                members("2+2", 4, 2));
    }

    private static byte[] members(String level, int count, int present) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.write(1);
        List<MemoryFile> files = TestVolumes.members(level, count);
        for (MemoryFile file : files.subList(0, present)) {
            byte[] image = SuperblockFuzz.bytes(SuperblockIo.read(file).superblock());
            all.write(0xF);
            all.write(image.length);
            all.write(image.length >> 8);
            all.writeBytes(image);
        }
        return all.toByteArray();
    }

    @Override
    public void run(byte[] input) {
        ByteBuffer in = ByteBuffer.wrap(input).order(ByteOrder.LITTLE_ENDIAN);
        if (!in.hasRemaining()) {
            return;
        }
        int epoch = in.get() & 0xFF;
        Witness witness = new Known(epoch == 255 ? -1 : epoch);
        List<BlockFile> files = new ArrayList<>();
        while (in.remaining() >= 3 && files.size() < MAX_MEMBERS) {
            files.add(member(in, files.size()));
        }
        assemble(files, witness);
        files.forEach(file -> Examination.examine(file).isWhole());
        try {
            Examination.check(files, witness);
        } catch (VolumeException e) {
            expectWords(e);
        }
    }

    private static BlockFile member(ByteBuffer in, int index) {
        MemoryFile file = new MemoryFile("disk" + index, TestVolumes.LAYOUT.memberBytes());
        int copies = in.get() & 0xF;
        byte[] image = new byte[Math.min(in.getShort() & 0xFFFF, in.remaining())];
        in.get(image);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment block = arena.allocate(Superblock.BYTES, Superblock.BYTES);
            block.copyFrom(SuperblockFuzz.seal(image));
            for (int copy = 0; copy < Superblock.COPIES; copy++) {
                if (copies == 0 || (copies >> copy & 1) != 0) {
                    long at = MemberLayout.superblockOffset(copy, file.lengthBytes());
                    file.write(block, 0, Superblock.BYTES, at, true);
                }
            }
        }
        return file;
    }

    private static void assemble(List<BlockFile> files, Witness witness) {
        try {
            Assembly.Assembled found = Assembly.assemble(files, witness);
            expectServable(found);
            ErasureCode.of(
                    found.superblock().geometry().dataCount(),
                    found.superblock().geometry().parityCount());
        } catch (VolumeException e) {
            expectWords(e);
        }
    }

    private static void expectServable(Assembly.Assembled found) {
        int slots = found.superblock().geometry().slotCount();
        if (found.files().length != slots || found.superblock().members().size() != slots) {
            throw new AssertionError("slots: expected " + slots);
        }
        List<BlockFile> once = new ArrayList<>();
        for (BlockFile file : found.files()) {
            if (file != null && (once.contains(file) || found.stale().contains(file))) {
                throw new AssertionError(file.name() + " fills two places");
            }
            once.add(file);
        }
    }

    private static void expectWords(VolumeException e) {
        if (e.getMessage() == null || e.getMessage().isBlank()) {
            throw new AssertionError("a refusal without words", e);
        }
    }
}
