package io.quoin.daemon.config;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/// Small files that survive a crash at any instant: the old content or the new, never half.
///
/// Written beside, fsynced, renamed over, and the directory fsynced: without the last, the name may
/// still mean the old file after a power cut (Pillai et al., OSDI 2014).
public final class DurableFile {
    private DurableFile() {}

    /// Replaces a file's content; on stable storage on return.
    ///
    /// @param path file, made if it is not there
    /// @param content text
    /// @throws IOException when it could not be made durable; the old content is still there
    public static void write(Path path, String content) throws IOException {
        Path beside = path.resolveSibling(path.getFileName() + ".new");
        try (FileChannel channel =
                FileChannel.open(
                        beside,
                        StandardOpenOption.CREATE,
                        StandardOpenOption.TRUNCATE_EXISTING,
                        StandardOpenOption.WRITE)) {
            ByteBuffer bytes = ByteBuffer.wrap(content.getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(
                beside, path, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        syncDirectory(path.getParent());
    }

    /// Removes a file; gone for good on return.
    ///
    /// @param path file, may be gone already
    /// @throws IOException when it could not be made durable
    public static void delete(Path path) throws IOException {
        if (Files.deleteIfExists(path)) {
            syncDirectory(path.getParent());
        }
    }

    /// Makes a directory and those above it, names durable.
    ///
    /// @param directory directory
    /// @throws IOException when it cannot be made
    static void makeDirectory(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = directory.getParent();
        if (parent != null) {
            makeDirectory(parent);
        }
        Files.createDirectories(directory);
        if (parent != null) {
            syncDirectory(parent);
        }
    }

    private static void syncDirectory(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }
}
