package io.quoin.volume;

import io.quoin.volume.format.Superblock;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberIo;
import io.quoin.volume.member.MemberSet;
import io.quoin.volume.member.Witness;
import java.util.ArrayDeque;
import java.util.List;

/// Members in memory whose operations wait until the test carries them out.
public final class Submissions {
    /// Operations that were submitted, oldest first.
    public final ArrayDeque<Io> pending = new ArrayDeque<>();

    /// Who submits them.
    public final MemberSet members;

    private final List<MemoryFile> files;

    /// Members of a volume, all in sync.
    ///
    /// @param superblock newest superblock
    /// @param files by slot
    public Submissions(Superblock superblock, List<MemoryFile> files) {
        this.files = files;
        MemberIo[] ios = new MemberIo[files.size()];
        for (int i = 0; i < ios.length; i++) {
            ios[i] =
                    new MemberIo() {
                        @Override
                        public void submit(Io io) {
                            pending.addLast(io);
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
        BlockFile[] present = files.toArray(new BlockFile[0]);
        members = new MemberSet(superblock, present, ios, Witness.NONE, 0);
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
        io.runOn(files.get(io.slot));
        members.completed(io);
    }
}
