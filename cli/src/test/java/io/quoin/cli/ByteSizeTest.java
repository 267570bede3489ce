package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteSizeTest {
    @ParameterizedTest
    @CsvSource({
        "0, 0",
        "4096, 4096",
        "512B, 512",
        "16K, 16384",
        "16k, 16384",
        "16 KiB, 16384",
        "16Ki, 16384",
        "16kB, 16000",
        "256M, 268435456",
        "1 GiB, 1073741824",
        "1.5G, 1610612736",
        "2TB, 2000000000000",
        "1P, 1125899906842624",
        "9223372036854775807, 9223372036854775807",
        "0.5 k, 512",
    })
    void readsASizeAsPeopleWriteIt(String text, long bytes) {
        assertThat(ByteSize.parse(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "M",
                "-1",
                "+1",
                "1  K",
                "1.K",
                ".5K",
                "1,5K",
                "12 apples",
                "1e3",
                "0x10",
                "1K1",
                "1_000",
                "NaN"
            })
    void refusesWhatIsNoSizeAndSaysWhatItWas(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ByteSize.parse(text))
                .withMessage("expected a size such as 4096, 256M or 1.5 GiB, was \"" + text + "\"");
    }

    @ParameterizedTest
    @ValueSource(strings = {"9223372036854775808", "8192P", "1.5", "0.3K", "9999999999999999999G"})
    void refusesPartsOfAByteAndWhatDoesNotFit(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ByteSize.parse(text))
                .withMessage("expected a whole number of bytes below 8 EiB, was \"" + text + "\"");
    }

    @ParameterizedTest
    @CsvSource({
        "0, 0 B",
        "1, 1 B",
        "1023, 1023 B",
        "1024, 1 KiB",
        "1536, 1.5 KiB",
        "1048575, 1023.99 KiB",
        "1048576, 1 MiB",
        "268435456, 256 MiB",
        "1610612736, 1.5 GiB",
        "10485760, 10 MiB",
        "9223372036854775807, 7.99 EiB",
    })
    void formatsInTheLargestUnitAndRoundsDown(long bytes, String text) {
        assertThat(ByteSize.format(bytes)).isEqualTo(text);
    }

    @Test
    void readsBackEachPowerOfTwoThatItFormatted() {
        for (int shift = 0; shift < 60; shift++) {
            assertThat(ByteSize.parse(ByteSize.format(1L << shift))).isEqualTo(1L << shift);
        }
    }
}
