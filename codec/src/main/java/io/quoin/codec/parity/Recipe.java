package io.quoin.codec.parity;

import io.quoin.codec.galois.Gf256Matrix;
import io.quoin.codec.kernel.ParityKernel;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;

/// How some blocks are computed from k others: one row of factors for each wanted block. Immutable.
///
/// Rows of ones, which is what a lost data block is when P is there to replace it, go by plain XOR; the rest by products.
final class Recipe {
    private final int sourceMask;
    private final int wantedMask;
    private final int xorMask;
    private final int[] sources;
    private final int[] targets;
    private final byte[] factors;

    private Recipe(int sourceMask, int wantedMask, int xorMask, byte[] factors) {
        this.sourceMask = sourceMask;
        this.wantedMask = wantedMask;
        this.xorMask = xorMask;
        this.sources = positions(sourceMask);
        this.targets = positions(wantedMask & ~xorMask);
        this.factors = factors;
        assert factors.length == sources.length * targets.length : factors.length + " factors";
    }

    /// {@return the recipe that makes the wanted blocks from the source blocks}
    ///
    /// With G the generator and S its rows of the sources, `sources = S * data`, so `wanted = W * S^-1 * sources`.
    ///
    /// @param generator n rows, k columns
    /// @param sourceMask k bits
    /// @param wantedMask bits apart from those
    static Recipe of(Gf256Matrix generator, int sourceMask, int wantedMask) {
        assert Integer.bitCount(sourceMask) == generator.columnCount() : "sourceMask=" + sourceMask;
        assert wantedMask != 0 && (sourceMask & wantedMask) == 0 : "wantedMask=" + wantedMask;
        Gf256Matrix all = rows(generator, wantedMask).times(rows(generator, sourceMask).inverse());
        int k = all.columnCount();
        int[] wanted = positions(wantedMask);
        byte[] factors = new byte[all.rowCount() * k];
        int used = 0;
        int xorMask = 0;
        for (int i = 0; i < wanted.length; i++) {
            boolean isXor = true;
            for (int j = 0; j < k; j++) {
                isXor &= all.at(i, j) == 1;
                factors[used * k + j] = (byte) all.at(i, j);
            }
            if (isXor) {
                xorMask |= 1 << wanted[i];
            } else {
                used++;
            }
        }
        return new Recipe(sourceMask, wantedMask, xorMask, Arrays.copyOf(factors, used * k));
    }

    boolean isFor(int sourceMask, int wantedMask) {
        return this.sourceMask == sourceMask && this.wantedMask == wantedMask;
    }

    void cook(ParityKernel kernel, MemorySegment[] blocks, long[] offsets, int lengthBytes) {
        for (int rest = xorMask; rest != 0; rest &= rest - 1) {
            kernel.xor(
                    blocks, offsets, sourceMask, Integer.numberOfTrailingZeros(rest), lengthBytes);
        }
        if (targets.length != 0) {
            kernel.combine(blocks, offsets, sources, targets, factors, lengthBytes);
        }
    }

    private static Gf256Matrix rows(Gf256Matrix generator, int mask) {
        int[] positions = positions(mask);
        int[][] rows = new int[positions.length][generator.columnCount()];
        for (int i = 0; i < positions.length; i++) {
            for (int j = 0; j < rows[i].length; j++) {
                rows[i][j] = generator.at(positions[i], j);
            }
        }
        return Gf256Matrix.of(rows);
    }

    private static int[] positions(int mask) {
        int[] positions = new int[Integer.bitCount(mask)];
        int rest = mask;
        for (int i = 0; i < positions.length; i++) {
            positions[i] = Integer.numberOfTrailingZeros(rest);
            rest &= rest - 1;
        }
        return positions;
    }
}
