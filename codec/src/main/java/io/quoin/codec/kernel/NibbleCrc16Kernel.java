package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;

/// Vectors of 16 or 32 lanes: each of a remainder's four nibbles selects from two tables of sixteen bytes, one for the new
/// H, one for the new L.
///
/// The loops are written out and keep at most eight tables alive: with more, or with helpers, C2 boxes the vectors.
final class NibbleCrc16Kernel extends VectorCrc16Kernel {
    /// Bytes of the tables of one multiplication: four nibbles, two results.
    private static final int TABLES_BYTES = 8 * STEP;

    /// Which lanes of two vectors are the earlier, and which the later, halves of their blocks; per level.
    private static final byte[] HALVES = halves();

    /// Multiplication by x^(8 * STEP), one chunk.
    private final byte[] chunkTables = new byte[TABLES_BYTES];

    /// Multiplication by x^4096, one sector.
    private final byte[] sectorTables = new byte[TABLES_BYTES];

    /// Multiplications by x^(8 * STEP / 2), x^(8 * STEP / 4) ... x^8.
    private final byte[] foldTables = new byte[LEVELS * TABLES_BYTES];

    NibbleCrc16Kernel(int polynomial, int initial) {
        this(polynomial, initial, new Crc16Basis(polynomial));
    }

    private NibbleCrc16Kernel(int polynomial, int initial, Crc16Basis basis) {
        super(polynomial, initial, basis);
        multiplication(basis, 8 * STEP, chunkTables, 0);
        multiplication(basis, 8 * SECTOR_BYTES, sectorTables, 0);
        for (int level = 0; level < LEVELS; level++) {
            multiplication(basis, 8 * STEP >>> level + 1, foldTables, level * TABLES_BYTES);
        }
    }

    @Override
    void message(MemorySegment data, long offset, int lengthBytes, int crc, byte[] lanes) {
        chains(data, offset, lengthBytes, crc, sectorTables, lanes);
        join(chunkTables, lanes);
        halve(foldTables, lanes);
    }

    @Override
    void group(MemorySegment data, long offset, byte[] lanes) {
        horner(data, offset, chunkTables, lanes);
        fold(foldTables, lanes);
    }

    @Override
    int groupStride() {
        return 1;
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

    /// Tables that multiply by `x^exponent`: new H from the nibbles of H and of L, low one first, then new L from the same.
    private static void multiplication(Crc16Basis basis, int exponent, byte[] tables, int at) {
        int factor = basis.power(exponent);
        for (int lane = 0; lane < STEP; lane++) {
            int low = lane % 16;
            int high = low << 4;
            for (int nibble = 0; nibble < 4; nibble++) {
                int product =
                        switch (nibble) {
                            case 0 -> basis.product(low, 0, factor);
                            case 1 -> basis.product(high, 0, factor);
                            case 2 -> basis.product(0, low, factor);
                            default -> basis.product(0, high, factor);
                        };
                tables[at + nibble * STEP + lane] = (byte) (product >>> 8);
                tables[at + (4 + nibble) * STEP + lane] = (byte) product;
            }
        }
    }
}
