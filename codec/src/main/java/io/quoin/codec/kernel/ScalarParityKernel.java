package io.quoin.codec.kernel;

import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Parity eight bytes at a time in plain Java. Doubling in GF(2^8) works on all eight lanes of a long; other products are
/// looked up byte by byte. Byte order does not matter: every lane is treated alike and returns to its place.
public final class ScalarParityKernel extends ParityKernel {
    /// The only one; it has no state.
    public static final ScalarParityKernel INSTANCE = new ScalarParityKernel();

    private static final ValueLayout.OfLong WORD = JAVA_LONG_UNALIGNED;
    private static final long HIGH_BITS = 0x8080808080808080L;
    private static final long REDUCTION = GaloisTables.POLYNOMIAL & 0xFF;

    private ScalarParityKernel() {
        super(false);
    }

    @Override
    void fill(MemorySegment t, long ot, int length) {
        for (int i = 0; i < length; i += 8) {
            t.set(WORD, ot + i, 0L);
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
        for (int i = 0; i < length; i += 8) {
            t.set(WORD, ot + i, a.get(WORD, oa + i) ^ b.get(WORD, ob + i));
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
        for (int i = 0; i < length; i += 8) {
            t.set(WORD, ot + i, a.get(WORD, oa + i) ^ b.get(WORD, ob + i) ^ c.get(WORD, oc + i));
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
        for (int i = 0; i < length; i += 8) {
            t.set(
                    WORD,
                    ot + i,
                    a.get(WORD, oa + i)
                            ^ b.get(WORD, ob + i)
                            ^ c.get(WORD, oc + i)
                            ^ d.get(WORD, od + i));
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
        for (int i = 0; i < length; i += 8) {
            long left = a.get(WORD, oa + i) ^ b.get(WORD, ob + i) ^ c.get(WORD, oc + i);
            t.set(WORD, ot + i, left ^ d.get(WORD, od + i) ^ e.get(WORD, oe + i));
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
        for (int i = 0; i < length; i += 8) {
            long va = a.get(WORD, oa + i);
            long vb = b.get(WORD, ob + i);
            p.set(WORD, op + i, va ^ vb);
            q.set(WORD, oq + i, twice(va) ^ vb);
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
        for (int i = 0; i < length; i += 8) {
            long va = a.get(WORD, oa + i);
            long vb = b.get(WORD, ob + i);
            long vc = c.get(WORD, oc + i);
            p.set(WORD, op + i, va ^ vb ^ vc);
            q.set(WORD, oq + i, twice(twice(va) ^ vb) ^ vc);
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
        for (int i = 0; i < length; i += 8) {
            long va = a.get(WORD, oa + i);
            long vb = b.get(WORD, ob + i);
            long vc = c.get(WORD, oc + i);
            long vd = d.get(WORD, od + i);
            p.set(WORD, op + i, va ^ vb ^ vc ^ vd);
            q.set(WORD, oq + i, twice(twice(twice(va) ^ vb) ^ vc) ^ vd);
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
        for (int i = 0; i < length; i += 8) {
            long va = a.get(WORD, oa + i);
            long vb = b.get(WORD, ob + i);
            long vc = c.get(WORD, oc + i);
            long vd = d.get(WORD, od + i);
            p.set(WORD, op + i, p.get(WORD, op + i) ^ va ^ vb ^ vc ^ vd);
            long vq = twice(q.get(WORD, oq + i)) ^ va;
            q.set(WORD, oq + i, twice(twice(twice(vq) ^ vb) ^ vc) ^ vd);
        }
    }

    @Override
    void addMultiple1(MemorySegment s, long os, int c0, MemorySegment t0, long ot0, int length) {
        byte[] products = GaloisTables.PRODUCTS;
        int row = c0 << 8;
        for (int i = 0; i < length; i += 8) {
            long v = s.get(WORD, os + i);
            long low =
                    products[row | (int) v & 0xFF] & 0xFFL
                            | (products[row | (int) (v >>> 8) & 0xFF] & 0xFFL) << 8
                            | (products[row | (int) (v >>> 16) & 0xFF] & 0xFFL) << 16
                            | (products[row | (int) (v >>> 24) & 0xFF] & 0xFFL) << 24;
            long high =
                    products[row | (int) (v >>> 32) & 0xFF] & 0xFFL
                            | (products[row | (int) (v >>> 40) & 0xFF] & 0xFFL) << 8
                            | (products[row | (int) (v >>> 48) & 0xFF] & 0xFFL) << 16
                            | (products[row | (int) (v >>> 56)] & 0xFFL) << 24;
            t0.set(WORD, ot0 + i, t0.get(WORD, ot0 + i) ^ low ^ high << 32);
        }
    }

    /// Doubles eight field elements: shift each lane, then reduce those whose top bit fell out.
    private static long twice(long v) {
        long carries = (v & HIGH_BITS) >>> 7;
        return (v & ~HIGH_BITS) << 1 ^ carries * REDUCTION;
    }
}
