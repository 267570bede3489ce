package io.quoin.volume.powercut;

import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A member in memory, made from an image that it leaves as it is. Thread-safe.
final class ImageFile implements BlockFile {
    private final String name;
    private final byte[][] sectors;

    ImageFile(String name, byte[][] image) {
        this.name = name;
        sectors = image.clone();
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long lengthBytes() {
        return (long) sectors.length * Medium.SECTOR_BYTES;
    }

    @Override
    public synchronized IoResult read(
            MemorySegment target, long targetOffset, int length, long offset) {
        int first = (int) (offset / Medium.SECTOR_BYTES);
        for (int i = 0; i < length / Medium.SECTOR_BYTES; i++) {
            long at = targetOffset + (long) i * Medium.SECTOR_BYTES;
            byte[] sector = sectors[first + i];
            if (sector == null) {
                target.asSlice(at, Medium.SECTOR_BYTES).fill((byte) 0);
            } else {
                MemorySegment.copy(
                        sector, 0, target, ValueLayout.JAVA_BYTE, at, Medium.SECTOR_BYTES);
            }
        }
        return IoResult.OK;
    }

    @Override
    public synchronized IoResult write(
            MemorySegment source, long sourceOffset, int length, long offset, boolean isDurable) {
        int first = (int) (offset / Medium.SECTOR_BYTES);
        for (int i = 0; i < length / Medium.SECTOR_BYTES; i++) {
            long at = sourceOffset + (long) i * Medium.SECTOR_BYTES;
            sectors[first + i] =
                    source.asSlice(at, Medium.SECTOR_BYTES).toArray(ValueLayout.JAVA_BYTE);
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
