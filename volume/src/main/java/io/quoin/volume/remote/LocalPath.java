package io.quoin.volume.remote;

import io.quoin.volume.member.BlockFile;
import io.quoin.volume.member.LocalFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/// A file or device of this host.
///
/// @param file its path
public record LocalPath(Path file) implements MemberAddress {
    @Override
    public BlockFile open(boolean writable) throws IOException {
        return LocalFile.open(file, writable);
    }

    @Override
    public Optional<Path> path() {
        return Optional.of(file);
    }

    @Override
    public MemberAddress absolute() {
        return new LocalPath(file.toAbsolutePath().normalize());
    }

    @Override
    public boolean isSamePlace(MemberAddress other) {
        try {
            return equals(other)
                    || other instanceof LocalPath(Path path)
                            && Files.exists(file)
                            && Files.exists(path)
                            && Files.isSameFile(file, path);
        } catch (IOException e) {
            return false;
        }
    }

    @Override
    public String toString() {
        return file.toString();
    }
}
