package io.quoin.volume.member;

import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;

/// Views of the few segments that a thread does I/O on, so that an operation makes no object. One thread.
public final class SegmentViews {
    private static final int COUNT = 4;
    private final MemorySegment[] segments = new MemorySegment[COUNT];
    private final ByteBuffer[] buffers = new ByteBuffer[COUNT];
    private int next;

    /// {@return the view of a part of a segment, good until the next call for the same segment}
    ///
    /// @param segment native memory, up to 2^31 - 1 bytes
    /// @param offset where the part begins
    /// @param length its bytes
    public ByteBuffer of(MemorySegment segment, long offset, int length) {
        for (int i = 0; i < COUNT; i++) {
            if (segments[i] == segment) {
                return buffers[i].limit((int) offset + length).position((int) offset);
            }
        }
        next = (next + 1) % COUNT;
        segments[next] = segment;
        buffers[next] = segment.asByteBuffer();
        return buffers[next].limit((int) offset + length).position((int) offset);
    }
}
