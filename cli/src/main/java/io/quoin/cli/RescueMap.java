package io.quoin.cli;

import io.quoin.volume.geometry.Geometry;
import io.quoin.volume.rescue.Fate;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What became of each part of a volume, as a map that GNU ddrescue and its tools read (`ddrescuelog`).
///
/// | status | is |
/// |---|---|
/// | `+` finished | right: from its place, decoded, from the journal, or empty |
/// | `/` not scraped | unconfirmed: something that was the block once is in the image |
/// | `-` bad | lost: a hole in the image |
///
/// One thread.
final class RescueMap {
    /// Blocks side by side whose status is the same.
    ///
    /// @param offsetBytes where they begin
    /// @param lengthBytes how many bytes
    /// @param status `+`, `/` or `-`
    record Extent(long offsetBytes, long lengthBytes, char status) {}

    private final List<Extent> extents = new ArrayList<>();
    private final Map<Fate, Long> blocks = new EnumMap<>(Fate.class);

    /// Adds what follows.
    ///
    /// @param first first block
    /// @param count how many
    /// @param fate what became of them
    void add(long first, int count, Fate fate) {
        blocks.merge(fate, (long) count, Long::sum);
        long offset = first * Geometry.BLOCK_BYTES;
        long length = (long) count * Geometry.BLOCK_BYTES;
        char status = status(fate);
        if (!extents.isEmpty() && extents.getLast().status == status) {
            Extent last = extents.removeLast();
            assert last.offsetBytes + last.lengthBytes == offset : last + ", then " + offset;
            extents.add(new Extent(last.offsetBytes, last.lengthBytes + length, status));
        } else {
            extents.add(new Extent(offset, length, status));
        }
    }

    private static char status(Fate fate) {
        return switch (fate) {
            case GOOD, DECODED, JOURNAL, EMPTY -> '+';
            case UNCONFIRMED -> '/';
            case LOST -> '-';
        };
    }

    /// {@return blocks of a fate}
    ///
    /// @param fate the fate
    long blocks(Fate fate) {
        return blocks.getOrDefault(fate, 0L);
    }

    /// {@return whether every block is right}
    boolean isCertain() {
        return blocks.keySet().stream().allMatch(Fate::isCertain);
    }

    /// {@return extents in order}
    List<Extent> extents() {
        return List.copyOf(extents);
    }

    /// {@return the mapfile}
    ///
    /// @param origin what it is of
    String text(String origin) {
        StringBuilder text = new StringBuilder();
        text.append("# Mapfile. Created by quoin rescue: ").append(origin).append('\n');
        text.append("# + right   / unconfirmed   - lost\n");
        text.append("# current_pos  current_status  current_pass\n");
        text.append("0x00000000     +               1\n");
        text.append("#      pos        size  status\n");
        for (Extent each : extents) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "0x%08X  0x%08X  %c%n",
                            each.offsetBytes,
                            each.lengthBytes,
                            each.status));
        }
        return text.toString();
    }
}
