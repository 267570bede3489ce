package io.quoin.codec.galois;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Random;
import org.junit.jupiter.api.Test;

final class Gf256Test {
    @Test
    void productsAreThoseOfPolynomialsReducedByLongDivision() {
        for (int a = 0; a < 256; a++) {
            for (int b = 0; b < 256; b++) {
                int product = 0;
                for (int bit = 0; bit < 8; bit++) {
                    product ^= (b >>> bit & 1) * (a << bit);
                }
                for (int bit = 14; bit >= 8; bit--) {
                    product ^= (product >>> bit & 1) * (0x11D << bit - 8);
                }
                assertThat(Gf256.multiply(a, b)).as("%d * %d", a, b).isEqualTo(product);
            }
        }
    }

    @Test
    void everyElementButZeroTimesItsInverseIsOne() {
        for (int a = 1; a < 256; a++) {
            assertThat(Gf256.multiply(a, Gf256.invert(a))).as("element %d", a).isEqualTo(1);
        }
    }

    @Test
    void thePowersOfTwoMeetEveryElementButZero() {
        boolean[] isMet = new boolean[256];
        for (int exponent = 0; exponent < 255; exponent++) {
            int power = Gf256.power(exponent);
            assertThat(isMet[power] || power == 0).as("2^%d", exponent).isFalse();
            isMet[power] = true;
            assertThat(Gf256.multiply(power, Gf256.power(-exponent)))
                    .as("2^-%d", exponent)
                    .isEqualTo(1);
        }
        assertThat(Gf256.power(255)).isEqualTo(1);
    }

    @Test
    void aMatrixTimesItsInverseIsTheIdentity() {
        Random random = new Random(41);
        int inverted = 0;
        for (int round = 0; round < 500; round++) {
            int size = 1 + random.nextInt(16);
            int[][] rows = new int[size][size];
            for (int[] row : rows) {
                for (int j = 0; j < size; j++) {
                    row[j] = random.nextInt(4) == 0 ? 0 : random.nextInt(256);
                }
            }
            Gf256Matrix matrix = Gf256Matrix.of(rows);
            Gf256Matrix inverse;
            try {
                inverse = matrix.inverse();
            } catch (ArithmeticException singular) {
                continue;
            }
            inverted++;
            Gf256Matrix product = matrix.times(inverse);
            for (int i = 0; i < size; i++) {
                for (int j = 0; j < size; j++) {
                    assertThat(product.at(i, j))
                            .as("round %d, entry %d, %d", round, i, j)
                            .isEqualTo(i == j ? 1 : 0);
                }
            }
        }
        assertThat(inverted).as("matrices that were not singular").isGreaterThan(400);
    }

    @Test
    void aSingularMatrixIsRefused() {
        assertThatThrownBy(() -> Gf256Matrix.of(new int[] {1, 2}, new int[] {2, 4}).inverse())
                .isInstanceOf(ArithmeticException.class)
                .hasMessage("matrix is singular: no pivot in column 1");
    }
}
