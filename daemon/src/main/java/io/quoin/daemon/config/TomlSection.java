package io.quoin.daemon.config;

import io.quoin.volume.remote.MemberAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;
import org.tomlj.TomlArray;
import org.tomlj.TomlPosition;
import org.tomlj.TomlTable;

/// A table of a TOML file, read key by key. What nobody asked for by the end is refused.
final class TomlSection {
    private final Path file;
    private final String name;
    private final TomlTable table;
    private final TreeSet<String> asked = new TreeSet<>();

    /// A table.
    ///
    /// @param file for messages
    /// @param name as it stands in the file: `[listen]`, or empty for the file itself
    /// @param table the table, null when it is not there
    TomlSection(Path file, String name, TomlTable table) {
        this.file = file;
        this.name = name;
        this.table = table;
    }

    /// {@return a refusal at a key's line}
    ///
    /// @param key key
    /// @param message expected and found
    ConfigException refuse(String key, String message) {
        return refuse(table == null ? null : table.inputPositionOf(List.of(key)), key, message);
    }

    private ConfigException refuse(TomlPosition at, String key, String message) {
        return new ConfigException(
                file
                        + (at == null ? "" : ":" + at.line())
                        + ": "
                        + (name.isEmpty() ? "" : name + " ")
                        + key
                        + ": "
                        + message);
    }

    private Object find(String key) {
        asked.add(key);
        return table == null ? null : table.get(List.of(key));
    }

    private <T> Optional<T> typed(String key, Class<T> type, String expected)
            throws ConfigException {
        Object value = find(key);
        if (value == null) {
            return Optional.empty();
        }
        if (!type.isInstance(value)) {
            throw refuse(key, "expected " + expected + ", was " + show(value));
        }
        return Optional.of(type.cast(value));
    }

    private static String show(Object value) {
        return switch (value) {
            case String text -> "\"" + text + "\"";
            case TomlTable ignored -> "a table";
            case TomlArray ignored -> "an array";
            default -> value.toString();
        };
    }

    Optional<String> string(String key) throws ConfigException {
        return typed(key, String.class, "a string");
    }

    Optional<Boolean> bool(String key) throws ConfigException {
        return typed(key, Boolean.class, "true or false");
    }

    OptionalLong integer(String key, long least, long most) throws ConfigException {
        Optional<Long> value = typed(key, Long.class, "a number");
        if (value.isEmpty()) {
            return OptionalLong.empty();
        }
        if (value.get() < least || value.get() > most) {
            throw refuse(key, "expected " + least + " to " + most + ", was " + value.get());
        }
        return OptionalLong.of(value.get());
    }

    /// {@return a count of bytes: a number, or a string such as `256M`}
    OptionalLong bytes(String key) throws ConfigException {
        Object value = find(key);
        try {
            return switch (value) {
                case null -> OptionalLong.empty();
                case Long number when number >= 0 -> OptionalLong.of(number);
                case String text -> OptionalLong.of(ByteCount.parse(text));
                default ->
                        throw refuse(
                                key,
                                "expected a size such as 4096 or \"256M\", was " + show(value));
            };
        } catch (IllegalArgumentException e) {
            throw refuse(key, e.getMessage());
        }
    }

    Optional<Path> path(String key) throws ConfigException {
        Optional<String> text = string(key);
        return text.isEmpty() ? Optional.empty() : Optional.of(path(key, text.get()));
    }

    private Path path(String key, String text) throws ConfigException {
        try {
            Path path = Path.of(text);
            if (!path.isAbsolute()) {
                throw refuse(key, "expected an absolute path, was \"" + text + "\"");
            }
            return path;
        } catch (InvalidPathException e) {
            throw refuse(key, "expected a path, was \"" + text + "\": " + e.getReason());
        }
    }

    private MemberAddress address(String key, String text) throws ConfigException {
        MemberAddress address;
        try {
            address = MemberAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw refuse(key, e.getMessage());
        }
        if (!address.equals(address.absolute())
                && !address.path().map(Path::isAbsolute).orElse(false)) {
            throw refuse(key, "expected an absolute path, was \"" + text + "\"");
        }
        return address;
    }

    Optional<List<String>> strings(String key) throws ConfigException {
        Optional<TomlArray> array = typed(key, TomlArray.class, "an array of strings");
        if (array.isEmpty()) {
            return Optional.empty();
        }
        List<String> result = new ArrayList<>();
        for (int i = 0; i < array.get().size(); i++) {
            if (!(array.get().get(i) instanceof String text)) {
                throw refuse(
                        array.get().inputPositionOf(i),
                        key,
                        "expected an array of strings, was " + show(array.get().get(i)) + " in it");
            }
            result.add(text);
        }
        return Optional.of(result);
    }

    Optional<List<MemberAddress>> addresses(String key) throws ConfigException {
        Optional<List<String>> texts = strings(key);
        if (texts.isEmpty()) {
            return Optional.empty();
        }
        List<MemberAddress> result = new ArrayList<>();
        for (String text : texts.get()) {
            result.add(address(key, text));
        }
        return Optional.of(result);
    }

    TomlSection section(String key) throws ConfigException {
        return new TomlSection(
                file, "[" + key + "]", typed(key, TomlTable.class, "a table").orElse(null));
    }

    List<TomlSection> sections(String key) throws ConfigException {
        Optional<TomlArray> array =
                typed(key, TomlArray.class, "tables, each begun by [[" + key + "]]");
        List<TomlSection> result = new ArrayList<>();
        for (int i = 0; array.isPresent() && i < array.get().size(); i++) {
            if (!(array.get().get(i) instanceof TomlTable each)) {
                throw refuse(key, "expected tables, each begun by [[" + key + "]]");
            }
            result.add(new TomlSection(file, "[[" + key + "]]", each));
        }
        return result;
    }

    /// Refuses keys that nobody asked for.
    ///
    /// @throws ConfigException naming the first
    void end() throws ConfigException {
        if (table == null) {
            return;
        }
        for (String key : table.keySet()) {
            if (!asked.contains(key)) {
                throw refuse(key, "unknown; expected one of " + String.join(", ", asked));
            }
        }
    }
}
