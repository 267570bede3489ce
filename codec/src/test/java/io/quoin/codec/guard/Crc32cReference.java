package io.quoin.codec.guard;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;

/// CRC-32C from the definition, bit by bit; least significant bit first, so the polynomial stands mirrored.
public final class Crc32cReference {
    private static final int MIRRORED_POLYNOMIAL = 0x82F63B78;

    private Crc32cReference() {}

    public static int of(MemorySegment data, long offset, int length) {
        int register = -1;
        for (int i = 0; i < length; i++) {
            register = next(register, data.get(JAVA_BYTE, offset + i));
        }
        return ~register;
    }

    public static int next(int register, byte data) {
        int remainder = register ^ data & 0xFF;
        for (int bit = 0; bit < 8; bit++) {
            boolean isCarry = (remainder & 1) != 0;
            remainder = isCarry ? remainder >>> 1 ^ MIRRORED_POLYNOMIAL : remainder >>> 1;
        }
        return remainder;
    }
}
