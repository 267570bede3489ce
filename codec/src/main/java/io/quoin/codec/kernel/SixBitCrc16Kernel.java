package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;

/// Vectors of 64 lanes, where a look-up takes six bits: three for each result, instead of four of nibbles.
///
/// ```
/// H  7 6 5 4 3 2 1 0      look-up 1: bits 5 to 0 of H        (a vector's index is taken modulo 64)
/// L  7 6 5 4 3 2 1 0      look-up 2: bits 5 to 0 of L
///                         look-up 3: bits 7 and 6 of H, bits 7 and 6 of L; two more bits that do not matter
/// ```
///
/// The loops are written out: with helpers C2 boxes the vectors.
final class SixBitCrc16Kernel extends VectorCrc16Kernel {
    /// Lanes of its vectors.
    static final int LANES = 64;

    /// Bytes of the tables of one multiplication: three look-ups, two results.
    private static final int TABLES_BYTES = 6 * STEP;

    /// In the third index, the bits that are of L.
    private static final byte LOW_TOP = 3;

    /// Levels at which vectors of the group are left to be put together: 8, 4, 2.
    private static final int PACKED_LEVELS = 3;

    /// Per level, which lanes of two vectors are the earlier, and which the later, halves of their blocks.
    private static final byte[] HALVES = halves();

    /// Multiplication by x^(8 * STEP), one chunk.
    private final byte[] chunkTables = new byte[TABLES_BYTES];

    /// Multiplication by x^4096, one sector.
    private final byte[] sectorTables = new byte[TABLES_BYTES];

    /// Multiplications by x^(8 * STEP / 2), x^(8 * STEP / 4) ... x^8.
    private final byte[] foldTables = new byte[LEVELS * TABLES_BYTES];

    SixBitCrc16Kernel(int polynomial, int initial) {
        this(polynomial, initial, new Crc16Basis(polynomial));
    }

    private SixBitCrc16Kernel(int polynomial, int initial, Crc16Basis basis) {
        super(polynomial, initial, basis);
        assert STEP == LANES : "step " + STEP;
        multiplication(basis, 8 * STEP, chunkTables, 0);
        multiplication(basis, 8 * SECTOR_BYTES, sectorTables, 0);
        for (int level = 0; level < LEVELS; level++) {
            multiplication(basis, 8 * STEP >>> level + 1, foldTables, level * TABLES_BYTES);
        }
    }

    @Override
    void message(MemorySegment data, long offset, int lengthBytes, int crc, byte[] lanes) {
        chains(data, offset, lengthBytes, crc, sectorTables, lanes);
        join(chunkTables, foldTables, lanes);
    }

    @Override
    void group(MemorySegment data, long offset, byte[] lanes) {
        horner(data, offset, chunkTables, lanes);
        pack(foldTables, lanes);
        fold(foldTables, lanes);
    }

    @Override
    int groupStride() {
        return STEP / GROUP;
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
                ByteVector hs =
                        h.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 4)
                                .reinterpretAsBytes();
                ByteVector ls =
                        l.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 6)
                                .reinterpretAsBytes();
                ByteVector m =
                        hs.lanewise(
                                VectorOperators.XOR,
                                hs.lanewise(VectorOperators.XOR, ls)
                                        .lanewise(VectorOperators.AND, LOW_TOP));
                ByteVector.fromMemorySegment(BYTES, data, first + i, ORDER)
                        .lanewise(VectorOperators.XOR, h.selectFrom(t0))
                        .lanewise(VectorOperators.XOR, l.selectFrom(t1))
                        .lanewise(VectorOperators.XOR, m.selectFrom(t2))
                        .intoArray(lanes, i);
                ByteVector.fromMemorySegment(BYTES, data, second + i, ORDER)
                        .lanewise(VectorOperators.XOR, h.selectFrom(t3))
                        .lanewise(VectorOperators.XOR, l.selectFrom(t4))
                        .lanewise(VectorOperators.XOR, m.selectFrom(t5))
                        .intoArray(lanes, LOW + i);
            }
        }
    }

    /// The remainders of a sector's chunks into one vector of H and one of L, and those into their first sixteen lanes.
    private static void join(byte[] chunkTables, byte[] foldTables, byte[] lanes) {
        ByteVector h = ByteVector.fromArray(BYTES, lanes, 0);
        ByteVector l = ByteVector.fromArray(BYTES, lanes, LOW);
        for (int i = STEP; i < HALF_BYTES; i += STEP) {
            ByteVector t0 = ByteVector.fromArray(BYTES, chunkTables, 0);
            ByteVector t1 = ByteVector.fromArray(BYTES, chunkTables, STEP);
            ByteVector t2 = ByteVector.fromArray(BYTES, chunkTables, 2 * STEP);
            ByteVector t3 = ByteVector.fromArray(BYTES, chunkTables, 3 * STEP);
            ByteVector t4 = ByteVector.fromArray(BYTES, chunkTables, 4 * STEP);
            ByteVector t5 = ByteVector.fromArray(BYTES, chunkTables, 5 * STEP);
            ByteVector hs =
                    h.reinterpretAsInts().lanewise(VectorOperators.LSHR, 4).reinterpretAsBytes();
            ByteVector ls =
                    l.reinterpretAsInts().lanewise(VectorOperators.LSHR, 6).reinterpretAsBytes();
            ByteVector m =
                    hs.lanewise(
                            VectorOperators.XOR,
                            hs.lanewise(VectorOperators.XOR, ls)
                                    .lanewise(VectorOperators.AND, LOW_TOP));
            ByteVector nextH =
                    ByteVector.fromArray(BYTES, lanes, i)
                            .lanewise(VectorOperators.XOR, h.selectFrom(t0))
                            .lanewise(VectorOperators.XOR, l.selectFrom(t1))
                            .lanewise(VectorOperators.XOR, m.selectFrom(t2));
            l =
                    ByteVector.fromArray(BYTES, lanes, LOW + i)
                            .lanewise(VectorOperators.XOR, h.selectFrom(t3))
                            .lanewise(VectorOperators.XOR, l.selectFrom(t4))
                            .lanewise(VectorOperators.XOR, m.selectFrom(t5));
            h = nextH;
        }
        for (int level = 0; STEP >>> level > 16; level++) {
            int at = level * TABLES_BYTES;
            ByteVector t0 = ByteVector.fromArray(BYTES, foldTables, at);
            ByteVector t1 = ByteVector.fromArray(BYTES, foldTables, at + STEP);
            ByteVector t2 = ByteVector.fromArray(BYTES, foldTables, at + 2 * STEP);
            ByteVector t3 = ByteVector.fromArray(BYTES, foldTables, at + 3 * STEP);
            ByteVector t4 = ByteVector.fromArray(BYTES, foldTables, at + 4 * STEP);
            ByteVector t5 = ByteVector.fromArray(BYTES, foldTables, at + 5 * STEP);
            ByteVector later = ByteVector.fromArray(BYTES, HALVES, (2 * level + 1) * STEP);
            ByteVector restH = later.selectFrom(h);
            ByteVector restL = later.selectFrom(l);
            ByteVector hs =
                    h.reinterpretAsInts().lanewise(VectorOperators.LSHR, 4).reinterpretAsBytes();
            ByteVector ls =
                    l.reinterpretAsInts().lanewise(VectorOperators.LSHR, 6).reinterpretAsBytes();
            ByteVector m =
                    hs.lanewise(
                            VectorOperators.XOR,
                            hs.lanewise(VectorOperators.XOR, ls)
                                    .lanewise(VectorOperators.AND, LOW_TOP));
            ByteVector nextH =
                    restH.lanewise(VectorOperators.XOR, h.selectFrom(t0))
                            .lanewise(VectorOperators.XOR, l.selectFrom(t1))
                            .lanewise(VectorOperators.XOR, m.selectFrom(t2));
            l =
                    restL.lanewise(VectorOperators.XOR, h.selectFrom(t3))
                            .lanewise(VectorOperators.XOR, l.selectFrom(t4))
                            .lanewise(VectorOperators.XOR, m.selectFrom(t5));
            h = nextH;
        }
        h.intoArray(lanes, 0);
        l.intoArray(lanes, LOW);
    }

    /// Eight sectors into eight vectors of H, and then eight of L, in `lanes`.
    private static void horner(MemorySegment data, long offset, byte[] tables, byte[] lanes) {
        ByteVector t0 = ByteVector.fromArray(BYTES, tables, 0);
        ByteVector t1 = ByteVector.fromArray(BYTES, tables, STEP);
        ByteVector t2 = ByteVector.fromArray(BYTES, tables, 2 * STEP);
        ByteVector t3 = ByteVector.fromArray(BYTES, tables, 3 * STEP);
        ByteVector t4 = ByteVector.fromArray(BYTES, tables, 4 * STEP);
        ByteVector t5 = ByteVector.fromArray(BYTES, tables, 5 * STEP);
        for (int s = 0; s < GROUP; s++) {
            long first = offset + (long) s * SECTOR_BYTES;
            long second = first + HALF_BYTES;
            ByteVector h = ByteVector.fromMemorySegment(BYTES, data, first, ORDER);
            ByteVector l = ByteVector.fromMemorySegment(BYTES, data, second, ORDER);
            for (int i = STEP; i < HALF_BYTES; i += STEP) {
                ByteVector hs =
                        h.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 4)
                                .reinterpretAsBytes();
                ByteVector ls =
                        l.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 6)
                                .reinterpretAsBytes();
                ByteVector m =
                        hs.lanewise(
                                VectorOperators.XOR,
                                hs.lanewise(VectorOperators.XOR, ls)
                                        .lanewise(VectorOperators.AND, LOW_TOP));
                ByteVector nextH =
                        ByteVector.fromMemorySegment(BYTES, data, first + i, ORDER)
                                .lanewise(VectorOperators.XOR, h.selectFrom(t0))
                                .lanewise(VectorOperators.XOR, l.selectFrom(t1))
                                .lanewise(VectorOperators.XOR, m.selectFrom(t2));
                l =
                        ByteVector.fromMemorySegment(BYTES, data, second + i, ORDER)
                                .lanewise(VectorOperators.XOR, h.selectFrom(t3))
                                .lanewise(VectorOperators.XOR, l.selectFrom(t4))
                                .lanewise(VectorOperators.XOR, m.selectFrom(t5));
                h = nextH;
            }
            h.intoArray(lanes, s * STEP);
            l.intoArray(lanes, LOW + s * STEP);
        }
    }

    /// Eight vectors into one of eight lanes a sector.
    private static void pack(byte[] tables, byte[] lanes) {
        for (int level = 0; level < PACKED_LEVELS; level++) {
            int at = level * TABLES_BYTES;
            ByteVector t0 = ByteVector.fromArray(BYTES, tables, at);
            ByteVector t1 = ByteVector.fromArray(BYTES, tables, at + STEP);
            ByteVector t2 = ByteVector.fromArray(BYTES, tables, at + 2 * STEP);
            ByteVector t3 = ByteVector.fromArray(BYTES, tables, at + 3 * STEP);
            ByteVector t4 = ByteVector.fromArray(BYTES, tables, at + 4 * STEP);
            ByteVector t5 = ByteVector.fromArray(BYTES, tables, at + 5 * STEP);
            ByteVector earlier = ByteVector.fromArray(BYTES, HALVES, 2 * level * STEP);
            ByteVector later = ByteVector.fromArray(BYTES, HALVES, (2 * level + 1) * STEP);
            int pairs = GROUP / 2 >>> level;
            for (int pair = 0; pair < pairs; pair++) {
                int a = 2 * pair * STEP;
                int b = a + STEP;
                ByteVector ha = ByteVector.fromArray(BYTES, lanes, a);
                ByteVector hb = ByteVector.fromArray(BYTES, lanes, b);
                ByteVector la = ByteVector.fromArray(BYTES, lanes, LOW + a);
                ByteVector lb = ByteVector.fromArray(BYTES, lanes, LOW + b);
                ByteVector h = earlier.selectFrom(ha, hb);
                ByteVector l = earlier.selectFrom(la, lb);
                ByteVector restH = later.selectFrom(ha, hb);
                ByteVector restL = later.selectFrom(la, lb);
                ByteVector hs =
                        h.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 4)
                                .reinterpretAsBytes();
                ByteVector ls =
                        l.reinterpretAsInts()
                                .lanewise(VectorOperators.LSHR, 6)
                                .reinterpretAsBytes();
                ByteVector m =
                        hs.lanewise(
                                VectorOperators.XOR,
                                hs.lanewise(VectorOperators.XOR, ls)
                                        .lanewise(VectorOperators.AND, LOW_TOP));
                ByteVector nextH =
                        restH.lanewise(VectorOperators.XOR, h.selectFrom(t0))
                                .lanewise(VectorOperators.XOR, l.selectFrom(t1))
                                .lanewise(VectorOperators.XOR, m.selectFrom(t2));
                ByteVector nextL =
                        restL.lanewise(VectorOperators.XOR, h.selectFrom(t3))
                                .lanewise(VectorOperators.XOR, l.selectFrom(t4))
                                .lanewise(VectorOperators.XOR, m.selectFrom(t5));
                nextH.intoArray(lanes, pair * STEP);
                nextL.intoArray(lanes, LOW + pair * STEP);
            }
        }
    }

    /// Eight lanes a sector into the first of them.
    private static void fold(byte[] tables, byte[] lanes) {
        ByteVector h = ByteVector.fromArray(BYTES, lanes, 0);
        ByteVector l = ByteVector.fromArray(BYTES, lanes, LOW);
        for (int level = PACKED_LEVELS; level < LEVELS; level++) {
            int at = level * TABLES_BYTES;
            ByteVector t0 = ByteVector.fromArray(BYTES, tables, at);
            ByteVector t1 = ByteVector.fromArray(BYTES, tables, at + STEP);
            ByteVector t2 = ByteVector.fromArray(BYTES, tables, at + 2 * STEP);
            ByteVector t3 = ByteVector.fromArray(BYTES, tables, at + 3 * STEP);
            ByteVector t4 = ByteVector.fromArray(BYTES, tables, at + 4 * STEP);
            ByteVector t5 = ByteVector.fromArray(BYTES, tables, at + 5 * STEP);
            // The later half of a sector's lanes over the earlier one: lanes are little-endian
            // bytes of a long.
            int bits = 8 * STEP >>> level + 1;
            ByteVector restH =
                    h.reinterpretAsLongs()
                            .lanewise(VectorOperators.LSHR, bits)
                            .reinterpretAsBytes();
            ByteVector restL =
                    l.reinterpretAsLongs()
                            .lanewise(VectorOperators.LSHR, bits)
                            .reinterpretAsBytes();
            ByteVector hs =
                    h.reinterpretAsInts().lanewise(VectorOperators.LSHR, 4).reinterpretAsBytes();
            ByteVector ls =
                    l.reinterpretAsInts().lanewise(VectorOperators.LSHR, 6).reinterpretAsBytes();
            ByteVector m =
                    hs.lanewise(
                            VectorOperators.XOR,
                            hs.lanewise(VectorOperators.XOR, ls)
                                    .lanewise(VectorOperators.AND, LOW_TOP));
            ByteVector nextH =
                    restH.lanewise(VectorOperators.XOR, h.selectFrom(t0))
                            .lanewise(VectorOperators.XOR, l.selectFrom(t1))
                            .lanewise(VectorOperators.XOR, m.selectFrom(t2));
            l =
                    restL.lanewise(VectorOperators.XOR, h.selectFrom(t3))
                            .lanewise(VectorOperators.XOR, l.selectFrom(t4))
                            .lanewise(VectorOperators.XOR, m.selectFrom(t5));
            h = nextH;
        }
        h.intoArray(lanes, 0);
        l.intoArray(lanes, LOW);
    }

    private static byte[] halves() {
        byte[] halves = new byte[2 * PACKED_LEVELS * STEP];
        for (int level = 0; level < PACKED_LEVELS; level++) {
            int half = STEP >>> level + 1;
            for (int lane = 0; lane < STEP; lane++) {
                int earlier = lane / half * 2 * half + lane % half;
                halves[2 * level * STEP + lane] = (byte) earlier;
                halves[(2 * level + 1) * STEP + lane] = (byte) (earlier + half);
            }
        }
        return halves;
    }

    /// Tables that multiply by `x^exponent`: new H from the three indices, then new L from the same.
    private static void multiplication(Crc16Basis basis, int exponent, byte[] tables, int at) {
        int factor = basis.power(exponent);
        for (int lane = 0; lane < STEP; lane++) {
            int topOfH = (lane & 0b1100) << 4;
            int topOfL = (lane & 0b0011) << 6;
            for (int index = 0; index < 3; index++) {
                int product =
                        switch (index) {
                            case 0 -> basis.product(lane, 0, factor);
                            case 1 -> basis.product(0, lane, factor);
                            default -> basis.product(topOfH, topOfL, factor);
                        };
                tables[at + index * STEP + lane] = (byte) (product >>> 8);
                tables[at + (3 + index) * STEP + lane] = (byte) product;
            }
        }
    }
}
