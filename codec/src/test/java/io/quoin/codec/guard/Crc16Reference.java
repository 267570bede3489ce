package io.quoin.codec.guard;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/// A 16-bit CRC from the definition: the remainder of a division of polynomials, bit by bit.
public final class Crc16Reference {
    private Crc16Reference() {}

    public static int of(int polynomial, int initial, MemorySegment data, long offset, int length) {
        int register = initial;
        for (int i = 0; i < length; i++) {
            register = next(polynomial, register, data.get(JAVA_BYTE, offset + i));
        }
        return register;
    }

    public static int next(int polynomial, int register, byte data) {
        int remainder = register ^ (data & 0xFF) << 8;
        for (int bit = 0; bit < 8; bit++) {
            boolean isCarry = (remainder & 0x8000) != 0;
            remainder = remainder << 1 & 0xFFFF;
            remainder = isCarry ? remainder ^ polynomial : remainder;
        }
        return remainder;
    }
}
