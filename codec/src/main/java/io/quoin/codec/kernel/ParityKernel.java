package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// Sums and multiples of blocks over GF(2^8). Thread-safe, allocation-free.
///
/// The public methods take whole sets of blocks, cut them into pieces that stay in the first-level cache, and hand groups
/// of them to the loops of {@link ParityLoops}, which a subclass writes for its instructions.
///
/// Block i of a set is the `lengthBytes` bytes at `blocks[i] + offsets[i]`. A target may be none of its sources. Lengths
/// are multiples of {@link #STEP_BYTES}.
///
/// A vector kernel takes native segments only; a set with a heap segment in it goes by the scalar kernel, for the reason
/// that the package gives.
public abstract sealed class ParityKernel extends ParityLoops
        permits ScalarParityKernel, VectorParitySums {
    /// Lengths are multiples of this, the widest vector there is, so that no loop has a tail.
    public static final int STEP_BYTES = 64;

    /// Bytes of each block handled before the next piece: eight sources and three targets of this size stay close.
    private static final int PIECE_BYTES = 4096;

    /// Reads four coefficients at once, the first in the lowest byte.
    private static final VarHandle FACTORS =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);

    static {
        assert PIECE_BYTES % STEP_BYTES == 0;
    }

    private final boolean isForNativeOnly;

    ParityKernel(boolean isForNativeOnly) {
        this.isForNativeOnly = isForNativeOnly;
    }

    private static boolean isAnyOnHeap(MemorySegment[] blocks, int mask) {
        boolean isNative = true;
        for (int rest = mask; rest != 0; rest &= rest - 1) {
            isNative &= blocks[Integer.numberOfTrailingZeros(rest)].isNative();
        }
        return !isNative;
    }

    private static int mask(int[] positions) {
        int mask = 0;
        for (int position : positions) {
            mask |= 1 << position;
        }
        return mask;
    }

    /// Writes the XOR of some blocks into another.
    ///
    /// @param blocks segments of the set
    /// @param offsets where in its segment each block starts, bytes
    /// @param sourceMask bit i set: block i is a source; at least one
    /// @param target index of the block that is written; not a source
    /// @param lengthBytes of each block
    public final void xor(
            MemorySegment[] blocks, long[] offsets, int sourceMask, int target, int lengthBytes) {
        assert sourceMask != 0 && (sourceMask >>> target & 1) == 0
                : "sources=" + sourceMask + " target=" + target;
        if (isForNativeOnly && isAnyOnHeap(blocks, sourceMask | 1 << target)) {
            ScalarParityKernel.INSTANCE.xor(blocks, offsets, sourceMask, target, lengthBytes);
            return;
        }
        for (int done = 0; done < lengthBytes; done += PIECE_BYTES) {
            xorPiece(
                    blocks,
                    offsets,
                    sourceMask,
                    target,
                    done,
                    Math.min(PIECE_BYTES, lengthBytes - done));
        }
    }

    private void xorPiece(
            MemorySegment[] blocks,
            long[] offsets,
            int sourceMask,
            int target,
            int at,
            int length) {
        MemorySegment t = blocks[target];
        long ot = offsets[target] + at;
        int rest = sourceMask;
        int a = Integer.numberOfTrailingZeros(rest);
        rest &= rest - 1;
        if (rest == 0) {
            MemorySegment.copy(blocks[a], offsets[a] + at, t, ot, length);
        }
        // The first group starts the sum, every later one adds the target itself as its first
        // source.
        while (rest != 0) {
            int b = Integer.numberOfTrailingZeros(rest);
            rest &= rest - 1;
            int c = Integer.numberOfTrailingZeros(rest);
            rest &= rest - 1;
            int d = Integer.numberOfTrailingZeros(rest);
            rest &= rest - 1;
            int e = Integer.numberOfTrailingZeros(rest);
            rest &= rest - 1;
            MemorySegment sa = blocks[a];
            long oa = offsets[a] + at;
            MemorySegment sb = blocks[b];
            long ob = offsets[b] + at;
            if (e < 32) {
                xor5(
                        t,
                        ot,
                        sa,
                        oa,
                        sb,
                        ob,
                        blocks[c],
                        offsets[c] + at,
                        blocks[d],
                        offsets[d] + at,
                        blocks[e],
                        offsets[e] + at,
                        length);
            } else if (d < 32) {
                xor4(
                        t,
                        ot,
                        sa,
                        oa,
                        sb,
                        ob,
                        blocks[c],
                        offsets[c] + at,
                        blocks[d],
                        offsets[d] + at,
                        length);
            } else if (c < 32) {
                xor3(t, ot, sa, oa, sb, ob, blocks[c], offsets[c] + at, length);
            } else {
                xor2(t, ot, sa, oa, sb, ob, length);
            }
            a = target;
        }
    }

    /// Writes both parities of RAID-6: block k becomes the XOR of blocks 0 to k - 1, block k + 1 the sum of `2^i * block i`.
    ///
    /// @param blocks segments of the set, at least k + 2
    /// @param offsets where in its segment each block starts, bytes
    /// @param dataCount k, from 1
    /// @param lengthBytes of each block
    public final void pq(MemorySegment[] blocks, long[] offsets, int dataCount, int lengthBytes) {
        if (isForNativeOnly && isAnyOnHeap(blocks, -1 >>> 30 - dataCount)) {
            ScalarParityKernel.INSTANCE.pq(blocks, offsets, dataCount, lengthBytes);
            return;
        }
        for (int done = 0; done < lengthBytes; done += PIECE_BYTES) {
            pqPiece(blocks, offsets, dataCount, done, Math.min(PIECE_BYTES, lengthBytes - done));
        }
    }

    private void pqPiece(
            MemorySegment[] blocks, long[] offsets, int dataCount, int at, int length) {
        MemorySegment p = blocks[dataCount];
        long op = offsets[dataCount] + at;
        MemorySegment q = blocks[dataCount + 1];
        long oq = offsets[dataCount + 1] + at;
        // Horner from the last block down; the odd ones first, so that all the rest go by four.
        int i = (dataCount & -4) - 4;
        if ((dataCount & 3) != 0) {
            pqOdd(blocks, offsets, dataCount, p, op, q, oq, at, length);
        } else {
            pq4(
                    p,
                    op,
                    q,
                    oq,
                    blocks[i + 3],
                    offsets[i + 3] + at,
                    blocks[i + 2],
                    offsets[i + 2] + at,
                    blocks[i + 1],
                    offsets[i + 1] + at,
                    blocks[i],
                    offsets[i] + at,
                    length);
            i -= 4;
        }
        for (; i >= 0; i -= 4) {
            pqAdd4(
                    p,
                    op,
                    q,
                    oq,
                    blocks[i + 3],
                    offsets[i + 3] + at,
                    blocks[i + 2],
                    offsets[i + 2] + at,
                    blocks[i + 1],
                    offsets[i + 1] + at,
                    blocks[i],
                    offsets[i] + at,
                    length);
        }
    }

    /// P and Q of the one to three blocks beyond the last whole group of four.
    private void pqOdd(
            MemorySegment[] blocks,
            long[] offsets,
            int dataCount,
            MemorySegment p,
            long op,
            MemorySegment q,
            long oq,
            int at,
            int length) {
        int i = dataCount - 1;
        MemorySegment a = blocks[i];
        long oa = offsets[i] + at;
        int odd = dataCount & 3;
        if (odd == 1) {
            MemorySegment.copy(a, oa, p, op, length);
            MemorySegment.copy(a, oa, q, oq, length);
            return;
        }
        MemorySegment b = blocks[i - 1];
        long ob = offsets[i - 1] + at;
        if (odd == 2) {
            pq2(p, op, q, oq, a, oa, b, ob, length);
        } else {
            pq3(p, op, q, oq, a, oa, b, ob, blocks[i - 2], offsets[i - 2] + at, length);
        }
    }

    /// Writes the parities of {@link #pq}, and block k + 2 as the sum of `factors[i] * block i`: each block is read once.
    ///
    /// @param blocks segments of the set, at least k + 3
    /// @param offsets where in its segment each block starts, bytes
    /// @param dataCount k, from 1
    /// @param factors of the third parity, k of them
    /// @param lengthBytes of each block
    public final void pqr(
            MemorySegment[] blocks,
            long[] offsets,
            int dataCount,
            byte[] factors,
            int lengthBytes) {
        assert factors.length == dataCount : factors.length + " factors";
        if (isForNativeOnly && isAnyOnHeap(blocks, -1 >>> 29 - dataCount)) {
            ScalarParityKernel.INSTANCE.pqr(blocks, offsets, dataCount, factors, lengthBytes);
            return;
        }
        for (int done = 0; done < lengthBytes; done += PIECE_BYTES) {
            int length = Math.min(PIECE_BYTES, lengthBytes - done);
            pqrPiece(blocks, offsets, dataCount, factors, done, length);
        }
    }

    private void pqrPiece(
            MemorySegment[] blocks,
            long[] offsets,
            int dataCount,
            byte[] factors,
            int at,
            int length) {
        MemorySegment p = blocks[dataCount];
        long op = offsets[dataCount] + at;
        MemorySegment q = blocks[dataCount + 1];
        long oq = offsets[dataCount + 1] + at;
        MemorySegment r = blocks[dataCount + 2];
        long or = offsets[dataCount + 2] + at;
        int whole = dataCount & -4;
        if (whole < dataCount) {
            pqOdd(blocks, offsets, dataCount, p, op, q, oq, at, length);
            fill(r, or, length);
            for (int j = whole; j < dataCount; j++) {
                addMultiple1(blocks[j], offsets[j] + at, factors[j] & 0xFF, r, or, length);
            }
        }
        for (int i = whole - 4; i >= 0; i -= 4) {
            pqrAdd4(
                    p,
                    op,
                    q,
                    oq,
                    r,
                    or,
                    blocks[i + 3],
                    offsets[i + 3] + at,
                    blocks[i + 2],
                    offsets[i + 2] + at,
                    blocks[i + 1],
                    offsets[i + 1] + at,
                    blocks[i],
                    offsets[i] + at,
                    (int) FACTORS.get(factors, i),
                    i + 4 == dataCount,
                    length);
        }
    }

    /// Writes linear combinations of some blocks into others: target r becomes the sum of `coefficients[r * sources.length + j]
    /// * source j`.
    ///
    /// @param blocks segments of the set
    /// @param offsets where in its segment each block starts, bytes
    /// @param sources indexes of the blocks that are read
    /// @param targets indexes of the blocks that are written; none of them a source
    /// @param coefficients row by row, one row per target
    /// @param lengthBytes of each block
    public final void combine(
            MemorySegment[] blocks,
            long[] offsets,
            int[] sources,
            int[] targets,
            byte[] coefficients,
            int lengthBytes) {
        assert coefficients.length == sources.length * targets.length
                : coefficients.length + " coefficients";
        if (isForNativeOnly && isAnyOnHeap(blocks, mask(sources) | mask(targets))) {
            ScalarParityKernel.INSTANCE.combine(
                    blocks, offsets, sources, targets, coefficients, lengthBytes);
            return;
        }
        for (int done = 0; done < lengthBytes; done += PIECE_BYTES) {
            int length = Math.min(PIECE_BYTES, lengthBytes - done);
            for (int row = 0; row < targets.length; row += 2) {
                combinePiece(blocks, offsets, sources, targets, coefficients, row, done, length);
            }
        }
    }

    private void combinePiece(
            MemorySegment[] blocks,
            long[] offsets,
            int[] sources,
            int[] targets,
            byte[] coefficients,
            int row,
            int at,
            int length) {
        int k = sources.length;
        boolean isPair = row + 1 < targets.length;
        int first = row * k;
        int second = isPair ? first + k : first;
        MemorySegment t0 = blocks[targets[row]];
        long ot0 = offsets[targets[row]] + at;
        int pair = isPair ? targets[row + 1] : targets[row];
        MemorySegment t1 = blocks[pair];
        long ot1 = offsets[pair] + at;
        int j = 0;
        for (; j + 4 <= k; j += 4) {
            MemorySegment a = blocks[sources[j]];
            long oa = offsets[sources[j]] + at;
            MemorySegment b = blocks[sources[j + 1]];
            long ob = offsets[sources[j + 1]] + at;
            MemorySegment c = blocks[sources[j + 2]];
            long oc = offsets[sources[j + 2]] + at;
            MemorySegment d = blocks[sources[j + 3]];
            long od = offsets[sources[j + 3]] + at;
            int f0 = (int) FACTORS.get(coefficients, first + j);
            if (isPair) {
                int f1 = (int) FACTORS.get(coefficients, second + j);
                addMultiples4x2(
                        a, oa, b, ob, c, oc, d, od, f0, t0, ot0, f1, t1, ot1, j == 0, length);
            } else {
                addMultiples4(a, oa, b, ob, c, oc, d, od, f0, t0, ot0, j == 0, length);
            }
        }
        if (k < 4) {
            fill(t0, ot0, length);
            fill(t1, ot1, length);
        }
        for (; j < k; j++) {
            MemorySegment s = blocks[sources[j]];
            long os = offsets[sources[j]] + at;
            int c0 = coefficients[first + j] & 0xFF;
            if (isPair) {
                int c1 = coefficients[second + j] & 0xFF;
                addMultiple2(s, os, c0, t0, ot0, c1, t1, ot1, length);
            } else {
                addMultiple1(s, os, c0, t0, ot0, length);
            }
        }
    }
}
