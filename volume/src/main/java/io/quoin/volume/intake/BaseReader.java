package io.quoin.volume.intake;

import java.lang.foreign.MemorySegment;

/// Fetches the committed content of one block, for a write that covers a part of it.
@FunctionalInterface
public interface BaseReader {
    /// Told in the engine's turn.
    @FunctionalInterface
    interface Done {
        /// The block was read, or could not be.
        ///
        /// @param isOk whether its bytes are in the target
        void done(boolean isOk);
    }

    /// Reads a block.
    ///
    /// @param block volume block
    /// @param target memory
    /// @param targetOffset offset in it
    /// @param done told at the end
    void readBlock(long block, MemorySegment target, long targetOffset, Done done);
}
