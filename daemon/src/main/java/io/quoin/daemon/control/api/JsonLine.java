package io.quoin.daemon.control.api;

import com.grack.nanojson.JsonObject;
import com.grack.nanojson.JsonParser;
import com.grack.nanojson.JsonParserException;

/// A line of the control protocol as the other side sent it. The parser calls itself for each level, so
/// the depth is bounded before it begins; no request or answer of ours is deeper than a handful.
public final class JsonLine {
    private static final int MAX_DEPTH = 64;

    /// A line that is no JSON object. The message is for operators.
    public static final class Malformed extends Exception {
        private static final long serialVersionUID = 1;

        Malformed(String message, Throwable cause) {
            super(message, cause);
        }
    }

    private JsonLine() {}

    /// {@return the object that a line spells}
    ///
    /// @param line one line
    /// @throws Malformed when it is no JSON object, or nested deeper than 64
    public static JsonObject parse(String line) throws Malformed {
        checkDepth(line);
        try {
            return JsonParser.object().from(line);
        } catch (JsonParserException e) {
            throw new Malformed(e.getMessage(), e);
        }
    }

    private static void checkDepth(String line) throws Malformed {
        int depth = 0;
        boolean isText = false;
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            if (isText) {
                i += c == '\\' ? 1 : 0;
                isText = c != '"';
            } else if (c == '"') {
                isText = true;
            } else if (c == '[' || c == '{') {
                depth++;
            } else if (c == ']' || c == '}') {
                depth--;
            }
            if (depth > MAX_DEPTH) {
                throw new Malformed(
                        "nested deeper than " + MAX_DEPTH + " levels, at character " + i, null);
            }
        }
    }
}
