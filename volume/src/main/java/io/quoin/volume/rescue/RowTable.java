package io.quoin.volume.rescue;

import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// Blocks that members in sync do not have, and which sequence these say made them. One thread.
final class RowTable {
    private record Place(long row, int position) {}

    private final Map<Place, Long> generations = new HashMap<>();
    private final Set<Long> groups = new HashSet<>();

    void clear() {
        generations.clear();
        groups.clear();
    }

    boolean isEmpty() {
        return groups.isEmpty();
    }

    /// Adds a block.
    ///
    /// @param group its info group
    /// @param row its row
    /// @param position its position
    /// @param generation its sequence, -1 when nobody knows
    void add(long group, long row, int position, long generation) {
        groups.add(group);
        generations.put(new Place(row, position), generation);
    }

    boolean hasGroup(long group) {
        return groups.contains(group);
    }

    boolean has(long row, int position) {
        return generations.containsKey(new Place(row, position));
    }

    /// {@return the sequence of a block that was added, -1 when nobody knows}
    long generation(long row, int position) {
        return generations.get(new Place(row, position));
    }
}
