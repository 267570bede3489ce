package io.quoin.daemon.host;

import io.quoin.daemon.config.DurableFile;
import io.quoin.volume.member.Witness;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;

/// The witness of a single host: one small file, a line `UUID configEpoch members` for each volume,
/// replaced as a whole and durable before an epoch counts; the third word says in hexadecimal who is in
/// sync.
///
/// A file that makes no sense is left alone: nothing is known then, and nothing is recorded, so that
/// volumes are suspended and mirrors with an absent copy refused until someone looks. Thread-safe; an epoch never decreases.
public final class FileWitness implements Witness {
    private static final System.Logger LOG = System.getLogger("io.quoin.witness");

    private final Path path;
    private final Map<UUID, Membership> known = new TreeMap<>();
    private final boolean isWhole;

    /// The witness kept in a file.
    ///
    /// @param path the file; made at the first record
    public FileWitness(Path path) {
        this.path = path;
        isWhole = load();
    }

    private boolean load() {
        try {
            for (String line : Files.readAllLines(path)) {
                String[] words = line.split(" ");
                if (words.length != 3) {
                    throw new IllegalArgumentException(line);
                }
                known.put(
                        UUID.fromString(words[0]),
                        new Membership(
                                Long.parseLong(words[1]), Long.parseUnsignedLong(words[2], 16)));
            }
            return true;
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException | IllegalArgumentException e) {
            known.clear();
            LOG.log(
                    System.Logger.Level.ERROR,
                    path
                            + ": expected lines of a UUID, an epoch and a digest of members, found "
                            + e.getMessage()
                            + "; until this is mended or removed no change of members can be recorded:"
                            + " volumes are suspended, mirrors with an absent member refused");
            return false;
        }
    }

    @Override
    public synchronized Membership newest(UUID volume) {
        return known.get(volume);
    }

    /// Records the membership that a volume was found with, unless a later one is known. A mirror that was
    /// never degraded is known from then on, and may be served with a copy absent.
    ///
    /// @param volume identity
    /// @param membership the membership
    /// @return whether this one or a later one is on stable storage
    public synchronized boolean observe(UUID volume, Membership membership) {
        Membership newest = known.get(volume);
        return newest != null && newest.configEpoch() >= membership.configEpoch()
                || record(volume, membership);
    }

    @Override
    public synchronized boolean record(UUID volume, Membership membership) {
        Membership newest = known.get(volume);
        if (newest != null && newest.configEpoch() >= membership.configEpoch()) {
            if (!newest.equals(membership)) {
                LOG.log(
                        System.Logger.Level.ERROR,
                        "volume "
                                + volume
                                + ": expected a configEpoch later than "
                                + newest.configEpoch()
                                + ", was "
                                + membership.configEpoch()
                                + (newest.configEpoch() == membership.configEpoch()
                                        ? " with other members in sync"
                                        : "")
                                + ": not recorded, so the volume is suspended; is another daemon"
                                + " serving it, or are its members older images?");
            }
            return newest.equals(membership);
        }
        if (!isWhole) {
            return false;
        }
        Map<UUID, Membership> changed = new TreeMap<>(known);
        changed.put(volume, membership);
        StringBuilder text = new StringBuilder();
        changed.forEach((uuid, each) ->
                text.append(uuid)
                        .append(' ')
                        .append(each.configEpoch())
                        .append(' ')
                        .append(Long.toHexString(each.inSync()))
                        .append('\n'));
        try {
            DurableFile.write(path, text.toString());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.ERROR, path + ": not written: " + e.getMessage());
            return false;
        }
        known.put(volume, membership);
        return true;
    }
}
