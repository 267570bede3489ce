package io.quoin.daemon.control.api;

/// Names of JSON fields: the glossary's words in camel case.
public final class FieldNames {
    private FieldNames() {}

    /// {@return the field of a label: `read bytes` becomes `readBytes`}
    ///
    /// @param label words with blanks between them
    public static String of(String label) {
        StringBuilder name = new StringBuilder();
        for (String word : label.split(" ")) {
            name.append(
                    name.isEmpty()
                            ? word
                            : Character.toUpperCase(word.charAt(0)) + word.substring(1));
        }
        return name.toString();
    }
}
