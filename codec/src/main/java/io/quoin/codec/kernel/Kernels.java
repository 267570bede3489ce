package io.quoin.codec.kernel;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Supplier;

/// Which kernels this process uses, chosen once, when the class is first used; {@link Warmth} may put scalar ones in their place for
/// a while.
///
/// `-Dquoin.kernel=scalar` or `=vector` forces the choice. Otherwise it is the vector kernels, unless the Vector API is missing,
/// the vectors are narrower than 256 bits, or the JIT compiler C2 is off. Without C2 each vector operation is a call and an
/// object, and so are some of ours at 128 bits (measured with `-XX:UseAVX=0`: 160 KiB of boxes per encoded stripe).
public final class Kernels {
    /// The system property that forces a choice, read once.
    public static final String PROPERTY = "quoin.kernel";

    private static final int LEAST_BITS = 256;

    private static final Choice CHOICE =
            choose(System.getProperty(PROPERTY, ""), System.getProperty("java.vm.info", ""));

    private static final ParityKernel PARITY =
            CHOICE.isVector ? VectorParityKernel.INSTANCE : ScalarParityKernel.INSTANCE;

    // Scalar below 512 bits, because a vector of that kernel is a row of eight words.
    private static final SecdedKernel SECDED =
            CHOICE.isVector && CHOICE.vectorBits >= 512
                    ? new VectorSecdedKernel()
                    : new ScalarSecdedKernel();

    // Scalar below 256 bits, where vectors are boxed.
    private static final Xxh3Kernel XXH3 =
            CHOICE.isVector && CHOICE.vectorBits >= LEAST_BITS
                    ? new VectorXxh3Kernel()
                    : new ScalarXxh3Kernel();

    private static final SecdedKernel SCALAR_SECDED = new ScalarSecdedKernel();
    private static final Xxh3Kernel SCALAR_XXH3 = new ScalarXxh3Kernel();

    private static final Warmth CRC16_WARMTH = new Warmth();
    private static final Warmth PARITY_WARMTH = new Warmth();
    private static final Warmth SECDED_WARMTH = new Warmth();
    private static final Warmth XXH3_WARMTH = new Warmth();

    private Kernels() {}

    /// {@return sums of blocks, by the kernel for now}
    public static ParityKernel parity() {
        return PARITY_WARMTH.isCold() ? ScalarParityKernel.INSTANCE : PARITY;
    }

    /// {@return check bits of sectors, by the kernel for now}
    public static SecdedKernel secded() {
        return SECDED_WARMTH.isCold() ? SCALAR_SECDED : SECDED;
    }

    /// {@return digests of blocks, by the kernel for now}
    public static Xxh3Kernel xxh3() {
        return XXH3_WARMTH.isCold() ? SCALAR_XXH3 : XXH3;
    }

    /// {@return a CRC of 16 bits, by the kernel for now, each time it is asked}
    ///
    /// @param polynomial without its x^16, 0 to 65535
    /// @param initial register before the first byte, 0 to 65535
    public static Supplier<Crc16Kernel> crc16(int polynomial, int initial) {
        Crc16Kernel scalar = new ScalarCrc16Kernel(polynomial, initial);
        Crc16Kernel chosen = CHOICE.isVector ? VectorCrc16Kernel.of(polynomial, initial) : scalar;
        return () -> CRC16_WARMTH.isCold() ? scalar : chosen;
    }

    /// {@return a trial of each vector kernel that was chosen}
    public static List<KernelTrial> trials() {
        List<KernelTrial> trials = new ArrayList<>();
        if (CHOICE.isVector) {
            trials.add(new KernelTrial.OfCrc16(CRC16_WARMTH));
            trials.add(new KernelTrial.OfParity(PARITY_WARMTH));
        }
        if (SECDED instanceof VectorSecdedKernel) {
            trials.add(new KernelTrial.OfSecded(SECDED_WARMTH));
        }
        if (XXH3 instanceof VectorXxh3Kernel) {
            trials.add(new KernelTrial.OfXxh3(XXH3_WARMTH));
        }
        return trials;
    }

    /// {@return which kernels are used and why, for example `vector: 512 bits` or `scalar: forced by -Dquoin.kernel=scalar`}
    public static String description() {
        return CHOICE.description();
    }

    /// The decision, apart from the machine so that a test can walk it.
    ///
    /// @param forced the property's value, empty when it is not set
    /// @param vmInfo the virtual machine's mode, as `java.vm.info` has it
    /// @throws IllegalArgumentException when forced is none of the two kinds
    /// @throws IllegalStateException when vectors are forced and there are none
    static Choice choose(String forced, String vmInfo) {
        return switch (forced) {
            case "scalar" -> new Choice(false, 0, "forced by -D" + PROPERTY + "=scalar");
            case "vector" -> {
                int bits = vectorBits();
                if (bits == 0) {
                    throw new IllegalStateException(
                            PROPERTY
                                    + ": expected a JVM with --add-modules jdk.incubator.vector for \"vector\", was one without");
                }
                yield new Choice(true, bits, bits + " bits, forced by -D" + PROPERTY + "=vector");
            }
            case "" -> {
                int bits = vectorBits();
                if (bits == 0) {
                    yield new Choice(false, 0, "no module jdk.incubator.vector");
                } else if (bits < LEAST_BITS) {
                    yield new Choice(false, 0, "vectors of " + bits + " bits only");
                } else if (vmInfo.contains("interpreted") || vmInfo.contains("emulated-client")) {
                    yield new Choice(false, 0, "no C2 compiler in \"" + vmInfo + "\"");
                } else {
                    yield new Choice(true, bits, bits + " bits");
                }
            }
            default ->
                    throw new IllegalArgumentException(
                            PROPERTY
                                    + ": expected \"scalar\" or \"vector\", was \""
                                    + forced
                                    + "\"");
        };
    }

    /// {@return the bits of the vectors we would use; 0 when there is no Vector API}
    private static int vectorBits() {
        try {
            return Vectors.BYTES.vectorBitSize();
        } catch (NoClassDefFoundError missing) {
            return 0;
        }
    }

    /// What was chosen, and why.
    ///
    /// @param isVector vector kernels, or scalar ones
    /// @param vectorBits bits of a vector; 0 with scalar kernels
    /// @param reason why, in words
    record Choice(boolean isVector, int vectorBits, String reason) {
        String description() {
            return (isVector ? "vector: " : "scalar: ") + reason;
        }
    }
}
