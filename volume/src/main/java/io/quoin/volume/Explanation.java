package io.quoin.volume;

import java.util.List;

/// What is known of one block of a volume at one moment: which writes of it are on their way home, and what each
/// slot of its row holds.
///
/// @param block volume block
/// @param row its row
/// @param versions writes that are not home yet, newest first
/// @param copies the blocks of the row, by position: data, then parity; of mirrors, the copies
/// @param verdict what a read of the block gives, and from where
public record Explanation(
        long block, long row, List<Version> versions, List<Copy> copies, String verdict) {

    /// A write that is not home yet.
    ///
    /// @param sequence its sequence, which becomes the block's generation
    /// @param kind `write`, `trim`, `zero`
    /// @param isCommitted whether it is durable on as many members as was promised; else it is under way
    /// @param batch journal batch of a committed one, 0 of others
    public record Version(long sequence, String kind, boolean isCommitted, long batch) {}

    /// What a slot holds of the row.
    ///
    /// @param position position in the row
    /// @param role `data`, `parity` or `copy`
    /// @param block volume block of data and copies, -1 of parity
    /// @param slot slot
    /// @param member path of its member, or null when it is missing
    /// @param state state of the member
    /// @param offsetBytes where the block lies on the member
    /// @param type `unwritten`, `data`, `parity`, `trimmed`, `bad`: what the row says of it
    /// @param generation sequence of the write that made what should be there; of parity, of the home write
    /// @param found what is there: `good`, `corrected`, `damaged`, `unreadable`, `missed a write`, `not held`,
    ///     `nothing`
    public record Copy(
            int position,
            String role,
            long block,
            int slot,
            String member,
            String state,
            long offsetBytes,
            String type,
            long generation,
            String found) {}
}
