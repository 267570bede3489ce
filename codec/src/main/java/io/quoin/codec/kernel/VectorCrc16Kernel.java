package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// CRC-16 of sectors eight at a time, or of a longer message, as division of polynomials in every lane of a vector.
///
/// A lane holds a remainder of 16 bits as two bytes H and L that stand for `H * x^2048 + L`. That is a basis of all remainders
/// for both of our polynomials, and a bargain: bytes of a sector's first half are added to H as they come, those of its second
/// half, 256 bytes or 2048 bits later, to L. To go on by a vector the remainder is multiplied by `x^(8 * lanes)`: each of its
/// four nibbles selects from two tables of sixteen bytes, one for the new H, one for the new L.
///
/// ```
/// 1  horner  sector s, first half   H chunks  0  1  2  3     h = h * x^(8 * lanes) + chunk
///            second half            L chunks  4  5  6  7     l likewise      (lanes = 64)
/// 2  fold    the lanes of 8 sectors, halved again and again; two half vectors make a full one:
///            8 vectors x 64 lanes -> 4 -> 2 -> 1 vector of 8 x 8 lanes -> 8 x 4 -> 8 x 2 -> 8 x 1
/// 3  finish  H and L of each sector through a table each
/// ```
///
/// A message is taken as sectors too. The four chunks of each half are chains of their own, `h = h * x^4096 + chunk`, which
/// do not wait for each other; they are joined by step 1, halved to sixteen lanes by step 2 without other sectors, and the
/// sixteen bytes of H, and of L, go through the scalar kernel's tables at once.
///
/// Sectors short of eight, bytes short of a sector, and heap segments go by the scalar kernel.
///
/// The loops are written out and keep at most eight tables alive: with more, or with helpers, C2 boxes the vectors.
public final class VectorCrc16Kernel implements Crc16Kernel {
    private static final VectorSpecies<Byte> BYTES = Vectors.BYTES;
    private static final int STEP = Vectors.BYTES.length();
    private static final int LEVELS = Integer.numberOfTrailingZeros(STEP);
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final ValueLayout.OfShort STORED =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final int HALF_BYTES = SECTOR_BYTES / 2;
    private static final int GROUP = 8;

    /// Shorter messages go by the scalar kernel.
    private static final int LEAST_BYTES = SECTOR_BYTES;

    /// Bytes of the tables of one multiplication: four nibbles, two results.
    private static final int TABLES_BYTES = 8 * STEP;

    /// Which lanes of two vectors are the earlier, and which the later, halves of their blocks; per level.
    private static final byte[] HALVES = halves();

    /// Where L begins among the lanes, after H of eight sectors or of all chunks of one.
    private static final int LOW = Math.max(GROUP * STEP, HALF_BYTES);

    /// Bytes of a long message that are taken at a time.
    private static final int PIECE_BYTES = 4096;

    /// H, then L: working memory of a thread.
    private static final ThreadLocal<byte[]> OWN = ThreadLocal.withInitial(() -> new byte[2 * LOW]);

    static {
        assert STEP >= GROUP && HALF_BYTES % STEP == 0 : "step " + STEP;
    }

    private final ScalarCrc16Kernel scalar;
    private final int polynomial;

    /// Multiplication by x^(8 * STEP), one chunk.
    private final byte[] chunkTables;

    /// Multiplication by x^4096, one sector.
    private final byte[] sectorTables;

    /// Multiplications by x^(8 * STEP / 2), x^(8 * STEP / 4) ... x^8.
    private final byte[] foldTables;

    /// High, then low, byte of a remainder times x^2048.
    private final char[] far = new char[2 * 256];

    private final int initial;

    /// CRC of a sector whose last remainder is H, then of one whose is L; the latter include the initial value.
    private final char[] finish = new char[2 * 256];

    /// Builds the tables, a few KiB.
    ///
    /// @param polynomial without its x^16, 0 to 65535
    /// @param initial register before the first byte, 0 to 65535
    public VectorCrc16Kernel(int polynomial, int initial) {
        this.polynomial = polynomial;
        this.initial = initial;
        scalar = new ScalarCrc16Kernel(polynomial, initial);
        char[] coordinates = coordinates();
        chunkTables = new byte[TABLES_BYTES];
        multiplication(coordinates, 8 * STEP, chunkTables, 0);
        sectorTables = new byte[TABLES_BYTES];
        multiplication(coordinates, 8 * SECTOR_BYTES, sectorTables, 0);
        foldTables = new byte[LEVELS * TABLES_BYTES];
        for (int level = 0; level < LEVELS; level++) {
            multiplication(coordinates, 8 * STEP >>> level + 1, foldTables, level * TABLES_BYTES);
        }
        int start = timesPower(initial, 8 * SECTOR_BYTES);
        for (int b = 0; b < 256; b++) {
            far[b] = (char) timesPower(b << 8, 8 * HALF_BYTES);
            far[256 + b] = (char) timesPower(b, 8 * HALF_BYTES);
            finish[b] = (char) timesPower(b, 8 * HALF_BYTES + 16);
            finish[256 + b] = (char) (timesPower(b, 16) ^ start);
        }
    }

    @Override
    public int of(MemorySegment data, long offset, int lengthBytes) {
        if (lengthBytes < LEAST_BYTES || !data.isNative()) {
            return scalar.of(data, offset, lengthBytes);
        }
        int head = lengthBytes % SECTOR_BYTES;
        int crc = scalar.update(initial, data, offset, head);
        byte[] lanes = OWN.get();
        for (int done = head; done < lengthBytes; done += PIECE_BYTES) {
            crc = piece(lanes, crc, data, offset + done, Math.min(PIECE_BYTES, lengthBytes - done));
        }
        return crc;
    }

    /// {@return the CRC after a piece of whole sectors}
    private int piece(byte[] lanes, int crc, MemorySegment data, long offset, int lengthBytes) {
        chains(data, offset, lengthBytes, crc, sectorTables, lanes);
        join(chunkTables, lanes);
        halve(foldTables, lanes);
        int high = scalar.of16(lanes, 0);
        return far[high >>> 8] ^ far[256 | high & 0xFF] ^ scalar.of16(lanes, LOW);
    }

    /// Whole sectors into the remainders of a sector's chunks, each chunk a chain of its own: all H, then all L, in `lanes`.
    private static void chains(
            MemorySegment data,
            long offset,
            int lengthBytes,
            int crc,
            byte[] tables,
            byte[] lanes) {
        ByteVector t0 = ByteVector.fromArray(BYTES, tables, 0);
        ByteVector t1 = ByteVector.fromArray(BYTES, tables, STEP);
        ByteVector t2 = ByteVector.fromArray(BYTES, tables, 2 * STEP);
        ByteVector t3 = ByteVector.fromArray(BYTES, tables, 3 * STEP);
        ByteVector t4 = ByteVector.fromArray(BYTES, tables, 4 * STEP);
        ByteVector t5 = ByteVector.fromArray(BYTES, tables, 5 * STEP);
        ByteVector t6 = ByteVector.fromArray(BYTES, tables, 6 * STEP);
        ByteVector t7 = ByteVector.fromArray(BYTES, tables, 7 * STEP);
        for (int i = 0; i < HALF_BYTES; i += STEP) {
            ByteVector.fromMemorySegment(BYTES, data, offset + i, ORDER).intoArray(lanes, i);
            ByteVector.fromMemorySegment(BYTES, data, offset + HALF_BYTES + i, ORDER)
                    .intoArray(lanes, LOW + i);
        }
        lanes[0] ^= (byte) (crc >>> 8);
        lanes[1] ^= (byte) crc;
        for (int s = SECTOR_BYTES; s < lengthBytes; s += SECTOR_BYTES) {
            long first = offset + s;
            long second = first + HALF_BYTES;
            for (int i = 0; i < HALF_BYTES; i += STEP) {
                ByteVector h = ByteVector.fromArray(BYTES, lanes, i);
                ByteVector l = ByteVector.fromArray(BYTES, lanes, LOW + i);
                ByteVector nextH = ByteVector.fromMemorySegment(BYTES, data, first + i, ORDER);
                ByteVector nextL = ByteVector.fromMemorySegment(BYTES, data, second + i, ORDER);
                ByteVector h0 = h.lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector h1 =
                        h.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 4)
                                .reinterpretAsBytes()
                                .lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector l0 = l.lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector l1 =
                        l.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 4)
                                .reinterpretAsBytes()
                                .lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector hh = h0.selectFrom(t0).lanewise(VectorOperators.XOR, h1.selectFrom(t1));
                ByteVector lh = l0.selectFrom(t2).lanewise(VectorOperators.XOR, l1.selectFrom(t3));
                ByteVector hl = h0.selectFrom(t4).lanewise(VectorOperators.XOR, h1.selectFrom(t5));
                ByteVector ll = l0.selectFrom(t6).lanewise(VectorOperators.XOR, l1.selectFrom(t7));
                nextH.lanewise(VectorOperators.XOR, hh)
                        .lanewise(VectorOperators.XOR, lh)
                        .intoArray(lanes, i);
                nextL.lanewise(VectorOperators.XOR, hl)
                        .lanewise(VectorOperators.XOR, ll)
                        .intoArray(lanes, LOW + i);
            }
        }
    }

    /// The remainders of a sector's chunks into one vector of H and one of L.
    private static void join(byte[] tables, byte[] lanes) {
        ByteVector t0 = ByteVector.fromArray(BYTES, tables, 0);
        ByteVector t1 = ByteVector.fromArray(BYTES, tables, STEP);
        ByteVector t2 = ByteVector.fromArray(BYTES, tables, 2 * STEP);
        ByteVector t3 = ByteVector.fromArray(BYTES, tables, 3 * STEP);
        ByteVector t4 = ByteVector.fromArray(BYTES, tables, 4 * STEP);
        ByteVector t5 = ByteVector.fromArray(BYTES, tables, 5 * STEP);
        ByteVector t6 = ByteVector.fromArray(BYTES, tables, 6 * STEP);
        ByteVector t7 = ByteVector.fromArray(BYTES, tables, 7 * STEP);
        ByteVector h = ByteVector.fromArray(BYTES, lanes, 0);
        ByteVector l = ByteVector.fromArray(BYTES, lanes, LOW);
        for (int i = STEP; i < HALF_BYTES; i += STEP) {
            ByteVector nextH = ByteVector.fromArray(BYTES, lanes, i);
            ByteVector nextL = ByteVector.fromArray(BYTES, lanes, LOW + i);
            ByteVector h0 = h.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector h1 =
                    h.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector l0 = l.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector l1 =
                    l.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector hh = h0.selectFrom(t0).lanewise(VectorOperators.XOR, h1.selectFrom(t1));
            ByteVector lh = l0.selectFrom(t2).lanewise(VectorOperators.XOR, l1.selectFrom(t3));
            ByteVector hl = h0.selectFrom(t4).lanewise(VectorOperators.XOR, h1.selectFrom(t5));
            ByteVector ll = l0.selectFrom(t6).lanewise(VectorOperators.XOR, l1.selectFrom(t7));
            h = nextH.lanewise(VectorOperators.XOR, hh).lanewise(VectorOperators.XOR, lh);
            l = nextL.lanewise(VectorOperators.XOR, hl).lanewise(VectorOperators.XOR, ll);
        }
        h.intoArray(lanes, 0);
        l.intoArray(lanes, LOW);
    }

    /// The lanes of one vector into its first sixteen.
    private static void halve(byte[] tables, byte[] lanes) {
        ByteVector h = ByteVector.fromArray(BYTES, lanes, 0);
        ByteVector l = ByteVector.fromArray(BYTES, lanes, LOW);
        for (int level = 0; STEP >>> level > 16; level++) {
            int at = level * TABLES_BYTES;
            ByteVector t0 = ByteVector.fromArray(BYTES, tables, at);
            ByteVector t1 = ByteVector.fromArray(BYTES, tables, at + STEP);
            ByteVector t2 = ByteVector.fromArray(BYTES, tables, at + 2 * STEP);
            ByteVector t3 = ByteVector.fromArray(BYTES, tables, at + 3 * STEP);
            ByteVector t4 = ByteVector.fromArray(BYTES, tables, at + 4 * STEP);
            ByteVector t5 = ByteVector.fromArray(BYTES, tables, at + 5 * STEP);
            ByteVector t6 = ByteVector.fromArray(BYTES, tables, at + 6 * STEP);
            ByteVector t7 = ByteVector.fromArray(BYTES, tables, at + 7 * STEP);
            ByteVector later = ByteVector.fromArray(BYTES, HALVES, (2 * level + 1) * STEP);
            ByteVector nextH = later.selectFrom(h);
            ByteVector nextL = later.selectFrom(l);
            ByteVector h0 = h.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector h1 =
                    h.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector l0 = l.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector l1 =
                    l.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector hh = h0.selectFrom(t0).lanewise(VectorOperators.XOR, h1.selectFrom(t1));
            ByteVector lh = l0.selectFrom(t2).lanewise(VectorOperators.XOR, l1.selectFrom(t3));
            ByteVector hl = h0.selectFrom(t4).lanewise(VectorOperators.XOR, h1.selectFrom(t5));
            ByteVector ll = l0.selectFrom(t6).lanewise(VectorOperators.XOR, l1.selectFrom(t7));
            h = nextH.lanewise(VectorOperators.XOR, hh).lanewise(VectorOperators.XOR, lh);
            l = nextL.lanewise(VectorOperators.XOR, hl).lanewise(VectorOperators.XOR, ll);
        }
        h.intoArray(lanes, 0);
        l.intoArray(lanes, LOW);
    }

    @Override
    public void sectors(
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
        int done = 0;
        for (; done + GROUP <= sectorCount; done += GROUP) {
            horner(data, offset + (long) done * SECTOR_BYTES, chunkTables, lanes);
            fold(foldTables, lanes);
            for (int s = 0; s < GROUP; s++) {
                int crc = finish[lanes[s] & 0xFF] ^ finish[256 | lanes[LOW + s] & 0xFF];
                target.set(STORED, targetOffset + 2L * (done + s), (short) crc);
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

    /// Eight sectors into eight vectors of H, and then eight of L, in `lanes`.
    private static void horner(MemorySegment data, long offset, byte[] tables, byte[] lanes) {
        ByteVector t0 = ByteVector.fromArray(BYTES, tables, 0);
        ByteVector t1 = ByteVector.fromArray(BYTES, tables, STEP);
        ByteVector t2 = ByteVector.fromArray(BYTES, tables, 2 * STEP);
        ByteVector t3 = ByteVector.fromArray(BYTES, tables, 3 * STEP);
        ByteVector t4 = ByteVector.fromArray(BYTES, tables, 4 * STEP);
        ByteVector t5 = ByteVector.fromArray(BYTES, tables, 5 * STEP);
        ByteVector t6 = ByteVector.fromArray(BYTES, tables, 6 * STEP);
        ByteVector t7 = ByteVector.fromArray(BYTES, tables, 7 * STEP);
        for (int s = 0; s < GROUP; s++) {
            long first = offset + (long) s * SECTOR_BYTES;
            long second = first + HALF_BYTES;
            ByteVector h = ByteVector.fromMemorySegment(BYTES, data, first, ORDER);
            ByteVector l = ByteVector.fromMemorySegment(BYTES, data, second, ORDER);
            for (int i = STEP; i < HALF_BYTES; i += STEP) {
                ByteVector h0 = h.lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector h1 =
                        h.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 4)
                                .reinterpretAsBytes()
                                .lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector l0 = l.lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector l1 =
                        l.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 4)
                                .reinterpretAsBytes()
                                .lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector nextH = ByteVector.fromMemorySegment(BYTES, data, first + i, ORDER);
                ByteVector nextL = ByteVector.fromMemorySegment(BYTES, data, second + i, ORDER);
                ByteVector hh = h0.selectFrom(t0).lanewise(VectorOperators.XOR, h1.selectFrom(t1));
                ByteVector lh = l0.selectFrom(t2).lanewise(VectorOperators.XOR, l1.selectFrom(t3));
                ByteVector hl = h0.selectFrom(t4).lanewise(VectorOperators.XOR, h1.selectFrom(t5));
                ByteVector ll = l0.selectFrom(t6).lanewise(VectorOperators.XOR, l1.selectFrom(t7));
                h = nextH.lanewise(VectorOperators.XOR, hh).lanewise(VectorOperators.XOR, lh);
                l = nextL.lanewise(VectorOperators.XOR, hl).lanewise(VectorOperators.XOR, ll);
            }
            h.intoArray(lanes, s * STEP);
            l.intoArray(lanes, LOW + s * STEP);
        }
    }

    /// Eight vectors into one, whose first eight lanes are the sectors' remainders.
    private static void fold(byte[] tables, byte[] lanes) {
        for (int level = 0; level < LEVELS; level++) {
            int at = level * TABLES_BYTES;
            ByteVector t0 = ByteVector.fromArray(BYTES, tables, at);
            ByteVector t1 = ByteVector.fromArray(BYTES, tables, at + STEP);
            ByteVector t2 = ByteVector.fromArray(BYTES, tables, at + 2 * STEP);
            ByteVector t3 = ByteVector.fromArray(BYTES, tables, at + 3 * STEP);
            ByteVector t4 = ByteVector.fromArray(BYTES, tables, at + 4 * STEP);
            ByteVector t5 = ByteVector.fromArray(BYTES, tables, at + 5 * STEP);
            ByteVector t6 = ByteVector.fromArray(BYTES, tables, at + 6 * STEP);
            ByteVector t7 = ByteVector.fromArray(BYTES, tables, at + 7 * STEP);
            ByteVector earlier = ByteVector.fromArray(BYTES, HALVES, 2 * level * STEP);
            ByteVector later = ByteVector.fromArray(BYTES, HALVES, (2 * level + 1) * STEP);
            // Pairs of vectors while there are several, then the one with itself.
            int vectors = Math.max(1, GROUP >>> level);
            int pairs = vectors + 1 >>> 1;
            for (int pair = 0; pair < pairs; pair++) {
                int a = 2 * pair * STEP;
                int b = Math.min(2 * pair + 1, vectors - 1) * STEP;
                ByteVector ha = ByteVector.fromArray(BYTES, lanes, a);
                ByteVector hb = ByteVector.fromArray(BYTES, lanes, b);
                ByteVector la = ByteVector.fromArray(BYTES, lanes, LOW + a);
                ByteVector lb = ByteVector.fromArray(BYTES, lanes, LOW + b);
                ByteVector h = earlier.selectFrom(ha, hb);
                ByteVector l = earlier.selectFrom(la, lb);
                ByteVector h0 = h.lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector h1 =
                        h.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 4)
                                .reinterpretAsBytes()
                                .lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector l0 = l.lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector l1 =
                        l.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 4)
                                .reinterpretAsBytes()
                                .lanewise(VectorOperators.AND, (byte) 0x0F);
                ByteVector hh = h0.selectFrom(t0).lanewise(VectorOperators.XOR, h1.selectFrom(t1));
                ByteVector lh = l0.selectFrom(t2).lanewise(VectorOperators.XOR, l1.selectFrom(t3));
                ByteVector hl = h0.selectFrom(t4).lanewise(VectorOperators.XOR, h1.selectFrom(t5));
                ByteVector ll = l0.selectFrom(t6).lanewise(VectorOperators.XOR, l1.selectFrom(t7));
                ByteVector restH = later.selectFrom(ha, hb);
                ByteVector restL = later.selectFrom(la, lb);
                restH.lanewise(VectorOperators.XOR, hh)
                        .lanewise(VectorOperators.XOR, lh)
                        .intoArray(lanes, pair * STEP);
                restL.lanewise(VectorOperators.XOR, hl)
                        .lanewise(VectorOperators.XOR, ll)
                        .intoArray(lanes, LOW + pair * STEP);
            }
        }
    }

    private static byte[] halves() {
        byte[] halves = new byte[2 * LEVELS * STEP];
        for (int level = 0; level < LEVELS; level++) {
            int half = STEP >>> level + 1;
            for (int lane = 0; lane < STEP; lane++) {
                int earlier = lane / half * 2 * half + lane % half;
                halves[2 * level * STEP + lane] = (byte) earlier;
                halves[(2 * level + 1) * STEP + lane] = (byte) (earlier + half);
            }
        }
        return halves;
    }

    /// `coordinates[r] = H << 8 | L` such that `r = H * x^2048 + L`.
    private char[] coordinates() {
        char[] coordinates = new char[1 << 16];
        boolean[] isMet = new boolean[1 << 16];
        for (int h = 0; h < 256; h++) {
            int high = timesPower(h, 8 * HALF_BYTES);
            for (int l = 0; l < 256; l++) {
                assert !isMet[high ^ l]
                        : "x^2048 and 1 are no basis modulo " + Integer.toHexString(polynomial);
                isMet[high ^ l] = true;
                coordinates[high ^ l] = (char) (h << 8 | l);
            }
        }
        return coordinates;
    }

    /// Tables that multiply by `x^exponent`: new H from the nibbles of H and of L, low one first, then new L from the same.
    private void multiplication(char[] coordinates, int exponent, byte[] tables, int at) {
        for (int nibble = 0; nibble < 4; nibble++) {
            for (int lane = 0; lane < STEP; lane++) {
                int bits = lane % 16 << 4 * (nibble & 1);
                int remainder = timesPower(bits, exponent + (nibble < 2 ? 8 * HALF_BYTES : 0));
                tables[at + nibble * STEP + lane] = (byte) (coordinates[remainder] >>> 8);
                tables[at + (4 + nibble) * STEP + lane] = (byte) coordinates[remainder];
            }
        }
    }

    /// {@return a remainder times x^exponent}
    private int timesPower(int remainder, int exponent) {
        int product = remainder;
        for (int i = 0; i < exponent; i++) {
            product = (product << 1 ^ polynomial & -(product >>> 15)) & 0xFFFF;
        }
        return product;
    }
}
