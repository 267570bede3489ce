package io.quoin.volume.powercut;

import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.IoResult;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// A member whose writes and flushes are logged, and which may stop working.
final class RecordingFile implements BlockFile {
    private final BlockFile file;
    private final int member;
    private final WriteLog log;
    private volatile boolean isBroken;

    RecordingFile(BlockFile file, int member, WriteLog log) {
        this.file = file;
        this.member = member;
        this.log = log;
    }

    /// From now on every operation fails, and nothing reaches the medium.
    void breakDown() {
        isBroken = true;
    }

    @Override
    public String name() {
        return file.name();
    }

    @Override
    public long lengthBytes() {
        return file.lengthBytes();
    }

    @Override
    public IoResult read(MemorySegment target, long targetOffset, int length, long offset) {
        return isBroken ? IoResult.ERROR : file.read(target, targetOffset, length, offset);
    }

    @Override
    public IoResult write(
            MemorySegment source, long sourceOffset, int length, long offset, boolean isDurable) {
        if (isBroken) {
            return IoResult.ERROR;
        }
        byte[] bytes = source.asSlice(sourceOffset, length).toArray(ValueLayout.JAVA_BYTE);
        WriteLog.Write write = new WriteLog.Write(member, offset, bytes, isDurable);
        log.add(WriteLog.Kind.WRITE_BEGUN, write);
        IoResult result = file.write(source, sourceOffset, length, offset, isDurable);
        if (result.isOk()) {
            log.add(WriteLog.Kind.WRITE_ENDED, write);
        }
        return result;
    }

    @Override
    public IoResult flush() {
        if (isBroken) {
            return IoResult.ERROR;
        }
        WriteLog.Flush flush = new WriteLog.Flush(member);
        log.add(WriteLog.Kind.FLUSH_BEGUN, flush);
        IoResult result = file.flush();
        if (result.isOk()) {
            log.add(WriteLog.Kind.FLUSH_ENDED, flush);
        }
        return result;
    }

    @Override
    public void close() {
        file.close();
    }
}
