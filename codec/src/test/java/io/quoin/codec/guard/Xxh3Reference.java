package io.quoin.codec.guard;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.HexFormat;

/// XXH3-128 of more than 240 bytes as its specification describes it, sum by sum, the secret as bytes.
public final class Xxh3Reference {
    private static final byte[] SECRET =
            HexFormat.of()
                    .parseHex(
                            "b8fe6c3923a44bbe7c01812cf721ad1cded46de9839097db7240a4a4b7b3671f"
                                    + "cb79e64eccc0e578825ad07dccff7221b8084674f743248ee03590e6813a264c"
                                    + "3c2852bb91c300cb88d0658b1b532ea371644897a20df94e3819ef46a9deacd8"
                                    + "a8fa763fe39c343ff9dcbbc7c70b4f1d8a51e04bcdb45931c89f7ec9d9787364"
                                    + "eac5ac8334d3ebc3c581a0fffa1363eb170ddd51b7f0da49d316552629d4689e"
                                    + "2b16be587d47a1fc8ff8b8d17ad031ce45cb3a8f95160428afd7fbcabb4b407e");
    private static final long PRIME32_1 = 2_654_435_761L;
    private static final long PRIME64_1 = 0x9E3779B185EBCA87L;
    private static final long PRIME64_2 = 0xC2B2AE3D27D4EB4FL;

    private final MemorySegment data;
    private final long offset;
    private final int length;
    private final long[] sums = {
        3_266_489_917L,
        PRIME64_1,
        PRIME64_2,
        0x165667B19E3779F9L,
        0x85EBCA77C2B2AE63L,
        2_246_822_519L,
        0x27D4EB2F165667C5L,
        PRIME32_1
    };

    private Xxh3Reference(MemorySegment data, long offset, int length) {
        this.data = data;
        this.offset = offset;
        this.length = length;
    }

    /// {@return the low half, then the high half}
    public static long[] of(MemorySegment data, long offset, int length) {
        return new Xxh3Reference(data, offset, length).digest();
    }

    private long[] digest() {
        int at = 0;
        while (length - at > 1024) {
            for (int n = 0; n < 16; n++) {
                accumulate(at + 64 * n, 8 * n);
            }
            scramble();
            at += 1024;
        }
        for (int n = 0; n < (length - at - 1) / 64; n++) {
            accumulate(at + 64 * n, 8 * n);
        }
        accumulate(length - 64, 192 - 71);
        return new long[] {merge(length * PRIME64_1, 11), merge(~(length * PRIME64_2), 192 - 75)};
    }

    private void accumulate(int stripe, int secret) {
        for (int i = 0; i < 8; i++) {
            long word = 0;
            for (int j = 7; j >= 0; j--) {
                word = word << 8 | data.get(JAVA_BYTE, offset + stripe + 8 * i + j) & 0xFF;
            }
            long value = word ^ secret(secret + 8 * i);
            sums[i ^ 1] += word;
            sums[i] += (value & 0xFFFFFFFFL) * (value >>> 32);
        }
    }

    private void scramble() {
        for (int i = 0; i < 8; i++) {
            sums[i] ^= sums[i] >>> 47;
            sums[i] ^= secret(192 - 64 + 8 * i);
            sums[i] *= PRIME32_1;
        }
    }

    private long merge(long first, int secret) {
        long result = first;
        for (int i = 0; i < 8; i += 2) {
            BigInteger product =
                    unsigned(sums[i] ^ secret(secret + 8 * i))
                            .multiply(unsigned(sums[i + 1] ^ secret(secret + 8 * i + 8)));
            result += product.longValue() ^ product.shiftRight(64).longValue();
        }
        result ^= result >>> 37;
        result *= 0x165667919E3779F9L;
        return result ^ result >>> 32;
    }

    private static BigInteger unsigned(long bits) {
        return new BigInteger(Long.toUnsignedString(bits));
    }

    private static long secret(int at) {
        long word = 0;
        for (int j = 7; j >= 0; j--) {
            word = word << 8 | SECRET[at + j] & 0xFF;
        }
        return word;
    }
}
