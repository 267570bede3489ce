package io.quoin.codec.nbd;

/// What a request asks for.
public final class CommandType {
    /// Bytes of a range.
    public static final int READ = 0;

    /// Bytes into a range; the only command with a payload.
    public static final int WRITE = 1;

    /// Goodbye; not answered.
    public static final int DISC = 2;

    /// What was answered is durable.
    public static final int FLUSH = 3;

    /// The range is no longer needed.
    public static final int TRIM = 4;

    /// The range will soon be read.
    public static final int CACHE = 5;

    /// The range reads as zeros.
    public static final int WRITE_ZEROES = 6;

    /// What the range holds.
    public static final int BLOCK_STATUS = 7;

    private CommandType() {}

    /// {@return the protocol's name of a command, for messages}
    ///
    /// @param type as received
    public static String toText(int type) {
        return switch (type) {
            case READ -> "READ";
            case WRITE -> "WRITE";
            case DISC -> "DISC";
            case FLUSH -> "FLUSH";
            case TRIM -> "TRIM";
            case CACHE -> "CACHE";
            case WRITE_ZEROES -> "WRITE_ZEROES";
            case BLOCK_STATUS -> "BLOCK_STATUS";
            default -> "command " + type;
        };
    }
}
