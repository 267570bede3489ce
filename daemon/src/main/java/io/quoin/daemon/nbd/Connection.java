package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.ExportName;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Optional;

/// One client, from accept to close, on a thread of its own. Whatever happens to it or in it ends
/// here.
final class Connection {
    private final NbdServer server;
    private final long id;
    private final String peer;
    private final Transport transport;
    private final Instant since = Instant.now();
    private final long startNanos = System.nanoTime();
    private final Thread thread;

    private volatile Export export;
    private volatile Session session;
    private volatile boolean isRefusing;
    private volatile String closedBecause;

    Connection(NbdServer server, long id, String peer, Transport transport) {
        this.server = server;
        this.id = id;
        this.peer = peer;
        this.transport = transport;
        thread = Thread.ofPlatform().daemon(true).name("nbd-" + id).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    private void run() {
        SocketBuffers buffers = null;
        try {
            buffers = server.buffers().take();
            FrameInput input = new FrameInput(transport, buffers.input);
            Handshake handshake =
                    new Handshake(input, transport, buffers.output, server.exports(), this::enter);
            Optional<Terms> terms = handshake.run();
            if (terms.isPresent()) {
                transmit(terms.get(), input, buffers.output);
            }
        } catch (ProtocolViolation e) {
            server.clientLog().log(System.Logger.Level.WARNING, closed(e.getMessage()));
        } catch (IOException e) {
            String why = closedBecause;
            if (why == null) {
                server.clientLog().log(System.Logger.Level.DEBUG, closed("client vanished"));
            } else {
                server.clientLog().log(System.Logger.Level.INFO, closed(why));
            }
        } catch (RuntimeException | Error e) {
            server.clientLog().log(System.Logger.Level.ERROR, closed(e.toString()), e);
        } finally {
            transport.close();
            if (buffers != null) {
                server.buffers().giveBack(buffers);
            }
            Export left = export;
            if (left != null) {
                left.leave(this);
            }
            server.ended(this);
        }
    }

    private void transmit(Terms terms, FrameInput input, ByteBuffer output) throws IOException {
        Session started =
                new Session(terms, server.settings(), transport, input, output, thread.getName());
        session = started;
        if (isRefusing) {
            started.refuseFromNow();
        }
        started.run();
    }

    // Called by the handshake, on the way into an export.
    private boolean enter(Export entered) {
        if (!entered.join(this)) {
            return false;
        }
        export = entered;
        return true;
    }

    private String closed(String why) {
        Export used = export;
        return "client "
                + peer
                + (used == null ? "" : " of export " + used.name())
                + " closed: "
                + why;
    }

    /// Answers requests with ESHUTDOWN from now on.
    void refuseFromNow() {
        isRefusing = true;
        Session started = session;
        if (started != null) {
            started.refuseFromNow();
        }
    }

    /// {@return whether requests of it are in flight; after {@link #refuseFromNow} none follow}
    boolean isBusy() {
        Session started = session;
        return started != null && !started.isIdle();
    }

    /// {@return how long it has been haggling, 0 when it no longer does}
    long handshakeNanos() {
        return session == null ? System.nanoTime() - startNanos : 0;
    }

    /// {@return how long the client has stood still in the middle of something}
    long stalledNanos() {
        Session started = session;
        return started == null ? 0 : started.stalledNanos();
    }

    /// Ends it from outside.
    ///
    /// @param why for the log
    void close(String why) {
        if (closedBecause == null) {
            closedBecause = why;
        }
        transport.close();
    }

    Optional<ExportName> exportName() {
        Export used = export;
        return used == null ? Optional.empty() : Optional.of(used.name());
    }

    ConnectionStatus status() {
        Session started = session;
        if (started == null) {
            return new ConnectionStatus(id, peer, since, exportName(), 0, 0, 0, 0, 0, 0, 0, 0);
        }
        ReplyWriter writer = started.writer();
        return new ConnectionStatus(
                id,
                peer,
                since,
                exportName(),
                started.requests().get(),
                writer.errors().get(),
                writer.replies().get(),
                writer.writes().get(),
                writer.readBytes().get(),
                started.writtenBytes().get(),
                started.inFlightCount(),
                started.heldByteCount());
    }
}
