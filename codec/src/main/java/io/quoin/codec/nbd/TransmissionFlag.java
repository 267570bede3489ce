package io.quoin.codec.nbd;

/// What an export can do: 16 bits that accompany its size.
public final class TransmissionFlag {
    /// Always set.
    public static final int HAS_FLAGS = 1;

    /// Writes are refused.
    public static final int READ_ONLY = 1 << 1;

    /// FLUSH is known.
    public static final int SEND_FLUSH = 1 << 2;

    /// The FUA command flag is known.
    public static final int SEND_FUA = 1 << 3;

    /// Seeks are expensive.
    public static final int ROTATIONAL = 1 << 4;

    /// TRIM is known.
    public static final int SEND_TRIM = 1 << 5;

    /// WRITE_ZEROES and its NO_HOLE flag are known.
    public static final int SEND_WRITE_ZEROES = 1 << 6;

    /// READ knows DF; only ever told after structured replies were agreed.
    public static final int SEND_DF = 1 << 7;

    /// A flush on one connection covers, and is seen by, all.
    public static final int CAN_MULTI_CONN = 1 << 8;

    /// CACHE is known.
    public static final int SEND_CACHE = 1 << 10;

    /// WRITE_ZEROES knows FAST_ZERO.
    public static final int SEND_FAST_ZERO = 1 << 11;

    private TransmissionFlag() {}
}
