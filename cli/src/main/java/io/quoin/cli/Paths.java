package io.quoin.cli;

import io.quoin.volume.remote.MemberAddress;
import java.nio.file.Path;
import java.util.List;

/// Paths as typed, made absolute: the daemon has another working directory.
final class Paths {
    private Paths() {}

    static Path absolute(Path typed) {
        return typed.toAbsolutePath().normalize();
    }

    static List<MemberAddress> absolute(List<MemberAddress> typed) {
        return typed.stream().map(MemberAddress::absolute).toList();
    }
}
