package io.quoin.daemon.host;

import io.quoin.volume.assembly.VolumeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Which files this process has open, by device and inode, whatever path leads there.
///
/// Locks of fcntl(2) belong to the process, and closing any descriptor of a file drops them all: a
/// second look at a member in use would leave it unlocked for another daemon. So nobody opens a file
/// without a claim. Thread-safe.
final class FileClaims {
    private static final int TYPE_MASK = 0xF000;
    private static final int BLOCK_DEVICE = 0x6000;

    private final Map<Object, String> owners = new HashMap<>();

    /// Files claimed together.
    final class Claim {
        private final List<Object> identities = new ArrayList<>();

        /// Adds what another claim holds, which is empty then.
        void absorb(Claim other) {
            synchronized (FileClaims.this) {
                identities.addAll(other.identities);
                other.identities.clear();
            }
        }

        /// Lets others have the files.
        void close() {
            synchronized (FileClaims.this) {
                identities.forEach(owners::remove);
                identities.clear();
            }
        }
    }

    /// Claims files.
    ///
    /// @param paths files or devices; those that are not there are left out
    /// @param owner for messages: `volume orders`
    /// @return the claim
    /// @throws VolumeException when one is claimed already, or two paths are one file
    synchronized Claim take(List<Path> paths, String owner) throws VolumeException {
        Map<Object, Path> wanted = new LinkedHashMap<>();
        for (Path path : paths) {
            if (!Files.exists(path)) {
                continue;
            }
            Object identity = identity(path);
            Path twin = wanted.put(identity, path);
            if (twin != null) {
                throw new VolumeException(
                        path
                                + " and "
                                + twin
                                + ": expected two members, found one file given twice");
            }
            String other = owners.get(identity);
            if (other != null) {
                throw new VolumeException(path + ": in use by " + other + " of this daemon");
            }
        }
        Claim claim = new Claim();
        for (Object identity : wanted.keySet()) {
            owners.put(identity, owner);
            claim.identities.add(identity);
        }
        return claim;
    }

    private static Object identity(Path path) throws VolumeException {
        try {
            Map<String, Object> found = Files.readAttributes(path, "unix:mode,dev,ino,rdev");
            if (((int) found.get("mode") & TYPE_MASK) == BLOCK_DEVICE) {
                return "device " + found.get("rdev");
            }
            return found.get("dev") + " " + found.get("ino");
        } catch (IOException e) {
            throw new VolumeException(path + ": cannot be looked at: " + e.getMessage(), e);
        }
    }
}
