package io.quoin.codec.parity;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Optimised and reference code can agree on a matrix that is itself unsuitable, so the matrix is judged here on its own, with
/// arithmetic of the tests' own.
final class ErasureMatrixTest {
    @Test
    void everyFactorAgreesWithTheDefinition() {
        for (int i = 0; i < 31; i++) {
            for (int j = 0; i + j < 32 && j < 31 + (i == 0 ? 1 : 0); j++) {
                assertThat(ErasureMatrix.at(i, j))
                        .as("parity %d, data %d", i, j)
                        .isEqualTo(ErasureCodeReference.factor(i, j));
            }
        }
    }

    @Test
    void theFirstParityAndTheFirstDataHaveOnlyOnesAndTheSecondParityHasPowersOfTwo() {
        for (int i = 0; i < 31; i++) {
            assertThat(ErasureMatrix.at(0, i)).as("P, data %d", i).isEqualTo(1);
            assertThat(ErasureMatrix.at(i, 0)).as("parity %d, first data", i).isEqualTo(1);
            assertThat(ErasureMatrix.at(1, i))
                    .as("Q, data %d", i)
                    .isEqualTo(ErasureCodeReference.power(2, i));
        }
    }

    /// Pins the disk format: these numbers may never change.
    @Test
    void theFactorsOfTheThirdAndFourthParityStandAsTheyWerePublished() {
        int[] r = new int[8];
        int[] s = new int[8];
        for (int j = 0; j < 8; j++) {
            r[j] = ErasureMatrix.at(2, j);
            s[j] = ErasureMatrix.at(3, j);
        }
        assertThat(r).containsExactly(0x01, 0xF5, 0xD2, 0xC4, 0x9A, 0x71, 0xF1, 0x7F);
        assertThat(s).containsExactly(0x01, 0xBB, 0xA6, 0xD7, 0xC7, 0x07, 0xCE, 0x82);
    }

    /// Goal: every k + m <= 32 is MDS, that is, every square part of the parity rows can be inverted.
    /// Method: the determinant of a Cauchy matrix is a product of differences of its x and y, so it is enough that those are
    /// different (each entry, times x + y, is the same along its row, which says the matrix is Cauchy up to factors of rows).
    /// The row of ones is the limit of x towards infinity; its determinants are those of the other rows' differences.
    @Test
    void theMatrixIsCauchyWithXAndYAllDifferent() {
        Set<Integer> seen = new HashSet<>();
        for (int j = 0; j < 32; j++) {
            assertThat(seen.add(y(j))).as("y of data %d", j).isTrue();
        }
        for (int i = 1; i < 31; i++) {
            assertThat(seen.add(x(i))).as("x of parity %d", i).isTrue();
            for (int j = 0; i + j < 32; j++) {
                int rowFactor = ErasureCodeReference.multiply(ErasureMatrix.at(i, j), x(i) ^ y(j));
                assertThat(rowFactor)
                        .as("parity %d, data %d", i, j)
                        .isEqualTo(x(i) ^ y(0))
                        .isNotZero();
            }
        }
    }

    /// The same claim by brute force, as far as that goes in a second: every part of up to three rows and columns.
    @Test
    void everySquarePartOfUpToThreeRowsHasANonZeroDeterminant() {
        int[][] a = new int[31][32];
        for (int i = 0; i < 31; i++) {
            for (int j = 0; i + j < 32; j++) {
                a[i][j] = ErasureMatrix.at(i, j);
            }
        }
        int[][] product = new int[256][256];
        for (int u = 0; u < 256; u++) {
            for (int v = 0; v < 256; v++) {
                product[u][v] = ErasureCodeReference.multiply(u, v);
            }
        }
        int parts = 0;
        // Rows i < m and columns j < k of one code satisfy i + j <= 30.
        for (int i2 = 0; i2 < 31; i2++) {
            for (int j2 = 0; i2 + j2 <= 30; j2++) {
                require(a[i2][j2], i2, j2);
                for (int i1 = 0; i1 < i2; i1++) {
                    for (int j1 = 0; j1 < j2; j1++) {
                        require(
                                product[a[i1][j1]][a[i2][j2]] ^ product[a[i1][j2]][a[i2][j1]],
                                i1,
                                i2,
                                j1,
                                j2);
                        for (int i0 = 0; i0 < i1; i0++) {
                            for (int j0 = 0; j0 < j1; j0++) {
                                int c0 =
                                        product[a[i1][j1]][a[i2][j2]]
                                                ^ product[a[i1][j2]][a[i2][j1]];
                                int c1 =
                                        product[a[i1][j0]][a[i2][j2]]
                                                ^ product[a[i1][j2]][a[i2][j0]];
                                int c2 =
                                        product[a[i1][j0]][a[i2][j1]]
                                                ^ product[a[i1][j1]][a[i2][j0]];
                                require(
                                        product[a[i0][j0]][c0]
                                                ^ product[a[i0][j1]][c1]
                                                ^ product[a[i0][j2]][c2],
                                        i0,
                                        i1,
                                        i2,
                                        j0,
                                        j1,
                                        j2);
                                parts++;
                            }
                        }
                    }
                }
            }
        }
        assertThat(parts).isGreaterThan(500_000);
    }

    private static void require(int determinant, int... part) {
        if (determinant == 0) {
            throw new AssertionError("singular part, rows then columns: " + Arrays.toString(part));
        }
    }

    private static int x(int i) {
        return i == 1 ? 0 : ErasureCodeReference.power(2, i - 1);
    }

    private static int y(int j) {
        return ErasureCodeReference.divide(1, ErasureCodeReference.power(2, j));
    }
}
