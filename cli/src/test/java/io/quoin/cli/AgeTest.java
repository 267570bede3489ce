package io.quoin.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AgeTest {
    @ParameterizedTest
    @CsvSource({
        "-5000, just now",
        "0, just now",
        "59999, just now",
        "60000, 1 minute ago",
        "3599999, 59 minutes ago",
        "3600000, 1 hour ago",
        "86399999, 23 hours ago",
        "86400000, 1 day ago",
        "172800000, 2 days ago",
        "86400000000, 1000 days ago"
    })
    void anAgeIsSaidInItsLargestUnit(long age, String text) {
        assertThat(Age.of(1_795_000_000_000L - age, 1_795_000_000_000L)).isEqualTo(text);
    }
}
