package io.quoin.volume.powercut;

import io.quoin.volume.powercut.WriteLog.Flush;
import io.quoin.volume.powercut.WriteLog.Write;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;

/// What may be on a member's medium at a point of the log: for each sector what is certain, and the
/// versions that were written since and are not certain yet. After a power cut any one of them may be
/// there, for each sector on its own.
final class Medium {
    static final int SECTOR_BYTES = 512;

    private static final int NOT_ENDED = Integer.MAX_VALUE;

    private static final class Version {
        private final Write write;
        private final int begun;
        private int ended = NOT_ENDED;

        Version(Write write, int begun) {
            this.write = write;
            this.begun = begun;
        }
    }

    private final byte[][] certain;
    private final TreeMap<Integer, List<Version>> uncertain = new TreeMap<>();
    private final Map<Write, Version> versions = new HashMap<>();
    private final Map<Flush, Integer> flushes = new HashMap<>();

    Medium(byte[][] sectors) {
        certain = sectors.clone();
    }

    private static byte[] sector(Write write, int sector) {
        int at = (int) ((long) sector * SECTOR_BYTES - write.offset);
        return Arrays.copyOfRange(write.bytes, at, at + SECTOR_BYTES);
    }

    private static int first(Write write) {
        return (int) (write.offset / SECTOR_BYTES);
    }

    private static int end(Write write) {
        return first(write) + write.bytes.length / SECTOR_BYTES;
    }

    void begin(Write write, int now) {
        Version version = new Version(write, now);
        versions.put(write, version);
        for (int sector = first(write); sector < end(write); sector++) {
            uncertain.computeIfAbsent(sector, s -> new ArrayList<>()).add(version);
        }
    }

    void end(Write write, int now) {
        Version version = versions.remove(write);
        version.ended = now;
        if (!write.isDurable) {
            return;
        }
        for (int sector = first(write); sector < end(write); sector++) {
            settle(sector, version, version.begun);
        }
    }

    void begin(Flush flush, int now) {
        flushes.put(flush, now);
    }

    void end(Flush flush) {
        int begun = flushes.remove(flush);
        for (int sector : List.copyOf(uncertain.keySet())) {
            Version newest = null;
            for (Version version : uncertain.get(sector)) {
                if (version.ended < begun && (newest == null || newest.ended < version.ended)) {
                    newest = version;
                }
            }
            if (newest != null) {
                settle(sector, newest, begun);
            }
        }
    }

    /// A version is certain; what had ended by then is gone.
    private void settle(int sector, Version winner, int by) {
        certain[sector] = sector(winner.write, sector);
        List<Version> rest = uncertain.get(sector);
        rest.removeIf(version -> version == winner || version.ended < by);
        if (rest.isEmpty()) {
            uncertain.remove(sector);
        }
    }

    /// An image that a power cut now may leave.
    byte[][] image(SplittableRandom random) {
        byte[][] image = certain.clone();
        int style = random.nextInt(5);
        Map<Version, Boolean> isKept = new HashMap<>();
        uncertain.forEach((sector, list) -> {
            Version pick = null;
            switch (style) {
                case 0 -> {} // nothing more than what is certain
                case 1 -> pick = list.getLast(); // everything
                case 2 -> {
                    // whole writes
                    for (Version version : list) {
                        if (isKept.computeIfAbsent(version, v -> random.nextBoolean())) {
                            pick = version;
                        }
                    }
                }
                default -> {
                    int drawn = random.nextInt(list.size() + 1);
                    pick = drawn == 0 ? null : list.get(drawn - 1);
                }
            }
            if (pick != null) {
                image[sector] = sector(pick.write, sector);
            }
        });
        return image;
    }

    boolean isUncertain() {
        return !uncertain.isEmpty();
    }
}
