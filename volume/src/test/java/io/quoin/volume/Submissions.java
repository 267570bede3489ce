package io.quoin.volume;

import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberIo;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.Witness;
import java.util.ArrayDeque;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;

/// Members in memory whose operations wait until the test carries them out.
public final class Submissions {
    /// Operations that were submitted, oldest first.
    public final ArrayDeque<Io> pending = new ArrayDeque<>();

    /// Who submits them.
    public final MemberSet members;

    private final Map<Io, MemoryFile> files = new IdentityHashMap<>();

    /// Members of a volume, all in sync.
    ///
    /// @param superblock newest superblock
    /// @param files by slot
    public Submissions(Superblock superblock, List<MemoryFile> files) {
        MemberIo[] ios = files.stream().map(this::io).toArray(MemberIo[]::new);
        BlockFile[] present = files.toArray(new BlockFile[0]);
        members = new MemberSet(superblock, present, ios, Witness.NONE, 0);
    }

    /// {@return I/O of a member in memory}
    ///
    /// @param file the member
    public MemberIo io(MemoryFile file) {
        return new MemberIo() {
            @Override
            public void submit(Io io) {
                pending.addLast(io);
                files.put(io, file);
            }

            @Override
            public boolean abandon(Io io) {
                return false;
            }

            @Override
            public boolean isQuiet() {
                return pending.isEmpty();
            }

            @Override
            public void close() {}
        };
    }

    /// Carries out what was submitted, and what that brings about.
    ///
    /// @return how many
    public int run() {
        int count = 0;
        for (; !pending.isEmpty(); count++) {
            runOne();
        }
        return count;
    }

    /// Carries out the oldest of them.
    public void runOne() {
        Io io = pending.removeFirst();
        io.runOn(files.remove(io));
        members.completed(io);
    }
}
