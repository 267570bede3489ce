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

/// The witness of a single host: one small file, a line `UUID configEpoch` for each volume, replaced
/// as a whole and durable before an epoch counts.
///
/// A file that makes no sense is left alone: nothing is known then, and nothing is recorded, so that
/// mirrors with an absent copy are refused until someone looks. Thread-safe; an epoch never decreases.
public final class FileWitness implements Witness {
    private static final System.Logger LOG = System.getLogger("io.quoin.witness");

    private final Path path;
    private final Map<UUID, Long> epochs = new TreeMap<>();
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
                if (words.length != 2) {
                    throw new IllegalArgumentException(line);
                }
                epochs.put(UUID.fromString(words[0]), Long.parseLong(words[1]));
            }
            return true;
        } catch (NoSuchFileException e) {
            return true;
        } catch (IOException | IllegalArgumentException e) {
            epochs.clear();
            LOG.log(
                    System.Logger.Level.ERROR,
                    path
                            + ": expected lines of a UUID and an epoch, found "
                            + e.getMessage()
                            + "; mirrors with an absent member are refused until this is mended or removed");
            return false;
        }
    }

    @Override
    public synchronized long configEpoch(UUID volume) {
        return epochs.getOrDefault(volume, -1L);
    }

    /// Records the epoch that a volume was found at, unless a later one is known. A mirror that was never
    /// degraded is known from then on, and may be served with a copy absent.
    ///
    /// @param volume identity
    /// @param configEpoch the epoch
    /// @return whether this epoch or a later one is on stable storage
    public synchronized boolean observe(UUID volume, long configEpoch) {
        return configEpoch(volume) >= configEpoch || record(volume, configEpoch);
    }

    @Override
    public synchronized boolean record(UUID volume, long configEpoch) {
        Long known = epochs.get(volume);
        if (known != null && known >= configEpoch) {
            if (known > configEpoch) {
                LOG.log(
                        System.Logger.Level.ERROR,
                        "volume "
                                + volume
                                + ": expected configEpoch "
                                + known
                                + " or later, was "
                                + configEpoch
                                + ": not recorded");
            }
            return known == configEpoch;
        }
        if (!isWhole) {
            return false;
        }
        Map<UUID, Long> changed = new TreeMap<>(epochs);
        changed.put(volume, configEpoch);
        StringBuilder text = new StringBuilder();
        changed.forEach((uuid, epoch) -> text.append(uuid).append(' ').append(epoch).append('\n'));
        try {
            DurableFile.write(path, text.toString());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.ERROR, path + ": not written: " + e.getMessage());
            return false;
        }
        epochs.put(volume, configEpoch);
        return true;
    }
}
