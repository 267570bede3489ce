package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.VectorSpecies;

/// CRC-16 of sectors eight at a time, or of a longer message, as division of polynomials in every lane of a vector.
///
/// A lane holds a remainder of 16 bits as two bytes H and L that stand for `H * x^2048 + L`. That is a basis of all remainders
/// for both of our polynomials, and a bargain: bytes of a sector's first half are added to H as they come, those of its second
/// half, 256 bytes or 2048 bits later, to L. To go on by a vector the remainder is multiplied by `x^(8 * lanes)`, which is
/// look-ups of a few of its bits at a time in tables that a vector holds.
///
/// ```
/// 1  horner  sector s, first half   H chunks  0  1  2  3     h = h * x^(8 * lanes) + chunk
///            second half            L chunks  4  5  6  7     l likewise      (lanes = 64)
/// 2  fold    the lanes of 8 sectors, halved again and again; two half vectors make a full one:
///            8 vectors x 64 lanes -> 4 -> 2 -> 1 vector of 8 x 8 lanes -> 8 x 4 -> 8 x 2 -> 8 x 1
/// 3  finish  H and L of each sector through a table each
/// ```
///
/// A message is taken as sectors too. The chunks of each half are chains of their own, `h = h * x^4096 + chunk`, which
/// do not wait for each other; they are joined by step 1, halved to sixteen lanes by step 2 without other sectors, and the
/// sixteen bytes of H, and of L, go through the scalar kernel's tables at once.
///
/// Sectors short of eight, bytes short of a sector, and heap segments go by the scalar kernel.
///
/// Two kinds differ in the multiplication: {@link SixBitCrc16Kernel} for 64 lanes, {@link NibbleCrc16Kernel} for fewer.
public abstract sealed class VectorCrc16Kernel implements Crc16Kernel
        permits NibbleCrc16Kernel, SixBitCrc16Kernel {
    static final VectorSpecies<Byte> BYTES = Vectors.BYTES;
    static final int STEP = Vectors.BYTES.length();
    static final int LEVELS = Integer.numberOfTrailingZeros(STEP);
    static final ByteOrder ORDER = ByteOrder.nativeOrder();
    static final int HALF_BYTES = SECTOR_BYTES / 2;

    /// Sectors whose lanes are folded together.
    static final int GROUP = 8;

    /// Where L begins among the lanes, after H of eight sectors or of all chunks of one.
    static final int LOW = Math.max(GROUP * STEP, HALF_BYTES);

    private static final ValueLayout.OfShort STORED =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// Shorter messages go by the scalar kernel.
    private static final int LEAST_BYTES = SECTOR_BYTES;

    /// Bytes of a long message that are taken at a time.
    private static final int PIECE_BYTES = 4096;

    /// H, then L: working memory of a thread.
    private static final ThreadLocal<byte[]> OWN = ThreadLocal.withInitial(() -> new byte[2 * LOW]);

    static {
        assert STEP >= GROUP && HALF_BYTES % STEP == 0 : "step " + STEP;
    }

    private final ScalarCrc16Kernel scalar;

    /// High, then low, byte of a remainder times x^2048.
    private final char[] far = new char[2 * 256];

    private final int initial;

    /// CRC of a sector whose last remainder is H, then of one whose is L; the latter include the initial value.
    private final char[] finish = new char[2 * 256];

    VectorCrc16Kernel(int polynomial, int initial, Crc16Basis basis) {
        this.initial = initial;
        scalar = new ScalarCrc16Kernel(polynomial, initial);
        int half = basis.power(8 * HALF_BYTES);
        int end = basis.power(16);
        int start = basis.multiply(initial, basis.power(8 * SECTOR_BYTES));
        for (int b = 0; b < 256; b++) {
            far[b] = (char) basis.multiply(b << 8, half);
            far[256 + b] = (char) basis.multiply(b, half);
            finish[b] = (char) basis.multiply(far[256 + b], end);
            finish[256 + b] = (char) (basis.multiply(b, end) ^ start);
        }
    }

    /// {@return the kernel for this machine's vectors; builds tables of a few KiB}
    ///
    /// @param polynomial without its x^16, 0 to 65535
    /// @param initial register before the first byte, 0 to 65535
    public static VectorCrc16Kernel of(int polynomial, int initial) {
        return STEP == SixBitCrc16Kernel.LANES
                ? new SixBitCrc16Kernel(polynomial, initial)
                : new NibbleCrc16Kernel(polynomial, initial);
    }

    @Override
    public final int of(MemorySegment data, long offset, int lengthBytes) {
        if (lengthBytes < LEAST_BYTES || !data.isNative()) {
            return scalar.of(data, offset, lengthBytes);
        }
        int head = lengthBytes % SECTOR_BYTES;
        int crc = scalar.update(initial, data, offset, head);
        byte[] lanes = OWN.get();
        for (int done = head; done < lengthBytes; done += PIECE_BYTES) {
            message(data, offset + done, Math.min(PIECE_BYTES, lengthBytes - done), crc, lanes);
            int high = scalar.of16(lanes, 0);
            crc = far[high >>> 8] ^ far[256 | high & 0xFF] ^ scalar.of16(lanes, LOW);
        }
        return crc;
    }

    @Override
    public final void sectors(
            MemorySegment data,
            long offset,
            int sectorCount,
            MemorySegment target,
            long targetOffset) {
        if (!data.isNative()) {
            scalar.sectors(data, offset, sectorCount, target, targetOffset);
            return;
        }
        byte[] lanes = OWN.get();
        int stride = groupStride();
        int done = 0;
        for (; done + GROUP <= sectorCount; done += GROUP) {
            group(data, offset + (long) done * SECTOR_BYTES, lanes);
            for (int s = 0; s < GROUP; s++) {
                int h = lanes[stride * s] & 0xFF;
                int l = lanes[LOW + stride * s] & 0xFF;
                target.set(
                        STORED,
                        targetOffset + 2L * (done + s),
                        (short) (finish[h] ^ finish[256 | l]));
            }
        }
        if (done < sectorCount) {
            scalar.sectors(
                    data,
                    offset + (long) done * SECTOR_BYTES,
                    sectorCount - done,
                    target,
                    targetOffset + 2L * done);
        }
    }

    /// Whole sectors of native memory into sixteen lanes: H from 0, L from `LOW`.
    ///
    /// @param crc the CRC so far
    abstract void message(MemorySegment data, long offset, int lengthBytes, int crc, byte[] lanes);

    /// Eight sectors of native memory into a lane each, `groupStride` apart: H from 0, L from `LOW`.
    abstract void group(MemorySegment data, long offset, byte[] lanes);

    abstract int groupStride();
}
