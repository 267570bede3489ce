package io.quoin.fuzz;

import java.util.List;

/// A parser of foreign bytes, and what must hold whatever the bytes are.
///
/// Implementations have a public constructor without arguments and keep no state that an input could
/// change: the same input does the same, so that a finding can be replayed alone.
public interface FuzzTarget {
    /// {@return the name of its corpus, `src/test/resources/fuzz/NAME`}
    String name();

    /// {@return valid inputs, made by the code that writes them, for mutations to begin with}
    List<byte[]> seeds();

    /// Parses, and checks what came of it. The exception that the parser documents is caught here.
    ///
    /// @param input bytes from outside
    /// @throws Throwable whatever else: a finding
    void run(byte[] input) throws Throwable;

    /// {@return the most bytes that one run may allocate on the heap of its thread: what tells a
    /// parser that believes a length from one that checks it}
    ///
    /// @param inputBytes length of the input
    default long maxAllocatedBytes(int inputBytes) {
        return (1L << 20) + 256L * inputBytes;
    }

    /// {@return mutations in the tests; less for what takes long}
    default int regressionRuns() {
        return 3000;
    }
}
