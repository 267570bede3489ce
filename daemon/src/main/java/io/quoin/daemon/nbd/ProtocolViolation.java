package io.quoin.daemon.nbd;

import java.io.IOException;

/// A client broke a rule after which the stream cannot be trusted; its connection is closed.
final class ProtocolViolation extends IOException {
    private static final long serialVersionUID = 1L;

    ProtocolViolation(String message) {
        super(message);
    }
}
