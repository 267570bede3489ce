package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Parity a vector at a time: products, and the loops that mix them with P and Q.
///
/// A product is two look-ups, of the low and of the high nibble, in tables of sixteen bytes repeated over the vector.
/// Source: J. S. Plank et al., "Screaming fast Galois field arithmetic using Intel SIMD instructions", FAST 2013.
///
/// Four sources go into one or two targets at a time: with one source the targets' way to and from the cache is most of
/// the work, and tables of more than sixteen products do not fit the registers.
public final class VectorParityKernel extends VectorParitySums {
    /// The only one; it has no state.
    public static final VectorParityKernel INSTANCE = new VectorParityKernel();

    private static final VectorSpecies<Byte> BYTES = Vectors.BYTES;
    private static final int STEP = Vectors.BYTES.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final byte REDUCTION = (byte) GaloisTables.POLYNOMIAL;

    /// Each factor's tables as vectors, 2 x 256 of them: low nibbles at `2 * factor * STEP`, then high ones.
    private static final byte[] TABLES = tables();

    private VectorParityKernel() {}

    private static byte[] tables() {
        byte[] tables = new byte[2 * 256 * STEP];
        for (int i = 0; i < tables.length; i++) {
            tables[i] = GaloisTables.NIBBLES[i / STEP * 16 + i % 16];
        }
        return tables;
    }

    @Override
    void pqrAdd4(
            MemorySegment p,
            long op,
            MemorySegment q,
            long oq,
            MemorySegment r,
            long or,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            MemorySegment c,
            long oc,
            MemorySegment d,
            long od,
            int factors,
            boolean isFirst,
            int length) {
        ByteVector zero = ByteVector.zero(BYTES);
        ByteVector reduction = ByteVector.broadcast(BYTES, REDUCTION);
        ByteVector kept = ByteVector.broadcast(BYTES, (byte) (isFirst ? 0 : -1));
        ByteVector lowA = ByteVector.fromArray(BYTES, TABLES, tables(factors, 3));
        ByteVector highA = ByteVector.fromArray(BYTES, TABLES, tables(factors, 3) + STEP);
        ByteVector lowB = ByteVector.fromArray(BYTES, TABLES, tables(factors, 2));
        ByteVector highB = ByteVector.fromArray(BYTES, TABLES, tables(factors, 2) + STEP);
        ByteVector lowC = ByteVector.fromArray(BYTES, TABLES, tables(factors, 1));
        ByteVector highC = ByteVector.fromArray(BYTES, TABLES, tables(factors, 1) + STEP);
        ByteVector lowD = ByteVector.fromArray(BYTES, TABLES, tables(factors, 0));
        ByteVector highD = ByteVector.fromArray(BYTES, TABLES, tables(factors, 0) + STEP);
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            ByteVector vc = ByteVector.fromMemorySegment(BYTES, c, oc + i, ORDER);
            ByteVector vd = ByteVector.fromMemorySegment(BYTES, d, od + i, ORDER);
            ByteVector vp =
                    ByteVector.fromMemorySegment(BYTES, p, op + i, ORDER)
                            .lanewise(VectorOperators.AND, kept);
            ByteVector vq =
                    ByteVector.fromMemorySegment(BYTES, q, oq + i, ORDER)
                            .lanewise(VectorOperators.AND, kept);
            ByteVector vr =
                    ByteVector.fromMemorySegment(BYTES, r, or + i, ORDER)
                            .lanewise(VectorOperators.AND, kept);
            ByteVector la = va.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector ha =
                    va.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            vp = vp.lanewise(VectorOperators.XOR, va);
            vr =
                    vr.lanewise(VectorOperators.XOR, la.selectFrom(lowA))
                            .lanewise(VectorOperators.XOR, ha.selectFrom(highA));
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, va);
            ByteVector lb = vb.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector hb =
                    vb.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            vp = vp.lanewise(VectorOperators.XOR, vb);
            vr =
                    vr.lanewise(VectorOperators.XOR, lb.selectFrom(lowB))
                            .lanewise(VectorOperators.XOR, hb.selectFrom(highB));
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vb);
            ByteVector lc = vc.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector hc =
                    vc.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            vp = vp.lanewise(VectorOperators.XOR, vc);
            vr =
                    vr.lanewise(VectorOperators.XOR, lc.selectFrom(lowC))
                            .lanewise(VectorOperators.XOR, hc.selectFrom(highC));
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vc);
            ByteVector ld = vd.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector hd =
                    vd.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            vp = vp.lanewise(VectorOperators.XOR, vd);
            vr =
                    vr.lanewise(VectorOperators.XOR, ld.selectFrom(lowD))
                            .lanewise(VectorOperators.XOR, hd.selectFrom(highD));
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vd);
            vp.intoMemorySegment(p, op + i, ORDER);
            vq.intoMemorySegment(q, oq + i, ORDER);
            vr.intoMemorySegment(r, or + i, ORDER);
        }
    }

    @Override
    void addMultiple1(MemorySegment s, long os, int c0, MemorySegment t0, long ot0, int length) {
        ByteVector low0 = ByteVector.fromArray(BYTES, TABLES, 2 * c0 * STEP);
        ByteVector high0 = ByteVector.fromArray(BYTES, TABLES, (2 * c0 + 1) * STEP);
        for (int i = 0; i < length; i += STEP) {
            ByteVector v = ByteVector.fromMemorySegment(BYTES, s, os + i, ORDER);
            ByteVector low = v.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector high =
                    v.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector sum0 = ByteVector.fromMemorySegment(BYTES, t0, ot0 + i, ORDER);
            sum0 = sum0.lanewise(VectorOperators.XOR, low.selectFrom(low0));
            sum0 = sum0.lanewise(VectorOperators.XOR, high.selectFrom(high0));
            sum0.intoMemorySegment(t0, ot0 + i, ORDER);
        }
    }

    @Override
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
        ByteVector low0 = ByteVector.fromArray(BYTES, TABLES, 2 * c0 * STEP);
        ByteVector high0 = ByteVector.fromArray(BYTES, TABLES, (2 * c0 + 1) * STEP);
        ByteVector low1 = ByteVector.fromArray(BYTES, TABLES, 2 * c1 * STEP);
        ByteVector high1 = ByteVector.fromArray(BYTES, TABLES, (2 * c1 + 1) * STEP);
        for (int i = 0; i < length; i += STEP) {
            ByteVector v = ByteVector.fromMemorySegment(BYTES, s, os + i, ORDER);
            ByteVector low = v.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector high =
                    v.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector sum0 = ByteVector.fromMemorySegment(BYTES, t0, ot0 + i, ORDER);
            sum0 = sum0.lanewise(VectorOperators.XOR, low.selectFrom(low0));
            sum0 = sum0.lanewise(VectorOperators.XOR, high.selectFrom(high0));
            sum0.intoMemorySegment(t0, ot0 + i, ORDER);
            ByteVector sum1 = ByteVector.fromMemorySegment(BYTES, t1, ot1 + i, ORDER);
            sum1 = sum1.lanewise(VectorOperators.XOR, low.selectFrom(low1));
            sum1 = sum1.lanewise(VectorOperators.XOR, high.selectFrom(high1));
            sum1.intoMemorySegment(t1, ot1 + i, ORDER);
        }
    }

    @Override
    void addMultiples4(
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            MemorySegment c,
            long oc,
            MemorySegment d,
            long od,
            int f0,
            MemorySegment t0,
            long ot0,
            boolean isFirst,
            int length) {
        ByteVector kept = ByteVector.broadcast(BYTES, (byte) (isFirst ? 0 : -1));
        ByteVector lowA0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 0));
        ByteVector highA0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 0) + STEP);
        ByteVector lowB0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 1));
        ByteVector highB0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 1) + STEP);
        ByteVector lowC0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 2));
        ByteVector highC0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 2) + STEP);
        ByteVector lowD0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 3));
        ByteVector highD0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 3) + STEP);
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            ByteVector vc = ByteVector.fromMemorySegment(BYTES, c, oc + i, ORDER);
            ByteVector vd = ByteVector.fromMemorySegment(BYTES, d, od + i, ORDER);
            ByteVector sum0 =
                    ByteVector.fromMemorySegment(BYTES, t0, ot0 + i, ORDER)
                            .lanewise(VectorOperators.AND, kept);
            ByteVector lowA = va.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector highA =
                    va.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            sum0 =
                    sum0.lanewise(VectorOperators.XOR, lowA.selectFrom(lowA0))
                            .lanewise(VectorOperators.XOR, highA.selectFrom(highA0));
            ByteVector lowB = vb.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector highB =
                    vb.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            sum0 =
                    sum0.lanewise(VectorOperators.XOR, lowB.selectFrom(lowB0))
                            .lanewise(VectorOperators.XOR, highB.selectFrom(highB0));
            ByteVector lowC = vc.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector highC =
                    vc.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            sum0 =
                    sum0.lanewise(VectorOperators.XOR, lowC.selectFrom(lowC0))
                            .lanewise(VectorOperators.XOR, highC.selectFrom(highC0));
            ByteVector lowD = vd.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector highD =
                    vd.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            sum0 =
                    sum0.lanewise(VectorOperators.XOR, lowD.selectFrom(lowD0))
                            .lanewise(VectorOperators.XOR, highD.selectFrom(highD0));
            sum0.intoMemorySegment(t0, ot0 + i, ORDER);
        }
    }

    @Override
    void addMultiples4x2(
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            MemorySegment c,
            long oc,
            MemorySegment d,
            long od,
            int f0,
            MemorySegment t0,
            long ot0,
            int f1,
            MemorySegment t1,
            long ot1,
            boolean isFirst,
            int length) {
        ByteVector kept = ByteVector.broadcast(BYTES, (byte) (isFirst ? 0 : -1));
        ByteVector lowA0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 0));
        ByteVector highA0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 0) + STEP);
        ByteVector lowB0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 1));
        ByteVector highB0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 1) + STEP);
        ByteVector lowC0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 2));
        ByteVector highC0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 2) + STEP);
        ByteVector lowD0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 3));
        ByteVector highD0 = ByteVector.fromArray(BYTES, TABLES, tables(f0, 3) + STEP);
        ByteVector lowA1 = ByteVector.fromArray(BYTES, TABLES, tables(f1, 0));
        ByteVector highA1 = ByteVector.fromArray(BYTES, TABLES, tables(f1, 0) + STEP);
        ByteVector lowB1 = ByteVector.fromArray(BYTES, TABLES, tables(f1, 1));
        ByteVector highB1 = ByteVector.fromArray(BYTES, TABLES, tables(f1, 1) + STEP);
        ByteVector lowC1 = ByteVector.fromArray(BYTES, TABLES, tables(f1, 2));
        ByteVector highC1 = ByteVector.fromArray(BYTES, TABLES, tables(f1, 2) + STEP);
        ByteVector lowD1 = ByteVector.fromArray(BYTES, TABLES, tables(f1, 3));
        ByteVector highD1 = ByteVector.fromArray(BYTES, TABLES, tables(f1, 3) + STEP);
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            ByteVector vc = ByteVector.fromMemorySegment(BYTES, c, oc + i, ORDER);
            ByteVector vd = ByteVector.fromMemorySegment(BYTES, d, od + i, ORDER);
            ByteVector sum0 =
                    ByteVector.fromMemorySegment(BYTES, t0, ot0 + i, ORDER)
                            .lanewise(VectorOperators.AND, kept);
            ByteVector sum1 =
                    ByteVector.fromMemorySegment(BYTES, t1, ot1 + i, ORDER)
                            .lanewise(VectorOperators.AND, kept);
            ByteVector lowA = va.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector highA =
                    va.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            sum0 =
                    sum0.lanewise(VectorOperators.XOR, lowA.selectFrom(lowA0))
                            .lanewise(VectorOperators.XOR, highA.selectFrom(highA0));
            sum1 =
                    sum1.lanewise(VectorOperators.XOR, lowA.selectFrom(lowA1))
                            .lanewise(VectorOperators.XOR, highA.selectFrom(highA1));
            ByteVector lowB = vb.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector highB =
                    vb.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            sum0 =
                    sum0.lanewise(VectorOperators.XOR, lowB.selectFrom(lowB0))
                            .lanewise(VectorOperators.XOR, highB.selectFrom(highB0));
            sum1 =
                    sum1.lanewise(VectorOperators.XOR, lowB.selectFrom(lowB1))
                            .lanewise(VectorOperators.XOR, highB.selectFrom(highB1));
            ByteVector lowC = vc.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector highC =
                    vc.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            sum0 =
                    sum0.lanewise(VectorOperators.XOR, lowC.selectFrom(lowC0))
                            .lanewise(VectorOperators.XOR, highC.selectFrom(highC0));
            sum1 =
                    sum1.lanewise(VectorOperators.XOR, lowC.selectFrom(lowC1))
                            .lanewise(VectorOperators.XOR, highC.selectFrom(highC1));
            ByteVector lowD = vd.lanewise(VectorOperators.AND, (byte) 0x0F);
            ByteVector highD =
                    vd.reinterpretAsInts()
                            .lanewise(VectorOperators.LSHR, 4)
                            .reinterpretAsBytes()
                            .lanewise(VectorOperators.AND, (byte) 0x0F);
            sum0 =
                    sum0.lanewise(VectorOperators.XOR, lowD.selectFrom(lowD0))
                            .lanewise(VectorOperators.XOR, highD.selectFrom(highD0));
            sum1 =
                    sum1.lanewise(VectorOperators.XOR, lowD.selectFrom(lowD1))
                            .lanewise(VectorOperators.XOR, highD.selectFrom(highD1));
            sum0.intoMemorySegment(t0, ot0 + i, ORDER);
            sum1.intoMemorySegment(t1, ot1 + i, ORDER);
        }
    }

    /// {@return where the tables of one of four factors begin}
    private static int tables(int factors, int source) {
        return 2 * (factors >>> 8 * source & 0xFF) * STEP;
    }
}
