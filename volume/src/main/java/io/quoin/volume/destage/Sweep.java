package io.quoin.volume.destage;

import io.quoin.volume.dirty.DirtyIndex;
import io.quoin.volume.geometry.Geometry;
import java.util.Arrays;
import org.agrona.collections.LongHashSet;

/// Rows that go home next: those with the oldest versions, in the order in which they lie on the members.
///
/// In the engine's turns only.
final class Sweep {
    private final Geometry geometry;
    private final DirtyIndex dirty;
    private final LongHashSet chosen = new LongHashSet(-1);
    private long[] rows = new long[256];
    private int count;
    private int at;

    Sweep(Geometry geometry, DirtyIndex dirty) {
        this.geometry = geometry;
        this.dirty = dirty;
    }

    /// Chooses rows; none when nothing is dirty.
    ///
    /// @param maxRows most rows
    void begin(int maxRows) {
        chosen.clear();
        at = 0;
        count = 0;
        for (int i = 0; i < dirty.orderSize() && count < maxRows; i++) {
            int version = dirty.inOrder(i);
            if (version == DirtyIndex.NONE) {
                continue;
            }
            long row = geometry.rowOf(dirty.block(version));
            if (chosen.add(row)) {
                if (count == rows.length) {
                    rows = Arrays.copyOf(rows, 2 * count);
                }
                rows[count++] = row;
            }
        }
        Arrays.sort(rows, 0, count);
    }

    /// {@return the next row}
    long next() {
        return rows[at++];
    }

    /// {@return rows that were not taken yet}
    int left() {
        return count - at;
    }

    /// {@return rows of the sweep}
    int count() {
        return count;
    }
}
