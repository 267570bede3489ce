package io.quoin.codec.kernel;

/// Products in GF(2^8) modulo x^8 + x^4 + x^3 + x^2 + 1 (0x11D), where 2 generates the multiplicative group.
///
/// Two shapes of the same function: 256 x 256 products for a byte at a time, and for each factor 16 + 16 products of its
/// low and high nibble values, for shuffles. The field is that of Linux RAID-6.
/// Source: H. P. Anvin, "The mathematics of RAID-6".
public final class GaloisTables {
    /// The field's polynomial, x^8 included.
    public static final int POLYNOMIAL = 0x11D;

    /// Bytes of {@link #NIBBLES} per factor: 16 products of `v`, then 16 of `v << 4`.
    static final int NIBBLE_BYTES = 32;

    /// `PRODUCTS[a << 8 | b] = a * b`.
    static final byte[] PRODUCTS = products();

    /// `NIBBLES[32 * a + v] = a * v` and `NIBBLES[32 * a + 16 + v] = a * (v << 4)`.
    static final byte[] NIBBLES = nibbles();

    private GaloisTables() {}

    /// {@return the product of two elements, each 0 to 255}
    ///
    /// @param a an element, 0 to 255
    /// @param b an element, 0 to 255
    public static int product(int a, int b) {
        assert (a | b) >>> 8 == 0 : "a=" + a + " b=" + b;
        return PRODUCTS[a << 8 | b] & 0xFF;
    }

    private static byte[] products() {
        byte[] products = new byte[256 * 256];
        for (int a = 0; a < 256; a++) {
            for (int b = 0; b < 256; b++) {
                products[a << 8 | b] = (byte) shiftAndAdd(a, b);
            }
        }
        return products;
    }

    private static int shiftAndAdd(int a, int b) {
        int sum = 0;
        int power = a;
        for (int bit = 0; bit < 8; bit++) {
            sum ^= power & -(b >>> bit & 1);
            power = power << 1 ^ (POLYNOMIAL & -(power >>> 7));
        }
        return sum;
    }

    private static byte[] nibbles() {
        byte[] nibbles = new byte[256 * NIBBLE_BYTES];
        for (int a = 0; a < 256; a++) {
            for (int v = 0; v < 16; v++) {
                nibbles[NIBBLE_BYTES * a + v] = PRODUCTS[a << 8 | v];
                nibbles[NIBBLE_BYTES * a + 16 + v] = PRODUCTS[a << 8 | v << 4];
            }
        }
        return nibbles;
    }
}
