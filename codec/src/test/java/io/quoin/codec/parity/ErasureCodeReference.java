package io.quoin.codec.parity;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/// Parity from the definition, with arithmetic of its own: multiply by shifting and adding, divide by searching.
final class ErasureCodeReference {
    private static final int[][] FACTORS = factors();

    private ErasureCodeReference() {}

    /// The byte of parity i over the given data bytes.
    static int parity(int i, MemorySegment[] blocks, long[] offsets, int dataCount, int at) {
        int sum = 0;
        for (int j = 0; j < dataCount; j++) {
            sum ^= multiply(FACTORS[i][j], blocks[j].get(JAVA_BYTE, offsets[j] + at) & 0xFF);
        }
        return sum;
    }

    /// P is all ones, Q has 2^j, the others (x + 1) / (x + 2^-j) with x = 2^(i - 1).
    static int factor(int i, int j) {
        int y = divide(1, power(2, j));
        return switch (i) {
            case 0 -> 1;
            case 1 -> power(2, j);
            default -> divide(power(2, i - 1) ^ 1, power(2, i - 1) ^ y);
        };
    }

    private static int[][] factors() {
        int[][] factors = new int[31][32];
        for (int i = 0; i < 31; i++) {
            for (int j = 0; i + j < 32; j++) {
                factors[i][j] = factor(i, j);
            }
        }
        return factors;
    }

    static int multiply(int a, int b) {
        int product = 0;
        for (int bit = 7; bit >= 0; bit--) {
            product = product << 1 ^ ((product & 0x80) != 0 ? 0x11D : 0);
            product ^= (b >> bit & 1) == 1 ? a : 0;
        }
        return product;
    }

    static int divide(int a, int b) {
        for (int quotient = 0; quotient < 256; quotient++) {
            if (multiply(quotient, b) == a) {
                return quotient;
            }
        }
        throw new ArithmeticException(a + " / " + b);
    }

    static int power(int base, int exponent) {
        return exponent == 0 ? 1 : multiply(base, power(base, exponent - 1));
    }
}
