package io.quoin.codec.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import org.junit.jupiter.api.Test;

final class KernelsTest {
    private static final String MIXED = "mixed mode, sharing";

    /// The build runs these tests with narrower vectors too; here it shows that they are.
    @Test
    void vectorsAreAsWideAsTheBuildAskedFor() {
        int bytes = Integer.getInteger("quoin.vectorBytes", Vectors.BYTES.length());
        assertThat(Vectors.BYTES.length()).isEqualTo(bytes);
    }

    @Test
    void vectorsAreChosenWhereTheyAreWideAndC2Compiles() {
        Kernels.Choice choice = Kernels.choose("", MIXED);
        int bits = Vectors.BYTES.vectorBitSize();
        assertThat(choice.description())
                .isEqualTo(
                        bits >= 256
                                ? "vector: " + bits + " bits"
                                : "scalar: vectors of " + bits + " bits only");
    }

    @Test
    void withoutC2TheScalarKernelsAreChosenAndTheReasonSaysSo() {
        assumeThat(Vectors.BYTES.vectorBitSize()).isGreaterThanOrEqualTo(256);
        assertThat(Kernels.choose("", "interpreted mode, sharing").description())
                .isEqualTo("scalar: no C2 compiler in \"interpreted mode, sharing\"");
        assertThat(Kernels.choose("", "mixed mode, emulated-client, sharing").isVector()).isFalse();
    }

    @Test
    void thePropertyForcesEitherKind() {
        assertThat(Kernels.choose("scalar", MIXED).description())
                .isEqualTo("scalar: forced by -Dquoin.kernel=scalar");
        assertThat(Kernels.choose("vector", "interpreted mode").description())
                .startsWith("vector: ")
                .endsWith(" bits, forced by -Dquoin.kernel=vector");
    }

    @Test
    void anUnknownKindIsRefusedWithWhatWasExpected() {
        assertThatThrownBy(() -> Kernels.choose("fast", MIXED))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("quoin.kernel: expected \"scalar\" or \"vector\", was \"fast\"");
    }

    @Test
    void theFieldsTablesAgreeWithEachOther() {
        for (int a = 0; a < 256; a++) {
            for (int b = 0; b < 256; b++) {
                int nibbles =
                        GaloisTables.NIBBLES[32 * a + (b & 15)]
                                ^ GaloisTables.NIBBLES[32 * a + 16 + (b >>> 4)];
                assertThat(nibbles & 0xFF)
                        .as("%d * %d", a, b)
                        .isEqualTo(GaloisTables.product(a, b))
                        .isEqualTo(GaloisTables.product(b, a));
            }
        }
    }
}
