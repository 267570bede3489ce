package io.quoin.cli;

import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/// Counts of bytes as people write them: `4096`, `256M`, `1 GiB`, `1.5T`. As picocli's converter it
/// serves options of type `long`: `@Option(names = "--size", converter = ByteSize.class)`.
///
/// `K`, `M`, `G`, `T`, `P`, with or without `iB`, are powers of 1024; with `B` alone (`kB`, `MB`) they
/// are powers of 1000, as the disks' makers count. Letters of either case.
final class ByteSize implements ITypeConverter<Long> {
    private static final Pattern SIZE = Pattern.compile("(\\d{1,19}(?:\\.\\d{1,9})?) ?([A-Za-z]*)");
    private static final Map<String, Long> UNITS =
            Map.ofEntries(
                    Map.entry("", 1L),
                    Map.entry("b", 1L),
                    Map.entry("k", 1L << 10),
                    Map.entry("ki", 1L << 10),
                    Map.entry("kib", 1L << 10),
                    Map.entry("kb", 1_000L),
                    Map.entry("m", 1L << 20),
                    Map.entry("mi", 1L << 20),
                    Map.entry("mib", 1L << 20),
                    Map.entry("mb", 1_000_000L),
                    Map.entry("g", 1L << 30),
                    Map.entry("gi", 1L << 30),
                    Map.entry("gib", 1L << 30),
                    Map.entry("gb", 1_000_000_000L),
                    Map.entry("t", 1L << 40),
                    Map.entry("ti", 1L << 40),
                    Map.entry("tib", 1L << 40),
                    Map.entry("tb", 1_000_000_000_000L),
                    Map.entry("p", 1L << 50),
                    Map.entry("pi", 1L << 50),
                    Map.entry("pib", 1L << 50),
                    Map.entry("pb", 1_000_000_000_000_000L));
    private static final String[] NAMES = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};

    /// {@return the count}
    ///
    /// @param text for example `256M`
    /// @throws IllegalArgumentException when it is no size, no whole number of bytes, or above 2^63 - 1
    static long parse(String text) {
        Matcher matcher = SIZE.matcher(text.strip());
        Long unitBytes =
                matcher.matches() ? UNITS.get(matcher.group(2).toLowerCase(Locale.ROOT)) : null;
        if (unitBytes == null) {
            throw new IllegalArgumentException(
                    "expected a size such as 4096, 256M or 1.5 GiB, was \"" + text + "\"");
        }
        try {
            return new BigDecimal(matcher.group(1))
                    .multiply(BigDecimal.valueOf(unitBytes))
                    .longValueExact();
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException(
                    "expected a whole number of bytes below 8 EiB, was \"" + text + "\"", e);
        }
    }

    /// {@return the count in its largest unit of 1024, to two decimals, rounded down: `1.5 GiB`}
    ///
    /// @param bytes 0 or more
    static String format(long bytes) {
        assert bytes >= 0 : bytes;
        int unit = bytes == 0 ? 0 : (63 - Long.numberOfLeadingZeros(bytes)) / 10;
        // Down: 1023.999 KiB is not yet 1024, and free space is not overstated.
        String number =
                BigDecimal.valueOf(bytes)
                        .divide(BigDecimal.valueOf(1L << (10 * unit)), 2, RoundingMode.DOWN)
                        .stripTrailingZeros()
                        .toPlainString();
        return number + " " + NAMES[unit];
    }

    @Override
    public Long convert(String text) {
        try {
            return parse(text);
        } catch (IllegalArgumentException e) {
            throw new TypeConversionException(e.getMessage());
        }
    }
}
