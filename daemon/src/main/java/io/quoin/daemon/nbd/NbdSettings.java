package io.quoin.daemon.nbd;

import java.time.Duration;

/// How much one client may ask of the server, and for how long.
///
/// @param maxConnections connections at a time; one more is closed at once
/// @param handshakeDeadline how long a client may take from connecting to transmission
/// @param maxRequests requests of one connection that are in flight at a time
/// @param maxPayloadShare payload of one connection that is in flight at a time, as a divisor of the
///     volume's buffer pool: 4 is a quarter
/// @param bufferWait how long a request waits for a payload buffer before it is refused
/// @param stallLimit how long a client may neither take a reply nor deliver a payload it began while
///     another client waits for a buffer; then it is closed
public record NbdSettings(
        int maxConnections,
        Duration handshakeDeadline,
        int maxRequests,
        int maxPayloadShare,
        Duration bufferWait,
        Duration stallLimit) {
    /// What a server has unless told otherwise.
    public static final NbdSettings DEFAULT =
            new NbdSettings(
                    4096,
                    Duration.ofSeconds(10),
                    1024,
                    4,
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(30));

    /// Checks the settings.
    ///
    /// @throws IllegalArgumentException when one is out of its range
    public NbdSettings {
        range("maxConnections", maxConnections, 1, 65_536);
        range("maxRequests", maxRequests, 1, 65_536);
        range("maxPayloadShare", maxPayloadShare, 1, 1024);
        positive("handshakeDeadline", handshakeDeadline);
        positive("bufferWait", bufferWait);
        positive("stallLimit", stallLimit);
    }

    /// {@return these settings with another deadline of the handshake}
    ///
    /// @param deadline the deadline
    public NbdSettings withHandshakeDeadline(Duration deadline) {
        return new NbdSettings(
                maxConnections, deadline, maxRequests, maxPayloadShare, bufferWait, stallLimit);
    }

    /// {@return these settings with another limit on stalled clients}
    ///
    /// @param limit the limit
    public NbdSettings withStallLimit(Duration limit) {
        return new NbdSettings(
                maxConnections, handshakeDeadline, maxRequests, maxPayloadShare, bufferWait, limit);
    }

    /// {@return these settings with another limit on connections}
    ///
    /// @param limit the limit
    public NbdSettings withMaxConnections(int limit) {
        return new NbdSettings(
                limit, handshakeDeadline, maxRequests, maxPayloadShare, bufferWait, stallLimit);
    }

    /// {@return these settings with another limit on requests in flight}
    ///
    /// @param limit the limit
    public NbdSettings withMaxRequests(int limit) {
        return new NbdSettings(
                maxConnections, handshakeDeadline, limit, maxPayloadShare, bufferWait, stallLimit);
    }

    private static void range(String name, int value, int from, int to) {
        if (value < from || value > to) {
            throw new IllegalArgumentException(
                    name + ": expected " + from + " to " + to + ", was " + value);
        }
    }

    private static void positive(String name, Duration value) {
        if (value.isNegative() || value.isZero()) {
            throw new IllegalArgumentException(name + ": expected more than nothing, was " + value);
        }
    }
}
