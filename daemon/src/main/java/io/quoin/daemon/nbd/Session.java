package io.quoin.daemon.nbd;

import io.quoin.codec.nbd.CommandFlag;
import io.quoin.codec.nbd.CommandType;
import io.quoin.codec.nbd.Magic;
import io.quoin.codec.nbd.RequestHeader;
import io.quoin.volume.BlockDevice;
import io.quoin.volume.intake.BufferPool;
import io.quoin.volume.intake.Request;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/// The transmission phase of one connection.
///
/// ```
/// reader:               header -> slot -> check -> buffer, payload -> BlockDevice.submit
/// a turn of the volume:                               completed -> queue of replies
/// after the turn:                  slot back <- one write <-------------+
/// ```
///
/// What a client can hold is bounded before it holds it: slots, payload bytes, and the volume's pool
/// itself, in this order. When it reaches a bound its reader stops reading, so the client's own
/// socket fills; nothing is buffered elsewhere.
///
/// Reader thread: {@link #run}. Any thread: {@link #refuseFromNow}, {@link #isIdle}.
final class Session {
    // As many as a turn of the volume takes.
    private static final int MAX_TOGETHER = 64;

    // Each keeps arrays for 1,024 extents; clients ask for them one at a time.
    private static final int STATUS_SLOTS = 4;

    private final Terms terms;
    private final NbdSettings settings;
    private final Transport transport;
    private final Runnable settle;
    private final FrameInput input;
    private final BlockDevice device;
    private final PayloadMemory memory;
    private final BufferPool pool;
    private final ByteBuffer payload;
    private final long maxHeldBytes;

    private final SlotPool slots;
    private final SlotPool statusSlots;
    private final ReplyWriter writer;

    /// Rung when a slot or bytes came back, while the reader waits for them.
    private final Bell roomBell = new Bell();

    /// Requests the volume has not been called for yet, the reader's; what the client sent together is one
    /// turn, and one commit.
    private int waitingForTurn;

    // Requests that the writer will still see; the reader adds before it looks at isRefusing, so
    // that whoever sets that and then reads 0 here knows that nothing more reaches the volume.
    private final AtomicInteger inFlight = new AtomicInteger();
    private final AtomicLong heldBytes = new AtomicLong();
    private volatile boolean isRefusing;

    private final Counter requests = new Counter();
    private final Counter writtenBytes = new Counter();

    Session(
            Terms terms,
            NbdSettings settings,
            Transport transport,
            FrameInput input,
            ByteBuffer output,
            String name) {
        this.terms = terms;
        this.settings = settings;
        this.transport = transport;
        settle = this::settle;
        this.input = input;
        device = terms.export().device();
        memory = terms.export().memory();
        pool = memory.pool();
        payload = pool.newView();
        maxHeldBytes = pool.capacityBytes() / settings.maxPayloadShare();
        writer =
                new ReplyWriter(
                        this,
                        terms,
                        transport,
                        output,
                        settings.maxRequests() + STATUS_SLOTS,
                        name);
        Request.Listener listener = request -> writer.enqueue((Slot) request.attachment);
        slots = new SlotPool(settings.maxRequests(), false, listener);
        statusSlots = new SlotPool(STATUS_SLOTS, true, listener);
    }

    /// Serves requests until the client leaves, breaks the protocol or the connection, then waits
    /// until everything in flight has been answered.
    ///
    /// @throws IOException when the connection broke, or the client broke a rule
    void run() throws IOException {
        writer.start();
        input.beforeWaiting(this::proceed);
        try {
            boolean more = true;
            while (more) {
                more = receive();
            }
        } finally {
            try {
                settle();
            } finally {
                writer.finish();
                transport.detach();
            }
        }
    }

    /// Answers every request from now on with ESHUTDOWN; those in flight are carried out.
    void refuseFromNow() {
        isRefusing = true;
    }

    /// {@return whether nothing waits for a reply}
    boolean isIdle() {
        return inFlight.get() == 0;
    }

    /// {@return how long the client has neither taken a reply nor delivered a payload it began}
    long stalledNanos() {
        return Math.max(input.progress().stalledNanos(), writer.progress().stalledNanos());
    }

    private boolean receive() throws IOException {
        if (!input.require(RequestHeader.BYTES)) {
            return false;
        }
        ByteBuffer header = input.buffer();
        int at = header.position();
        if (RequestHeader.magic(header, at) != Magic.REQUEST) {
            throw new ProtocolViolation(
                    String.format(
                            "request magic: expected %08x, was %08x",
                            Magic.REQUEST, RequestHeader.magic(header, at)));
        }
        int type = RequestHeader.type(header, at);
        int flags = RequestHeader.flags(header, at);
        long cookie = RequestHeader.cookie(header, at);
        long offsetBytes = RequestHeader.offsetBytes(header, at);
        long lengthBytes = RequestHeader.lengthBytes(header, at);
        input.skip(RequestHeader.BYTES);
        if (type == CommandType.DISC) {
            return false;
        }
        requests.add(1);
        Slot slot = takeSlot(type == CommandType.BLOCK_STATUS ? statusSlots : slots);
        if (slot == null) {
            return false;
        }
        Request request = slot.request;
        request.cookie = cookie;
        request.offsetBytes = offsetBytes;
        request.lengthBytes = lengthBytes;
        request.bufferOffset = -1;
        slot.command = type;
        slot.heldBytes = 0;
        ReplyError error =
                isRefusing
                        ? ReplyError.SHUTTING_DOWN
                        : RequestCheck.check(terms, type, flags, offsetBytes, lengthBytes);
        if (error == ReplyError.NONE && lengthBytes > 0) {
            error = prepare(slot, flags);
        }
        if (type == CommandType.WRITE) {
            if (request.bufferOffset >= 0) {
                receivePayload(slot);
            } else {
                input.discard(lengthBytes);
            }
        }
        dispatch(slot, error);
        return true;
    }

    private Slot takeSlot(SlotPool from) {
        Slot slot = from.tryTake();
        if (slot == null) {
            settle();
        }
        while (slot == null && !writer.isBroken()) {
            roomBell.prepare();
            slot = from.tryTake();
            if (slot == null && !writer.isBroken()) {
                roomBell.sleep();
            } else {
                roomBell.cancel();
            }
        }
        return slot;
    }

    // What the volume needs to know beyond the range, and the memory for it.
    private ReplyError prepare(Slot slot, int flags) {
        Request request = slot.request;
        switch (slot.command) {
            case CommandType.READ -> {
                request.op = Request.Op.READ;
                return takeBuffer(slot);
            }
            case CommandType.WRITE -> {
                transport.attach(device);
                request.op = Request.Op.WRITE;
                return takeBuffer(slot);
            }
            case CommandType.TRIM -> request.op = Request.Op.TRIM;
            case CommandType.CACHE -> request.op = Request.Op.CACHE;
            case CommandType.WRITE_ZEROES -> {
                request.op = Request.Op.ZERO;
                request.noHole = (flags & CommandFlag.NO_HOLE) != 0;
                request.fastZero = (flags & CommandFlag.FAST_ZERO) != 0;
            }
            case CommandType.BLOCK_STATUS -> {
                request.op = Request.Op.BLOCK_STATUS;
                request.oneExtent = (flags & CommandFlag.REQ_ONE) != 0;
                request.extentCount = 0;
            }
            default -> throw new AssertionError("command " + slot.command + " passed the check");
        }
        return ReplyError.NONE;
    }

    private ReplyError takeBuffer(Slot slot) {
        Request request = slot.request;
        long bytes = Request.bufferBytes(request.offsetBytes, request.lengthBytes);
        // The pool rounds up to a power of two, and that is what others go without.
        long taken = Long.highestOneBit(bytes) == bytes ? bytes : Long.highestOneBit(bytes) << 1;
        // A client with nothing in flight may have one request of any size.
        if (isOverHeld(taken)) {
            settle();
        }
        while (isOverHeld(taken) && !writer.isBroken()) {
            roomBell.prepare();
            if (isOverHeld(taken) && !writer.isBroken()) {
                roomBell.sleep();
            } else {
                roomBell.cancel();
            }
        }
        slot.heldBytes = taken;
        int offset =
                memory.allocate(
                        slot,
                        bytes,
                        heldBytes.get(),
                        settings.bufferWait().toNanos(),
                        settle,
                        writer.brokenOrRefusing());
        if (offset < 0) {
            slot.heldBytes = 0;
            return isRefusing ? ReplyError.SHUTTING_DOWN : ReplyError.NO_BUFFER;
        }
        request.bufferOffset = offset;
        heldBytes.addAndGet(taken);
        return ReplyError.NONE;
    }

    private boolean isOverHeld(long more) {
        long held = heldBytes.get();
        return held > 0 && held + more > maxHeldBytes;
    }

    // The request reaches the volume only after the last byte: a client that dies half-way has
    // written nothing.
    private void receivePayload(Slot slot) throws IOException {
        Request request = slot.request;
        boolean isWhole = false;
        try {
            int from = request.payloadOffset();
            payload.limit(from + (int) request.lengthBytes).position(from);
            input.readPayload(payload);
            isWhole = true;
        } finally {
            if (!isWhole) {
                pool.free(request.bufferOffset);
                memory.giveBack(slot);
            }
        }
        writtenBytes.add(request.lengthBytes);
    }

    private void dispatch(Slot slot, ReplyError found) {
        Request request = slot.request;
        ReplyError error = found;
        inFlight.incrementAndGet();
        if (error == ReplyError.NONE && isRefusing) {
            error = ReplyError.SHUTTING_DOWN;
        }
        slot.error = error;
        boolean isFlush = slot.command == CommandType.FLUSH;
        slot.isSubmitted = error == ReplyError.NONE && (isFlush || request.lengthBytes > 0);
        if (!slot.isSubmitted) {
            if (request.bufferOffset >= 0) {
                pool.free(request.bufferOffset);
            }
            writer.enqueue(slot);
            return;
        }
        if (isFlush) {
            request.op = Request.Op.FLUSH;
        }
        try {
            device.submit(request);
            if (++waitingForTurn == MAX_TOGETHER) {
                proceed();
            }
        } catch (RuntimeException | Error e) {
            // Whose the buffer is now is not known: better lost than given out twice.
            inFlight.decrementAndGet();
            throw e;
        }
    }

    private void proceed() {
        if (waitingForTurn > 0) {
            waitingForTurn = 0;
            device.proceed();
        }
    }

    private void settle() {
        proceed();
        transport.settle();
    }

    /// The writer is done with a slot.
    void release(Slot slot) {
        if (slot.command == CommandType.READ && slot.isSubmitted) {
            pool.free(slot.request.bufferOffset);
        }
        if (slot.heldBytes > 0) {
            heldBytes.addAndGet(-slot.heldBytes);
            memory.giveBack(slot);
        }
        (slot.isForStatus ? statusSlots : slots).giveBack(slot);
        inFlight.decrementAndGet();
    }

    /// The writer gave slots back, or broke.
    void ringForRoom() {
        roomBell.ring();
    }

    boolean isRefusing() {
        return isRefusing;
    }

    int inFlightCount() {
        return inFlight.get();
    }

    long heldByteCount() {
        return heldBytes.get();
    }

    Counter requests() {
        return requests;
    }

    Counter writtenBytes() {
        return writtenBytes;
    }

    ReplyWriter writer() {
        return writer;
    }
}
