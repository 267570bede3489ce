package io.quoin.cli;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;

/// The file or device that a rescue writes to. A file is sparse; a device is written to where it must read as zeros too.
///
/// One thread.
final class RescueImage implements AutoCloseable {
    private static final ByteBuffer ZEROS = ByteBuffer.allocateDirect(1 << 20);

    private final Path path;
    private final FileChannel channel;
    private final long sizeBytes;
    private final boolean isDevice;
    private long writtenBytes;

    private RescueImage(Path path, FileChannel channel, long sizeBytes, boolean isDevice) {
        this.path = path;
        this.channel = channel;
        this.sizeBytes = sizeBytes;
        this.isDevice = isDevice;
    }

    /// Opens it, empty.
    ///
    /// @param path a file, or a device
    /// @param sizeBytes size of the volume
    /// @param force take one that is there
    /// @return where to write
    /// @throws CommandFailure when it is there already, or too small
    /// @throws IOException when it cannot be opened
    static RescueImage open(Path path, long sizeBytes, boolean force)
            throws CommandFailure, IOException {
        boolean isDevice = Files.exists(path) && !Files.isRegularFile(path);
        if (Files.isDirectory(path)) {
            throw CommandFailure.failed(
                    path + ": expected a file or block device to write to, is a directory");
        }
        if (Files.exists(path) && !force) {
            throw CommandFailure.failed(
                    path
                            + ": expected no such file, found "
                            + (isDevice ? "a device" : "one of " + Files.size(path) + " bytes")
                            + "; --force overwrites it");
        }
        FileChannel channel =
                FileChannel.open(
                        path,
                        isDevice
                                ? Set.of(StandardOpenOption.WRITE)
                                : Set.of(
                                        StandardOpenOption.WRITE,
                                        StandardOpenOption.CREATE,
                                        StandardOpenOption.TRUNCATE_EXISTING,
                                        StandardOpenOption.SPARSE));
        boolean isOpen = false;
        try {
            if (isDevice && channel.size() < sizeBytes) {
                throw CommandFailure.failed(
                        path
                                + ": expected room for "
                                + sizeBytes
                                + " bytes, found "
                                + channel.size());
            }
            isOpen = true;
            return new RescueImage(path, channel, sizeBytes, isDevice);
        } finally {
            if (!isOpen) {
                channel.close();
            }
        }
    }

    /// Writes blocks.
    ///
    /// @param offsetBytes where they go
    /// @param content their bytes
    /// @throws CommandFailure when there is no room left
    void write(long offsetBytes, MemorySegment content) throws CommandFailure {
        write(offsetBytes, content.asByteBuffer());
        writtenBytes += content.byteSize();
    }

    /// Leaves a hole, or what reads like one.
    ///
    /// @param offsetBytes where it begins
    /// @param lengthBytes how long it is
    /// @throws CommandFailure when a device fails
    void skip(long offsetBytes, long lengthBytes) throws CommandFailure {
        for (long at = 0; isDevice && at < lengthBytes; at += ZEROS.capacity()) {
            int length = (int) Math.min(ZEROS.capacity(), lengthBytes - at);
            write(offsetBytes + at, ZEROS.duplicate().limit(length));
        }
    }

    private void write(long offsetBytes, ByteBuffer bytes) throws CommandFailure {
        long at = offsetBytes;
        try {
            while (bytes.hasRemaining()) {
                at += channel.write(bytes, at);
            }
        } catch (IOException e) {
            throw failure("written at offset " + at + ", " + writtenBytes + " bytes are", e);
        }
    }

    private CommandFailure failure(String what, IOException cause) {
        boolean isFull = String.valueOf(cause.getMessage()).contains("No space left");
        return CommandFailure.failed(
                path
                        + ": could not be "
                        + what
                        + ": "
                        + cause.getMessage()
                        + (isFull
                                ? "; the volume has "
                                        + sizeBytes
                                        + " bytes, have room for that and begin again with --force"
                                : ""),
                cause);
    }

    /// {@return bytes written, holes left out}
    long writtenBytes() {
        return writtenBytes;
    }

    /// Makes it as long as the volume, and durable.
    ///
    /// @throws CommandFailure when that fails
    void finish() throws CommandFailure {
        try {
            if (!isDevice && channel.size() < sizeBytes) {
                // The last byte of a hole: it takes one block.
                channel.write(ByteBuffer.wrap(new byte[1]), sizeBytes - 1);
            }
            channel.force(true);
        } catch (IOException e) {
            throw failure("finished", e);
        }
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
