package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.CommandFlag;
import io.quoin.codec.nbd.CommandType;

/// Every rule that a request must keep before it reaches the volume. What passes lies within the
/// export, fits a buffer, and has only flags that its command knows.
final class RequestCheck {
    private RequestCheck() {}

    /// {@return the first rule that a request breaks, or NONE}
    ///
    /// @param terms what was agreed
    /// @param type the command
    /// @param flags its flags
    /// @param offsetBytes start of the range, unsigned
    /// @param lengthBytes its length, 0 to 2^32 - 1
    static ReplyError check(Terms terms, int type, int flags, long offsetBytes, long lengthBytes) {
        int known =
                switch (type) {
                    case CommandType.READ -> terms.structured() ? CommandFlag.DF : 0;
                    case CommandType.WRITE,
                            CommandType.FLUSH,
                            CommandType.TRIM,
                            CommandType.CACHE ->
                            0;
                    case CommandType.WRITE_ZEROES -> CommandFlag.NO_HOLE | CommandFlag.FAST_ZERO;
                    case CommandType.BLOCK_STATUS -> CommandFlag.REQ_ONE;
                    default -> -1;
                };
        if (known < 0) {
            return ReplyError.UNKNOWN_COMMAND;
        }
        if ((flags & ~(known | CommandFlag.FUA)) != 0) {
            return ReplyError.UNKNOWN_FLAG;
        }
        Export export = terms.export();
        boolean writes =
                type == CommandType.WRITE
                        || type == CommandType.TRIM
                        || type == CommandType.WRITE_ZEROES;
        if (writes && export.device().isReadOnly()) {
            return ReplyError.READ_ONLY;
        }
        if (type == CommandType.FLUSH) {
            return (offsetBytes | lengthBytes) == 0 ? ReplyError.NONE : ReplyError.FLUSH_RANGE;
        }
        if (type == CommandType.BLOCK_STATUS) {
            if (!terms.allocation()) {
                return ReplyError.NO_CONTEXT;
            }
            if (lengthBytes == 0) {
                return ReplyError.EMPTY_STATUS;
            }
        }
        boolean hasPayload = type == CommandType.READ || type == CommandType.WRITE;
        if (hasPayload && lengthBytes > export.maxPayloadBytes()) {
            return ReplyError.TOO_LONG;
        }
        long sizeBytes = export.sizeBytes();
        boolean within =
                lengthBytes <= sizeBytes
                        && Long.compareUnsigned(offsetBytes, sizeBytes - lengthBytes) <= 0;
        if (within) {
            return ReplyError.NONE;
        }
        return writes && type != CommandType.TRIM ? ReplyError.NO_SPACE : ReplyError.BEYOND_END;
    }
}
