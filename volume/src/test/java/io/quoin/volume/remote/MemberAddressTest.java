package io.quoin.volume.remote;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

final class MemberAddressTest {
    @ParameterizedTest
    @CsvSource({
        "/dev/sda, /dev/sda",
        "m 0, m 0",
        "nbd:x, nbd:x", // a file may be called so
        "nbd://h, nbd://h/",
        "NBD://Host:10809/a/b, nbd://host/a/b",
        "nbd://h:7/a%20b%3F, nbd://h:7/a%20b%3F",
        "nbd://h/a+b, nbd://h/a%2Bb",
        "nbd://[::1]:7/?plaintext=yes, nbd://[::1]:7/?plaintext=yes",
        "nbd://h/?plaintext=no&x=y, nbd://h/",
        "nbd+unix:///?socket=/run/s, nbd+unix:///?socket=/run/s",
        "nbd+unix:///%C3%A9?socket=/run/a%26b, nbd+unix:///%C3%A9?socket=/run/a%26b"
    })
    void saysWhatItWasToldInOneWay(String text, String shown) {
        MemberAddress address = MemberAddress.parse(text);
        assertThat(address).hasToString(shown);
        assertThat(MemberAddress.parse(shown)).isEqualTo(address);
        assertThat(MemberAddress.parse(shown).isSamePlace(address)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nbds://h/",
                "nbds+unix:///?socket=/s",
                "http://h/",
                "nbd://",
                "nbd:///x",
                "nbd://user@h/",
                "nbd://h/#part",
                "nbd://h/?socket=/s",
                "nbd://h:0/",
                "nbd://h:65536/",
                "nbd://h/?plaintext=perhaps",
                "nbd+unix:///x",
                "nbd+unix://h/?socket=/s",
                "nbd+unix:///?socket=",
                "nbd://h/%00",
                "nbd://h/%zz",
                "nbd://h /",
                ""
            })
    void whatIsNoAddressIsRefusedByName(String text) {
        assertThatThrownBy(() -> MemberAddress.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("expected");
    }

    @Test
    void aPathOfASocketIsMadeAbsoluteToo() {
        Path here = Path.of("").toAbsolutePath();
        assertThat(MemberAddress.parse("nbd+unix:///x?socket=a/../s").absolute())
                .hasToString("nbd+unix:///x?socket=" + here.resolve("s"));
        assertThat(MemberAddress.parse("a/../m0").absolute())
                .isEqualTo(MemberAddress.of(here.resolve("m0")));
    }

    @Test
    void plainTextMakesNoOtherPlace() {
        MemberAddress plain = MemberAddress.parse("nbd://h/?plaintext=yes");
        assertThat(plain.isSamePlace(MemberAddress.parse("nbd://h/"))).isTrue();
        assertThat(plain.isSamePlace(MemberAddress.parse("nbd://h/x"))).isFalse();
        assertThat(plain.isSamePlace(MemberAddress.parse("/h"))).isFalse();
    }
}
