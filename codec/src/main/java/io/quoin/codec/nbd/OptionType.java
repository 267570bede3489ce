package io.quoin.codec.nbd;

/// What a client may ask while haggling.
public final class OptionType {
    /// Enter transmission, with no way to say no but to hang up.
    public static final int EXPORT_NAME = 1;

    /// Say goodbye.
    public static final int ABORT = 2;

    /// Names of all exports.
    public static final int LIST = 3;

    /// Go on under TLS.
    public static final int STARTTLS = 5;

    /// Describe an export.
    public static final int INFO = 6;

    /// Describe an export and enter transmission.
    public static final int GO = 7;

    /// Replies come in chunks.
    public static final int STRUCTURED_REPLY = 8;

    /// Which metadata contexts there are.
    public static final int LIST_META_CONTEXT = 9;

    /// Which of them BLOCK_STATUS shall report.
    public static final int SET_META_CONTEXT = 10;

    /// Requests and replies with 64-bit lengths.
    public static final int EXTENDED_HEADERS = 11;

    private OptionType() {}

    /// {@return the protocol's name of an option, for messages}
    ///
    /// @param type as received
    public static String toText(int type) {
        return switch (type) {
            case EXPORT_NAME -> "EXPORT_NAME";
            case ABORT -> "ABORT";
            case LIST -> "LIST";
            case STARTTLS -> "STARTTLS";
            case INFO -> "INFO";
            case GO -> "GO";
            case STRUCTURED_REPLY -> "STRUCTURED_REPLY";
            case LIST_META_CONTEXT -> "LIST_META_CONTEXT";
            case SET_META_CONTEXT -> "SET_META_CONTEXT";
            case EXTENDED_HEADERS -> "EXTENDED_HEADERS";
            default -> "option " + Integer.toUnsignedString(type);
        };
    }
}
