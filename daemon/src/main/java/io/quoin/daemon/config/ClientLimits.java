package io.quoin.daemon.config;

import java.util.OptionalLong;

/// Limits on clients; nothing means the server's own.
///
/// @param maxConnections connections at a time
/// @param maxRequests requests of one connection in flight
/// @param handshakeDeadlineMillis how long a client may take from connecting to transmission
/// @param stallLimitMillis how long a client may stand still while others wait for memory
public record ClientLimits(
        OptionalLong maxConnections,
        OptionalLong maxRequests,
        OptionalLong handshakeDeadlineMillis,
        OptionalLong stallLimitMillis) {
    /// The server's own.
    public static final ClientLimits NONE =
            new ClientLimits(
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    OptionalLong.empty(),
                    OptionalLong.empty());
}
