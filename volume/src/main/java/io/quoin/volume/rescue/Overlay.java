package io.quoin.volume.rescue;

import static io.quoin.volume.geometry.Geometry.BLOCK_BYTES;

import io.quoin.volume.format.MemberLayout;
import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import org.agrona.collections.Long2ObjectHashMap;

/// A member that is only read: what is written to it stays in memory, and is what it reads as from then on. One that is not there is
/// an overlay over nothing: its info counts as damaged, its blocks cannot be read but for those that were written.
///
/// One thread.
final class Overlay implements BlockFile {
    private static final byte NO_INFO = (byte) 0xFF;

    private final BlockFile base;
    private final String name;
    private final MemberLayout layout;
    private final Long2ObjectHashMap<MemorySegment> written = new Long2ObjectHashMap<>();

    /// An overlay.
    ///
    /// @param base the member, or null
    /// @param name what it is called
    /// @param layout where things lie on it
    Overlay(BlockFile base, String name, MemberLayout layout) {
        this.base = base;
        this.name = name;
        this.layout = layout;
    }

    /// {@return whether a block was written here, and is not what the member has}
    ///
    /// @param offset where it lies
    boolean has(long offset) {
        return written.containsKey(offset);
    }

    /// {@return whether any block was}
    boolean isWritten() {
        return !written.isEmpty();
    }

    /// {@return whether there is a member beneath}
    boolean isThere() {
        return base != null;
    }

    @Override
    public String name() {
        return name;
    }

    @Override
    public long lengthBytes() {
        return layout.memberBytes();
    }

    @Override
    public IoResult read(MemorySegment target, long targetOffset, int length, long offset) {
        int covered = 0;
        for (int at = 0; at < length && isWritten(); at += BLOCK_BYTES) {
            covered += has(offset + at) ? 1 : 0;
        }
        if (covered * BLOCK_BYTES < length) {
            IoResult result = readBase(target, targetOffset, length, offset);
            if (!result.isOk()) {
                return result;
            }
        }
        for (int at = 0; at < length && covered > 0; at += BLOCK_BYTES) {
            MemorySegment block = written.get(offset + at);
            if (block != null) {
                MemorySegment.copy(block, 0, target, targetOffset + at, BLOCK_BYTES);
            }
        }
        return IoResult.OK;
    }

    private IoResult readBase(MemorySegment target, long targetOffset, int length, long offset) {
        if (base != null) {
            return base.read(target, targetOffset, length, offset);
        }
        if (offset < layout.zonesOffset() || !layout.isInfo(offset)) {
            return IoResult.ERROR;
        }
        // Neither blank nor valid. An error would have the info of each group read by itself.
        target.asSlice(targetOffset, length).fill(NO_INFO);
        return IoResult.OK;
    }

    @Override
    public IoResult write(
            MemorySegment source, long sourceOffset, int length, long offset, boolean durable) {
        for (int at = 0; at < length; at += BLOCK_BYTES) {
            MemorySegment block =
                    written.computeIfAbsent(
                            offset + at,
                            where -> Arena.ofAuto().allocate(BLOCK_BYTES, BLOCK_BYTES));
            MemorySegment.copy(source, sourceOffset + at, block, 0, BLOCK_BYTES);
        }
        return IoResult.OK;
    }

    @Override
    public IoResult flush() {
        return IoResult.OK;
    }

    /// The member is somebody else's to close.
    @Override
    public void close() {}
}
