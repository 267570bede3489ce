package io.quoin.daemon.config;

import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// Counts of bytes as settings write them: `4096`, `256M`, `256MiB`; powers of 1024.
final class ByteCount {
    private static final Pattern COUNT =
            Pattern.compile("(\\d{1,18}) ?([kmgt]?)(i?b)?", Pattern.CASE_INSENSITIVE);

    private ByteCount() {}

    /// {@return the count}
    ///
    /// @param text for example `256M`
    /// @throws IllegalArgumentException when it is none
    static long parse(String text) {
        Matcher matcher = COUNT.matcher(text.strip());
        if (!matcher.matches()) {
            throw new IllegalArgumentException(
                    "expected a size such as 4096 or 256M, was \"" + text + "\"");
        }
        String unit = matcher.group(2).toLowerCase(Locale.ROOT);
        int shift = unit.isEmpty() ? 0 : 10 * (1 + "kmgt".indexOf(unit));
        long count = Long.parseLong(matcher.group(1));
        if (count > Long.MAX_VALUE >> shift) {
            throw new IllegalArgumentException("expected less than 8 EiB, was \"" + text + "\"");
        }
        return count << shift;
    }
}
