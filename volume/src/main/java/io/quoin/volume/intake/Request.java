package io.quoin.volume.intake;

/// One client operation on its way through a volume. The session that owns it fills it in, submits
/// it, and may use it again once it was completed; nothing is allocated for an operation.
///
/// The payload of READ and WRITE lies in the volume's {@link BufferPool}: byte `offsetBytes + i` of
/// the volume at `payloadOffset + i` of the region, where
/// `payloadOffset = bufferOffset + offsetBytes % 4096` and the buffer is large enough for every
/// block that the range touches, whole. So blocks are aligned in memory as they are on disk, and the
/// bytes around an unaligned payload can be filled in by the volume.
///
/// Who owns the buffer: submitting a WRITE hands it to the volume for good; a READ's comes back with
/// the completion, and the session frees it when the reply is sent.
public final class Request {
    /// What is asked.
    public enum Op {
        /// Bytes into the buffer.
        READ,
        /// Bytes from the buffer, durable when completed.
        WRITE,
        /// Everything completed before is durable: true of each completion already.
        FLUSH,
        /// The range reads as zeros; space is given back.
        TRIM,
        /// The range reads as zeros; `noHole` keeps it allocated.
        ZERO,
        /// What the range holds: see {@link Request#extentCount}.
        BLOCK_STATUS,
        /// A hint to fetch the range; completes without data.
        CACHE
    }

    /// How it ended. The session turns it into its protocol's error, once.
    public enum Outcome {
        /// Done; a write is durable.
        OK,
        /// Data of the range is lost or unreadable: nothing of it was returned.
        IO_ERROR,
        /// The volume is read-only.
        READ_ONLY,
        /// FAST_ZERO was asked and zeroing would not be fast. Nothing changed.
        NOT_FAST,
        /// The volume is stopping or has failed; the operation was not carried out.
        SHUTDOWN
    }

    /// Told once per submitted request, on a thread that runs the volume's engine: it must not block.
    @FunctionalInterface
    public interface Listener {
        /// The request is done; its outcome is set and the session owns it again.
        ///
        /// @param request the request
        void completed(Request request);
    }

    /// Most extents a BLOCK_STATUS reports.
    public static final int MAX_EXTENTS = 1024;

    /// Extent flags, with NBD's `base:allocation` values.
    public static final int EXTENT_HOLE = 1;

    /// The extent reads as zeros.
    public static final int EXTENT_ZERO = 2;

    /// What is asked.
    public Op op;

    /// First byte of the range in the volume; offset + length is at most the volume's size, which
    /// the session has checked.
    public long offsetBytes;

    /// Bytes in the range, from 1 (FLUSH: ignored); READ and WRITE to 32 MiB.
    public long lengthBytes;

    /// Offset of the buffer in the pool's region; READ and WRITE.
    public int bufferOffset = -1;

    /// ZERO: keep the range allocated.
    public boolean noHole;

    /// ZERO: only when it is fast.
    public boolean fastZero;

    /// BLOCK_STATUS: one extent is enough.
    public boolean oneExtent;

    /// When it came, by the monotonic clock that the engine's turns are told; set by whoever hands it to the
    /// engine.
    public long submittedNanos;

    /// How it ended; valid in and after the completion.
    public Outcome outcome;

    /// BLOCK_STATUS: extents found, in order, from the range's first byte; at least one when OK.
    public int extentCount;

    /// Lengths in bytes; allocated on first BLOCK_STATUS.
    public long[] extentBytes;

    /// Flags of each.
    public int[] extentFlags;

    /// Who is told.
    public final Listener listener;

    /// For the session: whatever it needs to find its reply.
    public final Object attachment;

    /// For the session: the client's cookie.
    public long cookie;

    /// A request for repeated use.
    ///
    /// @param listener who is told
    /// @param attachment whatever the listener needs
    public Request(Listener listener, Object attachment) {
        this.listener = listener;
        this.attachment = attachment;
    }

    /// {@return offset in the pool's region of the first payload byte}
    public int payloadOffset() {
        return bufferOffset + (int) (offsetBytes % BufferPool.BLOCK_BYTES);
    }

    /// {@return bytes a buffer for this range needs, whole blocks}
    ///
    /// @param offsetBytes first byte of the range
    /// @param lengthBytes bytes in the range
    public static long bufferBytes(long offsetBytes, long lengthBytes) {
        long head = offsetBytes % BufferPool.BLOCK_BYTES;
        long blocks = (head + lengthBytes + BufferPool.BLOCK_BYTES - 1) / BufferPool.BLOCK_BYTES;
        return blocks * BufferPool.BLOCK_BYTES;
    }

    /// Appends an extent to a BLOCK_STATUS answer, joining it to the last when the flags agree.
    ///
    /// @param bytes its length
    /// @param flags its flags
    /// @return false when it did not fit
    public boolean addExtent(long bytes, int flags) {
        if (extentBytes == null) {
            extentBytes = new long[MAX_EXTENTS];
            extentFlags = new int[MAX_EXTENTS];
        }
        if (extentCount > 0 && extentFlags[extentCount - 1] == flags) {
            extentBytes[extentCount - 1] += bytes;
            return true;
        }
        if (extentCount == (oneExtent ? 1 : MAX_EXTENTS)) {
            return false;
        }
        extentBytes[extentCount] = bytes;
        extentFlags[extentCount++] = flags;
        return true;
    }

    /// Ends the request.
    ///
    /// @param result how
    public void complete(Outcome result) {
        outcome = result;
        listener.completed(this);
    }
}
