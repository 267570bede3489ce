package io.quoin.codec.nbd;

/// How a request is to be carried out.
public final class CommandFlag {
    /// Durable before it is answered; allowed on every command.
    public static final int FUA = 1;

    /// WRITE_ZEROES: leave the range allocated.
    public static final int NO_HOLE = 1 << 1;

    /// READ: one content chunk.
    public static final int DF = 1 << 2;

    /// BLOCK_STATUS: one extent.
    public static final int REQ_ONE = 1 << 3;

    /// WRITE_ZEROES: quickly or not at all.
    public static final int FAST_ZERO = 1 << 4;

    /// The length is that of a payload; only with extended headers.
    public static final int PAYLOAD_LEN = 1 << 5;

    private CommandFlag() {}
}
