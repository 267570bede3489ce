package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ReplyChunk;
import io.quoin.codec.nbd.SimpleReply;
import io.quoin.volume.intake.Request;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// Replies that leave together: heads and short data gathered in one buffer, long data straight from
/// the volume's pool, in turns.
///
/// ```
/// output   [ r1 | r2 with its data | r3 head ]              [ r4 | r5 ]
/// pool                                          [ r3 data ]
/// pieces     0                                    1           2
/// ```
///
/// Each piece is one system call. Used by one thread at a time. Nothing is allocated once the views exist.
final class ReplyBatch {
    /// Most replies in a batch.
    static final int MAX_REPLIES = 64;

    // Data to this length is copied next to its head: 4 KiB take 0.1 us, a system call 2.
    private static final int COPY_BYTES = 16 << 10;

    // Data in the pool after which a batch leaves, and most that one system call is given, so
    // that a client that takes 1 MiB now and then is seen to move.
    private static final int FULL_BYTES = 1 << 20;

    // The context is named by this number in BLOCK_STATUS replies.
    static final int ALLOCATION_CONTEXT_ID = 1;

    // The largest of a reply that goes to the output buffer.
    private static final int ROOM_BYTES = ReplyChunk.OFFSET_DATA_BYTES + COPY_BYTES;

    static {
        assert ReplyChunk.HEADER_BYTES + 4 + 8 * Request.MAX_EXTENTS <= ROOM_BYTES;
        assert ROOM_BYTES <= SocketBuffers.BYTES;
    }

    private final Terms terms;
    private final ByteBuffer output;
    private final MemorySegment outputMemory;
    private final ByteBuffer region;
    private final ByteBuffer[] outputViews = new ByteBuffer[MAX_REPLIES + 1];
    private final ByteBuffer[] poolViews = new ByteBuffer[MAX_REPLIES];
    private final ByteBuffer[] pieces = new ByteBuffer[2 * MAX_REPLIES + 1];
    private final Slot[] slots = new Slot[MAX_REPLIES];
    private int slotCount;
    private int outputViewCount;
    private int poolViewCount;
    private int pieceCount;
    private int outputFrom;
    private long poolBytes;
    private long dataBytes;

    /// @param terms what was agreed
    /// @param output direct, {@link SocketBuffers#BYTES}
    ReplyBatch(Terms terms, ByteBuffer output) {
        this.terms = terms;
        this.output = output.clear();
        outputMemory = MemorySegment.ofBuffer(this.output);
        region = terms.export().memory().pool().newView();
    }

    boolean isFull() {
        return slotCount == MAX_REPLIES
                || poolBytes >= FULL_BYTES
                || output.remaining() < ROOM_BYTES;
    }

    int slotCount() {
        return slotCount;
    }

    Slot slot(int index) {
        return slots[index];
    }

    /// {@return bytes of data in the batch}
    long dataBytes() {
        return dataBytes;
    }

    /// Adds a slot that only wants to be given back, its client being gone.
    void addUnanswered(Slot slot) {
        slots[slotCount++] = slot;
    }

    /// Adds the reply to a request that ended.
    ///
    /// @return what the client is told
    ReplyError add(Slot slot) {
        slots[slotCount++] = slot;
        Request request = slot.request;
        ReplyError error = slot.isSubmitted ? ReplyError.of(request.outcome) : slot.error;
        if (error != ReplyError.NONE) {
            if (terms.structured()) {
                ReplyChunk.putError(output, request.cookie, error.code(), error.text());
            } else {
                SimpleReply.put(output, error.code(), request.cookie);
            }
        } else if (slot.command == CommandType.READ && slot.isSubmitted) {
            addData(request);
        } else if (slot.command == CommandType.BLOCK_STATUS) {
            addExtents(request);
        } else if (terms.structured()) {
            ReplyChunk.putNone(output, request.cookie);
        } else {
            SimpleReply.put(output, 0, request.cookie);
        }
        return error;
    }

    // One chunk tiles the request: the data is at hand, whole and verified, before the first
    // byte of the reply leaves, so there is nothing to fragment and DF is met by nature.
    private void addData(Request request) {
        int lengthBytes = (int) request.lengthBytes;
        if (terms.structured()) {
            ReplyChunk.putOffsetData(
                    output, ReplyChunk.DONE, request.cookie, request.offsetBytes, lengthBytes);
        } else {
            SimpleReply.put(output, 0, request.cookie);
        }
        dataBytes += lengthBytes;
        int from = request.payloadOffset();
        if (lengthBytes <= COPY_BYTES) {
            output.put(output.position(), region, from, lengthBytes);
            output.position(output.position() + lengthBytes);
            return;
        }
        closeOutput();
        ByteBuffer view = poolViews[poolViewCount];
        if (view == null) {
            view = region.duplicate();
            poolViews[poolViewCount] = view;
        }
        poolViewCount++;
        view.limit(from + lengthBytes).position(from);
        pieces[pieceCount++] = view;
        poolBytes += lengthBytes;
    }

    // Extents are cut at the end of the request, which keeps every rule at once: the first n -
    // 1 are shorter than the request, REQ_ONE never reports more than was asked, and 32 bits
    // suffice.
    private void addExtents(Request request) {
        long left = request.lengthBytes;
        int count = 0;
        while (count < request.extentCount && left > 0) {
            left -= request.extentBytes[count++];
        }
        ReplyChunk.putBlockStatus(
                output, ReplyChunk.DONE, request.cookie, ALLOCATION_CONTEXT_ID, count);
        left = request.lengthBytes;
        for (int i = 0; i < count; i++) {
            long bytes = Math.min(request.extentBytes[i], left);
            ReplyChunk.putExtent(output, bytes, request.extentFlags[i]);
            left -= bytes;
        }
    }

    private void closeOutput() {
        if (output.position() == outputFrom) {
            return;
        }
        ByteBuffer view = outputViews[outputViewCount];
        if (view == null) {
            view = output.duplicate();
            outputViews[outputViewCount] = view;
        }
        outputViewCount++;
        view.limit(output.position()).position(outputFrom);
        pieces[pieceCount++] = view;
        outputFrom = output.position();
    }

    /// Sends what the socket takes without waiting, of a batch whose data lies next to its heads.
    ///
    /// @param transport where to
    /// @return whether that was all; else {@link #writeTo} sends the rest
    boolean tryWriteTo(Transport transport) {
        closeOutput();
        if (pieceCount != 1 || poolBytes > 0) {
            return false;
        }
        ByteBuffer piece = pieces[0];
        int from = piece.position();
        int sent = transport.tryWrite(outputMemory, from, piece.remaining());
        piece.position(from + sent);
        return !piece.hasRemaining();
    }

    /// Sends all of it, or what {@link #tryWriteTo} left.
    ///
    /// @param transport where to
    /// @param progress told whenever something leaves
    /// @throws IOException when the connection is broken
    void writeTo(Transport transport, Progress progress) throws IOException {
        closeOutput();
        progress.step();
        for (int i = 0; i < pieceCount; i++) {
            ByteBuffer piece = pieces[i];
            int end = piece.limit();
            while (piece.position() < end) {
                piece.limit(Math.min(end, piece.position() + FULL_BYTES));
                transport.write(piece);
                progress.step();
            }
        }
        progress.end();
    }

    /// Empties the batch.
    void clear() {
        output.clear();
        outputFrom = 0;
        slotCount = 0;
        outputViewCount = 0;
        poolViewCount = 0;
        pieceCount = 0;
        poolBytes = 0;
        dataBytes = 0;
    }
}
