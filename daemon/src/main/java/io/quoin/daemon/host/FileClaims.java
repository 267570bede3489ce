package io.quoin.daemon.host;

import io.quoin.volume.assembly.VolumeException;
import io.quoin.volume.remote.MemberAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Which files this process has open, by device and inode, whatever path leads there; and which exports of other servers.
///
/// Locks of fcntl(2) belong to the process, and closing any descriptor of a file drops them all: a
/// second look at a member in use would leave it unlocked for another daemon. So nobody opens a file
/// without a claim. Thread-safe.
final class FileClaims {
    private static final int TYPE_MASK = 0xF000;
    private static final int BLOCK_DEVICE = 0x6000;

    private final Map<Object, Owner> owners = new HashMap<>();

    private record Device(Object number) {}

    /// Who claimed a file, by which address.
    private record Owner(String name, MemberAddress address) {}

    /// Files claimed together.
    final class Claim {
        private final Map<Object, Owner> files = new HashMap<>();

        /// Adds what another claim holds, which is empty then.
        void absorb(Claim other) {
            synchronized (FileClaims.this) {
                files.putAll(other.files);
                other.files.clear();
            }
        }

        /// Lets others have a file.
        ///
        /// @param address as it was claimed
        void release(MemberAddress address) {
            synchronized (FileClaims.this) {
                files.entrySet()
                        .removeIf(each -> {
                            boolean is = each.getValue().address().equals(address);
                            return is && owners.remove(each.getKey(), each.getValue());
                        });
            }
        }

        /// Lets others have the files.
        void close() {
            synchronized (FileClaims.this) {
                files.forEach(owners::remove);
                files.clear();
            }
        }
    }

    /// Claims files.
    ///
    /// @param addresses files, devices or exports; files that are not there are left out
    /// @param owner for messages: `volume orders`
    /// @return the claim
    /// @throws VolumeException when one is claimed already, or two addresses lead to one file
    synchronized Claim take(List<MemberAddress> addresses, String owner) throws VolumeException {
        Map<Object, MemberAddress> wanted = new LinkedHashMap<>();
        for (MemberAddress address : addresses) {
            if (address.path().isPresent() && !Files.exists(address.path().get())) {
                continue;
            }
            Object identity = identity(address);
            MemberAddress twin = wanted.put(identity, address);
            if (twin != null) {
                throw new VolumeException(
                        address
                                + " and "
                                + twin
                                + ": expected two members, found one file given twice");
            }
            Owner other = owners.get(identity);
            if (other != null && isThere(other.address, identity)) {
                throw new VolumeException(
                        address + ": in use by " + other.name + " of this daemon");
            }
        }
        Claim claim = new Claim();
        wanted.forEach((identity, address) -> {
            Owner file = new Owner(owner, address);
            owners.put(identity, file);
            claim.files.put(identity, file);
        });
        return claim;
    }

    /// Whether a claimed file is still the one that it was; a device is, whatever leads to it. One that
    /// was deleted, and is not open any more, gives its inode to the next file that is made; one that
    /// is open keeps it, and is not opened twice.
    private static boolean isThere(MemberAddress address, Object identity) throws VolumeException {
        return identity instanceof Device
                || address.path().isEmpty()
                || Files.exists(address.path().get()) && identity(address).equals(identity);
    }

    private static Object identity(MemberAddress address) throws VolumeException {
        if (address.path().isEmpty()) {
            return address.place();
        }
        Path path = address.path().get();
        try {
            Map<String, Object> found = Files.readAttributes(path, "unix:mode,dev,ino,rdev");
            if (((int) found.get("mode") & TYPE_MASK) == BLOCK_DEVICE) {
                return new Device(found.get("rdev"));
            }
            return found.get("dev") + " " + found.get("ino");
        } catch (IOException e) {
            throw new VolumeException(path + ": cannot be looked at: " + e.getMessage(), e);
        }
    }
}
