package io.quoin.cli;

import com.grack.nanojson.JsonObject;
import java.io.PrintWriter;

/// What a command found, in two forms that say the same: text for people, JSON for programs. Usually
/// a record. Byte counts are text such as `1.5 GiB` in the one and plain numbers in the other.
interface Report {
    /// {@return the JSON form; the fields have the glossary's words as names, in camel case}
    JsonObject toJson();

    /// Writes the text form, each line ended.
    ///
    /// @param out where to
    void writeText(PrintWriter out);
}
