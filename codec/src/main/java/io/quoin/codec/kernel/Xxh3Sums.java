package io.quoin.codec.kernel;

/// The eight sums of a long XXH3-128 with seed 0 and the default secret: where they begin, what they meet, what becomes of them.
///
/// Source: "xxHash fast digest algorithm", `doc/xxhash_spec.md` of xxHash, whose names the constants have.
public final class Xxh3Sums {
    /// How many.
    public static final int COUNT = 8;

    /// Bytes that meet the sums at once, eight each.
    static final int STRIPE_BYTES = 64;

    /// Stripes until the sums are scrambled.
    static final int BLOCK_STRIPES = 16;

    /// Bytes until the sums are scrambled.
    static final int BLOCK_BYTES = BLOCK_STRIPES * STRIPE_BYTES;

    static final long PRIME32_1 = 0x9E3779B1L;
    private static final long PRIME32_2 = 0x85EBCA77L;
    private static final long PRIME32_3 = 0xC2B2AE3DL;
    private static final long PRIME64_1 = 0x9E3779B185EBCA87L;
    private static final long PRIME64_2 = 0xC2B2AE3D27D4EB4FL;
    private static final long PRIME64_3 = 0x165667B19E3779F9L;
    private static final long PRIME64_4 = 0x85EBCA77C2B2AE63L;
    private static final long PRIME64_5 = 0x27D4EB2F165667C5L;
    private static final long PRIME_MX1 = 0x165667919E3779F9L;

    /// The sums before the first byte.
    static final long[] START = {
        PRIME32_3, PRIME64_1, PRIME64_2, PRIME64_3, PRIME64_4, PRIME32_2, PRIME64_5, PRIME32_1
    };

    /// The default secret, 192 bytes, little-endian. Stripe n of a block meets the words from n on.
    static final long[] SECRET = {
        0xBE4BA423396CFEB8L, 0x1CAD21F72C81017CL, 0xDB979083E96DD4DEL, 0x1F67B3B7A4A44072L,
        0x78E5C0CC4EE679CBL, 0x2172FFCC7DD05A82L, 0x8E2443F7744608B8L, 0x4C263A81E69035E0L,
        0xCB00C391BB52283CL, 0xA32E531B8B65D088L, 0x4EF90DA297486471L, 0xD8ACDEA946EF1938L,
        0x3F349CE33F76FAA8L, 0x1D4F0BC7C7BBDCF9L, 0x3159B4CD4BE0518AL, 0x647378D9C97E9FC8L,
        0xC3EBD33483ACC5EAL, 0xEB6313FAFFA081C5L, 0x49DAF0B751DD0D17L, 0x9E68D429265516D3L,
        0xFCA1477D58BE162BL, 0xCE31D07AD1B8F88FL, 0x280416958F3ACB45L, 0x7E404BBBCAFBD7AFL
    };

    /// What the sums meet when they are scrambled.
    static final long[] SCRAMBLE = secretFrom(128);

    /// What the last 64 bytes of a message meet.
    static final long[] LAST = secretFrom(121);

    private static final long[] LOW = secretFrom(11);
    private static final long[] HIGH = secretFrom(117);

    static {
        assert SECRET.length == COUNT + BLOCK_STRIPES;
    }

    private Xxh3Sums() {}

    /// {@return eight words of the secret}
    ///
    /// @param offset of their first byte
    private static long[] secretFrom(int offset) {
        long[] words = new long[COUNT];
        int shift = offset % 8 * 8;
        for (int i = 0; i < COUNT; i++) {
            int at = offset / 8 + i;
            words[i] =
                    shift == 0 ? SECRET[at] : SECRET[at] >>> shift | SECRET[at + 1] << 64 - shift;
        }
        return words;
    }

    /// {@return the low half of the digest}
    ///
    /// @param sums with all bytes in them
    /// @param lengthBytes of the message
    public static long low(long[] sums, int lengthBytes) {
        return merge(sums, LOW, lengthBytes * PRIME64_1);
    }

    /// {@return the high half of the digest}
    ///
    /// @param sums with all bytes in them
    /// @param lengthBytes of the message
    public static long high(long[] sums, int lengthBytes) {
        return merge(sums, HIGH, ~(lengthBytes * PRIME64_2));
    }

    private static long merge(long[] sums, long[] secret, long first) {
        long merged = first;
        for (int i = 0; i < COUNT; i += 2) {
            long a = sums[i] ^ secret[i];
            long b = sums[i + 1] ^ secret[i + 1];
            merged += a * b ^ Math.unsignedMultiplyHigh(a, b);
        }
        merged = (merged ^ merged >>> 37) * PRIME_MX1;
        return merged ^ merged >>> 32;
    }
}
