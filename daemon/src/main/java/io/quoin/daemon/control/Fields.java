package io.quoin.daemon.control;

import com.grack.nanojson.JsonArray;
import com.grack.nanojson.JsonObject;
import io.quoin.volume.remote.MemberAddress;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeSet;

/// The fields of a request, each checked as it is taken. What nobody took by the end is refused: a
/// misspelt `force` must not be a silent no.
final class Fields {
    private static final int SHOWN = 80;

    private final JsonObject request;
    private final String command;
    private final TreeSet<String> asked = new TreeSet<>();

    Fields(JsonObject request) throws Refusal {
        this.request = request;
        asked.add("command");
        if (!(request.get("command") instanceof String text)) {
            throw new Refusal("command: expected a string, was " + show(request.get("command")));
        }
        command = text;
    }

    String command() {
        return command;
    }

    private Refusal refuse(String field, String expected, Object found) {
        return new Refusal(
                command + ": " + field + ": expected " + expected + ", was " + show(found));
    }

    private static String show(Object value) {
        String text =
                switch (value) {
                    case null -> "nothing";
                    case String string -> "\"" + string + "\"";
                    default -> value.toString();
                };
        return text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
    }

    Optional<String> text(String field) throws Refusal {
        asked.add(field);
        Object value = request.get(field);
        if (value == null) {
            return Optional.empty();
        }
        if (!(value instanceof String text)) {
            throw refuse(field, "a string", value);
        }
        return Optional.of(text);
    }

    String requiredText(String field) throws Refusal {
        return text(field).orElseThrow(() -> refuse(field, "a string", null));
    }

    boolean flag(String field) throws Refusal {
        asked.add(field);
        Object value = request.get(field);
        if (value != null && !(value instanceof Boolean)) {
            throw refuse(field, "true or false", value);
        }
        return value != null && (Boolean) value;
    }

    OptionalLong number(String field, long least, long most) throws Refusal {
        asked.add(field);
        Object value = request.get(field);
        if (value == null) {
            return OptionalLong.empty();
        }
        String expected = "a number from " + least + " to " + most;
        if (!(value instanceof Integer) && !(value instanceof Long)) {
            throw refuse(field, expected, value);
        }
        long number = ((Number) value).longValue();
        if (number < least || number > most) {
            throw refuse(field, expected, value);
        }
        return OptionalLong.of(number);
    }

    long requiredNumber(String field, long least, long most) throws Refusal {
        return number(field, least, most)
                .orElseThrow(() -> refuse(field, "a number from " + least + " to " + most, null));
    }

    Optional<Path> path(String field) throws Refusal {
        Optional<String> text = text(field);
        return text.isPresent() ? Optional.of(path(field, text.get())) : Optional.empty();
    }

    Path requiredPath(String field) throws Refusal {
        return path(field, requiredText(field));
    }

    Optional<MemberAddress> address(String field) throws Refusal {
        Optional<String> text = text(field);
        return text.isPresent() ? Optional.of(address(field, text.get())) : Optional.empty();
    }

    MemberAddress requiredAddress(String field) throws Refusal {
        return address(field, requiredText(field));
    }

    List<MemberAddress> addresses(String field) throws Refusal {
        List<MemberAddress> result = new ArrayList<>();
        for (String text : texts(field, "an array of paths or URIs")) {
            result.add(address(field, text));
        }
        return result;
    }

    List<String> texts(String field) throws Refusal {
        return texts(field, "an array of strings");
    }

    private List<String> texts(String field, String expected) throws Refusal {
        asked.add(field);
        Object value = request.get(field);
        if (value == null) {
            return List.of();
        }
        if (!(value instanceof JsonArray array)) {
            throw refuse(field, expected, value);
        }
        List<String> result = new ArrayList<>();
        for (Object each : array) {
            if (!(each instanceof String text)) {
                throw refuse(field, expected, each);
            }
            result.add(text);
        }
        return result;
    }

    private MemberAddress address(String field, String text) throws Refusal {
        MemberAddress address;
        try {
            address = MemberAddress.parse(text);
        } catch (IllegalArgumentException e) {
            throw new Refusal(command + ": " + field + ": " + e.getMessage());
        }
        if (!address.path().map(Path::isAbsolute).orElse(true)) {
            throw refuse(field, "an absolute path", text);
        }
        return address;
    }

    private Path path(String field, String text) throws Refusal {
        try {
            Path path = Path.of(text);
            if (!path.isAbsolute()) {
                throw refuse(field, "an absolute path", text);
            }
            return path;
        } catch (InvalidPathException e) {
            throw refuse(field, "a path", text);
        }
    }

    /// Refuses fields that nobody took.
    void end() throws Refusal {
        for (String field : request.keySet()) {
            if (!asked.contains(field)) {
                throw new Refusal(
                        command
                                + ": "
                                + show(field)
                                + ": unknown field; expected one of "
                                + String.join(", ", asked));
            }
        }
    }
}
