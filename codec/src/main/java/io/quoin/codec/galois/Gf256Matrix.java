package io.quoin.codec.galois;

import java.util.Arrays;

/// A small matrix over GF(2^8). Immutable. Made when an erasure pattern is met for the first time, so clarity wins over speed.
public final class Gf256Matrix {
    private final int[][] rows;

    private Gf256Matrix(int[][] rows) {
        this.rows = rows;
    }

    /// {@return the matrix of these rows}
    ///
    /// @param rows one array per row, all of one length, entries 0 to 255; copied
    public static Gf256Matrix of(int[]... rows) {
        assert rows.length > 0;
        int[][] copies = new int[rows.length][];
        for (int i = 0; i < rows.length; i++) {
            assert rows[i].length == rows[0].length : "row " + i;
            copies[i] = rows[i].clone();
        }
        return new Gf256Matrix(copies);
    }

    /// {@return the number of rows}
    public int rowCount() {
        return rows.length;
    }

    /// {@return the number of columns}
    public int columnCount() {
        return rows[0].length;
    }

    /// {@return the entry, 0 to 255}
    ///
    /// @param row from 0
    /// @param column from 0
    public int at(int row, int column) {
        return rows[row][column];
    }

    /// {@return this matrix times another}
    ///
    /// @param right has as many rows as this has columns
    public Gf256Matrix times(Gf256Matrix right) {
        assert columnCount() == right.rowCount() : columnCount() + " x " + right.rowCount();
        int[][] product = new int[rowCount()][right.columnCount()];
        for (int i = 0; i < rowCount(); i++) {
            for (int j = 0; j < right.columnCount(); j++) {
                for (int t = 0; t < columnCount(); t++) {
                    product[i][j] ^= Gf256.multiply(rows[i][t], right.rows[t][j]);
                }
            }
        }
        return new Gf256Matrix(product);
    }

    /// {@return the inverse, by Gauss-Jordan elimination}
    ///
    /// @throws ArithmeticException when the matrix is singular, which for rows of an MDS code cannot be
    public Gf256Matrix inverse() {
        int size = rowCount();
        assert size == columnCount() : size + " rows, " + columnCount() + " columns";
        int[][] work = new int[size][];
        for (int i = 0; i < size; i++) {
            work[i] = Arrays.copyOf(rows[i], 2 * size);
            work[i][size + i] = 1;
        }
        for (int column = 0; column < size; column++) {
            int pivot = column;
            while (pivot < size && work[pivot][column] == 0) {
                pivot++;
            }
            if (pivot == size) {
                throw new ArithmeticException("matrix is singular: no pivot in column " + column);
            }
            int[] pivotRow = work[pivot];
            work[pivot] = work[column];
            work[column] = pivotRow;
            scale(pivotRow, Gf256.invert(pivotRow[column]));
            for (int i = 0; i < size; i++) {
                if (i != column) {
                    addMultiple(work[i], work[i][column], pivotRow);
                }
            }
        }
        for (int i = 0; i < size; i++) {
            work[i] = Arrays.copyOfRange(work[i], size, 2 * size);
        }
        return new Gf256Matrix(work);
    }

    private static void scale(int[] row, int factor) {
        for (int j = 0; j < row.length; j++) {
            row[j] = Gf256.multiply(factor, row[j]);
        }
    }

    private static void addMultiple(int[] row, int factor, int[] other) {
        for (int j = 0; j < row.length; j++) {
            row[j] ^= Gf256.multiply(factor, other[j]);
        }
    }
}
