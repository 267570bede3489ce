package io.quoin.volume;

import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import java.lang.foreign.MemorySegment;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/// A member in memory whose pages a test may damage or make unreadable.
public final class MemoryFile implements BlockFile {
    private static final int PAGE = 4096;

    private final String name;
    private final Map<Long, byte[]> pages = new HashMap<>();
    private final Set<Long> unreadable = new HashSet<>();
    private long lengthBytes;

    /// An empty one.
    ///
    /// @param name its name
    /// @param lengthBytes its length
    public MemoryFile(String name, long lengthBytes) {
        this.name = name;
        this.lengthBytes = lengthBytes;
    }

    /// {@return another one with the same bytes}
    ///
    /// @param newName its name
    public MemoryFile copy(String newName) {
        MemoryFile copy = new MemoryFile(newName, lengthBytes);
        pages.forEach((at, page) -> copy.pages.put(at, page.clone()));
        copy.unreadable.addAll(unreadable);
        return copy;
    }

    /// Cuts it off, or lets it grow.
    ///
    /// @param bytes new length
    public void resize(long bytes) {
        lengthBytes = bytes;
        pages.keySet().removeIf(at -> at >= bytes);
    }

    /// Flips a bit at rest.
    ///
    /// @param offset byte
    /// @param bit 0 to 7
    public void flip(long offset, int bit) {
        page(offset / PAGE * PAGE)[(int) (offset % PAGE)] ^= (byte) (1 << bit);
    }

    /// Fills a page with zeros.
    ///
    /// @param offset its offset
    public void erase(long offset) {
        pages.remove(offset);
    }

    /// Makes a page unreadable until it is written.
    ///
    /// @param offset its offset
    public void spoil(long offset) {
        unreadable.add(offset);
    }

    private byte[] page(long offset) {
        return pages.computeIfAbsent(offset, at -> new byte[PAGE]);
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long lengthBytes() {
        return lengthBytes;
    }

    @Override
    public IoResult read(MemorySegment target, long targetOffset, int length, long offset) {
        for (long i = 0; i < length; i += PAGE) {
            if (offset + i + PAGE > lengthBytes) {
                return IoResult.SHORT;
            }
            if (unreadable.contains(offset + i)) {
                return IoResult.ERROR;
            }
            byte[] page = pages.get(offset + i);
            MemorySegment to = target.asSlice(targetOffset + i, PAGE);
            if (page == null) {
                to.fill((byte) 0);
            } else {
                to.copyFrom(MemorySegment.ofArray(page));
            }
        }
        return IoResult.OK;
    }

    @Override
    public IoResult write(
            MemorySegment source, long sourceOffset, int length, long offset, boolean durable) {
        for (long i = 0; i < length; i += PAGE) {
            if (offset + i + PAGE > lengthBytes) {
                return IoResult.ERROR;
            }
            unreadable.remove(offset + i);
            MemorySegment.ofArray(page(offset + i))
                    .copyFrom(source.asSlice(sourceOffset + i, PAGE));
        }
        return IoResult.OK;
    }

    @Override
    public IoResult flush() {
        return IoResult.OK;
    }

    @Override
    public void close() {}
}
