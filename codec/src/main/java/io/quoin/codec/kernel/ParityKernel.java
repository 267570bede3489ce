package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;

/// Sums and multiples of blocks over GF(2^8). Thread-safe, allocation-free.
///
/// The public methods take whole sets of blocks, cut them into pieces that stay in the first-level cache, and hand groups
/// of at most five regions to the loops below, which a subclass writes for its instructions. Loops of fixed arity hold
/// their segments in locals, so that the checks of each access leave the loop; an inner loop over an array of segments
/// does not.
///
/// Block i of a set is the `lengthBytes` bytes at `blocks[i] + offsets[i]`. A target may be none of its sources. Lengths
/// are multiples of {@link #STEP_BYTES}.
///
/// A vector kernel takes native segments only; a set with a heap segment in it goes by the scalar kernel, for the reason
/// that the package gives.
public abstract sealed class ParityKernel permits ScalarParityKernel, VectorParityKernel {
    /// Lengths are multiples of this, the widest vector there is, so that no loop has a tail.
    public static final int STEP_BYTES = 64;

    /// Bytes of each block handled before the next piece: eight sources and three targets of this size stay close.
    private static final int PIECE_BYTES = 4096;

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
        int i = dataCount - 1;
        MemorySegment a = blocks[i];
        long oa = offsets[i] + at;
        switch (dataCount & 3) {
            case 1 -> {
                MemorySegment.copy(a, oa, p, op, length);
                MemorySegment.copy(a, oa, q, oq, length);
                i -= 1;
            }
            case 2 -> {
                pq2(p, op, q, oq, a, oa, blocks[i - 1], offsets[i - 1] + at, length);
                i -= 2;
            }
            case 3 -> {
                pq3(
                        p,
                        op,
                        q,
                        oq,
                        a,
                        oa,
                        blocks[i - 1],
                        offsets[i - 1] + at,
                        blocks[i - 2],
                        offsets[i - 2] + at,
                        length);
                i -= 3;
            }
            default -> {
                pq4(
                        p,
                        op,
                        q,
                        oq,
                        a,
                        oa,
                        blocks[i - 1],
                        offsets[i - 1] + at,
                        blocks[i - 2],
                        offsets[i - 2] + at,
                        blocks[i - 3],
                        offsets[i - 3] + at,
                        length);
                i -= 4;
            }
        }
        while (i >= 0) {
            pqAdd4(
                    p,
                    op,
                    q,
                    oq,
                    blocks[i],
                    offsets[i] + at,
                    blocks[i - 1],
                    offsets[i - 1] + at,
                    blocks[i - 2],
                    offsets[i - 2] + at,
                    blocks[i - 3],
                    offsets[i - 3] + at,
                    length);
            i -= 4;
        }
        assert i == -1 : "i=" + i;
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
            for (int row = 0; row < targets.length; row += 4) {
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
        int rowCount = Math.min(4, targets.length - row);
        for (int r = row; r < row + rowCount; r++) {
            int target = targets[r];
            fill(blocks[target], offsets[target] + at, length);
        }
        int k = sources.length;
        int first = row * k;
        MemorySegment t0 = blocks[targets[row]];
        long ot0 = offsets[targets[row]] + at;
        for (int j = 0; j < k; j++) {
            MemorySegment s = blocks[sources[j]];
            long os = offsets[sources[j]] + at;
            int c0 = coefficients[first + j] & 0xFF;
            if (rowCount == 1) {
                addMultiple1(s, os, c0, t0, ot0, length);
                continue;
            }
            int c1 = coefficients[first + k + j] & 0xFF;
            int i1 = targets[row + 1];
            if (rowCount == 2) {
                addMultiple2(s, os, c0, t0, ot0, c1, blocks[i1], offsets[i1] + at, length);
                continue;
            }
            int c2 = coefficients[first + 2 * k + j] & 0xFF;
            int i2 = targets[row + 2];
            if (rowCount == 3) {
                addMultiple3(
                        s,
                        os,
                        c0,
                        t0,
                        ot0,
                        c1,
                        blocks[i1],
                        offsets[i1] + at,
                        c2,
                        blocks[i2],
                        offsets[i2] + at,
                        length);
                continue;
            }
            int c3 = coefficients[first + 3 * k + j] & 0xFF;
            int i3 = targets[row + 3];
            addMultiple4(
                    s,
                    os,
                    c0,
                    t0,
                    ot0,
                    c1,
                    blocks[i1],
                    offsets[i1] + at,
                    c2,
                    blocks[i2],
                    offsets[i2] + at,
                    c3,
                    blocks[i3],
                    offsets[i3] + at,
                    length);
        }
    }

    abstract void fill(MemorySegment t, long ot, int length);

    // t = a + b + ...; t may be a.
    abstract void xor2(
            MemorySegment t,
            long ot,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            int length);

    abstract void xor3(
            MemorySegment t,
            long ot,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            MemorySegment c,
            long oc,
            int length);

    abstract void xor4(
            MemorySegment t,
            long ot,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            MemorySegment c,
            long oc,
            MemorySegment d,
            long od,
            int length);

    abstract void xor5(
            MemorySegment t,
            long ot,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            MemorySegment c,
            long oc,
            MemorySegment d,
            long od,
            MemorySegment e,
            long oe,
            int length);

    // p = a + b + ...; q = (a * 2 + b) * 2 + ...
    abstract void pq2(
            MemorySegment p,
            long op,
            MemorySegment q,
            long oq,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            int length);

    abstract void pq3(
            MemorySegment p,
            long op,
            MemorySegment q,
            long oq,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            MemorySegment c,
            long oc,
            int length);

    abstract void pq4(
            MemorySegment p,
            long op,
            MemorySegment q,
            long oq,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            MemorySegment c,
            long oc,
            MemorySegment d,
            long od,
            int length);

    // p += a + b + c + d; q = (((q * 2 + a) * 2 + b) * 2 + c) * 2 + d
    abstract void pqAdd4(
            MemorySegment p,
            long op,
            MemorySegment q,
            long oq,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            MemorySegment c,
            long oc,
            MemorySegment d,
            long od,
            int length);

    // t0 += c0 * s; t1 += c1 * s; ...
    abstract void addMultiple1(
            MemorySegment s, long os, int c0, MemorySegment t0, long ot0, int length);

    void addMultiple2(
            MemorySegment s,
            long os,
            int c0,
            MemorySegment t0,
            long ot0,
            int c1,
            MemorySegment t1,
            long ot1,
            int length) {
        addMultiple1(s, os, c0, t0, ot0, length);
        addMultiple1(s, os, c1, t1, ot1, length);
    }

    void addMultiple3(
            MemorySegment s,
            long os,
            int c0,
            MemorySegment t0,
            long ot0,
            int c1,
            MemorySegment t1,
            long ot1,
            int c2,
            MemorySegment t2,
            long ot2,
            int length) {
        addMultiple2(s, os, c0, t0, ot0, c1, t1, ot1, length);
        addMultiple1(s, os, c2, t2, ot2, length);
    }

    void addMultiple4(
            MemorySegment s,
            long os,
            int c0,
            MemorySegment t0,
            long ot0,
            int c1,
            MemorySegment t1,
            long ot1,
            int c2,
            MemorySegment t2,
            long ot2,
            int c3,
            MemorySegment t3,
            long ot3,
            int length) {
        addMultiple2(s, os, c0, t0, ot0, c1, t1, ot1, length);
        addMultiple2(s, os, c2, t2, ot2, c3, t3, ot3, length);
    }
}
