package io.quoin.codec.parity;

import io.quoin.codec.galois.Gf256Matrix;
import io.quoin.codec.kernel.Kernels;
import io.quoin.codec.kernel.ParityKernel;
import io.quoin.codec.kernel.ScalarParityKernel;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Supplier;

/// A systematic code of k data blocks and m parity blocks: any m of the k + m may be lost.
///
/// ```
/// position   0      1     ...   k - 1   |   k     k + 1   ...   n - 1
/// block      D0     D1    ...   D(k-1)  |   P     Q       ...
/// ```
///
/// P is the XOR of the data: even row parity, each bit of P makes the count of set bits in its row even. (Odd parity is the
/// complement; it would spoil that zeros encode to zeros, on which blocks never written depend.) Q is that of RAID-6. Further ones
/// are rows of a Cauchy matrix; see `ErasureMatrix` for the numbers. With k = 1 every parity equals the data, which makes a
/// mirror. Zeros encode to zeros. The parities of m are the first ones of m + 1.
///
/// In every method block i is the `lengthBytes` bytes at `blocks[i] + offsets[i]`, the arrays hold at least n entries, and only
/// those entries are looked at that the method names. Segments may be one and the same region, native or backed by a `byte[]`,
/// of any alignment; blocks that are written overlap no other. Lengths are multiples of 64 bytes, from 0. The contents are
/// taken as they are: only guards can tell whether a block is right.
///
/// Immutable and thread-safe. Allocates nothing, but when it meets a pattern of lost blocks for the first time (or again after
/// another has taken its place among the {@value #RECIPES} remembered), or verifies on several threads at once.
public final class ErasureCode {
    /// Positions fit the bits of an int.
    public static final int MAX_BLOCKS = 32;

    private static final int RECIPES = 256;
    private static final int SCRATCHES = 8;
    private static final int PIECE_BYTES = 4096;

    private final int dataCount;
    private final int parityCount;
    private final Supplier<ParityKernel> kernel;
    private final Gf256Matrix generator;

    /// Direct-mapped by the pattern of sources and wanted: a newcomer replaces what was there.
    private final AtomicReferenceArray<Recipe> recipes = new AtomicReferenceArray<>(RECIPES);

    /// How parity j alone is made of the data.
    private final Recipe[] parities;

    /// Factors of the data in the third parity; empty when there is none.
    private final byte[] third;

    /// How the parities beyond the third are made of the data; null when there are none.
    private final Recipe beyondThird;

    /// Room for one piece of one parity, lent to whoever verifies.
    private final AtomicReferenceArray<Scratch> scratches = new AtomicReferenceArray<>(SCRATCHES);

    private ErasureCode(int dataCount, int parityCount, Supplier<ParityKernel> kernel) {
        this.dataCount = dataCount;
        this.parityCount = parityCount;
        // Of one block every parity is a copy, and no kernel has to become warm for that.
        this.kernel = dataCount == 1 ? () -> ScalarParityKernel.INSTANCE : kernel;
        generator = ErasureMatrix.generator(dataCount, parityCount);
        parities = new Recipe[parityCount];
        for (int j = 0; j < parityCount; j++) {
            parities[j] = Recipe.of(generator, dataMask(), 1 << dataCount + j);
        }
        third = new byte[parityCount > 2 ? dataCount : 0];
        for (int i = 0; i < third.length; i++) {
            third[i] = (byte) generator.at(dataCount + 2, i);
        }
        beyondThird =
                parityCount > 3
                        ? Recipe.of(generator, dataMask(), positionMask() & -1 << dataCount + 3)
                        : null;
    }

    /// {@return the code of these sizes}
    ///
    /// Holds tables and remembered patterns, so keep it; making one costs up to a millisecond.
    ///
    /// @param dataCount k, 1 to 32
    /// @param parityCount m, 0 to 32 - k
    /// @throws IllegalArgumentException when the sizes are not so
    public static ErasureCode of(int dataCount, int parityCount) {
        return of(dataCount, parityCount, Kernels::parity);
    }

    static ErasureCode of(int dataCount, int parityCount, ParityKernel kernel) {
        return of(dataCount, parityCount, () -> kernel);
    }

    private static ErasureCode of(int dataCount, int parityCount, Supplier<ParityKernel> kernel) {
        if (dataCount < 1 || dataCount > MAX_BLOCKS) {
            throw new IllegalArgumentException(
                    "dataCount: expected 1 to " + MAX_BLOCKS + ", was " + dataCount);
        }
        if (parityCount < 0 || parityCount > MAX_BLOCKS - dataCount) {
            int limit = MAX_BLOCKS - dataCount;
            throw new IllegalArgumentException(
                    "parityCount: expected 0 to "
                            + limit
                            + " beside "
                            + dataCount
                            + " data blocks, was "
                            + parityCount);
        }
        return new ErasureCode(dataCount, parityCount, kernel);
    }

    /// {@return k, the number of data blocks, 1 to 32}
    public int dataCount() {
        return dataCount;
    }

    /// {@return m, the number of parity blocks, and of blocks that may be lost, 0 to 31}
    public int parityCount() {
        return parityCount;
    }

    /// Computes all parity blocks from the data blocks.
    ///
    /// @param blocks k data blocks, read, then m parity blocks, written
    /// @param offsets of the blocks in their segments, bytes
    /// @param lengthBytes of each block, a multiple of 64, from 0
    /// @throws IllegalArgumentException when lengthBytes is not so
    /// @throws IndexOutOfBoundsException when a block is not wholly within its segment
    public void encode(MemorySegment[] blocks, long[] offsets, int lengthBytes) {
        checkLength(lengthBytes);
        if (parityCount == 1 || dataCount == 1) {
            for (int j = 0; j < parityCount; j++) {
                parities[j].cook(kernel.get(), blocks, offsets, lengthBytes);
            }
        } else if (parityCount == 2) {
            kernel.get().pq(blocks, offsets, dataCount, lengthBytes);
        } else if (parityCount > 2) {
            kernel.get().pqr(blocks, offsets, dataCount, third, lengthBytes);
            if (beyondThird != null) {
                beyondThird.cook(kernel.get(), blocks, offsets, lengthBytes);
            }
        }
    }

    /// Computes one parity block from the data blocks; the others' entries are not looked at.
    ///
    /// @param parity j, 0 to m - 1; the block at position k + j is written
    /// @param blocks k data blocks, and the parity block in its position
    /// @param offsets of the blocks in their segments, bytes
    /// @param lengthBytes of each block, a multiple of 64, from 0
    /// @throws IllegalArgumentException when lengthBytes or parity is not so
    /// @throws IndexOutOfBoundsException when a block is not wholly within its segment
    public void encodeOne(int parity, MemorySegment[] blocks, long[] offsets, int lengthBytes) {
        checkLength(lengthBytes);
        if (parity < 0 || parity >= parityCount) {
            throw new IllegalArgumentException(
                    "parity: expected 0 to " + (parityCount - 1) + ", was " + parity);
        }
        parities[parity].cook(kernel.get(), blocks, offsets, lengthBytes);
    }

    /// {@return whether every parity block equals what its data encodes to}
    ///
    /// Changes nothing. Stops at the first difference.
    ///
    /// @param blocks k data blocks, then m parity blocks, all read
    /// @param offsets of the blocks in their segments, bytes
    /// @param lengthBytes of each block, a multiple of 64, from 0
    /// @throws IllegalArgumentException when lengthBytes is not so
    /// @throws IndexOutOfBoundsException when a block is not wholly within its segment
    public boolean verify(MemorySegment[] blocks, long[] offsets, int lengthBytes) {
        checkLength(lengthBytes);
        int slot = (int) Thread.currentThread().threadId() & SCRATCHES - 1;
        Scratch scratch = scratches.getAndSet(slot, null);
        if (scratch == null) {
            scratch = new Scratch(dataCount, parityCount);
        }
        boolean isEqual = true;
        for (int done = 0; isEqual && done < lengthBytes; done += PIECE_BYTES) {
            isEqual =
                    isPieceEqual(
                            scratch,
                            blocks,
                            offsets,
                            done,
                            Math.min(PIECE_BYTES, lengthBytes - done));
        }
        scratch.forget();
        scratches.set(slot, scratch);
        return isEqual;
    }

    private boolean isPieceEqual(
            Scratch scratch, MemorySegment[] blocks, long[] offsets, int at, int length) {
        for (int i = 0; i < dataCount; i++) {
            scratch.blocks[i] = blocks[i];
            scratch.offsets[i] = offsets[i] + at;
        }
        for (int j = 0; j < parityCount; j++) {
            int position = dataCount + j;
            scratch.blocks[position] = scratch.room;
            scratch.offsets[position] = (long) j * PIECE_BYTES;
        }
        encode(scratch.blocks, scratch.offsets, length);
        for (int j = 0; j < parityCount; j++) {
            long computed = (long) j * PIECE_BYTES;
            int position = dataCount + j;
            long stored = offsets[position] + at;
            if (MemorySegment.mismatch(
                            scratch.room,
                            computed,
                            computed + length,
                            blocks[position],
                            stored,
                            stored + length)
                    >= 0) {
                return false;
            }
        }
        return true;
    }

    /// Recomputes lost blocks.
    ///
    /// Uses exactly k of the present blocks, data before parity and lower positions before higher, and reads no others.
    ///
    /// @param blocks by position; entries neither read nor wanted may be null
    /// @param offsets of the blocks in their segments, bytes
    /// @param presentMask bit i set: the block at position i is right; at least k bits
    /// @param wantedMask bit i set: the block at position i is to be written; none of the present ones; may be 0
    /// @param lengthBytes of each block, a multiple of 64, from 0
    /// @throws IllegalArgumentException when the masks or lengthBytes are not so
    /// @throws IndexOutOfBoundsException when a block is not wholly within its segment
    public void reconstruct(
            MemorySegment[] blocks,
            long[] offsets,
            int presentMask,
            int wantedMask,
            int lengthBytes) {
        checkLength(lengthBytes);
        checkMasks(presentMask, wantedMask);
        if (wantedMask == 0) {
            return;
        }
        int sourceMask = lowest(dataCount, presentMask);
        recipe(sourceMask, wantedMask).cook(kernel.get(), blocks, offsets, lengthBytes);
    }

    private Recipe recipe(int sourceMask, int wantedMask) {
        int mixed = (sourceMask * 0x9E3779B1 ^ wantedMask) * 0x85EBCA6B;
        int slot = mixed >>> 32 - Integer.numberOfTrailingZeros(RECIPES);
        Recipe recipe = recipes.getAcquire(slot);
        if (recipe == null || !recipe.isFor(sourceMask, wantedMask)) {
            recipe = Recipe.of(generator, sourceMask, wantedMask);
            recipes.setRelease(slot, recipe);
        }
        return recipe;
    }

    private void checkMasks(int presentMask, int wantedMask) {
        int strangers = (presentMask | wantedMask) & ~positionMask();
        if (strangers != 0) {
            throw new IllegalArgumentException(
                    "masks: expected positions 0 to "
                            + (dataCount + parityCount - 1)
                            + ", was "
                            + Integer.toBinaryString(presentMask | wantedMask));
        }
        if (Integer.bitCount(presentMask) < dataCount) {
            throw new IllegalArgumentException(
                    "presentMask: expected at least "
                            + dataCount
                            + " blocks, was "
                            + Integer.bitCount(presentMask)
                            + ": "
                            + Integer.toBinaryString(presentMask));
        }
        if ((presentMask & wantedMask) != 0) {
            throw new IllegalArgumentException(
                    "wantedMask: expected none of the present blocks, was "
                            + Integer.toBinaryString(wantedMask)
                            + " beside "
                            + Integer.toBinaryString(presentMask));
        }
    }

    private static void checkLength(int lengthBytes) {
        if (lengthBytes < 0 || lengthBytes % ParityKernel.STEP_BYTES != 0) {
            throw new IllegalArgumentException(
                    "lengthBytes: expected a multiple of "
                            + ParityKernel.STEP_BYTES
                            + ", was "
                            + lengthBytes);
        }
    }

    private int dataMask() {
        return -1 >>> 32 - dataCount;
    }

    private int positionMask() {
        return -1 >>> 32 - dataCount - parityCount;
    }

    /// {@return the lowest bits of a mask}
    private static int lowest(int count, int mask) {
        int rest = mask;
        for (int i = 0; i < count; i++) {
            rest &= rest - 1;
        }
        return mask ^ rest;
    }

    /// Where parity is computed for comparison. Native, as the blocks are: the loops then meet one kind of segment.
    private static final class Scratch {
        final MemorySegment room;
        final MemorySegment[] blocks;
        final long[] offsets;

        Scratch(int dataCount, int parityCount) {
            room = Arena.ofAuto().allocate((long) parityCount * PIECE_BYTES, 64);
            blocks = new MemorySegment[dataCount + parityCount];
            offsets = new long[dataCount + parityCount];
        }

        /// Lets go of the caller's segments.
        void forget() {
            Arrays.fill(blocks, null);
        }
    }
}
