package io.quoin.codec.galois;

import io.quoin.codec.kernel.GaloisTables;

/// Arithmetic of single elements of GF(2^8), polynomial 0x11D, generator 2. Elements are ints 0 to 255; addition is XOR.
///
/// Source: H. P. Anvin, "The mathematics of RAID-6".
public final class Gf256 {
    /// The order of the multiplicative group: `2^255 = 1`.
    public static final int ORDER = 255;

    private static final int[] POWERS = powers();
    private static final int[] INVERSES = inverses();

    private Gf256() {}

    /// {@return a * b}
    ///
    /// @param a an element, 0 to 255
    /// @param b an element, 0 to 255
    public static int multiply(int a, int b) {
        return GaloisTables.product(a, b);
    }

    /// {@return the element that multiplies a to 1}
    ///
    /// @param a a non-zero element, 1 to 255
    public static int invert(int a) {
        assert a > 0 && a < 256 : "a=" + a;
        return INVERSES[a];
    }

    /// {@return 2 to the given power}
    ///
    /// @param exponent any int; negative powers are inverses
    public static int power(int exponent) {
        return POWERS[Math.floorMod(exponent, ORDER)];
    }

    private static int[] powers() {
        int[] powers = new int[ORDER];
        powers[0] = 1;
        for (int i = 1; i < ORDER; i++) {
            powers[i] = GaloisTables.product(powers[i - 1], 2);
        }
        assert GaloisTables.product(powers[ORDER - 1], 2) == 1 : "2 does not generate the field";
        return powers;
    }

    private static int[] inverses() {
        int[] inverses = new int[256];
        for (int i = 0; i < ORDER; i++) {
            inverses[POWERS[i]] = POWERS[(ORDER - i) % ORDER];
        }
        return inverses;
    }
}
