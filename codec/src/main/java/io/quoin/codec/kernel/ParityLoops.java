package io.quoin.codec.kernel;

import java.lang.foreign.MemorySegment;

/// What a kernel does to a few regions at a time. Loops of fixed arity hold their segments in locals, so that the checks of
/// each access leave the loop; an inner loop over an array of segments does not. Longer ones that a kernel does not write
/// out are made of shorter ones here.
abstract sealed class ParityLoops permits ParityKernel {
    ParityLoops() {}

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

    // As pqAdd4, and r += factors[3] * a + factors[2] * b + ...; first sums begin with 0.
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
        if (isFirst) {
            pq4(p, op, q, oq, a, oa, b, ob, c, oc, d, od, length);
        } else {
            pqAdd4(p, op, q, oq, a, oa, b, ob, c, oc, d, od, length);
        }
        addMultiples4(d, od, c, oc, b, ob, a, oa, factors, r, or, isFirst, length);
    }

    // t0 += c0 * s; t1 += c1 * s
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

    // t0 += f0[0] * a + f0[1] * b + ...; a first sum begins with 0. The four factors are an int,
    // the first its lowest byte.
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
        if (isFirst) {
            fill(t0, ot0, length);
        }
        addMultiple1(a, oa, f0 & 0xFF, t0, ot0, length);
        addMultiple1(b, ob, f0 >>> 8 & 0xFF, t0, ot0, length);
        addMultiple1(c, oc, f0 >>> 16 & 0xFF, t0, ot0, length);
        addMultiple1(d, od, f0 >>> 24, t0, ot0, length);
    }

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
        addMultiples4(a, oa, b, ob, c, oc, d, od, f0, t0, ot0, isFirst, length);
        addMultiples4(a, oa, b, ob, c, oc, d, od, f1, t1, ot1, isFirst, length);
    }
}
