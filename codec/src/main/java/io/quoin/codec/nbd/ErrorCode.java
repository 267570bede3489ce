package io.quoin.codec.nbd;

/// Why a request failed, in the few numbers the protocol allows.
public final class ErrorCode {
    /// No error.
    public static final int OK = 0;

    /// Not permitted: a write to a read-only export.
    public static final int EPERM = 1;

    /// The data could not be read or written.
    public static final int EIO = 5;

    /// No memory; to be avoided.
    public static final int ENOMEM = 12;

    /// The request makes no sense.
    public static final int EINVAL = 22;

    /// A write beyond the end.
    public static final int ENOSPC = 28;

    /// Too long to be answered in one piece.
    public static final int EOVERFLOW = 75;

    /// Zeroing would not be fast.
    public static final int ENOTSUP = 95;

    /// The server is stopping.
    public static final int ESHUTDOWN = 108;

    private ErrorCode() {}
}
