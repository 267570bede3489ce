package io.quoin.volume.remote;

import io.quoin.volume.member.BlockFile;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;

/// Where a member is, as operators write it: the path of a file or device of this host, or the URI of an NBD server's export.
/// Equal when both lead to the same place by what they say; `toString` is what {@link #parse} takes.
public sealed interface MemberAddress permits LocalPath, NbdExport {
    /// {@return what a text says}
    ///
    /// @param text a path, or `nbd://HOST[:PORT][/EXPORT]`, or `nbd+unix:///[EXPORT]?socket=PATH`
    /// @throws IllegalArgumentException naming what was expected and found
    static MemberAddress parse(String text) {
        if (NbdExport.isUri(text)) {
            return NbdExport.parse(text);
        }
        if (text.isEmpty()) {
            throw new IllegalArgumentException(
                    "expected a path or the URI of an NBD export, was nothing");
        }
        try {
            return new LocalPath(Path.of(text));
        } catch (InvalidPathException e) {
            throw new IllegalArgumentException(
                    "expected a path, was " + text + ": " + e.getReason(), e);
        }
    }

    /// {@return the address of a file or device of this host}
    ///
    /// @param path its path
    static MemberAddress of(Path path) {
        return new LocalPath(path);
    }

    /// Opens the member.
    ///
    /// @param writable false: for examination; writes fail
    /// @return the open member
    /// @throws IOException naming the address and what is wrong
    BlockFile open(boolean writable) throws IOException;

    /// {@return the path, where it is a file or device of this host}
    Optional<Path> path();

    /// {@return the same, understood from everywhere: a path that is absolute, and has no detours}
    MemberAddress absolute();

    /// {@return what tells it from other addresses, as far as it says itself}
    default Object place() {
        return this;
    }

    /// {@return whether it leads to the same place as another, as far as this host can tell}
    ///
    /// @param other another
    boolean isSamePlace(MemberAddress other);
}
