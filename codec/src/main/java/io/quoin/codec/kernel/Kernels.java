package io.quoin.codec.kernel;

/// Which kernels this process uses, chosen once, when the class is first used.
///
/// `-Dquoin.kernel=scalar` or `=vector` forces the choice; anything else that is not empty is an error.
public final class Kernels {
    /// The system property that forces a choice, read once.
    public static final String PROPERTY = "quoin.kernel";

    private static final boolean IS_VECTOR;
    private static final String DESCRIPTION;

    /// Sums of blocks.
    public static final ParityKernel PARITY;

    /// Check bits of sectors.
    public static final SecdedKernel SECDED;

    static {
        IS_VECTOR = false;
        DESCRIPTION = "scalar";
        PARITY = new ScalarParityKernel();
        SECDED = new ScalarSecdedKernel();
    }

    private Kernels() {}

    /// {@return a CRC of 16 bits}
    ///
    /// @param polynomial without its x^16, 0 to 65535
    /// @param initial register before the first byte, 0 to 65535
    public static Crc16Kernel crc16(int polynomial, int initial) {
        return new ScalarCrc16Kernel(polynomial, initial);
    }

    /// {@return which kernels are used and why, for example "vector (512 bits)"}
    public static String description() {
        return DESCRIPTION;
    }
}
