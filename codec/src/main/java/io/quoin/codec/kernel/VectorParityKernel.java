package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Parity a vector at a time.
///
/// Doubling is an addition of each byte to itself, and the reduction where its top bit was set. A product by any other
/// factor is two look-ups, of the low and of the high nibble, in tables of sixteen bytes repeated over the vector.
/// Source of the latter: J. S. Plank et al., "Screaming fast Galois field arithmetic using Intel SIMD instructions", FAST 2013.
///
/// The loops are written out: a helper shared by them would not be inlined everywhere, and boxed vectors cost a factor of
/// twenty. Their index is an int, because C2 moves checks out of such loops only.
public final class VectorParityKernel extends ParityKernel {
    /// The only one; it has no state.
    public static final VectorParityKernel INSTANCE = new VectorParityKernel();

    private static final VectorSpecies<Byte> BYTES = Vectors.BYTES;
    private static final int STEP = Vectors.BYTES.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final byte REDUCTION = (byte) GaloisTables.POLYNOMIAL;

    static {
        assert STEP_BYTES % STEP == 0 : "step " + STEP;
    }

    /// Each factor's tables as vectors, 2 x 256 of them: low nibbles at `2 * factor * STEP`, then high ones.
    private static final byte[] TABLES = tables();

    private VectorParityKernel() {
        super(true);
    }

    private static byte[] tables() {
        byte[] tables = new byte[2 * 256 * STEP];
        for (int i = 0; i < tables.length; i++) {
            tables[i] = GaloisTables.NIBBLES[i / STEP * 16 + i % 16];
        }
        return tables;
    }

    @Override
    void fill(MemorySegment t, long ot, int length) {
        ByteVector zero = ByteVector.zero(BYTES);
        for (int i = 0; i < length; i += STEP) {
            zero.intoMemorySegment(t, ot + i, ORDER);
        }
    }

    @Override
    void xor2(
            MemorySegment t,
            long ot,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            int length) {
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            va.lanewise(VectorOperators.XOR, vb).intoMemorySegment(t, ot + i, ORDER);
        }
    }

    @Override
    void xor3(
            MemorySegment t,
            long ot,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            MemorySegment c,
            long oc,
            int length) {
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            ByteVector vc = ByteVector.fromMemorySegment(BYTES, c, oc + i, ORDER);
            va.lanewise(VectorOperators.XOR, vb)
                    .lanewise(VectorOperators.XOR, vc)
                    .intoMemorySegment(t, ot + i, ORDER);
        }
    }

    @Override
    void xor4(
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
            int length) {
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            ByteVector vc = ByteVector.fromMemorySegment(BYTES, c, oc + i, ORDER);
            ByteVector vd = ByteVector.fromMemorySegment(BYTES, d, od + i, ORDER);
            ByteVector left = va.lanewise(VectorOperators.XOR, vb);
            ByteVector right = vc.lanewise(VectorOperators.XOR, vd);
            left.lanewise(VectorOperators.XOR, right).intoMemorySegment(t, ot + i, ORDER);
        }
    }

    @Override
    void xor5(
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
            int length) {
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            ByteVector vc = ByteVector.fromMemorySegment(BYTES, c, oc + i, ORDER);
            ByteVector vd = ByteVector.fromMemorySegment(BYTES, d, od + i, ORDER);
            ByteVector ve = ByteVector.fromMemorySegment(BYTES, e, oe + i, ORDER);
            ByteVector left = va.lanewise(VectorOperators.XOR, vb);
            ByteVector right = vc.lanewise(VectorOperators.XOR, vd);
            ByteVector rest = right.lanewise(VectorOperators.XOR, ve);
            left.lanewise(VectorOperators.XOR, rest).intoMemorySegment(t, ot + i, ORDER);
        }
    }

    @Override
    void pq2(
            MemorySegment p,
            long op,
            MemorySegment q,
            long oq,
            MemorySegment a,
            long oa,
            MemorySegment b,
            long ob,
            int length) {
        ByteVector zero = ByteVector.zero(BYTES);
        ByteVector reduction = ByteVector.broadcast(BYTES, REDUCTION);
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            ByteVector vp = va.lanewise(VectorOperators.XOR, vb);
            ByteVector vq = va;
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vb);
            vp.intoMemorySegment(p, op + i, ORDER);
            vq.intoMemorySegment(q, oq + i, ORDER);
        }
    }

    @Override
    void pq3(
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
            int length) {
        ByteVector zero = ByteVector.zero(BYTES);
        ByteVector reduction = ByteVector.broadcast(BYTES, REDUCTION);
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            ByteVector vc = ByteVector.fromMemorySegment(BYTES, c, oc + i, ORDER);
            ByteVector vp = va.lanewise(VectorOperators.XOR, vb);
            ByteVector vq = va;
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vb);
            vp = vp.lanewise(VectorOperators.XOR, vc);
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vc);
            vp.intoMemorySegment(p, op + i, ORDER);
            vq.intoMemorySegment(q, oq + i, ORDER);
        }
    }

    @Override
    void pq4(
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
            int length) {
        ByteVector zero = ByteVector.zero(BYTES);
        ByteVector reduction = ByteVector.broadcast(BYTES, REDUCTION);
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            ByteVector vc = ByteVector.fromMemorySegment(BYTES, c, oc + i, ORDER);
            ByteVector vd = ByteVector.fromMemorySegment(BYTES, d, od + i, ORDER);
            ByteVector vp = va.lanewise(VectorOperators.XOR, vb);
            ByteVector vq = va;
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vb);
            vp = vp.lanewise(VectorOperators.XOR, vc);
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vc);
            vp = vp.lanewise(VectorOperators.XOR, vd);
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vd);
            vp.intoMemorySegment(p, op + i, ORDER);
            vq.intoMemorySegment(q, oq + i, ORDER);
        }
    }

    @Override
    void pqAdd4(
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
            int length) {
        ByteVector zero = ByteVector.zero(BYTES);
        ByteVector reduction = ByteVector.broadcast(BYTES, REDUCTION);
        for (int i = 0; i < length; i += STEP) {
            ByteVector va = ByteVector.fromMemorySegment(BYTES, a, oa + i, ORDER);
            ByteVector vb = ByteVector.fromMemorySegment(BYTES, b, ob + i, ORDER);
            ByteVector vc = ByteVector.fromMemorySegment(BYTES, c, oc + i, ORDER);
            ByteVector vd = ByteVector.fromMemorySegment(BYTES, d, od + i, ORDER);
            ByteVector vp = ByteVector.fromMemorySegment(BYTES, p, op + i, ORDER);
            ByteVector vq = ByteVector.fromMemorySegment(BYTES, q, oq + i, ORDER);
            vp = vp.lanewise(VectorOperators.XOR, va);
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, va);
            vp = vp.lanewise(VectorOperators.XOR, vb);
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vb);
            vp = vp.lanewise(VectorOperators.XOR, vc);
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vc);
            vp = vp.lanewise(VectorOperators.XOR, vd);
            vq =
                    vq.add(vq)
                            .lanewise(
                                    VectorOperators.XOR,
                                    zero.blend(reduction, vq.compare(VectorOperators.LT, zero)));
            vq = vq.lanewise(VectorOperators.XOR, vd);
            vp.intoMemorySegment(p, op + i, ORDER);
            vq.intoMemorySegment(q, oq + i, ORDER);
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
        ByteVector low0 = ByteVector.fromArray(BYTES, TABLES, 2 * c0 * STEP);
        ByteVector high0 = ByteVector.fromArray(BYTES, TABLES, (2 * c0 + 1) * STEP);
        ByteVector low1 = ByteVector.fromArray(BYTES, TABLES, 2 * c1 * STEP);
        ByteVector high1 = ByteVector.fromArray(BYTES, TABLES, (2 * c1 + 1) * STEP);
        ByteVector low2 = ByteVector.fromArray(BYTES, TABLES, 2 * c2 * STEP);
        ByteVector high2 = ByteVector.fromArray(BYTES, TABLES, (2 * c2 + 1) * STEP);
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
            ByteVector sum2 = ByteVector.fromMemorySegment(BYTES, t2, ot2 + i, ORDER);
            sum2 = sum2.lanewise(VectorOperators.XOR, low.selectFrom(low2));
            sum2 = sum2.lanewise(VectorOperators.XOR, high.selectFrom(high2));
            sum2.intoMemorySegment(t2, ot2 + i, ORDER);
        }
    }

    @Override
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
        ByteVector low0 = ByteVector.fromArray(BYTES, TABLES, 2 * c0 * STEP);
        ByteVector high0 = ByteVector.fromArray(BYTES, TABLES, (2 * c0 + 1) * STEP);
        ByteVector low1 = ByteVector.fromArray(BYTES, TABLES, 2 * c1 * STEP);
        ByteVector high1 = ByteVector.fromArray(BYTES, TABLES, (2 * c1 + 1) * STEP);
        ByteVector low2 = ByteVector.fromArray(BYTES, TABLES, 2 * c2 * STEP);
        ByteVector high2 = ByteVector.fromArray(BYTES, TABLES, (2 * c2 + 1) * STEP);
        ByteVector low3 = ByteVector.fromArray(BYTES, TABLES, 2 * c3 * STEP);
        ByteVector high3 = ByteVector.fromArray(BYTES, TABLES, (2 * c3 + 1) * STEP);
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
            ByteVector sum2 = ByteVector.fromMemorySegment(BYTES, t2, ot2 + i, ORDER);
            sum2 = sum2.lanewise(VectorOperators.XOR, low.selectFrom(low2));
            sum2 = sum2.lanewise(VectorOperators.XOR, high.selectFrom(high2));
            sum2.intoMemorySegment(t2, ot2 + i, ORDER);
            ByteVector sum3 = ByteVector.fromMemorySegment(BYTES, t3, ot3 + i, ORDER);
            sum3 = sum3.lanewise(VectorOperators.XOR, low.selectFrom(low3));
            sum3 = sum3.lanewise(VectorOperators.XOR, high.selectFrom(high3));
            sum3.intoMemorySegment(t3, ot3 + i, ORDER);
        }
    }
}
