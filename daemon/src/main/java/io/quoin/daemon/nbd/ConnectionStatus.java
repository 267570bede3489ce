package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.ExportName;
import java.time.Instant;
import java.util.Optional;

/// One connection at a moment.
///
/// @param id grows with each connection of the server
/// @param peer where the client is
/// @param since when it connected
/// @param export what it uses; nothing while it haggles
/// @param requests requests received
/// @param errors replies that told of an error
/// @param replies replies sent
/// @param replyWrites system calls they took, one per batch
/// @param readBytes data sent in replies
/// @param writtenBytes payload received in requests
/// @param inFlight requests without a reply
/// @param heldBytes payload memory that they hold
public record ConnectionStatus(
        long id,
        String peer,
        Instant since,
        Optional<ExportName> export,
        long requests,
        long errors,
        long replies,
        long replyWrites,
        long readBytes,
        long writtenBytes,
        int inFlight,
        long heldBytes) {}
