package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;

/// Parity a vector at a time: what goes without tables, XOR and the P and Q of RAID-6. Doubling is an addition of each byte
/// to itself, and of the reduction where its top bit was set.
///
/// The loops are written out: a helper shared by them would not be inlined everywhere, and boxed vectors cost a factor of
/// twenty. Their index is an int, because C2 moves checks out of such loops only.
abstract sealed class VectorParitySums extends ParityKernel permits VectorParityKernel {
    private static final VectorSpecies<Byte> BYTES = Vectors.BYTES;
    private static final int STEP = Vectors.BYTES.length();
    private static final ByteOrder ORDER = ByteOrder.nativeOrder();
    private static final byte REDUCTION = (byte) GaloisTables.POLYNOMIAL;

    static {
        assert STEP_BYTES % STEP == 0 : "step " + STEP;
    }

    VectorParitySums() {
        super(true);
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
}
