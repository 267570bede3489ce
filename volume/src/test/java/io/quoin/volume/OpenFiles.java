package io.quoin.volume;

import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.member.BlockFile;
import java.util.List;

/// Opens volumes of files that tests have opened already.
public final class OpenFiles {
    private OpenFiles() {}

    /// Opens a volume.
    ///
    /// @param opening what it needs, but for the members
    /// @param files its members, in any order
    /// @return the serving volume
    /// @throws VolumeException when it cannot be served
    public static Volume open(Volume.Opening opening, List<BlockFile> files)
            throws VolumeException {
        return Volume.open(opening, files);
    }
}
