package io.quoin.codec.kernel;

/// The remainders of 16 bits modulo one polynomial, as vector kernels write them: two bytes H and L that stand for
/// `H * x^2048 + L`. x^2048 and 1 are a basis of all remainders for both of our polynomials, which is asserted.
final class Crc16Basis {
    /// Bits between a byte of H and the byte of L that stands in the same lane: half a sector.
    private static final int APART_BITS = 8 * Crc16Kernel.SECTOR_BYTES / 2;

    private final int polynomial;

    /// `coordinates[r] = H << 8 | L` such that `r = H * x^2048 + L`.
    private final char[] coordinates = new char[1 << 16];

    /// Bytes times x^2048.
    private final char[] high = new char[256];

    /// Writes all remainders in the basis: 128 KiB, which kernels need while they build their tables.
    ///
    /// @param polynomial without its x^16, 0 to 65535
    Crc16Basis(int polynomial) {
        this.polynomial = polynomial;
        int apart = power(APART_BITS);
        boolean[] isMet = new boolean[1 << 16];
        for (int h = 0; h < 256; h++) {
            high[h] = (char) multiply(h, apart);
            for (int l = 0; l < 256; l++) {
                assert !isMet[high[h] ^ l]
                        : "x^2048 and 1 are no basis modulo " + Integer.toHexString(polynomial);
                isMet[high[h] ^ l] = true;
                coordinates[high[h] ^ l] = (char) (h << 8 | l);
            }
        }
    }

    /// {@return `H << 8 | L` of `h * x^2048 + l` times a factor}
    ///
    /// @param h a byte, 0 to 255
    /// @param l a byte, 0 to 255
    /// @param factor a remainder, such as a [#power(int)]
    int product(int h, int l, int factor) {
        return coordinates[multiply(high[h] ^ l, factor)];
    }

    /// {@return x^exponent as a remainder}
    ///
    /// @param exponent from 0
    int power(int exponent) {
        int power = 1;
        for (int i = 0; i < exponent; i++) {
            power = timesX(power);
        }
        return power;
    }

    /// {@return the product of two remainders}
    ///
    /// @param a 0 to 65535
    /// @param b 0 to 65535
    int multiply(int a, int b) {
        int product = 0;
        for (int bit = 15; bit >= 0; bit--) {
            product = timesX(product) ^ b & -(a >>> bit & 1);
        }
        return product;
    }

    private int timesX(int remainder) {
        return (remainder << 1 ^ polynomial & -(remainder >>> 15)) & 0xFFFF;
    }
}
