package io.quoin.codec.nbd;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/// The name of an export: at most 4096 bytes of UTF-8 without NUL. The empty name means the default
/// export.
///
/// @param text the name
public record ExportName(String text) {
    /// Longest name, in bytes of UTF-8; the protocol's bound on all its strings.
    public static final int MAX_BYTES = 4096;

    /// The name of the default export.
    public static final ExportName DEFAULT = new ExportName("");

    /// Checks the name.
    ///
    /// @throws IllegalArgumentException when it is too long or holds a NUL or half a character
    public ExportName {
        byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_BYTES) {
            throw new IllegalArgumentException(
                    "export name: expected at most " + MAX_BYTES + " bytes, was " + bytes.length);
        }
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("export name: expected no NUL, was one");
        }
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(text)) {
            throw new IllegalArgumentException(
                    "export name: expected Unicode, was half a character");
        }
    }

    /// {@return the string that bytes from the wire spell, or nothing when they break the protocol's
    /// rules for strings}
    ///
    /// @param bytes holds the string
    /// @param from its first byte
    /// @param length its length in bytes
    public static Optional<String> decode(byte[] bytes, int from, int length) {
        if (length > MAX_BYTES) {
            return Optional.empty();
        }
        for (int i = from; i < from + length; i++) {
            if (bytes[i] == 0) {
                return Optional.empty();
            }
        }
        try {
            return Optional.of(
                    StandardCharsets.UTF_8
                            .newDecoder()
                            .decode(ByteBuffer.wrap(bytes, from, length))
                            .toString());
        } catch (CharacterCodingException e) {
            return Optional.empty();
        }
    }

    /// {@return the name's bytes on the wire}
    public byte[] toBytes() {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    /// {@return whether this names the default export}
    public boolean isDefault() {
        return text.isEmpty();
    }

    /// {@return the name as a log line may show it: a client chose its characters}
    @Override
    public String toString() {
        StringBuilder shown = new StringBuilder("\"");
        text.codePoints()
                .limit(64)
                .forEach(c -> {
                    if (c < ' ' || c == '"' || c == '\\' || Character.isISOControl(c)) {
                        shown.append(String.format("\\u%04x", c));
                    } else {
                        shown.appendCodePoint(c);
                    }
                });
        return shown.append(text.length() > 64 ? "...\"" : "\"").toString();
    }
}
