package io.quoin.codec.nbd;

/// What server (16 bits) and client (32 bits) tell each other before the first option; each bit
/// means the same in both directions.
public final class HandshakeFlag {
    /// Options are answered, unknown ones too: `NBD_FLAG_FIXED_NEWSTYLE`.
    public static final int FIXED_NEWSTYLE = 1;

    /// EXPORT_NAME is answered without 124 zeros: `NBD_FLAG_NO_ZEROES`.
    public static final int NO_ZEROES = 1 << 1;

    /// Every bit that is defined; a client that sets another is dropped.
    public static final int ALL = FIXED_NEWSTYLE | NO_ZEROES;

    private HandshakeFlag() {}
}
