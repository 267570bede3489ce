package io.quoin.cli;

import java.nio.file.Path;
import java.util.List;

/// Paths as typed, made absolute: the daemon has another working directory.
final class Paths {
    private Paths() {}

    static Path absolute(Path typed) {
        return typed.toAbsolutePath().normalize();
    }

    static List<Path> absolute(List<Path> typed) {
        return typed.stream().map(Paths::absolute).toList();
    }
}
