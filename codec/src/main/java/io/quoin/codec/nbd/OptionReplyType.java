package io.quoin.codec.nbd;

/// How a server answers an option; errors have bit 31 set and may carry a text.
public final class OptionReplyType {
    /// Done, or accepted.
    public static final int ACK = 1;

    /// One export: name length, name, description.
    public static final int SERVER = 2;

    /// One fact about an export: see {@link InfoType}.
    public static final int INFO = 3;

    /// One metadata context: number, name.
    public static final int META_CONTEXT = 4;

    private static final int ERROR = 1 << 31;

    /// The option is not known here.
    public static final int ERR_UNSUP = ERROR | 1;

    /// Known, but not allowed here.
    public static final int ERR_POLICY = ERROR | 2;

    /// Known, but malformed or out of place.
    public static final int ERR_INVALID = ERROR | 3;

    /// Known, but not on this platform.
    public static final int ERR_PLATFORM = ERROR | 4;

    /// TLS comes first.
    public static final int ERR_TLS_REQD = ERROR | 5;

    /// No such export.
    public static final int ERR_UNKNOWN = ERROR | 6;

    /// The server is stopping.
    public static final int ERR_SHUTDOWN = ERROR | 7;

    /// The client must first ask for block sizes.
    public static final int ERR_BLOCK_SIZE_REQD = ERROR | 8;

    /// Too much was asked.
    public static final int ERR_TOO_BIG = ERROR | 9;

    private OptionReplyType() {}

    /// {@return whether a reply says no}
    ///
    /// @param type as received
    public static boolean isError(int type) {
        return type < 0;
    }
}
