package io.quoin.volume.member;

import java.lang.foreign.MemorySegment;
import java.util.function.Consumer;

/// A byte range that keeps a member: a file, a disk, in tests a simulated disk. Calls block; several
/// threads may call at once. Offsets, lengths and addresses are multiples of 4096.
public interface BlockFile extends AutoCloseable {
    /// {@return what operators call it: its path}
    String name();

    /// {@return its size in bytes}
    long lengthBytes();

    /// Looks how large it is now.
    ///
    /// @return its size in bytes, as {@link #lengthBytes} says from then on
    default long measure() {
        return lengthBytes();
    }

    /// {@return whether a write behind its end makes it longer: a file, not a disk}
    default boolean canBecomeLonger() {
        return false;
    }

    /// Reads.
    ///
    /// @param target native memory
    /// @param targetOffset offset in it
    /// @param lengthBytes bytes
    /// @param offsetBytes where on the member
    /// @return OK when all bytes are there
    IoResult read(MemorySegment target, long targetOffset, int lengthBytes, long offsetBytes);

    /// Writes.
    ///
    /// @param source native memory, not changed until the call returns
    /// @param sourceOffset offset in it
    /// @param lengthBytes bytes
    /// @param offsetBytes where on the member
    /// @param durable whether the bytes are on stable storage on return; otherwise a flush makes them
    /// @return OK when all bytes were taken
    IoResult write(
            MemorySegment source,
            long sourceOffset,
            int lengthBytes,
            long offsetBytes,
            boolean durable);

    /// Makes a range read as zeros, as writing them would, in less time where the member can.
    ///
    /// @param zeros a segment of zeros to write from
    /// @param offsetBytes where on the member
    /// @param lengthBytes bytes
    /// @return OK when all of it reads as zeros; a flush makes that durable
    default IoResult clear(MemorySegment zeros, long offsetBytes, long lengthBytes) {
        long end = offsetBytes + lengthBytes;
        for (long at = offsetBytes; at < end; at += zeros.byteSize()) {
            int length = (int) Math.min(zeros.byteSize(), end - at);
            IoResult result = write(zeros, 0, length, at, false);
            if (!result.isOk()) {
                return result;
            }
        }
        return IoResult.OK;
    }

    /// Makes every write that has returned durable. A failed flush is never tried again and called
    /// good: the kernel may have dropped what it could not write (Rebello et al., ATC 2020).
    ///
    /// @return OK when all is on stable storage
    IoResult flush();

    /// {@return descriptor through which a write of any thread is durable when it is done, or -1 when there is
    /// none}
    default int durableDescriptor() {
        return -1;
    }

    /// Writes pieces of memory one behind the other; a flush makes them durable.
    ///
    /// @param pieces where each begins and how long it is, bytes, eight bytes each: an array of iovec
    /// @param count how many
    /// @param lengthBytes of all of them
    /// @param offsetBytes where on the member
    /// @return false: not all of it was written, or it cannot be done so; each piece is to be written by itself
    default boolean gather(MemorySegment pieces, int count, int lengthBytes, long offsetBytes) {
        return false;
    }

    /// {@return how bytes get to the member, for status}
    default String mode() {
        return "simulated";
    }

    /// {@return whether reads may come from the host's page cache, and so say nothing of what the member holds}
    default boolean isCached() {
        return false;
    }

    /// {@return whether it can be closed while an operation is stuck in it; a kernel does not let go of such a file}
    default boolean isClosableWhenStuck() {
        return false;
    }

    /// {@return a running engine's way to the member, until it is closed; the file stays open}
    ///
    /// @param name prefix of its threads' names
    /// @param laneCount threads for files that block, from 2
    /// @param completions where done operations go; called by threads of its own
    default MemberIo newIo(String name, int laneCount, Consumer<Io> completions) {
        return new IoLanes(this, name, laneCount, completions);
    }

    @Override
    void close();
}
