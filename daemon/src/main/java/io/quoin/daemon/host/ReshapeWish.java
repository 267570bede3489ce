package io.quoin.daemon.host;

import io.quoin.volume.remote.MemberAddress;
import java.util.List;

/// How a volume is to be.
///
/// @param level `raid1`, `raid5`, `raid6` or `k+m`
/// @param unitBytes its stripe unit; 0: as it is
/// @param joining members that it is to have besides; paths are absolute
/// @param leaving how many of its last slots it is not to have any more
/// @param force take new members although they hold something
/// @param make make files that are not there, as large as the members
public record ReshapeWish(
        String level,
        int unitBytes,
        List<MemberAddress> joining,
        int leaving,
        boolean force,
        boolean make) {}
