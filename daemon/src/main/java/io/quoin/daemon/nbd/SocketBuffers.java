package io.quoin.daemon.nbd;

import java.nio.ByteBuffer;
import java.util.concurrent.ConcurrentLinkedQueue;

/// The memory between a connection and its socket. It goes from connection to connection: direct
/// buffers of the JDK's own are given back only by a garbage collection, which churn would outrun.
final class SocketBuffers {
    /// Bytes of each buffer.
    static final int BYTES = 64 << 10;

    /// Buffers that no connection uses.
    static final class Pool {
        private final ConcurrentLinkedQueue<SocketBuffers> idle = new ConcurrentLinkedQueue<>();

        SocketBuffers take() {
            SocketBuffers buffers = idle.poll();
            return buffers == null ? new SocketBuffers() : buffers;
        }

        /// Both threads of the connection are done with them.
        void giveBack(SocketBuffers buffers) {
            buffers.input.clear();
            buffers.output.clear();
            idle.add(buffers);
        }
    }

    /// What came from the socket.
    final ByteBuffer input = ByteBuffer.allocateDirect(BYTES);

    /// What goes to the socket; the handshake's, then the replies'.
    final ByteBuffer output = ByteBuffer.allocateDirect(BYTES);
}
