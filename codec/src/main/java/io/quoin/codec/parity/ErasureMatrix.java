package io.quoin.codec.parity;

import io.quoin.codec.galois.Gf256;
import io.quoin.codec.galois.Gf256Matrix;

/// The numbers that make parity out of data: parity i is the sum over j of `at(i, j) * data j`. Part of the disk format.
///
/// ```
///         data 0   data 1   data 2   data 3 ...
///   P        1        1        1        1              XOR, even row parity
///   Q        1        2        4        8              2^j: RAID-6
///   R        1       f5       d2       c4              (x + 1) / (x + 2^-j), x = 2
///   S        1       bb       a6       d7              the same, x = 4; hexadecimal
///   ...
/// ```
///
/// A Cauchy matrix has `1 / (x_i + y_j)` at row i, column j, with all x and y different, and every square part of it can be
/// inverted: any k of data and parity give back the rest. Multiplying a row or a column by a constant, or moving one x to
/// infinity, keeps that. Here `y_j = 2^-j`, x is infinity for P, 0 for Q and `2^(i - 1)` from then on, and each row is divided
/// by its first entry. So P is plain XOR, Q is RAID-6's, one data block is simply mirrored, and the parities of m are the
/// first ones of m + 1: an array gains a parity without rewriting those it has.
///
/// Sources: J. Blömer et al., "An XOR-based erasure-resilient coding scheme", 1995 (Cauchy); H. P. Anvin, "The mathematics of
/// RAID-6" (Q); A. Mazzoleni's SnapRAID for the thought that Q is itself a Cauchy row.
final class ErasureMatrix {
    private ErasureMatrix() {}

    /// {@return the factor of a data block in a parity block, 1 to 255}
    ///
    /// @param parity row, 0 to 30
    /// @param data column, 0 to 31; together at most 31
    static int at(int parity, int data) {
        assert parity >= 0 && data >= 0 && parity + data < 32
                : "parity=" + parity + " data=" + data;
        if (parity == 0) {
            return 1;
        }
        int x = parity == 1 ? 0 : Gf256.power(parity - 1);
        int y = Gf256.power(-data);
        return Gf256.multiply(x ^ 1, Gf256.invert(x ^ y));
    }

    /// {@return k columns: the data's k rows, which are those of the identity, then the m rows of parity}
    ///
    /// @param dataCount k
    /// @param parityCount m
    static Gf256Matrix generator(int dataCount, int parityCount) {
        int[][] rows = new int[dataCount + parityCount][dataCount];
        for (int j = 0; j < dataCount; j++) {
            rows[j][j] = 1;
            for (int i = 0; i < parityCount; i++) {
                rows[dataCount + i][j] = at(i, j);
            }
        }
        return Gf256Matrix.of(rows);
    }
}
