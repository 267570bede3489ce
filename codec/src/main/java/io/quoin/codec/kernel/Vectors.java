package io.quoin.codec.kernel;

import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorSpecies;

/// The vectors this machine likes best, 512 bits at most. Loading the class fails where the Vector API is missing.
final class Vectors {
    /// A vector of bytes; its length divides {@link ParityKernel#STEP_BYTES}.
    static final VectorSpecies<Byte> BYTES =
            ByteVector.SPECIES_PREFERRED.vectorBitSize() > 512
                    ? ByteVector.SPECIES_512
                    : ByteVector.SPECIES_PREFERRED;

    private Vectors() {}
}
