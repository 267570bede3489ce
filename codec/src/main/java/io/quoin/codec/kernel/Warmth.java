package io.quoin.codec.kernel;

/// Whether the vector kernel of one job may be used yet. Thread-safe.
///
/// Until C2 has compiled it a vector kernel is a hundred times slower than its scalar twin: each operation is a call and an
/// object. So a process that has clients begins cold, with the scalar kernels, and takes a vector kernel once
/// {@link KernelTrial} has found it to be the faster one. Kernels are warm from the start unless {@link #begin} was called.
public final class Warmth {
    private volatile boolean isCold;
    private volatile boolean isWanted;
    private Runnable onWanted;

    Warmth() {}

    /// Makes it cold.
    ///
    /// @param wanted called by the first who would use the vector kernel, in its thread; returns at once
    public void begin(Runnable wanted) {
        onWanted = wanted;
        isWanted = false;
        isCold = true;
    }

    /// Makes it warm: vector kernels from now on.
    public void end() {
        isCold = false;
    }

    /// {@return whether the scalar kernel is to be used}; asked for each piece of work, and remembers that it was
    public boolean isCold() {
        if (!isCold) {
            return false;
        }
        if (!isWanted) {
            isWanted = true;
            onWanted.run();
        }
        return true;
    }

    /// {@return whether somebody waits for the vector kernel}
    public boolean isWanted() {
        return isCold && isWanted;
    }
}
