package io.quoin.codec;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

final class KernelSelfTestTest {
    @Test
    void theKernelsOfThisMachineAgreeWithTheirDefinitions() {
        assertThatCode(KernelSelfTest::verify).doesNotThrowAnyException();
        assertThat(KernelSelfTest.description()).matches("(scalar|vector).*");
    }

    @Test
    void aKernelThatDisagreesIsNamedWithExpectedAndFound() {
        assertThatThrownBy(() -> KernelSelfTest.expect("crc32c", "block", 0x12, 0x34))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining(
                        "kernel crc32c ("
                                + KernelSelfTest.description()
                                + "), block: expected 0x12, was 0x34");
    }
}
