package io.quoin.codec.hamming;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/// The sector's code from the definition: the XOR of the positions of all set bits, and a parity bit that makes them even.
public final class SecdedReference {
    private SecdedReference() {}

    public static int encode(MemorySegment data, long offset) {
        int syndrome = 0;
        int count = 0;
        for (int i = 0; i < 4096; i++) {
            if ((data.get(JAVA_BYTE, offset + i / 8) >> i % 8 & 1) == 1) {
                syndrome ^= position(i);
                count++;
            }
        }
        int parity = (count + Integer.bitCount(syndrome)) % 2;
        return parity << 13 | syndrome;
    }

    public static int position(int bitIndex) {
        return bitIndex < 64 ? 4032 + bitIndex : 4096 + bitIndex;
    }
}
