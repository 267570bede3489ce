package io.quoin.volume.format;

/// The check values that protect a block's bytes. Each keeps eight CRC16, one per 512 bytes.
public enum Guard {
    /// Eight CRC16: the least CPU and space.
    CRC16("crc16", 1, false, false, false),
    /// Eight CRC16 and eight SECDED codes: a flipped bit in a sector is corrected on the spot.
    CRC16_HAMMING("crc16+hamming", 2, false, false, true),
    /// Eight CRC16 and CRC-32C of the block; the default.
    CRC32C("crc32c", 3, true, false, false),
    /// All three.
    CRC32C_HAMMING("crc32c+hamming", 4, true, false, true),
    /// Eight CRC16, CRC-32C and XXH3-128 of the block. The CRC-32C is that which a block came with, so that a change in memory before the
    /// digest is computed is noticed too.
    XXH3("xxh3", 5, true, true, false),
    /// All four.
    XXH3_HAMMING("xxh3+hamming", 6, true, true, true);

    private final String text;
    private final int code;
    private final boolean crc32c;
    private final boolean xxh3;
    private final boolean hamming;

    Guard(String text, int code, boolean crc32c, boolean xxh3, boolean hamming) {
        this.text = text;
        this.code = code;
        this.crc32c = crc32c;
        this.xxh3 = xxh3;
        this.hamming = hamming;
    }

    /// {@return the name operators write}
    public String text() {
        return text;
    }

    /// {@return the code on disk}
    public int code() {
        return code;
    }

    /// {@return whether CRC-32C of the block is kept}
    public boolean hasCrc32c() {
        return crc32c;
    }

    /// {@return whether XXH3-128 of the block is kept}
    public boolean hasXxh3() {
        return xxh3;
    }

    /// {@return whether SECDED codes are kept}
    public boolean hasHamming() {
        return hamming;
    }

    /// {@return the guard with a name}
    ///
    /// @param text as operators write it
    /// @throws IllegalArgumentException when there is none
    public static Guard parse(String text) {
        for (Guard guard : values()) {
            if (guard.text.equals(text)) {
                return guard;
            }
        }
        throw new IllegalArgumentException(
                "guard: expected crc16, crc16+hamming, crc32c, crc32c+hamming, xxh3 or xxh3+hamming, was "
                        + text);
    }

    /// {@return the guard with a code, or null when there is none}
    ///
    /// @param code from disk
    public static Guard ofCode(int code) {
        for (Guard guard : values()) {
            if (guard.code == code) {
                return guard;
            }
        }
        return null;
    }
}
