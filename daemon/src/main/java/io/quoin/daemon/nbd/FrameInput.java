package io.quoin.daemon.nbd;

import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;

/// What a client sends, read in pieces as large as the socket has them: one system call brings many
/// requests with their payload, which is copied; what is long comes from the socket to where it is
/// wanted. Used by the connection's reader thread.
final class FrameInput {
    // A rest of a payload up to this length is read through the buffer, so that the requests behind
    // it come along; beyond it the copy costs more than another system call.
    private static final int COPY_BYTES = 16 << 10;

    private final Transport transport;

    // From position to limit: received, not yet used.
    private final ByteBuffer buffer;
    private final Progress progress = new Progress();
    private Runnable beforeWaiting = () -> {};

    /// @param transport where from
    /// @param memory direct, at least as large as the largest frame without payload
    FrameInput(Transport transport, ByteBuffer memory) {
        this.transport = transport;
        buffer = memory.limit(0);
    }

    /// {@return the buffer; a frame that was required begins at its position}
    ByteBuffer buffer() {
        return buffer;
    }

    /// Sets what is done before each wait for the client.
    void beforeWaiting(Runnable action) {
        beforeWaiting = action;
    }

    /// {@return how it goes with a payload}
    Progress progress() {
        return progress;
    }

    /// Waits for a frame.
    ///
    /// @param bytes of the frame
    /// @return false when the client ended its side before the first byte of it
    /// @throws EOFException when it ended in the middle
    boolean require(int bytes) throws IOException {
        while (buffer.remaining() < bytes) {
            buffer.compact();
            int count = receive(buffer);
            buffer.flip();
            if (count < 0) {
                if (buffer.hasRemaining()) {
                    throw new EOFException();
                }
                return false;
            }
        }
        return true;
    }

    /// Leaves a frame, or part of it, behind.
    void skip(int bytes) {
        buffer.position(buffer.position() + bytes);
    }

    /// Drops bytes that nobody wants, using no memory for them.
    ///
    /// @throws EOFException when the client ended its side before the last of them
    void discard(long bytes) throws IOException {
        long left = bytes;
        while (left > buffer.remaining()) {
            left -= buffer.remaining();
            buffer.clear();
            int count = receive(buffer);
            buffer.flip();
            if (count < 0) {
                throw new EOFException();
            }
        }
        skip((int) left);
    }

    /// Reads bytes to the heap; for options.
    ///
    /// @throws EOFException when the client ended its side before the last of them
    void read(byte[] target, int bytes) throws IOException {
        int done = 0;
        while (done < bytes) {
            if (!buffer.hasRemaining() && !require(1)) {
                throw new EOFException();
            }
            int count = Math.min(bytes - done, buffer.remaining());
            buffer.get(target, done, count);
            done += count;
        }
    }

    /// Reads a payload to where it is wanted.
    ///
    /// @param target filled from its position to its limit
    /// @throws EOFException when the client ended its side before the last byte
    void readPayload(ByteBuffer target) throws IOException {
        copyTo(target);
        if (!target.hasRemaining()) {
            return;
        }
        progress.step();
        try {
            while (target.hasRemaining()) {
                if (target.remaining() > COPY_BYTES) {
                    if (receive(target) < 0) {
                        throw new EOFException();
                    }
                } else {
                    if (!require(1)) {
                        throw new EOFException();
                    }
                    copyTo(target);
                }
                progress.step();
            }
        } finally {
            progress.end();
        }
    }

    private int receive(ByteBuffer target) throws IOException {
        beforeWaiting.run();
        return transport.read(target);
    }

    private void copyTo(ByteBuffer target) {
        int count = Math.min(target.remaining(), buffer.remaining());
        target.put(target.position(), buffer, buffer.position(), count);
        target.position(target.position() + count);
        skip(count);
    }
}
