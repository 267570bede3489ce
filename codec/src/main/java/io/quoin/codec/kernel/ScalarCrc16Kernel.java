package io.quoin.codec.kernel;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/// CRC-16 by slicing: sixteen bytes a step, each through its own table, the sixteen results added.
/// Source: Kounavis and Berry, "A systematic approach to building high performance, software-based, CRC generators".
public final class ScalarCrc16Kernel implements Crc16Kernel {
    private static final ValueLayout.OfLong WORD =
            ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfShort STORED =
            ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle WORDS =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final int SLICES = 16;

    private final int initial;

    /// `slices[256 * d + b]` is the CRC, from zero, of byte b and d zero bytes after it.
    private final char[] slices = new char[SLICES * 256];

    /// Builds the tables, 8 KiB.
    ///
    /// @param polynomial without its x^16, 0 to 65535
    /// @param initial register before the first byte, 0 to 65535
    public ScalarCrc16Kernel(int polynomial, int initial) {
        assert polynomial >>> 16 == 0 : "polynomial=" + polynomial;
        assert initial >>> 16 == 0 : "initial=" + initial;
        this.initial = initial;
        for (int b = 0; b < 256; b++) {
            int register = b << 8;
            for (int bit = 0; bit < 8; bit++) {
                register = register << 1 ^ polynomial & -(register >>> 15);
                register &= 0xFFFF;
            }
            slices[b] = (char) register;
        }
        for (int i = 256; i < slices.length; i++) {
            int shorter = slices[i - 256];
            slices[i] = (char) (shorter << 8 ^ slices[shorter >>> 8]);
        }
    }

    @Override
    public int of(MemorySegment data, long offset, int lengthBytes) {
        return update(initial, data, offset, lengthBytes);
    }

    @Override
    public void sectors(
            MemorySegment data,
            long offset,
            int sectorCount,
            MemorySegment target,
            long targetOffset) {
        for (int i = 0; i < sectorCount; i++) {
            int crc = update(initial, data, offset + (long) i * SECTOR_BYTES, SECTOR_BYTES);
            target.set(STORED, targetOffset + 2L * i, (short) crc);
        }
    }

    /// {@return the CRC so far, after more bytes}
    int update(int register, MemorySegment data, long offset, int length) {
        char[] t = slices;
        int crc = register;
        int whole = length & -SLICES;
        for (int i = 0; i < whole; i += SLICES) {
            // The register meets the first two bytes, its high half the first of them.
            long v = data.get(WORD, offset + i) ^ (crc >>> 8 | (crc & 0xFF) << 8);
            long w = data.get(WORD, offset + i + 8);
            crc = step(t, v, w);
        }
        for (int i = whole; i < length; i++) {
            crc = (crc << 8 ^ t[crc >>> 8 ^ data.get(JAVA_BYTE, offset + i) & 0xFF]) & 0xFFFF;
        }
        return crc;
    }

    /// {@return the CRC, from zero, of sixteen bytes}
    int of16(byte[] bytes, int at) {
        return step(slices, (long) WORDS.get(bytes, at), (long) WORDS.get(bytes, at + 8));
    }

    private static int step(char[] t, long v, long w) {
        int early =
                t[15 << 8 | (int) v & 0xFF]
                        ^ t[14 << 8 | (int) (v >>> 8) & 0xFF]
                        ^ t[13 << 8 | (int) (v >>> 16) & 0xFF]
                        ^ t[12 << 8 | (int) (v >>> 24) & 0xFF]
                        ^ t[11 << 8 | (int) (v >>> 32) & 0xFF]
                        ^ t[10 << 8 | (int) (v >>> 40) & 0xFF]
                        ^ t[9 << 8 | (int) (v >>> 48) & 0xFF]
                        ^ t[8 << 8 | (int) (v >>> 56)];
        int late =
                t[7 << 8 | (int) w & 0xFF]
                        ^ t[6 << 8 | (int) (w >>> 8) & 0xFF]
                        ^ t[5 << 8 | (int) (w >>> 16) & 0xFF]
                        ^ t[4 << 8 | (int) (w >>> 24) & 0xFF]
                        ^ t[3 << 8 | (int) (w >>> 32) & 0xFF]
                        ^ t[2 << 8 | (int) (w >>> 40) & 0xFF]
                        ^ t[1 << 8 | (int) (w >>> 48) & 0xFF]
                        ^ t[(int) (w >>> 56)];
        return early ^ late;
    }
}
