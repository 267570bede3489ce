package io.quoin.daemon.config;

/// The bounds of a served volume's memory.
final class BufferSize {
    /// What the NBD server needs at least to serve requests of 1 MiB.
    static final long LEAST_BYTES = 4L << 20;

    private static final long MOST_BYTES = 1L << 30;

    private BufferSize() {}

    /// Checks a size.
    ///
    /// @param bytes size
    /// @throws IllegalArgumentException when it is none
    static void check(long bytes) {
        if (bytes < LEAST_BYTES || bytes > MOST_BYTES || Long.bitCount(bytes) != 1) {
            throw new IllegalArgumentException(
                    "expected a power of two from 4 MiB to 1 GiB, was " + bytes + " bytes");
        }
    }
}
