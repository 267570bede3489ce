package io.quoin.daemon.host;

import io.quoin.volume.MemberFiles;
import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.member.LocalFile;
import io.quoin.volume.member.MemberDrill;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/// What a drill does with a spare, which is claimed: opens it as an adoption does, makes sure that it is large enough and blank
/// still, and only then writes to it.
///
/// @param path the spare
/// @param leastBytes how large it must be to be of use
/// @param users names of the volumes whose members are that large
/// @param isMember whether an opened file is a member already, of an adoption that a crash cut short and that goes on
/// @param limitMillis what a drill may take
record SpareTrial(
        Path path, long leastBytes, String users, Predicate<LocalFile> isMember, long limitMillis)
        implements DrillRun.Work {
    /// The verdict on a spare that is not there.
    static final MemberDrill.Failed MISSING =
            new MemberDrill.Failed("missing: no such file or device");

    @Override
    public MemberDrill.Result run(BooleanSupplier isStopped) throws IOException {
        if (!Files.exists(path)) {
            return MISSING;
        }
        try (LocalFile file = LocalFile.open(path, true)) {
            if (isMember.test(file)) {
                return new MemberDrill.Stopped();
            }
            if (file.lengthBytes() < leastBytes) {
                return new MemberDrill.Failed(
                        "too small: "
                                + SparePool.wantedBytes(leastBytes, users)
                                + ", found "
                                + file.lengthBytes());
            }
            try {
                MemberFiles.checkBlank(file, false);
            } catch (VolumeException e) {
                String found = e.getMessage();
                return new MemberDrill.Failed(
                        "not blank: " + found.substring(found.indexOf(": ") + 2));
            }
            return new MemberDrill(
                            file,
                            ThreadLocalRandom.current().nextLong(),
                            limitMillis * 1_000_000,
                            System::nanoTime,
                            isStopped)
                    .run();
        }
    }
}
