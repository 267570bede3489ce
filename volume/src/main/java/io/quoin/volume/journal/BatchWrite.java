package io.quoin.volume.journal;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.member.Io;
import io.quoin.volume.member.MemberSet;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.BiConsumer;
import net.openhft.chronicle.bytes.Bytes;
import net.openhft.chronicle.bytes.PointerBytesStore;

/// A batch in memory and its copies on their way. The memory stays as it is until the last of them has ended: a copy
/// that is late must not carry what a later batch put there.
///
/// In the engine's turns only.
final class BatchWrite {
    /// The bytes of the batch.
    final MemorySegment buffer;

    /// The same, for the header.
    final Bytes<?> headerOut;

    private final Io[] ios;
    private final Segments.Pin[] pins;
    private int pending;

    /// Memory for one batch after the other.
    ///
    /// @param maxBytes of a batch
    /// @param slotCount slots of the volume
    /// @param whenCopyEnds told of each copy that has ended, well or not
    BatchWrite(int maxBytes, int slotCount, BiConsumer<BatchWrite, Io> whenCopyEnds) {
        buffer = Arena.ofAuto().allocate(maxBytes, BLOCK_BYTES);
        PointerBytesStore store = new PointerBytesStore();
        store.set(buffer.address(), maxBytes);
        headerOut = store.bytesForWrite();
        headerOut.singleThreadedCheckDisabled(true); // threads take turns
        ios = new Io[slotCount];
        pins = new Segments.Pin[slotCount];
        for (int i = 0; i < slotCount; i++) {
            ios[i] = new Io();
            ios[i].listener =
                    io -> {
                        pending &= ~(1 << io.slot);
                        whenCopyEnds.accept(this, io);
                    };
        }
    }

    /// Copies that have not ended, a bit for each slot.
    int pending() {
        return pending;
    }

    /// Writes a copy to each member of a segment's ensemble, at the same offset in the segment.
    void start(MemberSet members, Segments.Segment segment, int offset, int bytes) {
        assert pending == 0 : "copies under way: " + Integer.toBinaryString(pending);
        pending = segment.ensemble; // before the first: it may end at once
        for (int slot = 0; slot < ios.length; slot++) {
            if ((segment.ensemble >> slot & 1) != 0) {
                long at = members.layout().segmentOffset(segment.slotOf[slot]) + offset;
                members.submit(slot, ios[slot].set(Io.Kind.WRITE_DURABLE, buffer, 0, bytes, at));
            }
        }
    }

    /// Keeps the journal slots in which copies may still land from being used again.
    void pinPending(Segments segments, Segments.Segment segment) {
        for (int slot = 0; slot < ios.length; slot++) {
            if ((pending >> slot & 1) != 0) {
                pins[slot] = segments.pin(slot, segment.slotOf[slot]);
            }
        }
    }

    /// Lets go of a journal slot in which nothing can land any more.
    void unpin(Segments segments, int slot) {
        segments.unpin(pins[slot]);
        pins[slot] = null;
    }
}
