package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.ErrorCode;
import io.quoin.volume.intake.Request;
import java.nio.charset.StandardCharsets;

/// Why a request was not carried out, with the number and the text that the client is told. The one
/// place where what happened becomes an error of the protocol.
enum ReplyError {
    /// Nothing is wrong.
    NONE(ErrorCode.OK, ""),
    UNKNOWN_COMMAND(ErrorCode.EINVAL, "unknown command"),
    UNKNOWN_FLAG(ErrorCode.EINVAL, "flag not known or not agreed for this command"),
    BEYOND_END(ErrorCode.EINVAL, "range ends beyond the export"),
    NO_SPACE(ErrorCode.ENOSPC, "range ends beyond the export"),
    TOO_LONG(ErrorCode.EINVAL, "payload longer than the maximum of the export"),
    FLUSH_RANGE(ErrorCode.EINVAL, "flush with an offset or a length"),
    EMPTY_STATUS(ErrorCode.EINVAL, "block status of an empty range"),
    NO_CONTEXT(ErrorCode.EINVAL, "no metadata context was set for this export"),
    NO_BUFFER(ErrorCode.ENOMEM, "no buffer came free in time"),
    READ_ONLY(ErrorCode.EPERM, "the export is read-only"),
    LOST_DATA(ErrorCode.EIO, "data of the range is lost or unreadable"),
    NOT_FAST(ErrorCode.ENOTSUP, "zeroing this range would not be fast"),
    SHUTTING_DOWN(ErrorCode.ESHUTDOWN, "the server is stopping");

    private final int code;
    private final byte[] text;

    ReplyError(int code, String text) {
        this.code = code;
        this.text = text.getBytes(StandardCharsets.US_ASCII);
    }

    /// {@return the protocol's number, see {@link ErrorCode}}
    int code() {
        return code;
    }

    /// {@return the text, which is not to be changed}
    byte[] text() {
        return text;
    }

    /// {@return what a volume's answer means to the client}
    ///
    /// @param outcome how the request ended
    static ReplyError of(Request.Outcome outcome) {
        return switch (outcome) {
            case OK -> NONE;
            case IO_ERROR -> LOST_DATA;
            case READ_ONLY -> READ_ONLY;
            case NOT_FAST -> NOT_FAST;
            case SHUTDOWN -> SHUTTING_DOWN;
        };
    }
}
