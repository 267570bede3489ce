package io.quoin.cli.demo;

import io.quoin.volume.format.Superblock;
import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.SuperblockIo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/// Does to a member's file what disks do: behind the daemon's back, at rest.
final class MemberDamage implements AutoCloseable {
    private final FileChannel file;
    private final Superblock superblock;
    private final Geometry geometry;
    private final Random random;

    private MemberDamage(FileChannel file, Superblock superblock, Random random) {
        this.file = file;
        this.superblock = superblock;
        this.geometry = superblock.geometry();
        this.random = random;
    }

    static MemberDamage open(Path path, Random random) throws IOException {
        Superblock superblock;
        try (LocalFile member = LocalFile.open(path, false)) {
            superblock = SuperblockIo.read(member).superblock();
        }
        if (superblock == null) {
            throw new IOException(path + ": no superblock");
        }
        return new MemberDamage(
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE),
                superblock,
                random);
    }

    /// Volume blocks, of the first `limit`, that lie on this member and are written.
    List<Integer> blocksHere(OrderJournal journal, int slot) {
        List<Integer> here = new ArrayList<>();
        for (int block = 0; block < journal.blocks(); block++) {
            long row = geometry.rowOf(block);
            if (geometry.slotAt(row, geometry.positionOf(block)) == slot
                    && journal.isWritten(block)) {
                here.add(block);
            }
        }
        java.util.Collections.shuffle(here, random);
        return here;
    }

    private long place(long block) {
        return superblock.layout().dataOffset(geometry.memberBlock(geometry.rowOf(block)));
    }

    ByteBuffer take(long block) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(Geometry.BLOCK_BYTES);
        long at = place(block);
        while (bytes.hasRemaining()) {
            if (file.read(bytes, at + bytes.position()) < 0) {
                throw new IOException("member ends before block " + block);
            }
        }
        return bytes.flip();
    }

    void put(long block, ByteBuffer bytes) throws IOException {
        long at = place(block);
        ByteBuffer source = bytes.duplicate();
        while (source.hasRemaining()) {
            at += file.write(source, at);
        }
    }

    void flipBit(long block) throws IOException {
        ByteBuffer bytes = take(block);
        int at = random.nextInt(Geometry.BLOCK_BYTES);
        bytes.put(at, (byte) (bytes.get(at) ^ 1 << random.nextInt(8)));
        put(block, bytes);
    }

    void rot(long block) throws IOException {
        byte[] noise = new byte[Geometry.BLOCK_BYTES];
        random.nextBytes(noise);
        put(block, ByteBuffer.wrap(noise));
    }

    /// The bytes of one block end up where another's belong.
    void misplace(long from, long to) throws IOException {
        put(to, take(from));
    }

    @Override
    public void close() throws IOException {
        file.force(false);
        file.close();
    }
}
