package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.ExportName;
import java.io.EOFException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// The data of one option, read as it comes: whatever length a client claims, memory is used for one
/// string of at most 4096 bytes. What a handler leaves is skipped, so the next option is found.
final class OptionData {
    /// The lengths inside the option contradict each other, or a string breaks the rules.
    static final class Malformed extends Exception {
        private static final long serialVersionUID = 1L;

        Malformed(String message) {
            super(message, null, false, false);
        }
    }

    private final FrameInput input;
    private final byte[] scratch = new byte[ExportName.MAX_BYTES];
    private long remaining;

    OptionData(FrameInput input) {
        this.input = input;
    }

    /// Begins with the next option's data.
    void begin(long bytes) {
        assert remaining == 0 : remaining + " bytes of the last option are left";
        remaining = bytes;
    }

    /// {@return bytes not yet read}
    long remaining() {
        return remaining;
    }

    int u16() throws IOException, Malformed {
        take(2);
        return (scratch[0] & 0xff) << 8 | scratch[1] & 0xff;
    }

    long u32() throws IOException, Malformed {
        take(4);
        return (scratch[0] & 0xffL) << 24
                | (scratch[1] & 0xff) << 16
                | (scratch[2] & 0xff) << 8
                | scratch[3] & 0xff;
    }

    /// {@return the next string}
    ///
    /// @param what names it in the message
    /// @param bytes its length as the client claims it
    /// @throws Malformed when it is longer than the data or than 4096 bytes, or is not UTF-8 without
    ///     NUL
    String string(String what, long bytes) throws IOException, Malformed {
        if (bytes > remaining) {
            throw new Malformed(
                    what + " of " + bytes + " bytes in " + remaining + " bytes of option data");
        }
        if (bytes > ExportName.MAX_BYTES) {
            throw new Malformed(
                    what + ": expected at most " + ExportName.MAX_BYTES + " bytes, was " + bytes);
        }
        take((int) bytes);
        Optional<String> text = ExportName.decode(scratch, 0, (int) bytes);
        return text.orElseThrow(() -> new Malformed(what + " is not UTF-8 without NUL"));
    }

    /// Checks that everything was read.
    void end() throws Malformed {
        if (remaining != 0) {
            throw new Malformed(remaining + " bytes too many in the option data");
        }
    }

    /// Leaves the rest behind.
    void skip() throws IOException {
        long bytes = remaining;
        remaining = 0;
        input.discard(bytes);
    }

    private void take(int bytes) throws IOException, Malformed {
        if (bytes > remaining) {
            throw new Malformed("option data ends early");
        }
        remaining -= bytes;
        try {
            input.read(scratch, bytes);
        } catch (EOFException e) {
            remaining = 0;
            throw e;
        }
    }

    /// {@return a message as a reply carries it}
    static byte[] text(String message) {
        return message.getBytes(StandardCharsets.UTF_8);
    }
}
