package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.ReplyChunk;
import io.quoin.codec.nbd.SimpleReply;
import io.quoin.volume.intake.Request;
import java.io.IOException;
import java.nio.ByteBuffer;

/// Replies that leave in one gathering write: heads from a small buffer, data straight from the
/// volume's pool, in turns.
///
/// ```
/// head     [ r1 | r2 head ]          [ r3 head | r4 ]
/// pool                     [ r2 data ]               ...
/// gather     0               1          2
/// ```
///
/// Used by the connection's writer thread. Nothing is allocated once the views exist.
final class ReplyBatch {
    /// Most replies in a batch.
    static final int MAX_REPLIES = 64;

    /// Bytes of the head buffer.
    static final int HEAD_BYTES = 16 << 10;

    // Data after which a batch leaves, and most that one system call is given, so that a client
    // that
    // takes 1 MiB now and then is seen to move.
    private static final int FULL_BYTES = 1 << 20;

    // The context is named by this number in BLOCK_STATUS replies.
    static final int ALLOCATION_CONTEXT_ID = 1;

    private static final int LONGEST_HEAD_BYTES =
            ReplyChunk.HEADER_BYTES + 4 + 8 * Request.MAX_EXTENTS;

    static {
        assert LONGEST_HEAD_BYTES < HEAD_BYTES;
    }

    private final Terms terms;
    private final ByteBuffer head;
    private final ByteBuffer[] headViews = new ByteBuffer[MAX_REPLIES + 1];
    private final ByteBuffer[] dataViews = new ByteBuffer[MAX_REPLIES];
    private final ByteBuffer[] gather = new ByteBuffer[2 * MAX_REPLIES + 1];
    private final Slot[] slots = new Slot[MAX_REPLIES];
    private int slotCount;
    private int headViewCount;
    private int dataViewCount;
    private int gatherCount;
    private int headFrom;
    private long dataBytes;

    /// @param terms what was agreed
    /// @param head direct, {@link #HEAD_BYTES}
    ReplyBatch(Terms terms, ByteBuffer head) {
        this.terms = terms;
        this.head = head;
    }

    boolean isFull() {
        return slotCount == MAX_REPLIES
                || dataBytes >= FULL_BYTES
                || head.remaining() < LONGEST_HEAD_BYTES;
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
                ReplyChunk.putError(head, request.cookie, error.code(), error.text());
            } else {
                SimpleReply.put(head, error.code(), request.cookie);
            }
        } else if (slot.command == CommandType.READ && slot.isSubmitted) {
            addData(request);
        } else if (slot.command == CommandType.BLOCK_STATUS) {
            addExtents(request);
        } else if (terms.structured()) {
            ReplyChunk.putNone(head, request.cookie);
        } else {
            SimpleReply.put(head, 0, request.cookie);
        }
        return error;
    }

    // One chunk tiles the request: the data is at hand, whole and verified, before the first byte
    // of
    // the reply leaves, so there is nothing to fragment and DF is met by nature.
    private void addData(Request request) {
        int lengthBytes = (int) request.lengthBytes;
        if (terms.structured()) {
            ReplyChunk.putOffsetData(
                    head, ReplyChunk.DONE, request.cookie, request.offsetBytes, lengthBytes);
        } else {
            SimpleReply.put(head, 0, request.cookie);
        }
        closeHead();
        ByteBuffer view = dataViews[dataViewCount];
        if (view == null) {
            view = terms.export().memory().pool().newView();
            dataViews[dataViewCount] = view;
        }
        dataViewCount++;
        int from = request.payloadOffset();
        view.limit(from + lengthBytes).position(from);
        gather[gatherCount++] = view;
        dataBytes += lengthBytes;
    }

    // Extents are cut at the end of the request, which keeps every rule at once: the first n - 1
    // are
    // shorter than the request, REQ_ONE never reports more than was asked, and 32 bits suffice.
    private void addExtents(Request request) {
        long left = request.lengthBytes;
        int count = 0;
        while (count < request.extentCount && left > 0) {
            left -= request.extentBytes[count++];
        }
        ReplyChunk.putBlockStatus(
                head, ReplyChunk.DONE, request.cookie, ALLOCATION_CONTEXT_ID, count);
        left = request.lengthBytes;
        for (int i = 0; i < count; i++) {
            long bytes = Math.min(request.extentBytes[i], left);
            ReplyChunk.putExtent(head, bytes, request.extentFlags[i]);
            left -= bytes;
        }
    }

    private void closeHead() {
        if (head.position() == headFrom) {
            return;
        }
        ByteBuffer view = headViews[headViewCount];
        if (view == null) {
            view = head.duplicate();
            headViews[headViewCount] = view;
        }
        headViewCount++;
        view.limit(head.position()).position(headFrom);
        gather[gatherCount++] = view;
        headFrom = head.position();
    }

    /// Sends all of it.
    ///
    /// @param transport where to
    /// @param progress told whenever something leaves
    /// @throws IOException when the connection is broken
    void writeTo(Transport transport, Progress progress) throws IOException {
        closeHead();
        progress.step();
        int from = 0;
        while (from < gatherCount) {
            writeSome(transport, from);
            progress.step();
            while (from < gatherCount && !gather[from].hasRemaining()) {
                from++;
            }
        }
        progress.end();
    }

    private void writeSome(Transport transport, int from) throws IOException {
        int budget = FULL_BYTES;
        int to = from;
        while (to < gatherCount && gather[to].remaining() <= budget) {
            budget -= gather[to].remaining();
            to++;
        }
        if (to == gatherCount || budget == 0) {
            transport.write(gather, from, to - from);
            return;
        }
        ByteBuffer last = gather[to];
        int limit = last.limit();
        last.limit(last.position() + budget);
        transport.write(gather, from, to + 1 - from);
        last.limit(limit);
    }

    /// Empties the batch.
    void clear() {
        head.clear();
        headFrom = 0;
        slotCount = 0;
        headViewCount = 0;
        dataViewCount = 0;
        gatherCount = 0;
        dataBytes = 0;
    }
}
